"""The head's lowering against integer arithmetic.

Writers of Verilog and the prover lower a head by the same functions (`lgnc.arithmetic.head`): a fault there would be
written, and then proven. Here the lowered gates are simulated on the head's literals themselves, and their bits are
compared with sums and comparisons of integers, which share nothing with them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lgnc.arithmetic.head import argmax_circuit, index_width, popcount_circuit, score_format
from lgnc.ir.circuit import Circuit, Head
from lgnc.ir.simulate import pack, simulate_outputs, unpack
from lgnc.verify.verdict import Station

_ALL = 16
"""Literals of a class, and bits of all scores, of which every pattern is tried."""

_RANDOM = 512

_CELLS = 1 << 23
"""Literals of all patterns of one block: what is held of them at once."""

Bits = NDArray[np.bool_]


def check_head(head: Head, lower: Callable[[Head], Circuit] = popcount_circuit) -> Station:
    """The station 'head': counts of literals and the choice of the class, bit by bit. lower: makes the counters."""
    base, width = score_format(head)
    lowered = lower(head)
    literals, all_literals = _literal_patterns(head)
    for block in np.array_split(literals, len(literals) * literals.shape[1] // _CELLS + 1):
        wanted = _sums(head, block) - base
        found = _bits(lowered, block).reshape(len(block), head.classes, -1)
        numbers = found @ (1 << np.arange(found.shape[2], dtype=np.int64))
        if (numbers != wanted).any():
            k, c = np.argwhere(numbers != wanted)[0].tolist()
            what = (
                f"class {c} counts {int(numbers[k, c]) + base}, and its literals add up to {int(wanted[k, c]) + base}"
            )
            return Station("head", False, "tested", what)
    scores, all_scores = _score_patterns(head, width)
    chosen = _choice(scores, head.classes, width)
    wrong = np.flatnonzero(chosen != scores.argmax(axis=1))
    if len(wrong):
        k = int(wrong[0])
        what = f"of scores {(scores[k] + base).tolist()} class {int(chosen[k])} is chosen"
        return Station("head", False, "tested", f"{what}, not {int(scores[k].argmax())}")
    told = f"its gates give the integer sums and the first greatest class on {len(literals):,} patterns"
    how = "exhaustive" if all_literals and all_scores else "tested"
    return Station("head", True, how, f"{told} of literals, every count of every class, and {len(scores):,} of scores")


def _literal_patterns(head: Head) -> tuple[Bits, bool]:
    """(bool[n, literals], whether each class has every pattern): classes are counted apart, so side by side.

    In a second half the patterns of each class are moved on against those of the class before it.
    """
    own = [_patterns(count) for count in np.diff(head.starts).tolist()]
    rows = max(len(patterns) for patterns, _ in own)
    halves = []
    for move in (0, 7):
        parts = [patterns[(np.arange(rows) + move * k) % len(patterns)] for k, (patterns, _) in enumerate(own)]
        halves.append(np.concatenate(parts, axis=1))
    return np.concatenate(halves), all(whole for _, whole in own)


def _patterns(count: int) -> tuple[Bits, bool]:
    """(bool[n, count], whether these are all): each count from either end, each literal alone, all but one, random."""
    if count <= _ALL:
        return (np.arange(1 << count)[:, None] >> np.arange(count) & 1).astype(np.bool_), True
    rng = np.random.default_rng(count)
    steps = np.arange(count + 1)[:, None] > np.arange(count)
    one = np.eye(count, dtype=np.bool_)
    share = rng.random((_RANDOM, 1))
    return np.concatenate([steps, steps[:, ::-1], one, ~one, rng.random((_RANDOM, count)) < share]), False


def _sums(head: Head, literals: Bits) -> NDArray[np.int64]:
    """int64[n, classes]: the scores, added up as integers."""
    ends = np.concatenate([np.zeros((len(literals), 1), np.int64), literals.cumsum(axis=1)], axis=1)
    sums: NDArray[np.int64] = ends[:, head.starts[1:]] - ends[:, head.starts[:-1]] + head.offset
    return sums


def _bits(circuit: Circuit, inputs: Bits) -> Bits:
    """bool[n, outputs] of a headless circuit whose encoder bits are the inputs."""
    return unpack(simulate_outputs(circuit, pack(inputs)), len(inputs))


def _score_patterns(head: Head, width: int) -> tuple[NDArray[np.int64], bool]:
    """(int64[n, classes] scores less the base, whether these are all): ties of each pair, each bit that decides."""
    classes = head.classes
    if classes * width <= _ALL:
        rows = np.arange(1 << classes * width)[:, None] >> np.arange(0, classes * width, width) & (1 << width) - 1
        return rows.astype(np.int64), True
    rng = np.random.default_rng(classes)
    top, made = (1 << width) - 1, [rng.integers(0, 1 << width, (2048, classes))]
    for low in range(classes):
        high = rng.integers(0, classes, 2 * width)
        for delta in (-1, 0, 1):
            rows = rng.integers(0, 1 << width, (2 * width, classes)) >> rng.integers(0, width, (2 * width, 1))
            level = np.maximum(rows.max(axis=1), 1)
            rows[np.arange(len(rows)), low] = level
            rows[np.arange(len(rows)), high] = np.clip(level + delta, 0, top)
            made.append(rows)
        bits = 1 << np.arange(width)
        alone = np.zeros((width, classes), np.int64)
        alone[:, low] = bits
        rest = np.repeat(bits[:, None] - 1, classes, axis=1)
        rest[:, low] = bits
        made += [alone, rest, np.where(np.arange(classes) == low, top, top - 1)[None]]
    return np.concatenate(made).astype(np.int64), False


def _choice(scores: NDArray[np.int64], classes: int, width: int) -> NDArray[np.int64]:
    """int64[n]: the class that the lowered comparison chooses."""
    bits = (scores[:, :, None] >> np.arange(width) & 1).astype(np.bool_).reshape(len(scores), -1)
    index = _bits(argmax_circuit(classes, width), bits)
    weights = 1 << np.arange(index_width(classes), dtype=np.int64)
    chosen: NDArray[np.int64] = index[:, : len(weights)].astype(np.int64) @ weights
    return chosen
