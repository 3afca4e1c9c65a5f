"""Every bus of the Verilog target under cocotb: random stalls, wrong packets and resets, against numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lgnc.diagnostics import Failed
from lgnc.formats import lift
from tests.backends.buses import KINDS, check
from tests.support import needs, random_features, random_model

pytestmark = [needs("cocotb"), needs("cocotbext-axi"), needs("iverilog")]

CIRCUIT = lift(random_model(3, features=4, thresholds=2, layers=1, width=24, classes=3))
ROWS = random_features(CIRCUIT, 64)
SETTINGS: dict[str, dict[str, Any]] = {"axis": {"beat_width": 12, "outputs": "class"}, "axil": {"beat_width": 7}}


@pytest.mark.parametrize("kind", KINDS)
def test_every_bus_gives_what_numpy_gives(kind: str, tmp_path: Path) -> None:
    results = 30 if kind == "serial" else 300
    found = check(tmp_path, CIRCUIT, kind, ROWS, results, **SETTINGS.get(kind, {}))
    assert found["results"] >= results
    if kind in ("axis", "axil", "serial"):
        assert found["wrong"] > 0
    if kind in ("axis", "axil", "stream"):
        assert found["resets"] > 0
    if kind == "axil":
        assert found["held"] > 0


@pytest.mark.parametrize(
    ("kind", "plant"),
    [
        ("axil", ("net_axil.v", "skip <= clear ? begun", "skip <= clear ? 1'b0")),
        ("axil", ("net_axil.v", "if (ends & ~hold)", "if (ends)")),
    ],
    ids=["a cut packet is mended", "a held result changes"],
)
def test_a_bus_with_a_fault_fails(kind: str, plant: tuple[str, str, str], tmp_path: Path) -> None:
    with pytest.raises(Failed):
        check(tmp_path, CIRCUIT, kind, ROWS, 300, plant=plant, **SETTINGS[kind])
    assert not (tmp_path / "said.txt").exists()
