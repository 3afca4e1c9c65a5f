"""The prover's graph: what it simplifies as it grows, and that nothing it makes is another function."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lgnc.verify.graph import Graph

A, B, C = 2, 4, 6


def test_what_a_node_reads_is_used() -> None:
    graph = Graph(3)
    for a, b in itertools.product((A, A ^ 1), (B, B ^ 1)):
        both = graph.and_(a, b)
        assert graph.and_(a, both) == graph.and_(both, a) == both
        assert graph.and_(a ^ 1, both) == 0
        assert graph.and_(a ^ 1, both ^ 1) == a ^ 1
        assert graph.and_(a, both ^ 1) == graph.and_(a, b ^ 1)
        assert graph.and_(a, graph.xor(a, b)) == graph.and_(a, b ^ 1)
        assert graph.xor(a, both) == graph.and_(a, b ^ 1)
        assert graph.and_(both ^ 1, graph.and_(a ^ 1, b ^ 1) ^ 1) == graph.xor(a, b)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_every_node_is_the_function_that_was_asked_for(seed: int, plain: bool) -> None:
    rng, graph = np.random.default_rng(seed), Graph(3, plain=plain)
    rows = np.array(list(itertools.product((0, 1), repeat=3))).T
    literals = {0: np.zeros(8, np.int64), A: rows[0], B: rows[1], C: rows[2]}
    for _ in range(60):
        known = list(literals)
        x, y = (known[at] for at in rng.integers(0, len(known), 2))
        p, q = rng.integers(0, 2, 2).tolist()
        if rng.integers(2):
            made, value = graph.and_(x ^ p, y ^ q), (literals[x] ^ p) & (literals[y] ^ q)
        else:
            made, value = graph.xor(x ^ p, y ^ q), literals[x] ^ p ^ literals[y] ^ q
        value = value ^ (made & 1)
        assert (literals.setdefault(made & ~1, value) == value).all()
