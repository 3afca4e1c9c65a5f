"""Blocks of dense layers that share nothing up to the last layer: their backward pass stays in a near cache."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.train.network import Network

Int64 = NDArray[np.int64]

_LEAST = 1024
"""Neurons of the first layer in a block: fewer are not worth a round."""


class Blocks(NamedTuple):
    """cuts: int64[layers below the last, blocks + 1], the neurons at which each layer's blocks begin.

    order: int64[nodes], the nodes that the first layer reads, block by block; nodes: int64[blocks + 1], cuts of it.
    """

    cuts: Int64
    order: Int64
    nodes: Int64


def find_blocks(network: Network) -> Blocks:
    """The blocks that the network's wiring has: block b of a layer, and it alone, reads block b of the layer below.

    With learned wiring, or where neurons read from all over, there is one.
    """
    first, *above = network.layers[:-1] if len(network.layers) > 1 else network.layers
    reader = np.full(network.below, first.width)
    last = np.zeros(network.below, np.int64)
    for pin in first.candidates.transpose(0, 2, 1).reshape(-1, first.width):
        np.minimum.at(reader, pin, np.arange(first.width))
        np.maximum.at(last, pin, np.arange(first.width))
    order = np.argsort(reader, kind="stable")
    if len(network.layers) == 1:
        return Blocks(np.zeros((0, 2), np.int64), order, np.array([0, len(order)]))
    read = reader < first.width
    open_ = np.zeros(first.width + 2, np.int64)
    np.add.at(open_, reader[read] + 1, 1)
    np.add.at(open_, last[read] + 1, -1)
    cuts = [_spaced(np.flatnonzero(np.cumsum(open_)[: first.width + 1] == 0))]
    for layer in above:
        cuts = _cut_above(cuts, layer.candidates.transpose(0, 2, 1).reshape(-1, layer.width))
    nodes = np.searchsorted(reader[order], cuts[0])
    nodes[-1] = len(order)
    return Blocks(np.stack(cuts), order, nodes)


def _spaced(cuts: Int64) -> Int64:
    """The cuts, but for those too near to the one before; the first and the last stay."""
    kept = [int(cuts[0])]
    for cut in cuts[1:-1].tolist():
        if cut - kept[-1] >= _LEAST and cuts[-1] - cut >= _LEAST:
            kept.append(cut)
    return np.array([*kept, cuts[-1]], np.int64)


def _cut_above(cuts: list[Int64], pins: NDArray[Any]) -> list[Int64]:
    """The cuts that the next layer leaves, and its own. pins: what its neurons read, int32[any, width]."""
    block = np.searchsorted(cuts[-1], pins, side="right") - 1
    before = np.maximum.accumulate(block.max(axis=0))
    after = np.minimum.accumulate(block.min(axis=0)[::-1])[::-1]
    own = np.flatnonzero(before[:-1] < after[1:]) + 1
    kept = np.concatenate([[0], after[own], [len(cuts[0]) - 1]])
    return [*(each[kept] for each in cuts), np.concatenate([[0], own, [pins.shape[1]]])]
