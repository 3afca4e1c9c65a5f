"""Verdicts: planted mutants refuted or proven harmless, agreement with exhaustive simulation, interfaces."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift
from lgnc.ir import Circuit, Encoder, check, simulate
from lgnc.ir.simulate import encode, head_scores, pack, simulate_outputs, unpack
from lgnc.passes.manager import run_pipeline
from lgnc.verify import Verdict, compare_by_simulation, prove, stimulus
from tests.support import random_circuit, random_model

prover = importlib.import_module("lgnc.verify.prove")


@pytest.fixture
def no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the prover prove: few patterns beforehand, and no space small enough to be enumerated."""
    monkeypatch.setattr(prover, "_QUICK", 128)
    monkeypatch.setattr(prover, "_EXHAUSTIVE_WORK", 0)


def mutant(circuit: Circuit, rng: np.random.Generator) -> Circuit:
    """The circuit with one gate's function changed, at a gate where that breaks no rule of the IR."""
    op = circuit.op.copy()
    gate = int(rng.integers(len(op)))
    op[gate] = (int(op[gate]) + int(rng.integers(1, 16))) % 16
    return check(circuit.with_(op=op))


def small_net(seed: int, dtype: str = "uint8") -> Circuit:
    return lift(random_model(seed, features=4, thresholds=3, layers=3, width=40, classes=4, dtype=dtype))


def replayed(a: Circuit, b: Circuit, verdict: Verdict, claim: str = "scores") -> bool:
    """Whether the counterexample, simulated on both circuits here, makes them differ."""
    assert verdict.counterexample is not None
    given_values = verdict.counterexample["features"]
    rows = [np.array([[given_values[name] for name in c.encoder.names]]).astype(c.encoder.dtype) for c in (a, b)]
    if a.head is None:
        one, two = (
            simulate_outputs(c, pack(encode(c.encoder, x))) & np.uint64(1) for c, x in zip((a, b), rows, strict=True)
        )
        return bool((one != two).any())
    left, right = (simulate(c, x) for c, x in zip((a, b), rows, strict=True))
    return bool((left[0] != right[0]).any() if claim == "scores" else left[1] != right[1])


@pytest.mark.usefixtures("no_simulation")
@pytest.mark.parametrize("claim", ["scores", "class"])
def test_every_mutant_is_refuted_or_proven_harmless(claim: Any) -> None:
    rng = np.random.default_rng(5)
    seen = {True: 0, False: 0}
    for seed in range(60):
        net = small_net(seed, ("uint8", "float32", "bool", "int16")[seed % 4])
        changed = mutant(net, rng)
        verdict = prove(net, changed, claim=claim)
        truth = compare_by_simulation(net, changed, claim=claim)
        assert truth.how == "exhaustive"
        assert verdict.equal is truth.equal
        assert verdict.how != "exhaustive"
        assert verdict.equal or replayed(net, changed, verdict, claim)
        seen[bool(truth.equal)] += 1
    assert min(seen.values()) >= 10


@pytest.mark.usefixtures("no_simulation")
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**20), outputs=st.integers(1, 8), classes=st.integers(0, 3))
def test_the_prover_agrees_with_exhaustive_simulation(seed: int, outputs: int, classes: int) -> None:
    one = random_circuit(seed, inputs=6, gates=40, outputs=outputs, classes=classes, reach=20)
    two = mutant(one, np.random.default_rng(seed))
    assert prove(one, two).equal is compare_by_simulation(one, two).equal


def test_no_time_is_undecided_and_never_a_guess() -> None:
    net = small_net(0)
    verdict = prove(net, net, time_limit=0)
    assert verdict.equal is None
    assert verdict.counterexample is None


def test_an_optimised_net_is_proven_by_structure() -> None:
    net = lift(random_model(1, features=100, width=800, layers=5, classes=10))
    verdict = prove(net, run_pipeline(net, 1)[0])
    assert verdict.equal is True
    assert verdict.how == "proven"


def test_thresholds_that_cut_alike_are_the_same_bit() -> None:
    net = small_net(3)
    enc = net.encoder
    inside = Encoder(enc.names, "float64", enc.feature, enc.threshold.astype(np.float64))
    outside = replace(inside, threshold=np.nextafter(inside.threshold, np.inf))
    verdict = prove(net.with_(encoder=inside), net.with_(encoder=outside))
    assert verdict.equal is False
    narrow = [replace(each, dtype="float32") for each in (inside, outside)]
    assert prove(*(net.with_(encoder=each) for each in narrow)).equal is True


def test_a_file_of_gates_is_compared_with_the_circuit_that_it_was_written_from() -> None:
    net = small_net(4)
    assert net.head is not None
    bits = net.with_(encoder=Encoder.binary(tuple(f"b{k}" for k in range(net.inputs))))
    assert prove(net, bits).equal is True
    assert prove(bits, net).equal is True
    assert compare_by_simulation(bits, net).how == "exhaustive"
    changed = mutant(bits, np.random.default_rng(2))
    verdict = prove(changed, net)
    assert verdict.equal is False
    assert verdict.counterexample is not None
    assert list(verdict.counterexample["features"]) == list(net.encoder.names)
    with pytest.raises(BadInput, match="interfaces differ"):
        prove(net, random_circuit(0, inputs=net.inputs + 1, classes=4))


def test_interfaces_that_differ_are_refused() -> None:
    one, two = random_circuit(0, inputs=5), random_circuit(0, inputs=6)
    with pytest.raises(BadInput, match="interfaces differ"):
        prove(one, two)
    with pytest.raises(BadInput, match="interfaces differ"):
        compare_by_simulation(random_circuit(0, outputs=3), random_circuit(0, outputs=4))
    with pytest.raises(BadInput, match="interfaces differ"):
        prove(random_circuit(0, classes=3), random_circuit(0, classes=4))


def test_stimulus_reaches_every_pattern_and_both_ends_of_every_interval() -> None:
    enc = Encoder(("x", "y"), "uint8", np.array([0, 0, 1, 1, 1]), np.array([10, 200, 5, 255, -1]))
    assert len(stimulus(enc, 6)) == 6
    patterns = {tuple(row) for row in encode(enc, stimulus(enc, 6)).tolist()}
    assert len(patterns) == 6
    many = stimulus(enc, 5)
    assert len(many) == 5
    values = {int(v) for seed in range(40) for v in stimulus(enc, 6, seed)[:, 0]}
    assert values == {0, 10, 11, 200, 201, 255}


def test_a_callable_is_compared_on_vectors() -> None:
    net = lift(random_model(2, features=30, width=60))

    class Ran:
        def __init__(self, features: Any, broken: bool, classes: bool = True) -> None:
            bits = unpack(simulate_outputs(net, pack(encode(net.encoder, features))), len(features))
            assert net.head is not None
            self.scores = head_scores(net.head, bits)
            self.classes = self.scores.argmax(axis=1) if classes else None
            self.outputs = None
            if broken:
                self.scores[len(self.scores) // 2, 1] += 1

    same = compare_by_simulation(net, lambda x: Ran(x, False), 500, encoder=(net, net))
    assert (same.equal, same.how, same.vectors) == (True, "tested", 500)
    other = compare_by_simulation(net, lambda x: Ran(x, True), 500, encoder=(net, net))
    assert other.equal is False
    assert other.counterexample is not None
    assert other.counterexample["a"]["scores"] != other.counterexample["b"]["scores"]
    alone = compare_by_simulation(net, lambda x: Ran(x, True, False), 500, encoder=(net, net)).counterexample
    assert alone is not None
    assert (set(alone["a"]), set(alone["b"])) == ({"scores", "class"}, {"scores"})


def bare(dtype: str, threshold: list[float], op: list[int], outputs: list[int]) -> Circuit:
    """A headless circuit over one feature x, with gates that read nothing."""
    zero, kind = np.zeros(len(op), np.int32), "float64" if dtype.startswith("float") else "int64"
    enc = Encoder(("x",), dtype, np.zeros(len(threshold), np.int32), np.array(threshold, kind))
    names = tuple(f"o{k}" for k in range(len(outputs)))
    return check(Circuit(enc, np.array(op, np.uint8), zero, zero, np.array(outputs, np.int32), None, names))


@pytest.mark.usefixtures("no_simulation")
def test_thresholds_that_no_value_or_every_value_exceeds_are_constants() -> None:
    edges, constants = bare("uint8", [255, -1], [], [0, 2]), bare("uint8", [], [0, 15], [0, 2])
    assert prove(edges, constants).equal is True
    assert prove(edges, bare("uint8", [], [0, 15], [2, 0])).equal is False
    verdict = prove(bare("float32", [3.4e38], [], [0]), bare("float32", [1e300], [], [0]))
    assert verdict.counterexample is not None
    assert verdict.counterexample["features"]["x"] > 3.4e38
    top = 2**63 - 1
    verdict = prove(bare("int64", [top], [], [0]), bare("int64", [top - 1], [], [0]))
    assert verdict.counterexample is not None
    assert verdict.counterexample["features"] == {"x": top}
    assert prove(bare("uint8", [], [], []), bare("uint8", [3], [], [])).equal is True


@pytest.mark.usefixtures("no_simulation")
def test_a_float32_threshold_that_is_exact_is_not_the_one_below_it() -> None:
    below = float(np.nextafter(np.float64(0.5), 0))
    verdict = prove(bare("float32", [0.5], [], [0]), bare("float32", [below], [], [0]))
    assert verdict.equal is False
    assert verdict.counterexample is not None
    assert verdict.counterexample["features"] == {"x": 0.5}
    between = float(np.nextafter(np.float64(0.5), 1))
    assert prove(bare("float32", [0.5], [], [0]), bare("float32", [between], [], [0])).equal is True


@pytest.mark.usefixtures("no_simulation")
def test_the_claim_class_counts_offsets() -> None:
    net = lift(random_model(1, features=100, width=800, layers=2, classes=10))
    assert net.head is not None
    offset = net.head.offset.copy()
    offset[3] += 1
    other = net.with_(head=replace(net.head, offset=offset))
    verdict = prove(net, other, claim="class")
    assert verdict.equal is False
    assert (
        prove(net, net.with_(head=replace(net.head, offset=net.head.offset + np.int32(1))), claim="class").equal is True
    )
