"""The stations of the wrappers around a Verilog design: AXI4-Stream, AXI4-Lite registers, a serial line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lgnc.backends.verilog.axil import axil_files
from lgnc.backends.verilog.axis import axis_files
from lgnc.backends.verilog.coded import Coding
from lgnc.backends.verilog.serial import serial_files
from lgnc.backends.verilog.testbench import VECTORS
from lgnc.flows.stations import coded
from lgnc.flows.stations.bench import facts_of, run_bench
from lgnc.flows.stations.properties import registers_of
from lgnc.flows.stations.visit import Visit
from lgnc.verify.verdict import Station, not_checked


def streamed_files(
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
    streamed = streamed_files(visit, "wrapper axis")
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
    found = run_bench(visit, "wrapper axis", files, bench, f"tb_{visit.name}_axis", told, promises, wrapper)
    if compared is None:
        return found
    found = replace(found, detail=f"each of {len(compared.held)} comparisons is of its beat; {found.detail}")
    return coded.behind_encoder(visit, found, compared, wrapper)


def registers(visit: Visit) -> Station:
    """The AXI4-Lite registers, read and written while packets go through, with soft resets."""
    streamed = streamed_files(visit, "wrapper axil")
    if isinstance(streamed, Station):
        return streamed
    _, source, results, _, _ = facts_of(visit)
    _, wrapper, _ = streamed
    made, _ = axil_files(visit.name, source, results, wrapper, registers_of(visit, wrapper))
    bench, files = made[f"tb_{visit.name}_axil.v"], [f"{visit.name}{each}.v" for each in ("_axil", "_axis", "")]
    told = f"{VECTORS} vectors and more, the registers read and written meanwhile, results held and read, soft resets"
    promises = "an answer of each access, as the map says; counters; whole results and packets, soft resets or not"
    return run_bench(visit, "wrapper axil", files, bench, f"tb_{visit.name}_axil", told, promises, wrapper)


def serial(visit: Visit) -> Station:
    """The serial wrapper with pauses, breaks, resets, glitches, and a line 2 % too slow or too fast."""
    _, source, results, latency, _ = facts_of(visit)
    bench = serial_files(visit.name, source, results, latency)[f"tb_{visit.name}_serial.v"]
    files = [f"{visit.name}_serial.v", f"{visit.name}.v"]
    told = "rows with pauses, breaks, resets and glitches, the line 2 % slow and fast"
    return run_bench(visit, "wrapper serial", files, bench, f"tb_{visit.name}_serial", told)
