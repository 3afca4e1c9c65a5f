"""Which literals of two heads, or of two lists of outputs, must be equal so that the claim holds."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from lgnc.diagnostics import Failed
from lgnc.verify.certificate import Checked


class Pairing(NamedTuple):
    """For each class (one for outputs without a head) of places among a's and b's output literals.

    equal: (place of a, place of b). opposite: per side, pairs of places never the same, which make 1.
    constant: per side, (place, 0 or 1).
    """

    equal: list[tuple[int, int]]
    opposite: tuple[list[tuple[int, int]], list[tuple[int, int]]]
    constant: tuple[list[tuple[int, int]], list[tuple[int, int]]]


def pair_outputs(checked: Checked, where: str) -> list[Pairing]:
    """The pairs by what the certificate proves to be equal: each literal is in one of them.

    Raises Failed for a certificate of equal classes, whose scores may differ.
    """
    if checked.order is not None:
        return [Pairing(list(enumerate(checked.order)), ([], []), ([], []))]
    if checked.claim == "class":
        raise Failed("is about classes, and only scores are exported", where=where, fix="certify the claim 'scores'")
    heads = [each.head for each in (checked.a, checked.b) if each.head is not None]
    assert len(heads) == 2, "what has scores has a head"
    found = []
    for index in range(heads[0].classes):
        sides = []
        for head, literals in zip(heads, (checked.one, checked.two), strict=True):
            sides.append(_Side(literals, range(head.starts[index], head.starts[index + 1])))
        one, two = sides
        equal = [(x, y) for literal in list(one.places) for x, y in _both(one, two, literal)]
        opposite = one.opposite(), two.opposite()
        if one.left() or two.left():
            raise Failed(
                f"does not pair the literals of class {index}", where=where, fix="report it with both circuits"
            )
        found.append(Pairing(sorted(equal), opposite, (one.constant, two.constant)))
    return found


class _Side:
    """The places of one class's literals by canonical literal, constants apart."""

    def __init__(self, literals: list[int], places: range) -> None:
        self.places: dict[int, list[int]] = defaultdict(list)
        self.constant: list[tuple[int, int]] = []
        for place in places:
            if literals[place] < 2:
                self.constant.append((place, literals[place]))
            else:
                self.places[literals[place]].append(place)

    def opposite(self) -> list[tuple[int, int]]:
        """Pairs of a literal and its inverse, which are used up."""
        found = []
        for literal in list(self.places):
            while self.places[literal] and self.places[literal ^ 1]:
                found.append((self.places[literal].pop(0), self.places[literal ^ 1].pop(0)))
        return sorted(tuple(sorted(pair)) for pair in found)  # type: ignore[misc]

    def left(self) -> bool:
        return any(self.places.values())


def _both(one: _Side, two: _Side, literal: int) -> list[tuple[int, int]]:
    pairs = []
    while one.places[literal] and two.places[literal]:
        pairs.append((one.places[literal].pop(0), two.places[literal].pop(0)))
    return pairs


def pair_lines(pairs: list[Pairing]) -> list[str]:
    """`p CLASS`, then `e A B` for equal places, `x SIDE PLACE PLACE` for opposite ones, `k SIDE PLACE VALUE`."""
    lines = []
    for index, pairing in enumerate(pairs):
        lines.append(f"p {index}")
        lines += [f"e {x} {y}" for x, y in pairing.equal]
        for side, (opposite, constant) in enumerate(zip(pairing.opposite, pairing.constant, strict=True)):
            lines += [f"x {side} {x} {y}" for x, y in opposite]
            lines += [f"k {side} {x} {value}" for x, value in constant]
    return lines
