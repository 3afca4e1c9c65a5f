"""A certificate as a proof that other people's checkers read: LRAT, about the clauses of the two circuits' miter.

Every node has its literal in the miter and a canonical one, as in `certificate`; two clauses say that they are equal.
They follow from the definitions of two gates where structure makes them one, and from the certificate's lemma else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lgnc.diagnostics import Failed
from lgnc.ir.gates import READS_A, READS_B
from lgnc.verify.certificate import Lemma, TimeIsUp, normal_gate
from lgnc.verify.miter import Clause, Miter, gate_clauses
from lgnc.verify.rup import Local

_READS_A, _READS_B = READS_A.tolist(), READS_B.tolist()


@dataclass
class Proof:
    """Steps (number, clause, hints), and (last number so far, numbers) of clauses that are not needed any more."""

    clauses: int
    steps: list[tuple[int, Clause, list[int]]] = field(default_factory=list)
    deletions: dict[int, list[int]] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return self.clauses + len(self.steps)

    def add(self, clause: Clause, hints: list[int]) -> int:
        """A step; the number of its clause."""
        number = self.last + 1
        self.steps.append((number, clause, hints))
        return number

    def drop(self, numbers: Sequence[int]) -> None:
        """Say that some clauses are not used after the last step."""
        if numbers:
            self.deletions.setdefault(self.last, []).extend(numbers)


class Replay:
    """Goes through the gates as the checker does; `canon` is each node's canonical literal, 2 * node + inverted.

    equal: for a node whose variable is not its canonical literal, the clauses (-v, c) and (v, -c).
    """

    def __init__(self, miter: Miter, lemmas: dict[int, Lemma], where: str, deadline: float) -> None:
        self.miter, self.lemmas, self.where, self.deadline = miter, lemmas, where, deadline
        self.proof = Proof(len(miter.clauses))
        self.first = miter.cuts + 1
        self.canon = list(range(0, 2 * self.first, 2))
        self.variable = list(range(1, self.first + 1))
        self.rows = [(0, 0, 0)] * self.first
        self.equal: dict[int, tuple[tuple[int, Clause], tuple[int, Clause]]] = {}
        self.table: dict[tuple[int, int, int], tuple[int, int]] = {}
        self.windows: dict[tuple[int, int], list[tuple[int, Clause]]] = {}
        self.orders: dict[tuple[int, int], tuple[int, Clause]] = {}

    def run(self) -> Proof:
        """The proof. The obligations' literals must have the same canonical ones, as a checked certificate shows."""
        for view, side in zip(self.miter.views, self.miter.sides, strict=True):
            circuit = view.circuit
            at = [*view.literal.tolist(), *range(2 * len(self.canon), 2 * (len(self.canon) + circuit.gates), 2)]
            rows = zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True)
            for variable, (op, a, b) in zip(side.variable[circuit.inputs :], rows, strict=True):
                self._gate(variable, op, at[a] if _READS_A[op] else 0, at[b] if _READS_B[op] else 0)
        clauses, units = self.miter.clauses, []
        start = len(clauses) - 2 * len(self.miter.obligations)
        for place, pair in enumerate(self.miter.obligations):
            number = start + 2 * place
            known = [(number, clauses[number - 1]), (number + 1, clauses[number]), *self._equalities(pair)]
            units.append(self._derive((-self.miter.gates - 1 - place,), known, pair[:1]))
        self.proof.add((), [*units, len(clauses)])
        return self.proof

    def _gate(self, variable: int, op: int, p: int, q: int) -> None:
        """The next node, over the literals of earlier ones; a variable of 0 is that of a gate which nothing needs."""
        node = len(self.canon)
        self.variable.append(variable)
        if not variable:
            self.canon.append(2 * node)
            self.rows.append((0, 0, 0))
            return
        one, two = self._canonical(p), self._canonical(q)
        key, literal, flip = normal_gate(op, one, two)
        twin = node
        if key is not None:
            literal, twin = self.table.setdefault(key, (2 * node ^ flip, node))
            literal ^= flip
        self.canon.append(literal)
        self.rows.append((op, one, two))
        if literal >> 1 != node:
            self._by_structure(node, twin, literal)
        if node in self.lemmas:
            equal = self._by_lemma(node, literal)
            self.canon[node] = equal
            if key is not None:
                self.table[key] = equal ^ flip, node  # What is known of this one, not of the first such gate.

    def _canonical(self, literal: int) -> int:
        return self.canon[literal >> 1] ^ (literal & 1)

    def _dimacs(self, literal: int) -> int:
        """A node's own literal in the miter."""
        found = self.variable[literal >> 1]
        return -found if literal & 1 else found

    def _equalities(self, literals: Iterable[int]) -> Iterator[tuple[int, Clause]]:
        """What is known about the variables of these literals, and that variable 1 is false."""
        yield 1, (-1,)
        for literal in literals:
            yield from self.equal.get(abs(literal), ())

    def _gate_facts(self, variable: int) -> list[tuple[int, Clause]]:
        """The definition of a gate's variable, and its fan-ins' equalities and its own."""
        variable = abs(variable)
        if variable not in self.miter.first:
            return list(self._equalities((variable,)))
        _, p, q = self.miter.row[variable]
        return [*self.miter.definition(variable), *self._equalities((variable, p, q))]

    def _by_structure(self, node: int, twin: int, literal: int) -> None:
        """The node's equality with the canonical literal that its structure gives."""
        known = self._gate_facts(self.variable[node])
        if twin != node:
            known += self._gate_facts(self.variable[twin])
        split = tuple(self._dimacs(each) for each in self.rows[node][1:])
        self._equate(self.variable[node], self._dimacs(literal), known, split)

    def _equate(self, x: int, y: int, known: list[tuple[int, Clause]], split: tuple[int, ...] = ()) -> None:
        """Derive x = y for a variable x."""
        if x != y and x not in self.equal:
            pair = [(self._derive(clause, known, split), clause) for clause in ((-x, y), (x, -y))]
            self.equal[x] = pair[0], pair[1]

    def _derive(self, clause: Clause, known: Iterable[tuple[int, Clause]], split: tuple[int, ...] = ()) -> int:
        """The number of a clause that follows by unit propagation, perhaps once one of `split` is assumed false."""
        local = Local(known)
        hints = local.hints(clause)
        if hints is not None:
            return self.proof.add(clause, hints)
        for literal in split:
            weaker = (*clause, literal)
            if (hints := local.hints(weaker)) is None:
                continue
            number = self.proof.add(weaker, hints)
            local.add(number, weaker)
            if (hints := local.hints(clause)) is not None:
                found = self.proof.add(clause, hints)
                self.proof.drop([number])
                return found
        raise Failed(f"clause {clause} is not derived", where=self.where, fix="report it with both circuits")

    def _by_lemma(self, node: int, literal: int) -> int:
        """The canonical literal of a lemma's other side, both directions derived in its window."""
        if time.perf_counter() > self.deadline:
            raise TimeIsUp
        target, window, learned = self.lemmas[node]
        equal = self._canonical(target)
        local = Local([(1, (-1,)), *self._definitions(window)])
        seen = {tuple(sorted(clause)): number for number, clause in local.clauses.items()}
        extra: list[int] = []
        numbers: list[int] = []
        for number, clause in enumerate([*learned, [literal ^ 1, equal], [literal, equal ^ 1]]):
            own = tuple(sorted({self._dimacs(self._canonical(each)) for each in clause}))
            found = seen.get(own, 0)
            if not found and not any(-each in own for each in own):
                found = self._derived_in(local, own)
                extra += [found] if number < len(learned) else []
                seen[own] = found
            numbers.append(found)
        if literal != equal:
            self._settle(node, literal, equal, numbers[-2:])
        self.proof.drop([each for each in extra if each not in numbers[-2:]])
        return equal

    def _derived_in(self, local: Local, clause: Clause) -> int:
        hints = local.hints(clause)
        if hints is None:
            raise Failed(f"clause {clause} is not derived", where=self.where, fix="report it with both circuits")
        found = self.proof.add(clause, hints)
        local.add(found, clause)
        return found

    def _settle(self, node: int, literal: int, equal: int, numbers: Sequence[int]) -> None:
        """Note that a node's variable equals a lemma's literal, whether or not it is the canonical one so far."""
        x, y, z = self.variable[node], self._dimacs(literal), self._dimacs(equal)
        clauses = [(numbers[0], (-y, z)), (numbers[1], (y, -z))]
        if abs(x) == abs(y):
            self.equal[x] = (clauses[0], clauses[1]) if x == y else (clauses[1], clauses[0])
            return
        known = [*clauses, *self.equal.pop(x)]
        self._equate(x, z, known)

    def _definitions(self, window: Sequence[int]) -> Iterator[tuple[int, Clause]]:
        """The clauses of every gate of the window over canonical literals, and the order of the cuts that they read."""
        cuts: set[int] = set()
        for gate in dict.fromkeys(window):
            cuts |= {literal >> 1 for literal in self.rows[gate][1:] if 0 < literal >> 1 < self.first}
            key = gate, self.canon[gate]
            if key not in self.windows:
                self.windows[key] = self._over_canonical(gate)
            yield from self.windows[key]
        feature = self.miter.space.feature
        for low, high in pairwise(sorted(cuts)):
            if feature[low - 1] == feature[high - 1]:
                yield self._ordered(low + 1, high + 1)

    def _over_canonical(self, gate: int) -> list[tuple[int, Clause]]:
        """The clauses of a gate with canonical literals for its fan-ins and itself."""
        variable = self.variable[gate]
        if not variable:
            raise Failed(f"the lemma reads gate {gate}, which nothing needs", where=self.where, fix="make it again")
        op, p, q = self.rows[gate]
        known = self._gate_facts(variable)
        there = {tuple(sorted(clause)): number for number, clause in known}
        found = []
        for clause in gate_clauses(op, self._dimacs(self.canon[gate]), self._dimacs(p), self._dimacs(q)):
            own = tuple(sorted(set(clause)))
            if any(-each in own for each in own):
                continue
            number = there.get(own) or self._derive(own, known)
            found.append((number, own))
        return found

    def _ordered(self, low: int, high: int) -> tuple[int, Clause]:
        """(number, clause): the higher of two cuts of a feature implies the lower one."""
        key = low, high
        if key not in self.orders:
            clause = (-high, low)
            chain = [self.miter.below[cut] for cut in range(high, low, -1)]
            self.orders[key] = (chain[0] if len(chain) == 1 else self.proof.add(clause, chain)), clause
        return self.orders[key]
