"""An ONNX file -> Circuit: the graph walked node by node, each operator as its specification says, for one row.

Values are known numbers (numpy arrays), features as they are, or words of symbolic bits. The onnx library parses; what
an operator does is here. An operator, attribute, type or shape that is not known is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.readback.arrays import Arrays, Features, Words, known, width_of, words
from lgnc.readback.source import bytes_of, named_outputs
from lgnc.readback.symbols import MIRRORED, Symbols

Value = NDArray[Any] | Words | Features
Attributes = dict[str, Any]

LEAST_OPSET, MOST_OPSET = 18, 18
"""Versions of the operators that are known here."""


def read_back(folder: Path, name: str, circuit: Circuit) -> Circuit:
    """What `NAME.onnx` in the folder computes for a row, over the features of `circuit`.

    With classes the outputs are the words `score{c}` and `index`, else the circuit's own names. Raises BadInput that
    names the node for everything that is not known.
    """
    import onnx

    path = folder / f"{name}.onnx"
    try:
        model = onnx.load_model_from_string(bytes_of(path))
        onnx.checker.check_model(model)
    except BadInput:
        raise
    except Exception as error:
        what = " ".join(str(error).split())[:120]
        raise BadInput(f"is not an ONNX model: {what}", where=str(path), fix="compile it again") from None
    versions = [(entry.domain, entry.version) for entry in model.opset_import]
    if len(versions) != 1 or versions[0][0] or not LEAST_OPSET <= versions[0][1] <= MOST_OPSET:
        raise BadInput(f"operators of {versions}, not of opset {MOST_OPSET}", where=str(path), fix="compile it again")
    elsewhere = any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer)
    if model.functions or model.graph.sparse_initializer or elsewhere:
        what = "functions, sparse tensors and tensors in other files are not read back"
        raise BadInput(what, where=str(path), fix="compile it again")
    return _Walk(model.graph, circuit, str(path)).circuit()


class _Walk:
    """values: name -> what a tensor holds."""

    def __init__(self, graph: Any, like: Circuit, where: str) -> None:
        self.graph, self.like, self.where = graph, like, where
        self.symbols = Symbols(like.encoder, where)
        self.arrays = Arrays(self.symbols)
        self.values: dict[str, Value] = {}

    def circuit(self) -> Circuit:
        from onnx import numpy_helper

        for tensor in self.graph.initializer:
            self._put(tensor.name, numpy_helper.to_array(tensor))
        self._features()
        for node in self.graph.node:
            at = f"{self.where}: node {node.name or node.op_type}"
            try:
                self._node(node, at)
            except BadInput as error:
                raise BadInput(error.what, where=at, fix="compile it again") from None
            except (ValueError, IndexError, TypeError, AttributeError, OverflowError) as error:
                raise BadInput(f"{node.op_type}: {error}", where=at, fix="compile it again") from None
        return named_outputs(self.symbols, self.like, self._results())

    def _put(self, name: str, value: Value) -> None:
        if name in self.values:
            raise BadInput(f"tensor '{name}' is made twice", where=self.where, fix="compile it again")
        self.values[name] = value

    def _features(self) -> None:
        from onnx import helper

        enc, inputs = self.like.encoder, self.graph.input
        kind = inputs[0].type.tensor_type if len(inputs) == 1 else None
        dims = [] if kind is None else [dim.dim_value for dim in kind.shape.dim]
        dtype = None if kind is None else helper.tensor_dtype_to_np_dtype(kind.elem_type)
        if dtype != np.dtype(enc.dtype) or len(dims) != 2 or dims[1] != len(enc.names):
            what = f"its input is not one of {enc.dtype}[n, {len(enc.names)}]"
            raise BadInput(what, where=self.where, fix="compile it again")
        self._put(inputs[0].name, Features(np.dtype(enc.dtype), np.arange(len(enc.names))[None]))

    def _node(self, node: Any, at: str) -> None:
        from onnx import helper

        rule = _OPERATORS.get(node.op_type) if not node.domain else None
        if rule is None or len(node.output) != 1:
            raise BadInput(f"operator '{node.op_type}' is not read back", where=at)
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        inputs = [self.values[name] if name in self.values else _missing(name) for name in node.input]
        self._put(node.output[0], rule(self.arrays, inputs, attributes))
        if attributes:
            raise BadInput(f"{node.op_type} has attribute '{next(iter(attributes))}', which is not read back", where=at)

    def _results(self) -> dict[str, Words]:
        """The graph's outputs by name, of the only row."""
        types = {"scores": "int32", "class": "int64", "outputs": "bool"}
        found = {}
        for output in self.graph.output:
            value = self.values.get(output.name)
            if isinstance(value, np.ndarray):
                value = words(value)
            if not isinstance(value, Words) or str(value.dtype) != types.get(output.name):
                raise BadInput(f"output '{output.name}' is not read back", where=self.where, fix="compile it again")
            found[output.name] = Words(value.dtype, value.bits[0] if value.shape[:1] == (1,) else value.bits[:0])
        return found


def _missing(name: str) -> Value:
    raise BadInput(f"tensor '{name}' is read before it is made")


def _number(value: Value) -> NDArray[Any]:
    """A value that must be known, such as a shape or an index."""
    if isinstance(value, Words):
        found = known(value)
        if found is not None:
            return found
    if not isinstance(value, np.ndarray):
        raise BadInput("a shape, index or weight depends on the features")
    return value


def _words(value: Value) -> Words:
    if isinstance(value, Features):
        raise BadInput("features are computed with, not compared")
    return value if isinstance(value, Words) else words(value)


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise BadInput(f"axis {axis} of {rank}")
    return axis % rank


def _raw(value: Value) -> NDArray[Any]:
    """The array under a value, whose first axes are the tensor's."""
    return value if isinstance(value, np.ndarray) else value.index if isinstance(value, Features) else value.bits


def _again(value: Value, raw: NDArray[Any]) -> Value:
    """A value of the same kind over a rearranged array."""
    return raw if isinstance(value, np.ndarray) else type(value)(value.dtype, raw)


def _rank(value: Value) -> int:
    return len(value.shape) if isinstance(value, (np.ndarray, Words)) else value.index.ndim


def _tail(value: Value) -> tuple[int, ...]:
    """What follows the tensor's axes in the array under a value."""
    return _raw(value).shape[_rank(value) :]


def _shape(_: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    (value,) = inputs
    shape = _raw(value).shape[: _rank(value)]
    return np.array(shape[attributes.pop("start", 0) : attributes.pop("end", None)], np.int64)


def _same_type(inputs: list[Value]) -> tuple[Value, Value]:
    x, y = inputs
    if x.dtype != y.dtype:
        raise BadInput(f"operands of types {x.dtype} and {y.dtype}")
    return x, y


def _arithmetic(operator: str) -> Callable[[Arrays, list[Value], Attributes], Value]:
    def rule(arrays: Arrays, inputs: list[Value], _: Attributes) -> Value:
        x, y = _same_type(inputs)
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.dtype.kind in "iu":
            return _integers(operator, x, y)
        if operator == "+":
            return arrays.add(_words(x), _words(y))
        if operator == "*":
            symbolic, factor = (x, y) if isinstance(y, np.ndarray) else (y, x)
            return arrays.multiply(_words(symbolic), _number(factor))
        raise BadInput(f"'{operator}' of values that depend on the features")

    return rule


def _integers(operator: str, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Integers as ONNX counts them: division goes towards zero."""
    if operator != "/":
        found: NDArray[Any] = {"+": np.add, "-": np.subtract, "*": np.multiply}[operator](x, y)
        return found
    if (y == 0).any():
        raise BadInput("a division by zero")
    quotient = np.abs(x) // np.abs(y)
    signed: NDArray[Any] = np.where((x < 0) != (y < 0), -quotient, quotient).astype(x.dtype)
    return signed


def _bitwise(operator: str) -> Callable[[Arrays, list[Value], Attributes], Value]:
    def rule(arrays: Arrays, inputs: list[Value], _: Attributes) -> Value:
        x, y = _same_type(inputs)
        return arrays.bitwise(operator, _words(x), _words(y))

    return rule


def _not(arrays: Arrays, inputs: list[Value], _: Attributes) -> Value:
    (x,) = inputs
    return arrays.invert(_words(x))


def _compare(operator: str) -> Callable[[Arrays, list[Value], Attributes], Value]:
    def rule(arrays: Arrays, inputs: list[Value], _: Attributes) -> Value:
        x, y = _same_type(inputs)
        if isinstance(x, Features):
            return arrays.above(operator, x, _number(y))
        if isinstance(y, Features):
            return arrays.above(MIRRORED[operator], y, _number(x))
        return arrays.compare(operator, _words(x), _words(y))

    return rule


def _cast(arrays: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    from onnx import helper

    (value,) = inputs
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(attributes.pop("to")))
    if isinstance(value, Features):
        kept = np.can_cast(value.dtype, dtype, "safe") and (value.dtype.kind == "f" or dtype.kind != "f")
        if not kept:
            raise BadInput(f"features of type {value.dtype} are cast to {dtype}, which changes them")
        return Features(dtype, value.index)
    width_of(dtype)
    return arrays.cast(_words(value), dtype) if isinstance(value, Words) else value.astype(dtype)


def _transpose(_: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    (value,) = inputs
    rank, raw = _rank(value), _raw(value)
    order = attributes.pop("perm", list(range(rank))[::-1])
    return _again(value, raw.transpose([*order, *range(rank, raw.ndim)]))


def _gather(_: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    value, index = inputs
    axis, rows = _axis(attributes.pop("axis", 0), _rank(value)), _number(index)
    size = _raw(value).shape[axis]
    if rows.size and not -size <= rows.min() <= rows.max() < size:
        raise BadInput(f"an index beyond the {size} rows of axis {axis}")
    return _again(value, np.take(_raw(value), rows, axis=axis))


def _concat(_: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    first = inputs[0]
    if any(value.dtype != first.dtype for value in inputs):
        raise BadInput("parts of several types")
    axis = _axis(attributes.pop("axis"), _rank(first))
    if all(isinstance(value, np.ndarray) for value in inputs):
        return np.concatenate([_raw(value) for value in inputs], axis=axis)
    return Words(first.dtype, np.concatenate([_words(value).bits for value in inputs], axis=axis))


def _pad(_: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    if len(inputs) != 2 or attributes.pop("mode", b"constant") != b"constant":
        raise BadInput("a padding with other than zeros")
    value, widths = _words(inputs[0]), _number(inputs[1])
    rank = len(value.shape)
    if widths.shape != (2 * rank,) or (widths < 0).any():
        raise BadInput("a padding that cuts, or that is of another rank")
    pairs = [*zip(widths[:rank].tolist(), widths[rank:].tolist(), strict=True), (0, 0)]
    return Words(value.dtype, np.pad(value.bits, pairs))


def _reshape(_: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    value, shape = inputs[0], _number(inputs[1])
    allowed = attributes.pop("allowzero", 0)
    if (shape == 0).any() and not allowed:
        raise BadInput("a shape with zeros that mean something else")
    return _again(value, _raw(value).reshape(*shape.tolist(), *_tail(value)))


def _reduce_sum(arrays: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    value, axes = _words(inputs[0]), _number(inputs[1])
    keep = attributes.pop("keepdims", 1)
    if axes.shape != (1,):
        raise BadInput("a sum over other than one axis")
    axis = _axis(int(axes[0]), len(value.shape))
    total = arrays.total(value, axis)
    return Words(total.dtype, np.expand_dims(total.bits, axis)) if keep else total


def _expand(_: Arrays, inputs: list[Value], __: Attributes) -> Value:
    value, shape = inputs[0], _number(inputs[1])
    whole = np.broadcast_shapes(_raw(value).shape[: _rank(value)], tuple(shape.tolist()))
    return _again(value, np.broadcast_to(_raw(value), (*whole, *_tail(value))))


def _unsqueeze(_: Arrays, inputs: list[Value], __: Attributes) -> Value:
    value, axes = inputs[0], _number(inputs[1])
    rank = _rank(value) + len(axes)
    return _again(value, np.expand_dims(_raw(value), tuple(_axis(axis, rank) for axis in axes.tolist())))


def _squeeze(_: Arrays, inputs: list[Value], __: Attributes) -> Value:
    value, axes = inputs[0], _number(inputs[1])
    return _again(value, np.squeeze(_raw(value), tuple(_axis(axis, _rank(value)) for axis in axes.tolist())))


def _slice(_: Arrays, inputs: list[Value], __: Attributes) -> Value:
    value = inputs[0]
    if len(inputs) != 4:
        raise BadInput("a Slice without axes, or with steps")
    raw = _raw(value)
    for start, end, axis in zip(*(_number(each).tolist() for each in inputs[1:]), strict=True):
        raw = raw[(slice(None),) * _axis(axis, _rank(value)) + (slice(start, end),)]
    return _again(value, raw)


def _identity(_: Arrays, inputs: list[Value], __: Attributes) -> Value:
    (value,) = inputs
    return value


def _argmax(arrays: Arrays, inputs: list[Value], attributes: Attributes) -> Value:
    value = _words(inputs[0])
    axis = _axis(attributes.pop("axis", 0), len(value.shape))
    last, keep = attributes.pop("select_last_index", 0), attributes.pop("keepdims", 1)
    rows = np.moveaxis(value.bits, axis, 0)
    best = Words(value.dtype, rows[0])
    index = words(np.zeros(best.shape, np.int64))
    for number in range(1, len(rows)):
        own = Words(value.dtype, rows[number])
        wins = arrays.compare(">=" if last else ">", own, best)
        best = arrays.choose(wins, own, best)
        index = arrays.choose(wins, words(np.full(best.shape, number, np.int64)), index)
    return Words(index.dtype, np.expand_dims(index.bits, axis)) if keep else index


_OPERATORS: dict[str, Callable[[Arrays, list[Value], Attributes], Value]] = {
    "Add": _arithmetic("+"),
    "ArgMax": _argmax,
    "BitwiseAnd": _bitwise("&"),
    "BitwiseNot": _not,
    "BitwiseOr": _bitwise("|"),
    "BitwiseXor": _bitwise("^"),
    "Cast": _cast,
    "Concat": _concat,
    "Div": _arithmetic("/"),
    "Equal": _compare("=="),
    "Expand": _expand,
    "Gather": _gather,
    "Greater": _compare(">"),
    "GreaterOrEqual": _compare(">="),
    "Identity": _identity,
    "Less": _compare("<"),
    "LessOrEqual": _compare("<="),
    "Mul": _arithmetic("*"),
    "Pad": _pad,
    "ReduceSum": _reduce_sum,
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": _arithmetic("-"),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""Operator -> its rule, which takes (pops) the attributes that it knows."""
