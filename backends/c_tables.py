"""A circuit laid out for the C evaluator: rows, groups of features, runs of gates, literals of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.thresholds import native_thresholds
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder, Head, Int32
from lgnc.ir.order import in_order
from lgnc.ir.simulate import slices

VECTOR_BYTES = 64
"""Features are compared this many bytes at a time: a group is VECTOR_BYTES / itemsize consecutive features."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Encoder rows in groups of consecutive features, one threshold each.

    first: the first feature of each group. threshold: [groups * width]. row: int32[bits], the row of each encoder bit.
    always: rows that are true whatever the features.
    """

    width: int
    first: Int32
    threshold: NDArray[Any]
    row: Int32
    always: Int32


def feature_groups(encoder: Encoder) -> Groups:
    """Cover the encoder's bits with groups: the n-th bits of all features stand together.

    A row that no bit needs is filled with the type's highest value.
    """
    threshold, always = native_thresholds(encoder)
    width = VECTOR_BYTES // threshold.dtype.itemsize
    limits = np.finfo if encoder.is_float else np.iinfo
    filler = limits(threshold.dtype).max
    last_first = max(0, len(encoder.names) - width)
    order = np.lexsort((encoder.feature, encoder.threshold))
    order = order[np.argsort(encoder.feature[order], kind="stable")]
    feature = encoder.feature[order]
    new = np.ones(len(feature), np.bool_)
    new[1:] = feature[1:] != feature[:-1]
    begin = np.flatnonzero(new)
    rank = np.arange(len(feature)) - np.repeat(begin, np.diff([*begin, len(feature)]))
    first: list[int] = []
    rows = np.zeros(encoder.bits, np.int32)
    values: list[NDArray[Any]] = []
    for plane in range(int(rank.max(initial=-1)) + 1):
        bits = order[rank == plane]
        at = 0
        while at < len(bits):
            start = min(int(encoder.feature[bits[at]]), last_first)
            end = int(np.searchsorted(encoder.feature[bits], start + width))
            place = encoder.feature[bits[at:end]] - start
            group = np.full(width, filler, threshold.dtype)
            group[place] = threshold[bits[at:end]]
            rows[bits[at:end]] = len(first) * width + place
            first.append(start)
            values.append(group)
            at = end
    table = np.concatenate(values) if values else np.zeros(0, threshold.dtype)
    return Groups(width, np.array(first, np.int32), table, rows, np.sort(rows[always]))


@dataclass(frozen=True, eq=False)
class Layout:
    """What the tables of the C file hold. Rows are encoder rows, then one a gate.

    runs: int64[runs, 2], gate number and end of each run. wire: int32[gates, 2], rows. literals: int32[n], 2 * row +
    inverted, or for a circuit with a head rows alone: in each class the plain ones, then the inverted ones.
    """

    groups: Groups
    runs: NDArray[np.int64]
    wire: Int32
    literals: Int32
    plain: Int32
    head: Head | None

    @property
    def inputs(self) -> int:
        return len(self.groups.threshold)

    @property
    def rows(self) -> int:
        return self.inputs + len(self.wire)


def layout(circuit: Circuit) -> Layout:
    """Lay out a circuit, its gates in canonical order. Raises BadInput when a score would not fit int32."""
    head = circuit.head
    circuit = in_order(circuit.encoder, circuit.op, circuit.a, circuit.b, circuit.outputs, head, circuit.output_names)
    groups = feature_groups(circuit.encoder)
    gate_rows = np.arange(circuit.gates, dtype=np.int32) + np.int32(len(groups.threshold))
    row: Int32 = np.concatenate([groups.row, gate_rows])
    runs = np.array([(op, last) for op, _, last in slices(circuit)], np.int64).reshape(-1, 2)
    fanin = np.stack([circuit.a, circuit.b], axis=1)
    wire = row[fanin] if circuit.nodes else fanin
    literals = (2 * row[circuit.outputs >> 1] + (circuit.outputs & 1)).astype(np.int32)
    plain = np.zeros(0, np.int32)
    if head is not None:
        check_scores(head)
        owner = np.repeat(np.arange(head.classes), np.diff(head.starts))
        order = np.lexsort((literals, literals & 1, owner))
        literals = literals[order]
        plain = np.bincount(owner[(literals & 1) == 0], minlength=head.classes).astype(np.int32)
        literals = literals >> 1
    return Layout(groups, runs, wire, literals, plain, head)


def check_scores(head: Head) -> None:
    """Raise BadInput when a class score could leave int32."""
    high = head.offset.astype(np.int64) + np.diff(head.starts)
    if high.max() > np.iinfo(np.int32).max:
        name = head.names[int(high.argmax())]
        raise BadInput(f"the score of class '{name}' can exceed 32 bits", fix="lower its offset")
