"""Adding up many bits with compressors: small circuits that turn bits of one weight into fewer bits of higher ones."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from lgnc.arithmetic.column_plan import next_shape
from lgnc.arithmetic.prefix import add_two
from lgnc.ir.builder import FALSE, Builder
from lgnc.ir.gates import AND, OR, XOR


def full_adder(build: Builder, bits: Sequence[int]) -> tuple[int, int]:
    """a + b + c = sum + 2 carry, in five gates; without c, in two."""
    if len(bits) == 2:
        return build.gate(XOR, *bits), build.gate(AND, *bits)
    a, b, c = bits
    half = build.gate(XOR, a, b)
    carry = build.gate(OR, build.gate(AND, a, b), build.gate(AND, half, c))
    return build.gate(XOR, half, c), carry


def _sum(build: Builder, bits: Sequence[int]) -> tuple[int, list[int]]:
    """(the parity of some bits of one weight, their carries), three at a time."""
    left, carries = list(bits), []
    while len(left) > 1:
        total, carry = full_adder(build, left[:3])
        left = [*left[3:], total] if len(left) > 5 else [total, *left[3:]]
        carries.append(carry)
    return left[0], carries


class Compressor(NamedTuple):
    """`ones` bits of weight w and `twos` of 2w to one bit each of weights w, 2w, 4w, the number unchanged.

    One that can count above seven gives weights w and 2w only: it is for the last two columns, where carries drop.
    """

    ones: int
    twos: int

    @property
    def outputs(self) -> int:
        most = self.ones + 2 * self.twos
        return most.bit_length() if most <= 7 else 2

    def build(self, build: Builder, bits: Sequence[int]) -> list[int]:
        """Its outputs, lowest first, from `ones` and then `twos` literals."""
        total, carries = _sum(build, bits[: self.ones])
        second, fours = _sum(build, [*bits[self.ones :], *carries])
        return [total, second, *fours][: self.outputs]

    def build_apart(self, build: Builder, bits: Sequence[int]) -> list[int]:
        """The same outputs, each from gates of its own, which adds them up in an order of its own.

        Mappers that trade levels for tables tear a compressor with shared gates apart; these stay one table each.
        """
        ones, twos = bits[: self.ones], bits[self.ones :]
        given = []
        for output, order in enumerate(_ORDERS[: self.outputs]):
            turned = [ones[place] for place in order if place < self.ones]
            given.append(self.build(build, [*turned, *twos])[output])
        return given


_ORDERS = ((2, 1, 0, 4, 3, 5), (0, 4, 5, 1, 3, 2), (5, 0, 1, 3, 2, 4))
"""For each output of a compressor the order in which `build_apart` adds its first six bits up."""

COMPRESSORS = tuple(Compressor(ones, twos) for ones in range(6, 1, -1) for twos in range(7 - ones))
"""Each reads at most six bits: every output is one LUT6, and three LUTs take three bits away in the first two."""


class Step(NamedTuple):
    """A compressor placed: it takes literals of weight 2 ** column (and the next) and gives one of each weight."""

    compressor: Compressor
    column: int
    taken: tuple[int, ...]
    given: tuple[int, ...]


GOALS = ("luts", "lut6", "gates", "depth")
"""'luts': few tables and few gates, what yosys maps best. 'lut6': the fewest six-input tables, each with gates of its
own. 'gates': the fewest two-input gates. 'depth': the fewest levels of gates."""

_EVEN = frozenset(5 * sixes + 4 * fives for sixes in range(3) for fives in range(5))


def _reachable(excess: int) -> bool:
    """Whether compressors that take five or four bits out of a column, and nothing less efficient, can use it up."""
    return excess > 12 or excess in _EVEN


def _choose(waiting: _Waiting, column: int, threes: int) -> Compressor:
    """The next compressor for a column with too many bits; threes: full adders that the first column still wants."""
    here, above = waiting.count(column), waiting.count(column + 1)
    if waiting.goal != "lut6":
        return _efficient(here - 1, above, waiting.goal)
    if column == 0 and threes > 0:
        return Compressor(3, 0)
    return Compressor(*next_shape(waiting.columns - column, here, above, waiting.count(column + 2)))


def _efficient(excess: int, above: int, goal: str) -> Compressor:
    """The next compressor for a column with `excess` bits too many, `above` bits waiting in the next column.

    For LUTs: take five bits or four out of the column at three LUTs while that leaves no odd rest.
    """
    if goal in ("gates", "depth") or excess < 1:
        return Compressor(min(excess + 1, 3), 0)
    if _reachable(excess):
        return Compressor(6, 0) if excess >= 5 and _reachable(excess - 5) else Compressor(5, min(above, 1))
    if _reachable(excess - 3):
        return Compressor(4, min(above, 1))
    return Compressor(min(excess + 1, 3), 2 if above >= 2 else 0)


def add_up(
    build: Builder,
    columns: Sequence[Sequence[int]],
    goal: str = "luts",
    steps: list[Step] | None = None,
    threes: int = 0,
    leave: int = 1,
) -> list[int]:
    """The sum of literals as bits, lowest first: columns[k] holds literals of weight 2 ** k.

    The sum must be below 2 ** len(columns): a carry out of the last column is never set, and is dropped. A column takes
    its earliest bits first, which keeps the tree shallow. goal: one of GOALS. steps: when given, the compressors placed
    are appended, so that a test can hold the books: every bit taken was given once. threes: with goal 'lut6', how many
    full adders take the first bits of the first column before anything else. leave: with 2, compressors leave up to two
    bits a column, and a prefix adder, which is in no step, does the rest.
    """
    waiting = _Waiting(build, columns, goal)
    total, pairs = [], []
    for column in range(len(columns)):
        while waiting.count(column) > leave:
            compressor = _choose(waiting, column, threes)
            threes -= column == 0
            step = waiting.place(compressor, column)
            if steps is not None:
                steps.append(step)
        left = waiting.left(column)
        total.append(left[0] if left else FALSE)
        pairs.append(left)
    return add_two(build, pairs) if leave == 2 else total


class _Waiting:
    """The bits of each column that are still to be added up, the earliest first."""

    def __init__(self, build: Builder, columns: Sequence[Sequence[int]], goal: str) -> None:
        self.build, self.goal, self.columns = build, goal, len(columns)
        self._heaps: list[list[tuple[int, int, int]]] = [[] for _ in range(len(columns) + 2)]
        self._tables: dict[int, int] = {}
        self._serial = 0
        for column, literals in enumerate(columns):
            for literal in literals:
                self._put(column, literal)

    def count(self, column: int) -> int:
        return len(self._heaps[column])

    def left(self, column: int) -> list[int]:
        """The literals of a column, one of the earliest first."""
        return [literal for _, _, literal in self._heaps[column]]

    def place(self, compressor: Compressor, column: int) -> Step:
        """Take a compressor's bits out of a column and the next, and put what it gives in."""
        taken = [heapq.heappop(self._heaps[column])[2] for _ in range(compressor.ones)]
        taken += [heapq.heappop(self._heaps[column + 1])[2] for _ in range(compressor.twos)]
        if self.goal == "lut6":
            given = compressor.build_apart(self.build, taken)
            self._tables.update(dict.fromkeys(given, 1 + max(map(self._early, taken))))
        else:
            given = compressor.build(self.build, taken)
        for extra, literal in enumerate(given):
            self._put(column + extra, literal)
        return Step(compressor, column, tuple(taken), tuple(given))

    def _early(self, literal: int) -> int:
        """When a bit is there: levels of six-input tables with goal 'lut6', else of gates."""
        return self._tables.get(literal, 0) if self.goal == "lut6" else self.build.depth_of(literal)

    def _put(self, column: int, literal: int) -> None:
        if literal != FALSE and column < self.columns:
            heapq.heappush(self._heaps[column], (self._early(literal), self._serial, literal))
            self._serial += 1


def add_up_early(build: Builder, columns: Sequence[Sequence[int]], steps: list[Step] | None = None) -> list[int]:
    """`add_up` with goal 'depth': full adders to the end, or a prefix adder for the last two bits if that is shallower.

    The gates of the other form stay in `build`, unread.
    """
    tries: list[tuple[list[int], list[Step]]] = []
    for leave in (1, 2):
        placed: list[Step] = []
        tries.append((add_up(build, columns, "depth", placed, leave=leave), placed))
    total, placed = min(tries, key=lambda each: max(map(build.depth_of, each[0])))
    if steps is not None:
        steps.extend(placed)
    return total
