"""`NAME_FAMILY.v`: the same design in a family's own cells, beside the portable text, with a testbench of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from lgnc.arithmetic.encoder import encoder_circuit
from lgnc.backends.verilog.cells import CellText, Ranks, cells_module
from lgnc.backends.verilog.cells_ecp5 import Ecp5Text
from lgnc.backends.verilog.cells_ice40 import Ice40Text
from lgnc.backends.verilog.cells_xilinx import XilinxText
from lgnc.backends.verilog.coded import Coding, coded_top
from lgnc.backends.verilog.control import QUEUED, control_module
from lgnc.backends.verilog.target import VerilogSettings
from lgnc.backends.verilog.testbench import testbench_text
from lgnc.backends.verilog.text import Port
from lgnc.backends.verilog.top import Section, top_module
from lgnc.ir.circuit import Circuit
from lgnc.mapping.cells import Mapped, map_cells
from lgnc.mapping.netlist import FABRICS


class _Family(NamedTuple):
    """writer: of its cells. says: whose they are, in the first line of the text. models: files in `runtime` that say
    what they do in simulation.
    """

    writer: type[CellText]
    says: str
    models: tuple[str, ...]


_FAMILIES = {
    "xilinx": _Family(XilinxText, "Xilinx' cells", ("cells_xilinx.v", "cells_carry4.v")),
    "xilinxup": _Family(XilinxText, "UltraScale+ cells", ("cells_xilinx.v", "cells_carry8.v")),
    "ice40": _Family(Ice40Text, "iCE40's cells", ("cells_ice40.v",)),
    "ecp5": _Family(Ecp5Text, "ECP5's cells", ("cells_ecp5.v",)),
}


MAPPED = tuple(_FAMILIES)
"""Families that have a mapped form."""


class Written(NamedTuple):
    """files: path -> bytes. details: what the manifest says of them."""

    files: Mapping[str, bytes]
    details: dict[str, Any]


def mapped_family(settings: VerilogSettings) -> str | None:
    """The family of the mapped form that is written beside the portable one, if one is."""
    return settings.family if settings.family in _FAMILIES and settings.popcount == "parallel" else None


QUICK = 24
"""Places of a chain at most where a rank stands behind every cell: the longest path is then a chain."""


def cell_models(family: str) -> bytes:
    """`cells_FAMILY.v`: what the cells do, for simulators."""
    runtime = files("lgnc.backends.verilog") / "runtime"
    return b"\n".join((runtime / each).read_bytes() for each in _FAMILIES[family].models)


@lru_cache(maxsize=2)
def _mapped(circuit: Circuit, outputs: str, family: str, longest: int | None = None) -> Mapped:
    return map_cells(circuit, outputs, family, longest)


def mapped_lemma(circuit: Circuit, family: str, longest: int | None = None) -> Circuit:
    """The circuit with its head as gates, as the cells of the mapped form were made from them: class and scores.

    A step between the circuit and the text: either is proven equal to it. longest: places of its chains, as told.
    """
    return _mapped(circuit, "both", family, longest).circuit.with_(encoder=circuit.encoder)


def mapped_files(
    circuit: Circuit,
    name: str,
    source: Port,
    bits: Port,
    results: Sequence[Port],
    settings: VerilogSettings,
    family: str,
    coded: Coding | None = None,
) -> Written:
    """The design and its testbench, and what its cells do in simulation. family: of `MAPPED`. coded: how a wrapper
    compares beats, if it does.
    """
    writer, says, _ = _FAMILIES[family]
    longest = FABRICS[family].longest
    if settings.pipeline_depth == 1:
        longest = min(QUICK, longest)
    mapped = _mapped(circuit, settings.outputs if circuit.head is not None else "both", family, longest or None)
    encoded = source is not bits
    comparers = map_cells(encoder_circuit(circuit.encoder), family=family) if encoded else None
    before, ranks = _ranks(settings, comparers.counts["levels"] if comparers else 0, mapped.counts["levels"])
    lines = [
        f"// {name}: a logic gate network in {says}, written by lgnc. Simulators need cells_{family}.v too.",
        "// verilator lint_off DECLFILENAME",
        "`default_nettype none",
        "",
    ]
    sections = []
    compared: dict[str, Any] = {}
    if comparers:
        comparers = replace(comparers, outputs={bits.name: comparers.outputs["outputs"]})
        text, held = cells_module(f"{name}_encoder", comparers, source, [bits], before, writer)
        lines += text
        sections.append(Section("encoder", [source], [bits], before.latency))
        compared = {"encoder": {"tables": comparers.counts["tables"], "levels": before.levels, "registers": held}}
    text, registers = cells_module(f"{name}_cells", mapped, bits, results, ranks, writer)
    lines += text
    sections.append(Section("cells", [bits], results, ranks.latency))
    stages = before.latency + ranks.latency
    if stages:
        lines += control_module(name, results, stages)
    lines += top_module(name, source, results, sections)
    if coded:
        lanes = _lanes(coded, family)
        lanes = replace(lanes, outputs={coded.columns.name: lanes.outputs["outputs"]})
        ranks = Ranks(coded.ranks, lanes.counts["levels"])
        lines += cells_module(f"{name}_lanes", lanes, coded.taken, [coded.columns], ranks, writer)[0]
        lines += coded_top(name, coded, bits, results, sections[1:], before.latency)
        compared["lanes"] = {"tables": lanes.counts["tables"], "levels": lanes.counts["levels"]}
        compared["coded_latency"] = stages - before.latency + QUEUED
    lines += ["`default_nettype wire", ""]
    latency = stages + QUEUED if stages else 0
    bench = testbench_text(name, source, results, latency, 1)
    made = {
        f"{name}_{family}.v": "\n".join(lines).encode(),
        f"tb_{name}_{family}.v": bench.encode(),
        f"cells_{family}.v": cell_models(family),
    }
    details = {"family": family, **mapped.counts, "stages": stages, "latency": latency, "registers": registers}
    if longest:
        details["longest"] = longest
    details |= compared
    return Written(made, details)


def ranks_encoder(settings: VerilogSettings) -> int:
    """At least so many ranks stand in or behind the comparators of the mapped form."""
    return _ranks(settings, 1, 1)[0].latency if mapped_family(settings) else 0


def lanes_ranks(settings: VerilogSettings, coded: Coding) -> int:
    """Ranks in or behind the comparators of a beat's lanes in the mapped form, if there is one."""
    family = mapped_family(settings)
    return _ranks(settings, _lanes(coded, family).counts["levels"], 1)[0].latency if family else 0


def _lanes(coded: Coding, family: str) -> Mapped:
    """The comparators of a beat's lanes."""
    return map_cells(encoder_circuit(coded.lanes), family=family)


def _ranks(settings: VerilogSettings, encoder: int, levels: int) -> tuple[Ranks, Ranks]:
    """Ranks of the encoder, which has so many levels of cells, and of the rest: evenly spaced, the last at the end."""
    if not settings.clocked:
        return Ranks(0, encoder), Ranks(0, levels)
    if settings.pipeline_depth is not None:
        depth = settings.pipeline_depth
        return Ranks(-(-encoder // depth), encoder), Ranks(max(1, -(-levels // depth)), levels)
    stages = settings.stages or 1
    before = int(encoder > 0 and stages > 1)
    return Ranks(before, encoder), Ranks(max(1, min(stages - before, levels)), levels)
