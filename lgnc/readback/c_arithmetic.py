"""Arithmetic on the code of C values: conversions, operators and conditions, whose types are known from the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.readback.c_symbolic import Values
from lgnc.readback.c_types import DOUBLE, FLOAT, INT, VOID, Type, called, integer_range, refuse, wrap
from lgnc.readback.c_values import address

Frame = list[Any]
"""The values of a call's variables; the first is what it returns."""

Run = Callable[[Frame], Any]


class Code(NamedTuple):
    """An expression: its type, what runs it, and its value where that is known already."""

    type: Type
    run: Run
    value: Any = None


def known(kind: Type, value: Any) -> Code:
    """The code of a known value."""
    return Code(kind, lambda _: value, value)


def kind_of(node: Any) -> str:
    """The name of a syntax node's class."""
    return type(node).__name__


class Arithmetic:
    """guarded: how many decisions that only some inputs take are under way."""

    def __init__(self, values: Values, file: str) -> None:
        self.values, self.file = values, file
        self.guarded = 0

    def refuse(self, node: Any, what: str = "") -> BadInput:
        """An error at a syntax node."""
        coord = getattr(node, "coord", None)
        line = getattr(coord, "line", 0) or 0
        name = getattr(coord, "file", "") or ""
        at = f"{self.file.rsplit('/', 1)[0]}/{name}" if "/" in self.file and name else name or self.file
        return BadInput(what or f"'{kind_of(node)}' is not read back", where=f"{at}:{line}", fix="compile it again")

    def converted(self, code: Code, want: Type, node: Any, explicit: bool = False) -> Code:
        """The code of a value as another type."""
        have, run = code.type, code.run
        if want.kind == "void":
            return Code(VOID, run)
        if have.kind in ("pointer", "function") and want.kind == "pointer":
            if called(have) != called(want):
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
        least, most = integer_range(want)

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
        if sign in _COMPARE:
            return self._comparison(sign, x, y, node)
        if x.type.kind != "int":
            raise self.refuse(node, f"'{sign}' of such numbers is not read back")
        return self._integer(sign, x, y, node)

    def _integer(self, sign: str, x: Code, y: Code, node: Any) -> Code:
        kind, first, second, values = x.type, x.run, y.run, self.values
        least, most = integer_range(kind)
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
        word = self.values.from_bits

        def run(frame: Frame) -> Any:
            a, b = first(frame), second(frame)
            if type(a) is type(b) and type(a) in (int, float):
                return int(fast(a, b))
            return word([compare(sign, a, b, kind), *([0] * 31)], True)

        return self._folded(Code(INT, run), (x, y), node)

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
