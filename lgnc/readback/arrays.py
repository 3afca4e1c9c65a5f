"""Arrays whose elements are words of symbolic bits: what numpy and ONNX compute, operator by operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.gates import AND, XOR
from lgnc.readback.symbols import Literals, Symbols

UNWRITTEN = -1
"""The literal of memory that nothing wrote yet."""


@dataclass(frozen=True, eq=False)
class Features:
    """Feature values as they are: index int64[...], which feature each element is."""

    dtype: np.dtype[Any]
    index: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Words:
    """bits: int64[..., width], the literals of every element, lowest bit first. dtype: bool or an integer type."""

    dtype: np.dtype[Any]
    bits: Literals

    @property
    def shape(self) -> tuple[int, ...]:
        return self.bits.shape[:-1]

    @property
    def signed(self) -> bool:
        return self.dtype.kind == "i"


def width_of(dtype: np.dtype[Any]) -> int:
    """Bits of an element. Raises BadInput for a type that is neither bool nor an integer."""
    if dtype.kind not in "bui":
        raise BadInput(f"values of type {dtype} are not read back")
    return 1 if dtype.kind == "b" else 8 * dtype.itemsize


def words(values: NDArray[Any]) -> Words:
    """Known values as words of constant bits."""
    width = width_of(values.dtype)
    if values.dtype.kind == "b":
        return Words(values.dtype, values.astype(np.int64)[..., None])
    octets = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).view(np.uint8)
    bits = np.unpackbits(octets.reshape(*values.shape, width // 8), axis=-1, bitorder="little")
    return Words(values.dtype, bits.astype(np.int64))


def known(value: Words) -> NDArray[Any] | None:
    """The values of words whose bits are all constants, else None."""
    if value.bits.size and not (0 <= value.bits.min() and value.bits.max() <= 1):
        return None
    if value.dtype.kind == "b":
        return value.bits[..., 0].astype(np.bool_)
    octets = np.packbits(value.bits.astype(np.uint8), axis=-1, bitorder="little")
    found: NDArray[Any] = np.ascontiguousarray(octets).view(value.dtype.newbyteorder("<"))[..., 0].astype(value.dtype)
    return found


class Arrays:
    """Operators on `Words` of one netlist. Both operands of a binary one have the same dtype, and are broadcast."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def bitwise(self, operator: str, x: Words, y: Words) -> Words:
        """x & y, x | y or x ^ y."""
        each = self.symbols.each
        if operator == "^":
            return Words(x.dtype, each(XOR, x.bits, y.bits))
        if operator == "&":
            return Words(x.dtype, each(AND, x.bits, y.bits))
        return Words(x.dtype, each(AND, x.bits ^ 1, y.bits ^ 1) ^ 1)

    def invert(self, x: Words) -> Words:
        """~x."""
        return Words(x.dtype, self._read(x) ^ 1)

    def _read(self, x: Words) -> Literals:
        if x.bits.min(initial=0) < 0:
            raise BadInput("values are read that nothing wrote", where=self.symbols.where)
        return x.bits

    def add(self, x: Words, y: Words) -> Words:
        """x + y, modulo 2 ** width: full adders from the lowest bit up."""
        a, b = np.broadcast_arrays(x.bits, y.bits)
        each, out = self.symbols.each, np.zeros(a.shape, np.int64)
        carry = np.zeros(a.shape[:-1], np.int64)
        for bit in range(a.shape[-1]):
            p, q = a[..., bit], b[..., bit]
            half = each(XOR, p, q)
            out[..., bit] = each(XOR, half, carry)
            carry = each(AND, each(AND, p, q) ^ 1, each(AND, half, carry) ^ 1) ^ 1
        return Words(x.dtype, out)

    def negate(self, x: Words) -> Words:
        """-x, modulo 2 ** width."""
        return self.add(self.invert(x), words(np.ones((), x.dtype)))

    def multiply(self, x: Words, factor: NDArray[Any]) -> Words:
        """x times known factors, each 0 or a power of two. Raises BadInput for other factors."""
        width = x.bits.shape[-1]
        values = factor.astype(np.int64).view(np.uint64)
        if (values & (values - np.uint64(1))).any():
            raise BadInput("a product with a number that is no power of two", where=self.symbols.where)
        shift = np.where(values == 0, width, np.log2(np.maximum(values, 1)).astype(np.int64))
        return self.shift_left(x, shift)

    def shift_left(self, x: Words, shift: NDArray[np.int64]) -> Words:
        """x << known shifts, modulo 2 ** width."""
        width = x.bits.shape[-1]
        shape = np.broadcast_shapes(x.shape, shift.shape)
        source = np.arange(width) - np.broadcast_to(shift, shape)[..., None]
        taken = np.take_along_axis(np.broadcast_to(self._read(x), (*shape, width)), np.maximum(source, 0), axis=-1)
        return Words(x.dtype, np.where(source >= 0, taken, 0))

    def total(self, x: Words, axis: int) -> Words:
        """The sum over an axis, modulo 2 ** width; where no two elements have a bit of one weight, their OR."""
        bits = np.moveaxis(self._read(x), axis, 0)
        if ((bits != 0).sum(axis=0) <= 1).all():
            return Words(x.dtype, bits.sum(axis=0))
        out = Words(x.dtype, np.zeros(bits.shape[1:], np.int64))
        for row in bits:
            out = self.add(out, Words(x.dtype, row))
        return out

    def cast(self, x: Words, dtype: np.dtype[Any]) -> Words:
        """x as another type: to bool whether it is not 0, else modulo 2 ** width."""
        bits, width = self._read(x), width_of(dtype)
        if dtype.kind == "b":
            none = np.ones(bits.shape[:-1], np.int64)
            for bit in range(bits.shape[-1]):
                none = self.symbols.each(AND, none, bits[..., bit] ^ 1)
            return Words(dtype, (none ^ 1)[..., None])
        have = bits.shape[-1]
        if width <= have:
            return Words(dtype, bits[..., :width])
        top = bits[..., -1:] if x.signed else np.zeros((*bits.shape[:-1], 1), np.int64)
        return Words(dtype, np.concatenate([bits, np.repeat(top, width - have, axis=-1)], axis=-1))

    def greater(self, x: Words, y: Words) -> Words:
        """x > y, bool."""
        p, q = np.broadcast_arrays(x.bits, y.bits)
        if x.signed:
            p, q = p.copy(), q.copy()
            p[..., -1] ^= 1
            q[..., -1] ^= 1
        each, above = self.symbols.each, np.zeros(p.shape[:-1], np.int64)
        for bit in range(p.shape[-1]):
            own, other = p[..., bit], q[..., bit]
            equal = each(XOR, own, other) ^ 1
            above = each(AND, each(AND, own, other ^ 1) ^ 1, each(AND, equal, above) ^ 1) ^ 1
        return Words(np.dtype(np.bool_), above[..., None])

    def equal(self, x: Words, y: Words) -> Words:
        """x == y, bool."""
        differ = Words(x.dtype, self.symbols.each(XOR, x.bits, y.bits))
        return self.invert(self.cast(differ, np.dtype(np.bool_)))

    def compare(self, operator: str, x: Words, y: Words) -> Words:
        """x OPERATOR y, bool; the operator as in Python."""
        if operator in ("==", "!="):
            same = self.equal(x, y)
            return same if operator == "==" else self.invert(same)
        above = self.greater(x, y) if operator in (">", "<=") else self.greater(y, x)
        return above if operator in (">", "<") else self.invert(above)

    def choose(self, condition: Words, x: Words, y: Words) -> Words:
        """x where the condition, bool, holds, else y."""
        each = self.symbols.each
        differ = each(XOR, x.bits, y.bits)
        return Words(x.dtype, each(XOR, y.bits, each(AND, condition.bits, differ)))

    def above(self, operator: str, x: Features, value: NDArray[Any]) -> Words:
        """Features compared with known values, bool."""
        index, value = np.broadcast_arrays(x.index, value)
        pairs = zip(index.ravel().tolist(), value.ravel().tolist(), strict=True)
        literals = [self.symbols.compared(operator, feature, number) for feature, number in pairs]
        return Words(np.dtype(np.bool_), np.array(literals, np.int64).reshape(*index.shape, 1))


def word_outputs(word: Words) -> Sequence[int]:
    """The literals of one element."""
    found: list[int] = word.bits.reshape(-1).tolist()
    return found
