"""The convolutions and pools at the bottom of a network, before their first step: a pool goes with the one below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.draw_leaves import draw_candidates, draw_leaves
from lgnc.ir.layers import Conv, Dense, Layer, Pool, Shape, layer_name, shapes
from lgnc.train.network import ConvStart, Float32

Logits = Callable[[np.random.Generator, Conv], Float32]
"""Of a convolution's gates, a kernel's together: float32[kernels * gates, 16]."""


def cut_front(layers: tuple[Layer, ...], below: Shape) -> tuple[tuple[Layer, ...], tuple[int, ...]]:
    """(convolutions and pools, widths of the dense layers that follow), of layers over a grid of `below`.

    Raises BadInput for a layer that does not fit, for an image's layer above a dense one, and for no dense one.
    """
    shapes(layers, below)
    count = next((index for index, layer in enumerate(layers) if isinstance(layer, Dense)), len(layers))
    for index, layer in enumerate(layers[count:], count):
        if not isinstance(layer, Dense):
            fix = "put the convolutions and pools before the dense layers"
            raise BadInput("reads a dense layer, which is no image", where=layer_name(index, layer), fix=fix)
    if count == len(layers):
        fix = "end with a dense layer, whose gates the classes count"
        where = layer_name(count - 1, layers[-1]) if layers else "layers"
        raise BadInput("is the last layer, and the classes count a dense one's gates", where=where, fix=fix)
    return layers[:count], tuple(layer.width for layer in layers[count:] if isinstance(layer, Dense))


def build_front(
    layers: tuple[Layer, ...], below: Shape, rng: np.random.Generator, logits: Logits
) -> tuple[ConvStart, ...]:
    """The convolutions and pools `layers` over a grid of `below`, all leaves' wiring logits 0."""
    out: list[ConvStart] = []
    for layer, shape in zip(layers, shapes(layers, below), strict=False):
        if isinstance(layer, Conv):
            candidates = draw_leaves(layer, shape, rng)[:, :, None]
            if layer.leaves == "learned":
                candidates = draw_candidates(layer, shape, candidates[:, :, 0], rng)
            gates = logits(rng, layer)
            wiring = np.zeros(candidates.shape[:3], np.float32) if candidates.shape[2] > 1 else None
            out.append(ConvStart(shape, layer, candidates, gates, wiring))
        elif isinstance(layer, Pool):
            if not out or out[-1].size > 1:
                out.append(_alone(shape))
            out[-1] = replace(out[-1], pool=layer.op, size=layer.size)
    return tuple(out)


def _alone(below: Shape) -> ConvStart:
    """Every channel as it is: what a pool stands on that is above no convolution."""
    leaves = np.zeros((below.channels, 1, 1, 3), np.int32)
    leaves[:, 0, 0, 0] = np.arange(below.channels)
    return ConvStart(below, None, leaves, np.zeros((0, 16), np.float32))
