"""The order in which the C evaluator runs a circuit: gates and class counts as steps, rows shared by liveness.

Literals of the head are counted a chunk at a time. A gate runs with the first chunk that needs it, so what a chunk
makes is mostly read back while it is still in the first-level cache, and its row is free again for the next chunk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import AND, GT, OR, READS_A, READS_B, XOR
from lgnc.ir.order import gates_by_level

COUNT, SUM = 16, 16
"""Step numbers after the sixteen gates': COUNT counts literals, SUM + 2 * k gates k that nothing else reads, as they
are computed; one more counts them inverted."""

EIGHT = 8
"""Literals are counted in multiples of this: what one step of the adder takes."""

_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Schedule:
    """steps: int32[steps, 3], (gate number, COUNT or SUM + 2 * gate number, inverted; how many; class).

    gates: int32[gates, 3], rows (written, read as a, read as b), in the order of the steps. literals: int32[n], rows in
    the order counted, in multiples of EIGHT, or for a circuit without a head 2 * row + inverted. rows: how many rows
    there are, the encoder's first. constant: the first of two rows, of zeros and of ones, that fill up the literals.
    """

    steps: Int32
    gates: Int32
    literals: Int32
    rows: int
    constant: int


@dataclass(frozen=True, eq=False)
class _Chunks:
    """Parts of chunks: literals of one class and one kind.

    order: the outputs in counting order. first: where each part begins in it, and the end. kind, owner, chunk: of each.
    """

    order: NDArray[np.int64]
    first: NDArray[np.int64]
    kind: Int32
    owner: Int32
    chunk: Int32

    @property
    def stored(self) -> NDArray[np.bool_]:
        """bool[parts]: whether a part counts rows; else gates as they are computed."""
        rows: NDArray[np.bool_] = self.kind <= COUNT + 1
        return rows

    @property
    def of_output(self) -> Int32:
        """int32[outputs]: the part of each output, in counting order."""
        return np.repeat(np.arange(len(self.kind), dtype=np.int32), np.diff(self.first))


@dataclass(frozen=True, eq=False)
class _Runs:
    """order: the gates that are computed, in order. bounds: where each run of equal ones begins, and the end.

    step: each run's step; fused: whether it is counted as it is computed. count_step: each stored part's step.
    """

    order: NDArray[np.int64]
    bounds: NDArray[np.int64]
    step: NDArray[np.int64]
    fused: NDArray[np.bool_]
    count_step: NDArray[np.int64]


def schedule(circuit: Circuit, encoder_row: Int32, encoder_rows: int, chunk: int) -> Schedule:
    """Order a circuit's gates and counts. encoder_row: the row of each encoder bit, out of `encoder_rows`.

    chunk: literals counted together. Gates that no output needs are left out.
    """
    chunks = _chunks(circuit, chunk)
    runs = _runs(circuit, chunks)
    order, counted = runs.order, chunks.stored
    steps = np.zeros((len(runs.step) + len(runs.count_step), 3), np.int32)
    steps[runs.step, 0], steps[runs.step, 1] = circuit.op[order[runs.bounds[:-1]]], np.diff(runs.bounds)
    steps[runs.step[runs.fused], 0] = chunks.kind[~counted]
    steps[runs.step[runs.fused], 2] = chunks.owner[~counted]
    steps[runs.count_step, 0] = chunks.kind[counted]
    steps[runs.count_step, 2] = chunks.owner[counted]
    row, rows = _assign_rows(circuit, runs, _last_use(circuit, runs, chunks), encoder_row, encoder_rows)
    a = np.where(READS_A[circuit.op[order]], row[circuit.a[order]], 0) if circuit.nodes else circuit.a
    b = np.where(READS_B[circuit.op[order]], row[circuit.b[order]], 0) if circuit.nodes else circuit.b
    gates = np.stack([np.maximum(row[circuit.inputs + order], 0), a, b], axis=1).astype(np.int32)
    if circuit.head is None:
        at = 2 * row[circuit.outputs >> 1] + (circuit.outputs & 1)
        return Schedule(steps, gates, at.astype(np.int32), rows, rows)
    lists = []
    for number in np.flatnonzero(counted).tolist():
        at = row[circuit.outputs[chunks.order[chunks.first[number] : chunks.first[number + 1]]] >> 1]
        lists.append(np.append(at, np.full(-len(at) % EIGHT, rows + (chunks.kind[number] & 1))))
    steps[runs.count_step, 1] = list(map(len, lists))
    literals = np.concatenate([np.zeros(0, np.int32), *lists]).astype(np.int32)
    return Schedule(steps, gates, literals, rows + 2, rows)


def unroll(plan: Schedule, most: int) -> tuple[Schedule, list[Int32]]:
    """Take the gates that have rows out of a schedule: (what is left, parts of at most `most` gates).

    A part is int32[gates, 4]: (gate number, row written, rows read as a and b); it becomes a step 0, whose class is
    the part's number.
    """
    steps: list[tuple[int, int, int]] = []
    gates: list[Int32] = []
    parts: list[Int32] = []
    waiting: list[NDArray[np.int32]] = []
    at = 0

    def finish() -> None:
        whole = np.concatenate(waiting) if waiting else np.zeros((0, 4), np.int32)
        waiting.clear()
        for first in range(0, len(whole), most):
            steps.append((0, len(whole[first : first + most]), len(parts)))
            parts.append(whole[first : first + most])

    for op, count, owner in plan.steps.tolist():
        own = plan.gates[at : at + count]
        if op < COUNT:
            waiting.append(np.column_stack([np.full(count, op, np.int32), own]))
            at += count
            continue
        finish()
        steps.append((op, count, owner))
        if op > COUNT + 1:
            gates.append(own)
            at += count
    finish()
    left = np.concatenate(gates) if gates else np.zeros((0, 3), np.int32)
    return replace(plan, steps=np.array(steps, np.int32).reshape(-1, 3), gates=left), parts


def _chunks(circuit: Circuit, size: int) -> _Chunks:
    """Cut each class's literals into chunks, and those into parts of one kind; none without a head."""
    head, outputs = circuit.head, circuit.outputs
    none = np.zeros(0, np.int32)
    if head is None:
        return _Chunks(np.arange(len(outputs)), np.zeros(1, np.int64), none, none, none)
    sizes = np.diff(head.starts)
    owner = head.owner
    chunks = -(-sizes // size)
    place = np.arange(len(outputs)) - np.repeat(head.starts[:-1], sizes)
    chunk = np.repeat(np.cumsum(chunks) - chunks, sizes) + place * chunks[owner] // np.maximum(1, sizes)[owner]
    kind = COUNT + (outputs & 1)
    alone = (circuit.fanout[outputs >> 1] == 1) & (outputs >> 1 >= circuit.inputs)
    op = circuit.op[outputs[alone] // 2 - circuit.inputs].astype(np.int32)
    fused = kind.copy()
    fused[alone] += np.where(np.isin(op, (AND, GT, XOR, OR)), 2 * op, 0)
    order, begin = _parts(fused, chunk)
    length = np.diff(np.append(begin, len(order)))
    whole = np.arange(len(order)) - np.repeat(begin, length) < np.repeat(length // EIGHT * EIGHT, length)
    kind[order[whole]] = fused[order[whole]]
    order, begin = _parts(kind, chunk)
    parts = [of[order[begin]].astype(np.int32) for of in (kind, owner, chunk)]
    return _Chunks(order, np.append(begin, len(order)), *parts)


def _parts(kind: Int32, chunk: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(the outputs by chunk and kind, where each part of one chunk and kind begins)."""
    order = np.lexsort((kind, chunk))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(kind[order]) != 0) | (np.diff(chunk[order]) != 0)
    return order, np.flatnonzero(new)


def _runs(circuit: Circuit, chunks: _Chunks) -> _Runs:
    """Gates by the first chunk that needs them, level, function and first fan-in; those counted end a chunk."""
    own = _first_chunk(circuit, chunks)[circuit.inputs :]
    level, kind = circuit.level[circuit.inputs :].copy(), circuit.op.astype(np.int32)
    if circuit.head is not None:
        fused = ~chunks.stored[chunks.of_output]
        gates = (circuit.outputs[chunks.order[fused]] >> 1) - circuit.inputs
        level[gates], kind[gates] = _NEVER, chunks.kind[chunks.of_output[fused]]
    order = np.lexsort((circuit.a, kind, level, own))
    order = order[: np.searchsorted(own[order], _NEVER)]
    changed = [np.diff(key[order]) != 0 for key in (own, level, kind)]
    start = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), np.bool_), np.any(changed, axis=0)]))
    chunk, stored = own[order[start]], chunks.chunk[chunks.stored]
    return _Runs(
        order,
        np.append(start, len(order)),
        np.arange(len(start)) + np.searchsorted(stored, chunk),
        level[order[start]] == _NEVER,
        np.searchsorted(chunk, stored, side="right") + np.arange(len(stored)),
    )


def _first_chunk(circuit: Circuit, chunks: _Chunks) -> Int32:
    """int32[nodes]: the first chunk whose count needs each node; _NEVER for nodes that no output needs."""
    needed = np.full(circuit.nodes, _NEVER, np.int32)
    nodes = circuit.outputs >> 1
    if circuit.head is None:
        needed[nodes] = 0
    else:
        np.minimum.at(needed, nodes[chunks.order], chunks.chunk[chunks.of_output])
    for gates in reversed(gates_by_level(circuit)):
        for fanin, read in ((circuit.a, READS_A), (circuit.b, READS_B)):
            used = gates[read[circuit.op[gates]]]
            np.minimum.at(needed, fanin[used], needed[circuit.inputs + used])
    return needed


def _last_use(circuit: Circuit, runs: _Runs, chunks: _Chunks) -> Int32:
    """int32[nodes]: the last step that reads each node; -1 for none, _NEVER for an output when there is no head."""
    last = np.full(circuit.nodes, -1, np.int32)
    step = np.repeat(runs.step, np.diff(runs.bounds)).astype(np.int32)
    for fanin, read in ((circuit.a, READS_A), (circuit.b, READS_B)):
        used = read[circuit.op[runs.order]]
        np.maximum.at(last, fanin[runs.order][used], step[used])
    if circuit.head is None:
        last[circuit.outputs >> 1] = _NEVER
        return last
    counted = chunks.stored
    nodes = circuit.outputs[chunks.order[counted[chunks.of_output]]] >> 1
    np.maximum.at(last, nodes, np.repeat(runs.count_step, np.diff(chunks.first)[counted]).astype(np.int32))
    return last


def _assign_rows(
    circuit: Circuit, runs: _Runs, last: Int32, encoder_row: Int32, encoder_rows: int
) -> tuple[Int32, int]:
    """(int32[nodes], how many rows): a run's gates take the rows freed last, and free what they read last.

    Gates that are counted as they are computed have no row: -1.
    """
    inputs = circuit.inputs
    row = np.full(circuit.nodes, -1, np.int32)
    row[:inputs] = encoder_row
    idle = np.ones(encoder_rows, np.bool_)
    idle[encoder_row[last[:inputs] >= 0]] = False
    free: Int32 = np.flatnonzero(idle)[::-1].astype(np.int32)
    rows = encoder_rows
    stored = runs.order[np.repeat(~runs.fused, np.diff(runs.bounds))]
    live = np.concatenate([np.flatnonzero(last[:inputs] >= 0), inputs + stored])
    by_end = live[np.argsort(last[live], kind="stable")]
    freed = 0
    until = np.searchsorted(last[by_end], runs.step)
    for run in np.flatnonzero(~runs.fused).tolist():
        free = np.concatenate([free, row[by_end[freed : until[run]]]])
        freed = int(until[run])
        gates = runs.order[runs.bounds[run] : runs.bounds[run + 1]]
        fresh = max(0, len(gates) - len(free))
        taken = free[len(free) - (len(gates) - fresh) :]
        row[inputs + gates] = np.concatenate([taken, np.arange(rows, rows + fresh, dtype=np.int32)])
        free = free[: len(free) - len(taken)]
        rows += fresh
    return row, rows
