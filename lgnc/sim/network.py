"""A model run as it stands, neuron by neuron: shares nothing with the Circuit that is lifted from it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.formats.lgn import FrontLayer, Model
from lgnc.ir.circuit import Head
from lgnc.ir.gates import TABLE
from lgnc.ir.layers import Pool, Shape, leaf_nodes, output_shape, pool_nodes
from lgnc.ir.simulate import argmax, encode, head_scores
from lgnc.sim.result import RunResult

_BLOCK = 512


def run_model(model: Model, features: NDArray[Any]) -> RunResult:
    """Scores and classes of [n, features] rows: every gate looked up in the table of the sixteen functions."""
    started = time.perf_counter()
    head = Head(model.class_names, model.head_starts, np.zeros(len(model.class_names), np.int32), model.tau)
    blocks = []
    for first in range(0, len(features), _BLOCK):
        bits = encode(model.encoder, features[first : first + _BLOCK]).astype(np.uint8).T
        for each, below in zip(model.front, model.shapes, strict=False):
            bits = _front(each, below, bits)
        neurons = sum(layer.width for layer in model.layers)
        values = np.zeros((len(bits) + neurons, bits.shape[1]), np.uint8)
        values[: len(bits)] = bits
        done = len(bits)
        for layer in model.layers:
            a, b = layer.fanin
            values[done : done + layer.width] = TABLE[layer.op[:, None], 2 * values[a] + values[b]]
            done += layer.width
        blocks.append(head_scores(head, values[model.head_nodes].T.astype(np.bool_)))
    scores = np.concatenate(blocks) if blocks else np.zeros((0, head.classes), np.int32)
    return RunResult("model", scores, argmax(scores), None, time.perf_counter() - started, 0.0)


def _front(each: FrontLayer, below: Shape, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[nodes, n] of a convolution's or a pool's grid, from those of the grid below: node by node, gate by gate."""
    if isinstance(each.layer, Pool):
        reads = values[pool_nodes(each.layer, below)]
        pooled: NDArray[np.uint8] = reads.max(axis=0) if each.layer.op == "or" else reads.min(axis=0)
        return pooled
    conv, samples = each.layer, values.shape[1]
    padded = np.concatenate([values, np.zeros((1, samples), np.uint8)])  # Node -1 is beyond the border.
    places = output_shape(conv, below).places
    gates, leaves = each.op.reshape(conv.kernels, conv.gates), 1 << conv.depth
    made = np.empty((places, conv.kernels, samples), np.uint8)
    for kernel in range(conv.kernels):
        row = list(padded[leaf_nodes(replace(conv, kernels=1), below, each.leaves[kernel : kernel + 1])[0]])
        for gate in range(conv.gates):
            row.append(TABLE[gates[kernel, gate], 2 * row[2 * gate] + row[2 * gate + 1]])
        made[:, kernel] = row[leaves + conv.gates - 1]
    return made.reshape(-1, samples)
