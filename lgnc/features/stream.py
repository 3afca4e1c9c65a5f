"""Windows and features of streams of int16 samples: the numbers of `lgnc_features.h`, bit for bit."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput

LARGEST, LARGEST_FFT = 65_535, 256
"""Samples of a window, and of one that `bins` takes."""

_SINE = np.rint(32_767 * np.sin(2 * np.pi * np.arange(65) / 256)).astype(np.int64)

Int16 = NDArray[np.int16]


def header() -> str:
    """The text of `lgnc_features.h`."""
    return (files("lgnc.features") / "lgnc_features.h").read_text("ascii")


def windows(stream: NDArray[Any], size: int, step: int) -> Int16:
    """int16[n, size]: the windows that `lgnc_push` tells of, the first when `size` samples are there.

    stream: [samples], int16 or integers in its range. Raises BadInput for other values, and unless 1 <= step <= size.
    """
    if not 1 <= size <= LARGEST:
        raise BadInput(f"a window of {size} samples", where="size", fix=f"give 1 to {LARGEST:,}")
    if not 1 <= step <= size:
        raise BadInput(f"a step of {step} samples", where="step", fix=f"give 1 to {size:,}, the window's size")
    samples = _samples(stream)
    if samples.ndim != 1:
        raise BadInput(f"a stream has one axis, not {samples.ndim}", where="stream", fix="give one channel at a time")
    if len(samples) < size:
        return np.zeros((0, size), np.int16)
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(samples, size)[::step])


def mean(x: NDArray[Any]) -> Int16:
    """int16[n] of [n, size] windows: the sum over the size, rounded down."""
    x = _windows(x)
    found: Int16 = (x.sum(axis=1) // x.shape[1]).astype(np.int16)
    return found


def minimum(x: NDArray[Any]) -> Int16:
    """int16[n] of [n, size] windows."""
    found: Int16 = _windows(x).min(axis=1).astype(np.int16)
    return found


def maximum(x: NDArray[Any]) -> Int16:
    """int16[n] of [n, size] windows."""
    found: Int16 = _windows(x).max(axis=1).astype(np.int16)
    return found


def deviation(x: NDArray[Any], level: NDArray[Any] | int) -> NDArray[np.uint16]:
    """uint16[n] of [n, size] windows: the mean distance to `level`, one for each or for all, rounded down."""
    x = _windows(x)
    found: NDArray[np.uint16] = (abs(x - _level(level, len(x))).sum(axis=1) // x.shape[1]).astype(np.uint16)
    return found


def crossings(x: NDArray[Any], level: NDArray[Any] | int) -> NDArray[np.uint16]:
    """uint16[n] of [n, size] windows: neighbours of which one is above `level` and one is not."""
    x = _windows(x)
    above = x > _level(level, len(x))
    found: NDArray[np.uint16] = (above[:, 1:] != above[:, :-1]).sum(axis=1).astype(np.uint16)
    return found


def bins(x: NDArray[Any]) -> NDArray[np.uint16]:
    """uint16[n, size / 2] of [n, size] windows, size being a power of two, 2 to LARGEST_FFT: how strong each frequency
    is, bin k being that of k turns a window, over the size. Fixed point: see `lgnc_fft` and `lgnc_bins`.
    """
    x = _windows(x)
    n, bits = x.shape[1], x.shape[1].bit_length() - 1
    if n != 1 << bits or not 2 <= n <= LARGEST_FFT:
        fix = f"give windows of 2, 4, 8, ... {LARGEST_FFT} samples"
        raise BadInput(f"a transform of {n} samples", where="windows", fix=fix)
    order = [int(f"{k:0{bits}b}"[::-1], 2) for k in range(n)]
    re, im = x[:, order], np.zeros_like(x)
    for stage in range(bits):
        re, im = _stage(re, im, 1 << stage)
    r, i = abs(re[:, : n // 2]), abs(im[:, : n // 2])
    found: NDArray[np.uint16] = (np.maximum(r, i) + (3 * np.minimum(r, i) >> 3)).astype(np.uint16)
    return found


def _stage(re: NDArray[np.int64], im: NDArray[np.int64], half: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One stage of the transform: pairs `half` apart."""
    turn = np.arange(half) * (128 // half)
    c = np.sign(64 - turn) * _SINE[abs(64 - turn)]
    s = _SINE[np.minimum(turn, 128 - turn)]
    shape = (len(re), -1, 2, half)
    (ar, br), (ai, bi) = (np.moveaxis(part.reshape(shape), 2, 0) for part in (re, im))
    tr, ti = (br * c + bi * s + 16_384) >> 15, (bi * c - br * s + 16_384) >> 15
    made = (np.stack([(a + t) >> 1, (a - t) >> 1], axis=2) for a, t in ((ar, tr), (ai, ti)))
    found = [np.clip(part, -32_768, 32_767).reshape(re.shape) for part in made]
    return found[0], found[1]


def _samples(values: NDArray[Any]) -> Int16:
    """The values as int16. Raises BadInput for what it does not hold."""
    found = np.asarray(values)
    if found.dtype.kind not in "iu":
        raise BadInput(f"samples are {found.dtype}, not int16", where="samples", fix="give the converter's integers")
    if found.size and (found.min() < -32_768 or found.max() > 32_767):
        raise BadInput("samples are beyond 16 bits", where="samples", fix="scale them to -32,768..32,767")
    return found.astype(np.int16)


def _windows(values: NDArray[Any]) -> NDArray[np.int64]:
    """[n, size] windows, checked, in 64 bits."""
    found = _samples(values)
    if found.ndim != 2 or not 1 <= found.shape[1] <= LARGEST:
        raise BadInput(f"windows are {list(found.shape)}, not [n, size]", where="windows", fix="call windows() first")
    return found.astype(np.int64)


def _level(level: NDArray[Any] | int, count: int) -> NDArray[np.int64]:
    """[count, 1], or [1, 1] for all."""
    found = _samples(np.asarray(level)).astype(np.int64).reshape(-1, 1)
    if len(found) not in (1, count):
        raise BadInput(
            f"{len(found)} levels for {count} windows", where="level", fix="give one, or one for each window"
        )
    return found
