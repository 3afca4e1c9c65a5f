"""The pass manager: names and pipelines, and the checking, timing and printing that surround every pass."""

from __future__ import annotations

import importlib
import inspect
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lgnc.diagnostics import BadInput, Failed, LgncError, unknown
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit
from lgnc.passes.compare import difference

PASSES: dict[str, str] = {
    "absorb_inverters": "lgnc.passes.absorb_inverters",
    "balance_depth": "lgnc.passes.balance_depth",
    "drop_unread_thresholds": "lgnc.passes.drop_unread_thresholds",
    "eliminate_dead_gates": "lgnc.passes.eliminate_dead_gates",
    "absorb_shared_fanins": "lgnc.passes.absorb_shared_fanins",
    "factor_shared_fanins": "lgnc.passes.factor_shared_fanins",
    "fold_constants": "lgnc.passes.fold_constants",
    "functional_reduction": "lgnc.passes.functional_reduction",
    "lower_head": "lgnc.passes.lower_head",
    "merge_duplicate_gates": "lgnc.passes.merge_duplicate_gates",
    "order_head": "lgnc.passes.order_head",
    "rewrite_with_abc": "lgnc.passes.rewrite_with_abc",
    "rewrite_with_aigverse": "lgnc.passes.rewrite_with_aigverse",
    "simplify_head": "lgnc.passes.simplify_head",
}
"""Pass name -> the module whose function of the same name it is."""

_BASIC = ("fold_constants", "absorb_inverters", "merge_duplicate_gates", "eliminate_dead_gates")

_LOCAL = (
    "fold_constants",
    "absorb_inverters",
    "merge_duplicate_gates",
    "absorb_shared_fanins",
    "factor_shared_fanins",
    "simplify_head",
    "eliminate_dead_gates",
    "drop_unread_thresholds",
)

PIPELINES: dict[int, tuple[str, ...]] = {
    0: (),
    1: _BASIC,
    2: _LOCAL,
    3: (
        *(*_LOCAL, "functional_reduction", *_LOCAL),
        *("rewrite_with_abc{required=false}", "rewrite_with_aigverse{required=false}"),
    ),
}
"""The passes of each -O level, repeated until nothing changes."""

PASS_GOALS = ("area", "depth")
"""What a level is to save: gates, or first levels of gates. For depth, every round ends in balance_depth."""

_ROUNDS = {0: 1, 1: 20, 2: 20, 3: 2}
"""A level's pipeline stops after so many rounds, changed or not; a round that ends with more gates is undone."""

Pass = Callable[..., Circuit]
Prove = Callable[..., Any]
"""prove(before, after), and with claim='class' for a pass that keeps only the argmax."""


@dataclass(frozen=True)
class Step:
    """One pass of a pipeline with its options."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PassReport:
    """What one run of a pass did. seconds: of the pass alone, wall clock.

    verified: how the result was compared with the pass's input: 'no', 'tested', 'exhaustive', 'proven' or 'undecided'.
    """

    name: str
    gates_before: int
    gates_after: int
    depth_before: int
    depth_after: int
    seconds: float
    verified: str


def load_pass(name: str) -> Pass:
    """The function of a pass. Raises BadInput that lists the passes when there is no such one."""
    if name not in PASSES:
        raise unknown("pass", name, PASSES)
    function: Pass = getattr(importlib.import_module(PASSES[name]), name)
    return function


def parse_pipeline(text: str) -> tuple[Step, ...]:
    """The steps of 'pass,pass{option=value,option=value}'. Raises BadInput for unknown names and wrong values."""
    steps, at = [], 0
    pattern = re.compile(r"\s*(\w+)\s*(?:\{([^{}]*)\})?\s*(,|$)")
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            raise BadInput(f"cannot read '{text[at : at + 40]}'", where="pipeline", fix="write pass,pass{option=value}")
        steps.append(Step(match[1], _options(match[1], match[2] or "")))
        at = match.end()
    return tuple(steps)


def _options(name: str, text: str) -> dict[str, Any]:
    """The keyword arguments of pass `name` in 'option=value,...', typed as the pass's defaults are."""
    known = {
        key: parameter.default
        for key, parameter in inspect.signature(load_pass(name)).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    options: dict[str, Any] = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        key, equals, value = (word.strip() for word in part.partition("="))
        if key not in known:
            raise unknown("option", key, known, where=name)
        kind = type(known[key])
        words: dict[str, Any] = {"true": True, "false": False}
        try:
            options[key] = words[value] if kind is bool else kind(value)
        except (KeyError, ValueError):
            what = f"option '{key}' cannot be '{value}'" if equals else f"option '{key}' has no value"
            raise BadInput(what, where=name, fix=f"give a value like {known[key]!r}".lower()) from None
    return options


def steps_of(passes_or_level: int | str | Sequence[str | Step], goal: str = "area") -> tuple[Step, ...]:
    """The steps of a -O level for a goal, of a pipeline's text, or of a list of pass names and steps."""
    if goal not in PASS_GOALS:
        raise unknown("goal", goal, PASS_GOALS)
    if isinstance(passes_or_level, int):
        if passes_or_level not in PIPELINES:
            raise unknown("optimisation level", str(passes_or_level), map(str, PIPELINES))
        names = PIPELINES[passes_or_level]
        return parse_pipeline(",".join((*names, "balance_depth") if names and goal == "depth" else names))
    if goal != "area":
        raise BadInput("passes named one by one have no goal", where="goal", fix="name a level, or add balance_depth")
    if isinstance(passes_or_level, str):
        return parse_pipeline(passes_or_level)
    return tuple(Step(each) if isinstance(each, str) else each for each in passes_or_level)


def run_pipeline(
    circuit: Circuit,
    passes_or_level: int | str | Sequence[str | Step],
    *,
    goal: str = "area",
    check_each_pass: bool = False,
    prove: Prove | None = None,
    print_after: Callable[[str, Circuit], None] | None = None,
) -> tuple[Circuit, list[PassReport]]:
    """`circuit` after the passes, with one report per run of a pass.

    A level's pipeline is repeated until a round changes nothing, or for its number of rounds; passes named one by one
    run once. The IR is checked after every pass. goal: 'area', or 'depth' for a level that ends every round in
    balance_depth and takes no pass's result that is deeper. check_each_pass: simulate each result against its input.
    prove(before, after) gives an object with `equal` (True, False or None) and `how`. print_after(name, circuit) is
    called after every pass.
    Raises Failed, naming the pass, when a pass leaves a malformed circuit or one that differs.
    """
    steps = steps_of(passes_or_level, goal)
    rounds = _ROUNDS[passes_or_level] if isinstance(passes_or_level, int) else 1
    reports: list[PassReport] = []
    for _ in range(rounds):
        start = circuit
        for step in steps:
            before, (circuit, seconds) = circuit, _run_pass(step, circuit, goal)
            verified = _verify(step, before, circuit, check_each_pass, prove)
            sizes = (before.gates, circuit.gates, before.depth, circuit.depth)
            reports.append(PassReport(step.name, *sizes, seconds, verified))
            if print_after is not None:
                print_after(step.name, circuit)
        if isinstance(passes_or_level, int) and goal == "area" and circuit.gates > start.gates:
            circuit = start
        if _same(start, circuit):
            break
    return circuit, reports


def _run_pass(step: Step, before: Circuit, goal: str) -> tuple[Circuit, float]:
    """(what the pass leaves, its seconds); for depth the circuit as it was, where the result is deeper."""
    function = load_pass(step.name)
    began = time.perf_counter()
    after = function(before, **step.options)
    seconds = time.perf_counter() - began
    return (before if goal == "depth" and after.depth > before.depth else after), seconds


def _verify(step: Step, before: Circuit, after: Circuit, simulate: bool, prove: Prove | None) -> str:
    """How `after` was compared with `before`. Raises Failed, naming the pass, when it is malformed or differs."""
    name, by_class = step.name, step.options.get("keep_scores") is False
    fix = "this is a fault in lgnc; leave the pass out with -p, and report it"
    try:
        check(after, f"after pass {name}")
    except LgncError as error:
        raise Failed(f"left a malformed circuit: {error.what}", where=f"pass {name}", fix=fix) from None
    verified = "no"
    if simulate:
        verified, what = difference(before, after, by_class=by_class)
        if what:
            raise Failed(f"changed the circuit's meaning: {what}", where=f"pass {name}", fix=fix)
    if prove is not None:
        verdict = prove(before, after, claim="class") if by_class else prove(before, after)
        if verdict.equal is False:
            example = getattr(verdict, "counterexample", None)
            what = "changed the circuit's meaning" + (f", as for {example}"[:300] if example is not None else "")
            raise Failed(what, where=f"pass {name}", fix=fix)
        if verdict.equal:
            verified = str(verdict.how)
        elif not simulate:
            verified = "undecided"
    return verified


def _arrays(circuit: Circuit) -> Iterator[object]:
    yield from (circuit.op, circuit.a, circuit.b, circuit.outputs, circuit.encoder.feature, circuit.encoder.threshold)
    if circuit.head is not None:
        yield from (circuit.head.starts, circuit.head.offset)


def _same(one: Circuit, other: Circuit) -> bool:
    if (one.head is None) != (other.head is None):
        return False
    return all(np.array_equal(x, y) for x, y in zip(_arrays(one), _arrays(other), strict=True))  # type: ignore[arg-type]
