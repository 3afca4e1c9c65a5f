"""exp, log and Gumbel noise on vectors of 16 floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from lgnc.train.cpu.jit import inlined
from lgnc.train.cpu.vector import (
    bits_float,
    float_bits,
    fma,
    greater,
    less_int,
    shift_left,
    shift_right,
    splat16,
    splat16i,
    to_float,
    where,
    where_int,
)

F = np.float32
LOG2_E, LN2, ROUND, EXP_LOW = F(1.4426950408889634), F(0.6931471805599453), F(1.5 * 2**23), F(-87.0)


@inlined
def exp16(x: Any) -> Any:
    """exp(x) for x <= 80, to 1e-6 relative; below -87 exp(-87), which is 0 beside a softmax's largest; NaN stays.

    2^n exp(r) with x = n ln 2 + r, |r| <= ln 2 / 2, and the Taylor polynomial of degree 6 for exp(r). Adding 1.5 * 2^23
    rounds to an integer, which is then in the lowest bits.
    """
    x = where(greater(splat16(EXP_LOW), x), splat16(EXP_LOW), x)
    shifted = fma(x, LOG2_E, splat16(ROUND))
    r = fma(shifted - ROUND, -LN2, x)
    y = fma(r, F(1 / 720), splat16(F(1 / 120)))
    y = fma(y, r, splat16(F(1 / 24)))
    y = fma(y, r, splat16(F(1 / 6)))
    y = fma(y, r, splat16(F(0.5)))
    y = fma(y, r, splat16(F(1.0)))
    y = fma(y, r, splat16(F(1.0)))
    return bits_float(float_bits(y) + shift_left(float_bits(shifted), np.int32(23)))


@inlined
def log16(x: Any) -> Any:
    """log(x) for normal x > 0, to 1e-6 relative.

    With x = 2^n m, m in [0.7, 1.42): n ln 2 + 2 artanh(s), s = (m - 1) / (m + 1), by its series in s squared.
    """
    bits = float_bits(x)
    n = shift_right(bits - np.int32(0x3F330000), np.int32(23))
    n = where_int(less_int(bits, splat16i(np.int32(0x3F330000))), n - np.int32(512), n)
    m = bits_float(bits - shift_left(n, np.int32(23)))
    s = (m - F(1.0)) / (m + F(1.0))
    q = s * s
    y = fma(q, F(2 / 9), splat16(F(2 / 7)))
    y = fma(y, q, splat16(F(2 / 5)))
    y = fma(y, q, splat16(F(2 / 3)))
    y = fma(y, q, splat16(F(2.0)))
    return fma(to_float(n), LN2, y * s)


@inlined
def mix16(x: Any) -> Any:
    """The finaliser of MurmurHash3 on int32 lanes: every input bit moves every output bit."""
    x = (x ^ shift_right(x, np.int32(16))) * np.int32(-2048144789)
    x = (x ^ shift_right(x, np.int32(13))) * np.int32(-1028477387)
    return x ^ shift_right(x, np.int32(16))


@inlined
def gumbel16(counter: Any, key0: Any, key1: Any) -> Any:
    """Gumbel(0, 1) noise, a function of the int32 lanes `counter` and two int32 keys; between -2.9 and 16.7.

    -log(-log(u)) with u = (k + 1/2) / 2^23 for 23 random bits k, so that u is neither 0 nor 1.
    """
    bits = mix16(mix16(counter ^ key0) + key1)
    u = (to_float(shift_right(bits, np.int32(9))) + F(0.5)) * F(2.0**-23)
    return log16(log16(u) * F(-1.0)) * F(-1.0)
