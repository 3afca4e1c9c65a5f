"""A model's record of its table -> the columns of a row, for the targets that take whole rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lgnc.backends.row import RowColumn, first_features
from lgnc.data.features import Schema
from lgnc.data.table import MISSING
from lgnc.ir.circuit import Circuit
from lgnc.ir.quantiser import Quantiser


def row_columns(circuit: Circuit, record: Mapping[str, Any], where: str) -> tuple[RowColumn, ...] | None:
    """The columns of the table that a circuit was trained on, in the order of its features.

    record: `columns` of the model's or the folder's record. None where there is no table (arrays, images, circuits
    without a model), or where the circuit's features are not those of the table. Raises BadInput for a damaged record.
    """
    if not record:
        return None
    schema = Schema.from_json(dict(record), where)
    quantiser = circuit.encoder.quantiser
    dtype = schema.dtype if quantiser is None else circuit.encoder.dtype
    if schema.shape is not None or (schema.feature_names, dtype) != (circuit.encoder.names, circuit.encoder.dtype):
        return None
    columns = _as_they_are(schema)
    if quantiser is not None and not _binaries_stay(columns, quantiser):
        return None
    found = []
    for column, first in zip(columns, first_features(columns), strict=True):
        median = np.asarray([[column.median]])
        filled = median if quantiser is None else quantiser.column(first).codes(median, dtype)
        found.append(replace(column, median=filled.astype(dtype)[0, 0].item() + 0))
    return tuple(found)


def _as_they_are(schema: Schema) -> list[RowColumn]:
    """The columns with medians in their own units."""
    columns = []
    for plan in schema.columns:
        gaps = () if plan.values is None or not plan.missing else tuple(sorted({*MISSING, *schema.na} - {*plan.values}))
        columns.append(RowColumn(plan.name, plan.median, plan.values, plan.missing, gaps))
    return columns


def _binaries_stay(columns: Sequence[RowColumn], quantiser: Quantiser) -> bool:
    """Whether 0 and 1 of every binary feature are their own codes, as training leaves them."""
    same = (quantiser.scale == 1) & (quantiser.offset == 0)
    numbers = [first for column, first in zip(columns, first_features(columns), strict=True) if column.values is None]
    return bool(np.delete(same, numbers).all())
