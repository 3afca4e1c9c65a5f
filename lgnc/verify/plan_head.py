"""Looking for the plan by which a head, lowered, has the adders of another circuit; and the plan as lines of text."""

from __future__ import annotations

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.verify.cells import Cuts
from lgnc.verify.graph import Graph, Simulator
from lgnc.verify.head_plan import Stage, Step, find_plan
from lgnc.verify.planned_head import Plan, lower_by_plan, words_of
from lgnc.verify.sat import Effort
from lgnc.verify.space import joint_space
from lgnc.verify.sweep import Patterns, Signatures, sweep_once

_POINTS = 2048
_EFFORT = Effort(1000, 60)


def by_plan(circuit: Circuit, like: Circuit, deadline: float, seed: int = 0) -> tuple[Plan | None, Circuit]:
    """A plan that fits, and the circuit lowered by it; else None and the circuit as it is.

    What is seen in a circuit that differs may be another sum than the head's.
    """
    plan = plan_for(circuit, like, deadline, seed)
    try:
        return plan, circuit if plan is None else lower_by_plan(circuit, plan, like, "plan")
    except BadInput:
        return None, circuit


def plan_for(circuit: Circuit, like: Circuit, deadline: float, seed: int = 0) -> Plan | None:
    """How `like`, whose outputs are words, adds up the literals of the head of `circuit`; None where that is not seen.

    Gates are taken for the same where their structure is, else where a cheap sweep proves them equal.
    """
    head = circuit.head
    places = None if head is None or like.head is not None else words_of(like, head.classes)
    if head is None or places is None:
        return None
    views = joint_space(circuit, like)
    graph = Graph(len(views[0].feature), plain=True)
    one, two = (graph.add_circuit(view.circuit, view.literal) for view in views[1:])
    found = _plan(graph, circuit, one, [[two[place] for place in word] for word in places[0]])
    if found is not None:
        return found
    rng = np.random.default_rng(seed)
    roots = sorted(set(one)), sorted(set(two))
    simulator = Simulator(graph, graph.cone(roots[0] + roots[1]))
    patterns = Patterns.random(views[0], _POINTS, rng)
    known = patterns, Signatures(simulator, simulator.run(patterns.words), rng)
    swept = sweep_once(graph, roots, *known, deadline, _EFFORT, False)
    one, two = ([swept.literal[x >> 1] ^ (x & 1) for x in side] for side in (one, two))
    return _plan(swept.graph, circuit, one, [[two[place] for place in word] for word in places[0]])


def _plan(graph: Graph, circuit: Circuit, literals: list[int], words: list[list[int]]) -> Plan | None:
    head = circuit.head
    assert head is not None
    plan: Plan = []
    for c, word in enumerate(words):
        own = literals[head.starts[c] : head.starts[c + 1]]
        while len(word) > 1 and word[-1] == 0:
            word = word[:-1]
        found = find_plan(graph, Cuts(graph, {x >> 1 for x in own}), word, own) if min(own, default=2) > 1 else None
        if found is None:
            return None
        plan.append(found)
    return plan


def plan_lines(plan: Plan | None) -> list[str]:
    """`s CLASS WIDTH CONSTANT` for each stage, and `t COLUMN ONE BIT ...` for each of its steps."""
    lines = []
    for c, stages in enumerate(plan or []):
        for stage in stages:
            lines.append(f"s {c} {stage.width} {stage.constant}")
            lines += [" ".join(map(str, ("t", step.column, int(step.one), *step.bits))) for step in stage.steps]
    return lines


def plan_from(lines: list[str], where: str, first: int) -> Plan:
    """The plan of such lines, the first being line number `first`. Raises BadInput."""
    plan: Plan = []
    for number, line in enumerate(lines, first):
        word, *rest = line.split(" ")
        if not all(each.isascii() and each.isdigit() and len(each) < 19 for each in rest):
            rest = []
        numbers = [int(each) for each in rest]
        if word == "s" and len(numbers) == 3 and len(plan) - 1 <= numbers[0] <= len(plan) and 0 < numbers[1] <= 64:
            if numbers[0] == len(plan):
                plan.append([])
            plan[-1].append(Stage(numbers[1], numbers[2], []))
        elif word == "t" and len(numbers) > 2 and numbers[1] < 2 and plan:
            plan[-1][-1].steps.append(Step(numbers[0], tuple(numbers[2:]), bool(numbers[1])))
        else:
            raise BadInput(f"'{line[:40]}' is no part of a plan", where=f"{where}:{number}", fix="the file is damaged")
    return plan
