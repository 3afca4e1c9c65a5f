"""Layers: their shapes, their kernels' leaves, their tables, and what is said of those that do not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.ir.draw_leaves import draw_candidates, draw_leaves
from lgnc.ir.layers import (
    Conv,
    Dense,
    Layer,
    Pool,
    Shape,
    applications,
    layer_from,
    layer_table,
    leaf_nodes,
    output_shape,
    pool_nodes,
    shapes,
)


def test_the_shapes_of_a_published_network() -> None:
    """LogicTreeNet-S: four blocks of convolution and pool, then dense layers, 874,496 gate applications per image."""
    k = 32
    convs: list[Layer] = []
    for kernels in (k, 4 * k, 16 * k, 32 * k):
        convs += [Conv(kernels, 3, 3, padding=1), Pool()]
    layers = (*convs, Dense(1280 * k), Dense(640 * k), Dense(320 * k))
    found = shapes(layers, Shape(9, 32, 32))
    assert found[1] == (32, 32, 32)
    assert found[8] == (1024, 2, 2)
    assert found[8].nodes == 128 * k
    assert sum(applications(layer, above) for layer, above in zip(layers, found[1:], strict=True)) == 874_496


@pytest.mark.parametrize(
    ("layer", "below", "want"),
    [
        (Conv(4, 3), Shape(2, 6, 7), (4, 4, 5)),
        (Conv(4, 3, stride=2, padding=1), Shape(2, 6, 7), (4, 3, 4)),
        (Pool(size=3), Shape(2, 6, 9), (2, 2, 3)),
        (Dense(7), Shape(2, 6, 6), (7, 1, 1)),
    ],
)
def test_output_shapes(layer: Layer, below: Shape, want: tuple[int, int, int]) -> None:
    assert output_shape(layer, below) == want


@pytest.mark.parametrize("leaves", ["random", "paired"])
@pytest.mark.parametrize(("channels", "group", "depth"), [(1, 2, 3), (5, 2, 3), (8, 2, 1), (4, 0, 4), (8, 4, 3)])
def test_a_kernel_reads_distinct_bits_of_its_channels(leaves: str, channels: int, group: int, depth: int) -> None:
    conv, below = Conv(40, 3, depth, group=group, leaves=leaves), Shape(channels, 6, 6)
    drawn = draw_leaves(conv, below, np.random.default_rng(0))
    assert drawn.shape == (40, 1 << depth, 3)
    assert ((drawn >= 0) & (drawn < [channels, 3, 3])).all()
    read = min(group or channels, channels)
    for kernel in drawn:
        assert len({tuple(leaf) for leaf in kernel.tolist()}) == 1 << depth
        assert len(set(kernel[:, 0].tolist())) <= read


def test_paired_channels_are_read_equally_often_and_pairs_differ() -> None:
    drawn = draw_leaves(Conv(32, 3, 3, leaves="paired"), Shape(8, 6, 6), np.random.default_rng(0))
    channels = np.sort(np.array([np.unique(kernel[:, 0]) for kernel in drawn]), axis=1)
    assert (np.bincount(channels.ravel()) == 8).all()
    assert len({tuple(pair) for pair in channels.tolist()}) == 28


def test_leaf_nodes_are_where_the_definition_puts_them() -> None:
    conv, below = Conv(3, 3, 2, stride=2, padding=1), Shape(4, 5, 7)
    leaves = draw_leaves(conv, below, np.random.default_rng(1))
    nodes, above = leaf_nodes(conv, below, leaves), output_shape(conv, below)
    grid = np.full((below.height + 2, below.width + 2, below.channels), -1)
    grid[1:-1, 1:-1] = np.arange(below.nodes).reshape(below.height, below.width, below.channels)
    for kernel in range(3):
        for leaf in range(4):
            channel, dy, dx = leaves[kernel, leaf].tolist()
            for y in range(above.height):
                for x in range(above.width):
                    assert nodes[kernel, leaf, y * above.width + x] == grid[2 * y + dy, 2 * x + dx, channel]


def test_pool_nodes_are_squares_of_one_channel() -> None:
    below = Shape(3, 4, 6)
    grid = np.arange(below.nodes).reshape(4, 6, 3)
    nodes = pool_nodes(Pool(), below).T.reshape(2, 3, 3, 4)
    for y in range(2):
        for x in range(3):
            for c in range(3):
                assert sorted(nodes[y, x, c].tolist()) == sorted(
                    grid[2 * y : 2 * y + 2, 2 * x : 2 * x + 2, c].ravel().tolist()
                )


@pytest.mark.parametrize("layer", [Dense(5), Conv(3, 5, 2, leaves="paired"), Pool("and", 4)])
def test_tables_are_read_back(layer: Layer) -> None:
    assert layer_from(layer_table(layer)) == layer


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (3, "not a table"),
        ({}, "has no kind"),
        ({"kind": "cnov"}, "did you mean 'conv'"),
        ({"kind": "conv"}, "has no kernels"),
        ({"kind": "conv", "kernels": 4, "widow": 3}, "did you mean 'window'"),
        ({"kind": "conv", "kernels": 0}, "kernels is 0"),
        ({"kind": "conv", "kernels": 4, "depth": True}, "depth is True"),
        ({"kind": "conv", "kernels": 4, "leaves": "pared"}, "did you mean 'paired'"),
        ({"kind": "conv", "kernels": 4, "window": 3, "padding": 3}, "padding 3 needs"),
        ({"kind": "pool", "op": "xor"}, "unknown pool"),
        ({"kind": "dense", "width": 1 << 40}, "width is"),
    ],
)
def test_a_wrong_table_is_refused(table: Any, words: str) -> None:
    with pytest.raises(BadInput, match=r"^net\.toml, layer 3: ") as refusal:
        layer_from(table, "net.toml, layer 3")
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Conv(4, 7), "a window of 7 x 7 is larger than the 6 x 6 places"),
        (Conv(4, 2, 4), "depth 4 has 16 leaves, and the window has 8 bits"),
        (Pool(size=4), "a pool of 4 x 4 does not divide 6 x 6 places"),
    ],
)
def test_a_layer_that_does_not_fit_is_named(layer: Layer, words: str) -> None:
    with pytest.raises(BadInput, match=rf"^layer 2 \({layer.kind}\): ") as refusal:
        shapes((Conv(2, 3, padding=1), layer), Shape(3, 6, 6))
    assert words in str(refusal.value)


DENSE, CONV = Dense(8, wiring="learned"), Conv(8, 3, 2)
RANGES = [
    (DENSE, "width", 1, 1 << 30),
    (DENSE, "candidates", 0, 1 << 30),
    (CONV, "kernels", 1, 1 << 30),
    (CONV, "window", 1, 255),
    (CONV, "stride", 1, 255),
]


@pytest.mark.parametrize(("layer", "name", "least", "most"), RANGES)
def test_the_ranges_of_a_layers_numbers(layer: Any, name: str, least: int, most: int) -> None:
    for value in (least, most):
        assert getattr(replace(layer, **{name: value}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(BadInput, match=f"{name} is {value}"):
            replace(layer, **{name: value})


@pytest.mark.parametrize("candidates", [2, 16, 18])
def test_candidates_are_distinct_and_begin_with_the_leaf(candidates: int) -> None:
    """18 are all that there are: chance alone does not find them."""
    conv, below = Conv(4, 3, 2, leaves="learned", candidates=candidates), Shape(2, 5, 5)
    rng = np.random.default_rng(0)
    leaves = draw_leaves(conv, below, rng)
    found = draw_candidates(conv, below, leaves, rng)
    assert found.shape == (4, 4, candidates, 3)
    assert (found[:, :, 0] == leaves).all()
    for each in found.reshape(-1, candidates, 3):
        assert len(np.unique(each, axis=0)) == candidates
    assert found.min() == 0
    assert found.reshape(-1, 3).max(axis=0).tolist() == [1, 2, 2]
