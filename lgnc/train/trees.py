"""Neurons that are small trees of gates, sized for an FPGA's look-up tables: layers with fixed wiring above the leaves.

    tree2   one gate: two inputs
    tree4   leaves 0 1, then (0 1): three gates, four inputs, one LUT4
    tree6   leaves 0 1 2, then (0 1) (1 2), then a root: six gates, six inputs, one LUT6

Only the leaves' wiring is chosen or learned. The middle leaf of a tree6 is read twice: it costs no LUT input.
"""

from __future__ import annotations

import numpy as np

from lgnc.train.network import Int32

Joins = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

TREES: dict[str, tuple[int, Joins]] = {
    "tree2": (1, ()),
    "tree4": (2, (((0,), (1,)),)),
    "tree6": (3, (((0, 1), (1, 2)), ((0,), (1,)))),
}
"""Node -> (leaves, then for each layer above them what pins a and b of its gates read in the layer below)."""


def leaves(node: str) -> int:
    """Leaves of one neuron."""
    return TREES[node][0]


def gate_widths(node: str, widths: tuple[int, ...]) -> tuple[int, ...]:
    """Gates in each layer of gates, when each layer of neurons has one of `widths`."""
    count, joins = TREES[node]
    return tuple(size * width for width in widths for size in (count, *(len(a) for a, _ in joins)))


def join_wiring(node: str, width: int) -> list[Int32]:
    """int32[2, gates, 1] for each layer above the leaves of `width` neurons."""
    size, joins = TREES[node]
    wiring = []
    for pins in joins:
        first = size * np.arange(width)[:, None]
        wiring.append(np.stack([(first + np.array(pin)).ravel() for pin in pins]).astype(np.int32)[:, :, None])
        size = len(pins[0])
    return wiring
