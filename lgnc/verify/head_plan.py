"""A head's scores added up in the order in which another circuit does it, so that both adders have the same cells.

A plan only says which bits meet in which full or half adder: whatever it says, the sum of the bits stays what it is.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from lgnc.verify.cells import Cuts, cell_of, may_be_sum, parity
from lgnc.verify.graph import AND, XOR, Graph

AFTER, AHEAD = 1, 2


class Step(NamedTuple):
    """An adder in a column: it takes bits by number, and 1 unless `one` is 0; it gives a bit of the column and, but for
    the last column, one of the next. Bits are numbered from the class's literals on, in the order of their making.

    one: 1 where the constant is taken after the bits, 2 where ahead of them: other gates, the same sum.
    """

    column: int
    bits: tuple[int, ...]
    one: int


class Stage(NamedTuple):
    """A sum modulo 2 ** width that is below that: of the class's literals, or of the bits of the stage before."""

    width: int
    constant: int
    steps: list[Step]


class Adder(NamedTuple):
    """An adder that was found: literals of a graph. low: None where it is 0. high: None in the last column."""

    column: int
    inputs: tuple[int, ...]
    one: int
    low: int | None
    high: int | None


def find_plan(graph: Graph, cuts: Cuts, word: Sequence[int], literals: Sequence[int]) -> list[Stage] | None:
    """How `word` (lowest bit first) adds up `literals` and a constant, stage by stage; None where that is not seen.

    Literals of constants are left out: the constants of the stages make up for them.
    """
    stages: list[Stage] = []
    wanted = Counter({(0, literal): times for literal, times in Counter(literals).items()})
    while True:
        work = _Backwards(graph, cuts, word, wanted, apart=True)
        below = work.run()
        if below is None:
            work = _Backwards(graph, cuts, word, wanted, apart=False)
            below = work.run()
        if below is None:
            return None
        first = [(0, literal) for literal in literals] if not below else list(enumerate(below))
        stages.append(Stage(len(word), work.constant % (1 << len(word)), _forwards(work.found[::-1], first)))
        if not below:
            return stages[::-1]
        word = below


def _forwards(adders: Sequence[Adder], bits: Sequence[tuple[int, int]]) -> list[Step]:
    """The adders by the numbers of the bits that they take; bits: (column, literal) of those that are there first."""
    there: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, bit in enumerate(bits):
        there[bit].append(number)
    count, steps = len(bits), []
    for adder in adders:
        taken = tuple(there[adder.column, literal].pop(0) for literal in adder.inputs)
        steps.append(Step(adder.column, taken, adder.one))
        if adder.low is not None:
            there[adder.column, adder.low].append(count)
        count += 1
        if adder.high is not None:
            there[adder.column + 1, adder.high].append(count)
            count += 1
    return steps


class _Backwards:
    """Takes a word apart, the latest node first: bits[column] holds literals of weight 2 ** column still there.

    apart: whether the XOR of two half adders' carries is two bits, never the carry of a full adder.
    """

    def __init__(
        self, graph: Graph, cuts: Cuts, word: Sequence[int], wanted: Counter[tuple[int, int]], apart: bool
    ) -> None:
        self.graph, self.cuts, self.width, self.apart = graph, cuts, len(word), apart
        self.bits: list[Counter[int]] = [Counter() for _ in word]
        self.wanted, self.given = Counter(wanted), wanted.total()
        self.by_leaves: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
        self.queue: list[tuple[int, int, int]] = []
        self.stuck: list[tuple[int, int, int]] = []
        self.constant, self.found = 0, list[Adder]()
        self.sizes, self.crowded = [0] * len(word), 0
        for column, literal in enumerate(word):
            self._put(column, literal)

    def run(self) -> list[int] | None:
        """[] once only the literals that are wanted are left, each as often; the bits of a word to which a constant was
        added, or whose carry was dropped; None where none of these is seen.
        """
        self._sign()
        while self.queue:
            each = heapq.heappop(self.queue)
            node, column, literal = each
            if not self.bits[column][literal] or self._taken(column, literal):
                continue
            if self._split(column, literal, -node):
                if self.constant and (below := self._whole()):
                    return below
                for again in self.stuck:
                    heapq.heappush(self.queue, again)
                self.stuck = []
            else:
                self.stuck.append(each)
        if not any(self.sizes):
            return None if any(self.wanted.values()) else []
        left = self._whole()
        while left and not left[-1]:
            left.pop()
        return left if 0 < len(left) < self.width else None

    def _taken(self, column: int, literal: int) -> bool:
        """Whether a bit is one that is wanted, which is then no longer so."""
        if not self.wanted[column, literal]:
            if column and self.wanted[0, literal] > 1:
                self._replace(Adder(column - 1, (literal, literal), 0, None, literal))
                return True
            return False
        self.wanted[column, literal] -= 1
        self._count(column, literal, -1)
        return True

    def _whole(self) -> list[int]:
        """The bits that are left, from the lowest column up, 0 where a column has none; nothing where one has several,
        or literals were taken.
        """
        if self.crowded or self.wanted.total() != self.given:
            return []
        return [next(iter(+each), 0) for each in self.bits]

    def _count(self, column: int, literal: int, times: int) -> None:
        """Add a bit, or take it away."""
        self.bits[column][literal] += times
        self.sizes[column] += times
        self.crowded += times * (self.sizes[column] == 2 if times > 0 else self.sizes[column] == 1)

    def _put(self, column: int, literal: int) -> None:
        if literal < 2:
            self.constant += literal << column
            return
        self._count(column, literal, 1)
        heapq.heappush(self.queue, (-(literal >> 1), column, literal))
        for leaves in self.cuts.of(literal >> 1):
            self.by_leaves[column, leaves].append(literal)

    def _sign(self) -> None:
        """Take a sign apart that stands in several last columns: ~x in all of them is x - 1 in the first one."""
        top = self.width - 1
        repeated = [literal for literal in self.bits[top] if top and self.bits[top - 1][literal]]
        if not repeated:
            return
        sign, column = repeated[0], top
        while column >= 0 and self.bits[column][sign]:
            self._replace(Adder(column, (sign ^ 1,), AFTER, sign, None if column == top else sign ^ 1))
            column -= 1

    def _split(self, column: int, literal: int, node: int) -> bool:
        """Find the adder whose sum or carry a literal is, and take it out of the word."""
        for leaves, table in self.cuts.of(node).items():
            if len(leaves) == 1:
                continue
            own = _own(literal, leaves, table)
            found = None
            if column == self.width - 1:
                odd = parity(len(leaves), own)
                if odd is not None:
                    found = Adder(column, tuple(2 * leaf for leaf in leaves), odd, literal, None)
            elif may_be_sum(len(leaves), own):
                found = self._pair(column, leaves, [literal], self.by_leaves[column + 1, leaves])
            if found is None and column:
                found = self._pair(column - 1, leaves, self.by_leaves[column - 1, leaves], [literal])
            if found is not None:
                self._replace(found)
                return True
        if column + 1 < self.width and self.bits[column + 1][literal ^ 1]:
            self._replace(Adder(column, (literal ^ 1,), AFTER, literal, literal ^ 1))
            return True
        return False

    def _pair(self, column: int, leaves: tuple[int, ...], lows: Sequence[int], highs: Sequence[int]) -> Adder | None:
        """The adder over some leaves whose two outputs are there; in the last column a bit counts as its inverse does,
        but for a constant.
        """
        for x in lows:
            for y in highs:
                if not (self.bits[column][x] and self.bits[column + 1][y]) or self._two_carries(leaves, y):
                    continue
                low, high = (_own(each, leaves, self.cuts.of(each >> 1)[leaves]) for each in (x, y))
                cell = cell_of(len(leaves), low, high)
                if cell is None and column + 2 == self.width:
                    cell = cell_of(len(leaves), low, high ^ ((1 << (1 << len(leaves))) - 1))
                    if cell is not None:
                        self._replace(Adder(column + 1, (y ^ 1,), AFTER, y, None))
                        y ^= 1
                if cell is not None:
                    inputs = tuple(2 * leaves[k] + turned for k, turned in cell.inputs)
                    if cell.one and (ahead := self._read_by_carry(inputs, y)):
                        return Adder(column, ahead, AHEAD, x, y)
                    return Adder(column, self._as_built(inputs, x), int(cell.one), x, y)
        return None

    def _two_carries(self, leaves: tuple[int, ...], high: int) -> bool:
        """Whether a literal is the XOR of two half adders' carries, of x & y, which are two of the leaves, and
        (x ^ y) & z: in a last column these are bits of their own.
        """
        graph, node = self.graph, high >> 1
        if not self.apart or graph.kind[node] != XOR:
            return False
        parts = graph.f0[node] >> 1, graph.f1[node] >> 1
        return all(graph.kind[part] == AND and part not in leaves for part in parts) and any(
            {graph.f0[part] >> 1, graph.f1[part] >> 1} <= set(leaves) for part in parts
        )

    def _as_built(self, inputs: tuple[int, ...], low: int) -> tuple[int, ...]:
        """The inputs of an adder, the last one being which its sum itself reads: so its gates are the same."""
        fanins = {self.graph.f0[low >> 1] >> 1, self.graph.f1[low >> 1] >> 1}
        last = sorted(inputs, key=lambda literal: literal >> 1 in fanins)
        return tuple(last) if len(inputs) == 3 else inputs

    def _read_by_carry(self, inputs: tuple[int, ...], high: int) -> tuple[int, ...]:
        """The two inputs, that first which the carry reads itself: x | (~x & y), as 1, x and y in order make it; none
        where it reads both, or neither.
        """
        fanins = {self.graph.f0[high >> 1] >> 1, self.graph.f1[high >> 1] >> 1}
        read = [literal for literal in inputs if literal >> 1 in fanins]
        return (read[0], *(each for each in inputs if each != read[0])) if len(read) == 1 else ()

    def _replace(self, adder: Adder) -> None:
        self.found.append(adder)
        if adder.low is not None:
            self._count(adder.column, adder.low, -1)
        if adder.high is not None:
            self._count(adder.column + 1, adder.high, -1)
        self.constant += bool(adder.one) << adder.column
        for literal in adder.inputs:
            self._put(adder.column, literal)


def _own(literal: int, leaves: tuple[int, ...], table: int) -> int:
    return table ^ ((1 << (1 << len(leaves))) - 1) if literal & 1 else table
