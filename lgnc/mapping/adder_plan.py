"""Which ripple adders count columns of bits where a place of a carry chain is one table of four inputs.

A place adds two bits of its column to the carry. A cell before the first place starts the carry with a third bit of
the lowest column, and one behind the last shows the carry. Where adders share chains these two are one, a link, between
an adder and the next. A full adder alone is two tables. So what counts is how often a carry goes on: each full adder
of a column higher up in the adder of one below it saves a table. `plan_adders` looks for few adders in few stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple


class Adder(NamedTuple):
    """takes: bits of the columns from `column` on, up to three of the first and two of the others.

    chained: False for three bits in two tables. open: whether the last carry is a bit of the next column.
    """

    column: int
    takes: tuple[int, ...]
    chained: bool
    open: bool = True


class Plan(NamedTuple):
    """tables: gates of the first column that get tables before. stages: of adders, which read what is there before the
    stage. price: tables.
    """

    tables: int
    stages: list[list[Adder]]
    price: int


class _Style(NamedTuple):
    """rounds: stages in which links and places compute gates. share: of full adders that no carry goes on from, those
    that are made at once; others wait for bits of the next column."""

    rounds: int
    share: float


_STYLES = [_Style(*each) for each in product((1, 2, 3), (1.0, 0.75, 0.6, 0.45, 0.3))]

_ALONE = 3
"""Fewest places of an adder with a chain of its own that is cheaper than full adders."""

_STAGE = 1
"""Tables that a stage less is worth."""


def plan_adders(counts: Sequence[int], gates: int = 0, *, shared: bool = True) -> Plan:
    """Adders that bring `counts`, bits of each column, to one bit each; carries out of the last column drop.

    gates: how many bits of the first column are gates that links and places can compute: two of the three that an
    adder takes there. shared: whether adders share chains.
    """
    plans = [_plan(list(counts), gates, style, shared) for style in _STYLES]
    return min(plans, key=lambda plan: plan.price + _STAGE * len(plan.stages))


def _plan(counts: list[int], gates: int, style: _Style, shared: bool) -> Plan:
    tables = 0
    if gates:
        # k rounds from r wires take 2 r k gates, if each gives back the wires that it takes
        ready = counts[0] - gates
        tables = min(gates, max(0, -(-(gates - 2 * style.rounds * ready) // (2 * style.rounds + 1))))
        gates -= tables
    stages, price = [], tables
    while (last := _last(counts, gates)) is None:
        adders, gates = _stage(counts, gates, style.share, shared)
        if not adders:  # gates and no wire to add them to
            tables, price, gates = tables + gates, price + gates, 0
            continue
        counts = _after(counts, adders)
        stages.append(adders)
        price += sum(_price(each, shared) for each in adders)
    if last.takes:
        stages.append([last])
        price += _price(last, shared)
    return Plan(tables, stages, price)


def _price(adder: Adder, shared: bool) -> int:
    """Cells: places and, beside them, a link, or what starts the carry and what shows it."""
    return len(adder.takes) + (1 if shared or not adder.chained else 1 + adder.open)


def _last(counts: Sequence[int], gates: int) -> Adder | None:
    """The one adder that ends it, or None while there is more than it takes; without bits where nothing is left."""
    lowest = next((column for column, count in enumerate(counts) if count > 1), None)
    if gates:
        return None
    if lowest is None:
        return Adder(0, (), chained=False)
    if counts[lowest] > 3 or max(counts[lowest + 1 :], default=0) > 2:
        return None
    return Adder(lowest, tuple(counts[lowest:]), chained=True, open=False)


def _stage(counts: Sequence[int], gates: int, share: float, shared: bool) -> tuple[list[Adder], int]:
    """(adders that read what is there now, gates of the first column that are left)."""
    left, made = list(counts), list[Adder]()
    for column in range(len(left)):
        lone = None
        while left[column] >= 3:
            taken = min(2, gates) if column == 0 else 0
            if column == 0 and left[0] == gates:
                break  # no wire to add them to
            at = column + 1
            while at < len(left) and left[at] >= 2:
                at += 1
            if not shared and at < len(left) and at - column < _ALONE:
                at = column + 1
            takes = [3] + [2] * (at - column - 1)
            for above in range(column + 1, at):
                left[above] -= 2
            if len(takes) == 1 and not taken:
                lone = max(1, round(share * (left[column] // 3))) if lone is None else lone - 1
                if not lone:
                    break
            left[column] -= 3
            gates -= taken
            made.append(Adder(column, tuple(takes), len(takes) > 1 or taken > 0, at < len(left)))
    return made, gates


def _after(counts: Sequence[int], adders: Sequence[Adder]) -> list[int]:
    after = list(counts)
    for adder in adders:
        for at, take in enumerate(adder.takes, adder.column):
            after[at] += 1 - take
        if adder.open:
            after[adder.column + len(adder.takes)] += 1
    return after
