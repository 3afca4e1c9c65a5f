"""Class probabilities from class scores: a softmax at a temperature that held-out rows choose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

_FACTORS = np.geomspace(1 / 8, 8, 97)
"""What the group temperature may be multiplied by; 1 is among them."""

_PRIOR_ROWS = 3
"""A factor f costs log(f)^2 in the log loss of so many rows: ten held-out rows that are all right would ask for 0."""


def softmax(scores: Float64) -> Float64:
    """float64[n, classes]: each score's share of exp(score), a row's sum being 1."""
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Float64 = share / share.sum(axis=1, keepdims=True)
    return shares


def log_loss(scores: Float64, y: NDArray[np.int64]) -> float:
    """The mean cross-entropy of `softmax(scores)` and labels int64[n]."""
    top = scores.max(axis=1)
    logs = np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top - scores[np.arange(len(y)), y]
    return float(logs.mean())


def calibrated(tau: float, scores: NDArray[np.int32], y: NDArray[np.int64]) -> float:
    """The temperature near the group temperature `tau` at which rows that were not trained on are likeliest.

    scores: int32[n, classes] of these rows; y: their labels, int64[n]. `tau` itself where there are none (temperature
    scaling, Guo et al., 2017).
    """
    if not len(y):
        return tau
    costs = [len(y) * log_loss(scores / (tau * f), y) + _PRIOR_ROWS * np.log(f) ** 2 for f in _FACTORS]
    return float(tau * _FACTORS[int(np.argmin(costs))])
