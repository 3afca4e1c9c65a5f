"""The stations of a Verilog folder beside its function: handshake, wrappers, testbenches, bitstream.

The benches are lgnc's own, written anew: those in the folder are things to be checked, not checkers. Vectors and
answers are the folder's circuit's on the most telling rows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lgnc.backends.verilog.boards import FPGA_BOARDS
from lgnc.backends.verilog.mapped import MAPPED
from lgnc.backends.verilog.serial import serial_files
from lgnc.backends.verilog.testbench import VECTORS, testbench_text
from lgnc.diagnostics import Failed
from lgnc.files import read_file
from lgnc.flows.stations import mapped, wrappers
from lgnc.flows.stations.bench import facts_of, run_bench, simulate, too_large
from lgnc.flows.stations.visit import Visit
from lgnc.flows.stations.wrappers import streamed_files
from lgnc.sim.manifest import Manifest
from lgnc.toolchain import TookTooLong
from lgnc.verify.verdict import Station, not_checked

_SERIAL_CLOCKS = 3_000_000
"""Clocks that a board's serial line may be simulated for."""


def stations_of(manifest: Manifest) -> Mapping[str, Callable[[Visit], Station]]:
    """Station -> what checks it, for the files that the folder has."""
    files, name = manifest.files, manifest.name
    details = manifest.facts["verilog"]
    found: dict[str, Callable[[Visit], Station]] = {}
    if details.get("latency"):
        found["handshake"] = handshake
    for family in _families(manifest)[:1]:
        found[mapped.NAME] = partial(mapped_form, family=family)
    if f"{name}_axis.v" in files:
        found["wrapper axis"] = wrappers.axis
    if f"{name}_axil.v" in files:
        found["wrapper axil"] = wrappers.registers
    if f"{name}_serial.v" in files:
        found["wrapper serial"] = wrappers.serial
    if f"{name}_board.v" in files:
        found["board"] = board
    found["testbench"] = benches
    if "bitstream" in manifest.facts:
        found["bitstream"] = bitstream
    return found


def _families(manifest: Manifest) -> list[str]:
    """Families whose cells a folder has the design in; lgnc writes one at most, and the first is looked at."""
    return [family for family in MAPPED if f"{manifest.name}_{family}.v" in manifest.files]


def covered(visit: Visit) -> set[str]:
    """The files that a station here, or the function, looks at."""
    name = visit.name
    wrappers = ("_axis.v", "_axil.v", "_serial.v", "_board.v")
    endings = (".v", *(f"_{family}.v" for family in _families(visit.manifest)[:1]), *wrappers, "_row.v", "_row.vh")
    stems = [f"{name}{ending}" for ending in endings]
    stems += [f"{each}_{kind}.hex" for each in (name, f"{name}_row") for kind in ("vectors", "expected")]
    made = visit.manifest.facts.get("bitstream")
    return {*stems, *_benched(name), *(_made(visit) if made else [])}


class _Bench(NamedTuple):
    """module: the testbench's. sources: what it runs with. vectors: what its vectors' files start with."""

    module: str
    sources: list[str]
    vectors: str


def _benched(name: str) -> dict[str, _Bench]:
    """The testbenches that a folder may have."""
    found = {f"tb_{name}.v": _Bench(f"tb_{name}", [f"{name}.v"], name)}
    for family in MAPPED:
        found[f"tb_{name}_{family}.v"] = _Bench(f"tb_{name}", [f"{name}_{family}.v", f"cells_{family}.v"], name)
    for each in (f"{name}_axis", f"{name}_serial"):
        found[f"tb_{each}.v"] = _Bench(f"tb_{each}", [f"{name}.v", f"{each}.v"], name)
    behind = [f"{name}.v", f"{name}_axis.v", f"{name}_axil.v"]
    found[f"tb_{name}_axil.v"] = _Bench(f"tb_{name}_axil", behind, name)
    found[f"tb_{name}_row.v"] = _Bench(
        f"tb_{name}_row", [f"{name}.v", f"{name}_row.v", f"{name}_row.vh"], f"{name}_row"
    )
    return found


def _made(visit: Visit) -> list[str]:
    """The bitstream of a board."""
    return [
        f"{visit.name}_board.{ending}"
        for ending in ("bin", "bit", "fs")
        if f"{visit.name}_board.{ending}" in visit.manifest.files
    ]


def handshake(visit: Visit) -> Station:
    """Results wait until they are taken, a reset drops them, and at full speed latency and interval are as told."""
    _, source, results, latency, interval = facts_of(visit)
    bench = testbench_text(visit.name, source, results, latency, interval).encode()
    told = f"{VECTORS} vectors with stalls on both sides, a reset; latency {latency}, a vector each {interval} clocks"
    promises = "results in order, one of each vector, each waits until it is taken; resets"
    return run_bench(visit, "handshake", [f"{visit.name}.v"], bench, f"tb_{visit.name}", told, promises)


def mapped_form(visit: Visit, family: str) -> Station:
    """The design in the family's own cells is the circuit, and passes the bench with the cells' simulation models."""
    _, source, results, _, _ = facts_of(visit)
    said = visit.manifest.facts["verilog"].get("mapped")
    latency = said.get("latency") if isinstance(said, dict) else None
    if type(latency) is not int or not 0 <= latency < 1 << 20:
        raise Failed(
            "the latency of the mapped form is no number of clocks", where="manifest.json", fix="compile again"
        )
    inner = said.get("coded_latency")
    streamed = streamed_files(visit, mapped.NAME, inner) if inner is not None else None
    if isinstance(streamed, Station):
        return streamed
    compared = streamed[2] if streamed else None
    text = mapped.mapped_text(visit, family, len(results), said.get("longest"), compared)
    if text.ok is False:
        return text
    bench = testbench_text(visit.name, source, results, latency, 1).encode()
    files = [f"{visit.name}_{family}.v", f"cells_{family}.v"]
    ran = run_bench(
        visit, mapped.NAME, files, bench, f"tb_{visit.name}", f"{VECTORS} vectors run with the cells' models"
    )
    if ran.ok and streamed:
        top, bench = f"tb_{visit.name}_axis", streamed[0][f"tb_{visit.name}_axis.v"]
        told = f"{ran.detail}, and as many behind the wrapper"
        ran = run_bench(visit, mapped.NAME, [f"{visit.name}_axis.v", *files], bench, top, told)
    if text.ok is None and ran.ok:
        return replace(ran, detail=f"{ran.detail}; {text.detail}")
    return replace(text, detail=f"{text.detail}; {ran.detail}") if ran.ok else text


def board(visit: Visit) -> Station:
    """The board's top, at the speed of its serial line: two rows, the second after a break; and its pins."""
    _, source, results, latency, _ = facts_of(visit)
    name = visit.name
    said = visit.manifest.facts["verilog"].get("board", {})
    chosen = FPGA_BOARDS.get(str(said.get("name")) if isinstance(said, dict) else "")
    if chosen is None:
        return Station("board", False, "read", f"the manifest names no board of lgnc's: {said!r:.60}")
    divider = chosen.divider
    bench = board_bench(name, serial_files(name, source, results, latency)[f"tb_{name}_serial.v"], divider)
    if 60 * divider * (source.width + 16) > _SERIAL_CLOCKS:
        return not_checked("board", "a row takes too many clocks to be simulated: run it on the board")
    mapped = [family for family in _families(visit.manifest) if family == chosen.family]
    core = [f"{name}_{chosen.family}.v", f"cells_{chosen.family}.v"] if mapped else [f"{name}.v"]
    files = [f"{name}_board.v", f"{name}_serial.v", *core]
    told = (
        f"two rows at {divider} clocks a bit, by the pins clk, rx and tx; where these lie on the package is not checked"
    )
    return run_bench(visit, "board", files, bench, f"tb_{name}_serial", told)


def board_bench(name: str, bench: bytes, divider: int) -> bytes:
    """`tb_NAME_serial.v` for `NAME_board`, which resets itself: two rows at `divider` clocks a bit."""
    text = bench.decode()
    rows = next(line for line in text.splitlines() if "localparam ROWS" in line)
    for was, now in (
        (
            f"{name}_serial #(.DIVIDER(DIVIDER)) dut (.clk(clk), .rst(rst), .rx(rx), .tx(tx));",
            f"{name}_board dut (.clk(clk), .rx(rx), .tx(tx));",
        ),
        ("DIVIDER = 8;", f"DIVIDER = {divider};"),
        ("repeat (3) @(negedge clk);", "repeat (32) @(negedge clk);"),
        (rows, "  localparam ROWS = 2;"),
    ):
        text = text.replace(was, now)
    return text.encode()


def benches(visit: Visit) -> Station:
    """The folder's own testbenches pass, and fail when one of the answers that they expect is changed."""
    name = visit.name
    if (large := too_large(visit, "testbench")) is not None:
        return large
    tried = []
    for bench, (top, design, vectors) in _benched(name).items():
        if bench not in visit.manifest.files:
            continue
        with tempfile.TemporaryDirectory(prefix="lgnc-bench-") as place:
            at = Path(place)
            sources = [file for file in visit.copy(at, bench, *design) if file.endswith(".v")]
            visit.copy(at, f"{vectors}_vectors.hex", f"{vectors}_expected.hex")
            simulate(at, top, sources)
            _spoil(at / f"{vectors}_expected.hex")
            try:
                simulate(at, top, sources)
            except TookTooLong:
                raise
            except Failed:
                tried.append(bench)
                continue
        return Station("testbench", False, "tested", f"{bench} passes although an answer was changed")
    return Station("testbench", True, "tested", f"{', '.join(tried)}: passes, and fails when an answer is changed")


def _spoil(path: Path) -> None:
    """Change the lowest bit of the first answer."""
    lines = read_file(path).decode("ascii", errors="replace").split()
    lines[0] = f"{lines[0][:-1]}{int(lines[0][-1], 16) ^ 1:x}"
    path.write_text("\n".join(lines) + "\n", "ascii")


def bitstream(visit: Visit) -> Station:
    """Nothing reads a bitstream back."""
    made = ", ".join(_made(visit)) or "none"
    return not_checked("bitstream", f"{made}: made by the board's tools from these sources, and not read back")
