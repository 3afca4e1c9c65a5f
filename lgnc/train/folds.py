"""Cross-validation that compares settings row by row: which held-out rows each of them gets right, fold after fold."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift
from lgnc.ir.simulate import simulate
from lgnc.train.config import TrainConfig

Bools = NDArray[np.bool_]

FOLDS = 3
MOST_REPEATS = 3
REPEATED_ROWS = 1500
"""Few rows are split several times, so that about so many are held out in all."""


@dataclass(frozen=True, eq=False)
class Folds:
    """The training rows, split FOLDS ways by class, once or several times; a class of one row is always trained on.

    parts: a data set for each fold, which is its test rows. rows: their indices, int64, in the training rows. weights:
    float64[training rows], what each counts for, 1 on average.
    """

    parts: tuple[Dataset, ...]
    rows: tuple[NDArray[np.int64], ...]
    weights: NDArray[np.float64]

    @staticmethod
    def of(dataset: Dataset, seed: int, *, balance: bool = False) -> Folds:
        """The folds of a data set's training rows. balance: every class counts the same, however few its rows are.

        Raises BadInput where no class has two rows.
        """
        parts, rows, y = [], [], dataset.y_train
        if not len(y) or np.bincount(y).max() < 2:
            fix = "leave out --search, or give more rows"
            raise BadInput("has no class with two training rows to hold one out", where=dataset.name, fix=fix)
        for repeat in range(max(1, min(MOST_REPEATS, REPEATED_ROWS // len(y)))):
            fold = _fold_of_rows(y, np.random.default_rng([seed, 6, repeat]))
            for index in np.unique(fold[fold >= 0]):
                test, x = fold == index, dataset.x_train
                parts.append(replace(dataset, x_train=x[~test], y_train=y[~test], x_test=x[test], y_test=y[test]))
                rows.append(np.flatnonzero(test))
        counts = np.bincount(y)
        weights = 1 / counts[y] if balance else np.ones(len(y))
        return Folds(tuple(parts), tuple(rows), weights / weights.mean())

    def accuracy(self, right: Sequence[Bools]) -> float:
        """The weighted share of right answers; right: bool[rows] of each of the first folds."""
        return self._mean(self._shares(right))[0]

    def lead(self, ours: Sequence[Bools], theirs: Sequence[Bools]) -> tuple[float, float]:
        """By how much ours is more accurate than theirs, and the standard error of that.

        On the folds that both have: a row counts by the difference of its shares of right answers.
        """
        both = min(len(ours), len(theirs))
        return self._mean(self._shares(ours[:both]) - self._shares(theirs[:both]))

    def _shares(self, right: Sequence[Bools]) -> NDArray[np.float64]:
        """float64[training rows]: how often each was answered rightly, NaN for those that were not asked."""
        rows = np.concatenate(self.rows[: len(right)])
        count, total = (np.bincount(rows, each, len(self.weights)) for each in (None, np.concatenate(right)))
        shares = np.full(len(count), np.nan)
        np.divide(total, count, out=shares, where=count > 0)
        return shares

    def _mean(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """The weighted mean of the values that are there, and its standard error."""
        there = ~np.isnan(values)
        weights, values = self.weights[there], values[there]
        deviation = (values * weights / weights.mean()).std()
        return float(np.average(values, weights=weights)), float(deviation / np.sqrt(max(len(values) - 1, 1)))

    def pack(self, right: Sequence[Bools]) -> str:
        """The answers as text, eight rows a byte."""
        return base64.b64encode(np.packbits(np.concatenate(right)).tobytes()).decode()

    def unpack(self, text: str) -> list[Bools]:
        """What `pack` made of the answers on all folds."""
        sizes = [len(rows) for rows in self.rows]
        bits = np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=sum(sizes)).astype(np.bool_)
        return np.split(bits, np.cumsum(sizes)[:-1])


def _fold_of_rows(y: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """int64[rows]: the fold that each row is held out in, -1 for none."""
    fold = np.full(len(y), -1)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        fold[rows] = (np.arange(len(rows)) + rng.integers(FOLDS)) % FOLDS if len(rows) > 1 else -1
    return fold


def right_answers(part: Dataset, config: TrainConfig) -> Bools:
    """Which of a data set's test rows a network gets right that was trained on its training rows: bool[test rows]."""
    from lgnc.train.loop import train

    model = train(part, replace(config, time_budget=None)).model
    right: Bools = simulate(lift(model), part.x_test)[1] == part.y_test
    return right
