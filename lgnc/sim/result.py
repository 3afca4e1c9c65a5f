"""What running a compiled folder gives, whichever engine ran it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput


@dataclass(frozen=True, eq=False)
class RunResult:
    """scores: int32[n, classes] and classes: int64[n] of a circuit with a head; outputs: bool[n, outputs] without one.

    engine: what ran it. seconds: the run itself. built_seconds: what came before it (compiling, loading).
    """

    engine: str
    scores: NDArray[np.int32] | None
    classes: NDArray[np.int64] | None
    outputs: NDArray[np.bool_] | None
    seconds: float
    built_seconds: float

    def accuracy(self, y: NDArray[np.int64]) -> float:
        """The share of rows whose class is y (int64[n]). Raises BadInput when there are no classes."""
        if self.classes is None:
            raise BadInput("a circuit without a head has no classes", fix="compare it with 'lgnc verify'")
        return float((self.classes == y).mean())
