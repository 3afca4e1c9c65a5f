"""A mapped design as Verilog of an FPGA's own cells, tables and carry chains, which synthesis keeps as they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from lgnc.backends.verilog.text import CLOCK, Port, bit, clock, concatenation, header, unused
from lgnc.ir.builder import TRUE
from lgnc.mapping.cells import Mapped
from lgnc.mapping.netlist import Chain, Netlist, Table, gives


class Ranks(NamedTuple):
    """latency: ranks of registers, evenly spaced over the levels of cells; the outputs come out of the last one."""

    latency: int
    levels: int

    def segment(self, level: int) -> int:
        """Ranks before a cell, or an input, of a level."""
        return max(level - 1, 0) * self.latency // max(self.levels, 1)


class CellText(ABC):
    """The lines of a module, and how late each wire is read. A family's own class writes its cells."""

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
            return constant(literal == TRUE)
        assert self.net.has_wire(literal)
        return self.read(literal >> 1, segment)

    @abstractmethod
    def table(self, name: str, table: Table, segment: int, upper: str, lower: str | None) -> None:
        """A table whose outputs are the wires `upper` and, where there are two, `lower`."""

    def alone(self, cell: Table, segment: int) -> None:
        """A table that is in no chain."""
        names = [self.name[literal >> 1] for literal in gives(cell)]
        self.lines += [f"  wire {name};" for name in names]
        self.table(f"{names[0]}_t", cell, segment, names[0], names[1] if len(names) > 1 else None)

    @abstractmethod
    def chain(self, cell: Chain, segment: int) -> None:
        """The carry cells of a chain and the tables of its places."""

    def stem_of_chain(self, cell: Chain) -> str:
        """What the names of a chain's own wires begin with."""
        return f"c{self.name[gives(cell)[0] >> 1][1:]}"


def constant(value: bool) -> str:
    return "1'b1" if value else "1'b0"


def cells_module(
    name: str, mapped: Mapped, taken: Port, given: Sequence[Port], ranks: Ranks, writer: type[CellText]
) -> tuple[list[str], int]:
    """(the lines of a module of cells, its registers): bits of `taken` in, the ports `given` out."""
    net = mapped.net
    text = writer(net, [bit(taken, index) for index in range(taken.width)], ranks)
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
