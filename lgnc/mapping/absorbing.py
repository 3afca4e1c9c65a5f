"""Before a popcount: equal literals joined, and gates of the last layer taken into the tables of full adders."""

from __future__ import annotations

import heapq
from collections import Counter as Bag
from collections.abc import Mapping

from lgnc.arithmetic.compressors import full_adder
from lgnc.ir.builder import TRUE
from lgnc.mapping.netlist import Netlist

_LATEST = 4
"""Level from which on a bit is not handed from one absorbing adder to the next any more."""

Columns = list[list[int]]
"""Literals of weight 2 ** k at k."""


def doubled(columns: Columns) -> Columns:
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


def absorb_gates(net: Netlist, columns: Columns, cuts: Mapping[int, tuple[int, ...]]) -> None:
    """Full adders that compute gates in their own tables, for the bits of the first column that have no wire.

    Three bits, whose tables and wires are together as few inputs as the fabric's adders have, become a sum and a carry.
    What fits no adder gets a table.
    """
    free = [each for each in columns[0] if each >= 0 and each >> 1 not in net.wire]
    free.sort(key=lambda literal: len(cuts[literal >> 1]))
    waiting = set(free)
    ready = [(net.level_of(each), k, each) for k, each in enumerate(columns[0]) if each not in waiting]
    heapq.heapify(ready)

    def put(literal: int) -> None:
        heapq.heappush(ready, (net.level_of(literal), len(net.cells) + len(columns[0]), literal))

    while free:
        group, inputs = _group(free, cuts, net.fabric.shared)
        wanted = 3 - len(group)
        early = sum(level < _LATEST for level, *_ in heapq.nsmallest(wanted, ready))
        if len(columns) == 1 or len(inputs) + wanted > net.fabric.shared or early < wanted:
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


def _group(free: list[int], cuts: Mapping[int, tuple[int, ...]], shared: int) -> tuple[list[int], set[int]]:
    """(the last of the free bits, taken out with up to two others that fit beside it, the inputs of all)."""
    group = [free.pop()]
    inputs = set(cuts[group[0] >> 1])
    for place in range(len(free) - 1, -1, -1):
        if len(inputs) >= shared or len(group) == 3:
            break
        union = inputs | set(cuts[free[place] >> 1])
        if len(union) <= shared - (len(group) == 1):
            group.append(free.pop(place))
            inputs = union
    return group, inputs
