"""Popcount in an FPGA's own cells: gates taken into full adders of one table, then counters on carry chains."""

from __future__ import annotations

import heapq
from collections import Counter as Bag
from collections.abc import Mapping, Sequence

from lgnc.arithmetic.compressors import full_adder
from lgnc.ir.builder import FALSE, TRUE
from lgnc.ir.gates import AND, XOR
from lgnc.mapping.counter_plan import Counter, plan_counters
from lgnc.mapping.netlist import SHARED, Netlist, Place, Table

_LATEST = 4
"""Level from which on a bit is not handed from one absorbing adder to the next any more."""

Columns = list[list[int]]
"""Literals of weight 2 ** k at k."""


def count_bits(net: Netlist, columns: Columns, cuts: Mapping[int, tuple[int, ...]]) -> list[int]:
    """The sum of literals as bits, lowest first, all on wires or constant; a carry out of the last column drops.

    cuts: what the tables of nodes read that have no wire yet. Those that nothing else needs go into full adders.
    """
    net_columns = _doubled(columns)
    _absorb(net, net_columns, cuts)
    for stage in plan_counters([len(column) for column in net_columns]).stages:
        taken = [_take(net, net_columns, counter) for counter in stage]
        for counter, bits in zip(stage, taken, strict=True):
            given = _chain(net, counter, bits, len(net_columns)) if counter.chained else _adder(net, bits[0])
            for column, literal in enumerate(given, counter.column):
                if column < len(net_columns) and literal != FALSE:
                    net_columns[column].append(literal)
    return [column[0] if column else FALSE for column in net_columns]


def _doubled(columns: Columns) -> Columns:
    """The columns with each literal once: two of a kind are one of twice the weight, a literal and its complement 1."""
    found: Columns = []
    carried: list[int] = []
    for column in columns:
        count = Bag([*column, *carried])
        carried = []
        for literal in [each for each in count if each >= 0 and not each & 1]:
            both = min(count[literal], count[literal ^ 1])
            count[TRUE] += both
            count[literal] -= both
            count[literal ^ 1] -= both
        for literal, times in count.items():
            carried += [literal] * (times // 2)
        found.append([literal for literal, times in count.items() if times % 2])
    return found


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


def _absorb(net: Netlist, columns: Columns, cuts: Mapping[int, tuple[int, ...]]) -> None:
    """Full adders that compute gates in their own tables, for the bits of the first column that have no wire.

    Three bits, whose tables and wires are at most five inputs together, become a sum and a carry. What fits no adder
    gets a table.
    """
    free = [each for each in columns[0] if each >= 0 and each >> 1 not in net.wire]
    free.sort(key=lambda literal: len(cuts[literal >> 1]))
    waiting = set(free)
    ready = [(net.level_of(each), k, each) for k, each in enumerate(columns[0]) if each not in waiting]
    heapq.heapify(ready)

    def put(literal: int) -> None:
        heapq.heappush(ready, (net.level_of(literal), len(net.cells) + len(columns[0]), literal))

    while free:
        group, inputs = _group(free, cuts)
        wanted = 3 - len(group)
        early = sum(level < _LATEST for level, *_ in heapq.nsmallest(wanted, ready))
        if len(columns) == 1 or len(inputs) + wanted > SHARED or early < wanted:
            for literal in group:
                net.table(cuts[literal >> 1], literal)
                put(literal)
            continue
        wires = [heapq.heappop(ready)[2] for _ in range(wanted)]
        total, carry = full_adder(net.build, [*group, *wires])
        net.table(tuple(dict.fromkeys([*net.supports(wires), *sorted(inputs)])), total, carry)
        put(total)
        columns[1].append(carry)
    columns[0] = [each for _, _, each in ready]


def _group(free: list[int], cuts: Mapping[int, tuple[int, ...]]) -> tuple[list[int], set[int]]:
    """(the last of the free bits, taken out with up to two others that fit beside it, the inputs of all)."""
    group = [free.pop()]
    inputs = set(cuts[group[0] >> 1])
    for place in range(len(free) - 1, -1, -1):
        if len(inputs) >= SHARED or len(group) == 3:
            break
        union = inputs | set(cuts[free[place] >> 1])
        if len(union) <= SHARED - (len(group) == 1):
            group.append(free.pop(place))
            inputs = union
    return group, inputs
