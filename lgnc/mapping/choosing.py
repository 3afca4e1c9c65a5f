"""Argmax in an FPGA's own cells: comparisons on carry chains, two multiplexers to a table."""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.arithmetic.groups import Entry
from lgnc.ir.builder import FALSE, TRUE
from lgnc.ir.gates import AND, OR, XNOR
from lgnc.mapping.netlist import Netlist, Place, Table


def choose_highest(net: Netlist, scores: Sequence[Sequence[int]], bits: int) -> list[int]:
    """The index bits, lowest first, of the highest of unsigned scores, the first one winning a tie.

    scores: for each class the literals of its bits, lowest first, all of one length; constants where a class cannot
    reach them, so that no cell computes them. A tournament of neighbours, as `argmax_circuit` plays it.
    """
    field: list[Entry] = [
        (list(score), [TRUE if c >> bit & 1 else FALSE for bit in range(bits)]) for c, score in enumerate(scores)
    ]
    while len(field) > 1:
        last = len(field) == 2
        winners = [_winner(net, a, b, last) for a, b in zip(field[::2], field[1::2], strict=False)]
        field = winners + field[len(field) & ~1 :]
    return field[0][1]


def _winner(net: Netlist, left: Entry, right: Entry, last: bool) -> Entry:
    """The entry that goes on; the last round's score is not needed."""
    wins = greater(net, right[0], left[0])
    pairs = list(zip(right[1], left[1], strict=True))
    if not last:
        pairs = [*zip(right[0], left[0], strict=True), *pairs]
    chosen = _chosen(net, wins, pairs)
    scores = 0 if last else len(left[0])
    return chosen[:scores], chosen[scores:]


def greater(net: Netlist, x: Sequence[int], y: Sequence[int]) -> int:
    """x > y for unsigned numbers, lowest bit first, on a wire: a place of a carry chain for every two bits."""
    above, places = FALSE, list[Place]()
    for at in range(0, len(x), 2):
        equal, larger = TRUE, FALSE
        for p, q in zip(x[at : at + 2], y[at : at + 2], strict=True):
            same = net.build.gate(XNOR, p, q)
            over = net.build.gate(AND, p, q ^ 1)
            larger = net.build.gate(OR, over, net.build.gate(AND, same, larger))
            equal = net.build.gate(AND, same, equal)
        above = net.build.gate(OR, larger, net.build.gate(AND, equal, above))
        inputs = net.supports([*x[at : at + 2], *y[at : at + 2]])
        if places or inputs:
            places.append(Place(Table(equal, larger, inputs), None, above))
    if above < 0:
        return above
    net.chain(FALSE, places)
    return above


def _chosen(net: Netlist, wins: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """For each pair its first literal where `wins` holds, else its second: two to a table."""
    found, waiting = [], list[tuple[int, tuple[int, ...]]]()
    for high, low in pairs:
        literal = high
        if high != low:
            build = net.build
            literal = build.gate(OR, build.gate(AND, wins, high), build.gate(AND, wins ^ 1, low))
        found.append(literal)
        if literal >= 0 and literal >> 1 not in net.wire and all(each >> 1 != literal >> 1 for each, _ in waiting):
            waiting.append((literal, net.supports([wins, high, low])))
    for first, second in zip(waiting[::2], waiting[1::2], strict=False):
        net.table(tuple(dict.fromkeys(first[1] + second[1])), first[0], second[0])
    if len(waiting) % 2:
        net.table(waiting[-1][1], waiting[-1][0])
    return found
