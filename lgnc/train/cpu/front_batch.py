"""The passes over a batch of a network with convolutions: as in `lgnc.train.cpu.batch`, with the front below."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lgnc.train.cpu.backward import gather_rows
from lgnc.train.cpu.batch import dense_forward, layer_backward
from lgnc.train.cpu.convolve import TILE, convolve
from lgnc.train.cpu.convolve_backward import back_through
from lgnc.train.cpu.forward import loss_rows, transpose_rows
from lgnc.train.cpu.front import Front
from lgnc.train.cpu.jit import compiled
from lgnc.train.cpu.layout import zeros


class Trees(NamedTuple):
    """One thread's memory for convolutions; words uint64, the others float32. rows: see `Front`."""

    tree: Any
    masks: Any
    values: Any
    branch: Any
    sums: Any
    rows: Any


class Readers(NamedTuple):
    """Who reads each node of the last region: see `lgnc.train.cpu.wiring.readers`.

    order: int64[nodes], all of them, so that those of a block lie together; cuts, nodes: see `find_blocks`.
    """

    order: Any
    cuts: Any
    nodes: Any
    edges: Any
    ptr: Any


def make_trees(front: Front) -> Trees:
    """Memory for one thread."""
    leaves, parts = (int(front.stages[:, column].max()) for column in (2, 3))
    words = (TILE * leaves, TILE * (parts + 2), TILE * 2 * leaves)
    floats = (64 * 2 * leaves, 64 * leaves, front.rows)
    return Trees(*(zeros(size, np.uint64) for size in words), *(zeros(size, np.float32) for size in floats))


@compiled
def front_activate(
    plan: Any, front: Any, fanin: Any, op: Any, space: Any, trees: Any, samples: Any, first: int, inputs: int
) -> None:
    """The activations and class counts of samples first .. first + 63 of the rows `samples`, into `space`."""
    transpose_rows(samples, first, inputs, space.acts)
    for i in range(inputs):
        space.acts[front.source[i]] = space.acts[i]
    for index in range(len(front.stages)):
        row = front.stages[index]
        convolve(row, front.offsets, front.grid, front.targets, op, space.acts, trees.tree, trees.masks)
    dense_forward(plan, fanin, op, space)


@compiled
def front_backward(
    front: Any, rule: int, op: Any, slopes: Any, space: Any, trees: Any, table_sums: Any, fresh: bool
) -> None:
    """The sums of all kernels' gates, from the gradient rows of the last region in `trees`."""
    for index in range(len(front.stages) - 1, -1, -1):
        row = front.stages[index]
        if row[10] >= 0:
            last = front.stages[index + 1, 11] if index + 1 < len(front.stages) else front.nodes
            trees.rows[row[10] : row[10] + 64 * (last - row[11])] = np.float32(0)
        back_through(
            row, rule, front.offsets, front.grid, front.targets, op, slopes, space.acts, trees.tree, trees.masks,
            trees.values, trees.branch, trees.sums, trees.rows, table_sums, fresh,
        )  # fmt: skip


@compiled
def front_train_chunks(
    group: int, groups: int, plan: Any, front: Any, readers: Any, wires: Any, op: Any, space: Any, trees: Any,
    samples: Any, labels: Any, inputs: int, tau: float, rule: int, table_sums: Any, wiring_sums: Any, losses: Any,
) -> None:  # fmt: skip
    """As `train_chunks`. rule: see `lgnc.train.cpu.convolve_backward`."""
    runs, batch, last = len(plan.starts) - 1, len(samples), len(front.stages) - 1
    for chunk in range(group, len(losses), groups):
        first, fresh = 64 * chunk, chunk == group
        front_activate(plan, front, wires.fanin, op, space, trees, samples, first, inputs)
        labels_here = labels[first : first + 64]
        losses[chunk] = loss_rows(space.counts, runs, labels_here, batch, tau, plan.weights, space.rows)
        top, at = len(plan.layers) - 1, front.stages[last, 12]
        layer_backward(top, 0, plan.layers[top, 1], plan, wires, space, table_sums, wiring_sums, fresh)
        for block in range(len(readers.nodes) - 1):
            for index in range(top - 1, -1, -1):
                begin, end = readers.cuts[index, block], readers.cuts[index, block + 1]
                layer_backward(index, begin, end, plan, wires, space, table_sums, wiring_sums, fresh)
            order = readers.order[readers.nodes[block] : readers.nodes[block + 1]]
            gather_rows(order, readers.edges, readers.ptr, wires.slopes, space.pairs, space.rows, trees.rows, at)
        front_backward(front, rule, op, wires.slopes, space, trees, table_sums, fresh)


@compiled
def front_count_chunks(
    first: int, step: int, plan: Any, front: Any, fanin: Any, op: Any, space: Any, trees: Any, samples: Any,
    inputs: int, out: Any,
) -> None:  # fmt: skip
    """As `count_chunks`."""
    runs = len(plan.starts) - 1
    for chunk in range(first, (len(samples) + 63) // 64, step):
        front_activate(plan, front, fanin, op, space, trees, samples, 64 * chunk, inputs)
        for s in range(min(64, len(samples) - 64 * chunk)):
            for c in range(runs):
                out[64 * chunk + s, c] = np.float32(space.counts[64 * c + s])
