"""Printing a headless circuit as one Verilog-2001 module: one scalar wire per gate, vectors only at the ports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lgnc.backends.verilog.pipeline import Delays
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import GATES, READS_A, READS_B

_A_LINE = 8


class Port(NamedTuple):
    """A vector port: `input wire [width-1:0] name`. One of width 0 prints one bit, which nothing drives or reads."""

    name: str
    width: int

    def declared(self, direction: str) -> str:
        return f"{direction} wire {vector(self.width)}{self.name}"


def vector(width: int) -> str:
    """The range of a packed vector, with a blank after it; a single bit has none."""
    return f"[{width - 1}:0] " if width > 1 else ""


def bit(port: Port, index: int) -> str:
    """One bit of a port."""
    return f"{port.name}[{index}]" if port.width > 1 else port.name


def bits(ports: Iterable[Port]) -> list[str]:
    """The bits of ports in order, lowest first."""
    return [bit(port, index) for port in ports for index in range(port.width)]


def header(name: str, ports: Sequence[str]) -> list[str]:
    """`module NAME (ports);`, a port a line."""
    return [f"module {name} (", *(f"  {port}{',' if i + 1 < len(ports) else ''}" for i, port in enumerate(ports)), ");"]


def wrapper_words(source: Port, results: Sequence[Port], out: int) -> dict[str, str]:
    """What the templates of all wrappers have in common: the design's ports, its results padded to `out` bits."""
    total = sum(port.width for port in results)
    return {
        "TOTAL": str(source.width),
        "TOTALHIGH": str(source.width - 1),
        "SOURCE": source.name,
        "OUT": vector(total),
        "OUTHIGH": str(out - 1),
        "PADDED": f"{{{out - total}'d0, result}}" if out > total else "result",
        "LAYOUT": ", ".join(f"{port.name} ({port.width} bits)" for port in results),
        "WIRES": "\n".join(f"  wire {vector(port.width)}{port.name};" for port in results),
        "RESULT": f"{{{', '.join(port.name for port in reversed(results))}}}",
        "RESULTPORTS": ",\n    ".join(f".{port.name}({port.name})" for port in results),
    }


def concatenation(target: str, values: Sequence[str]) -> list[str]:
    """`assign target = {values};` with the lowest bit given first and printed last, some to a line."""
    if len(values) <= 1:
        return [f"  assign {target} = {values[0] if values else _ZERO};"]
    high_first = list(values)[::-1]
    rows = [", ".join(high_first[i : i + _A_LINE]) for i in range(0, len(high_first), _A_LINE)]
    if len(rows) == 1:
        return [f"  assign {target} = {{{rows[0]}}};"]
    return [
        f"  assign {target} = {{",
        *(f"    {row}{',' if i + 1 < len(rows) else ''}" for i, row in enumerate(rows)),
        "  };",
    ]


def unused(values: Sequence[str], group: str = "0") -> list[str]:
    """Wires that read what nothing else reads, named so that linters let them be; some to a wire."""
    return [
        f"  wire unused_{group}_{i // _A_LINE} = {' & '.join(values[i : i + _A_LINE])};"
        for i in range(0, len(values), _A_LINE)
    ]


_ZERO = "1'b0"


def _template(op: int) -> str:
    """The gate's Verilog with `{a}` and `{b}` where its fan-ins go."""
    text = GATES[op].verilog
    return re.sub(r"\b([ab])\b", r"{\1}", text) if READS_A[op] or READS_B[op] else text


_TEMPLATES = [_template(op) for op in range(len(GATES))]


def node_names(circuit: Circuit, inputs: Sequence[str]) -> list[str]:
    """A name for every node: the inputs' own, then `gLEVEL_INDEX`, INDEX counting the gates of a level in id order."""
    level = circuit.level[circuit.inputs :]
    order = np.argsort(level, kind="stable")
    counts = np.bincount(level) if len(level) else np.zeros(0, np.int64)
    index = np.empty(len(level), np.int64)
    index[order] = np.arange(len(level)) - np.repeat(np.cumsum(counts) - counts, counts)
    return [*inputs, *(f"g{lv}_{i}" for lv, i in zip(level.tolist(), index.tolist(), strict=True))]


class Clocked(NamedTuple):
    """A circuit's nodes with the registers behind them: `names` of nodes, `stems` that their registers' names have."""

    names: list[str]
    stems: list[str]
    plan: Delays

    def read(self, node: int, segment: int) -> str:
        """The signal that carries a node's value `segment` ranks after the section's inputs."""
        behind = self.plan.at(node, segment)
        return f"{self.stems[node]}_r{behind}" if behind else self.names[node]


def gate_lines(circuit: Circuit, clocked: Clocked) -> list[str]:
    """`wire NAME = EXPRESSION;` for every gate."""
    names, own = clocked.names, clocked.names[circuit.inputs :]
    rows = zip(own, circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True)
    if not clocked.plan.latency:
        return [f"  wire {name} = {_TEMPLATES[op].format(a=names[a], b=names[b])};" for name, op, a, b in rows]
    segment = clocked.plan.segment[circuit.inputs :].tolist()
    read = clocked.read
    return [
        f"  wire {name} = {_TEMPLATES[op].format(a=read(a, s), b=read(b, s))};"
        for (name, op, a, b), s in zip(rows, segment, strict=True)
    ]


def register_lines(clocked: Clocked) -> tuple[list[str], list[str]]:
    """(declarations, the clocked block): every node's chain of registers."""
    declared, moved = [], []
    for node in np.flatnonzero(clocked.plan.registers > 0).tolist():
        stem, source = clocked.stems[node], clocked.names[node]
        for k in range(1, int(clocked.plan.registers[node]) + 1):
            declared.append(f"  reg {stem}_r{k};")
            moved.append(f"    {stem}_r{k} <= {source};")
            source = f"{stem}_r{k}"
    return declared, clock(moved)


def clock(moved: Sequence[str]) -> list[str]:
    """A clocked block of statements; nothing for none."""
    return ["  always @(posedge clk) begin", *moved, "  end"] if moved else []


CLOCK = "input wire clk"

KEEP = '(* keep_hierarchy = "yes" *)'
"""On sections of gates: mappers that work across their borders tear compressors apart, and need a quarter more LUTs."""


def module(
    name: str,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    circuit: Circuit,
    plan: Delays,
    *,
    keep: bool = True,
) -> list[str]:
    """The lines of a section: input bits in port order are the circuit's inputs, outputs likewise.

    plan: its registers; with any rank, the module has `clk` too.
    keep: mappers are told not to work across its border.
    """
    input_names = bits(inputs)
    names = node_names(circuit, input_names)
    stems = [name.replace("[", "_").replace("]", "") for name in input_names] + names[circuit.inputs :]
    clocked = Clocked(names, stems, plan)
    declared, moved = register_lines(clocked)
    ports = [
        *([CLOCK] if plan.latency else []),
        *(p.declared("input") for p in inputs),
        *(p.declared("output") for p in outputs),
    ]
    lines = [*([KEEP] if keep else []), *header(name, ports), *declared, *gate_lines(circuit, clocked), *moved]
    at = 0
    for port in outputs:
        literals = circuit.outputs[at : at + port.width].tolist()
        read = [("~" if x & 1 else "") + clocked.read(x >> 1, plan.latency) for x in literals]
        lines += concatenation(port.name, read)
        at += port.width
    idle = [port.name for port in inputs if port.width == 0]
    idle += ["clk"] if plan.latency and not moved else []
    return [*lines, *_unread(circuit, clocked), *unused(idle, "idle"), "endmodule", ""]


def _unread(circuit: Circuit, clocked: Clocked) -> list[str]:
    """The wires that read idle nodes; nodes of different pipeline stages are not mixed."""
    lines = []
    for segment in range(clocked.plan.latency + 1):
        nodes = np.flatnonzero((circuit.fanout == 0) & (clocked.plan.segment == segment)).tolist()
        lines += unused([clocked.names[node] for node in nodes], str(segment))
    return lines
