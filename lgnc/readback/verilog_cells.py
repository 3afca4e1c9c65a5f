"""FPGA cells in emitted Verilog: what a table or a carry cell computes, from its name, its contents and its pins.

Xilinx' LUT1 to LUT6, LUT6_2 and CARRY4, as AMD's UG953 describes them. A table is taken apart variable by variable;
nothing here is shared with what wrote it.
"""

from __future__ import annotations

import re
from typing import Any

from lgnc.diagnostics import BadInput
from lgnc.ir import gates
from lgnc.readback.verilog_netlist import Netlist

_TABLES = {f"LUT{pins}": pins for pins in range(1, 7)} | {"LUT6_2": 6}
CELLS = (*_TABLES, "CARRY4")
_INIT = re.compile(r"([0-9]{1,2})'h([0-9a-f]{1,16})", re.IGNORECASE)


class Cell:
    """One instance of a cell: ports with their widths, as a module has them, and what it gives."""

    def __init__(self, kind: str, table: int) -> None:
        self.kind, self.table = kind, table
        if kind == "CARRY4":
            self.inputs = {"CI": 1, "CYINIT": 1, "DI": 4, "S": 4}
            self.outputs = {"CO": 4, "O": 4}
        else:
            self.inputs = {f"I{pin}": 1 for pin in range(_TABLES[kind])}
            self.outputs = {"O6": 1, "O5": 1} if kind == "LUT6_2" else {"O": 1}

    def evaluate(self, inputs: dict[str, list[int]], netlist: Netlist, _: Any) -> dict[str, list[int]]:
        """Port -> literals of the outputs. The netlist gains the gates."""
        if self.kind == "CARRY4":
            return _carry(inputs, netlist)
        pins = [inputs[f"I{pin}"][0] for pin in range(_TABLES[self.kind])]
        if self.kind == "LUT6_2":
            low = self.table & 0xFFFFFFFF
            return {"O6": [lookup(netlist, self.table, pins)], "O5": [lookup(netlist, low, pins[:5])]}
        return {"O": [lookup(netlist, self.table, pins)]}


def cell_of(instance: Any, where: str) -> Cell | None:
    """The cell that an instance is, from pyverilog's tree; None for other modules. Raises BadInput for odd contents."""
    kind, given = instance.module, list(instance.parameterlist or ())
    if kind != "CARRY4" and kind not in _TABLES:
        return None
    at = f"{where}:{instance.lineno}"
    if kind == "CARRY4":
        if given:
            raise BadInput("a CARRY4 has no parameters", where=at)
        return Cell(kind, 0)
    rows = 1 << _TABLES[kind]
    value = getattr(given[0].argname, "value", "") if len(given) == 1 and given[0].paramname == "INIT" else ""
    match = _INIT.fullmatch(str(value))
    if match is None or int(match[1]) != rows or int(match[2], 16) >> rows:
        raise BadInput(f"the contents of a {kind} are not one INIT of {rows} bits in hexadecimal", where=at)
    return Cell(kind, int(match[2], 16))


def lookup(netlist: Netlist, table: int, pins: list[int]) -> int:
    """The literal of a table over pins, lowest first, whose bit m is the value where pin i has bit i of m."""
    known: dict[tuple[int, int], int] = {}

    def part(table: int, count: int) -> int:
        key = table, count
        if key in known:
            return known[key]
        if table == 0 or table == (1 << (1 << count)) - 1:
            known[key] = netlist.constant(table & 1)
            return known[key]
        half = 1 << (count - 1)
        low, high = table & ((1 << half) - 1), table >> half
        known[key] = _joined(netlist, pins[count - 1], low, high, half, lambda each: part(each, count - 1))
        return known[key]

    return part(table, len(pins))


def _joined(netlist: Netlist, pin: int, low: int, high: int, rows: int, part: Any) -> int:
    """`high` where the pin is true, else `low`, both tables of so many rows, of which `part` gives the literals."""
    ones = (1 << rows) - 1
    if low == high:
        return int(part(low))
    if low == high ^ ones:
        if low in (0, ones):
            return pin ^ (low & 1)
        return netlist.gate(gates.XOR, pin, part(low))
    for fixed, other, when_high in ((low, high, True), (high, low, False)):
        select = pin if when_high else pin ^ 1
        if fixed == 0:
            return netlist.gate(gates.AND, select, part(other))
        if fixed == ones:
            return netlist.gate(gates.OR, select ^ 1, part(other))
    above = netlist.gate(gates.AND, pin, part(high))
    return netlist.gate(gates.OR, above, netlist.gate(gates.AND, pin ^ 1, part(low)))


def _carry(inputs: dict[str, list[int]], netlist: Netlist) -> dict[str, list[int]]:
    carry = netlist.gate(gates.OR, inputs["CI"][0], inputs["CYINIT"][0])
    totals, carries = [], []
    for select, given in zip(inputs["S"], inputs["DI"], strict=True):
        totals.append(netlist.gate(gates.XOR, select, carry))
        kept = netlist.gate(gates.AND, select, carry)
        carry = netlist.gate(gates.OR, kept, netlist.gate(gates.AND, select ^ 1, given))
        carries.append(carry)
    return {"CO": carries, "O": totals}
