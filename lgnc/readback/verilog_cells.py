"""FPGA cells in emitted Verilog: what a table or a carry cell computes, from its name, its contents and its pins.

Xilinx' LUT1 to LUT6, LUT6_2, CARRY4 and CARRY8, as AMD's UG953 and UG974 describe them; iCE40's SB_LUT4 and SB_CARRY,
and ECP5's LUT4 and CCU2C, as Lattice does. A table is taken apart variable by variable; nothing here is shared with
what wrote it.
"""

from __future__ import annotations

import re
from typing import Any

from lgnc.diagnostics import BadInput
from lgnc.ir import gates
from lgnc.readback.verilog_netlist import Netlist

_TABLES = {f"LUT{pins}": pins for pins in range(1, 7)} | {"LUT6_2": 6, "SB_LUT4": 4}
_CARRIES: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "CARRY4": ({"CI": 1, "CYINIT": 1, "DI": 4, "S": 4}, {"CO": 4, "O": 4}),
    "CARRY8": ({"CI": 1, "CI_TOP": 1, "DI": 8, "S": 8}, {"CO": 8, "O": 8}),
    "SB_CARRY": (dict.fromkeys(("I0", "I1", "CI"), 1), {"CO": 1}),
    "CCU2C": (
        dict.fromkeys(("CIN", *(f"{pin}{half}" for half in "01" for pin in "ABCD")), 1),
        dict.fromkeys(("S0", "S1", "COUT"), 1),
    ),
}
"""Kind -> its ports, inputs and outputs, with their widths."""

CELLS = (*_TABLES, *_CARRIES)
_INIT = re.compile(r"([0-9]{1,2})'h([0-9a-f]{1,16})", re.IGNORECASE)


class Cell:
    """One instance of a cell: ports with their widths, as a module has them, and what it gives.

    contents: of its tables. letters: an ECP5's LUT4, whose pins are A to D and Z.
    """

    def __init__(self, kind: str, contents: list[int], *, letters: bool = False) -> None:
        self.kind, self.contents = kind, contents
        if kind in _CARRIES:
            self.inputs, self.outputs = _CARRIES[kind]
            return
        pins = "ABCD" if letters else [f"I{pin}" for pin in range(_TABLES[kind])]
        self.inputs = dict.fromkeys(pins, 1)
        self.outputs = {"O6": 1, "O5": 1} if kind == "LUT6_2" else {"Z" if letters else "O": 1}

    def evaluate(self, inputs: dict[str, list[int]], netlist: Netlist, _: Any) -> dict[str, list[int]]:
        """Port -> literals of the outputs. The netlist gains the gates."""
        if self.kind == "CARRY4":
            return _carries(inputs, netlist.gate(gates.OR, inputs["CI"][0], inputs["CYINIT"][0]), netlist)
        if self.kind == "CARRY8":
            return _carries(inputs, inputs["CI"][0], netlist)
        if self.kind == "SB_CARRY":
            return {"CO": [_majority(netlist, *(inputs[pin][0] for pin in ("I0", "I1", "CI")))]}
        if self.kind == "CCU2C":
            return _ccu2c(inputs, netlist, self.contents)
        pins = [inputs[pin][0] for pin in self.inputs]
        if self.kind == "LUT6_2":
            low = self.contents[0] & 0xFFFFFFFF
            return {"O6": [lookup(netlist, self.contents[0], pins)], "O5": [lookup(netlist, low, pins[:5])]}
        return {next(iter(self.outputs)): [lookup(netlist, self.contents[0], pins)]}


def cell_of(instance: Any, where: str) -> Cell | None:
    """The cell that an instance is, from pyverilog's tree; None for other modules. Raises BadInput for odd contents."""
    kind = instance.module
    if kind not in CELLS:
        return None
    given = {each.paramname: getattr(each.argname, "value", "") for each in instance.parameterlist or ()}
    doubled = len(given) != len(instance.parameterlist or ())
    at = f"{where}:{instance.lineno}"
    if kind == "CCU2C":
        injected = [str(given.pop(f"INJECT1_{half}", "")).strip('"') for half in "01"]
        contents = [_contents(given.pop(f"INIT{half}", ""), 16) for half in "01"]
        if given or doubled or injected != ["NO", "NO"] or None in contents:
            raise BadInput("a CCU2C is read with INIT0 and INIT1 in hexadecimal, and INJECT1_0 and 1 at NO", where=at)
        return Cell(kind, [each for each in contents if each is not None])
    if kind in _CARRIES:
        if given:
            raise BadInput(f"a {kind} has no parameters", where=at)
        return Cell(kind, [])
    rows, name = 1 << _TABLES[kind], "LUT_INIT" if kind == "SB_LUT4" else "INIT"
    table = _contents(given.get(name, ""), rows)
    if table is None or doubled or len(given) != 1:
        raise BadInput(f"the contents of a {kind} are not one {name} of {rows} bits in hexadecimal", where=at)
    letters = kind == "LUT4" and any(each.portname == "Z" for each in instance.portlist)
    return Cell(kind, [table], letters=letters)


def _contents(text: Any, rows: int) -> int | None:
    """The table of so many rows that a parameter is, or None."""
    match = _INIT.fullmatch(str(text))
    if match is None or int(match[1]) != rows or int(match[2], 16) >> rows:
        return None
    return int(match[2], 16)


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


def _carries(inputs: dict[str, list[int]], carry: int, netlist: Netlist) -> dict[str, list[int]]:
    """Xilinx' places, from the carry into the first on."""
    totals, carries = [], []
    for select, given in zip(inputs["S"], inputs["DI"], strict=True):
        totals.append(netlist.gate(gates.XOR, select, carry))
        kept = netlist.gate(gates.AND, select, carry)
        carry = netlist.gate(gates.OR, kept, netlist.gate(gates.AND, select ^ 1, given))
        carries.append(carry)
    return {"CO": carries, "O": totals}


def _majority(netlist: Netlist, a: int, b: int, c: int) -> int:
    either = netlist.gate(gates.AND, netlist.gate(gates.OR, a, b), c)
    return netlist.gate(gates.OR, netlist.gate(gates.AND, a, b), either)


def _ccu2c(inputs: dict[str, list[int]], netlist: Netlist, contents: list[int]) -> dict[str, list[int]]:
    """Two places: a table of A to D propagates the carry, its part for C and D at 0, of A and B, generates it."""
    carry, totals = inputs["CIN"][0], []
    for half, table in enumerate(contents):
        pins = [inputs[f"{pin}{half}"][0] for pin in "ABCD"]
        propagate, generate = lookup(netlist, table, pins), lookup(netlist, table & 15, pins[:2])
        totals.append(netlist.gate(gates.XOR, propagate, carry))
        kept = netlist.gate(gates.AND, propagate, carry)
        carry = netlist.gate(gates.OR, kept, netlist.gate(gates.AND, propagate ^ 1, generate))
    return {"S0": totals[:1], "S1": totals[1:], "COUT": [carry]}
