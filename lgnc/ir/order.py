"""Topological order and levels, computed over whole arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder, Head, Int32
from lgnc.ir.gates import FALSE, READS_A, READS_B, TRUE


def runs(inputs: int, op: NDArray[np.uint8], a: Int32, b: Int32) -> Iterator[tuple[int, int]]:
    """(first, last) slices of gates, in order, each as long as none of its gates reads another of them.

    The gates must stand in topological order; in the canonical one the slices are the levels. Passes walk them: a
    whole slice is one array operation. Work linear in gates plus a few array calls a slice.
    """
    newest = np.maximum(np.where(READS_A[op], a, -1), np.where(READS_B[op], b, -1)) - np.int32(inputs)
    first, gates = 0, len(op)
    while first < gates:
        last, step = first + 1, 64
        while last < gates:
            reads = newest[last : last + step] >= first
            inside = int(reads.argmax())
            if reads[inside]:
                last += inside
                break
            last += len(reads)
            step *= 2
        yield first, last
        first = last


def levels(inputs: int, op: NDArray[np.uint8], a: Int32, b: Int32) -> Int32:
    """int32[inputs + gates]: the level of every node; the gates may stand in any order.

    A fan-in that the gate number does not read is no edge. Kahn's algorithm, a whole level at a time: work linear in
    gates plus one round of array calls a level. Raises BadInput when the gates form a cycle.
    """
    gates = len(op)
    level = np.zeros(inputs + gates, np.int32)
    source: Int32 = np.concatenate([a, b])
    target = np.concatenate([np.arange(gates, dtype=np.int32)] * 2)
    edge = np.concatenate([READS_A[op], READS_B[op]])
    edge &= source >= inputs
    source = source[edge] - np.int32(inputs)
    target = target[edge]
    waiting = np.bincount(target, minlength=gates).astype(np.int32)
    by_source = np.argsort(source, kind="stable")
    users = target[by_source]
    first = np.zeros(gates + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=gates), out=first[1:])
    constant = (op == FALSE) | (op == TRUE)
    level[inputs:][constant] = -1
    ready = np.flatnonzero(waiting == 0)
    current, seen = 1, 0
    while len(ready):
        seen += len(ready)
        own = level[inputs + ready]
        level[inputs + ready] = np.where(own < 0, 0, current)
        count = first[ready + 1] - first[ready]
        offset = np.repeat(first[ready] - np.cumsum(count) + count, count)
        reached = users[offset + np.arange(len(offset))]
        if len(reached) * 16 > gates:
            done = np.bincount(reached, minlength=gates).astype(np.int32)
            waiting -= done
            ready = np.flatnonzero((done > 0) & (waiting == 0))
        else:
            ids, times = np.unique(reached, return_counts=True)
            waiting[ids] -= times.astype(np.int32)
            ready = ids[waiting[ids] == 0]
        current += 1
    if seen != gates:
        stuck = int(np.flatnonzero(waiting > 0)[0]) + inputs
        raise BadInput(f"the gates form a cycle through node {stuck}", fix="a circuit must be acyclic")
    return level


_MOST_RUNS = 1000
"""Runs of gates beyond which levels are found by levels, of which there may be fewer."""


def levels_in_order(inputs: int, op: NDArray[np.uint8], a: Int32, b: Int32) -> Int32:
    """int32[inputs + gates]: `levels`, sooner for gates that stand in topological order."""
    newest = np.maximum(np.where(READS_A[op], a, -1), np.where(READS_B[op], b, -1))
    if (newest >= np.arange(inputs, inputs + len(op))).any():
        return levels(inputs, op, a, b)
    level = np.zeros(inputs + len(op), np.int32)
    constant = (op == FALSE) | (op == TRUE)
    both = READS_A[op] & READS_B[op]
    other = np.where(both, np.minimum(a, b), newest)
    for number, (first, last) in enumerate(runs(inputs, op, a, b)):
        if number == _MOST_RUNS:
            return levels(inputs, op, a, b)
        own = np.maximum(level[newest[first:last]], level[other[first:last]])
        level[inputs + first : inputs + last] = np.where(constant[first:last], 1, own + 1)
    level[inputs:][constant] = 0
    return level


def gates_by_level(circuit: Circuit) -> list[NDArray[np.int64]]:
    """The gates (indices into op) of each level from 0, where constants are, in the order in which they stand."""
    level = circuit.level[circuit.inputs :]
    order = np.argsort(level, kind="stable")
    return np.split(order, np.searchsorted(level[order], np.arange(1, int(level.max(initial=0)) + 1)))


def in_order(
    encoder: Encoder,
    op: NDArray[np.uint8],
    a: Int32,
    b: Int32,
    outputs: Int32,
    head: Head | None = None,
    output_names: tuple[str, ...] = (),
    layer: NDArray[np.int16] | None = None,
) -> Circuit:
    """A Circuit of the given gates, renumbered into the canonical order: by level, then by gate number, else as given.

    Fan-ins that a gate does not read become node 0, so that unused pins never hold an order back.
    Raises BadInput when the gates form a cycle.
    """
    inputs = encoder.bits
    level = levels(inputs, op, a, b)[inputs:]
    order = np.lexsort((op, level))
    new = np.empty(inputs + len(op), np.int32)
    new[:inputs] = np.arange(inputs)
    new[inputs + order] = np.arange(inputs, inputs + len(op))
    op, fanin_a, fanin_b = op[order], new[a][order], new[b][order]
    fanin_a = np.where(READS_A[op], fanin_a, 0).astype(np.int32)
    fanin_b = np.where(READS_B[op], fanin_b, 0).astype(np.int32)
    outputs = (2 * new[outputs >> 1] + (outputs & 1)).astype(np.int32)
    if layer is not None:
        layer = layer[order]
    return Circuit(encoder, op, fanin_a, fanin_b, outputs, head, output_names, layer)
