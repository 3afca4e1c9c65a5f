"""Integer sums of literals: what a head's scores are, and how two heads' scores compare without adding bits.

A sum is {node: coefficient} and a constant; an inverted literal is 1 - x, so that x + ~x cancels to 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lgnc.ir.circuit import Circuit
from lgnc.verify.graph import Graph


@dataclass
class Sum:
    """constant + the sum over nodes of coefficient * node."""

    constant: int = 0
    terms: Counter[int] = field(default_factory=Counter)

    def add(self, literal: int, times: int = 1) -> None:
        """Add `times` times the value of a literal."""
        node = literal >> 1
        if literal & 1:
            self.constant += times
            times = -times
        if node:
            self.terms[node] += times

    def minus(self, other: Sum) -> Sum:
        """The difference, its zero coefficients gone."""
        terms = Counter(self.terms)
        terms.subtract(other.terms)
        return Sum(self.constant - other.constant, Counter({node: times for node, times in terms.items() if times}))

    def restricted(self, other: Sum) -> Sum:
        """The same sum with only the nodes that `other` has."""
        return Sum(self.constant, Counter({node: times for node, times in self.terms.items() if node in other.terms}))

    def mapped(self, literal_of: Sequence[int]) -> Sum:
        """The same sum over other nodes: each node replaced by its literal."""
        out = Sum(self.constant)
        for node, times in self.terms.items():
            out.add(literal_of[node], times)
        return out.minus(Sum())

    @property
    def is_zero(self) -> bool:
        return not self.constant and not self.terms


def class_sums(circuit: Circuit, literals: list[int]) -> list[Sum]:
    """The score of every class, from the literal of every output."""
    head = circuit.head
    assert head is not None
    starts = head.starts.tolist()
    sums = []
    for index, offset in enumerate(head.offset.tolist()):
        total = Sum(offset)
        for literal in literals[starts[index] : starts[index + 1]]:
            total.add(literal)
        sums.append(total)
    return sums


def add_up(graph: Graph, columns: dict[int, list[int]]) -> list[int]:
    """The bits, least significant first, of the sum of literals `columns[k]` of weight 2^k, by full adders."""
    bits: list[int] = []
    weight = 0
    while weight <= max(columns, default=-1):
        column = columns.get(weight, [])
        while len(column) > 1:
            x, y = column.pop(0), column.pop(0)
            z = column.pop(0) if column else 0
            half = graph.xor(x, y)
            column.append(graph.xor(half, z))
            carry = graph.and_(graph.and_(x, y) ^ 1, graph.and_(half, z) ^ 1) ^ 1
            columns.setdefault(weight + 1, []).append(carry)
        bits.append(column[0] if column else 0)
        weight += 1
    return bits


def compare(graph: Graph, total: Sum) -> tuple[list[int], list[int]]:
    """Two binary numbers of equal length whose difference is the sum: its positive part, and its negative part."""
    columns: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
    for node, times in sorted(total.terms.items()):
        _spread(columns[times < 0], 2 * node, abs(times))
    _spread(columns[total.constant < 0], 1, abs(total.constant))
    more, less = (add_up(graph, part) for part in columns)
    width = max(len(more), len(less))
    return more + [0] * (width - len(more)), less + [0] * (width - len(less))


def _spread(columns: dict[int, list[int]], literal: int, times: int) -> None:
    for weight in range(times.bit_length()):
        if times >> weight & 1:
            columns.setdefault(weight, []).append(literal)


def nonzero(graph: Graph, total: Sum) -> int:
    """The literal that is true where the sum is not 0."""
    more, less = compare(graph, total)
    return any_of(graph, (graph.xor(x, y) for x, y in zip(more, less, strict=True)))


def positive(graph: Graph, total: Sum, or_zero: bool) -> int:
    """The literal that is true where the sum is above 0 (or is 0, when `or_zero`)."""
    more, less = compare(graph, total)
    above = int(or_zero)
    for x, y in zip(more, less, strict=True):
        differ = graph.xor(x, y)
        above = graph.and_(graph.and_(differ, x) ^ 1, graph.and_(differ ^ 1, above) ^ 1) ^ 1
    return above


def any_of(graph: Graph, literals: Iterable[int]) -> int:
    """The literal of the OR."""
    none = 1
    for literal in literals:
        none = graph.and_(none, literal ^ 1)
    return none ^ 1


def wins(graph: Graph, scores: list[Sum]) -> list[int]:
    """For each class, the literal that is true where it is the argmax, the lowest index winning a tie."""
    above: dict[tuple[int, int], int] = {}
    for low in range(len(scores)):
        for high in range(low + 1, len(scores)):
            above[low, high] = positive(graph, scores[low].minus(scores[high]), or_zero=True)
    won = []
    for own in range(len(scores)):
        lost = [above[other, own] for other in range(own)]
        lost += [above[own, other] ^ 1 for other in range(own + 1, len(scores))]
        won.append(any_of(graph, lost) ^ 1)
    return won
