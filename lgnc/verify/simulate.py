"""Two circuits, or the files compiled from them, compared on vectors; and the replay of a counterexample."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import argmax, encode, head_scores, pack, simulate_outputs, unpack
from lgnc.verify.interface import lower_alike
from lgnc.verify.space import Side, Space, every_value, joint_space
from lgnc.verify.stimulus import EXHAUSTIVE
from lgnc.verify.verdict import Verdict

Claim = Literal["scores", "class"]
_FIRST, _BLOCK = 256, 8192
"""Vectors in the first block and at most in the others: most differences show at once."""

_CELLS = 1 << 24
"""Vectors of a block times the outputs and features of a vector, which bounds memory to some 100 MB."""


class Ran(Protocol):
    """What running a compiled folder gives (`lgnc.sim.result.RunResult`); None for what it does not have."""

    @property
    def scores(self) -> NDArray[np.int32] | None: ...
    @property
    def classes(self) -> NDArray[np.int64] | None: ...
    @property
    def outputs(self) -> NDArray[np.bool_] | None: ...


@dataclass(frozen=True, eq=False)
class _Values:
    scores: NDArray[np.int32] | None
    classes: NDArray[np.int64] | None
    outputs: NDArray[np.bool_] | None


Run = Callable[[NDArray[Any]], Ran]


def compare_by_simulation(
    a: Circuit | Run,
    b: Circuit | Run,
    n: int = 10_000,
    seed: int = 0,
    *,
    encoder: tuple[Circuit, Circuit] | None = None,
    claim: Claim = "scores",
    rows: NDArray[Any] | None = None,
) -> Verdict:
    """Compare two sides on n vectors that reach every interval between the thresholds of both.

    A side is a circuit, or a callable that runs [n, features] rows; a callable needs `encoder`, the pair of circuits
    that say what each side's features and outputs are. Two circuits with at most 2^20 distinct inputs are compared on
    all of them (how 'exhaustive'). A callable is so on every value of its features' type when these are at most n; else
    it is 'tested', on every combination of intervals where these are at most n, and on `rows` ([m, features of a])
    too. Scores are compared when both sides have them and claim is 'scores'; else classes; output bits when there is
    no head. Raises BadInput when the interfaces differ.
    """
    started = time.perf_counter()
    one, two = encoder or (a, b)
    if not isinstance(one, Circuit) or not isinstance(two, Circuit):
        raise TypeError("a callable side needs encoder=(circuit, circuit)")
    both = isinstance(a, Circuit) and isinstance(b, Circuit)
    if both:
        a, b = one, two = lower_alike(one, two)
    views = joint_space(one, two)
    output_order(one, two)
    rng = np.random.default_rng(seed)
    if both:
        points = None if views[0].size <= EXHAUSTIVE else views[0].points(n, rng)
        verdict = compare_points(a, b, views, points, rng, claim)
    else:
        verdict = _compare_runs(a, b, views, n, rng, claim, rows)
    return replace(verdict, seconds=time.perf_counter() - started)


def _compare_runs(
    a: Circuit | Run,
    b: Circuit | Run,
    views: tuple[Space, Side, Side],
    n: int,
    rng: np.random.Generator,
    claim: Claim,
    rows: NDArray[Any] | None,
) -> Verdict:
    """Compare sides of which one at least is no circuit, and so may tell any two values apart."""
    space, left, right = views
    whole = every_value(views, min(n, EXHAUSTIVE))
    if whole is not None:
        return compare_points(a, b, (whole, left, right), None, rng, claim)
    few = space.size <= n
    points = np.tile(space.all_points(0, space.size), (-(-n // space.size), 1)) if few else space.points(n, rng)
    values = space.values(points, rng)
    if rows is not None and len(rows):
        values = np.concatenate([rows.astype(values.dtype), values])
    wrong, example = _compare_values(a, b, views, values, claim)
    if wrong:
        detail = f"differ on {wrong} of {len(values)} vectors"
        return Verdict(False, "tested", len(values), example, 0.0, detail)
    every = ", in every combination of intervals between thresholds" if few else ""
    return Verdict(True, "tested", len(values), None, 0.0, f"no difference on {len(values)} vectors{every}")


def _compare_values(
    a: Circuit | Run, b: Circuit | Run, views: tuple[Space, Side, Side], values: NDArray[Any], claim: Claim
) -> tuple[int, dict[str, Any] | None]:
    """(how many of the rows differ, the first that does as a counterexample). values: [n, features] of the space."""
    _, left, right = views
    order = output_order(left.circuit, right.circuit)
    wrong = _differ(_run(a, left, values), _run(b, right, values), order, claim)
    count = int(wrong.sum())
    return count, describe(left, right, values[int(np.argmax(wrong))], a, b) if count else None


def compare_points(
    a: Circuit | Run,
    b: Circuit | Run,
    views: tuple[Space, Side, Side],
    points: NDArray[np.int32] | None,
    rng: np.random.Generator,
    claim: Claim = "scores",
    deadline: float = math.inf,
) -> Verdict:
    """Compare two sides at points of their joint space; None for all of them, which is called exhaustive.

    Undecided when `deadline`, a time of `time.perf_counter`, comes first.
    """
    space, left, _ = views
    how, total = ("exhaustive", space.size) if points is None else ("tested", len(points))
    both = isinstance(a, Circuit) and isinstance(b, Circuit)
    width = len(left.circuit.outputs) + len(space.count) + 1
    step = max(_FIRST, min(_BLOCK, _CELLS // width))
    bounds = sorted({0, min(_FIRST, total), *range(_FIRST, total, step), total}) if both else [0, total]
    for first, last in pairwise(bounds):
        if time.perf_counter() > deadline:
            return Verdict(None, "tested", first, None, 0.0, f"time is up after {first:,} of {total:,} vectors")
        block = space.all_points(first, last) if points is None else points[first:last]
        values = space.values(block, rng)
        wrong, example = _compare_values(a, b, views, values, claim)
        if wrong:
            return Verdict(False, how, last, example, 0.0, f"differ on {wrong} of {len(values)} vectors")
    words = f"all {total} distinct inputs" if points is None else f"{total} vectors"
    return Verdict(True, how, total, None, 0.0, f"no difference on {words}")


def output_order(a: Circuit, b: Circuit) -> NDArray[np.int64] | None:
    """For circuits without a head, b's output for each of a's: by name when the names agree, else by position.

    None when both have heads. Raises BadInput when the outputs cannot be matched.
    """
    fix = "compare circuits with the same outputs"
    if (a.head is None) != (b.head is None):
        raise BadInput("the interfaces differ: one circuit has a head and the other has none", fix=fix)
    if a.head is not None and b.head is not None:
        if a.head.classes != b.head.classes:
            raise BadInput(f"the interfaces differ: {a.head.classes} classes and {b.head.classes}", fix=fix)
        if a.head.names != b.head.names and set(a.head.names) == set(b.head.names):
            raise BadInput("the interfaces differ: the same classes in another order", fix=fix)
        return None
    if set(a.output_names) == set(b.output_names):
        place = {name: index for index, name in enumerate(b.output_names)}
        return np.array([place[name] for name in a.output_names], np.int64)
    if len(a.outputs) != len(b.outputs):
        raise BadInput(f"the interfaces differ: {len(a.outputs)} outputs and {len(b.outputs)}", fix=fix)
    return np.arange(len(a.outputs))


def _run(side: Circuit | Run, view: Side, values: NDArray[Any]) -> Ran:
    features = view.features(values)
    if not isinstance(side, Circuit):
        return side(features)
    bits = unpack(simulate_outputs(side, pack(encode(side.encoder, features))), len(features))
    if side.head is None:
        return _Values(None, None, bits)
    scores = head_scores(side.head, bits)
    return _Values(scores, argmax(scores), None)


def _differ(a: Ran, b: Ran, order: NDArray[np.int64] | None, claim: Claim) -> NDArray[np.bool_]:
    """bool[n]: the rows on which the two sides differ."""
    if order is not None:
        if a.outputs is None or b.outputs is None:
            raise BadInput("a side gives no output bits", fix="compare circuits with the same outputs")
        if a.outputs.shape[1] != len(order) or b.outputs.shape[1] != len(order):
            return np.ones(len(a.outputs), np.bool_)
        wrong: NDArray[np.bool_] = (a.outputs != b.outputs[:, order]).any(axis=1)
        return wrong
    if claim == "scores" and a.scores is not None and b.scores is not None:
        if a.scores.shape != b.scores.shape:
            return np.ones(len(a.scores), np.bool_)
        wrong = (a.scores != b.scores).any(axis=1)
        if a.classes is not None and b.classes is not None:
            wrong |= a.classes != b.classes
        return wrong
    if a.classes is None or b.classes is None:
        raise BadInput("a side gives no classes", fix="compare sides that both have a head")
    different: NDArray[np.bool_] = a.classes != b.classes
    return different


def describe(left: Side, right: Side, row: NDArray[Any], a: Circuit | Run, b: Circuit | Run) -> dict[str, Any]:
    """The counterexample at one row of the space's values: the features by name, and what both sides give."""
    names = left.circuit.encoder.names
    given = left.features(row[None])[0].tolist()
    example: dict[str, Any] = {"features": dict(zip(names, given, strict=True))}
    for key, side, view in (("a", a, left), ("b", b, right)):
        ran, head = _run(side, view, row[None]), view.circuit.head
        facts: dict[str, Any] = {}
        if head is None and ran.outputs is not None:
            facts["outputs"] = dict(zip(view.circuit.output_names, ran.outputs[0].astype(int).tolist(), strict=True))
        if ran.scores is not None:
            facts["scores"] = ran.scores[0].tolist()
        if head is not None and ran.classes is not None:
            index = int(ran.classes[0])
            facts["class"] = head.names[index] if 0 <= index < head.classes else f"{index}, which is no class"
        example[key] = facts
    return example


def replay(space: Space, left: Side, right: Side, point: NDArray[np.int32], claim: Claim) -> dict[str, Any] | None:
    """The counterexample at a point, simulated on both original circuits; None when they agree there."""
    rng = np.random.default_rng(0)
    return compare_points(left.circuit, right.circuit, (space, left, right), point[None], rng, claim).counterexample
