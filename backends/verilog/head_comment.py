"""What the head of `NAME.v` says to who opens it: where it came from, its ports, its clocks, its classes.

Comments alone: nothing that reads a design back takes anything from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc import __version__
from lgnc.backends.c.names import comment
from lgnc.backends.verilog.text import Port, vector
from lgnc.backends.verilog.top import HANDSHAKE
from lgnc.ir.circuit import Circuit
from lgnc.ir.quantiser import CODES

_MOST_FEATURES, _MOST_CLASSES = 32, 256
_PROVEN = {
    "proven": "the optimised gates were proven equal to the model's",
    "undecided": "the proof that the optimised gates equal the model's ran out of time",
}


def head_comment(
    circuit: Circuit,
    name: str,
    details: Mapping[str, Any],
    source: Port,
    results: Sequence[Port],
    about: Mapping[str, str],
) -> list[str]:
    """The lines. details: what the manifest says of the design. about: 'source_sha256' and 'passes', where known."""
    lines = [f"{name}: a logic gate network, written by lgnc {__version__}. Verilog-2001.", ""]
    lines += _origin(circuit, about)
    lines += ["", "Ports:", *_ports(circuit, details, source, results), "", _clocks(details)]
    if circuit.head is not None:
        names = circuit.head.names
        lines += ["", "Classes:", *_named(names, _MOST_CLASSES)]
    if len(circuit.encoder.names) <= _MOST_FEATURES:
        lines += ["", "Features:", *_features(circuit)]
    return [f"// {line}".rstrip() for line in lines]


def _origin(circuit: Circuit, about: Mapping[str, str]) -> list[str]:
    """Hashes, and how it is known that the gates are the model's."""
    lines = [f"model    SHA-256 {about['source_sha256']}"] if about.get("source_sha256") else []
    lines.append(f"circuit  SHA-256 {circuit.digest}")
    known = _PROVEN.get(about.get("passes", ""), "the optimised gates were not compared with the model's")
    return [*lines, f"proof    {known}; that this text is they: lgnc verify MODEL DIR"]


def _ports(circuit: Circuit, details: Mapping[str, Any], source: Port, results: Sequence[Port]) -> list[str]:
    encoder, head = circuit.encoder, circuit.head
    rows = []
    if details["latency"]:
        told = (
            "clock",
            "reset, synchronous, high",
            "a vector is there",
            "and is taken",
            "a result is there",
            "and is taken",
        )
        rows = [(way, port, text) for (port, way), text in zip(HANDSHAKE.items(), told, strict=True)]
    if encoder.is_float:
        taken = f"bit k: feature > threshold of bit k, both in manifest.json ({encoder.dtype})"
    else:
        width = encoder.feature_bits
        taken = f"{len(encoder.names):,} features of type {encoder.dtype}: feature i is [i*{width} +: {width}]"
    if encoder.quantiser is not None:
        taken += f", {CODES}"
    rows.append(("in", f"{vector(source.width)}{source.name}", taken))
    for port in results:
        rows.append(
            ("out", f"{vector(port.width)}{port.name}", _told(port, details, 0 if head is None else head.classes))
        )
    span = max(len(port) for _, port, _ in rows)
    return [f"  {way:<4} {port:<{span}}  {text}" for way, port, text in rows]


def _told(port: Port, details: Mapping[str, Any], classes: int) -> str:
    """What a result means."""
    if port.name == "class_index":
        return "the class of the highest score, the lowest index winning a tie"
    if port.name == "scores":
        width, base = details["score"]["width"], details["score"]["base"]
        return f"{classes} scores: that of class c is [c*{width} +: {width}], unsigned, plus {base} (the score base)"
    return "the outputs, the first lowest"


def _clocks(details: Mapping[str, Any]) -> str:
    latency, interval = details["latency"], details["interval"]
    if not latency:
        return "No clock: results follow the input."
    plural = "a vector every clock" if interval == 1 else f"a vector every {interval} clocks"
    return f"Latency {latency} clocks, interval {interval} ({plural})."


def _features(circuit: Circuit) -> list[str]:
    """The features' names, with the scale and the offset of each that is a code."""
    lines, quantiser = _named(circuit.encoder.names, _MOST_FEATURES), circuit.encoder.quantiser
    if quantiser is None:
        return lines
    return [f"{line} ({step})" for line, step in zip(lines, quantiser.texts(), strict=True)]


def _named(names: Sequence[str], most: int) -> list[str]:
    """The first `most` names."""
    shown = [f"  {index}: {line_comment(each)}" for index, each in enumerate(names[:most])]
    return shown + ([f"  and {len(names) - most:,} more"] if len(names) > most else [])


def line_comment(text: str) -> str:
    """A text of the user's, safe in a comment of any tool: a backquote starts a directive for some."""
    return comment(text).replace("`", "'")
