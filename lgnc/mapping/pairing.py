"""Two tables in one: tables of one level that read five inputs together at most share a table with two outputs."""

from __future__ import annotations

from collections import defaultdict

from lgnc.mapping.netlist import Cell, Netlist, Table


def pair_tables(net: Netlist) -> None:
    """Join single tables of the netlist two by two, those that share inputs first. Neither reads the other: their
    levels are the same.
    """
    alone: dict[int, list[int]] = defaultdict(list)
    for place, cell in enumerate(net.cells):
        if isinstance(cell, Table) and cell.lower is None and len(cell.inputs) <= net.fabric.shared:
            alone[net.level[cell.upper >> 1]].append(place)
    partner: dict[int, int] = {}
    for places in alone.values():
        partner |= _partners(net, places)
    gone = set(partner.values())
    cells: list[Cell] = []
    for place, cell in enumerate(net.cells):
        if place in partner and isinstance(cell, Table):
            other = net.cells[partner[place]]
            assert isinstance(other, Table)
            inputs = tuple(dict.fromkeys(cell.inputs + other.inputs))
            cells.append(Table(cell.upper, other.upper, inputs))
        elif place not in gone:
            cells.append(cell)
    net.cells = sorted(cells, key=net.level_of_cell)


def _partners(net: Netlist, places: list[int]) -> dict[int, int]:
    """First place -> the later place that joins it."""
    inputs = {}
    readers: dict[int, list[int]] = defaultdict(list)
    for place in places:
        cell = net.cells[place]
        assert isinstance(cell, Table)
        inputs[place] = set(cell.inputs)
        for node in cell.inputs:
            readers[node].append(place)
    left, found = dict.fromkeys(sorted(places, key=lambda place: -len(inputs[place]))), {}
    small = [place for place in left if len(inputs[place]) <= 3]
    for place in list(left):
        if place not in left:
            continue
        del left[place]
        near = {each for node in inputs[place] for each in readers[node] if each in left}
        while small and small[-1] not in left:
            small.pop()
        near |= set(small[-1:])
        fits = [each for each in near if len(inputs[place] | inputs[each]) <= net.fabric.shared]
        if fits:
            other = max(fits, key=lambda each: (len(inputs[place] & inputs[each]), len(inputs[each]), -each))
            del left[other]
            found[min(place, other)] = max(place, other)
    return found
