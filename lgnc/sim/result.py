"""What running a compiled network gives, whatever ran it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RunResult:
    """engine: what ran. scores: int32[n, classes] (popcount plus offset) and classes: int64[n] of a circuit with a
    head, else None. outputs: bool[n, outputs] of a circuit without one, else None.
    seconds: the run itself; built_seconds: what came before it (compiling, loading).
    """

    engine: str
    scores: NDArray[np.int32] | None
    classes: NDArray[np.int64] | None
    outputs: NDArray[np.bool_] | None
    seconds: float
    built_seconds: float
