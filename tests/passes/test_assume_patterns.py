"""Don't-cares from data: counts, what a gate becomes, and the limit on the accuracy that calibration keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lgnc.flows.calibrate
from lgnc.cli.main import run
from lgnc.diagnostics import BadInput
from lgnc.flows.calibrate import Calibration, _lost, calibrate
from lgnc.formats.lift import lift
from lgnc.formats.source import save_circuit
from lgnc.ir import Circuit, Encoder, Head, check, simulate
from lgnc.ir.gates import AND, NOT_B, OR, TRUE, XOR, A
from lgnc.ir.simulate import encode, head_scores, pack, packed_scores, simulate_nodes, unpack
from lgnc.passes.assume_patterns import assume_patterns, count_patterns
from lgnc.passes.manager import run_pipeline
from tests.support import random_circuit, random_features, random_model


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 5000])
def test_patterns_are_counted(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = random_circuit(2, inputs=9, gates=50, outputs=3)
    bits = np.random.default_rng(rows).random((rows, 9)) < 0.3
    counts = count_patterns(circuit, pack(bits), rows)
    values = unpack(simulate_nodes(circuit, pack(bits)), rows).astype(int)
    for gate in range(circuit.gates):
        column = 2 * values[:, circuit.a[gate]] + values[:, circuit.b[gate]]
        assert counts[gate].tolist() == np.bincount(column, minlength=4).tolist()
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert (count_patterns(circuit, pack(bits), rows) == counts).all()


@pytest.mark.parametrize("rows", [1, 64, 130])
def test_packed_scores_are_the_scores(rows: int) -> None:
    rng = np.random.default_rng(rows)
    starts = np.array([0, 0, 1, 3, 40, 300, 300])
    head = Head(tuple("abcdef"), starts, rng.integers(-9, 9, 6).astype(np.int32))
    outputs = rng.random((rows, 300)) < 0.7
    assert (packed_scores(head, pack(outputs), rows) == head_scores(head, outputs)).all()


def two_inputs(op: int) -> Circuit:
    encoder = Encoder.binary(("x", "y"))
    return check(Circuit(encoder, np.array([op]), np.array([0]), np.array([1]), np.array([4]), None, ("z",)))


@pytest.mark.parametrize(
    ("op", "counts", "tolerance", "becomes"),
    [
        (AND, [5, 5, 0, 5], 0, A),
        (AND, [5, 5, 1, 5], 0, AND),
        (AND, [5, 5, 1, 5], 1, A),
        (OR, [0, 3, 3, 3], 0, TRUE),
        (XOR, [0, 9, 9, 0], 0, TRUE),
        (XOR, [0, 0, 9, 9], 0, NOT_B),
        (XOR, [1, 1, 1, 1], 0, XOR),
    ],
)
def test_what_a_gate_becomes(op: int, counts: list[int], tolerance: int, becomes: int) -> None:
    before = two_inputs(op)
    assert assume_patterns(before, np.array([counts]), tolerance).op.tolist() == [becomes]
    assert before.op.tolist() == [op], "the input was changed"


def test_without_tolerance_every_counted_row_keeps_its_scores() -> None:
    before = lift(random_model(5, features=8, thresholds=3, layers=4, width=120, classes=4))
    seen = random_features(before, 300)
    bits = pack(encode(before.encoder, seen))
    after, _ = run_pipeline(assume_patterns(before, count_patterns(before, bits, 300)), 2)
    assert after.gates < 0.95 * run_pipeline(before, 2)[0].gates
    assert (simulate(before, seen)[0] == simulate(after, seen)[0]).all()
    unseen = random_features(before, 3000, seed=1)
    assert (simulate(before, unseen)[0] != simulate(after, unseen)[0]).any(), "the check above would see a difference"


def task(rows: int = 1500) -> tuple[Circuit, Any, Any]:
    """A net, features, and as labels the classes that the net gives but for one row in ten."""
    circuit = lift(random_model(8, features=8, thresholds=3, layers=3, width=150, classes=3))
    features = random_features(circuit, rows)
    labels = simulate(circuit, features)[1]
    labels[::10] = (labels[::10] + 1) % 3
    return circuit, features, labels


def test_calibration_saves_gates_within_the_limit() -> None:
    circuit, features, labels = task()
    strict, loose = (calibrate(circuit, features, labels, max_accuracy_drop=drop) for drop in (0.0, 0.1))
    assert loose.gates_after < strict.gates_after <= strict.gates_before
    assert loose.gates_after == loose.circuit.gates
    assert (strict.rows_used, strict.rows_unseen) == (1275, 225)
    assert loose.accuracy_after > loose.accuracy_before - 0.2
    assert 0 < loose.changed < 0.3
    check(loose.circuit)
    again = calibrate(circuit, features, labels, max_accuracy_drop=0.1)
    assert again.circuit.digest == loose.circuit.digest


def test_a_loss_counts_with_its_standard_error() -> None:
    before = np.arange(100) < 60
    assert _lost(before, before) == 0
    assert _lost(before, np.roll(before, 8)) == pytest.approx(0.04)  # none lost, but 16 rows in 100 changed sides
    assert _lost(before, before & (np.arange(100) != 0)) == pytest.approx(0.02)


def test_what_goes_too_far_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a tolerance of all rows makes every gate a constant, which the limit must not let through."""
    circuit, features, labels = task()
    monkeypatch.setattr(lgnc.flows.calibrate, "TOLERANCES", (1.0,))
    kept: Calibration = calibrate(circuit, features, labels, max_accuracy_drop=0.05)
    assert kept.tolerance is None
    assert kept.gates_after == kept.gates_before
    assert kept.changed == 0
    gone = calibrate(circuit, features, labels, max_accuracy_drop=1.0)
    assert gone.gates_after == 0


def test_bad_calibration_data_is_refused() -> None:
    circuit, features, labels = task(100)
    with pytest.raises(BadInput, match="calibrate before lower_head"):
        calibrate(two_inputs(AND), features[:, :2] > 3, labels)
    with pytest.raises(BadInput, match="19 rows and 19 labels"):
        calibrate(circuit, features[:19], labels[:19])
    with pytest.raises(BadInput, match="100 rows and 99 labels"):
        calibrate(circuit, features, labels[1:])
    with pytest.raises(BadInput, match="calibration data: features are 100 x 7"):
        calibrate(circuit, features[:, 1:], labels)


def test_the_command_calibrates_and_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    circuit, features, labels = task(300)
    table = np.concatenate([features, labels[:, None]], axis=1)
    header = ",".join([*circuit.encoder.names, "label"])
    np.savetxt(tmp_path / "d.csv", table, fmt="%d", delimiter=",", header=header, comments="")
    assert circuit.head is not None
    named = replace(circuit.head, names=("0", "1", "2"))
    save_circuit(circuit.with_(head=named), tmp_path / "c.lgir")
    words = ["opt", str(tmp_path / "c.lgir"), "-o", str(tmp_path / "o.lgir"), "--calibrate", str(tmp_path / "d.csv")]
    assert run([*words, "--max-accuracy-drop", "0.1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["gates_after"] == said["calibration"]["gates_after"] < said["calibration"]["gates_before"]
    assert said["calibration"]["rows_unseen"] > 0
    assert run(words) == 0
    assert "unseen" in capsys.readouterr().out
    save_circuit(circuit, tmp_path / "c.lgir")
    assert run(words) == 2
    assert "class" in capsys.readouterr().err
