"""Accuracies and the two gaps between what was trained and what is deployed."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc import __version__
from lgnc.data.class_figures import class_figures
from lgnc.data.dataset import Dataset
from lgnc.formats.lgn import Model
from lgnc.formats.lift import lift
from lgnc.ir.simulate import simulate
from lgnc.toolchain import package_version
from lgnc.train.network import Engine, Rows


def accuracy(scores: NDArray[Any], y: NDArray[np.int64]) -> float:
    """The share of rows whose highest score (the lowest index winning a tie) is the label's."""
    return float((scores.argmax(axis=1) == y).mean())


def gaps(engine: Engine, rows: NDArray[Any], bits: Rows, y: NDArray[np.int64]) -> dict[str, float]:
    """Accuracies of the engine's current logits on some rows, and the gaps between them.

    rows: as training reads them. bits: the same rows, encoded as they are deployed. selection_gap: training forward
    minus every gate fixed to its argmax, both on `rows`. computation_gap: fixed gates on `rows` minus on `bits`.
    """
    trained = accuracy(engine.scores(rows, hard=False), y)
    fixed = accuracy(engine.scores(rows, hard=True), y)
    deployed = fixed if rows is bits else accuracy(engine.scores(bits, hard=True), y)
    return {
        "accuracy": deployed,
        "train_mode_accuracy": trained,
        "selection_gap": trained - fixed,
        "computation_gap": fixed - deployed,
    }


_TRAIN_ROWS = 10_000
"""The accuracy on training rows is that of at most so many, evenly spread."""


def test_figures(
    engine: Engine, model: Model, dataset: Dataset, encode: Callable[[NDArray[Any]], NDArray[Any]]
) -> dict[str, Any]:
    """The figures on test rows; the deployed accuracy, what `class_figures` says beside it, and the accuracy on
    training rows are those of the model's own circuit, simulated.
    """
    x, y = dataset.x_test, dataset.y_test
    rows = encode(x)
    trained, fixed = (accuracy(engine.scores(rows, hard=hard), y) for hard in (False, True))
    circuit = lift(model)
    _, classes = simulate(circuit, x)
    chosen = slice(None, None, -(-len(dataset.y_train) // _TRAIN_ROWS))
    _, seen = simulate(circuit, dataset.x_train[chosen])
    deployed = float((classes == y).mean())
    return {
        "test_accuracy": deployed,
        "train_accuracy": float((seen == dataset.y_train[chosen]).mean()),
        "train_mode_accuracy": trained,
        "selection_gap": trained - fixed,
        "computation_gap": fixed - deployed,
        **class_figures(y, classes, model.class_names),
    }


def versions() -> dict[str, str | None]:
    """What made a model: lgnc and the packages whose arithmetic decides its bytes."""
    packages = {name: package_version(name) for name in ("torch", "numba", "numpy")}
    return {"lgnc": __version__, "python": platform.python_version(), **packages}
