"""C expressions -> Python functions of a frame, by pycparser's tree: types are known here, values when they run."""

# ruff: noqa: ARG002 (rules by kind of node have one signature)
from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.readback.c_values import (
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    UINT,
    ULONG,
    VOID,
    Linear,
    Type,
    Values,
    load,
    refuse,
    settle,
    store,
    wrap,
)  # fmt: skip

Frame = list[Any]
"""The values of a call's variables; the first is what it returns."""

Run = Callable[[Frame], Any]


class Code(NamedTuple):
    """An expression: its type, what runs it, and its value where that is known already."""

    type: Type
    run: Run
    value: Any = None


class Variable(NamedTuple):
    """slot: its place in a frame, or -1 for a global whose pointer or function is `place`. memory: whether the slot
    holds a pointer to it, for arrays and what has its address taken.
    """

    type: Type
    slot: int
    memory: bool
    place: Any = None


Scope = dict[str, Variable]


def kind_of(node: Any) -> str:
    return type(node).__name__


def known(kind: Type, value: Any) -> Code:
    return Code(kind, lambda _: value, value)


def decayed(kind: Type) -> Type:
    """An array as the pointer to its first element."""
    return Type("pointer", 8, of=kind.of) if kind.kind == "array" else kind


def pointer_to(kind: Type) -> Type:
    return Type("pointer", 8, of=kind)


_COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")


class Expressions:
    """What `Program` uses to compile expressions. guarded: whether a branch runs that only some inputs take."""

    def __init__(self, values: Values, file: str) -> None:
        self.values, self.file = values, file
        self.guarded = 0
        self.globals: Scope = {}
        self.lists: list[list[int]] = []

    def refuse(self, node: Any, what: str = "") -> BadInput:
        """An error at a syntax node."""
        coord = getattr(node, "coord", None)
        line = getattr(coord, "line", 0) or 0
        name = getattr(coord, "file", "") or ""
        at = f"{self.file.rsplit('/', 1)[0]}/{name}" if "/" in self.file and name else name or self.file
        return BadInput(what or f"'{kind_of(node)}' is not read back", where=f"{at}:{line}", fix="compile it again")

    def type_of(self, node: Any) -> Type:
        raise NotImplementedError

    def call(self, function: Any, arguments: list[Any]) -> Any:
        raise NotImplementedError

    def expression(self, node: Any, scope: Scope) -> Code:
        """The code of an expression's value; an array's is the pointer to it."""
        rule = getattr(self, f"_{kind_of(node)}", None)
        if rule is None:
            raise self.refuse(node)
        code: Code = rule(node, scope)
        return code

    def _Constant(self, node: Any, scope: Scope) -> Code:
        text = node.value
        if match := re.fullmatch(r"(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)([uUlL]*)", text):
            suffix = match[2].lower()
            number = int(match[1], 16 if match[1][:2] in ("0x", "0X") else 8 if match[1][0] == "0" else 10)
            decimal = match[1][0] != "0"
            for kind in (INT, UINT, LONG, ULONG):
                named = not kind.signed if "u" in suffix else kind.signed or not decimal
                if named and (kind.size == 8 or "l" not in suffix) and number < 1 << (kind.width - kind.signed):
                    return known(kind, number)
            raise self.refuse(node, f"'{text}' fits no type")
        if re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[fF]?", text):
            return known(FLOAT, nearest_float(text[:-1])) if text[-1] in "fF" else known(DOUBLE, float(text))
        raise self.refuse(node, f"'{text}' is not read back")

    def _ID(self, node: Any, scope: Scope) -> Code:
        variable = scope.get(node.name) or self.globals.get(node.name)
        if variable is None:
            raise self.refuse(node, f"'{node.name}' is not known")
        slot, kind = variable.slot, variable.type
        if kind.kind == "function":
            return known(kind, variable.place)
        if slot < 0 and kind.kind == "array":
            return known(decayed(kind), variable.place)
        if slot >= 0 and kind.kind == "array":
            return Code(decayed(kind), lambda frame: frame[slot])
        if slot >= 0 and not variable.memory:
            name = node.name

            def read(frame: Frame) -> Any:
                value = frame[slot]
                if value is None:
                    raise refuse(f"'{name}' is read before it is set")
                return value

            return Code(kind, read)
        return self._loaded(self.place(node, scope), node)

    def _loaded(self, place: Code, node: Any) -> Code:
        """The value at a place, whose type is that of the value."""
        kind, at = place.type, place.run
        if kind.kind == "array":
            return Code(decayed(kind), at, place.value)
        if kind.kind not in ("int", "float", "pointer", "function"):
            raise self.refuse(node, "a value of such a type is not read back")
        size = kind.size
        if kind.kind != "int":
            return Code(kind, lambda frame: load(at(frame), size))
        return Code(kind, lambda frame: _as(load(at(frame), size), kind))

    def place(self, node: Any, scope: Scope) -> Code:
        """The code of an lvalue's pointer; its type is that of what is there."""
        kind = kind_of(node)
        if kind == "ID":
            variable = scope.get(node.name) or self.globals.get(node.name)
            if variable is None or not (variable.memory or variable.slot < 0):
                raise self.refuse(node, f"'{node.name}' has no address")
            if variable.slot < 0:
                return known(variable.type, variable.place)
            slot = variable.slot
            return Code(variable.type, lambda frame: frame[slot])
        if kind == "ArrayRef":
            base, index = self.expression(node.name, scope), self.expression(node.subscript, scope)
            if base.type.kind != "pointer" or base.type.of is None:
                raise self.refuse(node, "an index into something that is no array")
            moved = self._moved(base, index, 1, node)
            return Code(base.type.of, moved.run)
        if kind == "UnaryOp" and node.op == "*":
            base = self.expression(node.expr, scope)
            if base.type.kind != "pointer" or base.type.of is None:
                raise self.refuse(node, "something that is no pointer is followed")
            return Code(base.type.of, base.run, base.value)
        raise self.refuse(node)

    def _ArrayRef(self, node: Any, scope: Scope) -> Code:
        index = self.expression(node.subscript, scope)
        base = self.expression(node.name, scope)
        plain = self._loaded(self.place(node, scope), node)
        if index.value is not None or plain.type.kind != "int" or base.type.of is None:
            return plain
        at, which, size, kind, cases = base.run, index.run, base.type.of.size, plain.type, self.values

        def read(frame: Frame) -> Any:
            number = which(frame)
            pointer = at(frame)
            if type(number) is int:
                return _as(load((pointer[0], pointer[1] + number * size), size), kind)
            return cases.chosen(number, lambda one: _as(load((pointer[0], pointer[1] + one * size), size), kind), kind)

        return Code(kind, read)

    def _StructRef(self, node: Any, scope: Scope) -> Code:
        base = self.place(node.name, scope)
        names = [name for name, _ in base.type.fields]
        if base.type.kind != "struct" or node.type != "." or node.field.name not in names:
            raise self.refuse(node, "a member of something that is no such struct")
        number = names.index(node.field.name)
        at, size = base.run, base.type.size
        return Code(base.type.fields[number][1], lambda frame: load(at(frame), size)[number])

    def _Cast(self, node: Any, scope: Scope) -> Code:
        return self.converted(self.expression(node.expr, scope), self.type_of(node.to_type), node, explicit=True)

    def converted(self, code: Code, want: Type, node: Any, explicit: bool = False) -> Code:
        """The code of a value as another type."""
        have, run = code.type, code.run
        if want.kind == "void":
            return Code(VOID, run)
        if have.kind in ("pointer", "function") and want.kind == "pointer":
            if _calls(have) != _calls(want):
                raise self.refuse(node, "a function becomes one of other parameters")
            return Code(want, run, code.value)
        if have.kind == "pointer" and want.kind == "int" and want.size == 8 and explicit:
            return Code(want, lambda frame: address(run(frame)))
        if have.kind == "int" and want.kind == "pointer" and code.value == 0:
            return known(want, 0)
        if have.kind == want.kind == "function" or have == want:
            return Code(want, run, code.value)
        if want.kind == "float" and have.kind in ("float", "int") and code.value is not None:
            if want == FLOAT and float(code.value) != float(np.float32(code.value)):
                raise self.refuse(node, "a number is rounded to float")
            return known(want, float(code.value))
        if have.kind == "float" and want == DOUBLE:
            return Code(want, run)
        if have.kind != "int" or want.kind != "int":
            raise self.refuse(node, "a conversion between such types is not read back")
        if code.value is not None:
            return known(want, wrap(code.value, want))
        cast = self.values.cast
        least, most = wrap_range(want)

        def convert(frame: Frame) -> Any:
            value = run(frame)
            if type(value) is int:
                return value if least <= value <= most else wrap(value, want)
            return cast(value, have, want)

        return Code(want, convert)

    def promoted(self, code: Code, node: Any) -> Code:
        """After C's integer promotions."""
        return self.converted(code, INT, node) if code.type.kind == "int" and code.type.size < 4 else code

    def alike(self, x: Code, y: Code, node: Any) -> tuple[Code, Code]:
        """Both after C's usual arithmetic conversions."""
        if "float" in (x.type.kind, y.type.kind):
            kinds = {x.type, y.type}
            want = DOUBLE if DOUBLE in kinds or len(kinds) > 1 else FLOAT
            return self.converted(x, want, node), self.converted(y, want, node)
        x, y = self.promoted(x, node), self.promoted(y, node)
        if x.type == y.type:
            return x, y
        if x.type.kind != "int" or y.type.kind != "int":
            raise self.refuse(node, "operands of such types are not read back")
        size = max(x.type.size, y.type.size)
        signed = all(each.type.signed or each.type.size < size for each in (x, y))
        want = Type("int", size, signed)
        return self.converted(x, want, node), self.converted(y, want, node)

    def _BinaryOp(self, node: Any, scope: Scope) -> Code:
        x, y = self.expression(node.left, scope), self.expression(node.right, scope)
        return self.binary(node.op, x, y, node)

    def binary(self, sign: str, x: Code, y: Code, node: Any) -> Code:
        """The code of x SIGN y."""
        if sign in ("&&", "||"):
            first, second, stop = self.truth(x, node), self.truth(y, node), sign == "||"

            def both(frame: Frame) -> int:
                one = first(frame)
                if one not in (0, 1):
                    raise refuse("a condition of several parts depends on the features")
                if one == stop:
                    return one
                two = second(frame)
                if two not in (0, 1):
                    raise refuse("a condition of several parts depends on the features")
                return two

            return Code(INT, both)
        if x.type.kind == "pointer" or y.type.kind == "pointer":
            if sign not in ("+", "-") or (y.type.kind == "pointer" and (sign == "-" or x.type.kind == "pointer")):
                raise self.refuse(node, f"'{sign}' of pointers is not read back")
            return (
                self._moved(x, y, 1 if sign == "+" else -1, node)
                if x.type.kind == "pointer"
                else self._moved(y, x, 1, node)
            )
        if sign in ("<<", ">>"):
            return self._shift(sign, self.promoted(x, node), self.promoted(y, node), node)
        x, y = self.alike(x, y, node)
        if sign in _COMPARISONS:
            return self._comparison(sign, x, y, node)
        if x.type.kind != "int":
            raise self.refuse(node, f"'{sign}' of such numbers is not read back")
        return self._integer(sign, x, y, node)

    def _integer(self, sign: str, x: Code, y: Code, node: Any) -> Code:
        kind, first, second, values = x.type, x.run, y.run, self.values
        least, most = wrap_range(kind)
        plain: dict[str, Callable[[int, int], int]] = {
            "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "&": lambda a, b: a & b,
            "|": lambda a, b: a | b, "^": lambda a, b: a ^ b, "/": divided, "%": remainder,
        }  # fmt: skip
        symbolic: dict[str, Callable[[Any, Any], Any]] = {
            "+": lambda a, b: values.add(a, b, kind),
            "-": lambda a, b: values.add(a, b, kind, -1),
            "*": lambda a, b: values.multiply(a, b, kind),
            "&": lambda a, b: values.bitwise("&", a, b, kind),
            "|": lambda a, b: values.bitwise("|", a, b, kind),
            "^": lambda a, b: values.bitwise("^", a, b, kind),
        }
        if sign not in plain:
            raise self.refuse(node, f"'{sign}' is not read back")
        fast, slow = plain[sign], symbolic.get(sign)

        def run(frame: Frame) -> Any:
            a, b = first(frame), second(frame)
            if type(a) is int and type(b) is int:
                found = fast(a, b)
                if least <= found <= most:
                    return found
                if kind.signed:
                    raise refuse("signed numbers overflow")
                return found & most
            if slow is None:
                raise refuse(f"'{sign}' of values that depend on the features")
            return slow(a, b)

        return self._folded(Code(kind, run), (x, y), node)

    def _folded(self, code: Code, parts: tuple[Code, ...], node: Any) -> Code:
        """The code, with its value where its parts' are known."""
        if any(part.value is None for part in parts):
            return code
        try:
            return known(code.type, code.run([]))
        except BadInput as error:
            raise self.refuse(node, error.what) from None

    def _comparison(self, sign: str, x: Code, y: Code, node: Any) -> Code:
        kind, first, second, compare = x.type, x.run, y.run, self.values.compare
        fast = _COMPARE[sign]
        one = Type("int", 4, True)
        word = self.values.from_bits

        def run(frame: Frame) -> Any:
            a, b = first(frame), second(frame)
            if type(a) is type(b) and type(a) in (int, float):
                return int(fast(a, b))
            return word([compare(sign, a, b, kind), *([0] * 31)], True)

        return self._folded(Code(one, run), (x, y), node)

    def _shift(self, sign: str, x: Code, y: Code, node: Any) -> Code:
        kind, first, second, values = x.type, x.run, y.run, self.values
        if kind.kind != "int" or y.type.kind != "int":
            raise self.refuse(node, "a shift of such values is not read back")
        left, width = sign == "<<", kind.width

        def run(frame: Frame) -> Any:
            a, b = first(frame), second(frame)
            if type(b) is not int or not 0 <= b < width:
                raise refuse("a shift by a number that is not known, or by more bits than there are")
            if type(a) is not int:
                return values.shift(a, b, kind, left)
            if not left:
                return a >> b
            found = a << b
            if kind.signed and not 0 <= found < 1 << (width - 1):
                raise refuse("signed numbers overflow")
            return found & ((1 << width) - 1)

        return self._folded(Code(kind, run), (x, y), node)

    def _moved(self, pointer: Code, index: Code, sign: int, node: Any) -> Code:
        """pointer + sign * index."""
        of = pointer.type.of
        if of is None or not of.size or index.type.kind != "int":
            raise self.refuse(node, "such a sum of a pointer and a number is not read back")
        at, which, step = pointer.run, index.run, sign * of.size

        def run(frame: Frame) -> Any:
            base, number = at(frame), which(frame)
            if type(number) is not int or not isinstance(base, tuple):
                raise refuse("an address depends on the features, or is none")
            return base[0], base[1] + step * number

        return Code(pointer.type, run)

    def truth(self, code: Code, node: Any) -> Callable[[Frame], int]:
        """What gives the literal of `value != 0`: 0 and 1 where it is known."""
        run, kind, compare = code.run, code.type, self.values.compare
        if kind.kind != "int":
            raise self.refuse(node, "a condition of such a type is not read back")

        def literal(frame: Frame) -> int:
            value = run(frame)
            return int(value != 0) if type(value) is int else compare("!=", value, 0, kind)

        return literal

    def _TernaryOp(self, node: Any, scope: Scope) -> Code:
        test = self.truth(self.expression(node.cond, scope), node)
        x, y = self.expression(node.iftrue, scope), self.expression(node.iffalse, scope)
        if x.type.kind == "int" and y.type.kind == "int":
            x, y = self.alike(x, y, node)
        if x.type != y.type:
            raise self.refuse(node, "a choice of two types is not read back")
        yes, no, kind, choose = x.run, y.run, x.type, self.values.choose

        def run(frame: Frame) -> Any:
            condition = test(frame)
            if condition in (0, 1):
                return yes(frame) if condition else no(frame)
            self.guarded += 1
            found = choose(condition, yes(frame), no(frame), kind)
            self.guarded -= 1
            return found

        return Code(kind, run)

    def _UnaryOp(self, node: Any, scope: Scope) -> Code:
        if node.op == "sizeof":
            return known(ULONG, self._size(node.expr, scope))
        if node.op == "&":
            place = self.place(node.expr, scope)
            return Code(pointer_to(place.type), place.run, place.value)
        if node.op == "*":
            return self._loaded(self.place(node, scope), node)
        if node.op in ("p++", "p--", "++", "--"):
            return self._stepped(node, scope)
        code = self.promoted(self.expression(node.expr, scope), node)
        if node.op == "!":
            return self._comparison("==", code, known(code.type, 0), node)
        if node.op == "-" and code.type.kind == "float" and code.value is not None:
            return known(code.type, -code.value)
        if code.type.kind != "int" or node.op not in ("-", "~", "+"):
            raise self.refuse(node, f"'{node.op}' is not read back")
        if node.op == "~":
            ones = known(code.type, wrap(-1, code.type))
            return self._integer("^", code, ones, node)
        return self._integer("-", known(code.type, 0), code, node) if node.op == "-" else code

    def _size(self, node: Any, scope: Scope) -> int:
        if kind_of(node) == "Typename":
            return self.type_of(node).size
        if kind_of(node) == "ID":
            variable = scope.get(node.name) or self.globals.get(node.name)
            if variable is not None:
                return variable.type.size
        return self.expression(node, scope).type.size

    def _stepped(self, node: Any, scope: Scope) -> Code:
        step = known(INT, 1 if "+" in node.op else -1)
        old = self.expression(node.expr, scope)
        added = self.binary("+", old, step, node)
        if old.type.kind == "int":
            added = self.converted(added, old.type, node)
        write = self.stored(node.expr, scope)
        before, after, post = old.run, added.run, node.op.startswith("p")

        def run(frame: Frame) -> Any:
            value = before(frame) if post else None
            changed = after(frame)
            write(frame, changed)
            return value if post else changed

        return Code(old.type, run)

    def stored(self, target: Any, scope: Scope) -> Callable[[Frame, Any], None]:
        """What writes a value to an lvalue."""
        if kind_of(target) == "ID":
            variable = scope.get(target.name)
            if variable is not None and not variable.memory and variable.type.kind != "array":
                slot = variable.slot

                def write(frame: Frame, value: Any) -> None:
                    frame[slot] = value

                return write
        place = self.place(target, scope)
        at, size = place.run, place.type.size
        if place.type.kind not in ("int", "float", "pointer"):
            raise self.refuse(target, "a value of such a type is not written")

        def put(frame: Frame, value: Any) -> None:
            if self.guarded:
                raise refuse("memory is written where only some inputs come")
            store(at(frame), size, value)

        return put

    def _Assignment(self, node: Any, scope: Scope) -> Code:
        kind = self._kind_of_target(node.lvalue, scope)
        value = self.expression(node.rvalue, scope)
        if node.op != "=":
            value = self.binary(node.op[:-1], self.expression(node.lvalue, scope), value, node)
        value = self.converted(value, kind, node)
        write, get = self.stored(node.lvalue, scope), value.run

        def run(frame: Frame) -> Any:
            found = get(frame)
            write(frame, found)
            return found

        return Code(kind, run)

    def _kind_of_target(self, node: Any, scope: Scope) -> Type:
        if kind_of(node) == "ID" and node.name in scope:
            return scope[node.name].type
        return self.place(node, scope).type

    def _ExprList(self, node: Any, scope: Scope) -> Code:
        codes = [self.expression(each, scope) for each in node.exprs]
        runs = [code.run for code in codes]

        def run(frame: Frame) -> Any:
            found = None
            for each in runs:
                found = each(frame)
            return found

        return Code(codes[-1].type, run)

    def _FuncCall(self, node: Any, scope: Scope) -> Code:
        given = node.args.exprs if node.args else []
        arguments = [self.expression(each, scope) for each in given]
        if kind_of(node.name) == "ID" and node.name.name in ("memcpy", "memset") and node.name.name not in self.globals:
            return self._memory(node.name.name, arguments, node)
        function = self.expression(node.name, scope)
        called = _calls(function.type)
        if called is None or len(called.fields) != len(arguments):
            raise self.refuse(node, "a call of something that is no function of so many arguments")
        pairs = zip(arguments, called.fields, strict=True)
        runs = [self.converted(code, kind, node).run for code, (_, kind) in pairs]
        which, call = function.run, self.call
        kind = called.of or VOID
        return Code(kind, lambda frame: call(which(frame), [each(frame) for each in runs]))

    def _memory(self, name: str, arguments: list[Code], node: Any) -> Code:
        if len(arguments) != 3 or arguments[0].type.kind != "pointer":
            raise self.refuse(node, f"such a call of {name} is not read back")
        of = arguments[0].type.of or VOID
        size = of.size if of.kind == "int" and of.size > 1 else 0
        to, value, count = (code.run for code in arguments)
        work = _fill if name == "memset" else _copy

        def run(frame: Frame) -> Any:
            target, length = to(frame), count(frame)
            if self.guarded or type(length) is not int or not isinstance(target, tuple):
                raise refuse("memory is written by a size that is not known, or where only some inputs come")
            if size:
                settle(target[0], size)
            work(target, value(frame), length)
            return target

        return Code(arguments[0].type, run)


def _calls(kind: Type) -> Type | None:
    """The function that a value of a type is, or points to."""
    found = kind.of if kind.kind == "pointer" else kind
    return found if found is not None and found.kind == "function" else None


def _as(value: Any, kind: Type) -> Any:
    """A value from memory as the type that it is read as."""
    if type(value) is int:
        least, most = wrap_range(kind)
        return value if least <= value <= most else wrap(value, kind)
    if type(value) is float and kind.kind == "int":
        return int(np.array(value, f"float{kind.width}").view(f"uint{kind.width}"))
    if isinstance(value, Linear):
        least, most = wrap_range(kind)
        if value.low < least or value.high > most:
            raise refuse("a sum is read as a type that does not hold it")
    return value


def wrap_range(kind: Type) -> tuple[int, int]:
    """The least and the greatest integer of a type."""
    return _RANGES[kind.size, kind.signed]


_RANGES = {
    (size, signed): (-(1 << 8 * size - 1) if signed else 0, (1 << 8 * size - signed) - 1)
    for size in (1, 2, 4, 8)
    for signed in (False, True)
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


def divided(a: int, b: int) -> int:
    """C's quotient: towards zero."""
    if b == 0:
        raise refuse("a division by zero")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(a: int, b: int) -> int:
    """C's remainder."""
    return a - b * divided(a, b)


def address(pointer: Any) -> int:
    """The number of an address: memory starts at addresses that are odd multiples of eight."""
    if not isinstance(pointer, tuple):
        raise refuse("the address of nothing")
    return (1 << 20) + 8 + int(pointer[1])


def nearest_float(text: str) -> float:
    """The float32 nearest to a decimal number, which rounding by way of a double may miss."""
    exact, near = Fraction(text), np.float32(text)
    with np.errstate(over="ignore"):
        tries = [near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))]
    finite = [each for each in tries if np.isfinite(each)]
    return float(min(finite, key=lambda each: abs(Fraction(float(each)) - exact)))


def _fill(target: Any, value: Any, length: int) -> None:
    buffer, offset = target
    if type(value) is not int or not buffer.size or offset % buffer.size or length % buffer.size or length < 0:
        raise refuse("memory is filled in a way that is not read back")
    word = int.from_bytes(bytes([value & 255]) * buffer.size, "little")
    first = offset // buffer.size
    if first < 0 or first + length // buffer.size > len(buffer.cells) or buffer.constant:
        raise refuse(f"'{buffer.name}' is filled beyond its end")
    buffer.cells[first : first + length // buffer.size] = [word] * (length // buffer.size)


def _copy(target: Any, source: Any, length: int) -> None:
    if not isinstance(source, tuple):
        raise refuse("memory is copied from nothing")
    settle(target[0], source[0].size)
    size = source[0].size
    if not size or target[0].size != size or target[1] % size or source[1] % size or length % size or length < 0:
        raise refuse("memory is copied in a way that is not read back")
    count, to, at = length // size, target[1] // size, source[1] // size
    if min(to, at) < 0 or to + count > len(target[0].cells) or at + count > len(source[0].cells) or target[0].constant:
        raise refuse("memory is copied beyond an end")
    target[0].cells[to : to + count] = source[0].cells[at : at + count]
