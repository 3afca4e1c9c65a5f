"""Circuit -> Verilog-2001: encoder, gates, popcount and argmax as modules, one scalar wire per gate, and a testbench.

`docs/targets-verilog.md` says what the ports mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lgnc.arithmetic.head import argmax_circuit, index_width, popcount_circuit, score_format
from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog.axis import axis_files
from lgnc.backends.verilog.boards import board_files
from lgnc.backends.verilog.cocotb import cocotb_files
from lgnc.backends.verilog.counters import counter_registers, counters_module, counting_clocks
from lgnc.backends.verilog.encoder import encoder_levels, encoder_module
from lgnc.backends.verilog.flow import flow_files
from lgnc.backends.verilog.names import module_name
from lgnc.backends.verilog.pipeline import Ranks, delays, gate_ranks, place_cuts
from lgnc.backends.verilog.serial import serial_files
from lgnc.backends.verilog.target import DEFAULT_BEAT, TARGET, VerilogSettings
from lgnc.backends.verilog.testbench import testbench
from lgnc.backends.verilog.text import Port, module
from lgnc.backends.verilog.top import Section, control_module, top_module
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder, Head


@dataclass(frozen=True)
class Interface:
    """The modules' ports. source: 'features', or 'bits' where the features are floats. results: the top's outputs."""

    source: Port
    bits: Port
    literals: tuple[Port, ...]
    scores: Port
    index: Port
    results: tuple[Port, ...]


def interface(circuit: Circuit, outputs: str) -> Interface:
    """The ports that a circuit needs, for the chosen outputs of its head."""
    encoder, head = circuit.encoder, circuit.head
    bits = Port("bits", encoder.bits)
    source = bits if encoder.is_float else Port("features", len(encoder.names) * encoder.feature_bits)
    if head is None:
        plain = (Port("outputs", len(circuit.outputs)),)
        return Interface(source, bits, plain, Port("scores", 0), Port("class_index", 0), plain)
    runs = (head.starts[1:] - head.starts[:-1]).tolist()
    literals = tuple(Port(f"literals_{c}", run) for c, run in enumerate(runs))
    scores = Port("scores", head.classes * score_format(head).width)
    index = Port("class_index", index_width(head.classes))
    results = {"both": (index, scores), "class": (index,), "scores": (scores,)}[outputs]
    return Interface(source, bits, literals, scores, index, results)


def emit(circuit: Circuit, options: Options) -> Artifact:
    """`NAME.v`, `tb_NAME.v` and its vectors, and files for tools. The same circuit and options give the same bytes.

    settings: those of `VerilogSettings`. Raises BadInput for a name that is no Verilog identifier, a bad setting, and a
    circuit without outputs.
    """
    name = module_name(options.name)
    settings = TARGET.read(options.settings).resolved()
    if circuit.head is None and not len(circuit.outputs):
        raise BadInput("the circuit has no outputs", where="verilog", fix="give a circuit that computes something")
    ports = interface(circuit, settings.outputs)
    parts = parts_of(circuit, ports)
    counted = circuit.head if settings.popcount == "serial" else None
    if counted is None and settings.popcount == "serial":
        raise BadInput("the circuit has no head to count", where="--popcount", fix="leave --popcount out")
    cuts = pipeline(circuit.encoder, parts, ports, settings)
    lines = design(circuit.encoder, name, ports, parts, cuts, counted)
    files = {f"{name}.v": "\n".join(lines).encode()}
    latency = sum(map(len, cuts)) if counted is None else counting_clocks(counted) + 1
    interval = 1 if counted is None else latency
    files |= testbench(circuit, name, ports.source, ports.results, latency, interval)
    details = _details(circuit, name, ports, parts, cuts)
    if counted is not None:
        details |= {"popcount": "serial", "latency": latency, "interval": interval}
        details["registers"] = counter_registers(counted)
        del details["gates"]["popcount"]
    if settings.interface == "axis":
        beat = settings.beat_width or DEFAULT_BEAT
        files |= axis_files(name, ports.source, ports.results, latency, beat, interval)
        details["axis"] = {"top": f"{name}_axis", "beat_width": beat, "beats": ports.source.width // beat}
    if latency:
        files |= cocotb_files(name, ports.source, ports.results, details.get("axis", {}).get("beat_width"))
    if settings.interface == "serial":
        files |= serial_files(name, ports.source, ports.results, latency)
        details["serial"] = {"top": f"{name}_serial"}
    if settings.board:
        files |= board_files(name, settings.board)
        details["board"] = {"name": settings.board, "top": f"{name}_board"}
    wrapper = settings.interface if settings.interface in ("axis", "serial") else None
    files |= flow_files(name, clocked=latency > 0, wrapper=wrapper, board=settings.board)
    return Artifact(files, {"verilog": details})


class Part(NamedTuple):
    """A section of the design: its module is `NAME_{name}`. circuit: its gates; None for the encoder's comparators."""

    name: str
    taken: Sequence[Port]
    given: Sequence[Port]
    circuit: Circuit | None


def parts_of(circuit: Circuit, ports: Interface) -> list[Part]:
    """The sections from features to results."""
    parts = []
    if ports.source is not ports.bits:
        parts.append(Part("encoder", [ports.source], [ports.bits], None))
    parts.append(Part("gates", [ports.bits], ports.literals, circuit))
    if circuit.head is not None:
        parts.append(Part("popcount", ports.literals, [ports.scores], popcount_circuit(circuit.head)))
        if ports.index in ports.results:
            chosen = argmax_circuit(circuit.head.classes, score_format(circuit.head).width)
            parts.append(Part("argmax", [ports.scores], [ports.index], chosen))
    return parts


def pipeline(
    encoder: Encoder, parts: Sequence[Part], ports: Interface, settings: VerilogSettings
) -> list[tuple[int, ...]]:
    """The cuts of each part: none unless the settings ask for stages."""
    if not settings.clocked:
        return [()] * len(parts)
    ranks = []
    for part in parts:
        if part.circuit is None:
            levels = encoder_levels(encoder)
            ranks.append(Ranks(levels, np.array([-1] * levels + [encoder.bits if levels else -1])))
        else:
            beside = part.name == "argmax" and ports.scores in ports.results
            ranks.append(gate_ranks(part.circuit, ports.scores.width if beside else 0))
    return place_cuts(ranks, settings.stages, settings.pipeline_depth)


def design(
    encoder: Encoder,
    name: str,
    ports: Interface,
    parts: Sequence[Part],
    cuts: Sequence[tuple[int, ...]],
    counted: Head | None = None,
) -> list[str]:
    """The lines of `NAME.v`. counted: the head whose literals are counted serially, if they are."""
    lines = [
        f"// {name}: a logic gate network, written by lgnc. Verilog-2001.",
        "// verilator lint_off DECLFILENAME",
        "`default_nettype none",
        "",
    ]
    sections = []
    for part, cut in zip(parts, cuts, strict=True):
        serial = counted is not None and part.name == "popcount"
        keep = counted is None or part.name != "gates"  # a gate and the multiplexer that loads it share a LUT4
        if serial and counted is not None:
            lines += counters_module(f"{name}_{part.name}", counted, ports.literals, ports.scores)
        elif part.circuit is None:
            lines += encoder_module(f"{name}_{part.name}", encoder, ports.source, ports.bits, bool(cut))
        else:
            lines += module(f"{name}_{part.name}", part.taken, part.given, part.circuit, cut, keep=keep)
        sections.append(Section(part.name, part.taken, part.given, len(cut), serial))
    stages = sum(map(len, cuts))
    if stages:
        lines += control_module(f"{name}_control", stages)
    lines += top_module(name, ports.source, ports.results, sections)
    return [*lines, "`default_nettype wire", ""]


def _details(
    circuit: Circuit, name: str, ports: Interface, parts: Sequence[Part], cuts: Sequence[tuple[int, ...]]
) -> dict[str, Any]:
    encoder, head = circuit.encoder, circuit.head
    gates = [(part.name, part.circuit, cut) for part, cut in zip(parts, cuts, strict=True) if part.circuit is not None]
    registers = {name: int(delays(each, cut).registers.sum()) for name, each, cut in gates}
    if parts[0].circuit is None:
        registers["encoder"] = encoder.bits * len(cuts[0])
    if "argmax" in registers and ports.scores in ports.results:
        registers["scores"] = ports.scores.width * len(cuts[-1])
    latency = sum(map(len, cuts))
    details: dict[str, Any] = {
        "top": name,
        "testbench": f"tb_{name}",
        "input": {"port": ports.source.name, "width": ports.source.width},
        "outputs": [{"port": port.name, "width": port.width} for port in ports.results],
        "gates": {name: each.gates for name, each, _ in gates},
        "registers": registers | {"valid": latency},
        "latency": latency,
        "interval": 1,
    }
    if encoder.is_float:
        details["input"] |= {"feature": encoder.feature.tolist(), "threshold": encoder.threshold.tolist()}
    else:
        details["input"]["feature_width"] = encoder.feature_bits
    if head is not None:
        base, width = score_format(head)
        details["score"] = {"width": width, "base": base}
    return details
