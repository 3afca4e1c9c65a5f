"""The pass manager: pipelines by text, reports, and broken passes caught by name."""

from __future__ import annotations

import importlib
from itertools import pairwise
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from lgnc.diagnostics import BadInput, Failed
from lgnc.ir import Circuit, Encoder, Head, simulate
from lgnc.ir.simulate import pack, simulate_outputs, unpack
from lgnc.passes import balance_depth, factor_shared_fanins, manager
from lgnc.passes.compare import difference
from lgnc.passes.manager import PASSES, PIPELINES, Step, load_pass, parse_pipeline, run_pipeline, steps_of
from lgnc.verify.prove import prove as prove_equal
from tests.passes.test_passes import chain_of, gates
from tests.support import random_circuit


def flip_a_gate(circuit: Circuit, *, which: int = -1) -> Circuit:
    """Wrong: the complement of one gate in place of it."""
    op = circuit.op.copy()
    op[which] ^= 15
    return circuit.with_(op=op)


def lose_an_offset(circuit: Circuit) -> Circuit:
    """Wrong: the head's offsets forgotten."""
    assert circuit.head is not None
    head = circuit.head
    return circuit.with_(head=type(head)(head.names, head.starts, 0 * head.offset, head.tau))


def make_a_cycle(circuit: Circuit) -> Circuit:
    """Wrong: a gate that reads itself."""
    a, op = circuit.a.copy(), circuit.op.copy()
    a[5], op[5] = circuit.inputs + 5, 1
    return circuit.with_(a=a, op=op)


BROKEN = {function.__name__: function for function in (flip_a_gate, lose_an_offset, make_a_cycle)}


@pytest.fixture
def broken_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken passes of this file, registered under their names."""
    module = ModuleType("broken")
    for name, function in BROKEN.items():
        setattr(module, name, function)
        monkeypatch.setitem(PASSES, name, "broken")
    real = importlib.import_module
    fake = SimpleNamespace(import_module=lambda name: module if name == "broken" else real(name))
    monkeypatch.setattr(manager, "importlib", fake)


def circuit_with_head() -> Circuit:
    circuit = random_circuit(2, inputs=9, gates=40, outputs=40, classes=3)
    return circuit.with_(outputs=2 * np.arange(circuit.inputs, circuit.nodes))


@pytest.mark.usefixtures("broken_passes")
@pytest.mark.parametrize("name", ["flip_a_gate", "lose_an_offset"])
def test_a_broken_pass_is_caught_by_name_in_simulation(name: str) -> None:
    with pytest.raises(Failed, match=rf"pass {name}: changed the circuit's meaning"):
        run_pipeline(circuit_with_head(), ["fold_constants", name, "eliminate_dead_gates"], check_each_pass=True)


@pytest.mark.usefixtures("broken_passes")
def test_a_broken_pass_is_caught_by_name_in_a_wide_circuit() -> None:
    wide = random_circuit(4, inputs=300, gates=500, outputs=1)
    wide = wide.with_(outputs=[2 * (wide.nodes - 1)])
    with pytest.raises(Failed, match=r"pass flip_a_gate: changed the circuit's meaning: output 'o0' differs"):
        run_pipeline(wide, [Step("flip_a_gate", {"which": -1})], check_each_pass=True)


@pytest.mark.usefixtures("broken_passes")
def test_a_broken_pass_is_caught_by_name_by_the_prover() -> None:
    def prove(before: Circuit, after: Circuit) -> SimpleNamespace:
        return SimpleNamespace(equal=not difference(before, after)[1], how="proven", counterexample="x = 1")

    with pytest.raises(Failed, match=r"pass flip_a_gate: .* x = 1"):
        run_pipeline(circuit_with_head(), "fold_constants,flip_a_gate", prove=prove)
    _, reports = run_pipeline(circuit_with_head(), "fold_constants", prove=prove)
    assert [report.verified for report in reports] == ["proven"]


@pytest.mark.usefixtures("broken_passes")
def test_a_malformed_circuit_is_caught_by_name_unasked() -> None:
    with pytest.raises(Failed, match="pass make_a_cycle: left a malformed circuit: node 14 reads node 14"):
        run_pipeline(circuit_with_head(), "make_a_cycle")


@pytest.mark.usefixtures("broken_passes")
def test_options_reach_the_pass() -> None:
    assert parse_pipeline("flip_a_gate{which=3}") == (Step("flip_a_gate", {"which": 3}),)
    before = circuit_with_head()
    after, _ = run_pipeline(before, " flip_a_gate{ which = 3 } ")
    assert np.flatnonzero(after.op != before.op).tolist() == [3]
    with pytest.raises(BadInput, match=r"flip_a_gate: unknown option 'wich' \(did you mean 'which'"):
        parse_pipeline("flip_a_gate{wich=3}")
    with pytest.raises(BadInput, match="option 'which' cannot be 'x'"):
        parse_pipeline("flip_a_gate{which=x}")
    with pytest.raises(BadInput, match="option 'which' has no value"):
        parse_pipeline("flip_a_gate{which}")


@pytest.mark.parametrize(
    ("module", "table", "wrong"),
    [
        (balance_depth, "_OUT", np.ones(16, np.bool_)),
        (balance_depth, "_IN_A", np.zeros(16, np.bool_)),
        (factor_shared_fanins, "_FUNCTION", np.full(4096, 1 << 7, np.uint8)),
        (factor_shared_fanins, "_SPLIT", np.full((3, 256), 16 * 1 + 7, np.int16)),
    ],
)
def test_a_wrong_table_of_a_pass_is_caught_by_name(
    module: ModuleType, table: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module.__name__.rpartition(".")[2]
    tree, products = chain_of([1, 2, 1, 14, 2, 7, 13, 1]), gates([1, 1, 6], [0, 0, 3], [1, 2, 4], [10], 3)
    before = tree if module is balance_depth else products
    assert run_pipeline(before, name, check_each_pass=True)[0] is not before
    monkeypatch.setattr(module, table, wrong)
    with pytest.raises(Failed, match=f"pass {name}: changed the circuit's meaning"):
        run_pipeline(before, name, check_each_pass=True)
    with pytest.raises(Failed, match=f"pass {name}: changed the circuit's meaning, as for"):
        run_pipeline(before, name, prove=prove_equal)


def test_an_undecided_proof_is_reported_as_such() -> None:
    undecided = SimpleNamespace(equal=None, how="timeout")
    _, reports = run_pipeline(circuit_with_head(), "fold_constants", prove=lambda _before, _after: undecided)
    assert [report.verified for report in reports] == ["undecided"]


def test_pipelines_parse() -> None:
    two = (Step("fold_constants"), Step("eliminate_dead_gates"))
    assert parse_pipeline("fold_constants, eliminate_dead_gates{}") == two
    assert parse_pipeline("") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fold_constant", r"unknown pass 'fold_constant' \(did you mean 'fold_constants'\?"),
        ("fold_constants{deep=1}", "unknown option 'deep'"),
        ("fold_constants}", r"cannot read 'fold_constants}'"),
        ("fold_constants eliminate_dead_gates", "cannot read"),
    ],
)
def test_wrong_pipelines_are_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_pipeline(text)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(BadInput, match=r"unknown optimisation level '7' \(valid: 0, 1, 2, 3\)"):
        run_pipeline(circuit_with_head(), 7)


def test_every_name_loads_and_every_pipeline_names_passes() -> None:
    for name in PASSES:
        assert load_pass(name).__name__ == name
    assert sorted(PIPELINES) == [0, 1, 2, 3]
    assert all({step.name for step in steps_of(level)} <= set(PASSES) for level in PIPELINES)


def test_the_goal_of_depth_ends_shallower_and_takes_nothing_deeper(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = chain_of([1] * 9 + [6] * 4)
    area, _ = run_pipeline(chain, 1)
    shallow, reports = run_pipeline(chain, 1, goal="depth", check_each_pass=True)
    assert shallow.depth < area.depth
    assert reports[-1].name == "balance_depth"
    assert not difference(chain, shallow)[1]

    def deepen(circuit: Circuit) -> Circuit:
        op, a, b = (
            np.append(each, last) for each, last in ((circuit.op, 3), (circuit.a, circuit.nodes - 1), (circuit.b, 0))
        )
        return circuit.with_(op=op, a=a, b=b, outputs=[2 * circuit.nodes + 1])

    real = load_pass
    monkeypatch.setattr(manager, "load_pass", lambda name: deepen if name == "fold_constants" else real(name))
    kept, _ = run_pipeline(chain, 1, goal="depth", check_each_pass=True)
    assert kept.depth <= chain.depth
    with pytest.raises(Failed, match="pass fold_constants"):
        run_pipeline(chain, 1, check_each_pass=True)
    with pytest.raises(BadInput, match=r"unknown goal 'deep' \(did you mean 'depth'"):
        run_pipeline(chain, 1, goal="deep")
    with pytest.raises(BadInput, match="passes named one by one have no goal"):
        run_pipeline(chain, "fold_constants", goal="depth")
    assert run_pipeline(chain, 0, goal="depth") == (chain, [])


def test_reports_add_up_and_passes_print() -> None:
    seen: list[tuple[str, int]] = []
    before = random_circuit(3, inputs=10, gates=300, outputs=5)
    after, reports = run_pipeline(before, 1, print_after=lambda name, circuit: seen.append((name, circuit.gates)))
    assert seen == [(report.name, report.gates_after) for report in reports]
    assert (reports[0].gates_before, reports[-1].gates_after) == (before.gates, after.gates)
    assert (reports[0].depth_before, reports[-1].depth_after) == (before.depth, after.depth)
    assert all(one.gates_after == two.gates_before for one, two in pairwise(reports))
    assert all(report.seconds >= 0 and report.verified == "no" for report in reports)
    assert run_pipeline(before, 0) == (before, [])


@pytest.mark.parametrize("outputs", ["scores", "both", "class"])
@pytest.mark.parametrize("goal", ["luts", "gates", "depth", "lut6"])
def test_a_head_of_one_literal_each_is_lowered_to_the_literals(outputs: str, goal: str) -> None:
    head = Head(("x", "y"), np.array([0, 1, 2]), np.zeros(2, np.int32))
    none = np.zeros(0, np.int32)
    before = Circuit(Encoder.binary(("a", "b")), np.zeros(0, np.uint8), none, none, np.array([0, 3]), head)
    after, _ = run_pipeline(before, f"lower_head{{outputs={outputs},goal={goal}}}", check_each_pass=True)
    assert after.head is None
    assert len(after.outputs) == {"scores": 2, "both": 3, "class": 1}[outputs]
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.bool_)
    bits = unpack(simulate_outputs(after, pack(x)), 4)
    scores, classes = simulate(before, x)
    if outputs != "class":
        assert (bits[:, -2:] == scores).all()
    if outputs != "scores":
        assert (bits[:, 0] == classes).all()
