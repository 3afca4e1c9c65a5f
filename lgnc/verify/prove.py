"""Whether two circuits are the same function: proven, refuted by a replayed counterexample, or undecided.

Hash both into one graph; compare the heads as integer sums; simulate some inputs; sweep with SAT; simulate all inputs
where they are few; ask SAT about what is left.
"""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import LgncError
from lgnc.ir.circuit import Circuit, Words
from lgnc.ir.simulate import unpack
from lgnc.verify.certificate import HEADER
from lgnc.verify.graph import Graph, Simulator
from lgnc.verify.interface import headed, lower_alike
from lgnc.verify.parallel import parts_of, prove_parts
from lgnc.verify.plan_head import by_plan, plan_lines
from lgnc.verify.proof_log import ProofLog
from lgnc.verify.sat import Effort, Oracle
from lgnc.verify.simulate import Claim, compare_points, output_order, replay
from lgnc.verify.space import Side, Space, joint_space
from lgnc.verify.stimulus import EXHAUSTIVE
from lgnc.verify.sums import Sum, class_sums, nonzero, wins
from lgnc.verify.sweep import Patterns, Signatures, sweep_once
from lgnc.verify.verdict import Verdict
from lgnc.verify.word_proof import WordProof, WordSide

_QUICK = 2048
"""Vectors simulated on both circuits before anything is proven, and patterns that signatures start from."""

_EXHAUSTIVE_WORK = 1 << 32
"""Gate evaluations up to which a space of at most 2^20 inputs is simulated whole where cheap proofs do not suffice."""

_CHEAP_WORK = 1 << 26
"""Gate evaluations up to which the whole space is simulated as soon as something is left to ask SAT: some 0.1 s."""

_ALL = 1 << 60


class Stage(NamedTuple):
    """What a pair of nodes may cost, whether nodes that both sides share are compared too, and then the conflicts that
    a question about a whole output or sum may cost (0: none is asked).
    """

    effort: Effort
    everything: bool
    conflicts: int


_STAGES = (
    Stage(Effort(1000, 60), False, 0),
    Stage(Effort(1000, 300), False, 1000),
    Stage(Effort(1000, 1000), False, 10_000),
    Stage(Effort(1000, 60), True, 0),
    Stage(Effort(1000, 300), True, 1000),
    Stage(Effort(300, 3000), False, 10_000),
    Stage(Effort(1000, _ALL), False, 10_000),
    Stage(Effort(10_000, _ALL), True, _ALL),
)
"""Cheap ones first: what looks hard is often easy after the merges below it, or need not be known."""

_QUICK_STAGES = 2
"""So many stages are done before the work is shared among processes."""

_HARD = 4
"""So many questions may go unanswered before a stage leaves the other outputs to the next one."""


class ProverError(LgncError):
    """A counterexample did not replay on the original circuits: a fault in lgnc, never an answer."""


def prove(
    a: Circuit, b: Circuit, *, time_limit: float = 60.0, seed: int = 0, claim: Claim = "scores", workers: int = 1
) -> Verdict:
    """Whether two circuits agree on every input: their class scores (or only their classes, when claim is 'class'),
    or their outputs when they have no head.

    Features, outputs and classes match as in `compare_by_simulation`; a circuit with a head meets one without when
    that one's outputs are those of the lowered head. equal is None when `time_limit` seconds are up. workers: processes
    that share what a first, cheap sweep leaves; they are spawned, so a script that asks for more than one must be one
    that can be imported. The verdict does not depend on them, unless time runs out. Raises BadInput when the interfaces
    differ, ProverError when a counterexample does not replay.
    """
    started = time.perf_counter()
    one, two = lower_alike(a, b)
    order = output_order(one, two)
    proof = _Proof(joint_space(one, two), order, started + time_limit, seed, claim)
    proof.workers, proof.headed = workers, (headed(a, one), headed(b, two))
    verdict = proof.run() if time_limit > 0 else _undecided("no time was given")
    return replace(verdict, seconds=time.perf_counter() - started)


def certify(
    a: Circuit, b: Circuit, *, time_limit: float = 600.0, seed: int = 0, claim: Claim = "scores"
) -> tuple[Verdict, str | None]:
    """`prove`, and when it is proven the text that `lgnc.verify.certificate.check_certificate` replays.

    The text is None when the two are not proven equal, and in the rare proofs that end in a question about a whole
    sum. Raises as `prove` does.
    """
    started = time.perf_counter()
    plan, lowered = by_plan(a, b, started + time_limit, seed)
    one, two = lower_alike(lowered, b)
    proof = _Proof(joint_space(one, two), output_order(one, two), started + time_limit, seed, claim, certify=True)
    verdict = proof.run() if time_limit > 0 else _undecided("no time was given")
    text = None
    if verdict.equal and proof.log is not None:
        text = proof.log.text([HEADER, f"a {a.digest}", f"b {b.digest}", f"goal {claim}", *plan_lines(plan)])
    return replace(verdict, seconds=time.perf_counter() - started), text


def _undecided(detail: str, vectors: int = 0) -> Verdict:
    return Verdict(None, "tested", vectors, None, 0.0, detail)


class _Proof:
    """`one` and `two` hold, for each class or output, both sides' sums over nodes of `graph`; equal ones are gone.

    `logged` holds them all where a certificate is wanted: a sweep without the equal ones could merge a node of the
    second side that a gate of the first is structurally equal to, and the checker would see them part.
    """

    def __init__(
        self,
        views: tuple[Space, Side, Side],
        order: NDArray[np.int64] | None,
        deadline: float,
        seed: int,
        claim: Claim,
        certify: bool = False,
    ) -> None:
        self.views, self.order, self.deadline, self.claim = views, order, deadline, claim
        self.space, left, right = views
        self.a, self.b = left.circuit, right.circuit
        self.seed, self.rng = seed, np.random.default_rng(seed)
        self.graph = Graph(len(self.space.feature), plain=certify)
        self.log = ProofLog(self.space, deadline) if certify else None
        self.by_class = claim == "class" and order is None
        self.vectors, self.workers = 0, 1
        self.headed: tuple[Circuit | None, Circuit | None] = (None, None)
        self.logged: tuple[list[Sum], list[Sum]] = [], []

    def run(self) -> Verdict:
        _, left, right = self.views
        one = self.graph.add_circuit(self.a, left.literal)
        two = self.graph.add_circuit(self.b, right.literal)
        if self.order is None:
            self.one, self.two = class_sums(self.a, one), class_sums(self.b, two)
        else:
            one, two = self._without_numbers(one, [two[k] for k in self.order.tolist()])
            self.one, self.two = _single(one), _single(two)
        if self.log is not None:
            self.logged = self.one, self.two
        if self._settled():
            return Verdict(True, "proven", 0, None, 0.0, "equal by structure")
        simulated = self._simulate(_QUICK)
        if simulated.equal is not True or simulated.how == "exhaustive":
            return simulated
        self.vectors = simulated.vectors
        self.patterns = Patterns.random(self.space, _QUICK, self.rng)
        if self.by_class:
            verdict = self._sweep(_STAGES[0]) or self._sweep(_STAGES[1]) or self._compare_winners()
            if verdict is not None:
                return verdict
        first, quick = _STAGES[:_QUICK_STAGES][:1], _STAGES[1:_QUICK_STAGES]
        cheap = self.stages(first) or self._enumerate(_CHEAP_WORK) or self.stages(quick) or self._enumerate()
        return cheap or self._in_parts() or self.finish()

    def _without_numbers(self, one: list[int], two: list[int]) -> tuple[list[int], list[int]]:
        """The literals of the outputs that are left when score words are proven equal; those bits become one."""
        if self.log is not None or one == two:
            return one, two
        assert self.order is not None
        names = self.a.output_names, [self.b.output_names[k] for k in self.order.tolist()]
        left, right = (WordSide(*side) for side in zip(self.views[1:], names, self.headed, strict=True))
        proof = WordProof(self.graph, self.space, (left, right), self.deadline, self._is_equal)
        self.graph, one, two = proof.left_over(one, two)
        return one, two

    def _is_equal(self, one: Circuit, two: Circuit) -> bool:
        """Whether a part of this proof is proven, in a third of the time that is left."""
        seconds = self.deadline - time.perf_counter()
        return prove(one, two, time_limit=seconds / 3, seed=self.seed).equal is True

    def stages(self, stages: tuple[Stage, ...]) -> Verdict | None:
        """Some stages, from cheap to costly. A verdict, or None when something is left."""
        for stage in stages:
            verdict = self._sweep(stage) or self._ask(stage.conflicts)
            if verdict is not None:
                return verdict
        return None

    def finish(self) -> Verdict:
        """The costly stages."""
        return self.stages(_STAGES[_QUICK_STAGES:]) or _undecided("no stage decided it", self.vectors)

    def _in_parts(self) -> Verdict | None:
        """The verdict of several processes; None when the work is to be done here."""
        if self.workers < 2 or self.log is not None or self.by_class:
            return None
        pairs = list(zip(self.one, self.two, strict=True))
        numbers = parts_of(self.graph, [[2 * node for each in pair for node in each.terms] for pair in pairs])
        if len(numbers) < 2:
            return None
        parts = []
        for number, chosen in enumerate(numbers):
            part = copy.copy(self)
            part.one, part.two = (list(side) for side in zip(*(pairs[k] for k in chosen), strict=True))
            part.rng = np.random.default_rng((self.seed, number))
            part.patterns = replace(self.patterns, rng=part.rng)
            parts.append((part, self.deadline - time.perf_counter()))
        return prove_parts(_finish, parts, self.workers)

    def _simulate(self, most: int) -> Verdict:
        """Both circuits on all inputs, at most `most`, where no certificate is wanted; else on random ones."""
        few = self.log is None and self.space.size * (self.a.gates + self.b.gates) <= _EXHAUSTIVE_WORK
        points = None if few and self.space.size <= most else self.space.points(_QUICK, self.rng)
        return compare_points(self.a, self.b, self.views, points, self.rng, self.claim, self.deadline)

    def _enumerate(self, work: int = _EXHAUSTIVE_WORK) -> Verdict | None:
        """The verdict of all inputs, where they are few, and take at most so many evaluations of gates."""
        if self.space.size > EXHAUSTIVE or self.space.size * (self.a.gates + self.b.gates) > work:
            return None
        simulated = self._simulate(EXHAUSTIVE)
        return None if simulated.equal and simulated.how == "tested" else simulated

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

    def _sweep(self, stage: Stage) -> Verdict | None:
        """Sweep until a round finds no counterexample. A verdict, or None when something is left."""
        refuted = 1
        while refuted:
            if time.perf_counter() > self.deadline:
                return _undecided("time is up", self.vectors)
            roots = self._roots(self.one + self.logged[0]), self._roots(self.two + self.logged[1])
            simulator = Simulator(self.graph, self.graph.cone(roots[0] + roots[1]))
            values = simulator.run(self.patterns.words)
            if (found := self._violated(values)) is not None:
                return self._refuted(self.patterns.point(found))
            known = self.patterns, Signatures(simulator, values, self.rng)
            swept = sweep_once(self.graph, roots, *known, self.deadline, stage.effort, stage.everything, self.log)
            self.graph, refuted = swept.graph, swept.refuted
            self.one = [each.mapped(swept.literal) for each in self.one]
            self.two = [each.mapped(swept.literal) for each in self.two]
            first, second = self.logged
            self.logged = (
                [each.mapped(swept.literal) for each in first],
                [each.mapped(swept.literal) for each in second],
            )
            if self._settled():
                return self._proven()
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
            wrong = unpack(values[nodes], samples) @ times.astype(np.float64) + difference.constant
            if wrong.any():
                return int(np.flatnonzero(wrong)[0])
        return None

    def _refuted(self, point: NDArray[np.int32]) -> Verdict:
        example = replay(*self.views, point, self.claim)
        if example is None:
            raise ProverError("a counterexample does not replay", where="prover", fix="report it with both circuits")
        return Verdict(False, "proven", self.vectors, example, 0.0, "a counterexample was found and replayed")

    def _ask(self, limit: int) -> Verdict | None:
        """Ask SAT about each difference that is left, the smallest first. A verdict, or None when some stay open."""
        pairs = sorted(zip(self.one, self.two, strict=True), key=lambda pair: len(pair[0].minus(pair[1]).terms))
        oracle = Oracle(self.graph, self.space, self.deadline)
        conflicts = min(limit, 1000)
        try:
            while pairs and 0 < conflicts <= limit:
                if time.perf_counter() > self.deadline:
                    return _undecided("time is up", self.vectors)
                hard: list[tuple[Sum, Sum]] = []
                for number, pair in enumerate(pairs):
                    if len(hard) == _HARD and limit < _ALL:
                        hard += pairs[number:]
                        break
                    difference = pair[0].minus(pair[1])
                    found = oracle.satisfiable([nonzero(self.graph, difference)], Effort(conflicts, _ALL))
                    if found is None:
                        hard.append(pair)
                    elif not isinstance(found, bool):
                        return self._refuted(self.space.point(found, self.rng))
                    else:
                        self._log_equal(difference)
                pairs, conflicts = hard, 10 * conflicts
        finally:
            oracle.close()
        self.one, self.two = [one for one, _ in pairs], [two for _, two in pairs]
        return None if pairs else self._proven()

    def _compare_winners(self) -> Verdict | None:
        """From now on compare, for each class, whether it wins."""
        self.by_class, self.log = False, None
        self.one, self.two = (_single(wins(self.graph, side)) for side in (self.one, self.two))
        return self._proven() if self._settled() else None

    def _log_equal(self, difference: Sum) -> None:
        """Log a difference that is never there, when it is one of two nodes; else there is no certificate."""
        if self.log is None:
            return
        signs = sorted(difference.terms.items(), reverse=True)
        (made, sign), (target, other) = (*signs, (0, -signs[0][1]))[:2]
        inverted = sign == other or -sign == difference.constant
        simple = len(signs) <= 2 and abs(sign) == abs(other) == 1
        if not simple or not self.log.record(self.graph, 2 * made, 2 * target + inverted):
            self.log = None


def _finish(part: tuple[_Proof, float]) -> Verdict:
    """What a process does: the later stages of a proof's part, with so many seconds from now."""
    proof, seconds = part
    proof.deadline = time.perf_counter() + seconds
    return proof.finish()


def _single(literals: list[int]) -> list[Sum]:
    sums = []
    for literal in literals:
        sums.append(Sum())
        sums[-1].add(literal)
    return sums
