"""Rows as the trained table had them: columns by name, cells missing, categories as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Encoder
from lgnc.named_columns import named_columns


def table_rows(encoder: Encoder, record: Mapping[str, Any], table: Any) -> NDArray[Any] | None:
    """[n, features] of a table with the columns that training read, filled and encoded as there; None for others: no
    named columns, no record of a table, or the features' own names and nothing missing.

    record: `columns` of the folder's manifest. Raises BadInput for columns and cells that do not fit.
    """
    named = named_columns(table) if record else None
    if named is None:
        return None
    from lgnc.data.features import Schema
    from lgnc.data.held import hold
    from lgnc.data.held_rows import held_rows

    schema = Schema.from_json(dict(record), "manifest.json")
    if schema.feature_names != encoder.names or not schema.header:
        return None
    labels, column = named
    own = {plan.name for plan in schema.columns}
    raw = own - set(encoder.names)
    found = {str(label): label for label in labels}
    if not raw & set(found) and not (own <= set(found) and any(_has_gaps(column(found[name])) for name in own)):
        return None
    if not len(labels) or not len(column(labels[0])):
        return np.zeros((0, len(encoder.names)), encoder.dtype)
    held = hold(table)
    assert not isinstance(held, str)
    rows: NDArray[Any] = held_rows(held, encoder, dict(record), None, None, None)[0]
    return rows


def _has_gaps(cells: Any) -> bool:
    """Whether a column is not plain numbers: text, objects, NaN, masked values."""
    values = np.asanyarray(cells)
    if values.dtype.kind not in "buif" or np.ma.is_masked(values):
        return True
    return values.dtype.kind == "f" and bool(np.isnan(values).any())
