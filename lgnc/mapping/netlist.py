"""A netlist of an FPGA's own cells: look-up tables, some with two outputs, and carry chains.

What each cell computes is said by gates, in a builder that grows beside the cells: a cell names the literals that it
gives and the nodes that it reads, and its table is read off the gates between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lgnc.diagnostics import Failed
from lgnc.ir.builder import TRUE, Builder
from lgnc.ir.gates import NOT_A, A
from lgnc.mapping.tables import VARIABLES


class Fabric(NamedTuple):
    """pins: inputs of a table with one output. shared: inputs that a sum and a carry may have together. two_outputs:
    whether these are one table, else two. gates: of a chain of full adders, whether a place computes a gate of two
    inputs beside the bit that it adds it to; None where chains are of another kind. longest: places of a chain at most
    where adders share chains, since a carry passes all of them for a timing analysis; 0 where they do not. carry: of
    the chains of another kind, places of a carry cell.
    """

    pins: int
    shared: int
    two_outputs: bool
    gates: bool | None = None
    longest: int = 0
    carry: int = 4


FABRICS = {
    "xilinx": Fabric(6, 5, True),
    "xilinxup": Fabric(6, 5, True, carry=8),
    "ice40": Fabric(4, 4, False, False),
    "ecp5": Fabric(4, 4, False, True, 48),
}
"""Family -> what its cells are."""


class Table(NamedTuple):
    """A look-up table. upper: the literal that it gives; lower: that of its second output, or None.

    inputs: nodes that it reads, the first on the lowest pin: as many as the fabric has pins at most, or five with a
    second output. With six and a second output that one is what the first one is while the last input is 0.
    """

    upper: int
    lower: int | None
    inputs: tuple[int, ...]


class Place(NamedTuple):
    """A place of a carry chain: total = propagate ^ carry in, carry out = carry in where `propagate`, else `generate`.

    total, carry: the literals of both, None where nothing reads them. adds: of ripple adders the two literals that it
    adds to the carry; one of a link, which makes it the carry; none at the end of a chain.
    """

    table: Table
    total: int | None
    carry: int | None
    adds: tuple[int, ...] = ()


class Chain(NamedTuple):
    """Places that hand a carry on, the lowest first. start: the literal of the carry into the first."""

    start: int
    places: tuple[Place, ...]


Cell = Table | Chain


class Netlist:
    """Cells in an order in which each reads inputs and cells before it.

    build: the gates that say what cells compute. wire: node -> the literal of it that its wire carries. level: node ->
    cells on the longest path to it. A node is an input, the output of a cell, or inside cells alone.
    """

    def __init__(self, inputs: int, fabric: Fabric = FABRICS["xilinx"]) -> None:
        self.fabric = fabric
        self.build = Builder(inputs)
        self.cells: list[Cell] = []
        self.wire = {node: 2 * node for node in range(inputs)}
        self.level = dict.fromkeys(range(inputs), 0)

    def has_wire(self, literal: int) -> bool:
        """Whether a wire carries just this literal; constants need none."""
        return literal < 0 or self.wire.get(literal >> 1) == literal

    def level_of(self, literal: int) -> int:
        return self.level.get(literal >> 1, 0)

    def level_of_cell(self, cell: Cell) -> int:
        return self.level_of(gives(cell)[0])

    def supports(self, literals: Sequence[int]) -> tuple[int, ...]:
        """The nodes of literals, each once, constants left out."""
        return tuple(dict.fromkeys(literal >> 1 for literal in literals if literal >= 0))

    def table(self, inputs: Sequence[int], upper: int, lower: int | None = None) -> None:
        """A table cell that gives `upper`, and `lower`, which are gates over the nodes `inputs`.

        What is a constant already, or on a wire, takes no output.
        """
        wanted = self._new([upper, lower])
        for some in [wanted] if self.fabric.two_outputs else [[each] for each in wanted]:
            if some:
                self._check(inputs)
                self.cells.append(Table(some[0], some[1] if len(some) > 1 else None, tuple(inputs)))
                self._given(some, 1 + max((self.level[node] for node in inputs), default=0))

    def chain(self, start: int, places: Sequence[Place]) -> None:
        """A chain cell, of whose totals and last carry those get wires that have none and are no constants.

        The carries before are read inside the chain alone.
        """
        new = self._new([*(place.total for place in places), places[-1].carry])
        if not new:
            return
        shown = [place._replace(total=place.total if place.total in new else None, carry=None) for place in places]
        if places[-1].carry in new:
            shown[-1] = shown[-1]._replace(carry=places[-1].carry)
        chain = Chain(start, tuple(shown))
        for place in places:
            self._check(place.table.inputs)
        self.cells.append(chain)
        self._given(new, 1 + max((self.level[node] for node in reads(chain)), default=0))

    def _new(self, literals: Sequence[int | None]) -> list[int]:
        """Those that are neither constants nor on a wire already, one of each node."""
        found: dict[int, int] = {}
        for literal in literals:
            if literal is not None and literal >= 0 and literal >> 1 not in self.wire:
                found.setdefault(literal >> 1, literal)
        return list(found.values())

    def drop_unread(self, outputs: Sequence[int]) -> None:
        """Leave out cells that none of these literals needs."""
        needed = {literal >> 1 for literal in outputs}
        kept: list[Cell] = []
        for cell in reversed(self.cells):
            wanted = [literal for literal in gives(cell) if literal >> 1 in needed]
            if not wanted:
                for literal in gives(cell):
                    del self.wire[literal >> 1], self.level[literal >> 1]
                continue
            needed.update(reads(cell))
            kept.append(cell)
        self.cells = kept[::-1]

    def _check(self, inputs: Sequence[int]) -> None:
        if len(inputs) > self.fabric.pins or any(node not in self.wire for node in inputs):
            raise Failed(f"a table reads {list(inputs)}", where="mapping to cells", fix="report it")

    def _given(self, literals: Sequence[int], level: int) -> None:
        for literal in literals:
            self.wire[literal >> 1] = literal
            self.level[literal >> 1] = level

    def straight(self, literal: int) -> int:
        """The literal itself, on a wire: of a gate that is a new table where the wire there carries the opposite."""
        if self.has_wire(literal):
            return literal
        build, node = self.build, literal >> 1
        build.op.append(NOT_A if literal & 1 else A)
        build.a.append(node)
        build.b.append(node)
        build.level.append(1 + build.level[node])
        turned = 2 * (len(build.level) - 1)
        self.table([node], turned)
        return turned

    def truth(self, literal: int, inputs: Sequence[int]) -> int:
        """The literal's table over the wires of `inputs`: bit m is its value where input i is bit i of m."""
        rows = 1 << len(inputs)
        ones = (1 << rows) - 1
        if literal < 0:
            return ones if literal == TRUE else 0
        of_pin = [int(VARIABLES[pin]) & ones for pin in range(len(inputs))]
        value = {node: of_pin[pin] ^ (ones if self.wire[node] & 1 else 0) for pin, node in enumerate(inputs)}
        build, stack = self.build, [literal >> 1]
        while stack:
            node = stack[-1]
            if node in value:
                stack.pop()
                continue
            gate = node - build.inputs
            if gate < 0:
                raise Failed(f"a table misses input {node}", where="mapping to cells", fix="report it")
            missing = [each for each in (build.a[gate], build.b[gate]) if each not in value]
            if missing:
                stack += missing
                continue
            stack.pop()
            value[node] = _evaluated(build.op[gate], value[build.a[gate]], value[build.b[gate]], ones)
        return value[literal >> 1] ^ (ones if literal & 1 else 0)

    @property
    def tables(self) -> list[Table]:
        """The tables of all cells, those of chains among them; places without one are left out."""
        found = []
        for cell in self.cells:
            of_cell = [cell] if isinstance(cell, Table) else [place.table for place in cell.places]
            found += [table for table in of_cell if table.inputs]
        return found


def reads(cell: Cell) -> list[int]:
    """The nodes that a cell reads."""
    if isinstance(cell, Table):
        return list(cell.inputs)
    start = [cell.start >> 1] if cell.start >= 0 else []
    return start + [node for place in cell.places for node in place.table.inputs]


def gives(cell: Cell) -> list[int]:
    """The literals that a cell's wires carry."""
    if isinstance(cell, Table):
        return [each for each in (cell.upper, cell.lower) if each is not None]
    return [each for place in cell.places for each in (place.total, place.carry) if each is not None]


def _evaluated(op: int, a: int, b: int, ones: int) -> int:
    return (op >> 3 & 1) * (ones ^ (a | b)) | (op >> 2 & 1) * (b & ~a) | (op >> 1 & 1) * (a & ~b) | (op & 1) * (a & b)
