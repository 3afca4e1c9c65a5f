"""What C values are when some of their bits are symbols, and memory made of them.

A value is a Python int or float where it is known, a `Feature`, `Inverted`, `FloatBits`, `FloatSign`, `FloatKey`, a
`Word`, a `Linear` sum or a `Choice`; `lgnc.readback.c_lanes` adds words of features.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lgnc.readback.c_types import Type, holds, integer_range, refuse, wrap


@dataclass(frozen=True, eq=False)
class Feature:
    """A feature's value as it is, which can only be compared. type: of the features."""

    index: int
    type: Type


@dataclass(frozen=True, eq=False)
class Inverted:
    """~feature of an integer feature, which a number can be added to. type: of the features."""

    index: int
    type: Type


@dataclass(frozen=True, eq=False)
class FloatBits:
    """The bits of a float feature, as an unsigned integer."""

    index: int


@dataclass(frozen=True, eq=False)
class FloatSign:
    """`mask` where the sign bit of a float feature is set, else 0, as an unsigned integer."""

    index: int
    mask: int


@dataclass(frozen=True, eq=False)
class FloatKey:
    """The bits of a float feature, all but the top one inverted where that is set (`lgnc.readback.c_float_bits`)."""

    index: int


class Word:
    """const: the known bits; bits: place -> literal of the others. Places beyond the type's width are not there.

    blurred: a mask of places that hold anything, such as the low bits of a threshold less a feature: nothing may be
    read there. minus: of a float's bits, what the literal of the top place is if zeros have a minus sign.
    """

    __slots__ = ("bits", "blurred", "const", "minus")

    def __init__(self, const: int, bits: dict[int, int], blurred: int = 0, minus: int | None = None) -> None:
        self.const, self.bits, self.blurred, self.minus = const, bits, blurred, minus


class Linear:
    """An exact sum: const + the sum of times * literal, over literals that are not inverted."""

    __slots__ = ("const", "terms")

    def __init__(self, const: int, terms: dict[int, int]) -> None:
        self.const, self.terms = const, terms

    @property
    def low(self) -> int:
        return self.const + sum(times for times in self.terms.values() if times < 0)

    @property
    def high(self) -> int:
        return self.const + sum(times for times in self.terms.values() if times > 0)


class Choice:
    """One of several known integers: integer -> the literal that says so. One literal always holds, and only one."""

    __slots__ = ("cases",)

    def __init__(self, cases: dict[int, int]) -> None:
        self.cases = cases


@dataclass(eq=False)
class Buffer:
    """Memory of cells of one size. size: bytes of a cell, 0 until it is known. cells: None where nothing is yet."""

    name: str
    size: int
    cells: list[Any]
    constant: bool = False
    bytes: int = field(default=0)


class Unwritten:
    """What memory holds where nothing was written: it may be read, as C has it for bytes, but not be worked with."""


UNWRITTEN = Unwritten()

Pointer = tuple[Buffer, int]
"""A buffer and an offset in bytes."""


def load(pointer: Any, kind: Type) -> Any:
    """The value at a pointer to a type."""
    cells, place = _cell(pointer, kind.size)
    value = cells[place]
    return UNWRITTEN if value is None else _read_as(value, kind)


def _read_as(value: Any, kind: Type) -> Any:
    """A value from memory as the type that it is read as, which may be another than it was written as."""
    if isinstance(value, Feature):
        if holds(kind, value.type):
            return value
        if kind.kind == "int" and value.type.kind == "float" and not kind.signed and kind.size == value.type.size:
            return FloatBits(value.index)
        raise refuse("a feature is read as a type that does not hold all its values")
    if kind.kind != "int":
        if kind.kind == "float" and type(value) is not float and value is not UNWRITTEN:
            raise refuse("something is read as a float that was not written as one")
        return value
    if type(value) is int:
        least, most = integer_range(kind)
        return value if least <= value <= most else wrap(value, kind)
    if type(value) is float:
        return int(np.array(value, f"float{kind.width}").view(f"uint{kind.width}"))
    least, most = integer_range(kind)
    if isinstance(value, Linear) and (value.low < least or value.high > most):
        raise refuse("a sum is read as a type that does not hold it")
    if isinstance(value, Choice) and not all(least <= number <= most for number in value.cases):
        raise refuse("one of several numbers is read as a type that does not hold them")
    return value


def store(pointer: Any, size: int, value: Any) -> None:
    """Write the cell at a pointer."""
    cells, place = _cell(pointer, size)
    _writable(pointer[0])
    cells[place] = value


def _cell(pointer: Any, size: int) -> tuple[list[Any], int]:
    if not isinstance(pointer, tuple):
        raise refuse("something that is no pointer is followed")
    buffer, offset = pointer
    settle(buffer, size)
    place, inside = divmod(offset, buffer.size)
    if buffer.size != size or inside:
        raise refuse(f"'{buffer.name}' is read or written as another type, or between its elements")
    if not 0 <= place < len(buffer.cells):
        raise refuse(f"'{buffer.name}' is read or written beyond its end")
    return buffer.cells, place


def settle(buffer: Buffer, size: int) -> None:
    """Let memory that nobody used yet have cells of a size."""
    if not buffer.size:
        buffer.size = size
        buffer.cells = [None] * (buffer.bytes // size)


def address(pointer: Any) -> int:
    """The number of an address: memory starts at addresses that are odd multiples of eight."""
    if not isinstance(pointer, tuple):
        raise refuse("the address of nothing")
    return (1 << 20) + 8 + int(pointer[1])


def fill(target: Any, value: Any, length: int) -> None:
    """memset."""
    buffer, cells = target[0], _span(target, length, "filled")
    if type(value) is not int:
        raise refuse("memory is filled in a way that is not read back")
    _writable(buffer)
    word = int.from_bytes(bytes([value & 255]) * buffer.size, "little")
    buffer.cells[cells] = [word] * (cells.stop - cells.start)


def copy(target: Any, source: Any, length: int) -> None:
    """memcpy."""
    if not isinstance(source, tuple):
        raise refuse("memory is copied from nothing")
    settle(target[0], source[0].size)
    if target[0].size != source[0].size:
        raise refuse("memory is copied in a way that is not read back")
    to, at = _span(target, length, "copied"), _span(source, length, "copied")
    _writable(target[0])
    target[0].cells[to] = source[0].cells[at]


def _span(pointer: Pointer, length: int, done: str) -> slice:
    """The cells of so many bytes from a pointer on. done: what is done to them."""
    buffer, offset = pointer
    if not buffer.size or offset % buffer.size or length % buffer.size or length < 0:
        raise refuse(f"memory is {done} in a way that is not read back")
    first, end = offset // buffer.size, (offset + length) // buffer.size
    if first < 0 or end > len(buffer.cells):
        raise refuse(f"'{buffer.name}' is {done} beyond its end")
    return slice(first, end)


def _writable(buffer: Buffer) -> None:
    if buffer.constant:
        raise refuse(f"'{buffer.name}', a constant, is written")
