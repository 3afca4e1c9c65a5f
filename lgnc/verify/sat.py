"""Questions about literals of a graph, answered by an incremental SAT solver that loads only their cones."""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.verify.graph import AND, Graph
from lgnc.verify.space import Space

Bits = NDArray[np.int64]
"""int64[n, 2]: cuts of the space and the value, 0 or 1, that a counterexample gives each."""

_RECYCLE = 4000
"""Variables after which a solver is thrown away: cones are small, and a satisfiable call assigns all it holds."""

_CHUNK = 5000
"""Conflicts between two looks at the clock, about a second at most."""


class Oracle:
    """Satisfiability of literals of a graph under the space's thermometer constraints. The graph may grow meanwhile."""

    def __init__(self, graph: Graph, space: Space, deadline: float) -> None:
        self.graph, self.deadline, self.calls = graph, deadline, 0
        self.feature, self.rank = space.feature.tolist(), space.rank.tolist()
        self.solver: Any = None
        self._renew()

    def _renew(self) -> None:
        from pysat.solvers import Glucose4

        self.close()
        self.solver = Glucose4()
        self.solver.add_clause([1])
        self.variable: dict[int, int] = {0: -1}
        self.count = 1
        self.leaf_cuts: list[int] = []
        self.leaf_variables: list[int] = []
        self.loaded: dict[int, list[tuple[int, int]]] = {}

    def close(self) -> None:
        """Free the solver."""
        if self.solver is not None:
            self.solver.delete()
            self.solver = None

    def equal(self, x: int, y: int, conflicts: int) -> bool | Bits | None:
        """Whether two literals always agree: True, the cuts of a counterexample, or None when conflicts run out."""
        for first, second in ((x, y ^ 1), (x ^ 1, y)):
            found = self.satisfiable([first, second], conflicts)
            if found is not False:
                return found
        return True

    def satisfiable(self, literals: list[int], conflicts: int) -> bool | Bits | None:
        """Whether the literals can all be true at once: the cuts of such an input, False, or None when time is up."""
        if 0 in literals or time.perf_counter() > self.deadline:
            return False if 0 in literals else None
        if self.count > _RECYCLE:
            self._renew()
        assumptions = [self._literal(x) for x in literals if x > 1]
        self.calls += 1
        spent = 0
        while spent < conflicts and time.perf_counter() <= self.deadline:
            budget = min(_CHUNK, conflicts - spent)
            self.solver.conf_budget(budget)
            answer = self.solver.solve_limited(assumptions=assumptions)
            if answer is False:
                return False
            if answer:
                model = np.array(self.solver.get_model(), np.int64)
                values = model[np.array(self.leaf_variables, np.int64) - 1] > 0
                return np.stack([np.array(self.leaf_cuts, np.int64), values], axis=1)
            spent += budget
        return None

    def _literal(self, x: int) -> int:
        node = x >> 1
        if node not in self.variable:
            self._load(node)
        variable = self.variable[node]
        return -variable if x & 1 else variable

    def _load(self, root: int) -> None:
        graph, variable, add = self.graph, self.variable, self.solver.add_clause
        f0, f1, stack = graph.f0, graph.f1, [root]
        while stack:
            node = stack[-1]
            if node in variable:
                stack.pop()
                continue
            if node <= graph.leaves:
                self._load_leaf(node)
                stack.pop()
                continue
            x, y = f0[node], f1[node]
            missing = [fanin >> 1 for fanin in (x, y) if fanin >> 1 not in variable]
            if missing:
                stack += missing
                continue
            stack.pop()
            self.count += 1
            own = variable[node] = self.count
            p = -variable[x >> 1] if x & 1 else variable[x >> 1]
            q = -variable[y >> 1] if y & 1 else variable[y >> 1]
            if graph.kind[node] == AND:
                add([-own, p])
                add([-own, q])
                add([own, -p, -q])
            else:
                add([-own, p, q])
                add([-own, -p, -q])
                add([own, -p, q])
                add([own, p, -q])

    def _load_leaf(self, node: int) -> None:
        """A cut and its order among the loaded cuts of its feature: a higher threshold's bit implies a lower one's."""
        cut = node - 1
        self.count += 1
        own = self.variable[node] = self.count
        self.leaf_cuts.append(cut)
        self.leaf_variables.append(own)
        chain = self.loaded.setdefault(self.feature[cut], [])
        place = bisect_left(chain, (self.rank[cut], 0))
        if place:
            self.solver.add_clause([-own, chain[place - 1][1]])
        if place < len(chain):
            self.solver.add_clause([-chain[place][1], own])
        chain.insert(place, (self.rank[cut], own))
