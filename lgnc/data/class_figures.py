"""How good an accuracy is: its standard error, the majority share, balanced accuracy and each class's recall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def class_figures(y: NDArray[np.int64], found: NDArray[np.int64], names: Sequence[str]) -> dict[str, Any]:
    """Figures of int64[n] labels and the classes found for them, n above 0; both index `names`.

    standard_error: of the accuracy p, sqrt(p (1 - p) / n); where all rows or none are right, that of one row less or
    more, since a few rows do not make it certain. majority_share: the accuracy of always answering the most frequent
    class of these rows. recall: for each class with rows, [rows found, rows]; balanced_accuracy: the mean of their
    shares.
    """
    rows = np.bincount(y, minlength=len(names))
    right = np.bincount(y[y == found], minlength=len(names))
    share = min(max(int(right.sum()), 1), max(len(y) - 1, 1)) / max(len(y), 2)
    present = rows > 0
    return {
        "standard_error": math.sqrt(share * (1 - share) / len(y)),
        "majority_share": int(rows.max()) / len(y),
        "balanced_accuracy": float((right[present] / rows[present]).mean()),
        "recall": {names[place]: [int(right[place]), int(rows[place])] for place in np.flatnonzero(present).tolist()},
    }
