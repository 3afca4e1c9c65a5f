"""Popcount in cells of four inputs: gates taken into adders, then ripple adders behind one another on carry chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from lgnc.arithmetic.compressors import full_adder
from lgnc.ir.builder import FALSE
from lgnc.ir.gates import XOR
from lgnc.mapping.absorbing import Columns, absorb_gates, doubled
from lgnc.mapping.adder_plan import Adder, plan_adders
from lgnc.mapping.netlist import Netlist, Place, Table

_OPERAND = 2
"""Inputs of a gate that a link or any place computes."""


class _Taken(NamedTuple):
    """An adder's bits. start: what its link carries. pairs: the two literals of each place, the first one on a wire.

    sums: where its sum goes.
    """

    adder: Adder
    start: int
    pairs: list[tuple[int, int]]
    sums: _Sums

    @property
    def ready(self) -> int:
        """The level of the latest bit."""
        bits = [self.start, *(bit for pair in self.pairs for bit in pair)]
        return max(self.sums.net.level_of(bit) for bit in bits)


def add_bits(net: Netlist, counts: Sequence[Columns], cuts: Mapping[int, tuple[int, ...]]) -> list[list[int]]:
    """For each of `counts`, columns of literals, their sum as bits, lowest first, all on wires or constant.

    Carries out of the last column drop. Adders of all that are ready at the same time share chains. cuts: what the
    tables of nodes read that have no wire yet.
    """
    all_sums = [_Sums(net, doubled(columns), cuts) for columns in counts]
    stages = zip_longest(*(sums.plan() for sums in all_sums), fillvalue=[])
    for stage in stages:
        taken = [sums.take(adder) for sums, adders in zip(all_sums, stage, strict=True) for adder in adders]
        for each in taken:
            if not each.adder.chained:
                each.sums.add_alone(each)
        for chain in _chains(net, [each for each in taken if each.adder.chained]):
            _add_chained(net, chain)
    return [[column[0] if column else FALSE for column in sums.columns] for sums in all_sums]


def _chains(net: Netlist, taken: Sequence[_Taken]) -> list[list[_Taken]]:
    """Adders that share a chain, those together that are ready together; each has its own where none may share."""
    longest = net.fabric.longest
    chains, places = list[list[_Taken]](), longest
    for each in sorted(taken, key=lambda each: each.ready):
        own = 1 + len(each.pairs)
        if places + own > longest:
            chains.append([])
            places = 0
        chains[-1].append(each)
        places += own
    return chains


def _add_chained(net: Netlist, chain: Sequence[_Taken]) -> None:
    """A chain of adders, each behind a link that shows the carry of the one before."""
    places, given = list[Place](), list[tuple[_Taken, list[int]]]()
    shown: int | None = None
    for taken in chain:
        sums = taken.sums
        start, inputs = sums.operand(taken.start)
        places.append(Place(Table(FALSE, start, inputs), shown, start, (start,)))
        carry, totals = start, list[int]()
        for pair in taken.pairs:
            one, own = sums.wire(pair[0])
            two, more = sums.operand(pair[1])
            total, carry = full_adder(net.build, [one, two, carry])[:2]
            table = Table(net.build.gate(XOR, one, two), one, tuple(dict.fromkeys(own + more)))
            places.append(Place(table, total, carry, (one, two)))
            totals.append(total)
        shown = carry if taken.adder.open else None
        given.append((taken, totals + ([carry] if taken.adder.open else [])))
    if shown is not None:
        places.append(Place(Table(FALSE, None, ()), shown, None))
    places[-1] = places[-1]._replace(carry=None)
    net.chain(FALSE, places)
    for taken, literals in given:
        taken.sums.put(taken.adder.column, literals)


class _Sums:
    """columns: bits that are to be added, of weight 2 ** k at k. gates: those of the first that have no wire yet, of
    which one of any two in a row has two inputs. inputs: of those of three, in the order in which a place reads them.
    """

    def __init__(self, net: Netlist, columns: Columns, cuts: Mapping[int, tuple[int, ...]]) -> None:
        self.net, self.columns, self.cuts = net, columns, cuts
        self.gates: list[int] = []
        self.inputs: dict[int, tuple[int, ...]] = {}
        if not net.fabric.gates or len(columns) == 1:
            absorb_gates(net, columns, cuts)
            return
        narrow, wide = list[int](), list[int]()
        for literal in columns[0]:
            if literal >= 0 and literal >> 1 not in net.wire:
                inputs = cuts[literal >> 1]
                if len(inputs) <= _OPERAND:
                    narrow.append(literal)
                elif len(wide) < len(narrow) and (order := _beside_a_bit(net, literal, inputs)):
                    self.inputs[literal] = order
                    wide.append(literal)
                else:
                    net.table(inputs, literal)
        pairs = zip(wide, narrow, strict=False)
        self.gates = [*(each for pair in pairs for each in pair), *narrow[len(wide) :]]

    def plan(self) -> list[list[Adder]]:
        """The adders, stage by stage. Gates that the plan wants on wires get their tables."""
        shared = self.net.fabric.longest > 0
        plan = plan_adders([len(column) for column in self.columns], len(self.gates), shared=shared)
        left = len(self.gates) - plan.tables
        for literal in self.gates[left:]:
            self.net.table(self.cuts[literal >> 1], literal)
        del self.gates[left:]
        return plan.stages

    def take(self, adder: Adder) -> _Taken:
        """The bits of an adder, out of the columns: of the first as many gates as fit, then the earliest."""
        found = []
        for column, count in enumerate(adder.takes, adder.column):
            bits = self.columns[column]
            gates = self.gates[:_OPERAND] if column == 0 and adder.chained and count == 3 else []
            del self.gates[: len(gates)]
            left = set(self.gates)
            bits.sort(key=lambda literal: (literal in left, self.net.level_of(literal)))
            wires = [literal for literal in bits if literal not in gates][: count - len(gates)]
            gates.sort(key=lambda literal: len(self.cuts[literal >> 1]))
            found.append(wires + gates)
            taken = {*wires, *gates}
            bits[:] = [literal for literal in bits if literal not in taken]
        start = found[0].pop(1) if len(found[0]) == 3 else FALSE
        pairs = [((*bits, FALSE, FALSE)[0], (*bits, FALSE, FALSE)[1]) for bits in found]
        return _Taken(adder, start, pairs, self)

    def add_alone(self, taken: _Taken) -> None:
        """A full adder in two tables."""
        bits = [*taken.pairs[0], taken.start]
        total, carry = full_adder(self.net.build, bits)[:2]
        self.net.table(self.net.supports(bits), total, carry)
        self.put(taken.adder.column, [total, carry])

    def wire(self, literal: int) -> tuple[int, tuple[int, ...]]:
        """(the literal, its node), on a wire that carries just it where a place cannot turn it."""
        if not self.net.fabric.gates:
            literal = self.net.straight(literal)
        return literal, self.net.supports([literal])

    def operand(self, literal: int) -> tuple[int, tuple[int, ...]]:
        """(the literal, the nodes that a link or a place reads for it)."""
        if literal >= 0 and literal >> 1 not in self.net.wire:
            return literal, self.inputs.get(literal, self.cuts[literal >> 1])
        return self.wire(literal)

    def put(self, column: int, literals: Sequence[int]) -> None:
        for at, literal in enumerate(literals, column):
            if at < len(self.columns) and literal != FALSE:
                self.columns[at].append(literal)


def _beside_a_bit(net: Netlist, literal: int, inputs: tuple[int, ...]) -> tuple[int, ...] | None:
    """The three inputs of a gate, ordered so that it is 0 wherever the last two are: None if no order does that.

    The sum with a bit is then, there, the bit itself, which is what a place of an ECP5 generates as carry.
    """
    if len(inputs) != _OPERAND + 1 or net.truth(literal, inputs) & 1:
        return None
    for first in inputs:
        order = (first, *(node for node in inputs if node != first))
        if not net.truth(literal, order) & 2:
            return order
    return None
