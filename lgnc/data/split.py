"""Splitting into training and test rows: by class, by group, or by place."""

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


def last_split(rows: int, test_fraction: float) -> tuple[Ints, Ints]:
    """The first and the last of so many rows: round(test_fraction * rows) for test, at least one on either side.

    Fractions 0 and 1 leave one side empty.
    """
    wanted = round(test_fraction * rows)
    if 0 < test_fraction < 1 and rows > 1:
        wanted = min(max(wanted, 1), rows - 1)
    return np.arange(rows - wanted), np.arange(rows - wanted, rows)


def group_split(y: Ints, groups: Ints, test_fraction: float, seed: int) -> tuple[Ints, Ints]:
    """The training and the test rows, ascending: all rows of a group lie on the same side.

    y: int64[n] class indices; groups: int64[n], two groups or more. Groups go to the test rows, in an order drawn from
    `seed`, the large ones first, while that brings the rows of each class closer to their share. At least one group
    lies on either side; fractions 0 and 1 leave one side empty.
    """
    if test_fraction in (0, 1):
        return last_split(len(y), test_fraction)
    _, groups = np.unique(groups, return_inverse=True)
    table = np.zeros((groups.max() + 1, y.max() + 1), np.int64)
    np.add.at(table, (groups, y), 1)
    wanted = test_fraction * table.sum(axis=0)
    order = np.random.default_rng(seed).permutation(len(table))
    order = order[np.argsort(-table[order].sum(axis=1), kind="stable")]
    taken, chosen = np.zeros(table.shape[1]), np.zeros(len(table), np.bool_)
    for group in order.tolist():
        if np.abs(taken + table[group] - wanted).sum() < np.abs(taken - wanted).sum():
            taken, chosen[group] = taken + table[group], True
    if not chosen.any():
        chosen[order[-1]] = True
    if chosen.all():
        chosen[order[-1]] = False
    test = chosen[groups]
    return np.flatnonzero(~test), np.flatnonzero(test)
