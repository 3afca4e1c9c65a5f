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
from typing import Any, NamedTuple

import numpy as np

from lgnc.backends.verilog.axil import axil_files
from lgnc.backends.verilog.axis import axis_files
from lgnc.backends.verilog.boards import FPGA_BOARDS
from lgnc.backends.verilog.coded import Coding
from lgnc.backends.verilog.mapped import MAPPED
from lgnc.backends.verilog.serial import serial_files
from lgnc.backends.verilog.testbench import VECTORS, expected, feature_words, hex_lines, testbench_text
from lgnc.backends.verilog.text import Port
from lgnc.diagnostics import Failed
from lgnc.files import read_file
from lgnc.flows.stations import coded, mapped
from lgnc.flows.stations.properties import proven, registers_of
from lgnc.flows.stations.visit import Visit
from lgnc.ir.simulate import encode
from lgnc.sim.manifest import Manifest, VerilogFacts
from lgnc.toolchain import TookTooLong, require_tool, run
from lgnc.verify.verdict import Station, not_checked

_SECONDS = 120.0
_MOST_BYTES = 4_000_000
"""Of NAME.v, where a simulator is started for stations beside the function."""

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
        found["wrapper axis"] = axis
    if f"{name}_axil.v" in files:
        found["wrapper axil"] = registers
    if f"{name}_serial.v" in files:
        found["wrapper serial"] = serial
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


def facts_of(visit: Visit) -> tuple[VerilogFacts, Port, list[Port], int, int]:
    """(facts, input, results, latency, interval)."""
    facts = visit.manifest.verilog
    assert facts is not None
    details = visit.manifest.facts["verilog"]
    latency, interval = (details.get(key) for key in ("latency", "interval"))
    if (
        type(latency) is not int
        or type(interval) is not int
        or not 0 <= latency < 1 << 20
        or not 0 < interval < 1 << 20
    ):
        raise Failed("latency and interval are no numbers of clocks", where="manifest.json", fix="compile it again")
    return facts, Port(facts.port, facts.width), [Port(*each) for each in facts.outputs], latency, interval


def _vectors(visit: Visit, at: Path) -> None:
    """Write the vectors of the most telling rows, and their answers."""
    _, _, results, _, _ = facts_of(visit)
    rows = visit.rows[np.arange(VECTORS) % len(visit.rows)]
    bits = encode(visit.circuit.encoder, rows)
    words = bits if visit.circuit.encoder.is_float else feature_words(rows)
    (at / f"{visit.name}_vectors.hex").write_bytes(hex_lines(words))
    (at / f"{visit.name}_expected.hex").write_bytes(hex_lines(expected(visit.circuit, bits, results)))


def simulate(at: Path, top: str, sources: list[str]) -> str:
    """The line that says PASS. Raises Failed, with what was said, where there is none."""
    iverilog, vvp = require_tool("iverilog"), require_tool("vvp")
    run([iverilog, "-g2001", "-s", top, "-o", "bench.vvp", *sources], cwd=at, timeout=_SECONDS)
    said = run([vvp, "-N", "bench.vvp"], cwd=at, timeout=_SECONDS).decode(errors="replace").splitlines()
    passed = [line for line in said if line.startswith("PASS")]
    if not passed or any("FAIL" in line for line in said):
        raise Failed(" | ".join(said[:2])[:200] or "the bench says nothing", where=sources[0], fix="compile it again")
    return passed[-1]


def _bench(
    visit: Visit,
    name: str,
    files: list[str],
    bench: bytes,
    top: str,
    told: str,
    promises: str = "",
    wrapper: Mapping[str, Any] | None = None,
) -> Station:
    """A station whose answer is that of a bench of lgnc's own, and of a proof of what the module promises.

    wrapper: what lgnc, not the manifest, says of an AXI4-Stream wrapper.
    """
    if len(visit.manifest.read(visit.path, f"{visit.name}.v")) > _MOST_BYTES:
        return not_checked(name, "the design is too large to be simulated here: run its testbench")
    with tempfile.TemporaryDirectory(prefix="lgnc-bench-") as place:
        at = Path(place)
        _vectors(visit, at)
        sources = visit.copy(at, *files)
        (at / "bench.v").write_bytes(bench)
        simulate(at, top, [*sources, "bench.v"])
        tested = Station(name, True, "tested", told)
        return proven(visit, tested, files[0].removesuffix(".v"), at, promises, wrapper) if promises else tested


def handshake(visit: Visit) -> Station:
    """Results wait until they are taken, a reset drops them, and at full speed latency and interval are as told."""
    _, source, results, latency, interval = facts_of(visit)
    bench = testbench_text(visit.name, source, results, latency, interval).encode()
    told = f"{VECTORS} vectors with stalls on both sides, a reset; latency {latency}, a vector each {interval} clocks"
    promises = "results in order, one of each vector, each waits until it is taken; resets"
    return _bench(visit, "handshake", [f"{visit.name}.v"], bench, f"tb_{visit.name}", told, promises)


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
    streamed = _streamed(visit, mapped.NAME, inner) if inner is not None else None
    if isinstance(streamed, Station):
        return streamed
    compared = streamed[2] if streamed else None
    text = mapped.mapped_text(visit, family, len(results), said.get("longest"), compared)
    if text.ok is False:
        return text
    bench = testbench_text(visit.name, source, results, latency, 1).encode()
    files = [f"{visit.name}_{family}.v", f"cells_{family}.v"]
    ran = _bench(visit, mapped.NAME, files, bench, f"tb_{visit.name}", f"{VECTORS} vectors run with the cells' models")
    if ran.ok and streamed:
        top, bench = f"tb_{visit.name}_axis", streamed[0][f"tb_{visit.name}_axis.v"]
        told = f"{ran.detail}, and as many behind the wrapper"
        ran = _bench(visit, mapped.NAME, [f"{visit.name}_axis.v", *files], bench, top, told)
    if text.ok is None and ran.ok:
        return replace(ran, detail=f"{ran.detail}; {text.detail}")
    return replace(text, detail=f"{text.detail}; {ran.detail}") if ran.ok else text


def _streamed(
    visit: Visit, station: str, inner: object = None
) -> tuple[dict[str, bytes], dict[str, Any], Coding | None] | Station:
    """What `axis_files` gives for the folder's beats, and how these are compared; the station where that cannot be.

    inner: clocks of the network behind the comparisons, where they are not those of the portable form.
    """
    facts, source, results, latency, interval = facts_of(visit)
    said = visit.manifest.facts["verilog"].get("axis")
    if not isinstance(said, dict) or "words" not in said:
        return not_checked(station, "its results are not in words of 32 bits: an earlier lgnc wrote it")
    beat = said.get("beat_width")
    if type(beat) is not int or not 0 < beat <= source.width:
        return Station(station, False, "read", f"the manifest says beats of {beat!r:.40} bits")
    if "coded" not in said:
        return *axis_files(visit.name, source, results, latency, beat, interval, facts.score), None
    compared = coded.as_told(visit, beat, said["coded"])
    clocks = None if compared is None else inner or said["coded"].get("latency")
    if compared is None or type(clocks) is not int or not 0 < clocks < 1 << 20:
        return Station(station, False, "read", f"beats are not compared as the manifest says: {said['coded']!r:.80}")
    return *axis_files(visit.name, source, results, clocks, beat, interval, facts.score, compared), compared


def axis(visit: Visit) -> Station:
    """The AXI4-Stream wrapper under stalls, packets of wrong lengths or in error, and resets."""
    streamed = _streamed(visit, "wrapper axis")
    if isinstance(streamed, Station):
        return streamed
    made, wrapper, compared = streamed
    beat = wrapper["beat_width"]
    bench = made[f"tb_{visit.name}_axis.v"]
    files = [f"{visit.name}_axis.v", f"{visit.name}.v"]
    told = (
        f"{VECTORS} vectors in beats of {beat} bits, with stalls, packets too short, too long and in error, and a reset"
    )
    promises = "TVALID and TDATA wait, TLAST, one result of each good packet and of no other, its words; resets"
    found = _bench(visit, "wrapper axis", files, bench, f"tb_{visit.name}_axis", told, promises, wrapper)
    if compared is None:
        return found
    found = replace(found, detail=f"each of {len(compared.held)} comparisons is of its beat; {found.detail}")
    return coded.behind_encoder(visit, found, compared, wrapper)


def registers(visit: Visit) -> Station:
    """The AXI4-Lite registers, read and written while packets go through, with soft resets."""
    streamed = _streamed(visit, "wrapper axil")
    if isinstance(streamed, Station):
        return streamed
    _, source, results, _, _ = facts_of(visit)
    _, wrapper, _ = streamed
    made, _ = axil_files(visit.name, source, results, wrapper, registers_of(visit, wrapper))
    bench, files = made[f"tb_{visit.name}_axil.v"], [f"{visit.name}{each}.v" for each in ("_axil", "_axis", "")]
    told = f"{VECTORS} vectors and more, the registers read and written meanwhile, results held and read, soft resets"
    promises = "an answer of each access, as the map says; counters; whole results and packets, soft resets or not"
    return _bench(visit, "wrapper axil", files, bench, f"tb_{visit.name}_axil", told, promises, wrapper)


def serial(visit: Visit) -> Station:
    """The serial wrapper with pauses, breaks, resets, glitches, and a line 2 % too slow or too fast."""
    _, source, results, latency, _ = facts_of(visit)
    bench = serial_files(visit.name, source, results, latency)[f"tb_{visit.name}_serial.v"]
    files = [f"{visit.name}_serial.v", f"{visit.name}.v"]
    told = "rows with pauses, breaks, resets and glitches, the line 2 % slow and fast"
    return _bench(visit, "wrapper serial", files, bench, f"tb_{visit.name}_serial", told)


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
    return _bench(visit, "board", files, bench, f"tb_{name}_serial", told)


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
    if len(visit.manifest.read(visit.path, f"{name}.v")) > _MOST_BYTES:
        return not_checked("testbench", "the design is too large to be simulated here: run its testbench")
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
