"""Adders recognised by what they compute: which literals are the sum and the carry of two or three others."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from lgnc.verify.graph import AND, LEAF, Graph

_CUTS = 12
"""Cuts that are kept for a node, those of the latest nodes, beside all of two nodes."""


class Cell(NamedTuple):
    """inputs: (place among the leaves, whether it is inverted) of each bit that is added. one: 1 is added too."""

    inputs: tuple[tuple[int, int], ...]
    one: bool


def _library() -> dict[tuple[int, int, int], Cell]:
    """(leaves, table of the sum, table of the carry) -> the cell. Row r of a table has leaf k as r >> k & 1."""
    found: dict[tuple[int, int, int], Cell] = {}
    for leaves, one in ((2, False), (2, True), (3, False)):
        for inverted in product((0, 1), repeat=leaves):
            cell = Cell(tuple(enumerate(inverted)), one)
            found.setdefault((leaves, *_tables(leaves, cell)), cell)
    for x, i, j, k in product((0, 1), repeat=4):
        cell = Cell(((x, i), (x, j), (1 - x, k)), False)
        found.setdefault((2, *_tables(2, cell)), cell)
    return found


def _tables(leaves: int, cell: Cell) -> tuple[int, int]:
    low = high = 0
    for row in range(1 << leaves):
        total = cell.one + sum((row >> k & 1) ^ inverted for k, inverted in cell.inputs)
        low |= (total & 1) << row
        high |= (total >> 1) << row
    return low, high


_LIBRARY = _library()
_LOW = {key[:2] for key in _LIBRARY}


def cell_of(leaves: int, low: int, high: int) -> Cell | None:
    """The cell whose sum and carry have these tables over its leaves, or None."""
    return _LIBRARY.get((leaves, low, high))


def may_be_sum(leaves: int, table: int) -> bool:
    """Whether some cell has this sum."""
    return (leaves, table) in _LOW


def parity(leaves: int, table: int) -> int | None:
    """0 for the XOR of all leaves, 1 for its inverse, None for other tables."""
    even = sum((row.bit_count() & 1) << row for row in range(1 << leaves))
    if table == even:
        return 0
    return 1 if table == even ^ ((1 << (1 << leaves)) - 1) else None


class Cuts:
    """For each node the sets of at most three nodes that decide it, each with the node's table over them."""

    def __init__(self, graph: Graph, stop: set[int]) -> None:
        self.graph, self.stop = graph, stop
        self.known: dict[int, dict[tuple[int, ...], int]] = {}

    def of(self, node: int) -> dict[tuple[int, ...], int]:
        """Cuts of two or three nodes, and the node itself; leaves rise."""
        waiting = [node]
        while waiting:
            at = waiting[-1]
            if at in self.known:
                waiting.pop()
                continue
            fanins = [] if self._ends(at) else [self.graph.f0[at] >> 1, self.graph.f1[at] >> 1]
            todo = [each for each in fanins if each not in self.known]
            waiting += todo
            if not todo:
                self.known[at] = {(at,): 2} | (self._merged(at) if fanins else {})
                waiting.pop()
        return self.known[node]

    def _ends(self, node: int) -> bool:
        return node in self.stop or self.graph.kind[node] == LEAF

    def _merged(self, node: int) -> dict[tuple[int, ...], int]:
        graph = self.graph
        x, y = graph.f0[node], graph.f1[node]
        found: dict[tuple[int, ...], int] = {}
        for one, left in self.known[x >> 1].items():
            for two, right in self.known[y >> 1].items():
                leaves = tuple(sorted({*one, *two}))
                if len(leaves) > 3 or leaves in found:
                    continue
                full = (1 << (1 << len(leaves))) - 1
                p = _spread(left, one, leaves) ^ (full if x & 1 else 0)
                q = _spread(right, two, leaves) ^ (full if y & 1 else 0)
                found[leaves] = p & q if graph.kind[node] == AND else p ^ q
        nearest = sorted(found, key=lambda leaves: leaves[::-1], reverse=True)
        return {leaves: found[leaves] for place, leaves in enumerate(nearest) if place < _CUTS or len(leaves) == 2}


def _spread(table: int, leaves: tuple[int, ...], wider: tuple[int, ...]) -> int:
    """A table over more leaves."""
    if leaves == wider:
        return table
    places = [wider.index(leaf) for leaf in leaves]
    found = 0
    for row in range(1 << len(wider)):
        own = sum((row >> place & 1) << k for k, place in enumerate(places))
        found |= (table >> own & 1) << row
    return found
