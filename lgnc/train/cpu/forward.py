"""Packed forward pass, the head and the loss, for one chunk of 64 samples: sample s is bit s of every word.

Activations are one uint64 a node: the encoder bits first, then a slot for every neuron. A slot is a neuron or padding:
each layer's slots are a multiple of 16. Arrays are flat; `Plan` in `lgnc.train.cpu.layout` says what each one holds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lgnc.ir.gates import TABLE
from lgnc.train.cpu.bits import add_counts, count, no_counts
from lgnc.train.cpu.jit import compiled
from lgnc.train.network import Int32, Rows

_CORNERS = TABLE.astype(np.int64)
ANF = (
    (
        -np.stack(
            [
                _CORNERS[:, 0],
                _CORNERS[:, 0] ^ _CORNERS[:, 2],
                _CORNERS[:, 0] ^ _CORNERS[:, 1],
                _CORNERS.sum(axis=1) & 1,
            ],
            axis=1,
        )
    )
    .astype(np.uint64)
    .ravel()
)
"""uint64[16 * 4], all ones or 0: gate k is N[4k] ^ (N[4k + 1] & a) ^ (N[4k + 2] & b) ^ (N[4k + 3] & a & b)."""


@compiled
def transpose_rows(rows: Rows, first: int, inputs: int, acts: Any) -> None:
    """acts[i] bit s = bit i of sample row first + s, for i < inputs; 0 for samples past the end.

    rows: uint64[n, words]. Each 64 x 64 block is transposed in six rounds of swaps (Warren, Hacker's Delight, 7-3).
    """
    block = np.empty(64, np.uint64)
    held = min(64, len(rows) - first)
    for word in range(rows.shape[1]):
        for s in range(held):
            block[s] = rows[first + s, word]
        for s in range(held, 64):
            block[s] = np.uint64(0)
        width, mask = 32, np.uint64(0xFFFFFFFF)
        while width:
            for start in range(0, 64, 2 * width):
                for i in range(start, start + width):
                    low, high = block[i], block[i + width]
                    swap = ((low >> np.uint64(width)) ^ high) & mask
                    block[i] = low ^ (swap << np.uint64(width))
                    block[i + width] = high ^ swap
            width >>= 1
            mask ^= mask << np.uint64(width)
        for i in range(min(64, inputs - 64 * word)):
            acts[64 * word + i] = block[i]


@compiled
def forward(first: int, last: int, inputs: int, fanin: Int32, op: Any, anf: Any, acts: Any, pairs: Any) -> None:
    """Slots first .. last - 1 of one layer: acts[inputs + slot] = gate(a, b); pairs[2 slot], [2 slot + 1] = a, b."""
    for slot in range(first, last):
        a, b = acts[fanin[2 * slot]], acts[fanin[2 * slot + 1]]
        pairs[2 * slot], pairs[2 * slot + 1] = a, b
        k = 4 * op[slot]
        acts[inputs + slot] = anf[k] ^ (anf[k + 1] & a) ^ (b & (anf[k + 2] ^ (anf[k + 3] & a)))


@compiled
def class_counts(starts: Int32, acts: Any, first: int, counts: Int32) -> None:
    """counts int32[runs * 64]: of each sample, run c's set bits, nodes first + starts[c] .. starts[c + 1]."""
    counts[:] = 0
    for c in range(len(starts) - 1):
        for begin in range(starts[c], starts[c + 1], 255):
            bytes_ = no_counts()
            for i in range(begin, min(begin + 255, starts[c + 1])):
                bytes_ = count(bytes_, acts[first + i])
            add_counts(counts, 64 * c, bytes_)


@compiled
def loss_rows(counts: Int32, runs: int, labels: Any, batch: int, tau: float, weights: Any, rows: Any) -> float:
    """The chunk's summed loss, see `lgnc.train.network.Network`: softmax(counts / tau) for each member.

    rows: float32[runs * 64], becomes the gradient of the batch mean by the counts. weights: float64[classes].
    labels: int64[held], held <= 64 samples of the chunk; the rows of the others are 0.
    """
    loss, classes = 0.0, len(weights)
    members = runs // classes
    rows[: 64 * runs] = 0
    part = np.empty(classes)
    for s in range(len(labels)):
        label = labels[s]
        weight = weights[label] / members
        for member in range(members):
            at, step = 64 * member + s, 64 * members
            top = counts[at]
            for c in range(classes):
                top = max(top, counts[at + c * step])
            total = 0.0
            for c in range(classes):
                part[c] = math.exp((counts[at + c * step] - top) / tau)
                total += part[c]
            loss += weight * (math.log(total) - (counts[at + label * step] - top) / tau)
            for c in range(classes):
                rows[at + c * step] = weight * (part[c] / total - (1.0 if c == label else 0.0)) / (tau * batch)
    return loss
