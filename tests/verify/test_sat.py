"""SAT sweeping on restructured circuits, beside ABC's verdict; faults planted in the prover itself are caught."""

from __future__ import annotations

import importlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.formats.lift import lift
from lgnc.formats.read_aiger import circuit_from_aiger
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir import Circuit, Encoder, Head, check, in_order
from lgnc.ir.gates import AND, GT, LT, NAND, OR, XOR
from lgnc.passes.lower_head import lower_head
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import require_tool, run
from lgnc.verify import compare_by_simulation, prove
from tests.support import needs, random_circuit, random_model

prover = importlib.import_module("lgnc.verify.prove")
sat = importlib.import_module("lgnc.verify.sat")


@pytest.fixture(autouse=True)
def _no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the prover prove: few patterns beforehand, and no space small enough to be enumerated."""
    monkeypatch.setattr(prover, "_QUICK", 128)
    monkeypatch.setattr(prover, "_EXHAUSTIVE_WORK", 0)


def restructured(circuit: Circuit) -> Circuit:
    """The same function with every XOR made of three other gates, and every AND of a NAND and an inverting one."""
    first = circuit.inputs
    literal = list(range(first))
    op: list[int] = []
    a: list[int] = []
    b: list[int] = []

    def gate(kind: int, x: int, y: int) -> int:
        op.append(kind)
        a.append(x)
        b.append(y)
        return first + len(op) - 1

    for kind, x, y in zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True):
        p, q = literal[x], literal[y]
        if kind == XOR:
            literal.append(gate(OR, gate(GT, p, q), gate(LT, p, q)))
        elif kind == OR:
            literal.append(gate(XOR, gate(XOR, p, q), gate(AND, p, q)))
        elif kind == AND:
            literal.append(gate(AND, gate(OR, p, q), gate(NAND, gate(NAND, p, q), gate(OR, p, q))))
        else:
            literal.append(gate(kind, p, q))
    outputs = 2 * np.array(literal, np.int32)[circuit.outputs >> 1] + (circuit.outputs & 1)
    arrays = np.array(op, np.uint8), np.array(a, np.int32), np.array(b, np.int32)
    return check(in_order(circuit.encoder, *arrays, outputs, circuit.head, circuit.output_names))


def mutant(circuit: Circuit, rng: np.random.Generator) -> Circuit:
    op = circuit.op.copy()
    gate = int(rng.integers(len(op)))
    op[gate] = (int(op[gate]) + int(rng.integers(1, 16))) % 16
    return check(circuit.with_(op=op))


def thin_mutant(circuit: Circuit, output: int, care: int) -> Circuit:
    """The circuit with one output inverted at exactly one pattern of the first `care` inputs."""
    op, a, b = circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist()
    last = 0
    for bit in range(1, care):
        op.append(AND if bit % 2 else GT)
        a.append(last)
        b.append(bit)
        last = circuit.inputs + len(op) - 1
    op.append(XOR)
    a.append(int(circuit.outputs[output]) >> 1)
    b.append(last)
    outputs = circuit.outputs.copy()
    outputs[output] = 2 * (circuit.inputs + len(op) - 1) + (outputs[output] & 1)
    arrays = np.array(op, np.uint8), np.array(a, np.int32), np.array(b, np.int32)
    return check(in_order(circuit.encoder, *arrays, outputs, circuit.head, circuit.output_names))


def test_a_restructured_net_is_proven_through_its_cut_points() -> None:
    net = lift(random_model(1, features=100, width=300, layers=4, classes=5))
    other = restructured(run_pipeline(net, 1)[0])
    verdict = prove(net, other)
    assert (verdict.equal, verdict.how) == (True, "proven")


@pytest.mark.parametrize("classes", [0, 4])
def test_a_difference_at_one_input_in_millions_is_found_and_replayed(classes: int) -> None:
    net = random_circuit(3, inputs=40, gates=300, outputs=12, classes=classes)
    other = restructured(thin_mutant(net, 5, 30))
    assert compare_by_simulation(net, other, 5000).equal is True
    verdict = prove(net, other)
    assert verdict.equal is False
    example = verdict.counterexample
    assert example is not None
    assert example["a"] != example["b"]
    assert [int(example["features"][f"i{k}"]) for k in range(30)] == [1, 1, *[0, 1] * 14]


def test_a_lowered_head_is_proven_against_the_head() -> None:
    net = run_pipeline(lift(random_model(2, features=60, width=120, layers=3, classes=5)), 1)[0]
    for outputs in ("class", "scores", "both"):
        lowered = lower_head(net, outputs)
        assert prove(net, lowered).equal is True
        assert compare_by_simulation(lowered, net, 500).equal is True
        assert prove(restructured(lowered), net).equal is True
    op = lowered.op.copy()
    op[-1] = 15 - op[-1]
    assert prove(net, lowered.with_(op=op)).equal is False


def test_a_class_proof_allows_other_scores() -> None:
    net = lift(random_model(4, features=30, width=40, layers=2, classes=3))
    head = net.head
    assert head is not None
    starts = head.starts.tolist()
    shared = [[*net.outputs[first:last].tolist(), 6] for first, last in pairwise(starts)]
    bonus = net.with_(
        outputs=np.concatenate(shared).astype(np.int32),
        head=Head(head.names, np.cumsum([0, *map(len, shared)]), head.offset + 3, head.tau),
    )
    assert prove(net, bonus).equal is False
    verdict = prove(net, bonus, claim="class")
    assert (verdict.equal, verdict.how) == (True, "proven")


def test_a_class_that_never_wins_may_change_its_score() -> None:
    net = random_circuit(9, inputs=30, gates=60, outputs=9, classes=3)
    head = net.head
    assert head is not None
    low = net.with_(head=Head(head.names, head.starts, np.array([0, 1, -8])))
    lower = net.with_(head=Head(head.names, head.starts, np.array([0, 1, -9])))
    assert prove(low, lower).equal is False
    assert prove(low, lower, claim="class").equal is True


def test_a_head_whose_literals_moved_is_equal_and_a_missing_one_is_not() -> None:
    net = random_circuit(6, inputs=24, gates=120, outputs=20, classes=2)
    head = net.head
    assert head is not None
    order = np.concatenate([np.arange(9, -1, -1), np.arange(19, 9, -1)])
    x = int(net.outputs[0])
    padded = np.concatenate([net.outputs[order], [x, x ^ 1]]).astype(np.int32)
    more = Head(head.names, np.array([0, 10, 22]), head.offset - np.array([0, 1]))
    assert prove(net, net.with_(outputs=padded, head=more)).equal is True
    fewer = Head(head.names, np.array([0, 9, 19]), head.offset)
    assert prove(net, net.with_(outputs=net.outputs[1:], head=fewer)).equal is False


@needs("yosys-abc")
def test_a_circuit_that_abc_rewrote_is_proven(tmp_path: Path) -> None:
    net = lift(random_model(5, features=200, thresholds=1, width=800, layers=4, classes=10))
    bits = net.with_(head=None, output_names=tuple(f"o{k}" for k in range(len(net.outputs))))
    (tmp_path / "in.aig").write_bytes(aiger_bytes(bits))
    script = "read_aiger in.aig; strash; ifraig; dc2; dc2; write_aiger out.aig"
    run([require_tool("yosys-abc"), "-c", script], cwd=tmp_path)
    back = circuit_from_aiger((tmp_path / "out.aig").read_bytes(), "out.aig")
    names = Encoder(net.encoder.names, net.encoder.dtype, net.encoder.feature, net.encoder.threshold)
    verdict = prove(net, back.with_(encoder=names, head=net.head, output_names=()))
    assert (verdict.equal, verdict.how) == (True, "proven")


def test_an_unsound_merge_is_caught_by_the_cross_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def lie(*_: Any) -> bool:
        return True

    net = random_circuit(3, inputs=18, gates=300, outputs=12)
    other = restructured(thin_mutant(net, 5, 18))
    truth = compare_by_simulation(net, other)
    assert (truth.equal, truth.how) == (False, "exhaustive")
    assert prove(net, other).equal is False
    monkeypatch.setattr(sat.Oracle, "equal", lie)
    assert prove(net, other).equal is True


def test_a_false_counterexample_is_a_fault_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_circuit(3, inputs=30, gates=300, outputs=12)
    monkeypatch.setattr(prover._Proof, "_violated", lambda *_: 7)
    with pytest.raises(prover.ProverError, match="does not replay"):
        prove(net, restructured(net))


def test_time_that_runs_out_is_undecided() -> None:
    net = lift(random_model(1, features=100, width=300, layers=4, classes=5))
    assert prove(net, restructured(net), time_limit=1e-6).equal is None
