"""`lgnc.explain`: why a row has its class: what carries it, and the smallest change that gives it another."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.explain_row import Columns, Row, columns_of, given_row, rows_of_data, the_row
from lgnc.flows.things import Thing, source_of, tell
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import encode, pack, simulate, simulate_outputs, unpack
from lgnc.verify.flip import Flip, Group, bit_intervals, feature_space, point_of, row_at, smallest_flip
from lgnc.verify.space import Space

_VARIANTS = 4096
"""Of a row, that are simulated at a time."""


@dataclass(frozen=True)
class Carried:
    """What one column does for a class. name, value: the column and what the row has in it.

    supports: how far the margin falls at the column's worst value, all else as it is; opposes: how far it rises at its
    best. to: that worst value, and flips: whether it alone gives another class.
    """

    name: str
    value: str
    supports: int
    opposes: int
    to: str
    flips: bool


@dataclass(frozen=True)
class Change:
    """One column of the smallest change: its name, the row's value, and the value that it takes instead."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a row has its class. A margin is the class's score minus the highest other one.

    found, second: the class and the one with the next score. label: the row's own, where it is known. scores: of each
    class; literals: of each class, [true ones, all], the votes that its score counts. carried: the columns by what
    they support. change: the smallest change that gives `change_to`, replayed on the circuit, empty where there is
    none or none was found; steps: thresholds that its numbers cross. verdict: 'proven' (no smaller one), 'found' (a
    smaller one was not ruled out), 'impossible' (proven: none gives another class), 'undecided' (time was up).
    at_least: columns that have to change, proven. steps_proven: no change of as many columns crosses fewer thresholds.
    """

    found: str
    second: str
    label: str | None
    margin: int
    scores: dict[str, int]
    literals: dict[str, list[int]]
    carried: tuple[Carried, ...]
    verdict: str
    change: tuple[Change, ...]
    change_to: str | None
    at_least: int
    steps: int
    steps_proven: bool
    seconds: float

    def __repr__(self) -> str:
        changed = ", ".join(f"{each.name}: {each.before} -> {each.after}" for each in self.change)
        then = f"; {changed} makes it {self.change_to!r} ({self.verdict})" if self.change else f"; {self.verdict}"
        return f"<{self.found!r}, {self.margin} ahead of {self.second!r}{then}>"


def explain(
    thing: Thing,
    row: Any = None,
    *,
    data: str | os.PathLike[str] | None = None,
    number: int = 0,
    split: str = "test",
    label: str | None = None,
    time_limit: float = 10.0,
    max_memory: int | None = None,
) -> Explanation:
    """Why a model or circuit gives a row its class.

    row: its values: a sequence, a dict by column, or text with commas. data, number, split: in place of it, row
    `number`, from 0, of the split ('test', 'train', 'all') of a data set, or with split 'file' of a file in its own
    order. label: the label's column. time_limit: seconds for the search of the smallest change.

    A table's column counts once, whatever features it became. Raises BadInput for a circuit without classes and for
    values that do not fit.
    """
    started = time.perf_counter()
    source = source_of(thing)
    tell(source.notes)
    circuit = source.circuit
    where = os.fspath(thing) if isinstance(thing, str | os.PathLike) else "circuit"
    if circuit.head is None or circuit.head.classes < 2:
        raise BadInput("has no classes to choose from", where=where, fix="give a model, or a circuit with a head")
    if (row is None) == (data is None):
        raise BadInput("the row is given by its values, or by data and a number", where="row", fix="give one of them")
    meta = {} if source.model is None else source.model.meta
    if row is not None:
        values, truth = given_row(circuit.encoder, meta, row), None
    else:
        found = rows_of_data(circuit, meta, os.fspath(data or ""), split, label, max_memory)
        values, truth = the_row(*found, number, os.fspath(data or ""))
    columns = columns_of(circuit.encoder, meta, where)
    searched = smallest_flip(circuit, values, columns.groups, time.perf_counter() + time_limit)
    return _explanation(circuit, columns, values, truth, searched, started)


def _explanation(
    circuit: Circuit, columns: Columns, row: Row, truth: str | None, flip: Flip, started: float
) -> Explanation:
    head = circuit.head
    assert head is not None
    scores, classes = simulate(circuit, row[None])
    own = int(classes[0])
    second = _second(scores[0], own)
    changed, new = [], None
    if flip.point is not None:
        new = legal_row(columns.groups, feature_space(circuit)[0], row, flip)
        after = int(simulate(circuit, new[None])[1][0])
        if after == own:
            raise Failed("the change that was found does not replay", where="explain", fix="please report this")
        changed = [Change(columns.names[k], columns.shown(k, row), columns.shown(k, new)) for k in flip.changed]
    outputs = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, row[None]))), 1)[0]
    votes = {
        name: [int(outputs[a:b].sum()), int(b - a)]
        for name, a, b in zip(head.names, head.starts, head.starts[1:], strict=False)
    }
    return Explanation(
        found=head.names[own],
        second=head.names[second],
        label=truth,
        margin=int(scores[0, own] - scores[0, second]),
        scores=dict(zip(head.names, scores[0].tolist(), strict=True)),
        literals=votes,
        carried=_carried(circuit, columns, row, own),
        verdict="impossible" if flip.possible is False else "undecided" if new is None else _how(flip),
        change=tuple(changed),
        change_to=None if new is None else head.names[after],
        at_least=flip.at_least,
        steps=flip.steps,
        steps_proven=flip.steps_proven,
        seconds=time.perf_counter() - started,
    )


def _how(flip: Flip) -> str:
    return "proven" if flip.proven else "found"


def _second(scores: NDArray[np.int32], own: int) -> int:
    others = scores.astype(np.int64)
    others[own] = np.iinfo(np.int64).min
    return int(others.argmax())


def legal_row(groups: tuple[Group, ...], space: Space, row: Row, flip: Flip) -> Row:
    """The row at a flip's point, what the circuit does not read of the changed columns made to fit."""
    assert flip.point is not None
    new = row_at(space, row, flip.point)
    for group in (groups[place] for place in flip.changed):
        low, high = {}, {}
        for each in (*group.one_of, *([group.missing] if group.missing >= 0 else [])):
            low[each], high[each] = bit_intervals(space, row, each)
        read = {each for each in low if low[each] < high[each]}
        gone = group.missing in read and flip.point[group.missing] == high[group.missing]
        if group.missing >= 0:
            new[group.missing] = gone
        if group.one_of:
            chosen = [each for each in group.one_of if each in read and flip.point[each] == high[each]]
            unread = [each for each in group.one_of if each not in read]
            new[list(group.one_of)] = 0
            if not gone and (chosen or unread):
                new[(chosen or unread)[0]] = 1
        elif gone:
            new[[each for each in group.features if each != group.missing]] = group.fill
    return new


def _carried(circuit: Circuit, columns: Columns, row: Row, own: int) -> tuple[Carried, ...]:
    """Every column that moves the margin by itself, those that support the class most first."""
    space, _ = feature_space(circuit)
    variants = [(k, each) for k, group in enumerate(columns.groups) for each in _variants(group, space, row)]
    margins = np.zeros(len(variants), np.int64)
    flips = np.zeros(len(variants), np.bool_)
    for first in range(0, len(variants), _VARIANTS):
        part = variants[first : first + _VARIANTS]
        x = np.repeat(row[None], len(part), axis=0)
        for place, (_, values) in enumerate(part):
            x[place, list(values)] = list(values.values())
        scores, classes = simulate(circuit, x)
        margins[first : first + len(part)] = _margins(scores, own)
        flips[first : first + len(part)] = classes != own
    base = int(_margins(simulate(circuit, row[None])[0], own)[0])
    owner = np.array([k for k, _ in variants], np.int64)
    found = []
    for k in np.unique(owner).tolist():
        places = np.flatnonzero(owner == k)
        worst = places[margins[places].argmin()]
        supports, opposes = max(base - int(margins[worst]), 0), max(int(margins[places].max()) - base, 0)
        if supports or opposes:
            there = row.copy()
            there[list(variants[worst][1])] = list(variants[worst][1].values())
            shown = columns.shown(k, row), columns.shown(k, there)
            found.append(Carried(columns.names[k], shown[0], supports, opposes, shown[1], bool(flips[places].any())))
    return tuple(sorted(found, key=lambda each: (-each.supports, each.opposes)))


def _margins(scores: NDArray[np.int32], own: int) -> NDArray[np.int64]:
    """int64[n]: the score of class `own` minus the highest other one."""
    wide = scores.astype(np.int64)
    return np.asarray(wide[:, own] - np.delete(wide, own, axis=1).max(axis=1))


def _variants(group: Group, space: Space, row: Row) -> Iterator[dict[int, Any]]:
    """Feature -> value, for every other value of a column that the circuit can tell apart."""
    numbers = [each for each in group.features if each not in group.one_of and each != group.missing]
    read = [each for each in group.features if space.count[each] > 1]
    if not read:
        return
    cleared: dict[int, Any] = dict.fromkeys(group.one_of, 0)
    if group.missing >= 0:
        cleared[group.missing] = 0
        yield {**cleared, group.missing: 1, **dict.fromkeys(numbers, group.fill)}
    for option in group.one_of:
        if not row[option]:
            yield {**cleared, option: 1}
    now = point_of(space, row)
    for feature in numbers:
        for index in range(int(space.count[feature])):
            if index != now[feature]:
                point = now.copy()
                point[feature] = index
                yield {**cleared, feature: row_at(space, row, point)[feature]}
