"""What running a compiled folder gives, whichever engine ran it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.sim.manifest import Manifest


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


class Runnable(Protocol):
    """A loaded network: what `lgnc.sim.load` calls too."""

    def predict(self, features: NDArray[Any]) -> NDArray[Any]: ...
    def scores(self, features: NDArray[Any]) -> NDArray[np.int32]: ...
    def outputs(self, features: NDArray[Any]) -> NDArray[np.bool_]: ...


def timed(engine: str, network: Runnable, manifest: Manifest, features: NDArray[Any], built: float) -> RunResult:
    """Scores and classes, or outputs, of [n, features] rows; `seconds` times the classes (or outputs) alone."""
    started = time.perf_counter()
    if manifest.classes is None:
        outputs = network.outputs(features)
        return RunResult(engine, None, None, outputs, time.perf_counter() - started, built)
    classes = network.predict(features)
    seconds = time.perf_counter() - started
    return RunResult(engine, network.scores(features), classes.astype(np.int64, copy=False), None, seconds, built)
