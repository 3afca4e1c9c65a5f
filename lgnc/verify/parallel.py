"""Proofs on several cores: what cheap stages leave is cut by outputs into parts that processes prove on their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import TypeVar

from lgnc.processes import worker_pool
from lgnc.verify.graph import Graph
from lgnc.verify.verdict import Verdict

_PARTS = 16
"""Parts at most. They do not depend on the number of processes, and so no verdict and no counterexample does."""

_SHARED = 0.5
"""A difference joins the part of the one before it when they have so large a share of the smaller cone in common."""

_VISITS = 20
"""Looks at a node, for all nodes of the graph, after which finding parts costs more than it saves."""

Part = TypeVar("Part")


def parts_of(graph: Graph, roots: Sequence[list[int]]) -> list[list[int]]:
    """The differences to prove, by number, in parts that have little logic in common; one part when all do.

    roots: for each difference, the literals that it reads.
    """
    found: list[list[int]] = []
    inside: set[int] = set()
    budget = _VISITS * len(graph)
    for number, literals in enumerate(roots):
        cone = _cone(graph, literals)
        budget -= len(cone)
        if budget < 0:
            return [list(range(len(roots)))]
        if found and len(cone & inside) >= _SHARED * min(len(cone), len(inside)):
            found[-1].append(number)
            inside |= cone
        else:
            found.append([number])
            inside = cone
    count = min(_PARTS, len(found))
    bounds = [k * len(found) // count for k in range(count + 1)] if count else []
    return [list(chain.from_iterable(found[first:last])) for first, last in pairwise(bounds)]


def _cone(graph: Graph, literals: list[int]) -> set[int]:
    cone: set[int] = set()
    stack = [literal >> 1 for literal in literals]
    while stack:
        node = stack.pop()
        if node > graph.leaves and node not in cone:
            cone.add(node)
            stack += (graph.f0[node] >> 1, graph.f1[node] >> 1)
    return cone


def prove_parts(prove: Callable[[Part], Verdict], parts: list[Part], workers: int) -> Verdict:
    """The verdict of all parts: refuted with the first part's counterexample that has one, proven when all are.

    prove and the parts must be picklable. Later parts are given up once a part is refuted.
    """
    open_: Verdict | None = None
    proven: Verdict | None = None
    with worker_pool(min(workers, len(parts))) as pool:
        for verdict in pool.map(prove, parts):
            if verdict.equal is False:
                return verdict
            if verdict.equal is None:
                open_ = verdict
            proven = verdict
    assert proven is not None
    return open_ or replace(proven, detail=f"{proven.detail}, in {len(parts)} parts")
