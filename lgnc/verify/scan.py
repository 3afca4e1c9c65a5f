"""The choice of a class as emitted code makes it: class after class, each compared with the best one before."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from lgnc.arithmetic.head import index_width
from lgnc.ir.builder import FALSE, TRUE, Builder
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import AND, OR, XOR
from lgnc.verify.graph import Graph
from lgnc.verify.sums import Sum

_INDEX = re.compile(r"(?:index|class)_([0-9]{1,3})")


def scan_circuit(classes: int, width: int) -> Circuit:
    """Unsigned numbers of `width` bits in, class by class and lowest bit first; the index of the highest one out, the
    lowest index winning a tie.
    """
    build = Builder(classes * width)
    keys = [list(range(2 * width * c, 2 * width * (c + 1), 2)) for c in range(classes)]
    best, index = keys[0], [FALSE] * index_width(classes)
    for number, key in enumerate(keys[1:], 1):
        above = FALSE
        for own, other in zip(key, best, strict=True):
            same = build.gate(XOR, own, other) ^ 1
            above = build.gate(OR, build.gate(AND, own, other ^ 1), build.gate(AND, same, above))
        taken = [TRUE if number >> bit & 1 else FALSE for bit in range(len(index))]
        best, index = (
            [build.gate(XOR, y, build.gate(AND, build.gate(XOR, x, y), above)) for x, y in zip(*pair, strict=True)]
            for pair in ((key, best), (taken, index))
        )
    names = tuple(f"k{c}_{bit}" for c in range(classes) for bit in range(width))
    return build.circuit(index, names, tuple(f"index_{bit}" for bit in range(len(index))))


def keys_of(numbers: Sequence[Sum]) -> list[list[int]] | None:
    """Unsigned words in the order of these numbers: literals of a graph, lowest bit first, as many for each.

    None unless each number has one node at most for each power of two, and all have the same constant once those that
    are subtracted are added inverted.
    """
    constants, found = set(), list[dict[int, int]]()
    for number in numbers:
        bits = {abs(times).bit_length() - 1: 2 * node + (times < 0) for node, times in number.terms.items()}
        if len(bits) != len(number.terms) or any(abs(times) & (abs(times) - 1) for times in number.terms.values()):
            return None
        constants.add(number.constant + sum(times for times in number.terms.values() if times < 0))
        found.append(bits)
    width = max((bit for bits in found for bit in bits), default=0) + 1
    return [[bits.get(bit, 0) for bit in range(width)] for bits in found] if len(constants) == 1 else None


def scan(graph: Graph, keys: Sequence[Sequence[int]]) -> list[int]:
    """The index of the highest of some words of literals, as literals of the graph, lowest bit first."""
    circuit = scan_circuit(len(keys), len(keys[0]))
    return graph.add_circuit(circuit, np.array([literal for key in keys for literal in key], np.int64))


def index_places(names: Sequence[str], places: Sequence[int]) -> list[int] | None:
    """These places among the outputs, by the bit of the class's index that each is; None unless they are an index."""
    bits = {int(match[1]): place for place in places if (match := _INDEX.fullmatch(names[place]))}
    return [bits[k] for k in range(len(bits))] if set(bits) == set(range(len(places))) else None
