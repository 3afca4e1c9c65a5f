"""What running a compiled folder gives, whichever engine ran it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RunResult:
    """scores: int32[n, classes] and classes: int64[n] of a circuit with a head; outputs: bool[n, outputs] of one without.

    engine: what ran it. seconds: the run itself. built_seconds: what came before it (compiling, loading).
    """

    engine: str
    scores: NDArray[np.int32] | None
    classes: NDArray[np.int64] | None
    outputs: NDArray[np.bool_] | None
    seconds: float
    built_seconds: float
