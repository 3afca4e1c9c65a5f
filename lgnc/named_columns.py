"""What has named columns: a DataFrame, an Arrow table, a structured array, a dict of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def named_columns(table: Any) -> tuple[list[Any], Callable[[Any], Any]] | None:
    """(labels, label -> column) of what has named columns, else None."""
    if isinstance(table, np.ndarray):
        return None if table.dtype.names is None else (list(table.dtype.names), table.__getitem__)
    if isinstance(table, Mapping):
        return list(table), table.__getitem__
    for attribute in ("column_names", "columns"):
        labels = getattr(table, attribute, None)
        if labels is not None and hasattr(table, "__getitem__"):
            return list(labels), table.__getitem__
    return None
