"""Keys of float features: integers in the order of the numbers, made from their bits and compared with known ones.

Where the sign bit of the `width` bits is set, the others are inverted: as a signed integer the result is the key. The
steps are bits >> (width - 1), which is the sign; that taken from 0, a mask of all bits or none; the mask >> 1; and
bits ^ mask.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lgnc.readback.c_types import Type, refuse
from lgnc.readback.c_values import FloatBits, FloatKey, FloatSign
from lgnc.readback.symbols import MIRRORED, Symbols


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
    number = float(np.array(bits, f"uint{width}").view(f"float{width}"))
    return int(key < 0) if math.isnan(number) else symbols.above(feature, number)
