"""Encoder thresholds in the features' own type, so that a feature is compared as it is, without a conversion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Encoder

ELEMENT = {"bool": "uint8"}
"""How a feature type is held where there is no bit type: a byte of 0 or 1."""


def native_thresholds(encoder: Encoder) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """(thresholds in the features' type, which bits are always true): bit = always or feature > threshold.

    A threshold above the type's range is clipped to the type's maximum, which nothing exceeds. One below the range
    cannot be written in the type; its bit is always true. A float64 threshold for float32 features is rounded
    towards minus infinity, which changes no comparison with a finite float32.
    """
    t = encoder.threshold
    dtype = np.dtype(ELEMENT.get(encoder.dtype, encoder.dtype))
    never = np.zeros(encoder.bits, np.bool_)
    if encoder.dtype == "float64":
        return t, never
    if encoder.dtype == "float32":
        with np.errstate(over="ignore"):
            near = t.astype(np.float32)
        below = np.where(near > t, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)
        return np.where(np.isfinite(below), below, np.float32(0)), ~np.isfinite(below)
    low, high = (0, 1) if encoder.dtype == "bool" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    return np.clip(t, low, high).astype(dtype), t < low
