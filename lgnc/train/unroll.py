"""Convolutions and pools written out: one gate for every kernel's gate at every place, as layers of a model."""

from __future__ import annotations

import numpy as np

from lgnc.formats.lgn import Layer
from lgnc.ir.gates import AND, FALSE, OR
from lgnc.ir.layers import Conv, Int32, Pool, leaf_nodes, pool_nodes
from lgnc.train.network import ConvStart, Float32, Network


def unrolled_front(network: Network, gates: list[Float32]) -> tuple[list[Layer], int, int]:
    """(layers, the first node that the dense layers read, nodes so far). gates: each convolution's trained logits.

    What lies beyond a border is one constant gate, the first. The nodes of each grid are in the order of
    `lgnc.ir.layers`.
    """
    if not network.front:
        return [], 0, network.inputs
    zero = network.inputs
    layers, first, nodes = [_layer(np.zeros((2, 1), np.int64), np.array([FALSE]))], 0, zero + 1
    for start, logits in zip(network.front, gates, strict=True):
        made, first, nodes = _convolution(start, logits.argmax(axis=1), first, nodes, zero)
        layers += made
        if start.size > 1:
            made, first, nodes = _pool(start, first, nodes)
            layers += made
    return layers, first, nodes


def _layer(fanin: Int32 | np.ndarray, op: np.ndarray) -> Layer:
    return Layer(fanin.astype(np.int32)[:, :, None], op=op.astype(np.uint8))


def _convolution(start: ConvStart, op: np.ndarray, first: int, nodes: int, zero: int) -> tuple[list[Layer], int, int]:
    """The trees of every kernel at every place, over the nodes from `first` on; a level of gates is a layer."""
    kernels, count, _ = start.leaves.shape
    if count == 1:
        return [], first, nodes
    conv = Conv(kernels, start.window, count.bit_length() - 1, start.stride, start.padding, 0)
    read = leaf_nodes(conv, start.below, start.leaves).astype(np.int64)
    values = np.where(read < 0, zero, first + read).transpose(2, 0, 1)  # [places, kernels, leaves]
    own, layers, begin = op.reshape(kernels, count - 1), [], 0
    while count > 1:
        count //= 2
        here = np.broadcast_to(own[:, begin : begin + count], (*values.shape[:2], count))
        layers.append(_layer(np.stack([values[:, :, pin::2].ravel() for pin in (0, 1)]), here.ravel()))
        values = nodes + np.arange(here.size).reshape(here.shape)
        begin, nodes = begin + count, nodes + here.size
    return layers, nodes - here.size, nodes


def _pool(start: ConvStart, first: int, nodes: int) -> tuple[list[Layer], int, int]:
    """Each node of the pool as a tree of gates over its square."""
    values = first + pool_nodes(Pool(start.pool, start.size), start.made).astype(np.int64)
    op, layers = AND if start.pool == "and" else OR, []
    while len(values) > 1:
        half = len(values) // 2
        pairs = np.stack([values[: 2 * half : 2].ravel(), values[1 : 2 * half : 2].ravel()])
        layers.append(_layer(pairs, np.full(pairs.shape[1], op)))
        made = nodes + np.arange(pairs.shape[1]).reshape(half, -1)
        values, nodes = np.concatenate([made, values[2 * half :]]), nodes + pairs.shape[1]
    return layers, nodes - values.shape[1], nodes
