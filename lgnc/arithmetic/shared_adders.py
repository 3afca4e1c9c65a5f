"""Sums that classes have in common: one full adder for three literals that two classes add."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from lgnc.arithmetic.compressors import full_adder
from lgnc.ir.builder import Builder

Columns = list[list[int]]
"""The literals of one class's sum: those of weight 2 ** k at k."""


def share_adders(build: Builder, classes: list[Columns]) -> int:
    """Put full adders on what pairs of classes have in common, in place; how many adders that saves.

    Sum and carry take the place of the three literals in both classes, so that they are shared in turn. A full adder
    of three complements gives the complements of both, so a class may have all three inverted. The pair with most in
    common goes first. The last column is left alone: its carries drop.
    """
    saved = 0
    for column in range(len(classes[0]) - 1):
        bits = [Counter(literal for literal in own[column] if literal >= 0) for own in classes]
        for i, j, flip in _pairs(bits):
            same = sorted(_common(bits[i], bits[j], flip).elements(), key=build.depth_of, reverse=True)
            while len(same) >= 3:
                three = [same.pop() for _ in range(3)]
                total, carry = full_adder(build, three)
                for own, turn in ((i, 0), (j, flip)):
                    bits[own].subtract(literal ^ turn for literal in three)
                    for literal in three:
                        classes[own][column].remove(literal ^ turn)
                    classes[own][column].append(total ^ turn)
                    classes[own][column + 1].append(carry ^ turn)
                same.insert(0, total)
                for own, turn in ((i, 0), (j, flip)):
                    bits[own][total ^ turn] += 1
                saved += 1
    return saved


def _pairs(bits: list[Counter[int]]) -> list[tuple[int, int, int]]:
    """(class, later class, whether the later one has them inverted) of those with most literals in common first."""
    readers: dict[int, list[tuple[int, int]]] = {}
    for own, counted in enumerate(bits):
        for literal in counted:
            readers.setdefault(literal >> 1, []).append((own, literal & 1))
    found = Counter((i, j, p ^ q) for each in readers.values() for (i, p), (j, q) in combinations(each, 2) if i != j)
    return sorted((pair for pair, count in found.items() if count >= 3), key=lambda pair: (-found[pair], pair))


def _common(one: Counter[int], other: Counter[int], flip: int) -> Counter[int]:
    """What both have, as the first has it; flip: the other has it inverted."""
    return Counter({x: min(n, other[x ^ flip]) for x, n in one.items() if n > 0 and other[x ^ flip] > 0})
