"""The smallest change of a row that gives it another class, by SAT: fewest features first, then fewest thresholds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import simulate
from lgnc.verify.graph import AND, Graph
from lgnc.verify.space import Space, build_space, live_nodes
from lgnc.verify.sums import add_up, any_of

Point = NDArray[np.int32]

_CHUNK = 2000
"""Conflicts between two looks at the clock."""

_MOST_STEPS = 400
"""Beyond so many threshold steps, fewer are not looked for."""


@dataclass(frozen=True)
class Group:
    """Features that change together, as one column of a table does.

    features: their places. one_of: at most one of these binary ones is true, and one of them must be where `exactly`.
    missing: the binary feature that says that the cell is missing, or -1; where it is true, a number has the value
    `fill`.
    """

    features: tuple[int, ...]
    one_of: tuple[int, ...] = ()
    exactly: bool = False
    missing: int = -1
    fill: float | int = 0


@dataclass(frozen=True, eq=False)
class Flip:
    """The outcome of a search. at_least: no change of fewer groups gives another class: that is proven.

    point: an interval index per feature that gives another class, or None where none was found. changed: its groups.
    steps: thresholds that its numbers cross. proven: no fewer groups do, and none of as many crosses fewer thresholds
    (`steps_proven`). possible: whether any change at all gives another class, or None where that was not decided.
    """

    at_least: int
    point: Point | None = None
    changed: tuple[int, ...] = ()
    steps: int = 0
    proven: bool = False
    steps_proven: bool = False
    possible: bool | None = None


def feature_space(circuit: Circuit) -> tuple[Space, NDArray[np.int64]]:
    """The intervals of the features between the thresholds that the outputs depend on, and each bit's literal."""
    columns = np.arange(len(circuit.encoder.names))
    space, (literal,) = build_space([circuit.encoder], [columns], [live_nodes(circuit)[: circuit.inputs]])
    return space, literal


def point_of(space: Space, row: NDArray[Any]) -> Point:
    """int32[features]: the interval of every value of a row."""
    start = np.concatenate([[0], np.cumsum(space.count)])
    parts = [np.searchsorted(space.high[a:b], value) for a, b, value in zip(start, start[1:], row, strict=False)]
    return np.minimum(np.array(parts, np.int64), space.count - 1).astype(np.int32)


def bit_intervals(space: Space, row: NDArray[Any], feature: int) -> tuple[int, int]:
    """The intervals of a binary feature's values 0 and 1; they are one where the circuit cannot tell them apart."""
    found = []
    for value in (0, 1):
        there = row.copy()
        there[feature] = value
        found.append(int(point_of(space, there)[feature]))
    return found[0], found[1]


def row_at(space: Space, row: NDArray[Any], point: Point) -> NDArray[Any]:
    """The row at another point: where a feature has left its interval, the value of the new one that is nearest."""
    at = point + np.concatenate([[0], np.cumsum(space.count)[:-1]])
    now = point_of(space, row)
    moved = np.where(point > now, space.low[at], space.high[at])
    return np.where(point == now, row, moved).astype(row.dtype)


def smallest_flip(circuit: Circuit, row: NDArray[Any], groups: Sequence[Group], deadline: float) -> Flip:
    """Search until `deadline` (of `time.perf_counter`) for the smallest change of `row` that changes its class.

    circuit: with a head. row: [features], in the encoder's own type. groups: they hold every feature once.
    """
    search = _Search(circuit, row, groups, deadline)
    try:
        return search.run()
    finally:
        search.solver.delete()


def put_back(
    point: Point, home: Point, groups: Sequence[Group], still: Callable[[Point], bool], deadline: float
) -> Point:
    """`point` with groups put back to where they are at `home`, many at a time, as long as `still` holds of it."""
    size = len(moved_groups(groups, point, home))
    while size:
        for first in range(0, len(moved := moved_groups(groups, point, home)), size):
            if time.perf_counter() > deadline:
                return point
            features = [each for place in moved[first : first + size] for each in groups[place].features]
            tried = point.copy()
            tried[features] = home[features]
            if still(tried):
                point = tried
        size //= 2
    return point


def moved_groups(groups: Sequence[Group], point: NDArray[Any], home: NDArray[Any]) -> tuple[int, ...]:
    """The groups in which two points, or two rows, differ."""
    moved = point != home
    return tuple(place for place, group in enumerate(groups) if moved[list(group.features)].any())


class _Search:
    """One search. Variable k + 1 of the solver is cut k of the space, variable n is node n of the graph."""

    def __init__(self, circuit: Circuit, row: NDArray[Any], groups: Sequence[Group], deadline: float) -> None:
        from pysat.solvers import Glucose4

        self.circuit, self.row, self.groups, self.deadline = circuit, row, groups, deadline
        self.solver: Any = Glucose4()
        self.space, literal = feature_space(circuit)
        self.point = point_of(self.space, row)
        self.cut = self.point[self.space.feature] > self.space.rank
        self.graph = Graph(len(self.cut))
        outputs = self.graph.add_circuit(circuit, literal)
        self.own = self._class_at(self.point)
        self.root = _another_class(self.graph, circuit, outputs, self.own)
        self.top = len(self.graph)
        self._define([self.root])
        self._thermometers()
        self.changed = [self._change(group) for group in groups]
        self.solver.set_phases([k + 1 if value else -(k + 1) for k, value in enumerate(self.cut.tolist())])

    def _class_at(self, point: Point) -> int:
        return int(simulate(self.circuit, row_at(self.space, self.row, point)[None])[1][0])

    def _new(self) -> int:
        """A fresh variable."""
        self.top += 1
        return self.top - 1

    def _define(self, roots: list[int]) -> None:
        """The clauses of every node that the roots depend on."""
        graph, add = self.graph, self.solver.add_clause
        for node in graph.cone(roots):
            p, q = _variable(graph.f0[node]), _variable(graph.f1[node])
            if graph.kind[node] == AND:
                for clause in ([-node, p], [-node, q], [node, -p, -q]):
                    add(clause)
            else:
                for clause in ([-node, p, q], [-node, -p, -q], [node, -p, q], [node, p, -q]):
                    add(clause)

    def _thermometers(self) -> None:
        """A higher threshold's cut implies the lower one's of the same feature; cuts lie feature by feature."""
        feature = self.space.feature
        for k in np.flatnonzero(feature[1:] == feature[:-1]).tolist():
            self.solver.add_clause([-(k + 2), k + 1])

    def _cuts(self, feature: int) -> list[int]:
        """The cuts of a feature, from the lowest."""
        first, last = np.searchsorted(self.space.feature, [feature, feature + 1])
        return list(range(int(first), int(last)))

    def _change(self, group: Group) -> int:
        """The variable that is true where a feature of the group leaves its interval; and what is legal in it."""
        changed = self._new()
        for feature in group.features:
            for k in self._cuts(feature):
                self.solver.add_clause([self._kept(k), changed])
        options = [bit for feature in group.one_of for bit in self._bit(feature)]
        missing = self._bit(group.missing) if group.missing >= 0 else []
        if group.one_of:
            self._at_most_one(options + missing)
            read_all = len(options) == len(group.one_of)
            if group.exactly and read_all and any(self.cut[k - 1] for k in options + missing):
                self.solver.add_clause(options + missing)
        elif missing:
            fill = np.array(self.row)
            for feature in set(group.features) - {group.missing}:
                fill[feature] = group.fill
                at = point_of(self.space, fill)[feature]
                for k in self._cuts(feature):
                    self.solver.add_clause([-missing[0], k + 1 if at > self.space.rank[k] else -(k + 1)])
        return changed

    def _bit(self, feature: int) -> list[int]:
        """The variable that says whether a binary feature is 1 or 0; none where the circuit cannot tell."""
        low, high = bit_intervals(self.space, self.row, feature)
        cuts = self._cuts(feature)
        for k in cuts:
            if not low <= self.space.rank[k] < high:
                self.solver.add_clause([k + 1 if self.space.rank[k] < low else -(k + 1)])
        bits = [k + 1 for k in cuts if low <= self.space.rank[k] < high]
        for one, other in pairwise(bits):
            self.solver.add_clause([-one, other])
        return bits[:1]

    def _kept(self, k: int) -> int:
        """The literal that is true where cut k has the row's own value."""
        return k + 1 if self.cut[k] else -(k + 1)

    def _at_most_one(self, literals: list[int]) -> None:
        """By a ladder: `before` says that one of the literals so far is true."""
        before = 0
        for literal in literals:
            after = self._new()
            self.solver.add_clause([-literal, after])
            if before:
                self.solver.add_clause([-before, -literal])
                self.solver.add_clause([-before, after])
            before = after

    def run(self) -> Flip:
        """Another class with 0, 1, 2 ... changed groups, and then with fewer steps."""
        if self.root < 2:
            return Flip(0, possible=bool(self.root))
        self.solver.add_clause([_variable(self.root)])
        anything = self._solve([])
        if not anything:
            return Flip(1, possible=anything)
        best = self._without_needless(self._found())
        most, fewest, counter = len(self._groups_of(best)), 1, list[int]()
        while fewest < most:
            if fewest >= len(counter):
                counter = self._counter(self.changed, min(2 * fewest + 2, most))
            answer = self._solve([-counter[fewest]])
            if answer is None:
                return Flip(fewest, best, self._groups_of(best), self._steps_of(best), possible=True)
            if answer:
                best = self._found()
                most = len(self._groups_of(best))
            else:
                fewest += 1
        if len(self.changed) > most:
            self.solver.add_clause([-self._counter(self.changed, most)[most]])
        best, steps_proven = self._fewer_steps(best)
        return Flip(most, best, self._groups_of(best), self._steps_of(best), True, steps_proven, True)

    def _without_needless(self, point: Point) -> Point:
        """The point with groups put back, as long as it stays one of another class."""
        return put_back(point, self.point, self.groups, lambda tried: self._class_at(tried) != self.own, self.deadline)

    def _fewer_steps(self, best: Point) -> tuple[Point, bool]:
        """(point, whether none crosses fewer): among as many groups, the one that crosses the fewest thresholds."""
        bound = self._steps_of(best)
        if bound <= 1 or bound > _MOST_STEPS:
            return best, bound <= 1
        counter = self._counter([-self._kept(k) for k in self._stepping()], bound)
        while bound > 1:
            answer = self._solve([-counter[bound - 1]])
            if not answer:
                return best, answer is False
            best = self._found()
            bound = self._steps_of(best)
        return best, True

    def _stepping(self) -> list[int]:
        """The cuts of numbers."""
        flags = {feature for group in self.groups for feature in (*group.one_of, group.missing)}
        return [k for k, feature in enumerate(self.space.feature.tolist()) if feature not in flags]

    def _steps_of(self, point: Point) -> int:
        """The thresholds between a point's numbers and the row's."""
        cut = point[self.space.feature] > self.space.rank
        return int((cut != self.cut)[self._stepping()].sum())

    def _groups_of(self, point: Point) -> tuple[int, ...]:
        return moved_groups(self.groups, point, self.point)

    def _counter(self, literals: list[int], bound: int) -> list[int]:
        """Literals: the k-th is true where more than k of `literals` are, up to the bound."""
        from pysat.card import ITotalizer

        made = ITotalizer(lits=literals, ubound=min(bound, len(literals)), top_id=self.top)
        for clause in made.cnf.clauses:
            self.solver.add_clause(clause)
        self.top = max(self.top, made.top_id + 1)
        counter = list(made.rhs)
        made.delete()
        return counter

    def _solve(self, assumptions: list[int]) -> bool | None:
        while time.perf_counter() < self.deadline:
            self.solver.conf_budget(_CHUNK)
            answer: bool | None = self.solver.solve_limited(assumptions=assumptions)
            if answer is not None:
                return answer
        return None

    def _found(self) -> Point:
        """The point of the solver's model: how many cuts of each feature are true."""
        true = np.array(self.solver.get_model()[: len(self.cut)]) > 0
        return np.bincount(self.space.feature[true], minlength=len(self.space.count)).astype(np.int32)


def _variable(literal: int) -> int:
    """A literal of the graph as the solver has it; constants do not occur in a cone."""
    return -(literal >> 1) if literal & 1 else literal >> 1


def _another_class(graph: Graph, circuit: Circuit, outputs: list[int], own: int) -> int:
    """The literal that is true where the argmax is another class than `own`."""
    head = circuit.head
    assert head is not None
    least, starts = int(head.offset.min()), head.starts.tolist()
    scores = []
    for index, offset in enumerate(head.offset.tolist()):
        columns = {0: list(outputs[starts[index] : starts[index + 1]])}
        for weight in range((offset - least).bit_length()):
            if (offset - least) >> weight & 1:
                columns.setdefault(weight, []).append(1)
        scores.append(add_up(graph, columns))
    width = max(map(len, scores))
    numbers = [bits + [0] * (width - len(bits)) for bits in scores]
    return any_of(graph, (_above(graph, bits, numbers[own], c < own) for c, bits in enumerate(numbers) if c != own))


def _above(graph: Graph, one: list[int], other: list[int], or_equal: bool) -> int:
    """The literal that is true where the number `one` (bits, least significant first) is above `other`, or equal."""
    above = int(or_equal)
    for x, y in zip(one, other, strict=True):
        differ = graph.xor(x, y)
        above = graph.and_(graph.and_(differ, x) ^ 1, graph.and_(differ ^ 1, above) ^ 1) ^ 1
    return above
