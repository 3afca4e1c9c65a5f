"""The inputs that circuits can tell apart: each feature's values, cut into intervals by the thresholds in use.

A point of the space is an interval index for every feature; every point has feature values, so every encoder pattern
that can occur is a point, and no other is (a thermometer's higher bit implies its lower ones).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder, Int32
from lgnc.ir.gates import READS_A, READS_B


@dataclass(frozen=True, eq=False)
class Space:
    """count: int64[features], intervals a feature. low, high: the least and greatest value of every interval, feature
    after feature, int64 or float64. feature, rank: int32[cuts]; cut k is true where the interval index of feature[k]
    exceeds rank[k].
    """

    count: NDArray[np.int64]
    low: NDArray[Any]
    high: NDArray[Any]
    feature: Int32
    rank: Int32

    @property
    def size(self) -> int:
        """The number of points, exactly."""
        size = 1
        for count in self.count.tolist():
            size *= count
        return size

    def points(self, n: int, rng: np.random.Generator, spread: float = 0.0) -> NDArray[np.int32]:
        """int32[n, features]: points drawn uniformly.

        With `spread`, some rows lean low and others high in all features: popcounts then stray far from their mean.
        """
        drawn = rng.random((n, len(self.count)), np.float32)
        if spread:
            drawn **= np.exp(spread * rng.normal(size=(n, 1))).astype(np.float32)
        index = np.minimum((drawn * self.count).astype(np.int32), self.count - 1)
        return index.astype(np.int32)

    def all_points(self, first: int, last: int) -> NDArray[np.int32]:
        """int32[last - first, features]: the points numbered first..last - 1 of all `size` of them."""
        number = np.arange(first, last)
        points = np.zeros((len(number), len(self.count)), np.int32)
        for feature in np.flatnonzero(self.count > 1):
            number, points[:, feature] = np.divmod(number, self.count[feature])
        return points

    def bits(self, points: NDArray[np.int32]) -> NDArray[np.bool_]:
        """bool[n, cuts]: the value of every cut at each point."""
        bits: NDArray[np.bool_] = points[:, self.feature] > self.rank
        return bits

    def point(self, bits: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int32]:
        """int32[features]: a random point where the given cuts have the given values; int64[n, 2], cut and 0 or 1."""
        low, high = np.zeros(len(self.count), np.int64), self.count - 1
        cut, true = bits[:, 0], bits[:, 1] == 1
        np.maximum.at(low, self.feature[cut[true]], self.rank[cut[true]] + 1)
        np.minimum.at(high, self.feature[cut[~true]], self.rank[cut[~true]])
        return rng.integers(low, high, endpoint=True).astype(np.int32)

    def values(self, points: NDArray[np.int32], rng: np.random.Generator) -> NDArray[Any]:
        """[n, features] feature values at the points: each the least or the greatest of its interval."""
        start = np.concatenate([[0], np.cumsum(self.count)[:-1]])
        at = points + start
        values: NDArray[Any] = np.where(rng.random(points.shape, np.float32) < 0.5, self.low[at], self.high[at])
        return values


@dataclass(frozen=True, eq=False)
class Side:
    """One circuit's view of a joint space: its features' columns, and a literal for each encoder bit.

    columns: int64[features of the circuit], columns of the space. literal: int64[encoder bits]: 0 false, 1 true, else
    2 * (1 + cut); bits that nothing reads are 0.
    """

    circuit: Circuit
    columns: NDArray[np.int64]
    literal: NDArray[np.int64]

    def features(self, values: NDArray[Any]) -> NDArray[Any]:
        """[n, features] in the circuit's own order and type, from the space's values."""
        return values[:, self.columns].astype(self.circuit.encoder.dtype)


def _domain(encoders: Sequence[Encoder]) -> tuple[Any, Any, type[np.floating[Any]] | None]:
    """(least, greatest, float type or None): the values that are legal for every encoder."""
    floats = [encoder.is_float for encoder in encoders]
    if any(floats) != all(floats):
        types = " and ".join(encoder.dtype for encoder in encoders)
        raise BadInput(f"the interfaces differ: features are {types}", fix="compare like with like")
    if all(floats):
        kind = np.float32 if any(encoder.dtype == "float32" for encoder in encoders) else np.float64
        most = float(np.finfo(kind).max)
        return -most, most, kind
    return max(encoder.range[0] for encoder in encoders), min(encoder.range[1] for encoder in encoders), None


def _floor(threshold: NDArray[Any], kind: type[np.floating[Any]] | None) -> NDArray[Any]:
    """The greatest legal value that is not above each threshold."""
    if kind is None:
        return threshold
    with np.errstate(over="ignore"):
        near = threshold.astype(kind)
        near = np.where(near > threshold, np.nextafter(near, kind(-np.inf)), near)
    return near.astype(np.float64)


def _above(value: NDArray[Any], kind: type[np.floating[Any]] | None) -> NDArray[Any]:
    """The least legal value above each."""
    if kind is None:
        return value + 1
    return np.nextafter(value.astype(kind), kind(np.inf)).astype(np.float64)


def build_space(
    encoders: Sequence[Encoder], columns: Sequence[NDArray[np.int64]], used: Sequence[NDArray[np.bool_]]
) -> tuple[Space, list[NDArray[np.int64]]]:
    """The space cut by the used bits of every encoder, and for each encoder the literal of each of its bits."""
    low, high, kind = _domain(encoders)
    features = len(columns[0])
    feature = np.concatenate([column[e.feature] for column, e in zip(columns, encoders, strict=True)])
    threshold = np.concatenate([e.threshold for e in encoders])
    live = np.concatenate(used)
    never, always = threshold >= high, threshold < low
    cut = live & ~never & ~always
    value = _floor(threshold[cut], kind)
    order = np.lexsort((value, feature[cut]))
    f, v = feature[cut][order], value[order]
    new = np.ones(len(f), np.bool_)
    new[1:] = (np.diff(f) != 0) | (np.diff(v) != 0)
    number = np.empty(len(f), np.int64)
    number[order] = np.cumsum(new) - 1
    literal = np.where(live & always & ~never, 1, 0).astype(np.int64)
    literal[cut] = 2 * (1 + number)
    f, v = f[new], v[new]
    cuts = np.bincount(f, minlength=features)
    rank = np.arange(len(f)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    lows, highs = np.full(len(f) + features, low, v.dtype), np.full(len(f) + features, high, v.dtype)
    at = np.arange(len(f)) + f
    highs[at] = v
    lows[at + 1] = _above(v, kind)
    space = Space((cuts + 1).astype(np.int64), lows, highs, f.astype(np.int32), rank.astype(np.int32))
    bounds = np.cumsum([e.bits for e in encoders])[:-1]
    return space, np.split(literal, bounds)


def every_value(views: tuple[Space, Side, Side], most: int) -> Space | None:
    """A space whose points are all the feature values that both sides can be given; None when that is more than `most`.

    What is not a circuit may tell values apart that lie between the same two thresholds.
    """
    space, left, right = views
    low, high, kind = _domain([left.circuit.encoder, right.circuit.encoder])
    features = len(space.count)
    if kind is not None or features > most.bit_length() or (high - low + 1) ** features > most:
        return None
    values = np.tile(np.arange(low, high + 1), features)
    count, none = np.full(features, high - low + 1, np.int64), np.zeros(0, np.int32)
    return Space(count, values, values, none, none)


def live_nodes(circuit: Circuit) -> NDArray[np.bool_]:
    """bool[nodes]: which nodes an output depends on."""
    live = np.zeros(circuit.nodes, np.bool_)
    live[circuit.outputs >> 1] = True
    level = circuit.level[circuit.inputs :]
    order = np.argsort(-level, kind="stable")
    bounds = np.flatnonzero(np.diff(level[order])) + 1
    for gates in np.split(order, bounds):
        gates = gates[live[circuit.inputs + gates]]
        op = circuit.op[gates]
        live[circuit.a[gates[READS_A[op]]]] = True
        live[circuit.b[gates[READS_B[op]]]] = True
    return live


def joint_space(a: Circuit, b: Circuit) -> tuple[Space, Side, Side]:
    """The space cut by the thresholds that either circuit's outputs depend on, and each circuit's view of it.

    Features match by name when both have the same names, else by position when their counts agree. Raises BadInput
    when the interfaces differ.
    """
    first, second = a.encoder, b.encoder
    columns = np.arange(len(first.names))
    other = columns
    if first.names != second.names:
        if set(first.names) == set(second.names):
            place = {name: column for column, name in enumerate(first.names)}
            other = np.array([place[name] for name in second.names], np.int64)
        elif len(first.names) != len(second.names):
            what = f"the interfaces differ: {len(first.names)} features and {len(second.names)}"
            raise BadInput(what, fix="compare circuits over the same features")
    used = [live_nodes(circuit)[: circuit.inputs] for circuit in (a, b)]
    space, (left, right) = build_space((first, second), (columns, other), used)
    return space, Side(a, columns, left), Side(b, other, right)
