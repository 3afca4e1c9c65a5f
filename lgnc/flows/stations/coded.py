"""The network behind an encoder that works beat by beat: `NAME_coded` read back from its text, and its handshake."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from lgnc.backends.verilog.coded import Coding, coding
from lgnc.diagnostics import BadInput, ToolMissing
from lgnc.flows.stations.function import READ_BACK_GATES
from lgnc.flows.stations.properties import proven
from lgnc.flows.stations.visit import Visit
from lgnc.ir.circuit import Circuit
from lgnc.readback import verilog_yosys
from lgnc.readback.verilog import circuit_from_verilog, of_ports, over_bits
from lgnc.toolchain import TookTooLong
from lgnc.verify.prove import prove
from lgnc.verify.verdict import WORDS, Station

_SECONDS = 60.0


def behind_encoder(visit: Visit, wrapper: Station, coded: Coding, facts: dict[str, Any]) -> Station:
    """The station of a wrapper whose comparisons go to `NAME_coded`, after proofs that this is the network behind them.

    What the wrapper's assertions say is which comparisons it hands over. wrapper: its station so far, whose word is as
    weak as the weakest of the three. facts: what lgnc says of the wrapper.
    """
    if not wrapper.ok:
        return wrapper
    text = _text(visit, coded, wrapper.name)
    if not text.ok:
        return text
    with tempfile.TemporaryDirectory(prefix="lgnc-coded-") as place:
        top = f"{visit.name}_coded"
        visit.copy(Path(place), f"{visit.name}.v")
        tested = Station(wrapper.name, True, "tested", "the wrapper's bench")
        kept = proven(visit, tested, top, Path(place), f"the handshake of {top}", facts)
    how = max((wrapper.how, text.how, kept.how), key=WORDS.index)
    return replace(wrapper, how=how, detail=f"{wrapper.detail}; {text.detail}; {kept.detail}")


def as_told(visit: Visit, beat: int, said: object) -> Coding | None:
    """How a folder compares beats of so many bits, of which the manifest says `said`; None where that cannot be."""
    ranks = said.get("ranks") if isinstance(said, dict) else None
    return coding(visit.circuit, beat, ranks) if type(ranks) is int and 0 <= ranks < 1 << 10 else None


def _text(visit: Visit, coded: Coding, station: str) -> Station:
    """Whether `NAME_coded` is the circuit, over the comparisons that it is given."""
    top = f"{visit.name}_coded"
    try:
        verdict = prove(visit.circuit, _read(visit, coded, top), time_limit=_SECONDS)
    except BadInput as error:
        return Station(station, False, "read", str(error)[:300])
    except (ToolMissing, TookTooLong) as error:
        return Station(station, True, "tested", f"{top} is not read back: {error.what}")
    if verdict.equal is False:
        return Station(station, False, "proven", f"{top} differs at {verdict.counterexample}")
    if verdict.equal is None:
        return Station(station, True, "tested", f"a proof of {top} was not found: {verdict.detail}")
    return Station(station, True, verdict.how, f"{top}, read back from its text, is the network")


def _read(visit: Visit, coded: Coding, top: str) -> Circuit:
    """`NAME_coded` over the features: by the first reader, or by yosys where that is the only one."""
    encoder, file = coded.comparisons(visit.circuit.encoder), f"{visit.name}.v"
    details = visit.manifest.facts["verilog"]
    latency = details["axis"]["coded"]["latency"]
    if details.get("popcount") == "serial" or visit.circuit.gates > READ_BACK_GATES:
        return verilog_yosys.read_back(visit.path, visit.name, visit.circuit, latency, (top, encoder))
    text = visit.manifest.read(visit.path, file).decode(errors="replace")
    return over_bits(of_ports(circuit_from_verilog(text, file, top), visit.circuit, file), encoder)
