"""ABC's rewriting, handed over and taken back: equal, never worse, and refused when it lies."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lgnc.passes.rewrite_with_abc
from lgnc.diagnostics import Failed, ToolMissing
from lgnc.formats.lift import lift
from lgnc.formats.read_aiger import circuit_from_aiger
from lgnc.formats.source import load_source
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir import Circuit
from lgnc.passes.manager import PIPELINES, run_pipeline
from lgnc.passes.rewrite_with_abc import _cost, rewrite_with_abc
from lgnc.verify.prove import prove
from tests.formats.test_aiger import EPFL, epfl
from tests.support import needs, random_circuit, random_model


@needs("yosys-abc")
def test_a_net_with_its_encoder_and_head_comes_back_equal() -> None:
    before = lift(random_model(3, features=20, thresholds=3, layers=4, width=150, classes=4))
    after, _ = run_pipeline(before, "rewrite_with_abc", check_each_pass=True)
    assert after.gates < before.gates
    assert after.encoder is before.encoder
    assert after.head is before.head
    assert prove(before, after).equal is True


@epfl
@needs("yosys-abc")
@pytest.mark.parametrize("name", ["ctrl", "int2float"])
def test_real_circuits_shrink_and_stay_the_same(name: str) -> None:
    before = load_source(EPFL / f"{name}.aig").circuit
    after, reports = run_pipeline(before, 3, check_each_pass=True)
    assert after.gates < 0.8 * before.gates
    assert any(report.name == "rewrite_with_abc" for report in reports)
    assert prove(before, after).equal is True


@needs("yosys-abc")
def test_it_never_ends_worse_than_it_began() -> None:
    best, _ = run_pipeline(random_circuit(7, inputs=12, gates=120, outputs=10), 2)
    for _ in range(3):
        better = rewrite_with_abc(best)
        assert better.gates <= best.gates
        best = better


@needs("yosys-abc")
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([5, 40, 200]))
def test_gates_and_and_nodes_never_grow_at_the_last_level(seed: int, gates: int) -> None:
    before = random_circuit(seed, inputs=14, gates=gates, outputs=12)
    after, _ = run_pipeline(before, 3)
    assert after.gates <= before.gates
    assert _cost(after)[0] <= _cost(before)[0]
    assert _cost(after)[0] <= _cost(run_pipeline(before, 2)[0])[0]


@needs("yosys-abc")
def test_a_round_that_ends_with_more_gates_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a level whose only pass takes ABC's results with any number of gates."""
    net, _ = run_pipeline(lift(random_model(3, features=40, thresholds=1, layers=2, width=600, classes=4)), 2)
    monkeypatch.setattr("lgnc.passes.rewrite_with_abc._SLACK", 1)
    monkeypatch.setattr("lgnc.passes.rewrite_with_abc._cost", lambda circuit: -circuit.gates)
    monkeypatch.setitem(PIPELINES, 3, ("rewrite_with_abc",))
    assert rewrite_with_abc(net).gates > net.gates
    assert run_pipeline(net, 3)[0].gates == net.gates


def test_large_and_empty_circuits_and_a_missing_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = random_circuit(1, inputs=5, gates=10, outputs=2)
    assert rewrite_with_abc(circuit, limit=9) is circuit
    monkeypatch.setenv("LGNC_ABC", "/nonexistent/abc")
    assert rewrite_with_abc(circuit, required=False) is circuit
    with pytest.raises(ToolMissing, match="LGNC_ABC"):
        rewrite_with_abc(circuit)


def test_a_tool_that_lies_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a program that gives back a smaller circuit of other outputs."""

    def lie(command: list[str], *, cwd: Path) -> bytes:
        source = circuit_from_aiger((cwd / "in.aig").read_bytes(), "in")
        wrong = aiger_bytes(source.with_(outputs=np.zeros(len(source.outputs), np.int32)))
        for name in re.findall(r"out\d+\.aig", command[-1]):
            (cwd / name).write_bytes(wrong)
        return b""

    monkeypatch.setattr(lgnc.passes.rewrite_with_abc, "run", lie)
    monkeypatch.setattr(lgnc.passes.rewrite_with_abc, "require_tool", lambda _: "abc")
    circuit: Circuit = random_circuit(2, inputs=8, gates=40, outputs=6)
    with pytest.raises(Failed, match="yosys-abc: gave back a different circuit: output 'o0' differs"):
        rewrite_with_abc(circuit)
