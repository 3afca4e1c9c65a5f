"""A group of 128 columns as the backward pass holds it: a tuple of four quarters, tiles float32[n, 32]; see `bits`."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def words_at(words: tl.tensor, row: tl.tensor, live: tl.tensor, group: tl.tensor, WORDS: tl.constexpr) -> tl.tensor:
    """int32[n, 32]: the four words of a group of the packed rows `row` (int[n]), over and over; see `masked`."""
    at = row.to(tl.int64) * WORDS + group * 4
    return tl.load(words + at[:, None] + (tl.arange(0, 32) % 4)[None, :], mask=live[:, None], other=0)


@triton.jit
def is_set(words: tl.tensor, QUARTER: tl.constexpr) -> tl.tensor:
    """bool[n, 32]: the bits of columns 32 QUARTER to 32 QUARTER + 31, from what `words_at` gives."""
    return (words & (1 << (QUARTER * 8 + tl.arange(0, 32) // 4))[None, :]) != 0


@triton.jit
def no_quarters(ROWS: tl.constexpr) -> tl.tensor:
    """Four quarters of 0."""
    g0, g1 = tl.zeros([ROWS, 32], tl.float32), tl.zeros([ROWS, 32], tl.float32)
    g2, g3 = tl.zeros([ROWS, 32], tl.float32), tl.zeros([ROWS, 32], tl.float32)
    return g0, g1, g2, g3


@triton.jit
def quarter(rows: tl.tensor, start: tl.tensor, live: tl.tensor, QUARTER: tl.constexpr) -> tl.tensor:
    """float32[n, 32]: a quarter of the group that starts at `start` (int64[n]) of float rows."""
    column = QUARTER * 32 + tl.arange(0, 32)
    return tl.load(rows + start[:, None] + column[None, :], mask=live[:, None], other=0.0).to(tl.float32)


@triton.jit
def quarters(rows: tl.tensor, start: tl.tensor, live: tl.tensor) -> tl.tensor:
    """The four quarters of the group that starts at `start` (int64[n]) of float rows."""
    g0, g1 = quarter(rows, start, live, 0), quarter(rows, start, live, 1)
    g2, g3 = quarter(rows, start, live, 2), quarter(rows, start, live, 3)
    return g0, g1, g2, g3


@triton.jit
def store_quarter(
    rows: tl.tensor, start: tl.tensor, live: tl.tensor, tile: tl.tensor, QUARTER: tl.constexpr
) -> None:  # fmt: skip
    """The opposite of `quarter`."""
    column = QUARTER * 32 + tl.arange(0, 32)
    tl.store(rows + start[:, None] + column[None, :], tile.to(rows.dtype.element_ty), mask=live[:, None])


@triton.jit
def store_quarters(rows: tl.tensor, start: tl.tensor, live: tl.tensor, g: tl.tensor) -> None:
    """The opposite of `quarters`."""
    store_quarter(rows, start, live, g[0], 0)
    store_quarter(rows, start, live, g[1], 1)
    store_quarter(rows, start, live, g[2], 2)
    store_quarter(rows, start, live, g[3], 3)


@triton.jit
def sloped(tile: tl.tensor, words: tl.tensor, low: tl.tensor, high: tl.tensor, QUARTER: tl.constexpr) -> tl.tensor:
    """float32[n, 32]: a quarter times the row's slope: `high` where the other pin's bit is 1, else `low`."""
    return tile * tl.where(is_set(words, QUARTER), high[:, None], low[:, None])


@triton.jit
def sloped_quarters(g: tl.tensor, words: tl.tensor, low: tl.tensor, high: tl.tensor) -> tl.tensor:
    """The four quarters, each `sloped`."""
    g0, g1 = sloped(g[0], words, low, high, 0), sloped(g[1], words, low, high, 1)
    g2, g3 = sloped(g[2], words, low, high, 2), sloped(g[3], words, low, high, 3)
    return g0, g1, g2, g3


@triton.jit
def plus_sloped(
    g: tl.tensor, rows: tl.tensor, start: tl.tensor, live: tl.tensor, words: tl.tensor, low: tl.tensor, high: tl.tensor
) -> tl.tensor:  # fmt: skip
    """The quarters g plus those of the group at `start` of float rows, each `sloped`."""
    g0 = g[0] + sloped(quarter(rows, start, live, 0), words, low, high, 0)
    g1 = g[1] + sloped(quarter(rows, start, live, 1), words, low, high, 1)
    g2 = g[2] + sloped(quarter(rows, start, live, 2), words, low, high, 2)
    g3 = g[3] + sloped(quarter(rows, start, live, 3), words, low, high, 3)
    return g0, g1, g2, g3


@triton.jit
def masked(tile: tl.tensor, words: tl.tensor, QUARTER: tl.constexpr) -> tl.tensor:
    """float32[n, 32]: a quarter, 0 where the bit is 0."""
    return tl.where(is_set(words, QUARTER), tile, 0.0)


@triton.jit
def masked_quarters(g: tl.tensor, words: tl.tensor) -> tl.tensor:
    """The four quarters, each `masked`."""
    return masked(g[0], words, 0), masked(g[1], words, 1), masked(g[2], words, 2), masked(g[3], words, 3)


@triton.jit
def masked_sum(g: tl.tensor, words: tl.tensor) -> tl.tensor:
    """float32[n]: the sums over a group's columns where the bit is 1."""
    total = masked(g[0], words, 0) + masked(g[1], words, 1) + masked(g[2], words, 2) + masked(g[3], words, 3)
    return tl.sum(total, axis=1)
