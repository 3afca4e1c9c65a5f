"""Triton kernels of a convolution's forward pass: trees of gates over packed bits, and the pool above them.

Nodes of a grid are numbered as in `lgnc.ir.layers`, a row of words each. A program has one kernel, so that its gates
are scalars, and a tile [squares, words]. A tree is walked from its root down, which ends because its depth is known
when the kernel is compiled.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import triton
import triton.language as tl

from lgnc.train.gpu.arguments import Slide, Trees
from lgnc.train.gpu.bits import gate_words


@triton.jit
def gate_number(kernel: tl.tensor, LEVEL: tl.constexpr, INDEX: tl.constexpr, SLIDE: Slide) -> tl.tensor:
    """The number of a kernel's gate among all kernels': gate INDEX of a level, the one above the leaves being 1."""
    below: tl.constexpr = (1 << SLIDE.DEPTH) - (1 << (SLIDE.DEPTH - LEVEL + 1))
    return kernel * ((1 << SLIDE.DEPTH) - 1) + below + INDEX


@triton.jit
def mask_words(
    trees: Trees, kernel: tl.tensor, square: tl.tensor, part: tl.tensor, live: tl.tensor, column: tl.tensor,
    WORDS: tl.constexpr, SLIDE: Slide,
) -> tl.tensor:  # fmt: skip
    """int32[n, m]: words `column` (int[m]) of the samples in which a part of the squares (int[n]) decides."""
    row = (part * SLIDE.SQUARES + square).to(tl.int64) * SLIDE.KERNELS + kernel
    mask = live[:, None] & (column < WORDS)[None, :]
    return tl.load(trees.masks + row[:, None] * WORDS + column[None, :], mask=mask, other=0)


@triton.jit
def part_words(
    below: tl.tensor, trees: Trees, kernel: tl.tensor, square: tl.tensor, part: tl.tensor, live: tl.tensor,
    column: tl.tensor, WORDS: tl.constexpr, LEAF: tl.constexpr, SLIDE: Slide,
) -> tl.tensor:  # fmt: skip
    """int32[n, m]: words `column` of what a kernel's leaf reads at a part of the squares; 0 beyond the border."""
    at = trees.leaves + 3 * ((kernel << SLIDE.DEPTH) + LEAF)
    y = (square // SLIDE.ACROSS * SLIDE.SIZE + part // SLIDE.SIZE) * SLIDE.STRIDE - SLIDE.PADDING + tl.load(at + 1)
    x = (square % SLIDE.ACROSS * SLIDE.SIZE + part % SLIDE.SIZE) * SLIDE.STRIDE - SLIDE.PADDING + tl.load(at + 2)
    inside = live & (y >= 0) & (y < SLIDE.HEIGHT) & (x >= 0) & (x < SLIDE.WIDTH)
    node = (y * SLIDE.WIDTH + x) * SLIDE.CHANNELS + tl.load(at)
    mask = inside[:, None] & (column < WORDS)[None, :]
    return tl.load(below + node.to(tl.int64)[:, None] * WORDS + column[None, :], mask=mask, other=0)


@triton.jit
def value(
    below: tl.tensor, trees: Trees, kernel: tl.tensor, square: tl.tensor, part: tl.tensor, live: tl.tensor,
    column: tl.tensor, WORDS: tl.constexpr, LEVEL: tl.constexpr, INDEX: tl.constexpr, SLIDE: Slide,
    PICK: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """int32[n, m]: words `column` of a kernel's leaf (LEVEL 0) or gate, at a part of the squares.

    PICK: whatever `part` says, each sample has the value at the part that decides in it.
    """
    if LEVEL == 0:
        if PICK:
            found = tl.zeros([square.shape[0], column.shape[0]], tl.int32)
            for each in range(SLIDE.SIZE * SLIDE.SIZE):
                decides = mask_words(trees, kernel, square, each, live, column, WORDS, SLIDE)
                found |= decides & part_words(below, trees, kernel, square, each, live, column, WORDS, INDEX, SLIDE)
            return found
        else:  # noqa: RET505  Triton compiles one branch alone.
            return part_words(below, trees, kernel, square, part, live, column, WORDS, INDEX, SLIDE)
    else:
        a = value(below, trees, kernel, square, part, live, column, WORDS, LEVEL - 1, 2 * INDEX, SLIDE, PICK)
        b = value(below, trees, kernel, square, part, live, column, WORDS, LEVEL - 1, 2 * INDEX + 1, SLIDE, PICK)
        return gate_words(tl.load(trees.op + gate_number(kernel, LEVEL, INDEX, SLIDE)), a, b)


@triton.jit
def convolve_kernel(
    below: tl.tensor, out: tl.tensor, trees: Trees, WORDS: tl.constexpr, SLIDE: tl.constexpr, ROWS: tl.constexpr,
    COLS: tl.constexpr,
) -> None:  # fmt: skip
    """out: int32[nodes above, WORDS], every kernel, pooled, at every square; and the trees' masks.

    The first true part decides, or the first of all where none is true; of an AND, the first false one. Grid (kernels,
    squares / ROWS, WORDS / COLS).
    """
    kernel = tl.program_id(0)
    square = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(2) * COLS + tl.arange(0, COLS)
    live = square < SLIDE.SQUARES
    low = -1 if SLIDE.NEGATED else 0
    mask = live[:, None] & (column < WORDS)[None, :]
    at = (square.to(tl.int64) * SLIDE.KERNELS + kernel)[:, None] * WORDS + column[None, :]
    first = value(below, trees, kernel, square, 0, live, column, WORDS, SLIDE.DEPTH, 0, SLIDE, False) ^ low
    seen = first
    for part in range(1, SLIDE.SIZE * SLIDE.SIZE):
        found = value(below, trees, kernel, square, part, live, column, WORDS, SLIDE.DEPTH, 0, SLIDE, False) ^ low
        row = (part * SLIDE.SQUARES + square).to(tl.int64) * SLIDE.KERNELS + kernel
        tl.store(trees.masks + row[:, None] * WORDS + column[None, :], found & ~seen, mask=mask)
        seen |= found
    tl.store(trees.masks + at, first | ~seen, mask=mask)
    tl.store(out + at, seen ^ low, mask=mask)
