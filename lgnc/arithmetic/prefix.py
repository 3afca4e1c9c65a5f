"""The head for depth: prefix addition and comparison by arrival time, and an argmax that compares all pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise

from lgnc.arithmetic.groups import Entry
from lgnc.ir.builder import FALSE, Builder, joined
from lgnc.ir.gates import AND, OR, XOR

ALL_PAIRS = 16
"""So many scores at most are compared all with all; more go through groups first."""


class Prefix:
    """Carries over runs of columns, each built once, every run split where its carry comes earliest.

    generate[k], propagate[k]: literals that say that column k makes a carry, and that it hands one on.
    """

    def __init__(self, build: Builder, generate: Sequence[int], propagate: Sequence[int]) -> None:
        self.build, self.generate, self.propagate = build, generate, propagate
        self.carry, self.passes = cache(self._carry), cache(self._passes)
        self._when, self._passes_when = cache(self._carry_level), cache(self._passes_level)

    def _passes_level(self, first: int, end: int) -> int:
        """The least depth of `passes`."""
        if end - first == 1:
            return self.build.depth_of(self.propagate[first])
        return min(1 + max(self._passes_when(first, at), self._passes_when(at, end)) for at in range(first + 1, end))

    def _split_level(self, first: int, end: int, at: int) -> int:
        """The depth of a carry out of columns first ... end - 1 that is made of those below `at` and those from it."""
        low = 1 + max(self._passes_when(at, end), self._when(first, at))
        return 1 + max(self._when(at, end), low)

    def _carry_level(self, first: int, end: int) -> int:
        """The least depth of `carry`."""
        if end - first == 1:
            return self.build.depth_of(self.generate[first])
        return min(self._split_level(first, end, at) for at in range(first + 1, end))

    def _passes(self, first: int, end: int) -> int:
        """Whether columns first ... end - 1 all hand a carry on."""
        if end - first == 1:
            return self.propagate[first]
        at = min(range(end - 1, first, -1), key=lambda k: max(self._passes_when(first, k), self._passes_when(k, end)))
        return self.build.gate(AND, self.passes(first, at), self.passes(at, end))

    def _carry(self, first: int, end: int) -> int:
        """The carry out of columns first ... end - 1 with none coming in; the latest split of those that are alike."""
        if end - first == 1:
            return self.generate[first]
        at = min(range(end - 1, first, -1), key=partial(self._split_level, first, end))
        low = self.build.gate(AND, self.passes(at, end), self.carry(first, at))
        return self.build.gate(OR, self.carry(at, end), low)


def add_two(build: Builder, columns: Sequence[Sequence[int]]) -> list[int]:
    """The sum of at most two bits a column, lowest first; the carry out of the last is dropped."""
    pairs = [[*column, FALSE, FALSE][:2] for column in columns]
    half = [build.gate(XOR, a, b) for a, b in pairs]
    prefix = Prefix(build, [build.gate(AND, a, b) for a, b in pairs], half)
    return [half[0], *(build.gate(XOR, half[k], prefix.carry(0, k)) for k in range(1, len(half)))]


def greater_early(build: Builder, x: Sequence[int], y: Sequence[int]) -> int:
    """x > y for unsigned numbers, lowest bit first: the carry of x + ~y, in a tree by arrival time."""
    above = [build.gate(AND, p, q ^ 1) for p, q in zip(x, y, strict=True)]
    at_least = [build.gate(OR, p, q ^ 1) for p, q in zip(x, y, strict=True)]
    return Prefix(build, above, at_least).carry(0, len(above))


def best_of_all_pairs(build: Builder, field: Sequence[Entry]) -> list[int]:
    """The index bits of the entry with the highest score, the first one winning a tie."""
    while len(field) > 1:
        groups = -(-len(field) // ALL_PAIRS)
        edges = [len(field) * k // groups for k in range(groups + 1)]
        field = [_winner(build, field[i:j], last=groups == 1) for i, j in pairwise(edges)]
    return field[0][1]


def _winner(build: Builder, group: Sequence[Entry], *, last: bool) -> Entry:
    """The entry that goes on: the one that beats those before it and is beaten by none after it."""
    count = len(group)
    over = {(i, j): greater_early(build, group[i][0], group[j][0]) for i in range(count) for j in range(i)}
    wins = [
        joined(build, AND, [over[i, j] if j < i else over[j, i] ^ 1 for j in range(count) if j != i])
        for i in range(count)
    ]

    def pick(bits: Sequence[int]) -> int:
        return joined(build, OR, [build.gate(AND, *pair) for pair in zip(wins, bits, strict=True)])

    scores, indices = zip(*group, strict=True)
    score = [] if last else [pick(bits) for bits in zip(*scores, strict=True)]
    return score, [pick(bits) for bits in zip(*indices, strict=True)]
