"""Stratified splitting into training and test rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def stratified_split(y: Ints, test_fraction: float, seed: int) -> tuple[Ints, Ints]:
    """The training and the test rows, ascending, of int64[n] class indices `y`: the same for the same arguments.

    Of each class, round(test_fraction * rows) rows are for test, but at least one row stays on either side when the
    class has two or more; a class with one row is for training. Fractions 0 and 1 leave one side empty.
    """
    order = np.random.default_rng(seed).permutation(len(y))
    test = np.full(len(y), test_fraction == 1)
    if 0 < test_fraction < 1:
        by_class = order[np.argsort(y[order], kind="stable")]
        counts = np.bincount(y)
        wanted = np.clip(np.rint(test_fraction * counts).astype(np.int64), 1, np.maximum(counts - 1, 0))
        rank = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
        test[by_class] = rank < np.repeat(wanted, counts)
    return np.flatnonzero(~test), np.flatnonzero(test)
