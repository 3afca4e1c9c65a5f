"""A network laid out for the packed kernels: every neuron of every layer has a slot, and all arrays are flat.

A layer's slots are a multiple of 16, the last of them padding. Node i is encoder bit i; node origin + s is slot s. The
origin is the inputs, or with convolutions what `lgnc.train.cpu.front` needs. Pin p of slot s is pin code 2 s + p. What
a neuron or a pin has 16 or K of (logits, moments) is kept by blocks of 16 neurons or pins, as float32[block, choice,
lane].
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.train.cpu.front import Front
from lgnc.train.network import Float32, Int32, Network

Int64 = NDArray[np.int64]

FIRST, WIDTH, SLOTS, PINS, K, PADDED, CANDIDATES, TARGET, WIRING = range(9)
"""Columns of `Plan.layers`; kernels write the numbers."""


class Plan(NamedTuple):
    """What stays the same in training.

    layers: int64[layers, 9]. FIRST slot; WIDTH, its neurons; SLOTS, its neurons and padding; PINS, the index of its
    first learned pin among all; K; PADDED, K rounded up to 8, or 0 where K is 1; CANDIDATES, where its lists start;
    TARGET, where its gradient rows start, or -1 for the first layer, whose rows nobody reads; WIRING, where its wiring
    logits start. Pin p of the layer's neuron n is learned pin PINS + p * SLOTS + n.
    head: int32[width of the last layer], each neuron's run. starts: int32[runs + 1].
    candidates: int32[learned pins * PADDED], nodes; a pin's list is filled up with its first.
    live: int32[blocks], the neurons in each block of 16 slots.
    shared: int64[convolutions, 9], rows as those of layers for the kernels' gates, whose slots come first.
    nodes: the first node that the first layer may read. origin: the node of slot s is origin + s.
    weights: float64[classes], those of the classes in the loss.
    """

    layers: Int64
    head: Int32
    starts: Int32
    candidates: Int32
    live: Int32
    shared: Int64
    nodes: int
    origin: int
    weights: NDArray[np.float64]

    @property
    def slots(self) -> int:
        return 16 * len(self.live)


def zeros(count: int, dtype: Any) -> NDArray[Any]:
    """`count` zeros from an address that is a multiple of 64 on, so that no vector spans two cache lines."""
    whole = np.zeros(count * np.dtype(dtype).itemsize + 64, np.uint8)
    return whole[-whole.ctypes.data % 64 :][: count * np.dtype(dtype).itemsize].view(dtype)


def rounded(count: int, unit: int) -> int:
    """`count` rounded up to a multiple of `unit`."""
    return -(-count // unit) * unit


def make_plan(network: Network, front: Front | None = None) -> Plan:
    """The layout of `network`, whose convolutions lie as `front` says."""
    runs, widest = network.runs, max(rounded(layer.width, 16) for layer in network.layers)
    rows, candidates, live, shared = [], [np.zeros(0, np.int32)], list[int](), []
    first = pins = listed = wiring = 0
    for conv in network.front:
        shared.append((first, conv.width, rounded(conv.width, 16), 0, 1, 0, 0, -1, 0))
        live += blocks_of(conv.width)
        first += rounded(conv.width, 16)
    nodes, origin = (front.nodes, front.words - first) if front else (0, network.inputs)
    below = nodes
    for index, layer in enumerate(network.layers):
        slots, k = rounded(layer.width, 16), layer.candidates.shape[2]
        padded = rounded(k, 8) if k > 1 else 0
        target = 64 * (runs + index % 2 * widest) if index or front else -1
        rows.append((first, layer.width, slots, pins, k, padded, listed, target, wiring))
        if padded:
            full = np.zeros((2, slots, padded), np.int32)
            full[:, : layer.width] = layer.candidates[:, :, :1]
            full[:, : layer.width, :k] = layer.candidates
            candidates.append((full + np.int32(below)).ravel())
            pins, listed, wiring = pins + 2 * slots, listed + full.size, wiring + 2 * slots * k
        live += blocks_of(layer.width)
        below, first = origin + first, first + slots
    head = np.repeat(np.arange(runs), np.diff(network.head_starts)).astype(np.int32)
    starts = np.array(network.head_starts, np.int32)
    listed_nodes = np.concatenate(candidates).astype(np.int32)
    tables = [np.array(each, np.int64).reshape(-1, 9) for each in (rows, shared)]
    weights = np.ones(network.classes) if network.weights is None else network.weights.astype(np.float64)
    return Plan(tables[0], head, starts, listed_nodes, np.array(live, np.int32), tables[1], nodes, origin, weights)


def blocks_of(width: int) -> list[int]:
    """The neurons in each block of 16 slots of a layer."""
    return [min(16, width - lane) for lane in range(0, rounded(width, 16), 16)]


def first_fanin(network: Network, plan: Plan) -> Int32:
    """int32[2 * slots]: the node that each pin reads, candidate 0; padding reads node 0."""
    fanin, below = np.zeros((plan.slots, 2), np.int32), plan.nodes
    for layer, row in zip(network.layers, plan.layers, strict=True):
        fanin[row[FIRST] : row[FIRST] + layer.width] = layer.candidates[:, :, 0].T + below
        below = plan.origin + int(row[FIRST])
    return fanin.ravel()


def to_blocks(rows: NDArray[Any], slots: int) -> Float32:
    """float32[n, choices] -> flat blocks of 16 rows; the padding up to `slots` rows is 0."""
    full = np.zeros((slots, rows.shape[1]), np.float32)
    full[: len(rows)] = rows
    return np.ascontiguousarray(full.reshape(-1, 16, rows.shape[1]).transpose(0, 2, 1)).ravel()


def from_blocks(blocks: Float32, choices: int, count: int) -> Float32:
    """The first `count` rows, float32[count, choices], of flat blocks."""
    rows = blocks.reshape(-1, choices, 16).transpose(0, 2, 1).reshape(-1, choices)
    return np.ascontiguousarray(rows[:count])
