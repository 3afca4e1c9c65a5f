"""Inputs that bring a head to its corners: every class wins, every two classes tie, scores reach both of their ends.

Uniform points do not: a class may never win among a million of them. Points are searched for by changing a few
features at a time, and what the search leaves is asked of SAT.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Head
from lgnc.ir.simulate import argmax, encode, head_scores, pack, simulate_outputs, unpack
from lgnc.verify.graph import Graph
from lgnc.verify.sat import Effort, Oracle
from lgnc.verify.space import Side, Space
from lgnc.verify.sums import add_up, class_sums, nonzero, positive, wins

_POOL, _CHILDREN, _PATIENCE = 2048, 16, 12
"""Points that the search starts from; changed points for each goal and round; rounds without anything better."""

_WORK = 1 << 27
"""Gate evaluations of 64 points that the search may cost: about a second."""

_GOALS = 256
"""Pairs of classes whose ties are searched for; of more, those of neighbours come first."""

_SAT_GATES, _SAT_SECONDS = 20_000, 5.0
_QUESTION = Effort(2000, 1 << 60)


class Count(NamedTuple):
    """Of `total` things `seen` were reached and `never` proven impossible; `open` names a few of the others."""

    seen: int
    never: int
    total: int
    open: tuple[str, ...] = ()

    def text(self, what: str) -> str:
        """As a part of a line."""
        told = f"{self.seen} of {self.total} {what}"
        told += f" ({self.never} cannot be, proven)" if self.never else ""
        return told + (f", but not {', '.join(self.open)}" if self.open else "")


@dataclass(frozen=True)
class Coverage:
    """What vectors reach. wins: classes. ties: pairs of classes at the top. bits: values, 0 and 1, of score bits."""

    wins: Count
    ties: Count
    bits: Count

    def text(self) -> str:
        """One line for people."""
        return ", ".join([self.wins.text("classes win"), self.ties.text("ties"), self.bits.text("score bit values")])


class _Goals(NamedTuple):
    """first, second: int64[goals], classes; twice the same: it wins. sign: of goals about a score's ends, or 0."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    sign: NDArray[np.int64]


def telling_points(
    circuit: Circuit, side: Side, space: Space, rng: np.random.Generator
) -> tuple[NDArray[np.int32], Coverage | None]:
    """(int32[n, features] points of `space`, what they reach); no points without a head, or without features to change.

    side: the view of `circuit` on the space.
    """
    head = circuit.head
    free = np.flatnonzero(space.count > 1)
    if head is None or not len(free):
        return np.zeros((0, len(space.count)), np.int32), None
    goals = _goals(head.classes)
    points = _search(circuit, side, space, goals, free, rng)
    scores = _scores(circuit, side, space, points)
    reached = _reached(goals, scores)
    coverage = _count(head, goals, scores, reached, {}, {})
    if circuit.gates > _SAT_GATES or not _is_open(coverage):
        return points, coverage
    more, never, stuck = _ask(circuit, side, space, goals, reached, _bits_seen(head, scores), rng)
    points = np.concatenate([points, more])
    scores = _scores(circuit, side, space, points)
    return points, _count(head, goals, scores, _reached(goals, scores), never, stuck)


def _is_open(coverage: Coverage) -> bool:
    return any(each.seen < each.total for each in (coverage.wins, coverage.ties, coverage.bits))


def _goals(classes: int) -> _Goals:
    pairs = sorted(combinations(range(classes), 2), key=lambda pair: (pair[1] - pair[0], pair))[:_GOALS]
    rows = [(c, c, 0) for c in range(classes)] + [(low, high, 0) for low, high in pairs]
    rows += [(c, c, sign) for c in range(classes) for sign in (1, -1)]
    first, second, sign = np.array(rows, np.int64).T
    return _Goals(first, second, sign)


def _scores(circuit: Circuit, side: Side, space: Space, points: NDArray[np.int32]) -> NDArray[np.int64]:
    """int64[n, classes]."""
    start = np.concatenate([[0], np.cumsum(space.count)[:-1]])
    features = side.features(space.low[points + start])
    bits = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, features))), len(points))
    assert circuit.head is not None
    return head_scores(circuit.head, bits).astype(np.int64)


def _merit(goals: _Goals, scores: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n, goals]: how near each point is to each goal; see `_reached`."""
    x, y = scores[:, goals.first], scores[:, goals.second]
    classes = scores.shape[1]
    others = np.full(x.shape, np.iinfo(np.int32).min, np.int64)
    for c in range(classes):
        beside = (goals.first != c) & (goals.second != c)
        others[:, beside] = np.maximum(others[:, beside], scores[:, c : c + 1])
    tie = -2 * np.abs(x - y) - np.maximum(0, others - np.minimum(x, y))
    win = x - others
    merit: NDArray[np.int64] = np.where(
        goals.sign != 0, goals.sign * x, np.where(goals.first == goals.second, win, tie)
    )
    return merit


def _reached(goals: _Goals, scores: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[goals]: whether a point has it; never for a score's ends, of which the search wants more."""
    merit, won = _merit(goals, scores), argmax(scores.astype(np.int32))
    win = (won[:, None] == goals.first).any(axis=0)
    tie = (merit == 0).any(axis=0)
    reached: NDArray[np.bool_] = (goals.sign == 0) & np.where(goals.first == goals.second, win, tie)
    return reached


def _search(
    circuit: Circuit, side: Side, space: Space, goals: _Goals, free: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int32]:
    """int32[goals + some, features]: the best point found for each goal."""
    pool = np.concatenate([space.points(_POOL // 2, rng), space.points(_POOL // 2, rng, spread=1.0)])
    merit = _merit(goals, _scores(circuit, side, space, pool))
    at = merit.argmax(axis=0)
    best: NDArray[np.int32] = pool[at]
    value = merit[at, np.arange(len(at))]
    reached = _reached(goals, _scores(circuit, side, space, best))
    rounds = _WORK // max(1, (len(at) * _CHILDREN // 64 + 1) * (circuit.nodes + len(circuit.outputs)))
    quiet = 0
    for _ in range(min(rounds, 200)):
        wanted = np.flatnonzero(~reached)
        if not len(wanted) or quiet == _PATIENCE:
            break
        children = _changed(space, np.repeat(best[wanted], _CHILDREN, axis=0), free, rng)
        merit = _merit(goals, _scores(circuit, side, space, children)).reshape(len(wanted), _CHILDREN, -1)
        own = merit[np.arange(len(wanted)), :, wanted]
        child = own.argmax(axis=1)
        better = own.max(axis=1) >= value[wanted]
        quiet = 0 if (own.max(axis=1) > value[wanted]).any() else quiet + 1
        chosen = wanted[better]
        best[chosen] = children.reshape(len(wanted), _CHILDREN, -1)[better, child[better]]
        value[chosen] = own.max(axis=1)[better]
        reached |= _reached(goals, _scores(circuit, side, space, best))
    return best


def _changed(
    space: Space, points: NDArray[np.int32], free: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int32]:
    """The points with one feature or more (1, 2, 4 ... as likely) drawn anew."""
    most = max(1, len(free) // 2)
    share = 2.0 ** rng.integers(0, most.bit_length(), (len(points), 1)) / len(free)
    hit = rng.random((len(points), len(free)), np.float32) < share
    hit[np.arange(len(points)), rng.integers(0, len(free), len(points))] = True
    drawn = (rng.random(hit.shape, np.float32) * space.count[free]).astype(np.int32)
    changed = points.copy()
    changed[:, free] = np.where(hit, np.minimum(drawn, space.count[free] - 1), points[:, free])
    return changed


def _bits_seen(head: Head, scores: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[classes, width, 2]: which bits of score - lowest were 0, and were 1."""
    low = int(head.offset.min())
    high = int((np.diff(head.starts) + head.offset).max())
    bits = (scores - low)[:, :, None] >> np.arange(max(1, (high - low).bit_length())) & 1
    return np.stack([(bits == 0).any(axis=0), (bits == 1).any(axis=0)], axis=2)


def _ask(
    circuit: Circuit,
    side: Side,
    space: Space,
    goals: _Goals,
    reached: NDArray[np.bool_],
    bits_seen: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], dict[int, bool], dict[tuple[int, ...], bool]]:
    """(points that SAT found, goals that cannot be reached, score bit values that cannot)."""
    deadline = time.perf_counter() + _SAT_SECONDS
    graph = Graph(len(space.feature))
    sums = class_sums(circuit, graph.add_circuit(circuit, side.literal))
    won = wins(graph, sums)
    points, never, stuck = [], dict[int, bool](), dict[tuple[int, ...], bool]()
    oracle = Oracle(graph, space, deadline)
    try:
        for goal in np.flatnonzero(~reached & (goals.sign == 0)).tolist():
            c, d = int(goals.first[goal]), int(goals.second[goal])
            wanted = [won[c]]
            if c != d:
                wanted = [nonzero(graph, sums[c].minus(sums[d])) ^ 1]
                others = [each for k, each in enumerate(sums) if k not in (c, d)]
                wanted += [positive(graph, sums[c].minus(each), or_zero=True) for each in others]
            found = oracle.satisfiable([x for x in wanted if x != 1], _QUESTION)
            if found is False:
                never[goal] = True
            elif found is not None and not isinstance(found, bool):
                points.append(space.point(found, rng))
        low = int(circuit.head.offset.min()) if circuit.head is not None else 0
        for c, each in enumerate(sums):
            number = _number(graph, each.constant - low, each.terms, bits_seen.shape[1])
            for bit, value in np.argwhere(~bits_seen[c]).tolist():
                found = oracle.satisfiable([number[bit] ^ 1 ^ value], _QUESTION)
                if found is False:
                    stuck[c, bit, value] = True
                elif found is not None and not isinstance(found, bool):
                    points.append(space.point(found, rng))
    finally:
        oracle.close()
    made = np.array(points, np.int32) if points else np.zeros((0, len(space.count)), np.int32)
    return made, never, stuck


def _number(graph: Graph, constant: int, terms: dict[int, int], width: int) -> list[int]:
    """The bits of constant + the sum of terms, modulo 2^width: a term of -k is k inverted nodes, less k."""
    columns: dict[int, list[int]] = {}
    for node, times in terms.items():
        constant -= max(0, -times)
        for weight in range(abs(times).bit_length()):
            if abs(times) >> weight & 1:
                columns.setdefault(weight, []).append(2 * node + (times < 0))
    for weight in range(width):
        if constant >> weight & 1:
            columns.setdefault(weight, []).append(1)
    return (add_up(graph, columns) + [0] * width)[:width]


def _count(
    head: Head,
    goals: _Goals,
    scores: NDArray[np.int64],
    reached: NDArray[np.bool_],
    never: dict[int, bool],
    stuck: dict[tuple[int, ...], bool],
) -> Coverage:
    impossible = np.array([goal in never for goal in range(len(reached))])
    kinds = []
    for same in (True, False):
        chosen = ((goals.first == goals.second) == same) & (goals.sign == 0)
        left = np.flatnonzero(chosen & ~reached & ~impossible)[:3]
        first, second = ([head.names[c] for c in side[left]] for side in (goals.first, goals.second))
        names = first if same else [f"{one} with {two}" for one, two in zip(first, second, strict=True)]
        counts = [int(np.count_nonzero(chosen & which)) for which in (reached, impossible, chosen)]
        kinds.append(Count(counts[0], counts[1], counts[2], tuple(names)))
    seen = _bits_seen(head, scores)
    missed = [place for place in map(tuple, np.argwhere(~seen).tolist()) if place not in stuck]
    named = tuple(f"bit {bit} of '{head.names[c]}' at {value}" for c, bit, value in missed[:3])
    return Coverage(kinds[0], kinds[1], Count(int(seen.sum()), len(stuck), seen.size, named))
