"""Checked rows of scikit-learn's as lgnc has its features, and lgnc's refusals in scikit-learn's kind of exception."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput

_WHOLE = ("bool", "uint8", "int16", "int32", "int64")


@contextmanager
def value_errors() -> Iterator[None]:
    """What lgnc refuses as BadInput is a ValueError here, as scikit-learn's users and tools expect."""
    try:
        yield
    except BadInput as error:
        raise ValueError(str(error)) from None


def plain_features(x: NDArray[Any]) -> NDArray[Any]:
    """[n, features] in a type that compiled code can have: whole numbers in the smallest one that holds them all.

    Floats are float32 where they were at most that, else float64, as are whole numbers beyond 2^63.
    """
    if x.dtype.kind == "b":
        return x
    if x.dtype.kind in "iu":
        low, high = int(x.min()), int(x.max())
        for name in _WHOLE[1:]:
            if np.iinfo(name).min <= low and high <= np.iinfo(name).max:
                return x.astype(name)
    return x.astype(np.float32 if x.dtype.kind == "f" and x.dtype.itemsize <= 4 else np.float64)


def names_of(estimator: Any) -> tuple[str, ...]:
    """The names of a fitted estimator's features: those of the table, else x0, x1, ... as scikit-learn calls them."""
    given = getattr(estimator, "feature_names_in_", None)
    return tuple(f"x{index}" for index in range(estimator.n_features_in_)) if given is None else tuple(map(str, given))
