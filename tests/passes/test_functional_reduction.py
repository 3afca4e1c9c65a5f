"""SAT sweeping: what it merges, that the thresholds' order counts, and that it never merges what differs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc.formats.lift import lift
from lgnc.ir import Circuit, Encoder, check
from lgnc.ir.gates import AND, TABLE, XOR
from lgnc.passes.compare import difference
from lgnc.passes.equality import CLAUSES, EqualityOracle, perturbed
from lgnc.passes.functional_reduction import functional_reduction
from lgnc.passes.manager import run_pipeline
from lgnc.verify.prove import prove
from tests.support import random_circuit, random_model


@pytest.mark.parametrize("op", range(16))
def test_clauses_say_what_the_gate_does(op: int) -> None:
    for a, b, out in itertools.product((0, 1), repeat=3):
        sign = tuple(2 * x - 1 for x in (a, b, out))
        holds = all(any(x == y for x, y in zip(clause, sign, strict=True)) for clause in CLAUSES[op])
        assert holds == (TABLE[op, 2 * a + b] == out)


def chain(order: list[int], inputs: int) -> tuple[list[int], list[int]]:
    """Fan-ins of a chain of gates over the inputs in the given order; gate numbers follow the inputs."""
    a, b = [order[0]], [order[1]]
    for index, bit in enumerate(order[2:]):
        a.append(inputs + index)
        b.append(bit)
    return a, b


@pytest.mark.parametrize("op", [AND, XOR])
def test_one_function_in_two_orders_becomes_one(op: int) -> None:
    inputs = 14
    a, b = chain(list(range(inputs)), inputs)
    shift = len(a)
    c, d = chain(list(reversed(range(inputs))), inputs)
    c = [x + shift if x >= inputs else x for x in c]
    count = 2 * shift
    outputs = np.array([2 * (inputs + shift - 1), 2 * (inputs + count - 1) + 1])
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(inputs)))
    pins = np.array(a + c, np.int32), np.array(b + d, np.int32)
    before = check(Circuit(encoder, np.full(count, op, np.uint8), *pins, outputs, None, ("x", "y")))
    after, _ = run_pipeline(before, "functional_reduction,eliminate_dead_gates", check_each_pass=True)
    assert after.gates == shift
    assert after.outputs[0] == after.outputs[1] ^ 1
    assert prove(before, after).equal is True


def test_the_order_of_thresholds_is_used() -> None:
    encoder = Encoder(("x", "y"), "uint8", np.array([0, 0, 1]), np.array([10, 20, 5]))
    pins = np.array([0, 1, 3], np.int32), np.array([1, 2, 2], np.int32)
    before = check(Circuit(encoder, np.array([AND, AND, AND]), *pins, np.array([6, 8, 10]), None, ("p", "q", "r")))
    after = functional_reduction(before)
    assert after.outputs.tolist() == [2, 8, 8]
    assert difference(before, after) == ("exhaustive", "")
    assert prove(before, after).equal is True
    impossible = before.with_(op=np.array([4, AND, AND]))  # not x > 10, and x > 20
    assert functional_reduction(impossible).op[0] == 0
    assert difference(impossible, functional_reduction(impossible)) == ("exhaustive", "")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(13, 20), st.integers(50, 250))
def test_reduced_circuits_are_proven_equal(seed: int, inputs: int, gates: int) -> None:
    before = random_circuit(seed, inputs=inputs, gates=gates, outputs=12, reach=25)
    after = functional_reduction(before)
    assert prove(before, after).equal is True


def test_what_cannot_be_decided_stays() -> None:
    before = random_circuit(3, inputs=16, gates=300, outputs=30, reach=20)
    none = functional_reduction(before, conflicts=0)
    assert prove(before, none).equal is True
    some = functional_reduction(before)
    read = [np.unique(np.concatenate([c.a, c.b])).size for c in (none, some)]
    assert read[1] <= read[0]


def test_an_oracle_that_lies_is_caught_by_the_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: an oracle that calls everything equal makes a circuit that the pass check refuses by name."""
    from lgnc.diagnostics import Failed

    net = lift(random_model(1, features=30, thresholds=2, layers=5, width=300, classes=3))
    monkeypatch.setattr(EqualityOracle, "equal", lambda *_: True)
    monkeypatch.setattr("lgnc.passes.functional_reduction.stimulus", lambda keys, _: ("tested", few(len(keys))))
    with pytest.raises(Failed, match="pass functional_reduction: changed the circuit's meaning"):
        run_pipeline(net, "functional_reduction", check_each_pass=True)


def few(bits: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """Hardly any patterns, so that many different gates look alike."""
    return (np.random.default_rng(0).integers(0, 4, (bits, 1)) * 0x5555555555555555).astype(np.uint64)


def test_perturbed_examples_keep_features_whole() -> None:
    feature = np.array([0, 0, 1, 1, 2], np.int32)
    base = np.array([[0, 0, 1, 0, 1], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]], np.bool_)
    rows = perturbed([{0: True, 1: False}, {4: True}], base, feature, 0)
    assert rows.shape == (16, 5)
    assert rows[0, :2].tolist() == [True, False]
    assert rows[8, 4]
    assert not (rows[:, [1, 3]] & ~rows[:, [0, 2]]).any()


def test_two_thresholds_of_a_feature_are_not_equal() -> None:
    """x > 10 and x > 20 differ, though the first follows from the second; x > 10 twice is one bit."""
    encoder = Encoder(("x",), "uint8", np.zeros(3, np.int32), np.array([10, 20, 10], np.int64))
    gates = [XOR, XOR]
    circuit = Circuit(
        encoder,
        np.array(gates, np.uint8),
        np.array([0, 0], np.int32),
        np.array([1, 2], np.int32),
        np.array([6, 8], np.int32),
        None,
        ("differ", "same"),
    )
    oracle = EqualityOracle(check(circuit), [2 * node for node in range(circuit.nodes)], 1000, 1000)
    try:
        found = oracle.constant(3, False)
        assert isinstance(found, dict)
        assert (found[0], found[1]) == (True, False)
        assert oracle.constant(4, False) is True
    finally:
        oracle.close()
