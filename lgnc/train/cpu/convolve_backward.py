"""Packed backward pass of a convolution and its pool, for one chunk of 64 samples.

Trees are computed anew. A sample's gradient goes to the place of its square that decides (`decide`); the leaves' bits
are picked by that place first, so that a tree's backward pass runs once for a square, not once for every place of it.
Where no place of a square is true, the rules 'exact' and 'spread' want a pass for each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lgnc.train.cpu.bits import add_chosen_sum, add_partial_sums, add_where, bit_mask, branch_gate, scaled
from lgnc.train.cpu.convolve import NONE, ONES, TILE, tree_root
from lgnc.train.cpu.forward import ANF
from lgnc.train.cpu.jit import compiled
from lgnc.train.cpu.vector import load8w, load16, load64, splat8w, store, total16

FIRST, EXACT, SPREAD = 0, 1, 2
"""Who gets the gradient of an OR: the first true place, or the first of all where none is true; the places that change
the result alone; the first true place, or all in equal parts where none is true."""


@compiled
def decide(
    row: Any, kernel: int, first: int, count: int, offsets: Any, op: Any, acts: Any, tree: Any, masks: Any
) -> None:
    """masks[TILE p + q]: the samples in which part p of square first + q gets the gradient.

    One part of a square at most: where none is true, it is part 0. masks[TILE parts + q]: the samples in which no part
    is true; masks[TILE (parts + 1) + q]: those in which, by the rule 'exact', none gets it.
    """
    parts = row[3]
    low = splat8w(ONES if row[9] else NONE)
    every, none = splat8w(ONES), splat8w(NONE)
    for part in range(parts):
        tree_root(row, kernel, part, first, count, offsets, op, acts, tree)
        for q in range(0, count, 8):
            seen = load8w(masks, TILE * parts + q) if part else none
            twice = load8w(masks, TILE * (parts + 1) + q) if part else none
            found = load8w(tree, q) ^ low
            store(masks, TILE * part + q, found & (seen ^ every))
            store(masks, TILE * (parts + 1) + q, twice | (seen & found))
            store(masks, TILE * parts + q, seen | found)
    for q in range(0, count, 8):
        seen = load8w(masks, TILE * parts + q) ^ every
        store(masks, TILE * parts + q, seen)
        store(masks, q, load8w(masks, q) | seen)


@compiled
def pick(
    parts: int, base: int, many: int, first: int, count: int, low: int, high: int, words: Any, acts: Any, masks: Any,
    picked: Any,
) -> None:  # fmt: skip
    """picked[TILE i + q]: in each sample, row i of a table of words at the part of the square that masks name.

    The table is words[base : base + many * parts], a word of acts for each part of each row. Parts low .. high - 1 are
    looked at; with one of them alone, it is taken for all samples.
    """
    for i in range(many):
        for part in range(low, high):
            at = words[base + i * parts + part] + first
            for q in range(0, count, 8):
                found = load8w(acts, at + q)
                if high > low + 1:
                    found = found & load8w(masks, TILE * part + q)
                if part > low:
                    found = found | load8w(picked, TILE * i + q)
                store(picked, TILE * i + q, found)


@compiled
def pick_values(
    row: Any, kernel: int, first: int, count: int, low: int, high: int,
    offsets: Any, op: Any, acts: Any, masks: Any, values: Any,
) -> None:  # fmt: skip
    """values[TILE v + q]: the kernel's value v (leaves, then gates without the root) at the part that `pick` takes."""
    leaves, parts = row[2], row[3]
    base, gate = row[6] + kernel * leaves * parts, row[0] + kernel * (leaves - 1)
    pick(parts, base, leaves, first, count, low, high, offsets, acts, masks, values)
    for j in range(leaves - 2):
        k = 4 * op[gate + j]
        n0, n1, n2, n3 = splat8w(ANF[k]), splat8w(ANF[k + 1]), splat8w(ANF[k + 2]), splat8w(ANF[k + 3])
        for q in range(0, count, 8):
            a, b = load8w(values, TILE * 2 * j + q), load8w(values, TILE * (2 * j + 1) + q)
            store(values, TILE * (leaves + j) + q, n0 ^ (n1 & a) ^ (b & (n2 ^ (n3 & a))))


@compiled
def send(
    row: Any, kernel: int, at: int, q: int, low: int, high: int,
    offsets: Any, slopes: Any, masks: Any, values: Any, branch: Any, sums: Any, rows: Any,
) -> None:  # fmt: skip
    """The gradient of one square, the last of `branch`, down the tree: into sums and the leaves' rows.

    branch: a row for each value of the kernel, leaves first. at: the square's place in the flattened grid; q: the same
    in the tile. low, high: the parts that get it.
    """
    leaves, parts, below = row[2], row[3], row[10]
    wanted = below >= 0 or row[14] > 1
    base, slot = row[6] + kernel * leaves * parts, row[0] + kernel * (leaves - 1)
    for j in range(leaves - 2, -1, -1):
        a, b = 2 * j, 2 * j + 1
        at_sum, own, at_a, at_b = 64 * j, 64 * (leaves + j), TILE * a + q, TILE * b + q
        if wanted or a >= leaves:
            branch_gate(
                sums, at_sum, branch, own, 64 * a, 64 * b, values, at_a, at_b, slopes, 4 * (slot + j)
            )  # fmt: skip
        else:
            add_partial_sums(sums, at_sum, branch, own, values, at_a, at_b)
    if below < 0:
        return
    for leaf in range(leaves):
        g = load64(branch, 64 * leaf)
        for part in range(low, high):
            if masks[TILE * part + q] != NONE:
                to = 64 * (offsets[base + leaf * parts + part] + at - row[11]) + below
                add_where(rows, to, g, bit_mask(masks, TILE * part + q))


@compiled
def add_choices(row: Any, q: int, picked: Any, branch: Any, chosen: Any) -> None:
    """Into chosen, 16 partial sums for each candidate: those of its leaf's row in `branch` over its bits."""
    leaves, k = row[2], row[14]
    for leaf in range(leaves):
        for choice in range(leaf * k, (leaf + 1) * k):
            add_chosen_sum(chosen, 16 * choice, branch, 64 * leaf, picked, TILE * choice + q)


@compiled
def clear(rows: Any, start: int, size: int, first: int, last: int) -> int:
    """Rows of channels first .. last - 1, `size` floats each, become 0 just before they are added to."""
    if last > first:
        rows[start + size * first : start + size * last] = np.float32(0)
        return last
    return first


@compiled
def back_through(
    row: Any, rule: int, front: Any, op: Any, slopes: Any, acts: Any, trees: Any,
    table_sums: Any, wiring_sums: Any, fresh: bool,
) -> None:  # fmt: skip
    """One layer. Reads rows of its output's gradients, writes those of its input's, and its sums.

    trees: workspaces, see `Trees`; its rows: float32, 64 for each word of a region, see `Front.stages`. table_sums:
    float32[slots * 4], see `add_sums`, wiring_sums: of the candidates; fresh: they start at zero.
    """
    offsets, grid, targets = front.offsets, front.grid, front.targets
    tree, masks, values, picked, branch, sums, chosen, rows = trees
    kernels, leaves, parts, words, places, start, stride = row[1], row[2], row[3], row[4], row[5], row[7], row[8]
    share = np.float32(1) / np.float32(parts)
    one, zero = np.float32(1), np.float32(0)
    shares = np.array([one, one, zero, one]) if rule == EXACT else np.array([one, share, zero, share])
    passes, k, listed, padded = parts if rule != FIRST else 1, row[14], row[16], row[17]
    below, channel, channels, zeroed = row[10], 64 * row[19], row[20], 0
    for position in range(row[18], row[18] + kernels):
        kernel = front.order[position]
        if below >= 0:
            zeroed = clear(rows, below, channel, zeroed, front.reach[row[18] + kernel])
        sums[: 64 * (leaves - 1)] = zero
        chosen[: 16 * leaves * k] = zero
        begin = start
        for first in range(0, words, TILE):
            count, end = min(TILE, words - first), begin
            while end < start + places and grid[end] < first + count:
                end += 1
            decide(row, kernel, first, count, offsets, op, acts, tree, masks)
            for step in range(passes):
                low, high = (0, parts) if step == 0 else (step, step + 1)
                pick_values(row, kernel, first, count, low, high, offsets, op, acts, masks, values)
                if k > 1:
                    base = row[15] + kernel * leaves * k * parts
                    pick(parts, base, leaves * k, first, count, low, high, front.choices, acts, masks, picked)
                if step:
                    masks[TILE * step : TILE * step + count] = masks[TILE * parts : TILE * parts + count]
                for place in range(begin, end):
                    at = grid[place]
                    q = at - first
                    g = load64(rows, 64 * (targets[place] + kernel * stride - row[13]) + row[12])
                    if rule != FIRST:
                        g = scaled(g, masks, TILE * parts + q, shares, 2 if step else 0)
                    if rule == EXACT and step == 0:
                        g = scaled(g, masks, TILE * (parts + 1) + q, shares, 1)
                    store(branch, 64 * (2 * leaves - 2), g)
                    send(row, kernel, at, q, low, high, offsets, slopes, masks, values, branch, sums, rows)
                    if k > 1:
                        add_choices(row, q, picked, branch, chosen)
            begin = end
        for j in range(4 * (leaves - 1)):
            at = 4 * (row[0] + kernel * (leaves - 1)) + j
            found = total16(load16(sums, 16 * j))
            table_sums[at] = found if fresh else table_sums[at] + found
        if k > 1:
            for choice in range(leaves * k):
                at = listed + (kernel * leaves + choice // k) * padded + choice % k
                found = total16(load16(chosen, 16 * choice))
                wiring_sums[at] = found if fresh else wiring_sums[at] + found
    if below >= 0:
        clear(rows, below, channel, zeroed, channels)
