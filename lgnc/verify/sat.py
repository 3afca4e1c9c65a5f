"""Questions about literals of a graph, answered by an incremental SAT solver that loads only their cones."""

from __future__ import annotations

import heapq
import time
from bisect import bisect_left
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.verify.graph import AND, Graph
from lgnc.verify.space import Space

Bits = NDArray[np.int64]
"""int64[n, 2]: cuts of the space and the value, 0 or 1, that a counterexample gives each."""

_RECYCLE = 4000
"""Variables after which a solver is thrown away: cones are small, and a satisfiable call assigns all it holds."""

_WINDOW = 24
"""Nodes that are defined before the first try; four times as many more before each further one."""


class Effort(NamedTuple):
    """How much a question may cost: conflicts in each try, and nodes of its cones that are looked at."""

    conflicts: int
    nodes: int


_CHUNK = 5000
"""Conflicts between two looks at the clock, about a second at most."""


class Oracle:
    """Satisfiability of literals of a graph under the space's thermometer constraints. The graph may grow meanwhile."""

    def __init__(self, graph: Graph, space: Space, deadline: float, logging: bool = False) -> None:
        self.graph, self.deadline, self.logging = graph, deadline, logging
        self.feature, self.rank = space.feature.tolist(), space.rank.tolist()
        self.solver: Any = None
        self._renew()

    def _renew(self) -> None:
        from pysat.solvers import Glucose4

        self.close()
        self.solver = Glucose4(with_proof=self.logging)
        self.solver.add_clause([1])
        self.variable: dict[int, int] = {0: -1}
        self.defined: set[int] = {0}
        self.leaf_cuts: list[int] = []
        self.leaf_variables: list[int] = []
        self.loaded: dict[int, list[tuple[int, int]]] = {}

    def close(self) -> None:
        """Free the solver."""
        if self.solver is not None:
            self.solver.delete()
            self.solver = None

    def equal(self, x: int, y: int, effort: Effort) -> bool | Bits | None:
        """Whether two literals always agree: True, the cuts of a counterexample, or None."""
        for first, second in ((x, y ^ 1), (x ^ 1, y)):
            found = self.satisfiable([first, second], effort)
            if found is not False:
                return found
        return True

    def satisfiable(self, literals: list[int], effort: Effort) -> bool | Bits | None:
        """Whether the literals can all be true at once: the cuts of such an input, False, or None when the
        effort or the time is spent.

        The cones are loaded from the top, the latest nodes first, and only until they rule the literals out: what is
        not loaded yet may take any value.
        """
        if 0 in literals:
            return False
        if len(self.variable) > _RECYCLE:
            self._renew()
        assumptions = [self._literal(x) for x in literals if x > 1]
        waiting = [-(x >> 1) for x in literals if x > 1]
        seen = set(waiting)
        heapq.heapify(waiting)
        window = _WINDOW >> 2 if self.logging else _WINDOW
        while True:
            self._define(waiting, seen, window)
            answer = self._solve(assumptions, effort.conflicts)
            if answer is not True:
                return answer
            if not waiting:
                return self._cuts()
            if len(seen) > effort.nodes:
                return None
            window *= 4

    def _solve(self, assumptions: list[int], conflicts: int) -> bool | None:
        spent = 0
        while spent < conflicts and time.perf_counter() <= self.deadline:
            self.solver.conf_budget(min(_CHUNK, conflicts - spent))
            answer: bool | None = self.solver.solve_limited(assumptions=assumptions)
            if answer is not None:
                return answer
            spent += _CHUNK
        return None

    def learned(self) -> list[list[int]]:
        """The clauses that a logging solver learned, in its variables, without the empty ones (assumptions)."""
        rows = ([int(word) for word in line.split()[:-1]] for line in self.solver.get_proof() if line[0] != "d")
        return [row for row in rows if row]

    def _cuts(self) -> Bits:
        model = np.array(self.solver.get_model(), np.int64)
        values = model[np.array(self.leaf_variables, np.int64) - 1] > 0
        return np.stack([np.array(self.leaf_cuts, np.int64), values], axis=1)

    def _literal(self, x: int) -> int:
        node = x >> 1
        variable = self.variable.get(node)
        if variable is None:
            variable = self.variable[node] = len(self.variable) + 1
        return -variable if x & 1 else variable

    def _define(self, waiting: list[int], seen: set[int], count: int) -> None:
        """Define the `count` latest waiting nodes (a heap of negated numbers) by their fan-ins, which then wait."""
        graph, defined, add = self.graph, self.defined, self.solver.add_clause
        while waiting and count:
            count -= 1
            node = -heapq.heappop(waiting)
            if node <= graph.leaves:
                if node not in defined:
                    self._define_leaf(node)
                continue
            x, y = graph.f0[node], graph.f1[node]
            for fanin in (-(x >> 1), -(y >> 1)):
                if fanin not in seen:
                    seen.add(fanin)
                    heapq.heappush(waiting, fanin)
            if node in defined:
                continue
            defined.add(node)
            own, p, q = self._literal(2 * node), self._literal(x), self._literal(y)
            if graph.kind[node] == AND:
                add([-own, p])
                add([-own, q])
                add([own, -p, -q])
            else:
                add([-own, p, q])
                add([-own, -p, -q])
                add([own, -p, q])
                add([own, p, -q])

    def _define_leaf(self, node: int) -> None:
        """A cut and its order among the defined cuts of its feature: a higher threshold's bit implies a lower one's."""
        self.defined.add(node)
        cut = node - 1
        own = self._literal(2 * node)
        self.leaf_cuts.append(cut)
        self.leaf_variables.append(own)
        chain = self.loaded.setdefault(self.feature[cut], [])
        place = bisect_left(chain, (self.rank[cut], 0))
        if place:
            self.solver.add_clause([-own, chain[place - 1][1]])
        if place < len(chain):
            self.solver.add_clause([-chain[place][1], own])
        chain.insert(place, (self.rank[cut], own))
