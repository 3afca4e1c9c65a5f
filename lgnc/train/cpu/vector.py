"""Vectors of 16 and 64 lanes as numba values, and the operations on them that the packed kernels need.

They are LLVM's portable vectors: AVX-512, AVX2, SSE and NEON machines each run them with what they have. Arrays are
one-dimensional and contiguous; an index counts elements of the array. Nothing here checks bounds.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from inspect import Parameter, Signature
from inspect import signature as inspect_signature
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import templates
from numba.extending import intrinsic, lower_builtin, models, register_model

signature: Any = templates.signature
_infer_global: Any = templates.infer_global
_lower_builtin: Any = lower_builtin
_ELEMENTS = {"f": ir.FloatType(), "i": ir.IntType(32), "b": ir.IntType(8), "m": ir.IntType(1), "w": ir.IntType(64)}
LANE = ir.IntType(32)


class Vector(types.Type):
    """`lanes` elements of one kind: f float32, i int32, b int8, m a truth value, w a 64-bit word."""

    def __init__(self, lanes: int, kind: str) -> None:
        self.lanes, self.kind = lanes, kind
        super().__init__(name=f"Vector{lanes}{kind}")

    @property
    def llvm(self) -> ir.VectorType:
        return ir.VectorType(_ELEMENTS[self.kind], self.lanes)


class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)  # type: ignore[no-untyped-call]


register_model(Vector)(_VectorModel)

F8, F16, F64 = Vector(8, "f"), Vector(16, "f"), Vector(64, "f")
I16, B64, M16, M64, W8 = Vector(16, "i"), Vector(64, "b"), Vector(16, "m"), Vector(64, "m"), Vector(8, "w")
AT, FLOAT, INT, WORD, NONE = types.intp, types.float32, types.int32, types.uint64, types.none
ARRAY = SAME = None
"""In `operation`: an argument of any array or vector type (a scalar becomes float32), and the type of the first one."""


def operation(result: Any, *arguments: Any) -> Callable[[Callable[..., Any]], Any]:
    """An operation for kernels: the decorated function builds its LLVM code from LLVM values, arrays as pointers."""

    def define(build: Callable[..., Any]) -> Any:
        def typing(typingctx: Any, *found: Any) -> Any:  # noqa: ARG001
            whole = (types.Array, Vector)
            taken = [
                want if want is not None else have if isinstance(have, whole) else FLOAT
                for want, have in zip(arguments, found, strict=True)
            ]

            def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
                raw = [
                    context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
                    for kind, value in zip(sig.args, values, strict=True)
                ]
                out = build(builder, *raw)
                return context.get_dummy_value() if sig.return_type == NONE else out

            return signature(taken[0] if result is SAME else result, *taken), codegen

        first = Parameter("typingctx", Parameter.POSITIONAL_OR_KEYWORD)
        typed: Any = typing
        typed.__signature__ = Signature([first, *list(inspect_signature(build).parameters.values())[1:]])
        typing.__name__, typing.__doc__ = build.__name__, build.__doc__
        return intrinsic(typing)

    return define


# --- Pieces of LLVM code. ---


def splat(builder: Any, scalar: Any, lanes: int) -> Any:
    """A vector of copies of `scalar`; a vector stays as it is."""
    if isinstance(scalar.type, ir.VectorType):
        return scalar
    vector = ir.VectorType(scalar.type, lanes)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, LANE(0))
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(LANE, lanes), None))


def shuffle(builder: Any, x: Any, y: Any, lanes: list[int]) -> Any:
    """Lane i of the result is lane lanes[i] of x followed by y."""
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(LANE, len(lanes)), lanes))


def pointer_to(builder: Any, data: Any, index: Any, element: Any) -> Any:
    """A pointer to `element`s at data[index]."""
    return builder.bitcast(builder.gep(data, [index]), element.as_pointer())


def load_vector(builder: Any, data: Any, index: Any, element: Any) -> Any:
    """The `element` at data[index], aligned as a float."""
    return builder.load(pointer_to(builder, data, index, element), align=4)


def store_vector(builder: Any, value: Any, data: Any, index: Any) -> None:
    """data[index] onwards = value, aligned as a float."""
    builder.store(value, pointer_to(builder, data, index, value.type), align=4)


def call(builder: Any, name: str, *values: Any) -> Any:
    """LLVM's own function `name` on equal float vectors."""
    kind = values[0].type
    full = f"llvm.{name}.v{kind.count}f32"
    known = builder.module.globals.get(full)
    return builder.call(known or ir.Function(builder.module, ir.FunctionType(kind, [kind] * len(values)), full), values)


# --- Arithmetic: + - * / of equal vectors, or of a vector and a scalar. ---

_FLOAT_OPS = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}
_INT_OPS = {
    operator.add: "add", operator.sub: "sub", operator.mul: "mul",
    operator.xor: "xor", operator.and_: "and_", operator.or_: "or_",
}  # fmt: skip
_SCALARS = {"f": FLOAT, "i": INT, "w": WORD}


def _define_operator(op: Callable[..., Any]) -> None:
    class Template(templates.AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002
            vectors = [arg for arg in args if isinstance(arg, Vector) and arg.kind in _SCALARS]
            if len(args) != 2 or not vectors:
                return None
            scalar = _SCALARS[vectors[0].kind]
            return signature(vectors[0], *(arg if isinstance(arg, Vector) else scalar for arg in args))

    _infer_global(op)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        vector = sig.return_type
        name = _FLOAT_OPS[op] if vector.kind == "f" else _INT_OPS[op]
        return getattr(builder, name)(*(splat(builder, arg, vector.lanes) for arg in args))

    for kind in (Vector, types.Float, types.Integer):
        _lower_builtin(op, Vector, kind)(lower)
        if kind is not Vector:
            _lower_builtin(op, kind, Vector)(lower)


for _op in {**_FLOAT_OPS, **_INT_OPS}:
    _define_operator(_op)


@operation(SAME, None, None, None)
def fma(builder: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once or twice as the machine can; y may be a scalar."""
    return call(builder, "fmuladd", x, splat(builder, y, x.type.count), z)


@operation(SAME, None)
def sqrt(builder: Any, x: Any) -> Any:
    """Square roots."""
    return call(builder, "sqrt", x)


@operation(F64)
def zeros64(builder: Any) -> Any:  # noqa: ARG001
    """64 float zeros."""
    return ir.Constant(F64.llvm, None)


@operation(F16, FLOAT)
def splat16(builder: Any, x: Any) -> Any:
    """16 copies of the float x."""
    return splat(builder, x, 16)


@operation(F64, FLOAT)
def splat64(builder: Any, x: Any) -> Any:
    """64 copies of the float x."""
    return splat(builder, x, 64)


@operation(I16, INT)
def splat16i(builder: Any, x: Any) -> Any:
    """16 copies of the int32 x."""
    return splat(builder, x, 16)


@operation(W8, WORD)
def splat8w(builder: Any, x: Any) -> Any:
    """8 copies of the word x."""
    return splat(builder, x, 8)


@operation(I16)
def lane_numbers(builder: Any) -> Any:  # noqa: ARG001
    """0, 1, ..., 15."""
    return ir.Constant(I16.llvm, list(range(16)))


@operation(FLOAT, F16)
def total16(builder: Any, x: Any) -> Any:
    """The sum of the lanes, always in the same order."""
    lanes = 16
    while lanes > 1:
        lanes //= 2
        low, high = (list(range(first, first + lanes)) for first in (0, lanes))
        x = builder.fadd(shuffle(builder, x, x, low), shuffle(builder, x, x, high))
    return builder.extract_element(x, LANE(0))


# --- Memory. ---


def _loader(vector: Vector) -> Any:
    @operation(vector, ARRAY, AT)
    def load(builder: Any, data: Any, index: Any) -> Any:
        return load_vector(builder, data, index, vector.llvm)

    return load


load8, load16, load64, load16i, load8w = (_loader(kind) for kind in (F8, F16, F64, I16, W8))


@operation(AT, ARRAY, AT)
def int_at(builder: Any, data: Any, index: Any) -> Any:
    """The int32 data[index] as an index; negative ones do not count from the end."""
    return builder.sext(builder.load(builder.gep(data, [index])), index.type)


@operation(NONE, ARRAY, AT, None)
def store(builder: Any, data: Any, index: Any, x: Any) -> None:
    """data[index] onwards = x."""
    store_vector(builder, x, data, index)


@operation(F16, ARRAY, AT, AT)
def load_strided(builder: Any, data: Any, index: Any, stride: Any) -> Any:
    """16 floats, `stride` elements apart."""
    pointer, out = builder.gep(data, [index]), ir.Constant(F16.llvm, ir.Undefined)
    for lane in range(16):
        step = builder.mul(stride, ir.Constant(stride.type, lane))
        out = builder.insert_element(out, builder.load(builder.gep(pointer, [step])), LANE(lane))
    return out


def _column_loader(column: int) -> Any:
    lanes = [4 * row + column for row in range(16)]

    @operation(F16, ARRAY, AT)
    def load(builder: Any, data: Any, index: Any) -> Any:
        wide = load_vector(builder, data, index, F64.llvm)
        return shuffle(builder, wide, wide, lanes)

    return load


load_column0, load_column1, load_column2, load_column3 = (_column_loader(column) for column in range(4))
"""One column of the 16 rows of 4 floats from data[index] on."""


@operation(NONE, ARRAY, AT, F16, F16, F16, F16)
def store_columns(builder: Any, data: Any, index: Any, x0: Any, x1: Any, x2: Any, x3: Any) -> None:
    """The four vectors as the columns of 16 rows of 4 floats."""
    low, high = (shuffle(builder, x, y, list(range(32))) for x, y in ((x0, x1), (x2, x3)))
    wide = shuffle(builder, low, high, [16 * column + row for row in range(16) for column in range(4)])
    store_vector(builder, wide, data, index)


# --- Comparison, choice and conversion. ---


@operation(M16, F16, F16)
def greater(builder: Any, x: Any, y: Any) -> Any:
    """Where x > y; false for NaN."""
    return builder.fcmp_ordered(">", x, y)


@operation(M16, I16, I16)
def less_int(builder: Any, x: Any, y: Any) -> Any:
    """Where x < y."""
    return builder.icmp_signed("<", x, y)


@operation(types.boolean, I16, I16)
def all_equal(builder: Any, x: Any, y: Any) -> Any:
    """Whether x == y in every lane."""
    differ = builder.bitcast(builder.icmp_signed("!=", x, y), ir.IntType(16))
    return builder.icmp_unsigned("==", differ, differ.type(0))


def _chooser(vector: Vector) -> Any:
    @operation(vector, M16, vector, vector)
    def choose(builder: Any, mask: Any, x: Any, y: Any) -> Any:
        return builder.select(mask, x, y)

    return choose


where, where_int = _chooser(F16), _chooser(I16)
"""x in the lanes of mask, y elsewhere."""


@operation(F16, I16)
def to_float(builder: Any, x: Any) -> Any:
    """Integers as floats."""
    return builder.sitofp(x, F16.llvm)


@operation(I16, F16)
def float_bits(builder: Any, x: Any) -> Any:
    """The IEEE 754 encoding of floats."""
    return builder.bitcast(x, I16.llvm)


@operation(F16, I16)
def bits_float(builder: Any, x: Any) -> Any:
    """The floats that have the encoding x."""
    return builder.bitcast(x, F16.llvm)


@operation(I16, I16, INT)
def shift_left(builder: Any, x: Any, places: Any) -> Any:
    """x << places."""
    return builder.shl(x, splat(builder, places, 16))


@operation(I16, I16, INT)
def shift_right(builder: Any, x: Any, places: Any) -> Any:
    """x >> places, zeros coming in."""
    return builder.lshr(x, splat(builder, places, 16))
