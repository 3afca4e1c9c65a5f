"""A row as the trained table had it: what every column is, before it becomes features. `lgnc.flows.row_columns` reads
it from a model's record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RowColumn:
    """One column. A number is one feature, `median` standing for a missing one; a category (`values` is not None) is
    one binary feature per value, all 0 for a value that is none of them and for a missing one. `missing`: one more
    binary feature follows, 1 where the cell is missing; `gaps`: of a category, the texts that then stand for that.
    Where features are fixed-point codes, a number is a code too.
    """

    name: str
    median: int | float = 0
    values: tuple[str, ...] | None = None
    missing: bool = False
    gaps: tuple[str, ...] = ()

    @property
    def features(self) -> int:
        """How many features it becomes."""
        return (1 if self.values is None else len(self.values)) + self.missing


def first_features(row: Sequence[RowColumn]) -> list[int]:
    """The place of each column's first feature."""
    return [0, *accumulate(column.features for column in row)][: len(row)]


def features_of(
    row: Sequence[RowColumn], dtype: str, numbers: NDArray[Any], codes: NDArray[np.int64], missing: NDArray[np.bool_]
) -> NDArray[Any]:
    """[n, features] of `dtype`: what rows become.

    numbers, codes, missing: [n, columns]: a number's value; a category's place among its values, or any other number;
    and whether the cell is missing, whatever it holds.
    """
    x = np.zeros((len(missing), sum(column.features for column in row)), dtype)
    for at, (column, first) in enumerate(zip(row, first_features(row), strict=True)):
        gone = missing[:, at]
        if column.values is None:
            x[:, first] = np.where(gone, np.array(column.median, dtype), numbers[:, at])
        else:
            known = np.flatnonzero(~gone & (codes[:, at] >= 0) & (codes[:, at] < len(column.values)))
            x[known, first + codes[known, at]] = 1
        if column.missing:
            x[:, first + column.features - 1] = gone
    return x
