"""Packed convolutions of one chunk of 64 samples: trees of gates over bits, and the pool above them.

A layer's output is kept as a region of words that its reader can slide over: see `lgnc.train.cpu.front`. At part p of
its pool's square, a kernel's leaf reads word offsets[leaf, p] + q for the place q of the flattened grid of squares; so
every operation runs over a run of words, eight at a time. `row` is a row of `Front.stages`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lgnc.train.cpu.forward import ANF
from lgnc.train.cpu.jit import compiled, inlined
from lgnc.train.cpu.vector import load8w, splat8w, store

TILE = 512
"""Words that are computed at a time: a tree's values then stay in the nearest cache."""

ONES, NONE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0)


@inlined
def gate_words(k: int, x: Any, at_x: int, y: Any, at_y: int, out: Any, at: int, count: int) -> None:
    """out[at + q] = gate k of x[at_x + q] and y[at_y + q], for q < count rounded up to 8."""
    n0, n1, n2, n3 = splat8w(ANF[4 * k]), splat8w(ANF[4 * k + 1]), splat8w(ANF[4 * k + 2]), splat8w(ANF[4 * k + 3])
    for q in range(0, count, 8):
        a, b = load8w(x, at_x + q), load8w(y, at_y + q)
        store(out, at + q, n0 ^ (n1 & a) ^ (b & (n2 ^ (n3 & a))))


@compiled
def tree_root(
    row: Any, kernel: int, part: int, first: int, count: int, offsets: Any, op: Any, acts: Any, values: Any
) -> None:
    """values[0 : count] = the root at `part` of squares first .. first + count - 1; values hold other gates before."""
    slot, leaves, parts = row[0], row[2], row[3]
    base, gate = row[6] + kernel * leaves * parts + part, slot + kernel * (leaves - 1)
    if leaves == 1:
        at = offsets[base] + first
        for q in range(0, count, 8):
            store(values, q, load8w(acts, at + q))
        return
    level = leaves // 2
    for i in range(level):
        x, y = offsets[base + 2 * i * parts] + first, offsets[base + (2 * i + 1) * parts] + first
        gate_words(op[gate + i], acts, x, acts, y, values, TILE * i, count)
    while level > 1:
        gate, level = gate + level, level // 2
        for i in range(level):
            gate_words(op[gate + i], values, TILE * 2 * i, values, TILE * (2 * i + 1), values, TILE * i, count)


@compiled
def convolve(row: Any, offsets: Any, grid: Any, targets: Any, op: Any, acts: Any, tree: Any, pooled: Any) -> None:
    """One layer's output: every kernel, pooled, at every place, into its reader's region of `acts`.

    grid, targets: int32, the place in the flattened grid of squares and the word of the target, of every place.
    tree: uint64[leaves * TILE], pooled: uint64[TILE], workspaces.
    """
    kernels, parts, words, places, start, stride = row[1], row[3], row[4], row[5], row[7], row[8]
    low = ONES if row[9] else NONE
    for kernel in range(kernels):
        place = start
        for first in range(0, words, TILE):
            count = min(TILE, words - first)
            for part in range(parts):
                tree_root(row, kernel, part, first, count, offsets, op, acts, tree)
                for q in range(0, count, 8):
                    found = load8w(tree, q) ^ splat8w(low)
                    if part:
                        found = found | load8w(pooled, q)
                    store(pooled, q, found)
            while place < start + places and grid[place] < first + count:
                acts[targets[place] + kernel * stride] = pooled[grid[place] - first] ^ low
                place += 1
