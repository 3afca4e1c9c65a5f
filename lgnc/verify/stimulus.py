"""Feature vectors that reach every pattern an encoder can give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Encoder
from lgnc.verify.space import build_space

EXHAUSTIVE = 1 << 20
"""At most this many distinct input combinations are enumerated."""


def stimulus(encoder: Encoder, n: int, seed: int = 0) -> NDArray[Any]:
    """[rows, features] of the encoder's dtype: for each feature an interval between its thresholds, drawn uniformly,
    and of it the least or the greatest value.

    n rows, or, when the number of distinct combinations of intervals is at most n (and at most 2^20), each of them
    once.
    """
    columns, used = np.arange(len(encoder.names)), np.ones(encoder.bits, np.bool_)
    space, _ = build_space([encoder], [columns], [used])
    rng = np.random.default_rng(seed)
    points = space.all_points(0, space.size) if space.size <= min(n, EXHAUSTIVE) else space.points(n, rng)
    return space.values(points, rng).astype(encoder.dtype)
