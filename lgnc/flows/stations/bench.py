"""Testbenches of lgnc's own run on a folder's Verilog, with the circuit's answers on the most telling rows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.backends.verilog.testbench import VECTORS, expected, feature_words, hex_lines
from lgnc.backends.verilog.text import Port
from lgnc.diagnostics import Failed
from lgnc.flows.stations.properties import proven
from lgnc.flows.stations.visit import Visit
from lgnc.ir.simulate import encode
from lgnc.sim.manifest import VerilogFacts
from lgnc.toolchain import require_tool, run
from lgnc.verify.verdict import Station, not_checked

_SECONDS = 120.0

_MOST_BYTES = 4_000_000
"""Of NAME.v, where a simulator is started for stations beside the function."""


def too_large(visit: Visit, station: str) -> Station | None:
    """The station where the design is not simulated."""
    if len(visit.manifest.read(visit.path, f"{visit.name}.v")) <= _MOST_BYTES:
        return None
    return not_checked(station, "the design is too large to be simulated here: run its testbench")


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


def run_bench(
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
    if (large := too_large(visit, name)) is not None:
        return large
    with tempfile.TemporaryDirectory(prefix="lgnc-bench-") as place:
        at = Path(place)
        _vectors(visit, at)
        sources = visit.copy(at, *files)
        (at / "bench.v").write_bytes(bench)
        simulate(at, top, [*sources, "bench.v"])
        tested = Station(name, True, "tested", told)
        return proven(visit, tested, files[0].removesuffix(".v"), at, promises, wrapper) if promises else tested
