"""Robustness: whether a change of each number by at most a radius can give a row another class."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.flows.explain import Change
from lgnc.flows.explain_row import Row
from lgnc.flows.questions.answer import Witness
from lgnc.flows.questions.proofs import Words
from lgnc.flows.questions.rows import Rows
from lgnc.ir.builder import FALSE, TRUE
from lgnc.ir.circuit import Circuit
from lgnc.verify.flip import Point, moved_groups, put_back, row_at
from lgnc.verify.question import Classes, Scene

_DRAWN = 256
"""Rows around the one in question that are run before anything is proven."""

_WORDS = Words(never="safe", ever="flipped", good="safe")


@dataclass(frozen=True)
class Radius:
    """How far each number may move: in its own unit, or in thresholds crossed (steps)."""

    size: Fraction
    steps: bool

    @property
    def text(self) -> str:
        """For people."""
        if self.steps:
            return f"{self.size} threshold step{'s' * (self.size != 1)}"
        return f"{float(self.size):g}"


def radius_of(given: Any, steps: bool) -> Radius:
    """The radius that '0.5', 0.5 or Fraction(1, 2) names. Raises BadInput for other things and negative numbers."""
    fix = "give a whole number of thresholds, such as 1" if steps else "give a number of 0 or more, such as 0.5"
    if given is None:
        raise BadInput("how far numbers may move is not given", where="--radius", fix=fix)
    try:
        near = float(given)
        size = given if isinstance(given, Fraction) else Fraction(str(given)) if near else Fraction(0)
    except (ValueError, TypeError, OverflowError):
        near = math.nan
    if not 0 <= near < math.inf or (steps and size.denominator != 1):
        raise BadInput(f"'{given!s:.40}' is no radius", where="--radius", fix=fix)
    return Radius(size, steps)


def box(rows: Rows, row: Row, radius: Radius) -> tuple[Point, Point]:
    """The lowest and the highest interval that each feature can come to. Categories and missing cells stay."""
    point, space = rows.point(row), rows.space
    lowest, highest = point.copy(), point.copy()
    start = np.concatenate([[0], np.cumsum(space.count)]).tolist()
    for feature in _moving(rows, row):
        at, count = int(point[feature]), int(space.count[feature])
        if radius.steps:
            most = min(int(radius.size), count)
            lowest[feature], highest[feature] = max(0, at - most), min(count - 1, at + most)
            continue
        value, first = Fraction(row[feature].item()), start[feature]
        while at + 1 < count and Fraction(space.low[first + at + 1].item()) - value <= radius.size:
            at += 1
        highest[feature], at = at, int(point[feature])
        while at and value - Fraction(space.high[first + at - 1].item()) <= radius.size:
            at -= 1
        lowest[feature] = at
    return lowest, highest


def _moving(rows: Rows, row: Row) -> Iterator[int]:
    """The features that may move: numbers that are there, and of which a threshold is read."""
    for group in rows.columns.groups:
        if group.missing >= 0 and row[group.missing]:
            continue
        for feature in group.features:
            if feature not in group.one_of and feature != group.missing and rows.space.count[feature] > 1:
                yield feature


class Robust:
    """Whether a row in reach of `row` has another class. fewest: give a witness of few changes, which takes longer."""

    words = _WORDS

    def __init__(self, rows: Rows, row: Row, radius: Radius, subject: str, *, fewest: bool) -> None:
        self.rows, self.row, self.radius, self.subject, self.fewest = rows, row, radius, subject, fewest
        self.lowest, self.highest = box(rows, row, radius)
        self.own = int(rows.classes(row[None])[0])

    def drawn(self, rng: np.random.Generator, deadline: float) -> Witness | None:
        """See `Question`: the corners of what is in reach, and random points of it."""
        points = rng.integers(self.lowest, self.highest, (_DRAWN, len(self.row)), endpoint=True, dtype=np.int32)
        points[0], points[1] = self.lowest, self.highest
        found = row_at(self.rows.space, self.row, points)
        other = np.flatnonzero(self.rows.classes(found) != self.own)
        return self._shown(points[other[0]], deadline) if len(other) else None

    def circuit(self) -> Circuit:
        """See `Question`: an output for each other class that is chosen over the row's own."""
        circuit, space = self.rows.circuits[0], self.rows.space
        scene = Scene(circuit.encoder, self.rows.read[0].tolist())
        start = np.concatenate([[0], np.cumsum(space.count)[:-1]])
        lows, highs = space.low[start + self.lowest], space.high[start + self.highest]
        feature, threshold = circuit.encoder.feature, circuit.encoder.threshold
        always, not_ever = lows[feature] > threshold, highs[feature] <= threshold
        bits = np.where(not_ever, FALSE, np.where(always, TRUE, scene.first)).tolist()
        classes = Classes(scene.build, circuit, bits)
        names = circuit.head.names if circuit.head is not None else ()
        return scene.circuit({name: classes.beats(c, self.own) for c, name in enumerate(names) if c != self.own})

    def witness(self, values: NDArray[Any], deadline: float) -> Witness | None:
        """See `Question`."""
        return self._shown(np.clip(self.rows.point(values), self.lowest, self.highest), deadline)

    def _class_at(self, point: Point) -> int:
        return int(self.rows.classes(row_at(self.rows.space, self.row, point)[None])[0])

    def _shown(self, point: Point, deadline: float) -> Witness | None:
        """The row at a point, which is run: None unless it is in reach and has another class."""
        home, groups = self.rows.point(self.row), self.rows.columns.groups
        if self.fewest and self._class_at(point) != self.own:
            point = put_back(point, home, groups, lambda tried: self._class_at(tried) != self.own, deadline)
        row = row_at(self.rows.space, self.row, point)
        found = int(self.rows.classes(row[None])[0])
        if found == self.own or not self.reaches(row):
            return None
        return Witness((named(self.rows, row),), (class_name(self.rows, found),), changes(self.rows, self.row, row))

    def reaches(self, row: Row) -> bool:
        """Whether every number of a row is within the radius of the row in question, and all else is the same."""
        moved = np.flatnonzero(row != self.row).tolist()
        if not set(moved) <= set(_moving(self.rows, self.row)):
            return False
        if self.radius.steps:
            far = np.abs(self.rows.point(row).astype(np.int64) - self.rows.point(self.row))
            return int(far.max(initial=0)) <= self.radius.size
        return all(
            abs(Fraction(row[each].item()) - Fraction(self.row[each].item())) <= self.radius.size for each in moved
        )


def named(rows: Rows, row: Row) -> dict[str, Any]:
    """A row's features by name; of codes the values in the middle of their steps."""
    quantiser, values = rows.encoder.quantiser, row.tolist()
    if quantiser is not None:
        values = [int(each) if each.is_integer() else each for each in quantiser.values(row[None])[0].tolist()]
    return dict(zip(rows.encoder.names, values, strict=True))


def class_name(rows: Rows, index: int, circuit: int = 0) -> str:
    """The name of a class."""
    head = rows.circuits[circuit].head
    assert head is not None
    return head.names[index]


def changes(rows: Rows, before: Row, after: Row) -> tuple[Change, ...]:
    """The columns in which two rows differ."""
    columns = rows.columns
    places = moved_groups(columns.groups, after, before)
    return tuple(Change(columns.names[k], columns.shown(k, before), columns.shown(k, after)) for k in places)
