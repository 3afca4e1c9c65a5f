"""Bits of float features as integers: their differences with a threshold's, of which the sign is known, and keys.

A key is an integer in the order of the numbers: where the sign bit of the `width` bits is set, the others are inverted,
and the result is read as a signed integer. The steps are bits >> (width - 1), which is the sign; that taken from 0, a
mask of all bits or none; the mask >> 1; and bits ^ mask.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lgnc.readback.c_types import Type, refuse
from lgnc.readback.c_values import FloatBits, FloatKey, FloatSign, Word
from lgnc.readback.symbols import MIRRORED, Symbols


def word(symbols: Symbols, feature: int, width: int) -> Word:
    """A feature's bits, of which only the sign is known."""
    negative, minus = _signs(symbols, feature)
    return Word(0, {width - 1: negative}, (1 << width - 1) - 1, minus)


def _signs(symbols: Symbols, feature: int) -> tuple[int, int]:
    """A feature's sign bit; and what it is if zeros have a minus sign."""
    return symbols.at_least(feature, 0.0) ^ 1, symbols.above(feature, 0.0) ^ 1


def less(symbols: Symbols, x: Any, y: Any, kind: Type) -> Word:
    """The bits of a threshold less those of a feature, or of a feature less those of a negative threshold.

    Only the top bit is known. Bits without their sign order floats of one sign as integers are ordered.
    """
    number, feature = (x, y) if isinstance(y, FloatBits) else (y, x)
    top = kind.width - 1
    if not isinstance(number, int) or (number >> top) != (number is y):
        raise refuse("bits of floats are subtracted in a way that is not read back")
    size, index = _number(number & ((1 << top) - 1), kind.width), feature.index
    if number is x:
        plus, minus = symbols.above(index, size), symbols.at_least(index, -size)
    else:
        plus, minus = symbols.at_least(index, size), symbols.above(index, -size)
    found, if_minus = (symbols.choose(sign, minus, plus) for sign in _signs(symbols, index))
    return Word(0, {top: found}, (1 << top) - 1, if_minus)


def minus_of(gate: Callable[[int, int], int], p: Word, q: Word, width: int) -> int | None:
    """The top bit of an operation where zeros have a minus sign; None where no float's bits take part."""
    if p.minus is None and q.minus is None:
        return None
    top = width - 1
    one, two = (each.minus if each.minus is not None else each.bits.get(top, each.const >> top & 1) for each in (p, q))
    return gate(one, two)


def refuse_minus_zero(symbols: Symbols, x: Word, width: int) -> None:
    """Raise BadInput unless the top bit of something made of a float's bits is the same for both zeros."""
    top = x.bits.get(width - 1, x.const >> width - 1 & 1)
    if x.minus is not None and symbols.at_zero(top) != symbols.at_zero(x.minus):
        raise refuse("0 and -0 are told apart")


def moved(x: Any, by: int, kind: Type) -> FloatSign | None:
    """The sign from a feature's bits, or a mask made of it, shifted right; None of anything else."""
    if isinstance(x, FloatBits) and by == kind.width - 1:
        return FloatSign(x.index, 1)
    return FloatSign(x.index, x.mask >> by) if isinstance(x, FloatSign) else None


def key_of(x: Any, y: Any, kind: Type) -> FloatKey | None:
    """x ^ y where these are a feature's bits and all ones but the top one where its sign is set; else None."""
    bits, sign = (x, y) if isinstance(x, FloatBits) else (y, x)
    if not isinstance(bits, FloatBits) or not isinstance(sign, FloatSign) or kind.signed:
        return None
    fits = bits.index == sign.index and sign.mask == (1 << kind.width - 1) - 1
    return FloatKey(bits.index) if fits else None


def compared(symbols: Symbols, sign: str, x: Any, y: Any, kind: Type) -> int:
    """The literal of x SIGN y, one of them a key and the other a known number. Raises BadInput."""
    if isinstance(y, FloatKey):
        x, y, sign = y, x, MIRRORED[sign]
    if not isinstance(y, int) or not kind.signed or sign in ("==", "!="):
        raise refuse("the key of a float is compared in a way that is not read back")
    if sign in (">", "<="):
        return _above(symbols, x.index, y, kind.width) ^ (sign == "<=")
    return _above(symbols, x.index, y - 1, kind.width) ^ (sign == "<")


def _above(symbols: Symbols, feature: int, key: int, width: int) -> int:
    """The literal of a feature's key being greater. The keys of 0 and -0 are 0 and -1, which -1 would tell apart."""
    if key == -1:
        raise refuse("0 and -0 are told apart")
    if key < -(1 << width - 1):
        return 1
    bits = key if key >= 0 else (key & (1 << width) - 1) ^ ((1 << width - 1) - 1)
    number = _number(bits, width)
    return int(key < 0) if math.isnan(number) else symbols.above(feature, number)


def _number(bits: int, width: int) -> float:
    return float(np.array(bits, f"uint{width}").view(f"float{width}"))
