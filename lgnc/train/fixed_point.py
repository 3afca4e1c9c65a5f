"""Fitting fixed-point codes to training rows, a scale and an offset per column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.ir.quantiser import LARGEST_OFFSET, SCALE_EXPONENTS, Quantiser

_TAIL = 0.002
"""The share of rows at each end that may be held to the ends of the type, where the others then get finer codes."""


def check_floats(dataset: Dataset) -> None:
    """Raise BadInput for features that are integers as they are."""
    if dataset.x_train.dtype.kind != "f":
        what = f"the features are {dataset.x_train.dtype} as they are: no quantiser is needed"
        raise BadInput(what, where="--fixed-point", fix="leave it out")


def in_codes(dataset: Dataset, dtype: str, fit: NDArray[np.int64]) -> tuple[Dataset, Quantiser]:
    """The data set with codes of `dtype` for values, and the quantiser, fitted on the training rows `fit`.

    The features are floats (`check_floats`). Raises BadInput for a column whose values are too large or lie too close.
    """
    columns = [_fitted(column, dtype) for column in np.ascontiguousarray(dataset.x_train[fit].T, np.float64)]
    wrong = [name for name, found in zip(dataset.feature_names, columns, strict=True) if found is None]
    if wrong:
        what = f"column '{wrong[0]:.60}' has values that fixed point cannot tell apart"
        raise BadInput(what, where="--fixed-point", fix="subtract what they have in common, or leave the column out")
    scale, offset = zip(*(found for found in columns if found is not None), strict=True)
    quantiser = Quantiser(np.array(scale, np.float64), np.array(offset, np.int64))
    train, test = (quantiser.codes(x, dtype) for x in (dataset.x_train, dataset.x_test))
    return replace(dataset, x_train=train, x_test=test), quantiser


def _fitted(column: NDArray[np.float64], dtype: str) -> tuple[float, int] | None:
    """(scale, offset) of a column: the finest power of two with which its range fits the type, see `_range`.

    Where that loses nothing, the coarsest that loses nothing, no coarser than 1, and no offset where none is needed:
    whole numbers that fit are their own codes. None where the values lie too far apart, or too close for their size.
    """
    info = np.iinfo(dtype)
    low, high = _range(column)
    if high > low:
        exponent = _exponent((high - low) / (int(info.max) - int(info.min) - 1))
    else:
        exponent = max(0, int(np.frexp(low)[1]) - 6)
    if exponent is None or not SCALE_EXPONENTS[0] <= exponent <= SCALE_EXPONENTS[1]:
        return None
    largest = max(abs(low), abs(high))
    if largest >= np.ldexp(1.0, min(exponent + 50, 1000)):
        return None
    while exponent < 0 and _whole(column, exponent) and _whole(column, exponent + 1):
        exponent += 1
    scale = float(np.ldexp(1.0, exponent))
    if info.min <= np.rint(low / scale) and np.rint(high / scale) <= info.max:
        return scale, 0
    middle = int(np.rint((low / 2 + high / 2) / scale))
    offset = middle - (int(info.min) + int(info.max) + 1) // 2
    return (scale, offset) if abs(offset) <= LARGEST_OFFSET else None


def _whole(column: NDArray[np.float64], exponent: int) -> bool:
    """Whether every value is a whole multiple of the power of two."""
    steps = np.ldexp(column, -exponent)
    return bool((steps == np.rint(steps)).all())


def _range(column: NDArray[Any]) -> tuple[float, float]:
    """The least and greatest value; without the tails, where these take more than half of the range."""
    low, high = float(column.min()), float(column.max())
    inner = np.quantile(column, [_TAIL, 1 - _TAIL])
    near, far = float(inner[0]), float(inner[1])
    if far > near and (high / 2 - low / 2) > (far - near):
        return near, far
    return low, high


def _exponent(step: float) -> int | None:
    """The least power of two that is no less than `step`; None where it is not finite."""
    if not np.isfinite(step) or step <= 0:
        return None
    part, exponent = np.frexp(step)
    return int(exponent) - int(part == 0.5)
