"""A head's scores added up in the order in which another circuit does it, so that both adders have the same cells.

A plan only says which bits meet in which full or half adder: whatever it says, the sum of the bits stays what it is.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from lgnc.verify.cells import Cuts, cell_of, parity
from lgnc.verify.graph import Graph


class Step(NamedTuple):
    """An adder in a column: it takes bits by number, and 1 where `one`; it gives a bit of the column and, unless it is
    the last, one of the next. Bits are numbered from the class's literals on, in the order of their making.
    """

    column: int
    bits: tuple[int, ...]
    one: bool


class Adder(NamedTuple):
    """An adder that was found: literals of a graph. high: None in the last column."""

    column: int
    inputs: tuple[int, ...]
    one: bool
    low: int
    high: int | None


def find_plan(graph: Graph, cuts: Cuts, word: Sequence[int], literals: Sequence[int], constant: int) -> list[Step] | None:
    """How `word` (lowest bit first) adds up `literals` and a constant, modulo 2 ** len(word); None if that is not seen."""
    work = _Backwards(graph, cuts, word, literals)
    if not work.run():
        return None
    if (work.constant - constant) % (1 << len(word)):
        return None
    return _forwards(work.found[::-1], literals)


def _forwards(adders: Sequence[Adder], literals: Sequence[int]) -> list[Step]:
    """The adders by the numbers of the bits that they take."""
    there: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, literal in enumerate(literals):
        there[0, literal].append(number)
    count, steps = len(literals), []
    for adder in adders:
        bits = tuple(there[adder.column, literal].pop(0) for literal in adder.inputs)
        steps.append(Step(adder.column, bits, adder.one))
        there[adder.column, adder.low].append(count)
        count += 1
        if adder.high is not None:
            there[adder.column + 1, adder.high].append(count)
            count += 1
    return steps


class _Backwards:
    """Takes a word apart, the latest node first: bits[column] holds literals of weight 2 ** column still there."""

    def __init__(self, graph: Graph, cuts: Cuts, word: Sequence[int], literals: Sequence[int]) -> None:
        self.graph, self.cuts, self.width = graph, cuts, len(word)
        self.bits: list[Counter[int]] = [Counter() for _ in word]
        self.wanted = Counter(literals)
        self.by_leaves: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
        self.queue: list[tuple[int, int, int]] = []
        self.constant, self.found = 0, list[Adder]()
        for column, literal in enumerate(word):
            self._put(column, literal)

    def run(self) -> bool:
        """Whether everything was taken apart down to the literals that are wanted."""
        self._sign()
        while self.queue:
            node, column, literal = heapq.heappop(self.queue)
            if not self.bits[column][literal]:
                continue
            if column == 0 and self.wanted[literal]:
                self.wanted[literal] -= 1
                self.bits[0][literal] -= 1
            elif not self._split(column, literal, -node):
                return False
        return not any(self.wanted.values())

    def _put(self, column: int, literal: int) -> None:
        if literal < 2:
            self.constant += literal << column
            return
        self.bits[column][literal] += 1
        heapq.heappush(self.queue, (-(literal >> 1), column, literal))
        for leaves in self.cuts.of(literal >> 1):
            self.by_leaves[column, leaves].append(literal)

    def _sign(self) -> None:
        """Take a sign apart that stands in several last columns: ~x in all of them is x - 1 in the first one."""
        top = self.width - 1
        repeated = [literal for literal in self.bits[top] if top and self.bits[top - 1][literal]]
        if not repeated:
            return
        sign, column, high = repeated[0], top, None
        while column >= 0 and self.bits[column][sign]:
            self._replace(Adder(column, (sign ^ 1,), True, sign, high))
            column, high = column - 1, sign ^ 1

    def _split(self, column: int, literal: int, node: int) -> bool:
        """Find the adder whose sum or carry a literal is, and take it out of the word."""
        for leaves, table in self.cuts.of(node).items():
            if len(leaves) == 1:
                continue
            found = self._as_low(column, literal, leaves, table) or self._as_high(column, literal, leaves, table)
            if found is not None:
                self._replace(found)
                return True
        return False

    def _own(self, literal: int, leaves: tuple[int, ...], table: int) -> int:
        return table ^ ((1 << (1 << len(leaves))) - 1) if literal & 1 else table

    def _as_low(self, column: int, literal: int, leaves: tuple[int, ...], table: int) -> Adder | None:
        low = self._own(literal, leaves, table)
        odd = parity(len(leaves), low)
        if odd is None:
            return None
        if column == self.width - 1:
            return Adder(column, tuple(2 * leaf for leaf in leaves), bool(odd), literal, None) if len(leaves) == 2 else None
        return self._pair(column, leaves, literal, None)

    def _as_high(self, column: int, literal: int, leaves: tuple[int, ...], table: int) -> Adder | None:
        return self._pair(column - 1, leaves, None, literal) if column and parity(len(leaves), table) is None else None

    def _pair(self, column: int, leaves: tuple[int, ...], low: int | None, high: int | None) -> Adder | None:
        """The adder over some leaves of which one output is given and the other is there."""
        lows = [low] if low is not None else self.by_leaves[column, leaves]
        highs = [high] if high is not None else self.by_leaves[column + 1, leaves]
        for x in lows:
            for y in highs:
                if not (self.bits[column][x] and self.bits[column + 1][y]):
                    continue
                tables = (self._own(each, leaves, self.cuts.of(each >> 1)[leaves]) for each in (x, y))
                cell = cell_of(len(leaves), *tables)
                if cell is not None:
                    inputs = tuple(2 * leaf + turned for leaf, turned in zip(leaves, cell.inverted, strict=True))
                    return Adder(column, inputs, cell.one, x, y)
        return None

    def _replace(self, adder: Adder) -> None:
        self.found.append(adder)
        self.bits[adder.column][adder.low] -= 1
        if adder.high is not None:
            self.bits[adder.column + 1][adder.high] -= 1
        self.constant += adder.one << adder.column
        for literal in adder.inputs:
            self._put(adder.column, literal)
