"""What simple models of scikit-learn reach on the rows that a network was trained and tested on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.class_figures import class_figures
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.toolchain import require_package

MOST_ROWS = 10_000
"""Training rows of a baseline; of more, so many drawn by the seed."""

_LARGEST = 1e30
"""Larger features are cut to this: forests compare float32."""


def baselines(dataset: Dataset, seed: int) -> list[dict[str, Any]]:
    """Accuracy on the test rows of a forest of 100 trees and of a logistic regression, trained on the training rows.

    JSON data, one object each: 'name', 'rows' (trained on), 'accuracy', and what `class_figures` says beside it but
    for the recall. The same data and seed give the same figures. Raises BadInput without test rows, ToolMissing
    without scikit-learn.
    """
    require_package("scikit-learn")
    if not len(dataset.y_test):
        raise BadInput("has no test rows", where=dataset.name, fix="leave out --baselines")
    chosen = np.random.default_rng(seed).permutation(len(dataset.y_train))[:MOST_ROWS]
    x, y = _features(dataset.x_train[chosen]), dataset.y_train[chosen]
    x_test, found = _features(dataset.x_test), []
    for name, make in (("random forest", _forest), ("logistic regression", _regression)):
        answers = _answers(make, x, y, x_test, seed)
        figures = class_figures(dataset.y_test, answers, dataset.class_names)
        accuracy = float((answers == dataset.y_test).mean())
        found.append({"name": name, "rows": len(y), "accuracy": accuracy, **_without_recall(figures)})
    return found


def _without_recall(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key != "recall"}


def _features(x: NDArray[Any]) -> NDArray[np.float64]:
    return np.clip(x.astype(np.float64), -_LARGEST, _LARGEST)


def _answers(
    make: Callable[[int], Any], x: NDArray[np.float64], y: NDArray[np.int64], x_test: NDArray[np.float64], seed: int
) -> NDArray[np.int64]:
    """int64[n]: the classes that a model finds for the test rows."""
    if len(np.unique(y)) == 1:
        return np.full(len(x_test), y[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A regression that has not settled after its iterations is a baseline too.
        return np.asarray(make(seed).fit(x, y).predict(x_test), np.int64)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=100, random_state=seed % 2**32)


def _regression(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=200, random_state=seed % 2**32))
