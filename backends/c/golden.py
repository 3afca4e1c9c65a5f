"""Golden vectors: rows whose answers change when a threshold moves by one step, chosen by simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.sensitivity import rows_shown
from lgnc.backends.thresholds import always_true, native_thresholds
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.simulate import encode, packed_scores, simulate_outputs, unpack

_MOST_ROWS, _MOST_VALUES = 512, 32_768
"""Golden vectors, and feature values in all of them; four vectors at least."""

_TRIED, _TURNS, _PATIENCE = 64, 60, 4
"""Rows that are tried at a time, how often at most, and how often without anything new."""

_MOST_GATES = 1 << 16
"""Gates up to which the rows of their truth tables are goals too: their flags take 256 bytes per gate."""

_WORK = 1 << 24
"""Words of 64 gate values that choosing may compute: less than a tenth of a second."""

_UNTRIED = 32
"""Rows at least where there was too little work for all goals: the rest are not simulated."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Golden:
    """rows: [n, features] in the encoder's dtype, the most telling first. thresholds: how many are in use.

    seen: those that a move by one step, up and down, was simulated to show at a score (or an output); None where none
    was simulated.
    """

    rows: NDArray[Any]
    thresholds: int
    seen: int | None

    @property
    def facts(self) -> dict[str, int | None]:
        """What the manifest says of them."""
        return {"vectors": len(self.rows), "thresholds": self.thresholds, "thresholds_seen": self.seen}


@dataclass(frozen=True, eq=False)
class _Goals:
    """What rows are to show: an encoder bit that is wrong at its threshold, and one that is wrong a step above it.

    feature: int64[used], the features that have goals. first: int64[used + 1], where each one's goals begin. bit:
    int64[goals]. value: [goals] in the encoder's dtype. seen: bool[goals], written as rows are kept.
    """

    feature: Ints
    first: Ints
    bit: Ints
    value: NDArray[Any]
    seen: Bools


def golden(circuit: Circuit) -> Golden:
    """Rows with each value at a threshold of its own feature, or one step above; no randomness.

    Rows are tried in turns. One is kept when it shows, at a score, a goal that no row before it shows. When all are
    shown, or the rows or the work are as many as may be, two rows of the type's ends follow.
    """
    goals = _goals(circuit)
    most = int(np.clip(_MOST_VALUES // max(1, len(circuit.encoder.names)), 4, _MOST_ROWS)) - 2
    each = (len(goals.feature) // 64 + 1) * (circuit.nodes + len(circuit.outputs) + 1)
    tried = min(_TRIED, _WORK // each)
    gates_seen = np.zeros(4 * circuit.gates if circuit.gates <= _MOST_GATES else 0, np.bool_)
    kept: list[NDArray[Any]] = []
    quiet = 0
    turns = min(_TURNS, _WORK // (each * tried)) if tried else 0
    for turn in range(turns):
        if (goals.seen.all() and gates_seen.all()) or quiet == _PATIENCE or len(kept) >= most:
            break
        chosen = _choose(goals, tried, turn)
        rows = _rows(circuit.encoder, goals, chosen, turn)
        gates = rows_shown(circuit, rows) if len(gates_seen) else np.zeros((tried, 0), np.bool_)
        best = _keep(goals, chosen, _shown(circuit, goals, chosen, rows), gates, gates_seen, most - len(kept))
        kept += [rows[index] for index in best]
        quiet = 0 if best else quiet + 1
    if turns < _PATIENCE and not goals.seen.all():
        chosen = _choose(goals, max(0, min(most, _UNTRIED) - len(kept)), turns)
        kept += list(_rows(circuit.encoder, goals, chosen, turns))
    ends = _mixed(0, 2, len(circuit.encoder.names)) % 2
    rows = np.array([*kept, *np.array(circuit.encoder.range)[ends]], circuit.encoder.dtype)
    bits, place = np.unique(goals.bit, return_inverse=True)
    missed = np.bincount(place, ~goals.seen, len(bits))
    return Golden(rows, len(bits), int(np.count_nonzero(missed == 0)) if tried else None)


def _goals(circuit: Circuit) -> _Goals:
    """The goals of every encoder bit that is read, by feature."""
    encoder = circuit.encoder
    used = np.flatnonzero((circuit.fanout[: circuit.inputs] > 0) & ~always_true(encoder))
    at = native_thresholds(encoder)[used]
    high = at.dtype.type(encoder.range[1])
    inside = at < high
    above = np.nextafter(at, high) if encoder.is_float else at + inside.astype(at.dtype)
    bit, value = np.concatenate([used, used[inside]]), np.concatenate([at, above[inside]])
    order = np.lexsort((value, encoder.feature[bit]))
    feature, first = np.unique(encoder.feature[bit[order]], return_index=True)
    bounds = np.append(first, len(order))
    return _Goals(feature, bounds, bit[order], value[order].astype(encoder.dtype), np.zeros(len(order), np.bool_))


def _mixed(turn: int, rows: int, columns: int) -> Ints:
    """int64[rows, columns]: numbers below 2**31 that look random (the multiplier is the golden ratio's)."""
    count = np.arange(rows * columns, dtype=np.uint64) + np.uint64(1 + turn * rows * columns)
    count = (count ^ (count >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    count = (count ^ (count >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return (count >> np.uint64(33)).astype(np.int64).reshape(rows, columns)


def _choose(goals: _Goals, rows: int, turn: int) -> Ints:
    """int64[rows, used]: a goal for each feature of each row, three times in four one that was not seen."""
    total = np.diff(goals.first)
    owner = np.repeat(np.arange(len(total)), total)
    unseen_first = np.lexsort((goals.seen, owner))
    unseen = np.bincount(owner, ~goals.seen, len(total)).astype(np.int64)
    mixed = _mixed(turn, rows, len(total))
    span = np.where((unseen > 0) & (mixed % 4 > 0), unseen, total)
    chosen: Ints = unseen_first[goals.first[:-1] + mixed // 4 % span] if len(total) else mixed
    return chosen


def _rows(encoder: Encoder, goals: _Goals, chosen: Ints, turn: int) -> NDArray[Any]:
    """[rows, features]: the chosen goals' values, and an end of the type for features that nothing reads."""
    ends = np.array(encoder.range).astype(encoder.dtype)
    rows: NDArray[Any] = ends[_mixed(turn, len(chosen), len(encoder.names)) % 2]
    rows[:, goals.feature] = goals.value[chosen]
    return rows


def _shown(circuit: Circuit, goals: _Goals, chosen: Ints, rows: NDArray[Any]) -> Bools:
    """bool[rows, used]: whether a score of the row changes when the bit of the goal that was chosen does, alone."""
    used = chosen.shape[1]
    words = used // 64 + 1
    feature = np.arange(used)
    bits = encode(circuit.encoder, rows)
    shown = np.zeros(chosen.shape, np.bool_)
    step = max(1, 128 // words)
    for first in range(0, len(rows), step):
        some = range(first, min(first + step, len(rows)))
        packed = np.repeat(-(bits[some].T.astype(np.uint64)), words, axis=1)
        for place, row in enumerate(some):
            flip = np.uint64(1) << (feature % 64).astype(np.uint64)
            packed[goals.bit[chosen[row]], place * words + feature // 64] ^= flip
        changed = _changed(circuit, packed, words)
        shown[some] = changed.reshape(len(some), words * 64)[:, :used]
    return shown


def _changed(circuit: Circuit, packed: NDArray[np.uint64], words: int) -> Bools:
    """bool[64 * w]: of each run of `words` words, the samples whose scores are not those of the run's last sample."""
    outputs = simulate_outputs(circuit, packed)
    count = packed.shape[1] * 64
    if circuit.head is None:
        own = outputs.reshape(len(outputs), packed.shape[1] // words, words)
        last = -(own[:, :, -1:] >> np.uint64(63))
        return unpack(np.bitwise_or.reduce(own ^ last, axis=0).reshape(1, -1), count)[:, 0]
    scores = packed_scores(circuit.head, outputs, count).reshape(-1, words * 64, circuit.head.classes)
    differs: Bools = (scores != scores[:, -1:]).any(axis=2).reshape(-1)
    return differs


def _keep(goals: _Goals, chosen: Ints, shown: Bools, gates: Bools, gates_seen: Bools, most: int) -> list[int]:
    """The rows, `most` at most, that show what none before them did, those that show most first. Marks it as seen.

    shown: bool[rows, used], goals. gates: bool[rows, n], rows of gates' truth tables.
    """
    kept: list[int] = []
    while len(kept) < most:
        new = (shown & ~goals.seen[chosen]).sum(axis=1) + (gates[:, ~gates_seen]).sum(axis=1)
        best = int(new.argmax())
        if not new[best]:
            break
        goals.seen[chosen[best, shown[best]]] = True
        gates_seen |= gates[best]
        kept.append(best)
    return kept
