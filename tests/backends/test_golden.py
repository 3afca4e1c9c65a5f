"""Golden vectors of the C target see planted faults: a threshold that is one step off, a gate that is another."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lgnc.backends.c.golden import golden
from lgnc.backends.c.project import answers, self_test_source
from lgnc.backends.c.sensitivity import rows_shown
from lgnc.diagnostics import Failed
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from lgnc.ir.simulate import features_for
from lgnc.toolchain import find_tool
from lgnc.toolchain import run as run_tool
from tests.backends.faults import (
    digits_like,
    mixed_scale,
    moved_threshold,
    narrow,
    nearly_the_gate,
    other_gate,
)
from tests.backends.support import CIRCUITS, NAMES, write
from tests.support import needs, random_circuit, random_features, random_model

FAULTS = 200


@pytest.mark.parametrize(
    ("network", "fault"),
    [
        *itertools.product([digits_like, mixed_scale], [moved_threshold, other_gate, nearly_the_gate]),
        (narrow, moved_threshold),
    ],
)
def test_planted_faults_are_seen(
    network: Callable[[], Circuit], fault: Callable[[Circuit, np.random.Generator], Circuit]
) -> None:
    circuit, rng = network(), np.random.default_rng(0)
    rows = golden(circuit).rows
    right = answers(circuit, rows)
    seen = sum(bool((answers(fault(circuit, rng), rows) != right).any()) for _ in range(FAULTS))
    assert seen >= 0.95 * FAULTS


@pytest.mark.parametrize("network", [digits_like, mixed_scale, narrow])
def test_the_thresholds_said_to_be_seen_are(network: Callable[[], Circuit]) -> None:
    """Every one of them moved, both ways, against what the vectors say that they see."""
    circuit = network()
    vectors = golden(circuit)
    right, missed = answers(circuit, vectors.rows), 0
    used = np.flatnonzero(circuit.fanout[: circuit.inputs])
    for at in used:
        for up in (-1, 1):
            threshold = circuit.encoder.threshold.copy()
            threshold[at] = np.nextafter(threshold[at], up * np.inf) if circuit.encoder.is_float else threshold[at] + up
            moved = circuit.with_(encoder=replace(circuit.encoder, threshold=threshold))
            missed += bool((answers(moved, vectors.rows) == right).all())
    assert vectors.thresholds == len(used)
    assert vectors.seen is not None
    assert len(used) - vectors.seen <= missed <= 2 * (len(used) - vectors.seen)
    assert missed <= 0.05 * len(used)


@pytest.mark.parametrize("circuit", CIRCUITS, ids=NAMES)
def test_rows_are_the_networks_own_and_always_the_same(circuit: Circuit) -> None:
    vectors = golden(circuit)
    assert vectors.rows.dtype == circuit.encoder.dtype
    assert features_for(circuit.encoder, vectors.rows) is vectors.rows
    assert np.array_equal(vectors.rows, golden(circuit).rows)
    assert vectors.seen is not None
    assert vectors.seen <= vectors.thresholds <= circuit.inputs


def test_the_test_stays_small() -> None:
    wide = lift(random_model(1, features=3072, thresholds=1, width=3000, layers=2, classes=10))
    for circuit in (wide, digits_like(), mixed_scale()):
        vectors = golden(circuit)
        assert vectors.rows.size <= 40_000
        assert len(self_test_source(circuit, vectors)) < 200_000


def test_few_rows_that_can_be_simulated_are_filled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.backends.c.golden._WORK", 5_000)
    vectors = golden(digits_like())
    assert vectors.seen is not None
    assert 0 < vectors.seen < vectors.thresholds
    assert len(vectors.rows) > 30


def test_what_is_too_large_to_simulate_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.backends.c.golden._WORK", 100)
    vectors = golden(digits_like())
    assert vectors.seen is None
    assert len(vectors.rows) > 10
    assert "was not simulated" in self_test_source(digits_like(), vectors)


@pytest.mark.parametrize("seed", range(4))
def test_sensitivity_is_that_of_a_tree(seed: int) -> None:
    """Where no path meets another one, following changes backwards is exact."""
    circuit = random_circuit(seed, inputs=16, gates=15, outputs=1)
    node = np.arange(16, 31)
    circuit = circuit.with_(a=2 * (node - 16), b=2 * (node - 16) + 1, outputs=np.array([60]))
    rows = random_features(circuit, 100)
    shown = rows_shown(circuit, rows).reshape(100, 15, 4)
    right = answers(circuit, rows)
    for gate in range(15):
        for row in range(4):
            op = circuit.op.copy()
            op[gate] ^= 8 >> row
            assert np.array_equal((answers(circuit.with_(op=op), rows) != right).any(axis=1), shown[:, gate, row])


@needs("cc")
@pytest.mark.parametrize("profile", ["host", "mcu"])
def test_the_compiled_test_sees_a_moved_threshold(profile: str, tmp_path: Path) -> None:
    circuit = narrow()
    write("c", circuit, tmp_path, target_profile=profile, style="table")
    source, path = tmp_path / "net.c", find_tool("cc")
    assert path is not None
    whole = source.read_text()
    table = re.search(r"net_threshold\[\] = \{([^}]*)\}", whole)
    assert table is not None
    values = [int(word) for word in table[1].replace(",", " ").split()]
    moved = [at for at, value in enumerate(values) if value < 32767][::11]
    assert len(moved) > 2
    for at in moved:
        changed = [value + (index == at) for index, value in enumerate(values)]
        source.write_text(whole.replace(table[1], ", ".join(map(str, changed))))
        run_tool(
            [path, "-std=c99", "-w", "-DNET_WIDEST=16", source, tmp_path / "test/test_net.c", "-o", tmp_path / "golden"]
        )
        with pytest.raises(Failed):
            run_tool([tmp_path / "golden"])
