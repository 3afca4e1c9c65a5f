"""Circuit -> Verilog-2001: encoder, gates, popcount and argmax as modules, one scalar wire per gate, and a testbench.

`docs/targets-verilog.md` says what the ports mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc.arithmetic.head import score_format
from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog.axil import axil_files
from lgnc.backends.verilog.axis import Word, axis_files, octets
from lgnc.backends.verilog.boards import board_files
from lgnc.backends.verilog.cocotb import cocotb_files
from lgnc.backends.verilog.coded import Coding, coded_top, coding, lanes_module, saves
from lgnc.backends.verilog.control import QUEUED, control_module, control_registers, queue_bits
from lgnc.backends.verilog.counters import counter_registers, counters_module, counting_clocks
from lgnc.backends.verilog.drivers import driver_files
from lgnc.backends.verilog.encoder import encoder_module
from lgnc.backends.verilog.flow import family_sources, flow_files
from lgnc.backends.verilog.head_comment import head_comment
from lgnc.backends.verilog.integration import design_top, integration_files, registers_top, serial_top, stream_top
from lgnc.backends.verilog.litex import litex_files
from lgnc.backends.verilog.mapped import lanes_ranks, mapped_family, mapped_files, ranks_encoder
from lgnc.backends.verilog.names import module_name, refuse_signal
from lgnc.backends.verilog.parts import Interface, Part, interface, parts_of, pipeline
from lgnc.backends.verilog.pipeline import delays
from lgnc.backends.verilog.properties import axil_properties, axis_properties, counted_properties, stream_properties
from lgnc.backends.verilog.registers import identity, register_map
from lgnc.backends.verilog.row import row_files
from lgnc.backends.verilog.serial import serial_files
from lgnc.backends.verilog.target import DEFAULT_BEAT, TARGET, VerilogSettings
from lgnc.backends.verilog.testbench import testbench
from lgnc.backends.verilog.text import module
from lgnc.backends.verilog.top import Section, top_module
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder, Head


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
    parts, cuts = pipeline(circuit.encoder, parts, ports, settings)
    stages = sum(map(len, cuts))
    latency = stages + QUEUED if stages else 0
    interval = 1
    if counted is not None:
        latency = counting_clocks(counted) + 1
        interval = latency + 1
    files = testbench(circuit, name, ports.source, ports.results, latency, interval)
    details = _details(circuit, name, ports, parts, cuts) | {"latency": latency, "interval": interval}
    told = head_comment(circuit, name, details, ports.source, ports.results, options.about)
    coded = beat_by_beat(circuit, settings, parts, cuts)
    text = "\n".join([*told, *design(circuit.encoder, name, ports, parts, cuts, counted, coded)])
    files[f"{name}.v"] = text.encode()
    if counted is not None:
        details["popcount"] = "serial"
        details["registers"] = counter_registers(counted)
        del details["gates"]["popcount"]
    mapped = mapped_family(settings)
    if mapped:
        written = mapped_files(circuit, name, ports.source, ports.bits, ports.results, settings, mapped, coded)
        files |= written.files
        details["mapped"] = written.details
    for path in (f"{name}.v", f"{name}_{mapped}.v"):
        refuse_signal(name, files.get(path, b"").decode())
    if settings.interface == "axis":
        beat = settings.beat_width or DEFAULT_BEAT
        score = None
        if circuit.head is not None:
            base, width = score_format(circuit.head)
            score = width, base
        inner = latency - len(cuts[0]) if coded else latency
        wrapped, details["axis"] = axis_files(name, ports.source, ports.results, inner, beat, interval, score, coded)
        files |= wrapped
    if settings.registers:
        registers = register_map(details["axis"], identity(circuit, options.about))
        wrapped, details["axil"] = axil_files(name, ports.source, ports.results, details["axis"], registers)
        files |= wrapped | axil_properties(name, details["axis"], registers)
    if latency:
        files |= properties(name, ports, parts, stages, counted, details.get("axis"), coded)
        files |= cocotb_files(name, ports.source, ports.results, details.get("axis"))
    if settings.interface == "serial":
        files |= serial_files(name, ports.source, ports.results, latency)
        details["serial"] = {"top": f"{name}_serial"}
    if settings.board:
        files |= board_files(name, settings.board)
        details["board"] = {"name": settings.board, "top": f"{name}_board"}
    if options.row and circuit.head is not None and not circuit.encoder.is_float:
        rows, details["row"] = row_files(circuit, name, options.row, ports.source, ports.results, latency, interval)
        files |= rows
    top = design_top(name, ports.source, ports.results, clocked=latency > 0)
    if settings.interface == "axis":
        wide = octets(details["axis"]["beat_width"])
        top, named = stream_top(name, wide), None
        if settings.registers:
            top, named = registers_top(name, wide, registers), details["axil"]["registers"]
        read = family_sources(name, top.sources, "xilinx", mapped)
        files |= driver_files(name, circuit.encoder, ports.source, details["axis"], read, named)
        files |= litex_files(name, details["axis"], top.sources, top.registers)
    elif settings.interface == "serial":
        top = serial_top(name, board=settings.board is not None)
    files |= integration_files(top)
    files |= flow_files(name, top, board=settings.board, mapped=mapped, row="row" in details, coded=coded is not None)
    return Artifact(files, {"verilog": details})


def beat_by_beat(
    circuit: Circuit, settings: VerilogSettings, parts: Sequence[Part], cuts: Sequence[tuple[int, ...]]
) -> Coding | None:
    """How the AXI4-Stream wrapper has the encoder work on its beats; None where the design is given features.

    Comparators have ranks of registers there too where they have them in the design, portable or mapped.
    """
    beat, encoder = settings.beat_width or DEFAULT_BEAT, circuit.encoder
    found = coding(circuit, beat) if settings.interface == "axis" and parts[0].circuit is None else None
    if found is None:
        return None
    found = coding(circuit, beat, max(len(cuts[0]), lanes_ranks(settings, found)))
    ranks = max(len(cuts[0]), ranks_encoder(settings))
    return found if found is not None and saves(found, encoder, ranks) else None


def properties(
    name: str,
    ports: Interface,
    parts: Sequence[Part],
    stages: int,
    counted: Head | None,
    axis: Mapping[str, Any] | None,
    coded: Coding | None = None,
) -> dict[str, bytes]:
    """The assertions of a clocked design and of its AXI4-Stream wrapper, and the scripts that prove them.

    stages: ranks of registers; none with a serial popcount, whose head is `counted`. axis: what the manifest says of
    the wrapper. coded: how it compares beats, if it does.
    """
    sections, free = [part.name for part in parts], [part.name for part in parts if part.name not in _COUNTING]
    files: dict[str, bytes] = {}
    tops = [(name, ports.source, 0, stages)]
    if coded is not None and axis is not None:
        tops.append((f"{name}_coded", coded.port, 1, axis["coded"]["latency"] - QUEUED))
    for top, source, skipped, ranks in tops:
        if counted is None:
            files |= stream_properties(top, source, ports.results, sections[skipped:], ranks, name)
        else:
            files |= counted_properties(top, source, ports.results, free[skipped:], counted, name)
    if axis is not None:
        sent = [Word(**word) for word in axis["words"]]
        capacity = 1 if counted is not None else 2 ** queue_bits(tops[-1][3])
        files |= axis_properties(name, ports.source, ports.results, axis["beat_width"], sent, capacity, coded)
    return files


_COUNTING = ("popcount", "argmax")
"""Sections of a serial popcount that have its handshake, or stand behind it."""


def design(
    encoder: Encoder,
    name: str,
    ports: Interface,
    parts: Sequence[Part],
    cuts: Sequence[tuple[int, ...]],
    counted: Head | None = None,
    coded: Coding | None = None,
) -> list[str]:
    """The lines of `NAME.v` behind its first comment. counted: the head whose literals are counted serially, if so.
    coded: how a wrapper compares beats, if it does.
    """
    lines = [
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
            lines += encoder_module(f"{name}_{part.name}", encoder, ports.source, ports.bits, len(cut))
        else:
            lines += module(
                f"{name}_{part.name}",
                part.taken,
                part.given,
                part.circuit,
                delays(part.circuit, cut, part.level),
                keep=keep,
            )
        sections.append(Section(part.name, part.taken, part.given, len(cut), serial))
    stages = sum(map(len, cuts))
    if stages:
        lines += control_module(name, ports.results, stages)
    lines += top_module(name, ports.source, ports.results, sections)
    if coded:
        lines += lanes_module(name, coded)
        lines += coded_top(name, coded, ports.bits, ports.results, sections[1:], len(cuts[0]))
    return [*lines, "`default_nettype wire", ""]


def _details(
    circuit: Circuit, name: str, ports: Interface, parts: Sequence[Part], cuts: Sequence[tuple[int, ...]]
) -> dict[str, Any]:
    encoder, head = circuit.encoder, circuit.head
    gates = [
        (part.name, part.circuit, cut, part.level)
        for part, cut in zip(parts, cuts, strict=True)
        if part.circuit is not None
    ]
    registers = {name: int(delays(each, cut, level).registers.sum()) for name, each, cut, level in gates}
    if parts[0].circuit is None:
        registers["encoder"] = encoder.bits * len(cuts[0])
    if "argmax" in registers and ports.scores in ports.results:
        registers["scores"] = ports.scores.width * len(cuts[-1])
    stages = sum(map(len, cuts))
    if stages:
        registers |= control_registers(ports.results, stages)
    details: dict[str, Any] = {
        "top": name,
        "testbench": f"tb_{name}",
        "input": {"port": ports.source.name, "width": ports.source.width},
        "outputs": [{"port": port.name, "width": port.width} for port in ports.results],
        "gates": {name: each.gates for name, each, *_ in gates},
        "registers": registers,
        "stages": stages,
    }
    if encoder.is_float:
        details["input"] |= {"feature": encoder.feature.tolist(), "threshold": encoder.threshold.tolist()}
    else:
        details["input"]["feature_width"] = encoder.feature_bits
    if head is not None:
        base, width = score_format(head)
        details["score"] = {"width": width, "base": base}
    return details
