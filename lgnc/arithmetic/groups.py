"""The argmax for six-input tables: groups of three or four scores, every pair of a group compared at once.

Choosing among three takes the three comparisons as they are: six inputs, one table per bit. A comparison is a chain
from the lowest bit up, as scores are made: three bits of both numbers in the first table, two in each that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from lgnc.ir.builder import FALSE, Builder
from lgnc.ir.gates import AND, OR

Entry = tuple[list[int], list[int]]
"""The bits of a score, and of its class index."""


def best_of(build: Builder, field: Sequence[Entry]) -> list[int]:
    """The index bits of the entry with the highest score, the first one winning a tie."""
    while len(field) > 1:
        groups = max(len(field) // 3, -(-len(field) // 4))
        edges = [len(field) * k // groups for k in range(groups + 1)]
        field = [_winner(build, field[i:j], last=groups == 1) for i, j in pairwise(edges)]
    return field[0][1]


def _winner(build: Builder, group: Sequence[Entry], *, last: bool) -> Entry:
    """The entry that goes on; the last round's score is not needed."""
    pick = _chooser(build, [score for score, _ in group])
    scores, indices = zip(*group, strict=True)
    score = [] if last else [pick(bits) for bits in zip(*scores, strict=True)]
    return score, [pick(bits) for bits in zip(*indices, strict=True)]


def _chooser(build: Builder, scores: Sequence[Sequence[int]]) -> Callable[[Sequence[int]], int]:
    """The function that picks, from one literal an entry, that of the entry with the highest score."""

    def wins(later: int, earlier: int) -> int:
        return _greater(build, scores[later], scores[earlier])

    def mux(choose: int, high: int, low: int) -> int:
        return _mux(build, choose, high, low)

    if len(scores) == 1:
        return lambda x: x[0]
    low = wins(1, 0)
    if len(scores) == 2:
        return lambda x: mux(low, x[1], x[0])
    if len(scores) == 3:
        over_0, over_1 = wins(2, 0), wins(2, 1)
        return lambda x: mux(low, mux(over_1, x[2], x[1]), mux(over_0, x[2], x[0]))
    high = wins(3, 2)
    upper = mux(low, mux(high, wins(3, 1), wins(2, 1)), mux(high, wins(3, 0), wins(2, 0)))
    which = mux(upper, high, low)
    return lambda x: mux(upper, mux(which, x[3], x[2]), mux(which, x[1], x[0]))


def _mux(build: Builder, choose: int, high: int, low: int) -> int:
    """high where `choose` holds, else low."""
    if high == low:
        return high
    return build.gate(OR, build.gate(AND, choose, high), build.gate(AND, choose ^ 1, low))


def _greater(build: Builder, x: Sequence[int], y: Sequence[int]) -> int:
    """x > y for unsigned numbers, lowest bit first."""
    above = FALSE
    for p, q in zip(x, y, strict=True):
        keep = build.gate(AND, above, build.gate(OR, p, q ^ 1))
        above = build.gate(OR, build.gate(AND, p, q ^ 1), keep)
    return above
