"""A model's record of its table -> the columns of a row, for the targets that take whole rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lgnc.backends.row import RowColumn
from lgnc.data.features import Schema
from lgnc.ir.circuit import Circuit


def row_columns(circuit: Circuit, record: Mapping[str, Any], where: str) -> tuple[RowColumn, ...] | None:
    """The columns of the table that a circuit was trained on, in the order of its features.

    record: `columns` of the model's or the folder's record. None where there is no table (arrays, images, circuits
    without a model), or where the circuit's features are not those of the table. Raises BadInput for a damaged record.
    """
    if not record:
        return None
    schema = Schema.from_json(dict(record), where)
    same = (schema.feature_names, schema.dtype) == (circuit.encoder.names, circuit.encoder.dtype)
    if schema.shape is not None or not same or circuit.encoder.quantiser is not None:
        return None
    dtype = np.dtype(schema.dtype)
    return tuple(
        RowColumn(plan.name, np.asarray([plan.median]).astype(dtype)[0].item() + 0, plan.values, plan.missing)
        for plan in schema.columns
    )
