"""Plans of heads: whatever a plan says, what is lowered by it has the head's scores and class, or it is refused."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift
from lgnc.ir import Circuit, Head
from lgnc.ir.builder import FALSE
from lgnc.passes.lower_head import lower_head
from lgnc.passes.manager import run_pipeline
from lgnc.verify.head_plan import Stage, Step
from lgnc.verify.interface import lower_alike
from lgnc.verify.plan_head import plan_for
from lgnc.verify.planned_head import Plan, Total, _early_keys, lower_by_plan
from lgnc.verify.prove import certify, prove
from tests.support import random_circuit, random_model


def pair(classes: int = 4) -> tuple[Circuit, Circuit]:
    """A circuit, and what a reader of Verilog makes of it: its words by the names of their ports."""
    net = run_pipeline(lift(random_model(1, features=8, width=40, layers=2, classes=classes)), 1)[0]
    return net, named(lower_head(net, "both"))


def named(lowered: Circuit) -> Circuit:
    scores = iter(range(len(lowered.outputs)))
    names = tuple(n if n.startswith("class") else f"scores_{next(scores)}" for n in lowered.output_names)
    return lowered.with_(output_names=names)


def without(circuit: Circuit, name: str) -> Circuit:
    kept = [k for k, each in enumerate(circuit.output_names) if each != name]
    return circuit.with_(outputs=circuit.outputs[kept], output_names=tuple(circuit.output_names[k] for k in kept))


def test_a_class_of_too_few_bits_is_not_equal() -> None:
    net, words = pair()
    assert plan_for(net, words, float("inf")) is not None
    assert certify(net, words)[0].equal is True
    narrow = without(words, "class_1")
    assert plan_for(net, narrow, float("inf")) is None
    with pytest.raises(BadInput, match="interfaces differ"):
        certify(net, narrow)


def changed(plan: Plan, rng: random.Random) -> Plan:
    """A plan with one thing otherwise."""
    made = [[stage._replace(steps=list(stage.steps)) for stage in stages] for stages in plan]
    stages = rng.choice(made)
    at = rng.randrange(len(stages))
    stage = stages[at]
    kind = rng.randrange(7)
    if kind == 0:
        stages[at] = stage._replace(constant=stage.constant + rng.choice((1, 2, 1 << stage.width)))
    elif kind == 1:
        stages[at] = stage._replace(width=max(1, stage.width + rng.choice((-1, 1))))
    elif kind == 2:
        stage.steps.pop(rng.randrange(len(stage.steps)))
    else:
        place = rng.randrange(len(stage.steps))
        column, bits, one = stage.steps[place]
        if kind == 3:
            bits = tuple(rng.randrange(40) for _ in bits)
        elif kind == 4:
            one = (one + 1) % 3
        elif kind == 6:
            bits = bits[::-1]
        else:
            column += 1
        stage.steps[place] = Step(column, bits, one)
    return made


def test_what_a_changed_plan_adds_up_is_the_same_or_nothing() -> None:
    net, words = pair()
    plan = plan_for(net, words, float("inf"))
    assert plan is not None
    rng = random.Random(0)
    said = []
    for _ in range(150):
        try:
            made = lower_by_plan(net, changed(plan, rng), words, "plan")
        except BadInput:
            said.append(False)
            continue
        assert prove(made, words, time_limit=20).equal is True
        said.append(True)
    assert 100 < said.count(False) < 150


def test_a_stage_narrower_than_the_one_before_is_refused() -> None:
    net, words = pair()
    plan = plan_for(net, words, float("inf"))
    assert plan is not None
    plan[0].append(Stage(1, 0, []))
    with pytest.raises(BadInput, match="does not add class 0 up"):
        lower_by_plan(net, plan, words, "plan")


def offset_by(net: Circuit, *offsets: int) -> Circuit:
    assert net.head is not None
    return net.with_(head=replace(net.head, offset=np.array(offsets, np.int32)))


def test_a_bit_that_is_taken_twice_is_refused() -> None:
    """An adder of the highest bit and itself would leave 0 of it, and drop the carry."""
    net = offset_by(pair()[0], 0, 0, 0, 0)
    words = named(lower_head(net, "both"))
    plan = plan_for(net, words, float("inf"))
    assert plan is not None
    assert net.head is not None
    width, _, steps = plan[0][0]
    assert steps[-1].column == width - 2
    highest = int(net.head.starts[1]) + 2 * len(steps) - 1
    lower_by_plan(
        net, [[plan[0][0]._replace(steps=[*steps, Step(width - 1, (highest,), 0)])], *plan[1:]], words, "plan"
    )
    steps.append(Step(width - 1, (highest, highest), 0))
    with pytest.raises(BadInput, match="does not add class 0 up"):
        lower_by_plan(net, plan, words, "plan")


def test_words_of_two_complement_hold_every_score_or_are_refused() -> None:
    net, width = offset_by(pair()[0], -7, 0, 3, -2), 5
    names = [f"score{c}_{bit}" for c in range(4) for bit in range(width)] + ["index_0", "index_1"]
    like = net.with_(outputs=np.zeros(len(names), np.int32), output_names=tuple(names), head=None)
    words = lower_alike(net, like)[0]
    plan = plan_for(net, words, float("inf"))
    assert plan is not None
    assert prove(lower_by_plan(net, plan, words, "plan"), words, time_limit=20).equal is True
    for far in (-1 << width, 1 << width):
        with pytest.raises(BadInput, match="does not add class 0 up"):
            lower_by_plan(offset_by(net, far - 7, 0, 3, -2), plan, words, "plan")


def test_the_class_is_of_early_sums_only_where_all_lack_the_same() -> None:
    net = offset_by(pair()[0], 0, 0, 0, 0)
    plan = plan_for(net, named(lower_head(net, "both")), float("inf"))
    assert plan is not None
    width = plan[1][0].width
    ripple, carry = [Step(0, (0,), 1)], width + 1
    for column in range(1, width):
        ripple.append(Step(column, (column, carry), 0))
        carry += 2
    more = offset_by(net, 0, 1, 0, 0)
    for c, stages in enumerate(plan):
        stages.append(Stage(width, 1, ripple) if c == 1 else Stage(stages[0].width, 0, []))
    words = named(lower_head(more, "both"))
    assert prove(lower_by_plan(more, plan, words, "plan"), words, time_limit=20).equal is True


def test_what_differs_has_a_counterexample_though_its_plan_does_not_fit() -> None:
    misfits = 0
    for seed in (*range(11), 32):
        net = random_circuit(seed, inputs=8, gates=40, outputs=9, classes=3, reach=30)
        words = named(lower_head(net, "both"))
        words = words.with_(outputs=words.outputs ^ (np.arange(len(words.outputs)) == seed % len(words.outputs)))
        plan = plan_for(net, words, float("inf"))
        if plan is not None:
            try:
                lower_by_plan(net, plan, words, "plan")
            except BadInput:
                misfits += 1
        verdict, text = certify(net, words)
        assert (verdict.equal, text) == (False, None)
    assert misfits


def test_a_lowered_head_says_which_outputs_are_the_index() -> None:
    """Names that do not match are nothing: outputs are compared in order."""
    net, _ = pair()
    words = lower_head(net, "both")
    crossed = words.outputs.copy()
    crossed[:2] = crossed[1::-1]
    names = ("index_1", "index_0", *words.output_names[2:])
    assert prove(words.with_(outputs=crossed, output_names=names), net).equal is False
    zero = np.zeros(1, np.int32)
    high = Head(tuple("abcd"), np.array([0, 0, 0, 1, 1], np.int32), np.array([0, -5, 0, -5], np.int32))
    one = net.with_(outputs=net.outputs[:1], head=high)  # Class 0 scores 0, and is chosen unless class 2 scores 1.
    none = np.zeros(2, np.int32)
    names = ("score0_0", "index_0")
    never = net.with_(op=np.zeros(1, np.uint8), a=zero, b=zero, outputs=none + 2 * net.inputs, head=None)
    assert prove(one, never.with_(output_names=names)).equal is False


def test_sums_that_lack_the_same_are_compared() -> None:
    one = [Total([2], 5), Total([4, 6], 3)]
    assert _early_keys([one, [Total([8], 1), Total([10], 3)]]) == [[4, 6], [10, FALSE]]
    assert _early_keys([one, [Total([8], 1), Total([10], 2)]]) is None
