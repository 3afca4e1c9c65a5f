"""The order in which the C evaluator runs a circuit: gates and class counts as steps, rows shared by liveness.

Literals of the head are counted a chunk at a time. A gate runs with the first chunk that needs it, so what a chunk
makes is mostly read back while it is still in the first-level cache, and its row is free again for the next chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import READS_A, READS_B

COUNT, COUNT_INVERTED = 16, 17
"""Step numbers after the sixteen gates': count a chunk's literals, as they are or inverted."""

_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Schedule:
    """steps: int32[steps, 3], (gate number or COUNT*, how many gates or literals, class).

    gates: int32[gates, 3], rows (written, read as a, read as b). literals: int32[n], rows in the order counted, or
    for a circuit without a head 2 * row + inverted. rows: how many rows there are, the encoder's first.
    """

    steps: Int32
    gates: Int32
    literals: Int32
    rows: int


@dataclass(frozen=True, eq=False)
class _Chunks:
    """order: the outputs in counting order. first: where each chunk begins in it, and the end. kind, owner: of each."""

    order: NDArray[np.int64]
    first: NDArray[np.int64]
    kind: Int32
    owner: Int32


def schedule(circuit: Circuit, encoder_row: Int32, encoder_rows: int, chunk: int) -> Schedule:
    """Order a circuit's gates and counts. encoder_row: the row of each encoder bit, out of `encoder_rows`.

    chunk: literals counted together. Gates that no output needs are left out.
    """
    chunks = _chunks(circuit, chunk)
    needed = _first_chunk(circuit, chunks)
    level = circuit.level[circuit.inputs :]
    own = needed[circuit.inputs :]
    order = np.lexsort((circuit.a, circuit.op, level, own))
    order = order[: np.searchsorted(own[order], _NEVER)]
    changed = [np.diff(key[order]) != 0 for key in (own, level, circuit.op.astype(np.int16))]
    start = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), np.bool_), np.any(changed, axis=0)]))
    run_chunk = own[order[start]]
    run_step = np.arange(len(start)) + run_chunk * (circuit.head is not None)
    count_step = np.searchsorted(run_chunk, np.arange(len(chunks.kind)), side="right") + np.arange(len(chunks.kind))
    bounds = np.append(start, len(order))
    steps = np.zeros((len(start) + len(count_step), 3), np.int32)
    steps[run_step, 0], steps[run_step, 1] = circuit.op[order[start]], np.diff(bounds)
    steps[count_step, 0], steps[count_step, 1] = chunks.kind, np.diff(chunks.first)
    steps[count_step, 2] = chunks.owner
    gate_step = np.repeat(run_step, np.diff(bounds))
    last = _last_use(circuit, order, gate_step, chunks, count_step)
    row, rows = _assign_rows(circuit, order, bounds, run_step, last, encoder_row, encoder_rows)
    a = np.where(READS_A[circuit.op[order]], row[circuit.a[order]], 0) if circuit.nodes else circuit.a
    b = np.where(READS_B[circuit.op[order]], row[circuit.b[order]], 0) if circuit.nodes else circuit.b
    literals = circuit.outputs if circuit.head is None else circuit.outputs[chunks.order]
    at = row[literals >> 1]
    return Schedule(
        steps,
        np.stack([row[circuit.inputs + order], a, b], axis=1).astype(np.int32),
        (2 * at + (literals & 1) if circuit.head is None else at).astype(np.int32),
        rows,
    )


def _chunks(circuit: Circuit, size: int) -> _Chunks:
    """Cut each class's literals, plain ones first, into chunks; none without a head."""
    head, outputs = circuit.head, circuit.outputs
    none = np.zeros(0, np.int32)
    if head is None:
        return _Chunks(np.arange(len(outputs)), np.zeros(1, np.int64), none, none)
    owner = np.repeat(np.arange(head.classes), np.diff(head.starts))
    order = np.lexsort((outputs & 1, owner))
    part = 2 * owner[order] + (outputs[order] & 1)
    new = np.ones(len(part), np.bool_)
    new[1:] = np.diff(part) != 0
    begin = np.flatnonzero(new)
    place = np.arange(len(part)) - np.repeat(begin, np.diff(np.append(begin, len(part))))
    first = np.flatnonzero(place % size == 0)
    kind = (COUNT + (part[first] & 1)).astype(np.int32)
    return _Chunks(order, np.append(first, len(part)), kind, (part[first] >> 1).astype(np.int32))


def _first_chunk(circuit: Circuit, chunks: _Chunks) -> Int32:
    """int32[nodes]: the first chunk whose count needs each node; _NEVER for nodes that no output needs."""
    needed = np.full(circuit.nodes, _NEVER, np.int32)
    nodes = circuit.outputs >> 1
    if circuit.head is None:
        needed[nodes] = 0
    else:
        which = np.repeat(np.arange(len(chunks.kind), dtype=np.int32), np.diff(chunks.first))
        np.minimum.at(needed, nodes[chunks.order], which)
    level = circuit.level[circuit.inputs :]
    by_level = np.argsort(level, kind="stable")
    bounds = np.searchsorted(level[by_level], np.arange(int(level.max(initial=0)) + 2))
    for at in range(len(bounds) - 2, -1, -1):
        gates = by_level[bounds[at] : bounds[at + 1]]
        for fanin, read in ((circuit.a, READS_A), (circuit.b, READS_B)):
            used = gates[read[circuit.op[gates]]]
            np.minimum.at(needed, fanin[used], needed[circuit.inputs + used])
    return needed


def _last_use(
    circuit: Circuit,
    order: NDArray[np.int64],
    gate_step: NDArray[Any],
    chunks: _Chunks,
    count_step: NDArray[Any],
) -> Int32:
    """int32[nodes]: the last step that reads each node; -1 for none, _NEVER for an output when there is no head."""
    last = np.full(circuit.nodes, -1, np.int32)
    for fanin, read in ((circuit.a, READS_A), (circuit.b, READS_B)):
        used = read[circuit.op[order]]
        np.maximum.at(last, fanin[order][used], gate_step[used].astype(np.int32))
    nodes = circuit.outputs >> 1
    if circuit.head is None:
        last[nodes] = _NEVER
    else:
        steps = np.repeat(count_step, np.diff(chunks.first)).astype(np.int32)
        np.maximum.at(last, nodes[chunks.order], steps)
    return last


def _assign_rows(
    circuit: Circuit,
    order: NDArray[np.int64],
    bounds: NDArray[np.int64],
    run_step: NDArray[Any],
    last: Int32,
    encoder_row: Int32,
    encoder_rows: int,
) -> tuple[Int32, int]:
    """(int32[nodes], how many rows): a run's gates take the rows freed last, and free what they read last."""
    inputs = circuit.inputs
    row = np.full(circuit.nodes, -1, np.int32)
    row[:inputs] = encoder_row
    idle = np.ones(encoder_rows, np.bool_)
    idle[encoder_row[last[:inputs] >= 0]] = False
    free: Int32 = np.flatnonzero(idle)[::-1].astype(np.int32)
    rows = encoder_rows
    live = np.concatenate([np.flatnonzero(last[:inputs] >= 0), inputs + order])
    by_end = live[np.argsort(last[live], kind="stable")]
    freed = 0
    for run, until in enumerate(np.searchsorted(last[by_end], run_step).tolist()):
        free = np.concatenate([free, row[by_end[freed:until]]])
        freed = until
        gates = order[bounds[run] : bounds[run + 1]]
        fresh = max(0, len(gates) - len(free))
        taken = free[len(free) - (len(gates) - fresh) :]
        row[inputs + gates] = np.concatenate([taken, np.arange(rows, rows + fresh, dtype=np.int32)])
        free = free[: len(free) - len(taken)]
        rows += fresh
    return row, rows
