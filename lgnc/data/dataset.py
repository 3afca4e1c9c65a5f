"""Features and labels, split into training and test rows: what training and simulation read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of one table or set of images.

    x_train, x_test: [n, features], all of one of `lgnc.ir.circuit.FEATURE_DTYPES`, finite.
    y_train, y_test: int64[n], indices into class_names. columns: JSON data that says how a table's columns became
    features (empty for the named image sets), so that another file can be read the same way.
    shape: (height, width, channels) of an image, features in row-major order with the channel last, or None.
    notes: what was converted, guessed or left out, one line each. label: how the label column was chosen.
    """

    name: str
    x_train: NDArray[Any]
    y_train: NDArray[np.int64]
    x_test: NDArray[Any]
    y_test: NDArray[np.int64]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    columns: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, int, int] | None = None
    notes: tuple[str, ...] = ()
    label: str = ""
