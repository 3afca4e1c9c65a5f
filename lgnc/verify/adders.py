"""Numbers in binary as the sums that they are: adders of any shape are taken apart by what each keeps.

A number is a sum of nodes with integer coefficients. From the last node to the first, an XOR becomes x + y - 2xy, an
AND of inverted nodes one of the nodes themselves, and the OR of two that are never true at once their sum; the ANDs of
two nodes, their products, stay. So the sum and the carry of a half or full adder become the bits that it adds, the
products cancelling, whatever tree it stands in. No step changes the number; so every interval that a step shows holds
for it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from lgnc.verify.graph import AND, XOR, Graph
from lgnc.verify.sums import Sum

_IMPLIED = 24
"""Literals that are looked at where two are asked whether they exclude each other."""

_DIGITS = 32
"""Digits of a binary number that is looked for on the way."""


@dataclass
class Number:
    """total: what is left. low, high: bounds of the number. digits: the same number as it was when it was last a binary
    one, of at most one node for each power of two.
    """

    total: Sum
    low: int
    high: int
    digits: Sum = field(default_factory=Sum)


def word_number(literals: Sequence[int], signed: bool) -> Sum:
    """The number that a word's literals, lowest first, stand for; two's complement where it is signed."""
    number = Sum()
    for bit, literal in enumerate(literals):
        top = signed and bit == len(literals) - 1
        number.add(literal, -(1 << bit) if top else 1 << bit)
    return number.minus(Sum())


def take_apart(graph: Graph, number: Sum, stop: Container[int]) -> Number:
    """`number` over the nodes of `stop`, the graph's leaves and ANDs of two nodes, which the graph gains."""
    return _Work(graph, number).run(stop)


class _Work:
    def __init__(self, graph: Graph, number: Sum) -> None:
        self.graph = graph
        self.constant, self.terms = number.constant, dict(number.terms)
        self.queue = [-node for node in self.terms]
        heapq.heapify(self.queue)
        self.sizes = Counter(map(abs, self.terms.values()))
        self.not_digits = sum(each & (each - 1) != 0 for each in self.sizes)
        self.positive = sum(times for times in self.terms.values() if times > 0)
        self.negative = sum(times for times in self.terms.values() if times < 0)

    def run(self, stop: Container[int]) -> Number:
        graph = self.graph
        low, high = self._bounds()
        digits = self._total()
        while self.queue:
            node = -heapq.heappop(self.queue)
            times = self.terms.get(node, 0)
            if not times or node <= graph.leaves or node in stop:
                continue
            self._replace(node, times)
            least, most = self._bounds()
            if most - least < high - low:
                low, high = least, most
            if self._binary():
                digits = self._total()
        return Number(self._total(), low, high, digits)

    def _total(self) -> Sum:
        return Sum(self.constant, Counter(self.terms))

    def _binary(self) -> bool:
        """Whether the number has one node at most, as it is or inverted, for each power of two, and nothing else."""
        return len(self.terms) <= _DIGITS and len(self.sizes) == len(self.terms) and not self.not_digits

    def _bounds(self) -> tuple[int, int]:
        return self.constant + self.negative, self.constant + self.positive

    def _add(self, literal: int, times: int) -> None:
        """Add `times` the value of a literal."""
        if literal & 1:
            self.constant += times
            times = -times
        node = literal >> 1
        if not node:
            return
        before = self.terms.get(node, 0)
        after = before + times
        self._resize(abs(before), -1)
        self._resize(abs(after), 1)
        self.positive += max(after, 0) - max(before, 0)
        self.negative += min(after, 0) - min(before, 0)
        if after:
            self.terms[node] = after
        else:
            self.terms.pop(node, None)
        if not before:
            heapq.heappush(self.queue, -node)

    def _resize(self, size: int, change: int) -> None:
        """Count one coefficient of a size more or less."""
        if not size:
            return
        count = self.sizes[size] + change
        if count:
            self.sizes[size] = count
        else:
            del self.sizes[size]
        if count == max(change, 0) and size & (size - 1):
            self.not_digits += change

    def _replace(self, node: int, times: int) -> None:
        """Take a node out, and put in what it is."""
        graph = self.graph
        x, y = graph.f0[node], graph.f1[node]
        if graph.kind[node] == AND and not (x | y) & 1:
            return
        self._add(2 * node, -times)
        if graph.kind[node] == AND:
            if x & y & 1 and exclude(graph, x ^ 1, y ^ 1):
                self.constant += times
                self._add(x ^ 1, -times)
                self._add(y ^ 1, -times)
            else:
                self._product(x, y, times)
            return
        self._add(x, times)
        self._add(y, times)
        self._product(x, y, -2 * times)

    def _product(self, x: int, y: int, times: int) -> None:
        """Add `times` the product of two literals: that of their nodes, and what inversions add to it."""
        if y & 1:
            self._add(x, times)
            self._product(x, y ^ 1, -times)
        elif x & 1:
            self._add(y, times)
            self._product(x ^ 1, y, -times)
        elif exclude(self.graph, x, y ^ 1):
            self._add(x, times)
        elif exclude(self.graph, x ^ 1, y):
            self._add(y, times)
        elif not exclude(self.graph, x, y):
            self._add(self.graph.and_(x, y), times)


def exclude(graph: Graph, p: int, q: int) -> bool:
    """Whether two literals are seen never to be true at once, from ANDs below them and XORs that these read."""
    implied = _implied(graph, p) | _implied(graph, q)
    for literal in implied:
        if literal ^ 1 in implied:
            return True
        node = literal >> 1
        if graph.kind[node] == XOR:
            x, y = graph.f0[node], graph.f1[node]
            for one in (x, x ^ 1):
                # The XOR's value and one of its nodes' say what the other node is, and that it is not this.
                if one in implied and (y ^ (one & 1) ^ (literal & 1)) in implied:
                    return True
    return False


def _implied(graph: Graph, literal: int) -> set[int]:
    """Literals that hold where a literal does: what its ANDs read."""
    found, waiting = {literal}, [literal]
    while waiting and len(found) < _IMPLIED:
        each = waiting.pop(0)
        if not each & 1 and graph.kind[each >> 1] == AND:
            for fanin in (graph.f0[each >> 1], graph.f1[each >> 1]):
                if fanin not in found:
                    found.add(fanin)
                    waiting.append(fanin)
    return found
