"""Which counters add up columns of bits with carry chains: stage after stage, until one bit is left of each column.

A place of a chain adds up to two bits of its column to the carry, in one table of six inputs with two outputs. Two
places take six bits of one column: the first adds one of them to the parity of the other five, and what those five
carry, 0, 1 or 2, is what the second place adds. With a seventh bit as the carry in, two tables take four bits away;
on a chain that goes on, six bits two columns higher do the same. M. Kumm, P. Zipf, "Efficient High Speed Compression
Trees on Xilinx FPGAs", MBMV 2014, lists such counters; (6,0,7;5) is the one that fills a CARRY4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

PAIR, SINGLE, ADDER = 6, 2, 3
"""Most bits that two places take of one column, and that one place takes, carry not counted; and that a full adder of
one table with two outputs adds."""

_LEAST = 4
"""Fewest bits for which two places are used."""


class Counter(NamedTuple):
    """takes: bits of the columns from `column` on, one number for each one or two places of a chain.

    The first includes the carry in. More than three take two places, and so two columns. chained: False for three
    bits, or two, in a table with two outputs and no chain.
    """

    column: int
    takes: tuple[int, ...]
    chained: bool = True

    def widths(self) -> list[int]:
        """Places of each number of `takes`."""
        return [2 if take >= _LEAST else 1 for take in self.takes]


class Plan(NamedTuple):
    """stages: counters that read what is there before the stage. price: tables, and carries that leave chains.

    A carry that leaves beside a sum of the same place takes one more place of a slice to come out.
    """

    stages: list[list[Counter]]
    price: int


class _Style(NamedTuple):
    """start: fewest bits that a chain is begun for. places: of a chain at most. extend: fewest bits of a later column
    that two more places take."""

    start: int
    places: int
    extend: int


_STYLES = [_Style(*each) for each in product((5, 6, 7), (2, 4, 8), (4, 5, 6))]


def plan_counters(counts: Sequence[int]) -> Plan:
    """Counters that bring `counts`, bits of each column, to one bit each; carries out of the last column drop.

    The cheapest of what some rules of thumb give, the one with fewer stages of those that are alike.
    """
    plans = [_plan(list(counts), style) for style in _STYLES]
    return min(plans, key=lambda plan: (plan.price, len(plan.stages)))


def _plan(counts: list[int], style: _Style) -> Plan:
    stages, price = [], 0
    while max(counts, default=0) > ADDER:
        counters, counts = _chains(counts, style)
        if not counters:
            break
        stages.append(counters)
        price += sum(_price(each, len(counts)) for each in counters)
    while adders := _adders(counts):
        counts = _after(counts, adders)
        stages.append(adders)
        price += len(adders)
    last = _ripple(counts)
    if last is not None:
        stages.append([last])
        price += len(last.takes)
    return Plan(stages, price)


def _price(counter: Counter, columns: int) -> int:
    places = sum(counter.widths())
    return places + (counter.column + places < columns)


def _chains(counts: list[int], style: _Style) -> tuple[list[Counter], list[int]]:
    """(a stage of chains, the counts after it)."""
    left, made = list(counts), []
    for column in range(len(left)):
        while left[column] >= style.start:
            takes, at, places = [min(PAIR + 1, left[column])], column + 2, 2
            left[column] -= takes[0]
            while at < len(left) and places + 2 <= style.places and left[at] >= style.extend:
                takes.append(min(PAIR, left[at]))
                left[at] -= takes[-1]
                at, places = at + 2, places + 2
            made.append(Counter(column, tuple(takes)))
    return made, _after(counts, made)


def _after(counts: Sequence[int], counters: Sequence[Counter]) -> list[int]:
    """The counts once counters have taken bits and given theirs."""
    after = [*counts, *([0] * 4)]
    for counter in counters:
        at = counter.column
        for take, width in zip(counter.takes, counter.widths(), strict=True):
            after[at] -= take
            for place in range(at, min(at + width, len(counts))):
                after[place] += 1
            at += width
        after[min(at, len(counts))] += 1
    return after[: len(counts)]


def _adders(counts: Sequence[int]) -> list[Counter]:
    """Full adders without chains for columns of more bits than the last adder takes: two, and three where it begins."""
    lowest = next((column for column, count in enumerate(counts) if count > 1), len(counts))
    made = []
    for column, count in enumerate(counts):
        while count > ADDER or (count == ADDER and column != lowest):
            made.append(Counter(column, (ADDER,), False))
            count -= ADDER
    return made


def _ripple(counts: Sequence[int]) -> Counter | None:
    """The adder of the last two bits of each column, from the lowest such column to the top."""
    lowest = next((column for column, count in enumerate(counts) if count > 1), None)
    return None if lowest is None else Counter(lowest, tuple(counts[lowest:]))
