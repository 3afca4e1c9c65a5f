"""The rows that a network can be given, as points between thresholds: drawn at random, or made to be read by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.flows.explain_row import Columns, Row
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.simulate import simulate
from lgnc.verify.flip import Group, Point, bit_intervals, point_of, row_at
from lgnc.verify.space import Space, build_space, live_nodes

MISSING_SHARE = 0.1
"""Of drawn rows' cells that can be missing."""


class Rows:
    """circuits: one or more over the same features, in one order. columns: what a table's row must be like.

    space: the intervals between the thresholds that any of them reads. read: for each circuit, its bits that count.
    """

    def __init__(self, circuits: Sequence[Circuit], columns: Columns) -> None:
        self.circuits, self.columns = circuits, columns
        encoders = [circuit.encoder for circuit in circuits]
        self.read = [live_nodes(circuit)[: circuit.inputs] for circuit in circuits]
        order = np.arange(len(encoders[0].names))
        self.space: Space = build_space(encoders, [order] * len(encoders), self.read)[0]
        self.encoder: Encoder = encoders[0]
        self.flags = self._flags()
        self.usual = self._usual()

    def _usual(self) -> Row:
        """A row to stay near to: medians of a table's numbers, else zeros."""
        row = np.zeros(len(self.encoder.names), self.encoder.dtype)
        for group in self.columns.groups:
            row[_numbers(group)] = group.fill
        return row

    def _flags(self) -> dict[int, int]:
        """For each feature that is 0 or 1 and read: the highest interval in which it counts as 0."""
        row = np.zeros(len(self.encoder.names), self.encoder.dtype)
        flags = {each for group in self.columns.groups for each in (*group.one_of, group.missing) if each >= 0}
        both = {each: bit_intervals(self.space, row, each) for each in sorted(flags)}
        return {each: low for each, (low, high) in both.items() if low < high}

    def classes(self, rows: NDArray[Any], circuit: int = 0) -> NDArray[np.int64]:
        """int64[n]: the classes of rows [n, features], by the meaning of gates and heads (`lgnc.ir.simulate`)."""
        return simulate(self.circuits[circuit], rows)[1]

    def point(self, row: Row) -> Point:
        """The interval of each of its values."""
        return point_of(self.space, row)

    def at(self, point: Point, near: Row) -> Row:
        """The row at a point that is nearest to `near`, and what a table can hold where the point is."""
        row = row_at(self.space, near, point)
        for group in self.columns.groups:
            named = {each for each in (*group.one_of, group.missing) if each >= 0}
            if not named:
                continue
            chosen = [each for each in named if each in self.flags and point[each] > self.flags[each]]
            kept = [each for each in named if each not in self.flags and near[each]]
            row[list(named)] = 0
            row[(chosen or kept)[:1]] = 1
            if group.missing >= 0 and row[group.missing]:
                row[_numbers(group)] = group.fill
        return row

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[Any]:
        """[n, features]: random rows, each value the least or the greatest of an interval."""
        rows = self.space.values(self.space.points(n, rng), rng).astype(self.encoder.dtype)
        for group in self.columns.groups:
            if not group.one_of and group.missing < 0:
                continue
            options, numbers = np.array(group.one_of, np.int64), _numbers(group)
            rows[:, options] = 0
            if len(options):
                rows[np.arange(n), rng.choice(options, n)] = 1
            if group.missing >= 0:
                gone = np.flatnonzero(rng.random(n) < MISSING_SHARE)
                rows[:, group.missing] = 0
                rows[gone, group.missing] = 1
                rows[gone[:, None], options] = 0
                rows[gone[:, None], numbers] = np.array(group.fill, self.encoder.dtype)
        return rows

    def is_legal(self, row: Row) -> bool:
        """Whether a table can have the row."""
        for group in self.columns.groups:
            named = [*group.one_of, *([group.missing] if group.missing >= 0 else [])]
            if named and (not np.isin(row[named], (0, 1)).all() or row[named].sum() > 1):
                return False
            gone = group.missing >= 0 and row[group.missing]
            if gone and (row[_numbers(group)] != row.dtype.type(group.fill)).any():
                return False
        return True


def _numbers(group: Group) -> NDArray[np.int64]:
    """The features of a column that are numbers, not flags."""
    return np.array([each for each in group.features if each not in group.one_of and each != group.missing], np.int64)
