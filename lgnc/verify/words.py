"""Outputs that are numbers: words of score bits, proven equal as sums before anything is asked about their bits."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from lgnc.ir.builder import FALSE, Builder
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import AND as AND_GATE
from lgnc.ir.gates import XOR as XOR_GATE
from lgnc.verify.adders import Number, take_apart, word_number
from lgnc.verify.graph import AND, Graph
from lgnc.verify.sums import Sum

_SCORE = re.compile(r"(s|score)([0-9]{1,6})_([0-9]{1,3})")
"""`s3_0`: bit 0 of class 3's score less the lowest offset, unsigned. `score3_0`: of the score, two's complement."""


class Word(NamedTuple):
    """The places among the outputs of a class's score bits, lowest first."""

    places: tuple[int, ...]
    signed: bool


class WordDifference(NamedTuple):
    """left: what must be 0 for a word to be the same on both sides. digits: the second side's number as a binary one of
    early nodes, perhaps with a constant added.
    """

    word: Word
    left: list[Sum]
    digits: Sum


def score_words(names: Sequence[str]) -> dict[int, Word]:
    """Class -> the word of its score, from output names; none when a word lacks a bit or both kinds are there."""
    bits: dict[int, dict[int, int]] = {}
    kinds = set()
    for place, name in enumerate(names):
        if match := _SCORE.fullmatch(name):
            kinds.add(match[1])
            bits.setdefault(int(match[2]), {})[int(match[3])] = place
    if len(kinds) != 1 or any(set(own) != set(range(len(own))) for own in bits.values()):
        return {}
    signed = kinds == {"score"}
    return {number: Word(tuple(own[bit] for bit in range(len(own))), signed) for number, own in bits.items()}


def difference(graph: Graph, one: Sum, two: Sum, bounds: tuple[int, int] | None) -> tuple[Sum, Sum]:
    """(what is left of the difference of two numbers, which are the same where and only where it is 0, the second's
    digits).

    bounds: of the first one where it is a sum of literals, which is then not taken apart unless it has to be. Multiples
    of 2 ** p are left out, such as carries that adders drop, when the bounds of both are closer than that.
    """
    first = Number(one, *bounds) if bounds else take_apart(graph, one, ())
    second = take_apart(graph, two, one.terms if bounds else ())
    furthest = max(second.high - first.low, first.high - second.low)
    rest = _modulo(second.total.minus(first.total), furthest)
    if not rest.is_zero:
        rest = _modulo(take_apart(graph, rest, ()).total, furthest)
    return rest, second.digits


def _modulo(rest: Sum, furthest: int) -> Sum:
    """A difference that is at most `furthest` either way, its coefficients modulo the next power of two."""
    step = 1 << max(0, furthest).bit_length()

    def near(times: int) -> int:
        return (times + step // 2) % step - step // 2

    found = Sum(near(rest.constant))
    found.terms.update({node: near(times) for node, times in rest.terms.items() if times % step})
    return found


def sum_bounds(number: Sum) -> tuple[int, int]:
    """The least and the greatest value that a sum of literals could have."""
    low = number.constant + sum(times for times in number.terms.values() if times < 0)
    return low, number.constant + sum(times for times in number.terms.values() if times > 0)


def word_sum(word: Word, literals: Sequence[int]) -> Sum:
    """The number of a word, from the literals of all outputs."""
    return word_number([literals[place] for place in word.places], word.signed)


def word_keys(word: Word, literals: Sequence[int]) -> list[int]:
    """The bits of a word as an unsigned number in the same order, from the literals of all outputs."""
    bits = [literals[place] for place in word.places]
    return [*bits[:-1], bits[-1] ^ word.signed]


def substituted(
    graph: Graph, equal: Sequence[tuple[int, int]], roots: Sequence[int], nodes: Iterable[int]
) -> tuple[Graph, list[int], set[int]]:
    """A new graph of what `roots` depend on, in which the first of each pair of equal literals is the second
    one: (graph, the roots in it, `nodes` in it).
    """
    new = Graph(graph.leaves, graph.plain)
    literal = [*range(0, 2 * (graph.leaves + 1), 2), *([-1] * (len(graph) - graph.leaves - 1))]

    def copy(wanted: Iterable[int]) -> None:
        for node in graph.cone(wanted):
            if literal[node] < 0:
                x, y = graph.f0[node], graph.f1[node]
                literal[node] = new.make(graph.kind[node], literal[x >> 1] ^ (x & 1), literal[y >> 1] ^ (y & 1))

    nodes = list(nodes)
    copy([second for _, second in equal] + [2 * node for node in nodes])
    for first, second in equal:
        if literal[first >> 1] < 0:
            literal[first >> 1] = literal[second >> 1] ^ (second & 1) ^ (first & 1)
    copy(roots)
    return new, [literal[root >> 1] ^ (root & 1) for root in roots], {literal[node] >> 1 for node in nodes}


def alike_bits(first: Sequence[int], second: Sequence[int], places: Iterable[int]) -> list[tuple[int, int]]:
    """Pairs of the second side's literals that are equal since those of the first side are constants, or one."""
    seen: dict[int, int] = {0: 0, 1: 1}
    return [
        (second[place], other)
        for place in places
        if (other := seen.setdefault(first[place], second[place])) != second[place]
    ]


def over_cut(graph: Graph, cut: Container[int], sides: Sequence[Sequence[int]]) -> list[Circuit]:
    """Each side's literals as outputs of a circuit whose inputs, the same for all, are the nodes of `cut`, taken to be
    free, and the leaves that are reached beside them.
    """
    needed = bytearray(len(graph))
    for side in sides:
        for literal in side:
            needed[literal >> 1] = 1
    inputs, nodes = [], []
    for node in range(len(graph) - 1, 0, -1):
        if not needed[node]:
            continue
        if node in cut or node <= graph.leaves:
            inputs.append(node)
        else:
            nodes.append(node)
            needed[graph.f0[node] >> 1] = needed[graph.f1[node] >> 1] = 1
    build = Builder(len(inputs))
    at = {node: 2 * place for place, node in enumerate(inputs)} | {0: FALSE}
    for node in reversed(nodes):
        x, y = graph.f0[node], graph.f1[node]
        op = AND_GATE if graph.kind[node] == AND else XOR_GATE
        at[node] = build.gate(op, at[x >> 1] ^ (x & 1), at[y >> 1] ^ (y & 1))
    names = tuple(f"n{node}" for node in inputs)
    outputs = [[at[literal >> 1] ^ (literal & 1) for literal in side] for side in sides]
    return [build.circuit(side, names, tuple(f"o{k}" for k in range(len(side)))) for side in outputs]


def word_differences(
    graph: Graph, names: Sequence[str], one: Sequence[int], two: Sequence[int], sums: Sequence[Sequence[Sum] | None]
) -> list[WordDifference]:
    """For each score word what must be 0 for it to be the same number on both sides, and the second side's digits.

    one, two: the literals of both sides' outputs, alike in order; names: of the outputs. sums: for each side the scores
    as sums of literals where a head says them, else None. Such a side's own bits must be that sum too.
    """
    found = []
    for number, word in score_words(names).items():
        numbers = [word_sum(word, side) for side in (one, two)]
        known = [own[number] for own in sums if own is not None and number < len(own)]
        if known:
            bounds = sum_bounds(known[0])
            pairs = [difference(graph, known[0], each, bounds) for each in numbers]
        else:
            pairs = [difference(graph, numbers[0], numbers[1], None)]
        found.append(WordDifference(word, [rest for rest, _ in pairs], pairs[-1][1]))
    return found
