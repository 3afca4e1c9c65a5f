"""Fixed-point codes in the place of measured values: what a sensor's code, or a column's value, is to a network.

The code of a value is `round(value / scale) - offset`, half to even, held within the codes' type. A scale is a power of
two, so that no step but the rounding loses anything: a code is the same in double precision, in single, and by shifts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CODES = "codes of values: round(value / scale) - offset"
"""What emitted files say that features are."""

CODE_DTYPES = ("int8", "int16")
SCALE_EXPONENTS = (-200, 200)
"""Of a scale, as a power of two: no quotient of a measurement and a scale is beyond a double."""

LARGEST_OFFSET = 1 << 51


@dataclass(frozen=True, eq=False)
class Quantiser:
    """scale: float64[features], a power of two each, in the column's own unit. offset: int64[features], in codes."""

    scale: NDArray[np.float64]
    offset: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name, dtype in (("scale", "float64"), ("offset", "int64")):
            array = np.array(getattr(self, name), dtype=dtype, copy=None, order="C").view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def exponents(self) -> NDArray[np.int64]:
        """int64[features]: the scales are 2 to these."""
        return np.frexp(self.scale)[1].astype(np.int64) - 1

    def codes(self, values: NDArray[Any], dtype: str) -> NDArray[Any]:
        """[n, features] codes of [n, features] values; those beyond the codes' type are its ends, NaN is the lower."""
        info = np.iinfo(dtype)
        with np.errstate(over="ignore"):
            steps = np.rint(values.astype(np.float64) / self.scale)
        held = np.fmin(np.fmax(steps, self.offset + info.min), self.offset + info.max)
        found: NDArray[Any] = held - self.offset
        return found.astype(dtype)

    def values(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """float64[n, features]: the value in the middle of each code's step."""
        middle: NDArray[np.float64] = (codes.astype(np.int64) + self.offset) * self.scale
        return middle

    def edge(self, feature: int, code: int) -> float:
        """The value between the steps of a feature's code and of the next."""
        return float((code + self.offset[feature] + 0.5) * self.scale[feature])

    def texts(self) -> list[str]:
        """What people are told of each feature's codes."""
        pairs = zip(self.scale.tolist(), self.offset.tolist(), strict=True)
        return [f"scale {scale!r}, offset {offset}" for scale, offset in pairs]

    def column(self, index: int) -> Quantiser:
        """The quantiser of one column."""
        return Quantiser(self.scale[index : index + 1], self.offset[index : index + 1])

    def same(self, other: Quantiser | None) -> bool:
        """Whether every value has the same code."""
        return (
            other is not None and np.array_equal(self.scale, other.scale) and np.array_equal(self.offset, other.offset)
        )


def quantiser_faults(quantiser: Quantiser, features: int, dtype: str) -> Iterator[str]:
    """What is wrong with the quantiser of so many features."""
    if dtype not in CODE_DTYPES:
        yield f"codes of type {dtype} are not one of {', '.join(CODE_DTYPES)}"
    if not quantiser.scale.shape == quantiser.offset.shape == (features,):
        yield f"{len(quantiser.scale)} scales and {len(quantiser.offset)} offsets for {features} features"
    low, high = SCALE_EXPONENTS
    part, exponent = np.frexp(quantiser.scale)
    if not (np.isfinite(quantiser.scale) & (part == 0.5) & (exponent - 1 >= low) & (exponent - 1 <= high)).all():
        yield f"a scale is not a power of two from 2^{low} to 2^{high}"
    if ((quantiser.offset < -LARGEST_OFFSET) | (quantiser.offset > LARGEST_OFFSET)).any():
        yield f"an offset is beyond {LARGEST_OFFSET}"
