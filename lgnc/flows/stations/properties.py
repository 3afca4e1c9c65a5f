"""Proofs of handshakes: lgnc's own assertions about a folder's own text, by yosys.

The assertions are written anew, as benches are: what lies in the folder is a thing to be checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lgnc.backends.verilog.coded import coding
from lgnc.backends.verilog.emit import properties
from lgnc.backends.verilog.parts import Part, interface, parts_of
from lgnc.backends.verilog.properties import axil_properties
from lgnc.backends.verilog.registers import Register, identity, register_map
from lgnc.diagnostics import Failed, ToolMissing
from lgnc.flows.stations.visit import Visit
from lgnc.toolchain import TookTooLong, require_tool, run
from lgnc.verify.verdict import Station

BOUND = 12
"""Clocks from a reset on within which assertions are looked at where induction does not prove them."""

_SECONDS = 240.0
_INDUCTION = re.compile(r"^sat .*$", re.MULTILINE)


def written(visit: Visit, axis: Mapping[str, Any] | None) -> dict[str, bytes]:
    """The assertions and scripts for a folder's circuit and settings, and for a wrapper that `axis` describes."""
    details = visit.manifest.facts["verilog"]
    options = visit.manifest.facts["options"]
    outputs = options.get("outputs") if isinstance(options, Mapping) else None
    ports = interface(visit.circuit, outputs if outputs in ("both", "class", "scores") else "both")
    parts: Sequence[Part] = parts_of(visit.circuit, ports)
    counted = visit.circuit.head if details.get("popcount") == "serial" else None
    stages = details.get("stages")
    if type(stages) is not int or not 0 <= stages < 1 << 12:
        raise Failed("stages is no number of ranks", where="manifest.json", fix="compile it again")
    ranks = axis["coded"]["ranks"] if axis is not None and "coded" in axis else None
    coded = None if axis is None or ranks is None else coding(visit.circuit, axis["beat_width"], ranks)
    files = properties(visit.name, ports, parts, stages, counted, axis, coded)
    return files if axis is None else files | axil_properties(visit.name, axis, registers_of(visit, axis))


def registers_of(visit: Visit, axis: Mapping[str, Any]) -> list[Register]:
    """The registers beside a wrapper that `axis` describes; what they say of the network is the folder's."""
    return register_map(axis, identity(visit.circuit, {"source_sha256": visit.manifest.source_sha256}))


def proven(
    visit: Visit, station: Station, top: str, at: Path, told: str, axis: Mapping[str, Any] | None = None
) -> Station:
    """The station after a proof of the assertions about the module `top`, whose sources lie in `at`.

    station: what a bench said already. axis: what lgnc says of the wrapper, where it is the top. A proof by induction
    is for all time; where there is none, but no assertion fails within BOUND clocks of a reset, the word is 'bounded'.
    Raises Failed where one fails.
    """
    files = written(visit, axis)
    for file in (f"{top}_props.sv", f"{top}_props.ys"):
        (at / file).write_bytes(files[file])
    script = files[f"{top}_props.ys"].decode()
    try:
        yosys = require_tool("yosys")
        said = _said(yosys, at, script)
        if said is None:
            detail = f"{told}: proven for all time by induction; tested with {station.detail}"
            return Station(station.name, True, "proven", detail)
        if "selection" in said.lower():
            edges = "@clocked" in said
            what = (
                "a register is not of the rising edge of its clock"
                if edges
                else "the handshake has a say in what its ranks or sections make"
            )
            raise Failed(what, where=f"{top}.v", fix="compile it again")
        if "proof did fail" not in said:
            return replace(station, detail=f"{station.detail}; not proven: yosys says {said[:100]}")
        bounded = f"sat -tempinduct -tempinduct-baseonly -maxsteps {BOUND} -prove-asserts -set-assumes -verify"
        script = script.replace(
            "\nsetattr", f"\nchparam -set LEMMAS 0 {top}_props\nhierarchy -top {top}_props\nsetattr"
        )
        failing = _said(yosys, at, _INDUCTION.sub(bounded, script))
    except (TookTooLong, ToolMissing) as error:
        return replace(station, detail=f"{station.detail}; not proven: {error.what}")
    if failing is not None:
        what = f"an assertion of {top}_props.sv fails within {BOUND} clocks of a reset"
        raise Failed(what, where=f"{top}.v", fix="compile it again")
    detail = f"{told}: proven for {BOUND} clocks after a reset, not by induction; tested with {station.detail}"
    return Station(station.name, True, "bounded", detail)


def _said(yosys: str, at: Path, script: str) -> str | None:
    """None where a script ends well, else what yosys said of it."""
    (at / "prove.ys").write_text(script, "ascii")
    try:
        run([yosys, "-q", "prove.ys"], cwd=at, timeout=_SECONDS)
    except TookTooLong:
        raise
    except Failed as error:
        return error.what
    return None
