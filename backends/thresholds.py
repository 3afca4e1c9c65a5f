"""Encoder thresholds in the features' own type, so that a feature is compared as it is, without a conversion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Encoder

ELEMENT = {"bool": "uint8"}
"""How a feature type is held where there is no bit type: a byte of 0 or 1."""


def always_true(encoder: Encoder) -> NDArray[np.bool_]:
    """bool[bits]: the bits that every feature value exceeds, which no threshold of the features' type can say."""
    always: NDArray[np.bool_] = encoder.threshold < encoder.range[0]
    return always


def native_thresholds(encoder: Encoder) -> NDArray[Any]:
    """Thresholds in the features' type that compare as the encoder's do, but for bits that are `always_true`.

    One above the type's range is clipped to the type's maximum, which nothing exceeds. A float64 threshold for
    float32 features is rounded towards minus infinity, which changes no comparison with a finite float32.
    """
    dtype = np.dtype(ELEMENT.get(encoder.dtype, encoder.dtype))
    low, high = encoder.range
    clipped = np.clip(encoder.threshold, low, high)
    near = clipped.astype(dtype)
    if encoder.dtype == "float32":
        above = near > clipped
        near[above] = np.nextafter(near[above], np.float32(-np.inf))
    return near
