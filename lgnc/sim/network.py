"""A model run as it stands, neuron by neuron: shares nothing with the Circuit that is lifted from it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.formats.lgn import Model
from lgnc.ir.circuit import Head
from lgnc.ir.gates import TABLE
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
        values = np.zeros((model.encoder.bits + model.gates, bits.shape[1]), np.uint8)
        values[: len(bits)] = bits
        done = len(bits)
        for layer in model.layers:
            a, b = layer.fanin
            values[done : done + layer.width] = TABLE[layer.op[:, None], 2 * values[a] + values[b]]
            done += layer.width
        blocks.append(head_scores(head, values[model.head_nodes].T.astype(np.bool_)))
    scores = np.concatenate(blocks) if blocks else np.zeros((0, head.classes), np.int32)
    return RunResult("model", scores, argmax(scores), None, time.perf_counter() - started, 0.0)
