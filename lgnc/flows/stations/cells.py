"""Cells of a table's rows for the stations that fill such rows in: numbers, categories, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.row import RowColumn, first_features
from lgnc.flows.stations.batches import rows_of
from lgnc.flows.stations.visit import Visit

Cells = tuple[NDArray[Any], NDArray[np.int64], NDArray[np.bool_]]
"""numbers, codes, missing: as of `lgnc.backends.row.features_of`."""


def most_rows(visit: Visit) -> int:
    """How many rows are tried: fewer where a row has many features."""
    return min(512, max(16, 32_768 // max(1, len(visit.circuit.encoder.names))))


def row_cells(visit: Visit, row: Sequence[RowColumn]) -> Cells:
    """Cells [n, columns]: the numbers of the most telling rows; each value of each category, and another; cells missing
    one by one, in groups and all at once.
    """
    widest = max(len(column.values or ()) for column in row) + 1
    count = max(widest, most_rows(visit))
    numbers = rows_of(visit, count)[:, first_features(row)]
    rng = np.random.default_rng(len(row))
    codes = np.stack([rng.integers(0, len(column.values or ()) + 1, count) for column in row], axis=1)
    missing = rng.random(codes.shape) < rng.choice([0.0, 0.2, 1.0], (count, 1), p=[0.3, 0.6, 0.1])
    codes[:widest] = np.arange(widest)[:, None] % np.array([len(column.values or ()) + 1 for column in row])
    missing[:widest] = False
    alone = np.arange(min(len(row), count - widest))
    missing[widest + alone] = alone[:, None] == np.arange(len(row))
    return numbers, codes, missing
