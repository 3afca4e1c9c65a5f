"""Looking for the plan by which a head, lowered, has the adders of another circuit; and the plan as lines of text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.verify.cells import Cuts
from lgnc.verify.graph import Graph, Simulator
from lgnc.verify.head_plan import AHEAD, Stage, Step, find_plan
from lgnc.verify.planned_head import Plan, lower_by_plan, words_of
from lgnc.verify.sat import Effort
from lgnc.verify.space import Side, joint_space
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
    graph = Graph(len(views[0].feature))
    one = graph.add_circuit(views[1].circuit, views[1].literal)
    nodes = graph.add_gates(views[2].circuit, views[2].literal, {})
    found = _plan(circuit, one, _Text(views[2], graph.leaves, nodes, places[0]))
    if found is not None:
        return found
    rng = np.random.default_rng(seed)
    roots = sorted(set(one)), sorted({nodes[x >> 1] & ~1 for x in like.outputs.tolist()})
    simulator = Simulator(graph, graph.cone(roots[0] + roots[1]))
    patterns = Patterns.random(views[0], _POINTS, rng)
    known = patterns, Signatures(simulator, simulator.run(patterns.words), rng)
    swept = sweep_once(graph, roots, *known, deadline, _EFFORT, False)
    one, nodes = ([swept.literal[x >> 1] ^ (x & 1) for x in side] for side in (one, nodes))
    return _plan(circuit, one, _Text(views[2], graph.leaves, nodes, places[0]))


class _Text:
    """A circuit whose outputs are words, and the literals of its nodes in a graph with `leaves` leaves."""

    def __init__(self, view: Side, leaves: int, nodes: list[int], words: list[list[int]]) -> None:
        self.view, self.leaves, self.nodes, self.words = view, leaves, nodes, words

    def cut(self, literals: set[int]) -> _Cut:
        """The circuit's gates behind these literals, which are leaves: nothing of what they are made from is seen.

        What equals one of them later is an adder's, of a literal that counts twice.
        """
        leaf = {node: node for node in range(self.leaves + 1)}
        for node in sorted({literal >> 1 for literal in literals}):
            leaf.setdefault(node, len(leaf))
        stop, known = {literal >> 1 for literal in literals}, dict[int, int]()
        for number, each in enumerate(self.nodes):
            if each >> 1 in stop:
                stop.remove(each >> 1)
                known[number] = 2 * leaf[each >> 1] ^ (each & 1)
        graph, circuit = Graph(len(leaf) - 1, plain=True), self.view.circuit
        at = graph.add_gates(circuit, self.view.literal, known)
        outputs = circuit.outputs.tolist()
        words = [[at[outputs[k] >> 1] ^ (outputs[k] & 1) for k in places] for places in self.words]
        return _Cut(graph, leaf, words)


class _Cut(NamedTuple):
    graph: Graph
    leaf: dict[int, int]
    words: list[list[int]]

    def plan(self, c: int, literals: list[int]) -> list[Stage] | None:
        """The stages of class c's sum of these literals."""
        own, word = [2 * self.leaf[x >> 1] ^ (x & 1) for x in literals], self.words[c]
        while len(word) > 1 and word[-1] == 0:
            word = word[:-1]
        return find_plan(self.graph, Cuts(self.graph, set()), word, own) if min(own, default=2) > 1 else None


def _plan(circuit: Circuit, literals: list[int], text: _Text) -> Plan | None:
    """The stages of every class. Literals of other classes may be what a class's adders make of its own."""
    head = circuit.head
    assert head is not None
    every = text.cut(set(literals))
    plan: Plan = []
    for c in range(head.classes):
        own = literals[head.starts[c] : head.starts[c + 1]]
        found = every.plan(c, own) or text.cut(set(own)).plan(c, own)
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
            lines += [" ".join(map(str, ("t", step.column, step.one, *step.bits))) for step in stage.steps]
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
        elif word == "t" and len(numbers) > 2 and numbers[1] <= AHEAD and plan:
            plan[-1][-1].steps.append(Step(numbers[0], tuple(numbers[2:]), numbers[1]))
        else:
            raise BadInput(f"'{line[:40]}' is no part of a plan", where=f"{where}:{number}", fix="the file is damaged")
    return plan
