"""The encoder laid out for the C evaluator: rows in groups of consecutive features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.thresholds import native_thresholds
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Encoder, Head, Int32

VECTOR_BYTES, WORD_BYTES = 64, 8
"""Features are compared this many bytes at a time: a group is so many bytes of consecutive features of a sample. Where
the features are fewer than a vector holds, it is a word of them, and a vector holds one feature of many samples."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Encoder rows in groups of consecutive features, one threshold each; a group has as many rows as features.

    width: features of a group. stretches: int32[stretches, 2], (first feature, groups), the groups of a stretch one
    after another. threshold: [groups * width], in the features' order. row: int32[bits], the row of each encoder bit.
    """

    width: int
    stretches: Int32
    threshold: NDArray[Any]
    row: Int32


def feature_groups(encoder: Encoder) -> Groups:
    """Cover the encoder's bits with groups: the n-th bits of the features of one stretch stand together.

    A row that no bit needs has the type's highest value for a threshold.
    """
    threshold = native_thresholds(encoder)
    width = VECTOR_BYTES // threshold.dtype.itemsize
    if len(encoder.names) < width and encoder.dtype != "bool":
        width = WORD_BYTES // threshold.dtype.itemsize
    limits = np.finfo if encoder.is_float else np.iinfo
    order = np.lexsort((encoder.threshold, encoder.feature))
    feature = encoder.feature[order]
    new = np.ones(len(feature), np.bool_)
    new[1:] = feature[1:] != feature[:-1]
    begin = np.flatnonzero(new)
    rank = np.arange(len(feature)) - np.repeat(begin, np.diff(np.append(begin, len(feature))))
    stretch = np.minimum(feature // width * width, max(0, len(encoder.names) - width))
    cells, group = np.unique(np.stack([stretch, rank]), axis=1, return_inverse=True)
    group = group.reshape(-1)
    place = feature - stretch
    table = np.full(cells.shape[1] * width, limits(threshold.dtype).max, threshold.dtype)
    table[group * width + place] = threshold[order]
    row = np.zeros(encoder.bits, np.int32)
    row[order] = group * width + place
    first, groups = np.unique(cells[0], return_counts=True)
    return Groups(width, np.stack([first, groups], axis=1).astype(np.int32), table, row)


def check_scores(head: Head) -> None:
    """Raise BadInput when a class score could leave int32."""
    high = head.offset.astype(np.int64) + np.diff(head.starts)
    if high.max() > np.iinfo(np.int32).max:
        name = head.names[int(high.argmax())]
        raise BadInput(f"the score of class '{name}' can exceed 32 bits", fix="lower its offset")
