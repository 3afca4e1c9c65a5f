"""The order in which the MCU form of the C target runs a circuit: one sample, a byte a live node.

Runs of equal gates write neighbouring bytes, so a gate's entry is its two fan-ins. A gate that only the head reads is
added to its class's score as it is computed. Encoder bits are compared when they are first needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.thresholds import native_thresholds
from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import READS_A, READS_B
from lgnc.ir.order import gates_by_level

SUM, COMPARE, COUNT, NEGATE = 16, 32, 33, 8
"""Step numbers: 0..7 compute gates of normal form, SUM + k adds gates k to a class score, COMPARE makes encoder bits,
COUNT adds bytes to a class score; SUM + k and COUNT plus NEGATE subtract."""

MAX_RUN = 255
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class McuSchedule:
    """steps: int32[steps, 3], (step number, how many, the first byte written or the class added to).

    gates: int32[gates, 2], the bytes read. feature: int32[bits] and threshold: [bits], in the order compared.
    literals: int32[n], bytes counted, or for a circuit without a head 2 * byte + inverted. offset: int32[classes],
    where scores start: an inverted literal is counted there and subtracted when its node is true. rows: bytes of state.
    """

    steps: Int32
    gates: Int32
    feature: Int32
    threshold: NDArray[Any]
    literals: Int32
    offset: Int32
    rows: int


@dataclass(frozen=True, eq=False)
class _Plan:
    """nodes: every node that is computed, in order. step: its step number. owner: the class it is added to, or -1.

    bounds: where each run begins in it, and the end. counted: (step number, class, nodes) of what is counted after all.
    """

    nodes: NDArray[np.int64]
    step: Int32
    owner: Int32
    bounds: list[int]


def mcu_schedule(circuit: Circuit, chunk: int) -> McuSchedule:
    """Order a circuit for one sample at a time. chunk: outputs finished together; fewer need less state, more steps."""
    threshold = native_thresholds(circuit.encoder)
    kind = np.concatenate([np.full(circuit.inputs, COMPARE), circuit.op]).astype(np.int32)
    owner = _fused(circuit, kind)
    plan = _order(circuit, kind, owner, chunk)
    literals, classes, inverted = _counted(circuit, owner)
    row, out, rows = _assign_bytes(circuit, plan, literals)
    steps = [
        (int(plan.step[plan.nodes[first]]), last - first, out[run])
        for run, (first, last) in enumerate(pairwise(plan.bounds))
    ]
    if circuit.head is None:
        table = 2 * row[circuit.outputs >> 1] + (circuit.outputs & 1)
    else:
        table = row[literals]
        key = 2 * classes + inverted
        cuts = [0, *(np.flatnonzero(np.diff(key)) + 1).tolist(), len(key)]
        for first, last in pairwise(cuts):
            for at in range(first, last, MAX_RUN):
                steps.append((COUNT + NEGATE * int(inverted[at]), min(MAX_RUN, last - at), int(classes[at])))
    is_bit = plan.step[plan.nodes] == COMPARE
    bits = plan.nodes[is_bit]
    gates = (plan.nodes[~is_bit] - circuit.inputs).astype(np.int64)
    return McuSchedule(
        np.array(steps, np.int32).reshape(-1, 3),
        _fanins(circuit, gates, row),
        circuit.encoder.feature[bits],
        threshold[bits],
        table.astype(np.int32),
        score_offsets(circuit),
        rows,
    )


def _fanins(circuit: Circuit, gates: NDArray[np.int64], row: Int32) -> Int32:
    """int32[gates, 2]: the bytes that each gate reads, 0 for a pin that it does not."""
    op = circuit.op[gates]
    pins = [np.where(reads[op], row[fanin[gates]], 0) for fanin, reads in ((circuit.a, READS_A), (circuit.b, READS_B))]
    return np.stack(pins, axis=1).astype(np.int32)


def _fused(circuit: Circuit, kind: Int32) -> Int32:
    """int32[nodes]: the class of each gate that only one literal reads, or -1; `kind` becomes SUM + k."""
    owner = np.full(circuit.nodes, -1, np.int32)
    if circuit.head is None:
        return owner
    classes = circuit.head.owner
    nodes = circuit.outputs >> 1
    alone = (circuit.fanout[nodes] == 1) & (nodes >= circuit.inputs)
    own, flip = nodes[alone], (circuit.outputs[alone] & 1) == 1
    owner[own] = classes[alone]
    kind[own] += SUM + NEGATE * flip
    return owner


def score_offsets(circuit: Circuit) -> Int32:
    """int32[classes], where scores start: an inverted literal is counted there and subtracted when its node is true."""
    if circuit.head is None:
        return np.zeros(0, np.int32)
    classes = circuit.head.owner
    inverted = np.bincount(classes[(circuit.outputs & 1) == 1], minlength=circuit.head.classes)
    return (circuit.head.offset + inverted).astype(np.int32)


def _counted(circuit: Circuit, owner: Int32) -> tuple[Int32, Int32, Int32]:
    """(nodes, classes, inverted) of the head's literals that are not fused, in counting order."""
    if circuit.head is None:
        none = np.zeros(0, np.int32)
        return none, none, none
    classes = circuit.head.owner
    rest = np.flatnonzero(owner[circuit.outputs >> 1] < 0)
    rest = rest[np.lexsort((circuit.outputs[rest] & 1, classes[rest]))]
    return circuit.outputs[rest] >> 1, classes[rest], circuit.outputs[rest] & 1


def _order(circuit: Circuit, kind: Int32, owner: Int32, chunk: int) -> _Plan:
    """Nodes by the first chunk of outputs that needs them, then level, then step number; fused gates end a chunk."""
    needed = np.full(circuit.nodes, _NEVER, np.int32)
    np.minimum.at(needed, circuit.outputs >> 1, (np.arange(len(circuit.outputs)) // chunk).astype(np.int32))
    for gates in reversed(gates_by_level(circuit)):
        for fanin, read in ((circuit.a, READS_A), (circuit.b, READS_B)):
            used = gates[read[circuit.op[gates]]]
            np.minimum.at(needed, fanin[used], needed[circuit.inputs + used])
    fused = owner >= 0
    keys = (kind, owner, circuit.level, fused, needed)
    nodes = np.lexsort(keys)
    nodes = nodes[: np.searchsorted(needed[nodes], _NEVER)]
    new = np.ones(len(nodes), np.bool_)
    new[1:] = np.any([np.diff(key[nodes].astype(np.int32)) != 0 for key in keys], axis=0)
    bounds: list[int] = []
    for first, last in pairwise([*np.flatnonzero(new).tolist(), len(nodes)]):
        bounds += range(first, last, MAX_RUN)
    return _Plan(nodes, kind, owner, [*bounds, len(nodes)])


def _assign_bytes(circuit: Circuit, plan: _Plan, literals: Int32) -> tuple[Int32, list[int], int]:
    """(each node's byte, each run's first byte or class, how many bytes): a run takes the first gap that holds it."""
    run_of = np.zeros(circuit.nodes, np.int32)
    run_of[plan.nodes] = np.repeat(np.arange(len(plan.bounds) - 1), np.diff(plan.bounds))
    last = run_of.copy()
    gates = plan.nodes[plan.nodes >= circuit.inputs] - circuit.inputs
    for fanin, read in ((circuit.a, READS_A), (circuit.b, READS_B)):
        used = gates[read[circuit.op[gates]]]
        np.maximum.at(last, fanin[used], run_of[circuit.inputs + used])
    last[literals if circuit.head is not None else circuit.outputs >> 1] = _NEVER
    ends: dict[int, list[int]] = {}
    for node in plan.nodes.tolist():
        ends.setdefault(int(last[node]), []).append(node)
    row = np.zeros(circuit.nodes, np.int32)
    busy = np.zeros(len(plan.nodes) + 1, np.bool_)
    out, rows = [], 0
    for run, (first, end) in enumerate(pairwise(plan.bounds)):
        nodes = plan.nodes[first:end]
        owner = int(plan.owner[nodes[0]])
        if owner >= 0:
            out.append(owner)
        else:
            at = _gap(busy, rows, end - first)
            busy[at : at + end - first] = True
            row[nodes] = np.arange(at, at + end - first)
            rows = max(rows, at + end - first)
            out.append(at)
        done = [node for node in ends.get(run, ()) if plan.owner[node] < 0]
        busy[row[done]] = False
    return row, out, rows


def _gap(busy: NDArray[np.bool_], rows: int, size: int) -> int:
    """The first of `size` free neighbours among the first `rows` bytes, or where free bytes at their end begin."""
    edge = np.flatnonzero(np.diff(np.concatenate([[True], busy[:rows], [True]])))
    starts, ends = edge[::2], edge[1::2]
    fits = np.flatnonzero(ends - starts >= size)
    if len(fits):
        return int(starts[fits[0]])
    return int(starts[-1]) if len(starts) and ends[-1] == rows else rows
