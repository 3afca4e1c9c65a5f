"""Verdicts of every kind beside those of ABC's &cec."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.arithmetic.compressors import GOALS
from lgnc.arithmetic.encoder import lower_encoder
from lgnc.arithmetic.head import score_format
from lgnc.formats.lift import lift
from lgnc.formats.source import load_source
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir import Circuit, check
from lgnc.passes.lower_head import lower_head
from lgnc.passes.manager import run_pipeline
from lgnc.verify import prove
from tests.support import abc_says_equal, needs, random_circuit, random_model
from tests.verify.test_sat import mutant, restructured, thin_mutant

prover, sat = (importlib.import_module(f"lgnc.verify.{name}") for name in ("prove", "sat"))
pytestmark = needs("yosys-abc")


@pytest.fixture(autouse=True)
def _no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the prover prove: few patterns beforehand, and no space small enough to be enumerated."""
    monkeypatch.setattr(prover, "_QUICK", 128)
    monkeypatch.setattr(prover, "_EXHAUSTIVE_WORK", 0)


def as_gates(circuit: Circuit, claim: str, low: int, high: int) -> Circuit:
    """Features' bits in; outputs, class or scores out. Two classes that score low and high, always, set the format."""
    if circuit.head is not None and claim == "scores":
        head = circuit.head
        starts = np.append(head.starts, head.starts[[-1, -1]]).astype(np.int32)
        offset = np.append(head.offset, [low, high]).astype(np.int32)
        circuit = circuit.with_(head=replace(head, names=(*head.names, "low", "high"), starts=starts, offset=offset))
    return lower_encoder(lower_head(circuit, claim))


def agreed(a: Circuit, b: Circuit, folder: Path, claim: Any = "scores") -> bool:
    """The prover's verdict, which ABC's has to be too."""
    formats = [score_format(circuit.head) for circuit in (a, b) if circuit.head is not None]
    low = min((base for base, _ in formats), default=0)
    high = max((base + 2**width - 1 for base, width in formats), default=0)
    verdict = prove(a, b, claim=claim).equal
    paths = []
    for name, circuit in (("a.aig", a), ("b.aig", b)):
        paths.append(folder / name)
        paths[-1].write_bytes(aiger_bytes(as_gates(circuit, claim, low, high)))
    assert verdict is not None
    assert verdict is abc_says_equal(*paths)
    return verdict


def net_of(seed: int, dtype: str = "uint8") -> Circuit:
    return lift(random_model(seed, features=6, thresholds=2, layers=3, width=40, classes=4, dtype=dtype))


@pytest.mark.parametrize(("level", "dtype"), [(2, "bool"), (2, "int8"), (3, "int8")])
def test_optimised_nets(level: int, dtype: str, tmp_path: Path) -> None:
    net = lift(random_model(level, features=8, thresholds=2, layers=3, width=32, classes=4, dtype=dtype))
    best = run_pipeline(net, level)[0]
    assert best.gates < net.gates
    assert agreed(net, best, tmp_path)
    assert agreed(net, best, tmp_path, "class")
    outputs = best.outputs.copy()
    outputs[3] ^= 1
    assert not agreed(net, best.with_(outputs=outputs), tmp_path)


@pytest.mark.parametrize("claim", ["scores", "class"])
def test_mutants_refuted_and_harmless(claim: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    nets = [net_of(seed, ("uint8", "bool", "int16")[seed % 3]) for seed in range(9)]
    seen = [agreed(net, mutant(net, rng), tmp_path, claim) for net in nets]
    assert min(seen.count(True), seen.count(False)) >= 2


def test_headless_circuits(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    seen = set()
    for seed in range(8):
        one = random_circuit(seed, inputs=24, gates=150, outputs=6, reach=50)
        two = restructured(one if seed % 4 == 0 else mutant(one, rng))
        if seed % 4 == 1:
            two = restructured(thin_mutant(one, 3, 24))
        seen.add(agreed(one, two, tmp_path))
    assert seen == {True, False}


@pytest.mark.parametrize("ending", ["aig", "aag"])
def test_pairs_of_aiger_files(ending: str, tmp_path: Path) -> None:
    one = random_circuit(7, inputs=20, gates=200, outputs=8)
    loaded = []
    for name, circuit in (("one", one), ("same", restructured(one)), ("other", thin_mutant(one, 2, 20))):
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(aiger_bytes(circuit, ending == "aig"))
        loaded.append(load_source(path).circuit)
    assert agreed(loaded[0], loaded[1], tmp_path)
    assert not agreed(loaded[0], loaded[2], tmp_path)


@pytest.mark.parametrize("goal", GOALS)
def test_lowered_heads(goal: str, tmp_path: Path) -> None:
    """A form of the head against the usual one, and one that is wrong at a single input."""
    net = random_circuit(2, inputs=14, gates=80, outputs=32, classes=4)
    for outputs in ("class", "scores"):
        usual, form = lower_head(net, outputs), check(lower_head(net, outputs, goal))
        assert prove(net, form).equal is True
        assert agreed(usual, form, tmp_path)
        assert not agreed(usual, thin_mutant(form, 1, 14), tmp_path)


def test_a_prover_that_lies_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_circuit(3, inputs=18, gates=300, outputs=12)
    other = restructured(thin_mutant(net, 5, 18))
    assert not agreed(net, other, tmp_path)
    monkeypatch.setattr(sat.Oracle, "equal", lambda *_: True)
    with pytest.raises(AssertionError):
        agreed(net, other, tmp_path)


def test_words_that_say_neither_are_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "x.aig"
    path.write_bytes(aiger_bytes(random_circuit(1)))
    assert abc_says_equal(path, path)
    with pytest.raises(AssertionError):
        abc_says_equal(path, tmp_path / "missing.aig")
