"""From Verilog to hardware: the serial wrapper, boards, what yosys makes of each module, and routed bitstreams."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.boards import FPGA_BOARDS, board_flow
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.flow import SYNTHESIS
from lgnc.cli.main import run as lgnc
from lgnc.diagnostics import BadInput, Failed, ToolMissing
from lgnc.flows.bitstream import add_bitstream, make_bitstream, read_route_log
from lgnc.flows.compile import compile_circuit
from lgnc.flows.stations.bench import simulate
from lgnc.flows.stations.hardware import board_bench
from lgnc.flows.synthesis import add_report, cell_counts, depth_of, logic_cells, read_netlist, synthesise
from lgnc.formats import lift
from lgnc.formats.lgir import to_text
from lgnc.formats.source import Source
from lgnc.ir import Circuit
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool
from tests.backends.support import plant
from tests.backends.test_verilog import lint, network, write
from tests.support import needs, random_circuit, random_model


def tiny(features: int = 4) -> Circuit:
    return lift(random_model(0, features=features, layers=1, width=12, classes=2))


def serial_check(folder: Path) -> bytes:
    """What the serial wrapper's own testbench prints. Raises Failed when it does not pass."""
    files = [folder / f"{each}.v" for each in ("net", "net_serial", "tb_net_serial")]
    run_tool([require_tool("iverilog"), "-g2001", "-o", folder / "serial.vvp", *files])
    return run_tool([require_tool("vvp"), "-N", folder / "serial.vvp"], cwd=folder)


SERIAL: list[tuple[Circuit, dict[str, Any]]] = [
    (tiny(5), {"stages": 5, "outputs": "class"}),
    (network("bool"), {"pipeline_depth": 6}),
    (random_circuit(8, inputs=9, gates=30, outputs=12), {}),
    (random_circuit(7, inputs=1, gates=4, outputs=1), {}),
]


@needs("iverilog")
@pytest.mark.parametrize(("circuit", "settings"), SERIAL, ids=["uint8", "bool", "no head", "one bit"])
def test_the_serial_wrapper_passes_its_testbench(circuit: Circuit, settings: dict[str, Any], tmp_path: Path) -> None:
    """Pauses between bytes, senders too slow and too fast, breaks and resets within rows, glitches between them."""
    write(tmp_path, emit(circuit, Options("net", {"board": "hx8k", **settings})))
    assert b"PASS: 64 vectors" in serial_check(tmp_path)
    lint(tmp_path, "net_serial", "net")
    lint(tmp_path, "net_board", "net_serial", "net")


@needs("iverilog")
@pytest.mark.parametrize(
    ("was", "planted"),
    [
        ("~line | ending ? 2'd0", "ending ? 2'd0"),
        ("hearing <= 1'b0;\n      sample <= 1'b0;\n      bits_in", "bits_in"),
        ("| (sample & position == 4'd0 & line)", ""),
        ("{was, collected[31:1]}", "{was, collected[30:0]}"),
        ("~hearing ? HALF", "~hearing ? BIT"),
        ("sending <= ~last;", "sending <= 1'b1;"),
        ("tx <= last | slot == 4'd9 |", "tx <= last |"),
    ],
    ids=["no break", "no reset", "glitches", "highest first", "sampled at the edge", "never done", "no stop bit"],
)
def test_the_testbench_catches_faults_of_the_wrapper(was: str, planted: str, tmp_path: Path) -> None:
    artifact = emit(tiny(), Options("net", {"interface": "serial"}))
    write(tmp_path, artifact)
    plant(tmp_path / "net_serial.v", was, planted)
    with pytest.raises(Failed, match="FAIL"):
        serial_check(tmp_path)


@pytest.mark.parametrize("board", FPGA_BOARDS)
def test_a_board_has_its_pins_and_rules(board: str) -> None:
    files = emit(tiny(), Options("net", {"board": board})).files
    chosen = FPGA_BOARDS[board]
    ending = {"ice40": "pcf", "ecp5": "lpf", "gowin": "cst", "gatemate": "ccf"}[chosen.family]
    constraints = files[f"net.{ending}"].decode()
    assert all(pin in constraints for pin in chosen.pins)
    rule = f"nextpnr-{chosen.family} --{chosen.device} "
    if chosen.family in ("gowin", "gatemate"):
        rule = f"nextpnr-himbaechel-{chosen.family} --device {chosen.device} "
    assert rule in files["Makefile"].decode()
    for family, (command, _) in SYNTHESIS.items():
        assert f"\n{command} -top net_board -" in files[f"synth_{family}.ys"].decode()
    divider = int(files["net_board.v"].decode().split("12'd")[-1].split(")")[0])
    assert abs(chosen.clock / divider / 115_200 - 1) < 0.005


def test_boards_that_cannot_be() -> None:
    for settings, message in (
        ({"board": "hx9k"}, "unknown board 'hx9k'.*did you mean 'hx8k'"),
        ({"board": "hx8k", "interface": "axis"}, "takes the serial interface"),
        ({"interface": "serial", "beat_width": 8}, "beat_width is for the interface 'axis'"),
    ):
        with pytest.raises(BadInput, match=message):
            emit(tiny(), Options("net", settings))


@needs("yosys")
@needs("nextpnr-himbaechel-gowin")
@needs("gowin_pack")
def test_a_network_is_routed_for_tang_nano_9k() -> None:
    artifact = emit(tiny(), Options("net", {"board": "tang-nano-9k"}))
    made = make_bitstream(artifact.files, "net", artifact.details["verilog"])
    assert made.facts["board"] == "tang-nano-9k"
    assert 0 < made.facts["luts"] <= made.facts["cells"] <= made.facts["cells_available"] == 8640
    assert 50 < made.facts["flip_flops"] < 500
    assert made.facts["fmax_mhz"] > made.facts["clock_mhz"] == 27
    lines = made.files["net_board.fs"].splitlines()
    assert len(lines) > 500
    assert all(set(line) <= set(b"01") for line in lines if not line.startswith(b"/"))


def on_gatemate(folder: Path, divider: int = 87) -> None:
    """Synthesise for the board, as the folder's own script does. divider: clocks a bit."""
    write(folder, emit(random_circuit(7, inputs=1, gates=4, outputs=1), Options("net", {"board": "gatemate-a1-evb"})))
    lint(folder, "net_board", "net_serial", "net")
    plant(folder / "net_board.v", "DIVIDER(12'd87)", f"DIVIDER(12'd{divider})")
    run_tool([require_tool("yosys"), "-q", "synth_gatemate.ys"], cwd=folder)


@needs("yosys")
@needs("nextpnr-himbaechel-gatemate")
def test_a_network_is_placed_for_gatemate(tmp_path: Path) -> None:
    """To the pads. Routing takes four times as long however small a network is."""
    on_gatemate(tmp_path)
    flow = board_flow("net", "gatemate-a1-evb")
    options = ["--no-route", "--quiet", "--log", "place.log"]
    run_tool([require_tool(flow.router), *flow.route, *options], cwd=tmp_path)
    log = (tmp_path / "place.log").read_text()
    for port, pin in zip(("clk", "rx", "tx"), FPGA_BOARDS["gatemate-a1-evb"].pins, strict=True):
        assert re.search(rf"Constraining '\S*net_board\.{port}' to pad '{pin}'", log)
    counts = cell_counts(read_netlist(tmp_path / "net_gatemate.json"))
    assert re.search(rf"CPE_FF: +{counts.flip_flops}/ +40960", log)
    assert re.search(r"USR_RSTN: +1/ +1 ", log)
    assert float(re.findall(r"Max frequency for clock '\S+': ([0-9.]+) MHz", log)[-1]) > 10


RESET = """
module CC_USR_RSTN (output reg USR_RSTN);
  initial begin
    USR_RSTN = 1'b0;
    #25 USR_RSTN = 1'b1;
  end
endmodule
"""


@needs("yosys")
@needs("iverilog")
def test_gatemate_s_cells_answer_on_the_board_s_pins(tmp_path: Path) -> None:
    """What synthesis made, with yosys' models of the cells; a reset that never comes is seen, and a wrong table."""
    on_gatemate(tmp_path, divider=8)
    (tmp_path / "bench.v").write_bytes(board_bench("net", (tmp_path / "tb_net_serial.v").read_bytes(), 8))

    def write_cells() -> None:
        models = "read_json net_gatemate.json; read_verilog +/gatemate/cells_sim.v; hierarchy -top net_board"
        script = f"{models}; proc; flatten; write_verilog -noattr cells.v"
        run_tool([require_tool("yosys"), "-q", "-p", script], cwd=tmp_path)

    def answers(reset: str) -> str:
        (tmp_path / "reset.v").write_text(reset)
        return simulate(tmp_path, "tb_net_serial", ["cells.v", "reset.v", "bench.v"])

    write_cells()
    assert "PASS: 2 " in answers(RESET)
    with pytest.raises(Failed, match="FAIL"):
        answers(RESET.replace("1'b0", "1'b1"))
    plant(tmp_path / "net_gatemate.json", '"INIT": "1000"', '"INIT": "1110"')
    write_cells()
    with pytest.raises(Failed, match="FAIL"):
        answers(RESET)


@needs("yosys")
@needs("nextpnr-ice40")
@needs("icepack")
def test_a_network_is_routed_for_hx8k(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "tiny.lgir", tmp_path / "out"
    source.write_text(to_text(tiny()))
    words = ["compile", str(source), "-t", "verilog", "-o", str(out), "--board", "hx8k", "--bitstream", "--json"]
    assert lgnc([*words, "--report-synthesis", "ice40"]) == 0
    result = json.loads(capsys.readouterr().out)
    made = result["bitstream"]
    assert made["board"] == "hx8k"
    assert 0 < made["luts"] <= made["cells"] <= made["cells_available"] == 7680
    assert 0 < made["flip_flops"] <= made["cells"]
    assert made["fmax_mhz"] > made["clock_mhz"] == 12
    assert (out / "lgn_board.bin").stat().st_size > 100_000
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["bitstream"] == made
    assert "lgn_board.bin" in manifest["files"]
    rows = {row["module"]: row for row in result["synthesis"]["modules"]}
    assert rows["all"]["luts"] == sum(row["luts"] for name, row in rows.items() if not name.startswith("all"))
    assert rows["all but the encoder"]["luts"] == rows["all"]["luts"] - rows["encoder"]["luts"]
    assert 0 < rows["all but the encoder"]["depth"] < rows["all"]["depth"] + 1
    assert rows["all"]["raw_luts"] >= rows["all"]["luts"] > 0


@needs("yosys")
@needs("nextpnr-ecp5")
@needs("ecppack")
def test_a_network_is_routed_for_ulx3s() -> None:
    artifact = emit(tiny(), Options("net", {"board": "ulx3s-12f"}))
    made = make_bitstream(artifact.files, "net", artifact.details["verilog"])
    assert made.facts["cells_available"] == 24288
    assert made.facts["fmax_mhz"] > made.facts["clock_mhz"] == 25
    assert len(made.files["net_board.bit"]) > 10_000


def wide(width: int) -> Circuit:
    """A network whose row alone takes `width` flip-flops."""
    return lift(random_model(0, features=width // 8, layers=1, width=30, classes=2))


@needs("nextpnr-ice40")
@needs("icepack")
@needs("yosys")
def test_a_network_too_large_says_by_how_much_and_what_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "wide.lgir", tmp_path / "out"
    source.write_text(to_text(wide(5600)))
    started = time.process_time()
    words = ["compile", str(source), "-t", "verilog", "-o", str(out), "--board", "icebreaker", "--bitstream"]
    assert lgnc(words) == 1
    line = capsys.readouterr().err
    assert "5,600 of them to hold a row" in line
    assert "icebreaker has 5,280 cells" in line
    assert "a board with more: hx8k (7,680), ulx3s-12f (24,288)" in line
    assert not out.exists()
    assert time.process_time() - started < 5
    made = {"modules": {"m": {"attributes": {}, "ports": {}, "cells": {str(i): lut(i) for i in range(6000)}}}}
    assert cell_counts(made).luts == logic_cells(made) == 6000


def lut(i: int) -> dict[str, Any]:
    """A LUT of a yosys netlist that reads bit i and drives bit i + 1."""
    directions = {"I0": "input", "O": "output"}
    return {"type": "SB_LUT4", "port_directions": directions, "connections": {"I0": [i], "O": [i + 1]}}


def register(d: int, q: int) -> dict[str, Any]:
    directions = {"D": "input", "Q": "output"}
    return {"type": "SB_DFF", "port_directions": directions, "connections": {"D": [d], "Q": [q]}}


def test_cells_and_levels_of_a_netlist() -> None:
    cells = {"a": lut(1), "b": lut(2), "r": register(3, 10), "c": lut(10), "s": register(11, 20), "t": register(20, 21)}
    module = {"attributes": {}, "ports": {"x": {"bits": [1]}}, "cells": cells}
    netlist = {"modules": {"m": module}}
    counts = cell_counts(netlist)
    assert (counts.luts, counts.flip_flops, depth_of(module)) == (3, 3, 2)
    assert logic_cells(netlist) == 4, "r and s share a cell with their LUTs"
    module["ports"] = {"x": {"bits": [1, 3]}}
    assert logic_cells(netlist) == 5, "what a port reads is no register's own"
    cells["d"] = {**lut(3), "connections": {"I0": [3], "O": [1]}}
    with pytest.raises(Failed, match="combinational loop"):
        depth_of(module)


GOOD = """Info: Device utilisation:
Info: \t         ICESTORM_LC:   742/ 7680     9%
Info: Max frequency for clock 'clk': 99.00 MHz (PASS at 12.00 MHz)
Info: Routing..
Info: Max frequency for clock 'clk': 24.05 MHz (PASS at 12.00 MHz)
Info: Program finished normally.
"""


def test_only_the_last_frequency_of_a_routed_design_counts() -> None:
    assert read_route_log(GOOD) == {"cells": 742, "cells_available": 7680, "fmax_mhz": 24.05}
    gatemate = (
        "Info: \t              CPE_LT:     371/  40960     0%\nInfo: \t              CPE_FF:     178/  40960     0%"
    )
    told = GOOD.replace(GOOD.splitlines()[1], gatemate)
    assert read_route_log(told) == {"cells": 371, "cells_available": 40960, "fmax_mhz": 24.05}
    for cut in ("Info: Program finished normally.\n", "Info: Routing..\n", "Max frequency"):
        with pytest.raises(Failed, match="routing did not complete"):
            read_route_log(GOOD.replace(cut, ""))


def test_a_failing_tool_shows_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """yosys is a stand-in too: it writes an empty netlist."""
    fake, yosys = tmp_path / "nextpnr", tmp_path / "yosys"
    fake.write_text("#!/bin/sh\necho placing >&2\necho 'ERROR: no route' >&2\nexit 1\n")
    yosys.write_text("#!/bin/sh\necho '{\"modules\": {}}' > lgn_ice40.json\n")
    for each in (fake, yosys):
        each.chmod(0o755)
    monkeypatch.setenv("LGNC_YOSYS", str(yosys))
    monkeypatch.setenv("LGNC_NEXTPNR_ICE40", str(fake))
    monkeypatch.setenv("LGNC_ICEPACK", str(fake))
    source = Source(tiny(), "0")
    compiled = compile_circuit(source, "verilog", settings={"board": "hx8k"})
    with pytest.raises(Failed, match=r"exit code 1: placing \| ERROR: no route"):
        add_bitstream(compiled)
    monkeypatch.setenv("LGNC_ICEPACK", "no-such-icepack")
    with pytest.raises(ToolMissing, match="LGNC_ICEPACK"):
        add_bitstream(compiled)


@pytest.mark.parametrize("board", ["hx8k", "ulx3s"])
def test_a_clock_that_is_missed_names_the_remedies(board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools are stand-ins. The mapped form is the slower one on ECP5 alone."""
    family = FPGA_BOARDS[board].family
    yosys, nextpnr = tmp_path / "yosys", tmp_path / "nextpnr"
    yosys.write_text(f"#!/bin/sh\necho '{{\"modules\": {{}}}}' > lgn_{family}.json\n")
    nextpnr.write_text(f"#!/bin/sh\ncat > route.log <<END\n{GOOD.replace('24.05', '5.50')}END\n")
    for each in (yosys, nextpnr):
        each.chmod(0o755)
    monkeypatch.setenv("LGNC_YOSYS", str(yosys))
    for variable in ("LGNC_NEXTPNR_ICE40", "LGNC_NEXTPNR_ECP5", "LGNC_ICEPACK", "LGNC_ECPPACK"):
        monkeypatch.setenv(variable, str(nextpnr))
    for settings, slower in (({"board": board, "family": family}, family == "ecp5"), ({"board": board}, False)):
        with pytest.raises(Failed, match=r"at most 5\.50 MHz.*more --stages") as said:
            add_bitstream(compile_circuit(Source(tiny(), "0"), "verilog", settings=settings))
        assert ("leave --family out" in str(said.value)) == slower


def test_flags_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "tiny.lgir", tmp_path / "out"
    source.write_text(to_text(tiny()))
    for words, message in (
        (["-t", "c", "--bitstream"], "target c has no such option"),
        (["-t", "numpy", "--report-synthesis", "ice40"], "target numpy has no such option"),
        (["-t", "verilog", "--bitstream"], "a bitstream is for an FPGA board"),
        (["-t", "verilog", "--board", "atmega328p"], "unknown board 'atmega328p'"),
        (["-t", "c", "--board", "hx8k"], "unknown board 'hx8k'"),
    ):
        assert lgnc(["compile", str(source), "-o", str(out), *words]) == 2
        assert message in capsys.readouterr().err
        assert not out.exists()
    compiled = compile_circuit(Source(tiny(), "0"), "numpy")
    with pytest.raises(BadInput, match="only Verilog is synthesised"):
        add_report(compiled, Source(tiny(), "0"), "ice40")


@needs("yosys")
@pytest.mark.parametrize("family", ["xilinx", "gowin", "gatemate"])
def test_a_family_is_counted(family: str) -> None:
    """No pads inside, which would cut the longest path where sections meet."""
    rows = synthesise(emit(tiny(), Options("net", {"stages": 1})).files, "net", family)
    assert rows["all"].luts == sum(row.luts for name, row in rows.items() if not name.startswith("all")) > 0
    assert rows["all"].flip_flops > 0
    depths = {name: row.depth or 0 for name, row in rows.items()}
    assert depths["encoder"] > 0
    assert depths["all but the encoder"] > max(depths[name] for name in ("gates", "popcount", "argmax", "control"))
    assert depths["all"] > depths["all but the encoder"]
