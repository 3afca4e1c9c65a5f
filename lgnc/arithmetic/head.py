"""The head as gates: the one place that turns popcount and argmax into a netlist.

Scores here are unsigned: bits of score[c] - base, base being the lowest offset of any class, in one width that holds
every score that can occur. So offsets never overflow, and an argmax of these numbers is an argmax of the scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.arithmetic.compressors import Step, add_up, add_up_early
from lgnc.arithmetic.groups import Entry, best_of
from lgnc.arithmetic.prefix import best_of_all_pairs
from lgnc.arithmetic.shared_adders import share_adders
from lgnc.ir.builder import FALSE, TRUE, Builder
from lgnc.ir.circuit import Circuit, Head
from lgnc.ir.gates import AND, OR, XOR


class ScoreFormat(NamedTuple):
    """score[c] = base + the unsigned number in `width` bits."""

    base: int
    width: int


def score_format(head: Head) -> ScoreFormat:
    """The base and width that every class's score of `head` fits."""
    base = int(head.offset.min())
    highest = int((np.diff(head.starts) + head.offset).max())
    return ScoreFormat(base, max(1, (highest - base).bit_length()))


def index_width(classes: int) -> int:
    """Bits of a class index."""
    return max(1, (classes - 1).bit_length())


def popcount_circuit(
    head: Head,
    goal: str = "luts",
    steps: list[Step] | None = None,
    small: NDArray[np.bool_] | None = None,
    arrival: Sequence[int] | None = None,
    shared: Sequence[int] | None = None,
) -> Circuit:
    """Output literals in, score bits out: a headless circuit, one input a literal of the head.

    goal: one of GOALS, what the compressor trees are to save (`add_up`). small: bool[literals], with goal 'lut6' those
    that full adders take first, for they can be computed in the adders' tables (`absorbable`). arrival: the gates under
    each literal, earlier ones being taken first. shared: the literals themselves, when classes are to share full
    adders of three that they have in common (`share_adders`), which are in no step.

    Outputs, class by class and lowest bit first, are `s{class}_{bit}` of `score_format(head)`.
    """
    base, width = score_format(head)
    literals = int(head.starts[-1])
    build = Builder(literals, arrival)
    outputs: list[int] = []
    starts, offsets = head.starts.tolist(), head.offset.tolist()
    place = range(0, 2 * literals, 2) if shared is None else _first_places(shared)
    sums: list[list[list[int]]] = []
    threes: list[int] = []
    for first, last, offset in zip(starts[:-1], starts[1:], offsets, strict=True):
        columns = [[TRUE] if (offset - base) >> bit & 1 else [] for bit in range(width)]
        own = place[first:last]
        ahead = [] if small is None else [literal for literal in own if small[literal >> 1]]
        behind = own if small is None else [literal for literal in own if not small[literal >> 1]]
        columns[0] = [*ahead, *columns[0], *behind]
        sums.append(columns)
        threes.append(len(ahead) // 3)
    if shared is not None:
        share_adders(build, sums)
    for columns, count in zip(sums, threes, strict=True):
        if goal == "depth":
            outputs += add_up_early(build, columns, steps)
        else:
            outputs += add_up(build, columns, goal, steps, count)
    return build.circuit(outputs, tuple(f"y{i}" for i in range(literals)), score_names(head.classes, width))


def _first_places(literals: Sequence[int]) -> list[int]:
    """For each literal that of the place where its node comes first, inverted where it is the complement of that."""
    first: dict[int, tuple[int, int]] = {}
    for place, literal in enumerate(literals):
        first.setdefault(literal >> 1, (2 * place, literal & 1))
    return [first[literal >> 1][0] ^ first[literal >> 1][1] ^ (literal & 1) for literal in literals]


def absorbable(circuit: Circuit) -> NDArray[np.bool_]:
    """bool[outputs]: which are gates that cost less inside the table that reads them than in one of their own.

    Three gates of two signals each fit the two tables of a full adder, which takes one bit of three away: 1.33 tables a
    bit for gate and popcount, not 2. But then both signals have to be there: inputs are, and a gate that many
    others read is not computed for this one's sake alone.
    """
    node = circuit.outputs >> 1
    gate = node >= circuit.inputs
    at = np.where(gate, node - circuit.inputs, 0)
    cost = np.zeros(len(node))
    if not circuit.gates:
        return gate
    for pins in (circuit.a[at], circuit.b[at]):
        cost += np.where(pins < circuit.inputs, 0, 1 / np.maximum(circuit.fanout[pins], 1))
    fits: NDArray[np.bool_] = gate & (circuit.fanout[node] == 1) & (cost < 2 / 3)
    return fits


def score_names(classes: int, width: int) -> tuple[str, ...]:
    """Names of score bits, class by class, lowest bit first."""
    return tuple(f"s{c}_{bit}" for c in range(classes) for bit in range(width))


def greater(build: Builder, x: Sequence[int], y: Sequence[int], differ: Sequence[int]) -> int:
    """x > y for unsigned numbers, lowest bit first; differ: x ^ y, bit by bit.

    Neighbouring parts, each as (greater, differ), are joined in a balanced tree: the higher part decides unless it
    is equal. Four gates per bit, two levels for each doubling of the width.
    """
    parts = [(build.gate(AND, high, low ^ 1), d) for high, low, d in zip(x, y, differ, strict=True)]
    while len(parts) > 1:
        joined = []
        for i in range(0, len(parts) - 1, 2):
            (low, low_differs), (high, high_differs) = parts[i], parts[i + 1]
            larger = build.gate(OR, high, build.gate(AND, high_differs ^ 1, low))
            joined.append((larger, build.gate(OR, high_differs, low_differs) if i else FALSE))
        parts = joined + parts[len(parts) & ~1 :]
    return parts[0][0]


def select(build: Builder, choose: int, y: Sequence[int], differ: Sequence[int]) -> list[int]:
    """x where `choose` holds, else y, bit by bit; differ: x ^ y. Two gates per bit."""
    return [build.gate(XOR, low, build.gate(AND, choose, d)) for low, d in zip(y, differ, strict=True)]


def argmax_circuit(classes: int, width: int, goal: str = "luts", arrival: Sequence[int] | None = None) -> Circuit:
    """Score bits in (as `popcount_circuit` gives them), class index bits `class_0`, `class_1` ... out, lowest first.

    A tournament over neighbours: the right one wins only when it is strictly greater, so the lowest index wins a tie.
    goal: with 'lut6' over groups of three or four (`lgnc.arithmetic.groups`), with 'depth' of all pairs at once
    (`lgnc.arithmetic.prefix`). arrival: the gates under each score bit.
    """
    build = Builder(classes * width, arrival)
    bits = index_width(classes)
    field = [
        (
            [2 * (c * width + bit) for bit in range(width)],
            [TRUE if c >> bit & 1 else FALSE for bit in range(bits)],
        )
        for c in range(classes)
    ]
    names = tuple(f"class_{bit}" for bit in range(bits))
    if goal in ("lut6", "depth"):
        choose = best_of if goal == "lut6" else best_of_all_pairs
        return build.circuit(choose(build, field), score_names(classes, width), names)
    while len(field) > 1:
        last = len(field) == 2
        winners = [_winner(build, a, b, last) for a, b in zip(field[::2], field[1::2], strict=False)]
        field = winners + field[len(field) & ~1 :]
    return build.circuit(field[0][1], score_names(classes, width), names)


def _winner(build: Builder, left: Entry, right: Entry, last: bool) -> Entry:
    """The (score, index) that goes on; the last round's score is not needed."""
    differ = [build.gate(XOR, r, s) for r, s in zip(right[0], left[0], strict=True)]
    wins = greater(build, right[0], left[0], differ)
    score = [] if last else select(build, wins, left[0], differ)
    index_differ = [build.gate(XOR, r, s) for r, s in zip(right[1], left[1], strict=True)]
    return score, select(build, wins, left[1], index_differ)
