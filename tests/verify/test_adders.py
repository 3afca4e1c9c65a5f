"""Words taken apart into sums: the number stays what it was on every input, and within the bounds that are told."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from lgnc.verify import adders
from lgnc.verify.adders import take_apart, word_number
from lgnc.verify.graph import AND, Graph
from lgnc.verify.sums import Sum

LEAVES = 6
POINTS = np.arange(1 << LEAVES)[None, :] >> np.arange(LEAVES)[:, None] & 1


def values(graph: Graph) -> NDArray[np.int64]:
    """int64[nodes, points]: of each node on all inputs, by its definition."""
    found = [np.zeros(1 << LEAVES, np.int64), *POINTS]
    for node in range(LEAVES + 1, len(graph)):
        x, y = (found[literal >> 1] ^ (literal & 1) for literal in (graph.f0[node], graph.f1[node]))
        found.append(x & y if graph.kind[node] == AND else x ^ y)
    return np.stack(found)


def value(number: Sum, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    return number.constant + sum((times * nodes[node] for node, times in number.terms.items()), np.zeros(64, np.int64))


@pytest.mark.parametrize("seed", range(40))
def test_a_number_stays_what_it_was_and_within_its_bounds(seed: int) -> None:
    rng, graph = np.random.default_rng(seed), Graph(LEAVES)
    literals = [2 * node for node in range(1, LEAVES + 1)]
    for _ in range(14):
        x, y = (int(literals[at]) ^ int(rng.integers(2)) for at in rng.integers(0, len(literals), 2))
        literals.append(graph.xor(x, y) if rng.integers(2) else graph.and_(x, y))
    word = word_number(
        [literals[at] ^ int(rng.integers(2)) for at in rng.integers(0, len(literals), 5)], bool(seed % 2)
    )
    number = word.minus(Sum(int(rng.integers(-9, 9))))
    apart = take_apart(graph, number, ())
    nodes = values(graph)
    right = value(number, nodes)
    for found in (apart.total, apart.digits):
        assert (value(found, nodes) == right).all()
    assert apart.low <= right.min()
    assert apart.high >= right.max()
    assert apart.high - apart.low <= sum(abs(times) for times in apart.total.terms.values())


def test_digits_are_the_last_form_with_one_node_for_each_power_of_two() -> None:
    graph = Graph(LEAVES)
    both = word_number([graph.xor(2, 4), graph.and_(2, 4)], False)
    apart = take_apart(graph, both.minus(Sum(0, Counter({2: 1}))), ())
    assert (apart.digits.constant, dict(apart.digits.terms)) == (0, {1: 1})


def test_a_full_adder_is_the_sum_of_its_inputs() -> None:
    graph = Graph(LEAVES)
    half = graph.xor(2, 4)
    carry = graph.and_(graph.and_(2, 4) ^ 1, graph.and_(half, 6) ^ 1) ^ 1
    apart = take_apart(graph, word_number([graph.xor(half, 6), carry], False), ())
    assert (apart.total.constant, dict(apart.total.terms)) == (0, {1: 1, 2: 1, 3: 1})
    assert (apart.low, apart.high) == (0, 3)


def test_what_is_counted_of_digits_is_what_the_coefficients_are() -> None:
    """Sizes of coefficients are counted as they change; here they are looked at anew after every change."""
    rng, answers = np.random.default_rng(0), []
    work = adders._Work(Graph(LEAVES), Sum(0, Counter({1: 3, 2: 3, 3: 2})))
    for _ in range(2000):
        node = int(rng.integers(1, LEAVES + 1))
        work._add(2 * node, int(rng.choice([0, 0, 1, -2, 3, 4])) - work.terms.get(node, 0))
        sizes = [abs(times) for times in work.terms.values()]
        answers.append(work._binary())
        assert answers[-1] == (len(set(sizes)) == len(sizes) and all(size & (size - 1) == 0 for size in sizes))
    assert 20 < sum(answers) < 1980
