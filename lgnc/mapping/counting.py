"""Popcount in Xilinx' cells: gates taken into full adders of one table, then counters on carry chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lgnc.arithmetic.compressors import full_adder
from lgnc.ir.builder import FALSE
from lgnc.ir.gates import AND, XOR
from lgnc.mapping.absorbing import Columns, absorb_gates, doubled
from lgnc.mapping.counter_plan import Counter, plan_counters
from lgnc.mapping.netlist import Netlist, Place, Table


def count_bits(net: Netlist, columns: Columns, cuts: Mapping[int, tuple[int, ...]]) -> list[int]:
    """The sum of literals as bits, lowest first, all on wires or constant; a carry out of the last column drops.

    cuts: what the tables of nodes read that have no wire yet. Those that nothing else needs go into full adders.
    """
    net_columns = doubled(columns)
    absorb_gates(net, net_columns, cuts)
    for stage in plan_counters([len(column) for column in net_columns]).stages:
        taken = [_take(net, net_columns, counter) for counter in stage]
        for counter, bits in zip(stage, taken, strict=True):
            given = _chain(net, counter, bits, len(net_columns)) if counter.chained else _adder(net, bits[0])
            for column, literal in enumerate(given, counter.column):
                if column < len(net_columns) and literal != FALSE:
                    net_columns[column].append(literal)
    return [column[0] if column else FALSE for column in net_columns]


def _take(net: Netlist, columns: Columns, counter: Counter) -> list[list[int]]:
    """The bits that a counter adds, for each of its `takes` the earliest of the column."""
    found, at = [], counter.column
    for take, width in zip(counter.takes, counter.widths(), strict=True):
        columns[at].sort(key=net.level_of)
        found.append(columns[at][:take])
        del columns[at][:take]
        at += width
    return found


def _adder(net: Netlist, bits: Sequence[int]) -> list[int]:
    """Sum and carry of three bits, or two, in one table with two outputs."""
    total, carry = full_adder(net.build, bits)
    net.table(net.supports(bits), total, carry)
    return [total, carry]


def _chain(net: Netlist, counter: Counter, taken: Sequence[Sequence[int]], columns: int) -> list[int]:
    """What a counter on a carry chain gives, one bit for each column from its own on."""
    first = list(taken[0])
    start = FALSE
    if len(first) > 1 and len(first) in (3, 7):
        start = net.straight(first.pop(0))
    carry, places, given = start, list[Place](), list[int]()
    groups = [first, *map(list, taken[1:])]
    for bits, width in zip(groups, counter.widths(), strict=True):
        made = _pair(net, bits, carry) if width == 2 else [_single(net, bits, carry)]
        for place in made:
            if counter.column + len(given) < columns:
                places.append(place)
                given.append(FALSE if place.total is None else place.total)
                carry = FALSE if place.carry is None else place.carry
    if counter.column + len(given) < columns and carry != FALSE:
        given.append(carry)
    else:
        places[-1] = places[-1]._replace(carry=None)
    net.chain(start, places)
    return given


def _pair(net: Netlist, bits: list[int], carry: int) -> list[Place]:
    """Two places that add up to six bits of one column to the carry."""
    one, rest = _last_pin(net, bits)
    parity, carries = rest[0], list[int]()
    for more in (rest[1:3], rest[3:5]):
        if more:
            parity, over = full_adder(net.build, [parity, *more])
            carries.append(over)
    inputs = net.supports(rest)
    own = tuple(node for node in net.supports([one]) if node not in inputs)
    total, up = _added(net, parity, one, carry)
    low = Place(Table(net.build.gate(XOR, parity, one), parity, inputs + own), total, up)
    second = carries[1] if len(carries) > 1 else FALSE
    total, up = _added(net, carries[0], second, up)
    table = Table(net.build.gate(XOR, carries[0], second), net.build.gate(AND, carries[0], second), inputs)
    return [low, Place(table, total, up)]


def _last_pin(net: Netlist, bits: Sequence[int]) -> tuple[int, list[int]]:
    """(the bit that goes to the sixth input, the others). Its wire must not carry the opposite: see `Table`."""
    for place, literal in enumerate(bits):
        if net.has_wire(literal):
            return literal, [*bits[:place], *bits[place + 1 :]]
    return net.straight(bits[0]), list(bits[1:])


def _single(net: Netlist, bits: Sequence[int], carry: int) -> Place:
    """A place that adds up to two bits to the carry."""
    x, y = [*bits, FALSE, FALSE][:2]
    total, up = _added(net, x, y, carry)
    table = Table(net.build.gate(XOR, x, y), net.build.gate(AND, x, y), net.supports(bits))
    return Place(table, total, up)


def _added(net: Netlist, x: int, y: int, carry: int) -> tuple[int, int]:
    """Sum and carry of x + y + carry, any of them constant."""
    return full_adder(net.build, [x, y, carry])[:2]
