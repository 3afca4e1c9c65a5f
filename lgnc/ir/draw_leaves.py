"""Which bits of its window each leaf of a convolution's kernels reads, or may read.

A bit is (channel, dy, dx), or its code (channel * window + dy) * window + dx.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.layers import CANDIDATES, Conv, Int32, Shape, read_channels

Int64 = NDArray[np.int64]

_TRIES = 20
"""Draws of candidates that are to be distinct, before they are dealt out from all that there are."""


def draw_leaves(conv: Conv, below: Shape, rng: np.random.Generator) -> Int32:
    """int32[kernels, 2^depth, 3]: each leaf's (channel, dy, dx), 0 <= dy, dx < window; no two of a kernel are equal.

    'random': a kernel's `group` channels are drawn at random. 'paired': they are those that stand r + 1 apart, r the
    round of kernels: kernel i reads channels i, i + r + 1, i + 2 (r + 1), ... (modulo the channels), r = i // channels,
    so that all are read equally often and few pairs of channels occur twice; 'learned' ones begin so. The leaves are
    drawn at random among the bits of these channels in the window, as often from each channel, to one.
    """
    read, square, count = read_channels(conv, below), conv.window * conv.window, 1 << conv.depth
    used = min(read, count) if conv.leaves == "learned" else read
    out = np.empty((conv.kernels, count, 3), np.int32)
    for kernel in range(conv.kernels):
        if conv.leaves != "random" and read < below.channels:
            step = 1 + kernel // below.channels % max(below.channels // read, 1)
            channels = (kernel + step * np.arange(read)) % below.channels
        else:
            channels = rng.permutation(below.channels)[:read]
        places = np.stack([rng.permutation(square) for _ in range(used)], axis=1).ravel()[:count]
        order = rng.permutation(count)
        which = channels[np.arange(count) % used]
        out[kernel] = np.stack([which, places // conv.window, places % conv.window], axis=1)[order]
    return out


def draw_candidates(conv: Conv, below: Shape, leaves: Int32, rng: np.random.Generator) -> Int32:
    """int32[kernels, 2^depth, candidates, 3]: what each leaf may read; the first is the one in `leaves`.

    A leaf's candidates are distinct bits of the window, of the channels that its kernel reads.
    """
    channels = kernel_channels(conv, below, leaves, rng)
    count = min(conv.candidates or CANDIDATES, channels.shape[1] * conv.window * conv.window)
    pins = np.repeat(codes_of(conv, leaves).reshape(-1, 1), count, axis=1)
    left = draw_distinct(conv, channels, pins, 1, rng)
    for pin in left.tolist():
        own = channels[pin // leaves.shape[1]].astype(np.int64)
        bits = (own[:, None] * conv.window**2 + np.arange(conv.window**2)).ravel()
        pins[pin, 1:] = rng.permutation(bits[bits != pins[pin, 0]])[: count - 1]
    return bits_of(conv, pins).reshape(*leaves.shape[:2], count, 3)


def draw_distinct(conv: Conv, channels: Int32, pins: Int64, kept: int, rng: np.random.Generator) -> Int64:
    """Draws all but the first `kept` codes of each row of `pins` anew, in place: distinct, of its kernel's channels.

    pins: int64[kernels * leaves, k]. Gives the rows that chance left with equal ones; they are in no order.
    """
    square, per = conv.window * conv.window, len(pins) // len(channels)
    left = np.arange(len(pins))
    for _ in range(_TRIES):
        shape = (len(left), pins.shape[1] - kept)
        channel = channels[left[:, None] // per, rng.integers(0, channels.shape[1], shape)]
        pins[left, kept:] = channel.astype(np.int64) * square + rng.integers(0, square, shape)
        ordered = np.sort(pins[left], axis=1)
        left = left[(ordered[:, 1:] == ordered[:, :-1]).any(axis=1)]
        if not len(left):
            break
    return left


def kernel_channels(conv: Conv, below: Shape, leaves: Int32, rng: np.random.Generator) -> Int32:
    """int32[kernels, read]: the channels that each kernel's leaves, int32[kernels, ..., 3], are of.

    Where these are fewer than it may read, others follow, drawn at random.
    """
    read, every = read_channels(conv, below), np.arange(below.channels, dtype=np.int32)
    if read == below.channels:
        return np.broadcast_to(every, (conv.kernels, read))
    out = np.empty((conv.kernels, read), np.int32)
    for kernel, bits in enumerate(leaves.reshape(conv.kernels, -1, 3)):
        own = np.unique(bits[:, 0])
        missing = read - len(own)
        others = rng.permutation(np.setdiff1d(every, own))[:missing] if missing else own[:0]
        out[kernel] = np.concatenate([own, others])
    return out


def codes_of(conv: Conv, bits: Int32) -> Int64:
    """int64[...] of int32[..., 3]."""
    codes: Int64 = bits.astype(np.int64) @ np.array([conv.window**2, conv.window, 1])
    return codes


def bits_of(conv: Conv, codes: Int64) -> Int32:
    """int32[..., 3] of int64[...]."""
    place = codes % conv.window**2
    return np.stack([codes // conv.window**2, place // conv.window, place % conv.window], axis=-1).astype(np.int32)
