"""A mapped design as Verilog of Xilinx' own cells, tables and carry chains, which synthesis keeps as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lgnc.backends.verilog.text import CLOCK, Port, bit, clock, concatenation, header, unused
from lgnc.diagnostics import Failed
from lgnc.mapping.cells import Mapped
from lgnc.mapping.netlist import Chain, Netlist, Table, gives

_WIDE = 4
"""Places of a CARRY4."""


class Ranks(NamedTuple):
    """latency: ranks of registers, evenly spaced over the levels of cells; the outputs come out of the last one."""

    latency: int
    levels: int

    def segment(self, level: int) -> int:
        """Ranks before a cell, or an input, of a level."""
        return max(level - 1, 0) * self.latency // max(self.levels, 1)


class _Text:
    """The lines of a module, and how late each wire is read."""

    def __init__(self, net: Netlist, inputs: Sequence[str], ranks: Ranks) -> None:
        self.net, self.ranks = net, ranks
        self.name = dict(enumerate(inputs))
        self.held: dict[int, int] = {}
        self.lines: list[str] = []
        self.unread: dict[int, list[str]] = {}
        numbers: dict[int, int] = {}
        for cell in net.cells:
            for literal in gives(cell):
                level = net.level_of(literal)
                numbers[level] = numbers.get(level, -1) + 1
                self.name[literal >> 1] = f"n{level}_{numbers[level]}"

    def read(self, node: int, segment: int) -> str:
        """The wire of a node, or its register of so many ranks later."""
        late = segment - self.ranks.segment(self.net.level[node])
        self.held[node] = max(self.held.get(node, 0), late)
        return f"{self.stem(node)}_r{late}" if late else self.name[node]

    def stem(self, node: int) -> str:
        return self.name[node].replace("[", "_").replace("]", "")

    def literal(self, literal: int, segment: int) -> str:
        """A literal's wire, which carries just it, or the constant."""
        if literal < 0:
            return _constant(literal == -1)
        assert self.net.has_wire(literal)
        return self.read(literal >> 1, segment)

    def table(self, name: str, table: Table, segment: int, upper: str, lower: str | None) -> None:
        """A table whose outputs are the wires `upper` and, where there are two, `lower`."""
        pins = [self.read(node, segment) for node in table.inputs]
        wide = self.net.truth(table.upper, table.inputs)
        count, kind, outputs = len(pins), f"LUT{len(pins)}", [("O", upper)]
        if lower is not None and table.lower is not None:
            kind, outputs, count = "LUT6_2", [("O6", upper), ("O5", lower)], 6
            low = self.net.truth(table.lower, table.inputs)
            if len(pins) < 6:
                wide = wide << 32 | low
                pins += ["1'b0"] * (5 - len(pins)) + ["1'b1"]
            elif (wide ^ low) & 0xFFFFFFFF:
                raise Failed("a table's second output is not half of its first", where="verilog", fix="report it")
        init = f"{1 << count}'h{wide:0{max(1, (1 << count) // 4)}x}"
        ports = [*outputs, *((f"I{pin}", signal) for pin, signal in enumerate(pins))]
        joined = ", ".join(f".{port}({signal})" for port, signal in ports)
        self.lines.append(f"  {kind} #(.INIT({init})) {name} ({joined});")

    def alone(self, cell: Table, segment: int) -> None:
        """A table that is in no chain."""
        names = [self.name[literal >> 1] for literal in gives(cell)]
        self.lines += [f"  wire {name};" for name in names]
        self.table(f"{names[0]}_t", cell, segment, names[0], names[1] if len(names) > 1 else None)

    def chain(self, cell: Chain, segment: int) -> None:
        """The carry cells of a chain, four places each, and the tables of their places."""
        stem = f"c{self.name[gives(cell)[0] >> 1][1:]}"
        for first in range(0, len(cell.places), _WIDE):
            part = f"{stem}_{first // _WIDE}"
            start = self.literal(cell.start, segment) if not first else "1'b0"
            before = f"{stem}_{first // _WIDE - 1}_co[3]" if first else "1'b0"
            carry, total = ["1'b0"] * _WIDE, ["1'b0"] * _WIDE
            for at in range(first, min(first + _WIDE, len(cell.places))):
                last = at + 1 == len(cell.places) and cell.places[at].carry is None
                carry[at - first], total[at - first] = self.place(cell, at, f"{part}_{at - first}", segment, last)
            self.lines += [
                f"  wire [3:0] {part}_co, {part}_o;",
                f"  CARRY4 {part} (.CO({part}_co), .O({part}_o), .CI({before}), .CYINIT({start}), "
                f".DI({{{', '.join(carry[::-1])}}}), .S({{{', '.join(total[::-1])}}}));",
            ]
            self.unread.setdefault(segment, []).extend(self.outputs(cell, first, part))

    def place(self, cell: Chain, at: int, stem: str, segment: int, last: bool) -> tuple[str, str]:
        """(DI, S) of a place, whose table is written."""
        table = cell.places[at].table
        upper, lower = f"{stem}_s", f"{stem}_d"
        if table.upper < 0:
            upper, only = _constant(table.upper == -1), table.lower
            if last or only is None or only < 0:
                return "1'b0" if last or only is None else _constant(only == -1), upper
            self.lines.append(f"  wire {lower};")
            self.table(f"{stem}_t", Table(only, None, table.inputs), segment, lower, None)
            return lower, upper
        if last or table.lower is None or table.lower < 0:
            self.lines.append(f"  wire {upper};")
            self.table(f"{stem}_t", table, segment, upper, None)
            return "1'b0" if last or table.lower is None else _constant(table.lower == -1), upper
        self.lines += [f"  wire {upper};", f"  wire {lower};"]
        self.table(f"{stem}_t", table, segment, upper, lower)
        return lower, upper

    def outputs(self, cell: Chain, first: int, part: str) -> list[str]:
        """Name what the outputs of a carry cell are; what is left unread."""
        unread = []
        for at in range(_WIDE):
            place = cell.places[first + at] if first + at < len(cell.places) else None
            for literal, wire in (
                (place and place.total, f"{part}_o[{at}]"),
                (place and place.carry, f"{part}_co[{at}]"),
            ):
                if literal is not None and literal >= 0:
                    self.lines.append(f"  wire {self.name[literal >> 1]} = {wire};")
                elif not (wire.endswith("co[3]") and first + _WIDE < len(cell.places)):
                    unread.append(wire)
        return unread


def _constant(value: bool) -> str:
    return "1'b1" if value else "1'b0"


def cells_module(name: str, mapped: Mapped, taken: Port, given: Sequence[Port], ranks: Ranks) -> tuple[list[str], int]:
    """(the lines of a module of cells, its registers): bits of `taken` in, the ports `given` out."""
    net = mapped.net
    text = _Text(net, [bit(taken, index) for index in range(taken.width)], ranks)
    for cell in net.cells:
        segment = ranks.segment(net.level_of_cell(cell))
        if isinstance(cell, Table):
            text.alone(cell, segment)
        else:
            text.chain(cell, segment)
    ends = []
    for port in given:
        ends += concatenation(port.name, [text.literal(each, ranks.latency) for each in mapped.outputs[port.name]])
    declared, moved = [], []
    for node, count in sorted(text.held.items()):
        source = text.name[node]
        for k in range(1, count + 1):
            declared.append(f"  reg {text.stem(node)}_r{k};")
            moved.append(f"    {text.stem(node)}_r{k} <= {source};")
            source = f"{text.stem(node)}_r{k}"
    clocked = [CLOCK] if ranks.latency else []
    ports = [*clocked, taken.declared("input"), *(port.declared("output") for port in given)]
    for node, level in net.level.items():
        if node not in text.held:
            text.unread.setdefault(ranks.segment(level), []).append(text.name[node])
    idle = [] if taken.width else [taken.name]
    idle += ["clk"] if clocked and not moved else []
    lines = [*header(name, ports), *declared, *text.lines, *clock(moved), *ends, *unused(idle, "idle")]
    for segment, names in sorted(text.unread.items()):
        lines += unused(names, str(segment))
    return [*lines, "endmodule", ""], len(moved)
