"""Whether two nodes of a circuit always agree, asked of a SAT solver that holds only their fan-in cones."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import TABLE

_RECYCLE = 5000
"""Variables after which a solver is given up for a fresh one: a satisfiable call assigns all that it holds."""

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
    literal of an earlier node that has been proven equal.
    """

    def __init__(self, circuit: Circuit, substitute: list[int], conflicts: int) -> None:
        self.substitute, self.conflicts = substitute, conflicts
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

    def close(self) -> None:
        """Free the solver."""
        if self.solver is not None:
            self.solver.delete()
            self.solver = None

    def constant(self, node: int, value: bool) -> bool | dict[int, bool] | None:
        """Whether a gate always has `value`: True, a counterexample, or None. See `equal`."""
        own = self._gate(node)
        return self._ask([-own if value else own])

    def equal(self, node: int, literal: int) -> bool | dict[int, bool] | None:
        """Whether a gate equals a literal: True, encoder bits for which it does not, or None when conflicts run out."""
        own, other = self._gate(node), self._literal(literal)
        for assumptions in ([own, -other], [-own, other]):
            answer = self._ask(assumptions)
            if answer is not True:
                return answer
        return True

    def _ask(self, assumptions: list[int]) -> bool | dict[int, bool] | None:
        self.calls += 1
        self.solver.conf_budget(self.conflicts)
        answer = self.solver.solve_limited(assumptions=assumptions)
        if answer is None:
            return None
        if answer is False:
            return True
        model = self.solver.get_model()
        bits = ((node, variable) for node, variable in self.variable.items() if node < self.inputs)
        return {node: model[variable - 1] > 0 for node, variable in bits}

    def _gate(self, node: int) -> int:
        """The variable of a gate itself, whatever it is substituted by."""
        if len(self.variable) > _RECYCLE:
            self._renew()
        gate = node - self.inputs
        self._load([self.substitute[self.a[gate]] >> 1, self.substitute[self.b[gate]] >> 1])
        if node not in self.variable:
            self._add(node)
        return self.variable[node]

    def _literal(self, literal: int) -> int:
        literal = self.substitute[literal >> 1] ^ (literal & 1)
        self._load([literal >> 1])
        variable = self.variable[literal >> 1]
        return -variable if literal & 1 else variable

    def _load(self, stack: list[int]) -> None:
        """Add nodes with their cones."""
        variable, substitute, inputs = self.variable, self.substitute, self.inputs
        while stack:
            node = stack[-1]
            if node in variable:
                stack.pop()
            elif node < inputs:
                self._add_feature(self.chain[node])
                stack.pop()
            else:
                pins = substitute[self.a[node - inputs]] >> 1, substitute[self.b[node - inputs]] >> 1
                missing = [pin for pin in pins if pin not in variable]
                if missing:
                    stack += missing
                else:
                    self._add(node)
                    stack.pop()

    def _add(self, node: int) -> None:
        gate = node - self.inputs
        a, b = self.substitute[self.a[gate]], self.substitute[self.b[gate]]
        pin_a = -self.variable[a >> 1] if a & 1 else self.variable[a >> 1]
        pin_b = -self.variable[b >> 1] if b & 1 else self.variable[b >> 1]
        own = self.variable[node] = len(self.variable) + 1
        for sign_a, sign_b, sign in CLAUSES[self.op[gate]]:
            self.solver.add_clause([x for x in (sign_a * pin_a, sign_b * pin_b, sign * own) if x])

    def _add_feature(self, bits: list[int]) -> None:
        """All bits of a feature, by threshold: a higher one implies the one below, and equal ones each other."""
        for bit in bits:
            self.variable[bit] = len(self.variable) + 1
        for low, high in pairwise(bits):
            self.solver.add_clause([-self.variable[high], self.variable[low]])
            if self.threshold[low] == self.threshold[high]:
                self.solver.add_clause([self.variable[high], -self.variable[low]])


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
