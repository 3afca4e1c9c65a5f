"""Circuits: order, levels, the verifier, the text form, the meaning."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc.diagnostics import BadInput
from lgnc.formats import from_text, to_text
from lgnc.ir import Circuit, Encoder, Head, check, in_order, simulate
from lgnc.ir.gates import AND, NOT_A, TABLE, XOR
from lgnc.ir.order import levels, levels_in_order
from lgnc.ir.simulate import encode, features_for, pack, simulate_nodes, simulate_outputs, unpack
from tests.support import random_circuit, random_features, random_model

TEXT = """\
lgir 1
features uint8 2
"x"
"y \\"2\\""
bits 3
n0 = f0 > 10
n1 = f0 > 20
n2 = f1 > 7
gates 3
n3 = nota n1 @0
n4 = and n0 n3 @0
n5 = xor n4 n2 @1
head 2 tau 4.0
"low" = -1 n5 ~n4 n0
"high" = 2 ~n2
end
"""


def slow_nodes(circuit: Circuit, bits: list[int]) -> list[int]:
    """One sample, one gate at a time."""
    values = list(bits)
    for op, a, b in zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True):
        values.append(int(TABLE[op, 2 * values[a] + values[b]]))
    return values


@given(st.integers(0, 10_000), st.integers(1, 130))
@settings(max_examples=40, deadline=None)
def test_simulation_is_gate_by_gate_evaluation(seed: int, n: int) -> None:
    circuit = random_circuit(seed, inputs=7, gates=90, outputs=9)
    bits = np.random.default_rng(seed).integers(0, 2, (n, 7)).astype(np.bool_)
    nodes = unpack(simulate_nodes(circuit, pack(bits)), n)
    outputs = unpack(simulate_outputs(circuit, pack(bits)), n)
    for row in range(0, n, 17):
        slow = slow_nodes(circuit, bits[row].astype(int).tolist())
        assert nodes[row].astype(int).tolist() == slow
        assert outputs[row].astype(int).tolist() == [slow[x >> 1] ^ (x & 1) for x in circuit.outputs.tolist()]


@given(st.integers(0, 200), st.integers(0, 9))
@settings(deadline=None)
def test_packing_round_trip(n: int, rows: int) -> None:
    bits = np.random.default_rng(n).integers(0, 2, (n, rows)).astype(np.bool_)
    words = pack(bits)
    assert words.dtype == np.uint64
    assert words.shape == (rows, -(-n // 64))
    assert (unpack(words, n) == bits).all()
    if n and rows:
        assert [bool(words[0, s // 64] >> np.uint64(s % 64) & np.uint64(1)) for s in range(n)] == bits[:, 0].tolist()


def test_scores_ties_and_offsets() -> None:
    circuit = from_text(TEXT)
    scores, classes = simulate(circuit, np.array([[15, 0], [25, 9], [0, 255]], np.uint8))
    # row 0: n0=1 n1=0 n2=0 -> n3=1 n4=1 n5=1; low = -1 + 1 + 0 + 1, high = 2 + 1
    assert scores.tolist() == [[1, 3], [2, 2], [1, 2]]
    assert classes.tolist() == [1, 0, 1]
    assert scores.dtype == np.int32


def test_the_order_is_by_level_then_gate() -> None:
    circuit = random_circuit(3, gates=500)
    key = circuit.level[circuit.inputs :].astype(np.int64) * 16 + circuit.op
    assert (np.diff(key) >= 0).all()
    again = in_order(
        circuit.encoder, circuit.op, circuit.a, circuit.b, circuit.outputs, None, circuit.output_names, circuit.layer
    )
    assert again.digest == circuit.digest


@pytest.mark.parametrize("most", [1000, 3])
@pytest.mark.parametrize("seed", range(8))
def test_levels_in_order_are_the_levels(seed: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.ir.order._MOST_RUNS", most)
    circuit = random_circuit(seed, gates=60 if seed else 0)
    pins = circuit.a.copy(), circuit.b.copy()
    assert (levels_in_order(circuit.inputs, circuit.op, *pins) == levels(circuit.inputs, circuit.op, *pins)).all()
    if circuit.gates:
        op = circuit.op.copy()
        op[5], pins[0][5] = 1, circuit.inputs + 40
        op[40], pins[1][40] = 1, circuit.inputs + 5
        with pytest.raises(BadInput, match="cycle"):
            levels_in_order(circuit.inputs, op, *pins)


def test_levels_of_a_shuffled_netlist() -> None:
    circuit = random_circuit(5, gates=300)
    rng = np.random.default_rng(0)
    shuffle = rng.permutation(circuit.gates)
    new = np.concatenate([np.arange(circuit.inputs), np.empty(circuit.gates, np.int64)]).astype(np.int32)
    new[circuit.inputs + shuffle] = np.arange(circuit.inputs, circuit.nodes)
    outputs = 2 * new[circuit.outputs >> 1] + (circuit.outputs & 1)
    again = in_order(
        circuit.encoder,
        circuit.op[shuffle],
        new[circuit.a][shuffle],
        new[circuit.b][shuffle],
        outputs.astype(np.int32),
        None,
        circuit.output_names,
    )
    bits = pack(rng.integers(0, 2, (64, circuit.inputs)).astype(np.bool_))
    assert (simulate_outputs(again, bits) == simulate_outputs(circuit, bits)).all()
    assert again.depth == circuit.depth


def test_a_cycle_is_refused() -> None:
    encoder = Encoder.binary(("x",))
    op, a, b = np.array([AND, AND], np.uint8), np.array([2, 1], np.int32), np.array([0, 0], np.int32)
    with pytest.raises(BadInput, match="cycle"):
        in_order(encoder, op, a, b, np.array([2], np.int32), None, ("o",))


def test_circuits_are_immutable() -> None:
    circuit = random_circuit()
    with pytest.raises(ValueError, match="read-only"):
        circuit.op[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        circuit.op = circuit.op  # type: ignore[misc]


def test_a_million_gates_take_about_ten_megabytes() -> None:
    n = 1_000_000
    fanin = np.zeros(n, np.int32)
    circuit = Circuit(Encoder.binary(("x",)), np.full(n, XOR, np.uint8), fanin, fanin, np.zeros(0, np.int32))
    assert circuit.op.nbytes + circuit.a.nbytes + circuit.b.nbytes <= 10_000_000


BROKEN: dict[str, dict[str, Any]] = {
    "gate number 16": {"op": [16, AND, XOR]},
    "does not come before it": {"a": [1, 5, 4]},
    "outside 0..5": {"a": [1, 0, 99]},
    "names no node": {"outputs": [10, 9, 0, 999]},
    "differ in length": {"a": [0]},
    "cut the outputs": {"head": Head(("low", "high"), np.array([0, 3, 9]), np.array([0, 0]))},
    "classes have the same name": {"head": Head(("low", "low"), np.array([0, 3, 4]), np.array([0, 0]))},
    "not a positive number": {"head": Head(("low", "high"), np.array([0, 3, 4]), np.array([0, 0]), 0.0)},
    "output names": {"head": None},
    "feature outside": {"encoder": Encoder(("x",), "uint8", np.array([0, 0, 1]), np.array([1, 2, 3]))},
    "is not one of": {"encoder": Encoder(("x",), "int7", np.array([0, 0, 0]), np.array([1, 2, 3]))},
    "not finite": {"encoder": Encoder(("x",), "float64", np.array([0, 0, 0]), np.array([1, 2, np.inf]))},
}


@pytest.mark.parametrize("message", BROKEN)
def test_the_verifier_names_the_broken_rule(message: str) -> None:
    circuit = from_text(TEXT)
    assert check(circuit) is circuit
    with pytest.raises(BadInput, match=message):
        check(circuit.with_(**BROKEN[message]))


def test_text_is_stable_and_parses_back() -> None:
    circuit = from_text(TEXT)
    assert to_text(circuit) == TEXT
    assert circuit.op.tolist() == [NOT_A, AND, XOR]
    assert circuit.layer is not None
    assert circuit.layer.tolist() == [0, 0, 1]
    assert circuit.head is not None
    assert circuit.head.tau == 4.0


@given(st.integers(0, 10_000), st.sampled_from(["bool", "uint8", "int16", "float64"]), st.booleans())
@settings(max_examples=30, deadline=None)
def test_text_round_trip(seed: int, dtype: str, with_head: bool) -> None:
    from lgnc.formats import lift

    if with_head:
        circuit = lift(random_model(seed, dtype=dtype, layers=2, width=20))
    else:
        circuit = random_circuit(seed, gates=40)
    again = from_text(to_text(circuit))
    assert again.digest == circuit.digest
    assert to_text(again) == to_text(circuit)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("lgir 1", "lgir 9", "x.lgir:1: version 9"),
        ("bits 3", "bits 99999999999", "x.lgir:5: '99999999999' is not a count"),
        ("bits 3", "bits " + 5000 * "9", "is not a count"),
        ("bits 3", "bits ²", "x.lgir:5: '²' is not a count"),
        ("n4 = and n0 n3", "n4 = and n0 n4", "x.lgir:11: 'n4' is not n0..n3"),
        ("n4 = and n0 n3", "n4 = nad n0 n3", "x.lgir:11: expected 'n4 = GATE"),
        ("n4 = and n0 n3", "n4 = and n0", "x.lgir:11: gate 'and' does not have 1"),
        ("xor n4 n2 @1", "xor n4 n2", "x.lgir:12: some gates have a layer"),
        ("~n2", "~n6", "x.lgir:15: 'n6' is not n0..n5"),
        ("= -1 n5", "= 99999999999 n5", "x.lgir:14"),
        ("= -1 n5", "= 3000000000 n5", "x.lgir:14"),
        ("tau 4.0", "tau -4.0", "not a positive number"),
        ('"x"', "x", "x.lgir:3: expected a name in double quotes"),
        ("end\n", "", "x.lgir:16: expected 'end'"),
        ("end\n", "end\nmore\n", "nothing after it"),
        ("n0 = f0 > 10", "n0 = f2 > 10", "x.lgir:6: 'f2' is not f0..f1"),
        ("n0 = f0 > 10", "n0 = f0 > 1.5", "is not a threshold"),
    ],
)
def test_text_errors_name_the_line(old: str, new: str, place: str) -> None:
    assert TEXT.replace(old, new, 1) != TEXT
    with pytest.raises(BadInput) as error:
        from_text(TEXT.replace(old, new, 1), "x.lgir")
    assert place in str(error.value)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_mutated_text_is_a_circuit_or_bad_input(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT) - 1))
    insert = data.draw(st.text(max_size=4))
    mutated = TEXT[:at] + insert + TEXT[at + data.draw(st.integers(0, 6)) :]
    try:
        circuit = from_text(mutated)
    except BadInput:
        return
    assert to_text(from_text(to_text(circuit))) == to_text(circuit)


def test_features_that_do_not_fit_are_refused() -> None:
    encoder = from_text(TEXT).encoder
    assert features_for(encoder, np.array([[1.0, 2.0]])).dtype == np.uint8
    for bad, message in [
        (np.array([[1, 300]]), "300 in row 0, feature 'y"),
        (np.array([[1, 2], [np.nan, 2]]), "nan in row 1, feature 'x'"),
        (np.array([[1, 2, 3]]), "not rows x 2"),
        (np.array([["a", "b"]]), "not numbers"),
        (np.array([[1.5, 2]]), "is not a uint8"),
    ]:
        with pytest.raises(BadInput, match=message):
            features_for(encoder, bad)
    with pytest.raises(BadInput, match="1e\\+300 in row 0, feature 'f', is not a float32"):
        features_for(Encoder(("f",), "float32", np.zeros(0, np.int32), np.zeros(0)), np.array([[1e300]]))
    assert encode(encoder, np.array([[10, 8], [11, 7]])).tolist() == [[False, False, True], [True, False, False]]


def test_networkx_view() -> None:
    circuit = from_text(TEXT)
    graph = circuit.to_networkx()
    assert networkx.is_directed_acyclic_graph(graph)
    assert graph.nodes[0] == {"kind": "input", "feature": "x", "threshold": 10, "level": 0}
    assert circuit.layer is not None
    at = circuit.inputs
    assert graph.nodes[4] == {"kind": "and", "level": int(circuit.level[4]), "layer": int(circuit.layer[4 - at])}
    assert len(graph) == circuit.nodes + len(circuit.outputs)
    assert "layer" not in circuit.with_(layer=None).to_networkx().nodes[4]
    assert graph.edges[0, 4]["pin"] == "a"
    assert graph.edges[4, ("output", 1)]["inverted"] is True
    assert list(graph.predecessors(3)) == [1]


def test_lift_keeps_every_value() -> None:
    from lgnc.formats import lift
    from lgnc.sim.network import run_model

    for seed, dtype in enumerate(("bool", "uint8", "int8", "int32", "float64")):
        model = random_model(seed, dtype=dtype, candidates=1 + 3 * (seed % 2), classes=7)
        circuit = lift(model)
        x = random_features(circuit, 200, seed)
        result = run_model(model, x)
        scores, classes = simulate(circuit, x)
        assert result.scores is not None
        assert (result.scores == scores).all()
        assert result.accuracy(classes) == 1
        assert circuit.layer is not None
        assert np.bincount(circuit.layer).tolist() == [60, 60, 60]


def test_large_circuits_take_fewer_samples_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node values stay within their limit, and the scores are the same."""
    from lgnc.ir import simulate as package
    from lgnc.ir.simulate import simulate_outputs as real

    module, held = sys.modules[package.__module__], []
    circuit = random_circuit(0, classes=3)
    x = random_features(circuit, 1000, 0)
    wanted = simulate(circuit, x)[0]

    def watched(given: Circuit, words: Any) -> Any:
        held.append(given.nodes * words.shape[-1])
        return real(given, words)

    monkeypatch.setattr(module, "simulate_outputs", watched)
    monkeypatch.setattr(module, "_NODE_WORDS", 3 * circuit.nodes)
    assert (simulate(circuit, x)[0] == wanted).all()
    assert max(held) == 3 * circuit.nodes
