"""The assertions that are shipped: proven by the script beside them, and refuted where a fault is planted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.diagnostics import Failed
from lgnc.formats import lift
from lgnc.toolchain import require_tool, run
from tests.backends.support import plant
from tests.support import needs, random_model

NARROW: dict[str, Any] = {"interface": "axis", "beat_width": 4}
GROUPED: dict[str, Any] = {"interface": "axis", "beat_width": 1, "outputs": "class"}
REGISTERS: dict[str, Any] = {"interface": "axis", "outputs": "class", "registers": True}
COUNTED: dict[str, Any] = {"interface": "axis", "outputs": "class", "popcount": "serial"}


def written(at: Path, **settings: Any) -> None:
    circuit = lift(random_model(3, features=2, thresholds=1, layers=1, width=12, classes=3, dtype="uint8"))
    for name, data in emit(circuit, Options("net", settings)).files.items():
        (at / name).write_bytes(data)


def prove(at: Path, top: str) -> None:
    """Run the folder's script. Raises Failed where an assertion does not hold."""
    run([require_tool("yosys"), "-q", f"{top}_props.ys"], cwd=at, timeout=120)


@needs("yosys")
@pytest.mark.parametrize(
    ("top", "settings"),
    [
        ("net", {"stages": 3}),
        ("net", {"stages": 1, "outputs": "class"}),
        ("net", COUNTED),
        ("net_axis", NARROW),
        ("net_axis", GROUPED),
        ("net_axis", {"interface": "axis", "outputs": "class"}),
        ("net_axis", {"interface": "axis", "outputs": "scores", "stages": 4}),
        ("net_axil", REGISTERS),
    ],
)
def test_what_is_promised_is_proven(top: str, settings: dict[str, Any], tmp_path: Path) -> None:
    written(tmp_path, **settings)
    prove(tmp_path, top)


FAULTS = [
    ("net", "net.v", "assign in_ready = ready;", "assign in_ready = 1'b1;"),
    ("net", "net.v", "assign out_valid = full;", "assign out_valid = some;"),
    ("net", "net.v", "store[head] <= made", "store[head] <= ~made"),
    ("net", "net.v", ".out_ready(out_ready)", ".out_ready(1'b1)"),
    ("net_axis", "net_axis.v", "assign m_axis_tlast = finish;", "assign m_axis_tlast = left == 2'd1;"),
    ("net_axis", "net_axis.v", "& ~spoilt & ~error;", "& ~spoilt;"),
    ("net_axis", "net_axis.v", ".rst(~aresetn)", ".rst(1'b0)"),
    ("net_axis", "net_axis.v", ".in_valid(full)", ".in_valid(valid)"),
    ("net_axis", "net_axis.v", "collected[15:0]", "{collected[0], collected[15:1]}"),
    ("net_axis", "net_axis.v", "(take | p != 0)", "1'b1"),
    ("net_axis", "net_axis.v", "&dropped[11:8]", "1'b1"),
    ("net_axis", "net_axis.v", "{ones[6:2], 1'b1} &", "{6{ones[2]}} &"),
    ("net_axis", "net_axis.v", "(take | p != 0)", "(take & p != 0)"),
    ("net_axis", "net_axis.v", "bad <= ends & ~good", "bad <= ends"),
    ("net_axis", "net_axis.v", "dropped[3:0] == 4'd14", "dropped[3:0] == 4'd13"),
]

GROUPED_FAULTS = [
    ("net_axis", "net_axis.v", "waits & ~(full & in_ready)", "waits & ~in_ready"),
    ("net_axis", "net_axis.v", "take & group[g]", "group[g]"),
    ("net_axis", "net_axis.v", "mine[p / 4] & spot[p]", "mine[p / 4]"),
    ("net_axis", "net_axis.v", "ended <= good", "ended <= ends"),
    ("net_axis", "net_axis.v", "{group[2:0], 1'b0}", "{group[2:0], group[3]}"),
    ("net_axis", "net_axis.v", "{place[2:0], place[3]}", "{place[2:0], 1'b0}"),
]


COUNTED_FAULTS = [
    ("net", "net.v", "assign in_ready = ready;", "assign in_ready = 1'b1;"),
    ("net", "net.v", "ready <= ~(take | counting | (valid & ~out_ready))", "ready <= ~(take | counting)"),
    ("net", "net.v", "| (valid & ~out_ready);\n      ready", "| 1'b0;\n      ready"),
    ("net", "net.v", "valid <= 1'b0;", "valid <= valid;"),
    ("net", "net.v", "count_0 <= take ?", "count_0 <= in_valid ?"),
    ("net", "net.v", "{1'b0, shift_0", "{shift_0[0], shift_0"),
]


REGISTER_FAULTS = [
    ("net_axil", "net_axil.v", "shown <= offered ?", "shown <= 1'b0 ?"),
    ("net_axil", "net_axil.v", "if (do_write & at_control & lane)", "if (do_write & at_control)"),
]


@needs("yosys")
@pytest.mark.parametrize(
    ("settings", "faults"),
    [(NARROW, FAULTS), (GROUPED, GROUPED_FAULTS), (COUNTED, COUNTED_FAULTS), (REGISTERS, REGISTER_FAULTS)],
)
def test_planted_faults_are_refuted(
    settings: dict[str, Any], faults: list[tuple[str, str, str, str]], tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    written(whole, **settings)
    for number, (top, file, old, new) in enumerate(faults):
        at = tmp_path / str(number)
        shutil.copytree(whole, at)
        plant(at / file, old, new)
        with pytest.raises(Failed, match="did fail"):
            prove(at, top)


@needs("yosys")
@pytest.mark.parametrize("old", [".scores(scores_made)", "scores_r1 <= scores_made;"])
def test_ranks_that_the_handshake_has_a_say_in_are_refused(old: str, tmp_path: Path) -> None:
    written(tmp_path, stages=4, interface="stream")
    text = (tmp_path / "net.v").read_text()
    assert old in text
    new = f"if (out_ready) {old}" if "<=" in old else ".scores(scores_made & {12{out_valid}})"
    before, after = text.rsplit(old, 1)
    (tmp_path / "net.v").write_text(before + new + after)
    with pytest.raises(Failed, match=r"[Ss]election"):
        prove(tmp_path, "net")


CLOCKS = [
    ("net", "net.v", None, "posedge clk", "negedge clk"),
    ("net", "net.v", -1, "posedge clk", "negedge clk"),
    ("net", "net.v", -2, "posedge clk", "posedge take"),
    ("net_axis", "net_axis.v", -1, "posedge aclk", "negedge aclk"),
    ("net_axis", "net_axis.v", -1, "posedge aclk", "posedge s_axis_tvalid"),
]


@needs("yosys")
def test_registers_of_another_clock_or_edge_are_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    written(whole, **NARROW)
    for number, (top, file, which, old, new) in enumerate(CLOCKS):
        at = tmp_path / str(number)
        shutil.copytree(whole, at)
        parts = (at / file).read_text().split(old)
        text = new.join(parts) if which is None else old.join(parts[:which]) + new + old.join(parts[which:])
        (at / file).write_text(text)
        with pytest.raises(Failed, match=r"selection.*@clocked"):
            prove(at, top)


@needs("yosys")
def test_an_x_may_be_anything(tmp_path: Path) -> None:
    written(tmp_path, stages=3)
    plant(tmp_path / "net.v", "assign out_valid = full;", "assign out_valid = full | (1'bx & ~rst);")
    with pytest.raises(Failed, match="did fail"):
        prove(tmp_path, "net")


@needs("yosys")
def test_the_part_for_symbiyosys_reads_what_it_names(tmp_path: Path) -> None:
    written(tmp_path, **REGISTERS)
    for top in ("net", "net_axis", "net_axil"):
        text = (tmp_path / f"{top}_props.sby").read_text()
        script, files = text.split("[script]")[1].split("[files]")
        assert all((tmp_path / file).exists() for file in files.split())
        (tmp_path / "sby.ys").write_text(script + "\nselect -assert-min 5 t:$assert\n")
        run([require_tool("yosys"), "-q", "sby.ys"], cwd=tmp_path, timeout=60)


@pytest.mark.parametrize("beat", [3, 8, 24, 64])
def test_assertions_see_all_bits_of_the_wrapper(beat: int) -> None:
    """Of bytes a comparison of the beats is picked; of bits, which are held as they come, a beat and a bit of it."""
    bits = 72
    for dtype, features in (("uint8", 9), ("bool", bits)):
        net = lift(random_model(3, dtype=dtype, features=features, width=30, layers=1, classes=3))
        made = emit(net, Options("net", {"interface": "axis", "beat_width": beat}))
        wrapper, checked = (made.files[name].decode() for name in ("net_axis.v", "net_axis_props.sv"))
        port = r"input wire (?:\[(\d+):0\] )?s_axis_(tdata|tkeep)\b"
        assert re.findall(port, wrapper) == re.findall(port, checked) != []
        coded = made.details["verilog"]["axis"].get("coded")
        assert (coded is None) == (dtype == "bool" or beat == 3)
        picked = re.search(r"input wire \[(\d+):0\] pick(_beat)?\b", checked)
        assert picked is not None
        choices = coded["bits"] if coded else -(-bits // beat)
        assert int(picked[1]) == (choices - 1).bit_length() - 1
