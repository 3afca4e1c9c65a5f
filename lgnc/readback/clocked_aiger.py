"""AIGER with latches, ASCII, as yosys writes it; and what its signals are, clock by clock, for one vector.

A value is a literal of `Symbols` (over the vector's bits), or OTHER: something that depends on what else there is, such
as a register before its reset, or the port's value at another clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lgnc.diagnostics import BadInput
from lgnc.readback.symbols import Symbols

OTHER = -1
_MOST = 1 << 26

Port = list[int]
"""The literals of a port's bits, lowest first."""


@dataclass(frozen=True)
class Clocked:
    """A sequential AIG. inputs, outputs: ports by name. latch: variable -> the literal that it takes at each clock.
    gate: variable -> its two fan-ins.
    """

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    latch: Mapping[int, int]
    gate: Mapping[int, tuple[int, int]]


def clocked_aiger(data: bytes, where: str) -> Clocked:
    """A file's design. Raises BadInput for what is not ASCII AIGER, and for registers with initial values."""
    lines = data.decode("ascii", errors="replace").split("\n")
    try:
        kind, *counts = lines[0].split()
        most, inputs, latches, outputs, gates = (int(word) for word in counts[:5])
        if kind != "aag" or max(most, inputs, latches, outputs, gates) > _MOST or len(lines) < most:
            raise ValueError
        rows = [[int(word) for word in line.split()] for line in lines[1 : 1 + inputs + latches + outputs + gates]]
        ends = [inputs, inputs + latches, inputs + latches + outputs]
        taken, kept, given, made = rows[: ends[0]], rows[ends[0] : ends[1]], rows[ends[1] : ends[2]], rows[ends[2] :]
        if any(len(row) > 2 and row[2] != row[0] for row in kept):
            what = "a register has an initial value, which not every tool keeps"
            raise BadInput(what, where=where, fix="give Verilog without initial blocks")
        latch = {row[0] >> 1: row[1] for row in kept}
        gate = {row[0] >> 1: (row[1], row[2]) for row in made}
        ports = _ports(lines[1 + len(rows) :], [row[0] for row in taken], [row[0] for row in given])
    except (ValueError, IndexError):
        raise BadInput("yosys' AIGER file is damaged", where=where, fix="see 'lgnc doctor'") from None
    return Clocked(*ports, latch, gate)


def _ports(symbols: list[str], inputs: list[int], outputs: list[int]) -> tuple[dict[str, Port], dict[str, Port]]:
    """The ports that the symbol table names: `i3 features[2]`, `o0 class_index`. Inputs without a name have no port."""
    found: tuple[dict[str, dict[int, int]], dict[str, dict[int, int]]] = ({}, {})
    for line in symbols:
        if line[:1] not in ("i", "o"):
            if line[:1] == "c":
                break
            continue
        place, name = line.split(" ", 1)
        side, literals = (0, inputs) if line[0] == "i" else (1, outputs)
        stem, _, index = name.removesuffix("]").partition("[")
        found[side].setdefault(stem, {})[int(index or 0)] = literals[int(place[1:])]
    return _in_order(found[0]), _in_order(found[1])


def _in_order(ports: Mapping[str, Mapping[int, int]]) -> dict[str, Port]:
    return {name: [bits[k] for k in range(len(bits))] for name, bits in ports.items()}


@dataclass
class Clocks:
    """The values of a design's signals at each clock from 0, where every register holds OTHER.

    drive: clock -> the values of inputs there, by variable; what it lacks is OTHER. Values are found as they are asked
    for, so what nobody asks for costs nothing.
    """

    design: Clocked
    symbols: Symbols
    drive: dict[int, dict[int, int]] = field(default_factory=dict)
    _known: dict[tuple[int, int], int] = field(default_factory=dict)

    def forget(self) -> None:
        """After a change of `drive`."""
        self._known.clear()

    def value(self, literal: int, clock: int) -> int:
        """The value of a literal at a clock."""
        stack = [(literal >> 1, clock)]
        while stack:
            node = stack[-1]
            if node in self._known or node[0] == 0:
                stack.pop()
                continue
            needed = self._needed(*node)
            missing = [each for each in needed if each[0] and each not in self._known]
            if missing:
                stack += missing
                if len(stack) > _MOST:
                    raise BadInput("its gates form a cycle", where=self.symbols.where, fix="compile it again")
                continue
            self._known[node] = self._made(*node)
            stack.pop()
        return self._of(literal, clock)

    def _needed(self, variable: int, clock: int) -> list[tuple[int, int]]:
        if variable in self.design.gate:
            return [(each >> 1, clock) for each in self.design.gate[variable]]
        if variable in self.design.latch and clock:
            return [(self.design.latch[variable] >> 1, clock - 1)]
        return []

    def _made(self, variable: int, clock: int) -> int:
        if variable in self.design.gate:
            x, y = (self._of(each, clock) for each in self.design.gate[variable])
            if OTHER in (x, y):
                return 0 if 0 in (x, y) else OTHER
            return self.symbols.and_(x, y)
        if variable in self.design.latch:
            return self._of(self.design.latch[variable], clock - 1) if clock else OTHER
        return self.drive.get(clock, {}).get(variable, OTHER)

    def _of(self, literal: int, clock: int) -> int:
        if literal < 2:
            return literal
        value = self._known[literal >> 1, clock]
        return value if value == OTHER else value ^ (literal & 1)
