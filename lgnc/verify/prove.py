"""Whether two circuits are the same function: proven, refuted by a replayed counterexample, or undecided.

Hash both into one graph; compare the heads as integer sums; simulate; sweep with SAT; ask SAT about what is left.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import LgncError
from lgnc.ir.circuit import Circuit, Words
from lgnc.ir.simulate import unpack
from lgnc.verify.certificate import HEADER
from lgnc.verify.graph import Graph, Simulator
from lgnc.verify.interface import lower_alike
from lgnc.verify.proof_log import ProofLog
from lgnc.verify.sat import Effort, Oracle
from lgnc.verify.simulate import Goal, compare_points, output_order, replay
from lgnc.verify.space import Side, Space, joint_space
from lgnc.verify.stimulus import EXHAUSTIVE
from lgnc.verify.sums import Sum, class_sums, nonzero, wins
from lgnc.verify.sweep import Patterns, Signatures, sweep_once
from lgnc.verify.verdict import Verdict

_QUICK = 2048
"""Vectors simulated on both circuits before anything is proven, and patterns that signatures start from."""

_EXHAUSTIVE_WORK = 1 << 32
"""Gate evaluations up to which a space of at most 2^20 inputs is simulated whole rather than proven."""

_EFFORTS = (Effort(50, 200), Effort(200, 3000), Effort(1000, 1 << 60), Effort(20_000, 1 << 60))
"""What a pair of nodes may cost in the rounds of sweeping: what looks hard is often easy after the merges below it."""


class ProverError(LgncError):
    """A counterexample did not replay on the original circuits: a fault in lgnc, never an answer."""


def prove(a: Circuit, b: Circuit, *, time_limit: float = 60.0, seed: int = 0, goal: Goal = "scores") -> Verdict:
    """Whether two circuits agree on every input: their class scores (or only their classes, when goal is 'class'),
    or their outputs when they have no head.

    Features, outputs and classes match as in `compare_by_simulation`; a circuit with a head meets one without when
    that one's outputs are those of the lowered head. equal is None when `time_limit` seconds are up. Raises BadInput
    when the interfaces differ, ProverError when a counterexample does not replay.
    """
    started = time.perf_counter()
    a, b = lower_alike(a, b)
    order = output_order(a, b)
    proof = _Proof(joint_space(a, b), order, started + time_limit, seed, goal)
    verdict = proof.run() if time_limit > 0 else _undecided("no time was given")
    return replace(verdict, seconds=time.perf_counter() - started)


def certify(
    a: Circuit, b: Circuit, *, time_limit: float = 600.0, seed: int = 0, goal: Goal = "scores"
) -> tuple[Verdict, str | None]:
    """`prove`, and when it is proven the text that `lgnc.verify.certificate.check_certificate` replays.

    The text is None when the two are not proven equal, and in the rare proofs that end in a question about a whole
    sum. Raises as `prove` does.
    """
    started = time.perf_counter()
    one, two = lower_alike(a, b)
    proof = _Proof(joint_space(one, two), output_order(one, two), started + time_limit, seed, goal, certify=True)
    verdict = proof.run() if time_limit > 0 else _undecided("no time was given")
    text = None
    if verdict.equal and proof.log is not None:
        text = proof.log.text([HEADER, f"a {a.digest}", f"b {b.digest}", f"goal {goal}"])
    return replace(verdict, seconds=time.perf_counter() - started), text


def _undecided(detail: str, vectors: int = 0) -> Verdict:
    return Verdict(None, "tested", vectors, None, 0.0, detail)


class _Proof:
    """`one` and `two` hold, for each class or output, both sides' sums over nodes of `graph`; equal ones are gone."""

    def __init__(
        self,
        views: tuple[Space, Side, Side],
        order: NDArray[np.int64] | None,
        deadline: float,
        seed: int,
        goal: Goal,
        certify: bool = False,
    ) -> None:
        self.views, self.order, self.deadline, self.goal = views, order, deadline, goal
        self.space, left, right = views
        self.a, self.b = left.circuit, right.circuit
        self.rng = np.random.default_rng(seed)
        self.graph = Graph(len(self.space.feature), plain=certify)
        self.log = ProofLog(self.space, deadline) if certify else None
        self.by_class = goal == "class" and order is None
        self.vectors = 0

    def run(self) -> Verdict:
        _, left, right = self.views
        one = self.graph.add_circuit(self.a, left.literal)
        two = self.graph.add_circuit(self.b, right.literal)
        if self.order is None:
            self.one, self.two = class_sums(self.a, one), class_sums(self.b, two)
        else:
            self.one, self.two = _single(one), _single([two[k] for k in self.order.tolist()])
        if self._settled():
            return Verdict(True, "proven", 0, None, 0.0, "equal by structure")
        simulated = self._simulate()
        if simulated.equal is False or simulated.how == "exhaustive":
            return simulated
        self.vectors = simulated.vectors
        self.patterns = Patterns.random(self.space, _QUICK, self.rng)
        verdict = self._sweep(everything=False) or self._sweep(everything=True)
        if verdict is None and self.by_class:
            self.by_class, self.log = False, None
            self.one, self.two = (_single(wins(self.graph, side)) for side in (self.one, self.two))
            verdict = self._sweep(everything=True) if not self._settled() else self._proven()
        return verdict or self._ask()

    def _simulate(self) -> Verdict:
        """Both circuits on random points, or on all when they are few enough."""
        size = self.space.size
        few = self.log is None and size <= EXHAUSTIVE and size * (self.a.gates + self.b.gates) <= _EXHAUSTIVE_WORK
        points = None if few else self.space.points(_QUICK, self.rng)
        return compare_points(self.a, self.b, self.views, points, self.rng, self.goal)

    def _settled(self) -> bool:
        """Drop what is equal on both sides; whether nothing is left."""
        differences = [x.minus(y) for x, y in zip(self.one, self.two, strict=True)]
        if self.by_class:
            return all(each.minus(differences[0]).is_zero for each in differences)
        left = [k for k, each in enumerate(differences) if not each.is_zero]
        self.one = [self.one[k].restricted(differences[k]) for k in left]
        self.two = [self.two[k].restricted(differences[k]) for k in left]
        return not left

    def _proven(self) -> Verdict:
        return Verdict(True, "proven", 0, None, 0.0, "every score and output is proven equal, by hashing and SAT")

    def _sweep(self, everything: bool) -> Verdict | None:
        """Sweep until a round finds no counterexample. A verdict, or None when something is left."""
        for number in count():
            if time.perf_counter() > self.deadline:
                return _undecided("time is up", self.vectors)
            roots = self._roots(self.one), self._roots(self.two)
            simulator = Simulator(self.graph, self.graph.cone(roots[0] + roots[1]))
            values = simulator.run(self.patterns.words)
            if (found := self._violated(values)) is not None:
                return self._refuted(self.patterns.point(found))
            signatures = Signatures(simulator, values, self.rng)
            effort = _EFFORTS[min(number, len(_EFFORTS) - 1)]
            swept = sweep_once(
                self.graph, roots, self.patterns, signatures, self.deadline, effort, everything, self.log
            )
            self.graph = swept.graph
            self.one = [each.mapped(swept.literal) for each in self.one]
            self.two = [each.mapped(swept.literal) for each in self.two]
            if self._settled():
                return self._proven()
            if not swept.refuted and (not swept.undecided or number >= len(_EFFORTS)):
                return None
        return None

    @staticmethod
    def _roots(sums: list[Sum]) -> list[int]:
        return sorted({2 * node for each in sums for node in each.terms})

    def _violated(self, values: Words) -> int | None:
        """The number of a simulated input at which a sum differs, or None."""
        if self.by_class:
            return None
        samples = 64 * values.shape[1]
        for one, two in zip(self.one, self.two, strict=True):
            difference = one.minus(two)
            nodes = np.array(list(difference.terms), np.int64)
            times = np.array(list(difference.terms.values()), np.int64)
            wrong = unpack(values[nodes], samples) @ times + difference.constant
            if wrong.any():
                return int(np.flatnonzero(wrong)[0])
        return None

    def _refuted(self, point: NDArray[np.int32]) -> Verdict:
        example = replay(*self.views, point, self.goal)
        if example is None:
            raise ProverError("a counterexample does not replay", where="prover", fix="report it with both circuits")
        return Verdict(False, "proven", self.vectors, example, 0.0, "a counterexample was found and replayed")

    def _ask(self) -> Verdict:
        """Ask SAT about each difference that is left, the smallest first, until time is up."""
        differences = sorted((x.minus(y) for x, y in zip(self.one, self.two, strict=True)), key=lambda d: len(d.terms))
        oracle = Oracle(self.graph, self.space, self.deadline)
        self.log = None
        try:
            conflicts = 1000
            while differences:
                if time.perf_counter() > self.deadline:
                    return _undecided("time is up", self.vectors)
                hard = []
                for difference in differences:
                    found = oracle.satisfiable([nonzero(self.graph, difference)], Effort(conflicts, 1 << 60))
                    if found is None:
                        hard.append(difference)
                    elif not isinstance(found, bool):
                        return self._refuted(self.space.point(found, self.rng))
                differences, conflicts = hard, 10 * conflicts
        finally:
            oracle.close()
        return self._proven()


def _single(literals: list[int]) -> list[Sum]:
    sums = []
    for literal in literals:
        sums.append(Sum())
        sums[-1].add(literal)
    return sums
