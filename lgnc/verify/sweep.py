"""SAT sweeping: nodes that simulation cannot tell apart are proven equal, or told apart, in topological order.

A proven node is replaced by its earlier equal in everything after it, so that each proof starts from the merges before
it (they are its cut points). A counterexample becomes patterns that split the classes. Follows Kuehlmann et al.,
"Robust Boolean reasoning for equivalence checking and functional property verification", 2002, and Mishchenko et al.,
"FRAIGs", 2005.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Words
from lgnc.ir.simulate import pack
from lgnc.verify.graph import Graph, Simulator
from lgnc.verify.proof_log import ProofLog
from lgnc.verify.sat import Bits, Effort, Oracle
from lgnc.verify.space import Space

_LATEST = 2
"""Members of a class that are kept beside the first one."""

_COPIES = 3
"""Perturbed words that go with every word of counterexamples."""


@dataclass
class Patterns:
    """words: uint64[cuts, w], the simulated inputs."""

    space: Space
    rng: np.random.Generator
    words: Words

    @staticmethod
    def random(space: Space, count: int, rng: np.random.Generator) -> Patterns:
        """`count` (a multiple of 128) random points, half of them drawn uniformly and half leaning low or high."""
        points = np.concatenate([space.points(count // 2, rng, spread) for spread in (0.0, 1.5)])
        return Patterns(space, rng, pack(space.bits(points)))

    def extend(self, examples: list[Bits]) -> Words:
        """Add up to 64 counterexamples, and copies in which a few of their features are drawn again."""
        points = np.stack([self.space.point(example, self.rng) for example in examples])
        chosen = np.resize(np.arange(len(points)), 64)
        blocks = [points[chosen]]
        for _ in range(_COPIES):
            copy = points[chosen]
            for row, number in enumerate(chosen.tolist()):
                cuts = examples[number][:, 0]
                if len(cuts):
                    features = self.space.feature[self.rng.choice(cuts, 2)]
                    copy[row, features] = self.rng.integers(0, self.space.count[features])
            blocks.append(copy)
        fresh = pack(self.space.bits(np.concatenate(blocks)))
        self.words = np.concatenate([self.words, fresh], axis=1)
        return fresh

    def point(self, column: int) -> NDArray[np.int32]:
        """The point of simulated input number `column`."""
        bits = (self.words[:, column >> 6] >> np.uint64(column & 63)) & np.uint64(1)
        cuts = np.arange(len(bits))
        return self.space.point(np.stack([cuts, bits.astype(np.int64)], axis=1), self.rng)


class Signatures:
    """A hash of each node's simulated values, up to inversion. Nodes of different hashes are different."""

    def __init__(self, simulator: Simulator, values: Words, rng: np.random.Generator) -> None:
        self.simulator, self.rng = simulator, rng
        self.phase = (values[:, 0] & np.uint64(1)).astype(np.bool_)
        self.hash = np.zeros(len(values), np.uint64)
        self._mix(values)

    def _mix(self, values: Words) -> None:
        flip = np.where(self.phase, ~np.uint64(0), np.uint64(0))
        for word in range(values.shape[1]):
            odd = np.uint64(2 * int(self.rng.integers(0, 2**63)) + 1)
            self.hash += (values[:, word] ^ flip) * odd

    def refine(self, words: Words) -> None:
        """Take further patterns into account."""
        self._mix(self.simulator.run(words))


class Swept(NamedTuple):
    """graph: the new graph. literal: for each old node its literal there, -1 outside the cones. refuted: pairs told
    apart by SAT. undecided: pairs for which the effort or the time was spent.
    """

    graph: Graph
    literal: list[int]
    refuted: int
    undecided: int


def sweep_once(
    graph: Graph,
    roots: tuple[list[int], list[int]],
    patterns: Patterns,
    signatures: Signatures,
    deadline: float,
    effort: Effort,
    everything: bool,
    log: ProofLog | None = None,
) -> Swept:
    """One pass over the cones of both sides' roots, into a new graph; no question costs more than `effort`.

    Nodes that both sides already share are compared only when `everything`. Merges are written to `log`.
    """
    cones = [graph.cone(side) for side in roots]
    nodes = sorted(set(cones[0]) | set(cones[1]))
    shared = set() if everything else set(cones[0]) & set(cones[1])
    new = Graph(graph.leaves, graph.plain)
    oracle = Oracle(new, patterns.space, deadline)
    work = _Sweep(graph, new, oracle, patterns, signatures, shared, effort, log)
    try:
        work.run(nodes)
    finally:
        oracle.close()
    return Swept(new, work.literal, work.refuted, work.undecided)


class _Sweep:
    def __init__(
        self,
        graph: Graph,
        new: Graph,
        oracle: Oracle,
        patterns: Patterns,
        signatures: Signatures,
        shared: set[int],
        effort: Effort,
        log: ProofLog | None,
    ) -> None:
        self.graph, self.new, self.oracle = graph, new, oracle
        self.patterns, self.signatures = patterns, signatures
        self.shared, self.effort = shared, effort
        self.log = log
        self.literal = [-1] * len(graph)
        first = graph.leaves + 1
        self.literal[:first] = range(0, 2 * first, 2)
        self.done = list(range(first))
        self.examples: list[Bits] = []
        self.refuted = self.undecided = 0

    def run(self, nodes: list[int]) -> None:
        graph, new, literal = self.graph, self.new, self.literal
        self._classify(nodes)
        for position, node in enumerate(nodes):
            x, y = graph.f0[node], graph.f1[node]
            size = len(new)
            made = new.make(graph.kind[node], literal[x >> 1] ^ (x & 1), literal[y >> 1] ^ (y & 1))
            if made >> 1 == size:
                new.origin[size] = graph.origin[node] ^ (made & 1)
                if node in self.candidates:
                    made = self._merge(node, made)
            literal[node] = made
            self.done.append(node)
            if len(self.examples) == 64:
                self._learn()
                self._classify(nodes[position + 1 :])
        if self.examples:
            self._learn()

    def _learn(self) -> None:
        self.signatures.refine(self.patterns.extend(self.examples))
        self.examples = []

    def _classify(self, coming: list[int]) -> None:
        """Find the coming nodes that share a signature with another node, and done nodes of each signature."""
        nodes = np.array(self.done + coming, np.int64)
        _, place, count = np.unique(self.signatures.hash[nodes], return_inverse=True, return_counts=True)
        several = count[place] > 1
        self.candidates = set(nodes[len(self.done) :][several[len(self.done) :]].tolist())
        self.classes: dict[int, list[tuple[int, bool]]] = {}
        for node in nodes[: len(self.done)][several[: len(self.done)]].tolist():
            self._enter(node, self.literal[node])

    def _enter(self, node: int, literal: int) -> None:
        """Make a node one of its class's members: the first stays, and so do the latest."""
        members = self.classes.setdefault(int(self.signatures.hash[node]), [])
        literal ^= int(self.signatures.phase[node])
        if all(literal != each for each, _ in members):
            if len(members) > _LATEST:
                del members[1]
            members.append((literal, node in self.shared))

    def _merge(self, node: int, made: int) -> int:
        """The literal for a node that was made as a new one: that of a member of its class when proven equal to it.

        Where the first one is too hard, later ones are tried: high bits of sums are often alike in all patterns.
        """
        members = self.classes.get(int(self.signatures.hash[node]), [])
        undecided = False
        for literal, shared in members[:1] + members[:0:-1]:
            if shared and node in self.shared:
                continue
            target = literal ^ int(self.signatures.phase[node])
            answer = self.oracle.equal(made, target, self.effort)
            if answer is True and (self.log is None or self.log.record(self.new, made, target)):
                self.new.alias(made, target)
                return target
            if answer is not None and not isinstance(answer, bool):
                self.refuted += 1
                self.examples.append(answer)
                break
            undecided = True
        self.undecided += undecided
        self._enter(node, made)
        return made
