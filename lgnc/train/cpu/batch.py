"""The passes over a batch: chunks of 64 samples, each forward and backward through all layers by one thread."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lgnc.train.cpu.backward import backward
from lgnc.train.cpu.forward import ANF, class_counts, forward, loss_rows, transpose_rows
from lgnc.train.cpu.jit import compiled


class Wires(NamedTuple):
    """What training changes and the passes read.

    fanin: int32[2 * slots]. edges, ptr, slopes: see `backward`. floors: float32[slots], the soft tables' T00.
    """

    fanin: Any
    edges: Any
    ptr: Any
    slopes: Any
    floors: Any


class Space(NamedTuple):
    """One thread's memory. acts: uint64[nodes]. pairs: uint64[2 * slots]. rows: float32. counts: int32[64 runs]."""

    acts: Any
    pairs: Any
    rows: Any
    counts: Any


@compiled
def activate(plan: Any, fanin: Any, op: Any, space: Any, samples: Any, first: int, inputs: int) -> None:
    """The activations and class counts of samples first .. first + 63 of the rows `samples`, into `space`."""
    transpose_rows(samples, first, inputs, space.acts)
    dense_forward(plan, fanin, op, space)


@compiled
def dense_forward(plan: Any, fanin: Any, op: Any, space: Any) -> None:
    """The dense layers' activations and the class counts, from the nodes below in `space`."""
    layers = plan.layers
    for index in range(len(layers)):
        start = layers[index, 0]
        forward(start, start + layers[index, 1], plan.origin, fanin, op, ANF, space.acts, space.pairs)
    class_counts(plan.starts, space.acts, plan.origin + layers[-1, 0], space.counts)


@compiled
def layer_backward(
    index: int, begin: int, end: int, plan: Any, wires: Any, space: Any, table_sums: Any, wiring_sums: Any, fresh: bool
) -> None:
    """The sums of neurons begin .. end - 1 of a dense layer, and their rows in `space`."""
    backward(
        plan.layers[index],
        begin,
        end,
        index == len(plan.layers) - 1,
        plan.head,
        wires.edges,
        wires.ptr,
        wires.slopes,
        space.acts,
        space.pairs,
        space.rows,
        plan.candidates,
        table_sums,
        wiring_sums,
        fresh,
    )


@compiled
def train_chunks(
    group: int,
    groups: int,
    plan: Any,
    wires: Any,
    op: Any,
    space: Any,
    samples: Any,
    labels: Any,
    inputs: int,
    tau: float,
    table_sums: Any,
    wiring_sums: Any,
    losses: Any,
) -> None:
    """Chunks group, group + groups, ...: their losses, and their gradient sums added up in that order.

    samples: uint64[n, words]. table_sums: float32[slots * 4], wiring_sums: this group's. losses: float64[chunks].
    """
    runs, batch = len(plan.starts) - 1, len(samples)
    for chunk in range(group, len(losses), groups):
        first = 64 * chunk
        activate(plan, wires.fanin, op, space, samples, first, inputs)
        labels_here = labels[first : first + 64]
        losses[chunk] = loss_rows(space.counts, runs, labels_here, batch, tau, plan.weights, space.rows)
        for index in range(len(plan.layers) - 1, -1, -1):
            width = plan.layers[index, 1]
            layer_backward(index, 0, width, plan, wires, space, table_sums, wiring_sums, chunk == group)


@compiled
def count_chunks(
    first: int, step: int, plan: Any, fanin: Any, op: Any, space: Any, samples: Any, inputs: int, out: Any
) -> None:
    """out float32[n, runs]: popcounts of the samples in chunks first, first + step, ..."""
    runs = len(plan.starts) - 1
    for chunk in range(first, (len(samples) + 63) // 64, step):
        activate(plan, fanin, op, space, samples, 64 * chunk, inputs)
        for s in range(min(64, len(samples) - 64 * chunk)):
            for c in range(runs):
                out[64 * chunk + s, c] = np.float32(space.counts[64 * c + s])
