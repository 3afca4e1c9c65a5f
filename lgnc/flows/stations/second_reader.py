"""The second reader of Verilog: what yosys makes of a folder's text, proven over the bits of its port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lgnc.arithmetic.encoder import lower_encoder
from lgnc.diagnostics import BadInput, ToolMissing
from lgnc.flows.subject import Subject
from lgnc.ir.circuit import Circuit
from lgnc.readback.verilog_yosys import read_back
from lgnc.sim.manifest import Manifest
from lgnc.toolchain import TookTooLong
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Verdict


def needs_yosys(manifest: Manifest, first: bool) -> bool:
    """Whether the first reader leaves something open: it did not read at all, or says nothing of clocks."""
    return not first or bool(manifest.facts["verilog"].get("latency"))


def through_yosys(circuit: Circuit, folder: Subject, seconds: float, seed: int) -> Verdict:
    """Whether the text of a folder, as yosys reads it, is `circuit`.

    Undecided where yosys is missing, is too slow or refuses the text, and where a clocked design hands a result over at
    another clock than its manifest says, or one that depends on more than its vector: the handshake's station is told.
    """
    manifest = folder.manifest
    assert manifest is not None
    latency = int(manifest.facts["verilog"].get("latency") or 0)
    try:
        read = read_back(folder.path, manifest.name, folder.circuit, latency)
    except (BadInput, ToolMissing, TookTooLong) as error:
        return Verdict(None, "tested", 0, None, 0.0, str(error))
    encoder = circuit.encoder
    reference = circuit if encoder.is_float else lower_encoder(circuit)
    verdict = prove(reference, read, time_limit=seconds, seed=seed)
    if verdict.counterexample is None or encoder.is_float:
        return verdict
    return replace(verdict, counterexample=_in_features(verdict.counterexample, circuit))


def _in_features(found: dict[str, Any], circuit: Circuit) -> dict[str, Any]:
    """A counterexample over the features' bits, over the features."""
    width, low = circuit.encoder.feature_bits, circuit.encoder.range[0]
    bits = found["features"]
    values = {}
    for name in circuit.encoder.names:
        value = sum(int(bits.get(f"{name}[{bit}]", 0)) << bit for bit in range(width))
        values[name] = value - (1 << width) if low < 0 and value >> (width - 1) else value
    return {**found, "features": values}
