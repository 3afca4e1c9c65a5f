"""Circuit -> Verilog-2001: encoder, gates, popcount and argmax as modules, one scalar wire a gate, and a testbench.

`docs/targets-verilog.md` says what the ports mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog_encoder import encoder_module, feature_width
from lgnc.backends.verilog_names import module_name
from lgnc.backends.verilog_testbench import testbench
from lgnc.backends.verilog_text import Port, header, module, vector
from lgnc.diagnostics import BadInput, unknown
from lgnc.ir.circuit import Circuit
from lgnc.ir.lowering import argmax_circuit, index_width, popcount_circuit, score_format

OUTPUTS = ("both", "class", "scores")


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
    source = bits if encoder.is_float else Port("features", len(encoder.names) * feature_width(encoder.dtype))
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
    """`NAME.v`, `tb_NAME.v` and its vectors. The same circuit and options give the same bytes.

    settings: 'outputs', one of 'both' (the default), 'class', 'scores'. Raises BadInput for a name that is no Verilog
    identifier, an unknown setting, and a circuit without outputs.
    """
    name = module_name(options.name)
    for setting in options.settings:
        if setting not in ("outputs",):
            raise unknown("setting", setting, ("outputs",), where="verilog")
    outputs = options.settings.get("outputs", "both")
    if outputs not in OUTPUTS:
        raise unknown("choice of outputs", str(outputs), OUTPUTS, where="verilog")
    if circuit.head is None and not len(circuit.outputs):
        raise BadInput("the circuit has no outputs", where="verilog", fix="give a circuit that computes something")
    ports = interface(circuit, outputs)
    lines, gates = design(circuit, name, ports)
    files = {f"{name}.v": "\n".join(lines).encode()}
    files |= testbench(circuit, name, ports.source, ports.results)
    return Artifact(files, {"verilog": _details(circuit, name, ports, gates)})


def design(circuit: Circuit, name: str, ports: Interface) -> tuple[list[str], dict[str, int]]:
    """The lines of `NAME.v`, and how many two-input gates each module has."""
    lines = [
        f"// {name}: a logic gate network, written by lgnc. Verilog-2001.",
        "// verilator lint_off DECLFILENAME",
        "`default_nettype none",
        "",
    ]
    sections: list[Section] = []
    gates = {}

    def place(section: str, taken: Sequence[Port], given: Sequence[Port], circuit: Circuit) -> None:
        lines.extend(module(f"{name}_{section}", taken, given, circuit))
        sections.append(Section(section, taken, given))
        gates[section] = circuit.gates

    if ports.source is not ports.bits:
        lines += encoder_module(f"{name}_encoder", circuit.encoder, ports.source, ports.bits)
        sections.append(Section("encoder", [ports.source], [ports.bits]))
    place("gates", [ports.bits], ports.literals, circuit)
    if circuit.head is not None:
        place("popcount", ports.literals, [ports.scores], popcount_circuit(circuit.head))
        if ports.index in ports.results:
            chosen = argmax_circuit(circuit.head.classes, score_format(circuit.head).width)
            place("argmax", [ports.scores], [ports.index], chosen)
    lines += _top(name, ports, sections)
    return [*lines, "`default_nettype wire", ""], gates


class Section(NamedTuple):
    """One instance in the top module: `NAME_{name}`, the ports it reads and those it drives."""

    name: str
    taken: Sequence[Port]
    given: Sequence[Port]


def _top(name: str, ports: Interface, sections: Sequence[Section]) -> list[str]:
    """The top module: one instance a section, joined by wires of the ports' names."""
    lines = header(name, [ports.source.declared("input")] + [port.declared("output") for port in ports.results])
    inner = [port for section in sections for port in section.given if port not in ports.results]
    lines += [f"  wire {vector(port.width)}{port.name};" for port in inner]
    for section in sections:
        joined = [f".{port.name}({port.name})" for port in (*section.taken, *section.given)]
        lines.append(f"  {name}_{section.name} {section.name} (")
        lines += [f"    {text}{',' if i + 1 < len(joined) else ''}" for i, text in enumerate(joined)]
        lines.append("  );")
    return [*lines, "endmodule", ""]


def _details(circuit: Circuit, name: str, ports: Interface, gates: dict[str, int]) -> dict[str, Any]:
    encoder, head = circuit.encoder, circuit.head
    details: dict[str, Any] = {
        "top": name,
        "testbench": f"tb_{name}",
        "input": {"port": ports.source.name, "width": ports.source.width},
        "outputs": [{"port": port.name, "width": port.width} for port in ports.results],
        "gates": gates,
        "latency": 0,
        "interval": 1,
    }
    if encoder.is_float:
        details["input"] |= {"feature": encoder.feature.tolist(), "threshold": encoder.threshold.tolist()}
    else:
        details["input"]["feature_width"] = feature_width(encoder.dtype)
    if head is not None:
        base, width = score_format(head)
        details["score"] = {"width": width, "base": base}
    return details
