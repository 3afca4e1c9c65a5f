"""A model's record of its table -> the columns of a row, for the targets that take whole rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lgnc.backends.row import RowColumn
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
    if quantiser is not None and not _binaries_stay(schema, quantiser):
        return None
    columns, first = [], 0
    for plan in schema.columns:
        median = np.asarray([[plan.median]])
        filled = median if quantiser is None else quantiser.column(first).codes(median, dtype)
        gaps = () if plan.values is None or not plan.missing else tuple(sorted({*MISSING, *schema.na} - {*plan.values}))
        number = filled.astype(dtype)[0, 0].item() + 0
        columns.append(RowColumn(plan.name, number, plan.values, plan.missing, gaps))
        first += columns[-1].features
    return tuple(columns)


def _binaries_stay(schema: Schema, quantiser: Quantiser) -> bool:
    """Whether 0 and 1 of every binary feature are their own codes, as training leaves them."""
    binary: list[int] = []
    first = 0
    for plan in schema.columns:
        last = first + len(plan.feature_names)
        binary += range(first + (plan.values is None), last)
        first = last
    return bool((quantiser.scale[binary] == 1).all() and (quantiser.offset[binary] == 0).all())
