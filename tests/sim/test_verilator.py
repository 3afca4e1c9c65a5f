"""Verilator's engine: built once, rows and results as packed words, with and without a clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.diagnostics import Failed
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from lgnc.sim import folder as sim_folder
from lgnc.sim import verilator
from lgnc.sim.folder import engine_for, load_manifest, run_folder
from lgnc.sim.verilator import verilated
from tests.backends.support import mismatches, write
from tests.support import needs, random_features, random_model


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(verilator, "_COMPILE", "-O0")


def network(dtype: str) -> Circuit:
    return lift(random_model(3, dtype=dtype, layers=2))


@needs("verilator")
@pytest.mark.parametrize(("dtype", "settings"), [("float32", {}), ("int16", {"interface": "stream", "stages": 3})])
def test_it_gives_the_scores_and_is_built_once(
    dtype: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ports of 4 to 192 bits, a part of the rows that the harness takes at once, and none."""
    circuit, folder = network(dtype), tmp_path / "net"
    folder.mkdir()
    manifest = write("verilog", circuit, folder, **settings)
    x, told = random_features(circuit, 5000), list[str]()
    assert engine_for(manifest, len(x)) == "verilator"
    result = run_folder(folder, x, tell=told.append)
    assert result.engine == "verilator"
    assert mismatches(circuit, x, result) == 0
    assert told[0].startswith("verilator: about ")
    assert told[0].endswith(" for 5,000 rows")
    monkeypatch.setattr(verilator, "_maker", lambda *_: None)  # Nothing is built again.
    for rows in (x[:0], x[:1], x[:4097]):
        again = run_folder(folder, rows, engine="verilator", tell=told.append)
        assert mismatches(circuit, rows, again) == 0
    assert len(told) == 1


@needs("verilator")
def test_a_design_that_gives_nothing_is_one_line(tmp_path: Path) -> None:
    text = "module m(input wire clk, rst, in_valid, out_ready, output wire in_ready, out_valid, input wire [39:0] a,"
    text += " output wire y); assign in_ready = 1'b1; assign out_valid = 1'b0; assign y = a[39] & clk; endmodule"
    (tmp_path / "m.v").write_text(text)
    words = np.zeros((3, 40), np.bool_)
    with pytest.raises(Failed, match="gives no results"):
        verilated(tmp_path / "m.v", "m", ("a", 40), [("y", 1)], words)


def test_the_quicker_engine_is_taken_for_many_rows_where_its_tools_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = write("verilog", network("uint8"), tmp_path)
    monkeypatch.setattr(sim_folder, "find_tool", lambda name: name)
    assert [engine_for(manifest, rows) for rows in (1, 499, 500)] == ["iverilog", "iverilog", "verilator"]
    monkeypatch.setattr(sim_folder, "find_tool", lambda name: None if name == "c++" else name)
    assert engine_for(manifest, 10**6) == "iverilog"
    assert engine_for(load_manifest(tmp_path), 10) == "iverilog"


def test_words_go_out_and_come_back() -> None:
    rng = np.random.default_rng(0)
    bits = rng.random((5, 75)) < 0.5
    packed = verilator._packed(bits)
    assert len(packed) == 5 * 3 * 4
    assert (verilator._unpacked(packed, [("all", 75)], 5) == bits).all()
    with pytest.raises(Failed, match="gave 56 bytes, not 60"):
        verilator._unpacked(packed[4:], [("all", 75)], 5)
