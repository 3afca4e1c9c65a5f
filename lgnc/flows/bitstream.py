"""From a compiled Verilog folder to a routed bitstream: yosys, nextpnr and the board's packer."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgnc.backends.verilog.boards import FPGA_BOARDS, FpgaBoard, board_flow
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.compile import Compiled, with_files
from lgnc.flows.synthesis import cell_counts, logic_cells, read_netlist
from lgnc.toolchain import require_tool, run

_TIMEOUT = 3600.0
_FMAX = re.compile(r"Max frequency for clock\s+'([^']*)':\s*([0-9.]+) MHz")
_KINDS = "ICESTORM_LC|TRELLIS_COMB|TRELLIS_FF|LUT4|DFF|CPE_LT|CPE_FF"
_CELLS = re.compile(rf"^Info:\s*({_KINDS}):\s*(\d+)/\s*(\d+)", re.MULTILINE)
_END = "Program finished normally"


@dataclass(frozen=True)
class Bitstream:
    """files: path -> bytes. facts: board, luts, flip_flops, cells, cells_available, fmax_mhz, clock_mhz; no times.

    seconds: what placing and routing took.
    """

    files: Mapping[str, bytes]
    facts: dict[str, Any]
    seconds: float


def _check_registers(facts: Mapping[str, Any], board: str) -> None:
    """Before minutes of synthesis: raise Failed when the registers alone are more than the board has."""
    row, mapped = facts["input"]["width"], facts.get("mapped")
    held = sum(facts["registers"].values())
    if mapped:
        held = mapped["registers"] + mapped.get("encoder", {}).get("registers", 0)
    _check_cells(held + row, board, f"flip-flops, {row:,} of them to hold a row")


def make_bitstream(files: Mapping[str, bytes], name: str, details: Mapping[str, Any]) -> Bitstream:
    """Synthesise, place, route and pack a Verilog folder whose `details` (`verilog` of its manifest) have a board.

    Raises ToolMissing (exit code 3) without a tool; Failed when the design is too large for the board (by how much,
    and what would fit), misses its clock, or a tool fails (its last lines).
    """
    board = details["board"]["name"]
    chosen, flow = FPGA_BOARDS[board], board_flow(name, board)
    nextpnr, packer = require_tool(flow.router), require_tool(flow.packer)
    yosys = require_tool("yosys")
    _check_registers(details, board)
    with tempfile.TemporaryDirectory(prefix="lgnc-bitstream-") as place:
        folder = Path(place)
        for path, data in files.items():
            (folder / path).write_bytes(data)
        run([yosys, "-q", flow.script], cwd=folder, timeout=_TIMEOUT)
        netlist = read_netlist(folder / f"{name}_{chosen.family}.json")
        counts = cell_counts(netlist)
        needed = logic_cells(netlist) if chosen.family == "ice40" else max(counts.luts, counts.flip_flops)
        _check_cells(needed, board, "logic cells")
        started = time.perf_counter()
        options = ["--timing-allow-fail", "--quiet", "--log", "route.log"]
        run([nextpnr, *flow.route, *options], cwd=folder, timeout=_TIMEOUT)
        seconds = time.perf_counter() - started
        log = folder / "route.log"
        if not log.is_file():
            raise Failed("wrote no log", where=flow.router, fix="see 'lgnc doctor'")
        routed = read_route_log(log.read_text(errors="replace"))
        _check_clock(routed["fmax_mhz"], chosen, board, "mapped" in details)
        run([packer, *flow.pack], cwd=folder, timeout=_TIMEOUT)
        packed = (folder / flow.bitstream).read_bytes()
    facts = {
        "board": board,
        "luts": counts.luts,
        "flip_flops": counts.flip_flops,
        **routed,
        "clock_mhz": chosen.clock / 1e6,
    }
    return Bitstream({flow.bitstream: packed}, facts, seconds)


def read_route_log(text: str) -> dict[str, Any]:
    """cells, cells_available and fmax_mhz of a nextpnr log: the last frequency, of the slowest clock.

    Raises Failed when the log does not end well: an estimate from before routing is no result.
    """
    at = text.rfind("Routing..")
    fmax: dict[str, float] = {clock: float(mhz) for clock, mhz in _FMAX.findall(text[at:])}
    if at < 0 or _END not in text or not fmax:
        last = " | ".join(text.strip().splitlines()[-3:])
        raise Failed(f"routing did not complete: {last}", where="nextpnr", fix="see 'lgnc doctor'")
    used = {kind: (int(n), int(total)) for kind, n, total in _CELLS.findall(text)}
    cells, available = max(used.values(), default=(0, 0))
    return {"cells": cells, "cells_available": available, "fmax_mhz": min(fmax.values())}


def _check_cells(needed: int, board: str, what: str) -> None:
    have = FPGA_BOARDS[board].cells
    if needed <= have:
        return
    fits = [f"{name} ({each.cells:,})" for name, each in FPGA_BOARDS.items() if each.cells >= needed]
    larger = f"a board with more: {', '.join(fits)}; or " if fits else ""
    raise Failed(
        f"needs {needed:,} {what}; {board} has {have:,} cells: {needed - have:,} too many",
        where="--board",
        fix=f"{larger}train with a smaller --width or fewer thresholds, or ask for fewer --stages",
    )


def _check_clock(fmax: float, chosen: FpgaBoard, board: str, mapped: bool) -> None:
    clock = chosen.clock / 1e6
    if fmax < clock:
        fix = "ask for more --stages, or a smaller --pipeline-depth"
        if mapped and chosen.family == "ecp5":
            fix += ", or leave --family out: the portable form's paths are shorter and its cells are more"
        raise Failed(
            f"routed, but for at most {fmax:.2f} MHz; the clock of {board} is {clock:.0f} MHz",
            where="--board",
            fix=fix,
        )


def add_bitstream(compiled: Compiled) -> Compiled:
    """The folder with its board's bitstream, and `bitstream` in its manifest: what `make_bitstream` read back.

    Raises BadInput for a folder that is not for an FPGA board, and as `make_bitstream` does.
    """
    facts = compiled.manifest.get("verilog", {})
    if "board" not in facts:
        fix = f"use it with -t verilog --board {'|'.join(FPGA_BOARDS)}"
        raise BadInput("a bitstream is for an FPGA board", where="--bitstream", fix=fix)
    made = make_bitstream(compiled.files, compiled.manifest["name"], facts)
    return with_files(compiled, made.files, {"bitstream": made.facts})
