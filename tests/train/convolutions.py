"""Small networks with convolutions and pools of every kind, for the tests of the engines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lgnc.ir.layers import Conv, Layer, Pool, Shape
from lgnc.train.front import build_front
from lgnc.train.network import ConvStart, Float32, LayerStart, Network

CASES: dict[str, tuple[Shape, tuple[Layer, ...]]] = {
    "tree and pool": (Shape(3, 8, 8), (Conv(5, 3, 3, padding=1), Pool())),
    "two blocks": (Shape(2, 8, 12), (Conv(4, 3, 3, padding=1), Pool(), Conv(6, 3, 2, padding=1), Pool())),
    "three blocks": (
        Shape(1, 10, 10),
        (Conv(3, 3, 2), Conv(4, 3, 3, padding=1, leaves="paired"), Pool(), Conv(7, 2, 1), Pool("and", 3)),
    ),
    "one gate per place, strides": (
        Shape(4, 9, 7),
        (Conv(6, 3, 1, stride=2, padding=1), Conv(5, 3, 1, padding=1), Conv(4, 2, 1, stride=2)),
    ),
    "two small blocks": (
        Shape(2, 6, 6),
        (Conv(3, 3, 2, padding=1), Pool(), Conv(4, 3, 1, padding=1), Pool("and", 3)),
    ),
    "a pool alone": (Shape(3, 6, 6), (Pool("and"), Conv(4, 2, 2))),
    "pool on pool": (Shape(2, 8, 8), (Conv(3, 5, 2, padding=2), Pool(), Pool("and"))),
    "stride below a pool": (Shape(2, 11, 11), (Conv(4, 3, 3, stride=2, padding=1), Pool("or", 3))),
    "wide and deep": (Shape(2, 3, 50), (Conv(3, 3, 4, padding=1),)),
    "learned leaves": (
        Shape(3, 8, 8),
        (
            Conv(5, 3, 3, padding=1, leaves="learned", candidates=5),
            Pool(),
            Conv(6, 3, 2, padding=1, leaves="learned", group=0),
            Pool("and"),
        ),
    ),
    "learned and random leaves": (
        Shape(2, 9, 7),
        (
            Conv(6, 3, 1, stride=2, padding=1, leaves="learned", candidates=3),
            Conv(5, 3, 2, padding=1),
            Conv(4, 2, 1, stride=2, leaves="learned", candidates=8),
        ),
    ),
    "many words": (Shape(1, 30, 40), (Conv(2, 3, 1, padding=1), Conv(2, 3, 2, padding=1), Pool())),
}


def conv_network(name: str, seed: int = 0, widths: tuple[int, ...] = (40, 30), k: int = 1, classes: int = 4) -> Network:
    """A network of the case `name` with k candidates a pin of the dense layers.

    Its logits are far apart, so that slopes are near 1, and what reaches the first layer is large enough to check.
    """
    shape, layers = CASES[name]
    rng = np.random.default_rng(seed)

    def logits(rng: np.random.Generator, count: int) -> Float32:
        return (4 * rng.normal(size=(count, 16))).astype(np.float32)

    def of_conv(rng: np.random.Generator, conv: Conv) -> Float32:
        return logits(rng, conv.kernels * conv.gates)

    front, dense = tuple(_chosen(each, rng) for each in build_front(layers, shape, rng, of_conv)), []
    below = front[-1].above.nodes
    for width in widths:
        pins = [rng.permutation(below)[:k] for _ in range(2 * width)]
        candidates = np.array(pins, np.int32).reshape(2, width, k)
        wiring = rng.normal(size=candidates.shape).astype(np.float32) if k > 1 else None
        dense.append(LayerStart(candidates, logits(rng, width), wiring))
        below = width
    starts = (np.arange(classes + 1) * below // classes).astype(np.int32)
    return Network(shape.nodes, tuple(dense), starts, 0.5, front)


def _chosen(start: ConvStart, rng: np.random.Generator) -> ConvStart:
    """With learned leaves that have chosen other candidates than the first."""
    if start.wiring_logits is None:
        return start
    return replace(start, wiring_logits=rng.normal(size=start.wiring_logits.shape).astype(np.float32))
