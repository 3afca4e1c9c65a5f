"""Triton kernels of a convolution's backward pass and update; nothing is added with atomics, as in `backward`.

A sample's gradient goes to the part of its square that decided, so the tree's values are picked by that first, and the
tree is gone through once. Sums over places and samples are left one for each program, added up in order by the update.
The gradients of the leaves are stored, a row for each kernel, leaf and square, and gathered by the nodes below: a leaf
reads a node at one place at most, so at one part of one square.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import triton
import triton.language as tl

from lgnc.train.gpu.arguments import Above, Clock, Gates, Head, Readers, Slide, Trees
from lgnc.train.gpu.backward import gathered, plus_table_sums, soft_gates, table_slopes
from lgnc.train.gpu.convolve import gate_number, value
from lgnc.train.gpu.quarters import no_quarters, plus_sloped, quarters, sloped_quarters, store_quarters, words_at
from lgnc.train.gpu.update import update_gates


@triton.jit
def slopes_kernel(width: tl.tensor, clock: Clock, gates: Gates, NOISE: tl.constexpr, ROWS: tl.constexpr) -> None:
    """gates.coef, what `table_slopes` gives of the logits as the forward pass had them."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    live = row < width
    index = row[:, None] * 16 + tl.arange(0, 16)[None, :]
    p = soft_gates(gates.z, index, live, tl.load(clock.now), tl.load(clock.step), clock, NOISE)
    table_slopes(p, gates.coef, row, live)


@triton.jit
def store_sums(sums: tl.tensor, at: tl.tensor, g: tl.tensor, bit_a: tl.tensor, bit_b: tl.tensor) -> None:
    """sums[at : at + 4]: those of a gate's gradient over all squares and columns, see `plus_table_sums`."""
    none = tl.sum(g[0], axis=1) * 0.0
    s, sa, sb, sab = plus_table_sums((none, none, none, none), g, bit_a, bit_b)
    tl.store(sums + at, tl.sum(s, axis=0))
    tl.store(sums + at + 1, tl.sum(sa, axis=0))
    tl.store(sums + at + 2, tl.sum(sb, axis=0))
    tl.store(sums + at + 3, tl.sum(sab, axis=0))


@triton.jit
def send(
    g: tl.tensor, below: tl.tensor, trees: Trees, sums: tl.tensor, leaf_grad: tl.tensor, kernel: tl.tensor,
    square: tl.tensor, live: tl.tensor, group: tl.tensor, WORDS: tl.constexpr, LEVEL: tl.constexpr,
    INDEX: tl.constexpr, SLIDE: Slide, STORE: tl.constexpr,
) -> None:  # fmt: skip
    """The gradient of a kernel's gate, as quarters, down the tree: the gates' sums, and the leaves' rows (STORE)."""
    if LEVEL == 0:
        if STORE:
            row = ((kernel << SLIDE.DEPTH) + INDEX).to(tl.int64) * SLIDE.SQUARES + square
            store_quarters(leaf_grad, row * (32 * WORDS) + group * 128, live, g)
    else:
        column = group * 4 + tl.arange(0, 32) % 4
        a = value(below, trees, kernel, square, 0, live, column, WORDS, LEVEL - 1, 2 * INDEX, SLIDE, True)
        b = value(below, trees, kernel, square, 0, live, column, WORDS, LEVEL - 1, 2 * INDEX + 1, SLIDE, True)
        gate = gate_number(kernel, LEVEL, INDEX, SLIDE)
        store_sums(sums, 4 * gate, g, a, b)
        every = tl.zeros([square.shape[0]], tl.float32)
        at = trees.coef + 4 * gate
        along_a = sloped_quarters(g, b, every + tl.load(at), every + tl.load(at + 1))
        send(
            along_a, below, trees, sums, leaf_grad, kernel, square, live, group, WORDS, LEVEL - 1, 2 * INDEX, SLIDE,
            STORE,
        )  # fmt: skip
        along_b = sloped_quarters(g, a, every + tl.load(at + 2), every + tl.load(at + 3))
        send(
            along_b, below, trees, sums, leaf_grad, kernel, square, live, group, WORDS, LEVEL - 1, 2 * INDEX + 1, SLIDE,
            STORE,
        )  # fmt: skip


@triton.jit
def convolve_backward_kernel(
    below: tl.tensor, grad: tl.tensor, trees: Trees, sums: tl.tensor, leaf_grad: tl.tensor, WORDS: tl.constexpr,
    SLIDE: tl.constexpr, STORE: tl.constexpr, ROWS: tl.constexpr,
) -> None:  # fmt: skip
    """From grad, float32[nodes above, 32 * WORDS], to sums, float32[programs of a kernel, kernels * gates, 4], and with
    STORE to leaf_grad, float32[kernels * leaves * squares, 32 * WORDS].

    below: the packed rows that were read. Grid (kernels, squares / ROWS, groups).
    """
    kernel, group = tl.program_id(0), tl.program_id(2)
    square = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    live = square < SLIDE.SQUARES
    node = square.to(tl.int64) * SLIDE.KERNELS + kernel
    g = quarters(grad, node * (32 * WORDS) + group * 128, live)
    program = (tl.program_id(1) * (WORDS // 4) + group).to(tl.int64)
    own = sums + program * (4 * SLIDE.KERNELS * ((1 << SLIDE.DEPTH) - 1))
    send(g, below, trees, own, leaf_grad, kernel, square, live, group, WORDS, SLIDE.DEPTH, 0, SLIDE, STORE)


@triton.jit
def update_trees_kernel(
    width: tl.tensor, clock: Clock, gates: Gates, sums: tl.tensor, programs: tl.tensor, NOISE: tl.constexpr,
    ROWS: tl.constexpr, ADAM: tl.constexpr,
) -> None:  # fmt: skip
    """One Adam step on each gate of a layer's kernels, its sums over `programs` added up; the next gates."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    live = row < width
    index = row[:, None] * 16 + tl.arange(0, 16)[None, :]
    done = tl.load(clock.step)
    p = soft_gates(gates.z, index, live, tl.load(clock.now), done, clock, NOISE)
    none = tl.zeros([ROWS], tl.float32)
    s, sa, sb, sab = none, none, none, none
    for program in range(programs):
        at = sums + 4 * (row.to(tl.int64) + program * width)
        s += tl.load(at, mask=live, other=0.0)
        sa += tl.load(at + 1, mask=live, other=0.0)
        sb += tl.load(at + 2, mask=live, other=0.0)
        sab += tl.load(at + 3, mask=live, other=0.0)
    sure = update_gates((s, sa, sb, sab), p, index, row, live, done, gates, clock, NOISE, ADAM)
    tl.store(gates.part + tl.program_id(0), sure)


@triton.jit
def gather_edges_kernel(
    nodes: tl.tensor, bits: tl.tensor, grad: tl.tensor, head: Head, above: Above, WORDS: tl.constexpr,
    UP_TOP: tl.constexpr, ROWS: tl.constexpr,
) -> None:  # fmt: skip
    """grad: float32[nodes, 32 * WORDS], the gradients of what the first dense layer reads, the packed rows `bits`.

    UP_TOP: that layer is the last, whose gradients are the head's, by class. Grid (nodes / ROWS, groups).
    """
    row, group = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.program_id(1)
    live = row < nodes
    first = tl.load(above.start + row, mask=live, other=0)
    edges = tl.load(above.fan_out + row, mask=live, other=0)
    g = gathered(first, edges, tl.max(edges, axis=0), group, above, head, bits, WORDS, UP_TOP, ROWS)
    store_quarters(grad, row.to(tl.int64) * (32 * WORDS) + group * 128, live, g)


@triton.jit
def gather_leaves_kernel(
    grad: tl.tensor, leaf_grad: tl.tensor, trees: Trees, readers: Readers, WORDS: tl.constexpr, SLIDE: tl.constexpr,
    ROWS: tl.constexpr,
) -> None:  # fmt: skip
    """grad: float32[nodes below, 32 * WORDS], the gradients of what a convolution reads.

    Grid (nodes / ROWS, groups).
    """
    node, group = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.program_id(1)
    live = node < SLIDE.HEIGHT * SLIDE.WIDTH * SLIDE.CHANNELS
    channel, place = node % SLIDE.CHANNELS, node // SLIDE.CHANNELS
    first = tl.load(readers.start + channel, mask=live, other=0)
    count = tl.load(readers.start + channel + 1, mask=live, other=0) - first
    g, low, high = no_quarters(ROWS), tl.zeros([ROWS], tl.float32), tl.full([ROWS], 1.0, tl.float32)
    for j in range(tl.max(count, axis=0)):
        known = live & (j < count)
        leaf = tl.load(readers.leaf + first + j, mask=known, other=0)
        y = place // SLIDE.WIDTH + SLIDE.PADDING - tl.load(trees.leaves + 3 * leaf + 1, mask=known, other=0)
        x = place % SLIDE.WIDTH + SLIDE.PADDING - tl.load(trees.leaves + 3 * leaf + 2, mask=known, other=0)
        known &= (y >= 0) & (x >= 0) & (y % SLIDE.STRIDE == 0) & (x % SLIDE.STRIDE == 0)
        y, x = y // SLIDE.STRIDE, x // SLIDE.STRIDE
        part = y % SLIDE.SIZE * SLIDE.SIZE + x % SLIDE.SIZE
        y, x = y // SLIDE.SIZE, x // SLIDE.SIZE
        known &= (y < SLIDE.SQUARES // SLIDE.ACROSS) & (x < SLIDE.ACROSS)
        square = y * SLIDE.ACROSS + x
        decided = (part * SLIDE.SQUARES + square) * SLIDE.KERNELS + (leaf >> SLIDE.DEPTH)
        masks = words_at(trees.masks, decided, known, group, WORDS)
        row = leaf.to(tl.int64) * SLIDE.SQUARES + square
        g = plus_sloped(g, leaf_grad, row * (32 * WORDS) + group * 128, known, masks, low, high)
    store_quarters(grad, node.to(tl.int64) * (32 * WORDS) + group * 128, live, g)
