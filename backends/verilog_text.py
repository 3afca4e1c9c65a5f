"""Printing a headless circuit as one Verilog-2001 module: one scalar wire a gate, vectors only at the ports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import GATES, READS_A, READS_B

_A_LINE = 8


class Port(NamedTuple):
    """A vector port: `input [width-1:0] name`. A width of 0 still prints one bit, which nothing drives or reads."""

    name: str
    width: int

    def declared(self, direction: str) -> str:
        return f"{direction} {vector(self.width)}{self.name}"


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


def unused(values: Sequence[str]) -> list[str]:
    """Wires that read what nothing else reads, named so that linters let them be; some to a wire."""
    return [
        f"  wire unused_{i // _A_LINE} = {' & '.join(values[i : i + _A_LINE])};" for i in range(0, len(values), _A_LINE)
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


def gate_lines(circuit: Circuit, names: Sequence[str]) -> list[str]:
    """`wire NAME = EXPRESSION;` for every gate."""
    rows = zip(names[circuit.inputs :], circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True)
    return [f"  wire {name} = {_TEMPLATES[op].format(a=names[a], b=names[b])};" for name, op, a, b in rows]


def literal_text(names: Sequence[str], literal: int) -> str:
    """An output literal's spelling."""
    return f"~{names[literal >> 1]}" if literal & 1 else names[literal >> 1]


def module(name: str, inputs: Sequence[Port], outputs: Sequence[Port], circuit: Circuit) -> list[str]:
    """The lines of a combinational module: input bits in port order are the circuit's inputs, outputs likewise."""
    names = node_names(circuit, bits(inputs))
    lines = header(name, [p.declared("input") for p in inputs] + [p.declared("output") for p in outputs])
    lines += gate_lines(circuit, names)
    at = 0
    for port in outputs:
        values = [literal_text(names, x) for x in circuit.outputs[at : at + port.width].tolist()]
        lines += concatenation(port.name, values)
        at += port.width
    idle = [names[node] for node in np.flatnonzero(circuit.fanout == 0).tolist()]
    idle += [port.name for port in inputs if port.width == 0]
    return [*lines, *unused(idle), "endmodule", ""]
