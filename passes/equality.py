"""Whether two nodes of a circuit always agree, asked of a SAT solver that holds only their fan-in cones.

The prover has another oracle, on purpose: docs/verification.md, "Two sweepers".
"""

from __future__ import annotations

import heapq
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import TABLE

_RECYCLE = 5000
"""Variables after which a solver is given up for a fresh one: a satisfiable call assigns all that it holds."""

_WINDOW = 24
"""Nodes that are defined before the first try; four times as many more before each further one."""

Clause = tuple[int, int, int]


def _clauses(op: int) -> list[Clause]:
    """The clauses of out = op(a, b): the sign of a, b and out in each, 0 where it is absent."""
    table = TABLE[op].tolist()
    found: list[Clause] = []
    for value in (0, 1):
        if table[2 * value] == table[2 * value + 1]:
            found.append((1 - 2 * value, 0, 2 * table[2 * value] - 1))
        if table[value] == table[2 + value]:
            found.append((0, 1 - 2 * value, 2 * table[value] - 1))
    for x, y in ((0, 0), (0, 1), (1, 0), (1, 1)):
        out = 2 * table[2 * x + y] - 1
        if (1 - 2 * x, 0, out) not in found and (0, 1 - 2 * y, out) not in found:
            found.append((1 - 2 * x, 1 - 2 * y, out))
    return found


CLAUSES: tuple[list[Clause], ...] = tuple(_clauses(op) for op in range(16))
"""The clauses of each gate number; XOR has four of three literals, AND one of three and two of two."""


class EqualityOracle:
    """Answers about the nodes of `circuit`, each read as the literal that `substitute` holds for it at the time.

    The bits of one feature obey their thresholds' order. substitute: 2 * node at first; the caller may write the
    literal of an earlier node that has been proven equal. conflicts, nodes: what a try may cost, and how many nodes
    of a question's cones may be looked at.
    """

    def __init__(self, circuit: Circuit, substitute: list[int], conflicts: int, nodes: int) -> None:
        self.substitute, self.conflicts, self.nodes = substitute, conflicts, nodes
        self.inputs = circuit.inputs
        self.op, self.a, self.b = circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist()
        enc = circuit.encoder
        by_feature = np.lexsort((enc.threshold, enc.feature))
        groups = np.split(by_feature, np.flatnonzero(np.diff(enc.feature[by_feature])) + 1)
        self.chain = {bit: group.tolist() for group in groups for bit in group.tolist()}
        self.threshold = enc.threshold.tolist()
        self.solver: Any = None
        self.calls = 0
        self._renew()

    def _renew(self) -> None:
        from pysat.solvers import Glucose4

        self.close()
        self.solver = Glucose4()
        self.variable: dict[int, int] = {}
        self.defined: set[int] = set()

    def close(self) -> None:
        """Free the solver."""
        if self.solver is not None:
            self.solver.delete()
            self.solver = None

    def constant(self, node: int, value: bool) -> bool | dict[int, bool] | None:
        """Whether a gate always has `value`: True, a counterexample, or None. See `equal`."""
        return self.never([2 * node + value])

    def equal(self, node: int, literal: int) -> bool | dict[int, bool] | None:
        """Whether a gate equals a literal: True, encoder bits for which it does not, or None when the effort ends."""
        own, other = 2 * node, self.substitute[literal >> 1] ^ (literal & 1)
        for both in ([own, other ^ 1], [own ^ 1, other]):
            answer = self.never(both)
            if answer is not True:
                return answer
        return True

    def never(self, literals: list[int]) -> bool | dict[int, bool] | None:
        """Whether the literals are never true at once.

        Cones are loaded from the top, and only until they say so: what is not loaded yet may take any value.
        """
        self.calls += 1
        if len(self.variable) > _RECYCLE:
            self._renew()
        assumptions = [self._variable(literal) for literal in literals]
        waiting = [-(literal >> 1) for literal in literals]
        seen, window = set(waiting), _WINDOW
        heapq.heapify(waiting)
        while True:
            self._define(waiting, seen, window)
            self.solver.conf_budget(self.conflicts)
            answer = self.solver.solve_limited(assumptions=assumptions)
            if not answer:
                return None if answer is None else True
            if not waiting:
                model = self.solver.get_model()
                return {node: model[self.variable[node] - 1] > 0 for node in self.defined if node < self.inputs}
            if len(seen) > self.nodes:
                return None
            window *= 4

    def _variable(self, literal: int) -> int:
        variable = self.variable.setdefault(literal >> 1, len(self.variable) + 1)
        return -variable if literal & 1 else variable

    def _define(self, waiting: list[int], seen: set[int], count: int) -> None:
        """Define the `count` latest waiting nodes (a heap of negated numbers) by their fan-ins, which then wait."""
        while waiting and count:
            count -= 1
            node = -heapq.heappop(waiting)
            if node < self.inputs:
                if node not in self.defined:
                    self._define_feature(self.chain[node])
                continue
            gate = node - self.inputs
            a, b = self.substitute[self.a[gate]], self.substitute[self.b[gate]]
            for fanin in (-(a >> 1), -(b >> 1)):
                if fanin not in seen:
                    seen.add(fanin)
                    heapq.heappush(waiting, fanin)
            if node not in self.defined:
                self.defined.add(node)
                own, x, y = self._variable(2 * node), self._variable(a), self._variable(b)
                for sign_a, sign_b, sign in CLAUSES[self.op[gate]]:
                    self.solver.add_clause([z for z in (sign_a * x, sign_b * y, sign * own) if z])

    def _define_feature(self, bits: list[int]) -> None:
        """All bits of a feature, by threshold: a higher one implies the one below, and equal ones each other."""
        self.defined.update(bits)
        own = [self._variable(2 * bit) for bit in bits]
        for index, (low, high) in enumerate(pairwise(own)):
            self.solver.add_clause([-high, low])
            if self.threshold[bits[index]] == self.threshold[bits[index + 1]]:
                self.solver.add_clause([high, -low])


def perturbed(
    examples: list[dict[int, bool]], base: NDArray[np.bool_], feature: NDArray[np.int32], seed: int
) -> NDArray[np.bool_]:
    """bool[8 * len(examples), bits]: each example over random rows of base, and seven times with one feature of base's.

    base: bool[n, bits], possible inputs. feature: int32[bits].
    """
    rng = np.random.default_rng(seed)
    rows = base[rng.integers(0, len(base), 8 * len(examples))]
    for index, example in enumerate(examples):
        bits = np.array(list(example), np.int64)
        block = rows[8 * index : 8 * index + 8]
        drawn = block.copy()
        block[:, bits] = np.array(list(example.values()), np.bool_)
        for copy in range(1, 8):
            again = feature == feature[rng.choice(bits)] if len(bits) else np.zeros(0, np.bool_)
            block[copy, again] = drawn[copy, again]
    return rows
