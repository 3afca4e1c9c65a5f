"""Rows as an engine reads them, batch by batch: encoded, shuffled, and augmented when the data are images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.train.encoders import encode_rows, ramp_bounds, ramp_rows
from lgnc.train.prepare import Problem


def moved_pixels(shape: tuple[int, int, int], shifts: int, flips: bool) -> NDArray[np.int32]:
    """int32[moves, features]: the feature that each feature takes its value from; `features` itself means the fill.

    Row 0 is the picture as it is; then every shift by up to `shifts` pixels, and the same mirrored when `flips`.
    """
    height, width, channels = shape
    size = height * width * channels
    at = np.pad(np.arange(size).reshape(shape), ((shifts, shifts), (shifts, shifts), (0, 0)), constant_values=size)
    span = range(2 * shifts + 1)
    moves = [at[dy : dy + height, dx : dx + width] for dy in span for dx in span]
    moves.insert(0, moves.pop(len(moves) // 2))
    if flips:
        moves += [move[:, ::-1] for move in moves]
    return np.stack([move.reshape(-1) for move in moves]).astype(np.int32)


class Batches:
    """The rows of a problem. What is random depends on the seed and the step alone, so training can resume anywhere."""

    def __init__(self, problem: Problem) -> None:
        config, dataset = problem.config, problem.dataset
        self.problem = problem
        self.size = min(config.batch_size or 1, len(problem.fit))
        self.steps = len(problem.fit) // self.size
        """Steps an epoch: the rows that do not fill a batch wait for another epoch's order."""
        self._bounds = ramp_bounds(problem.encoder, dataset.x_train) if config.inputs == "real" else None
        self._moves = None
        if dataset.shape is not None and (config.shifts or config.flips):
            self._moves = moved_pixels(dataset.shape, config.shifts or 0, bool(config.flips))
        self._y = dataset.y_train[problem.fit]
        self._x = dataset.x_train[problem.fit]
        self._rows = self.encode(self._x)
        self._order = (-1, np.zeros(0, np.int64))

    def encode(self, x: NDArray[Any]) -> NDArray[Any]:
        """Rows for the engine: packed bits, or float32 ramps when the inputs are real."""
        if self._bounds is None:
            return encode_rows(self.problem.encoder, x)
        return ramp_rows(self.problem.encoder, x, *self._bounds)

    def batch(self, step: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """(rows, labels) of a step, counted from 0 over all epochs."""
        epoch, index = divmod(step, self.steps)
        if self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng([self.problem.config.seed, 3, epoch]).permutation(len(self._y)))
        chosen = self._order[1][index * self.size : (index + 1) * self.size]
        rows = self._rows[chosen]
        if self._moves is not None:
            rng = np.random.default_rng([self.problem.config.seed, 4, step])
            moved = np.flatnonzero(rng.random(self.size) < self.problem.config.augment)
            rows[moved] = self._move(chosen[moved], rng)
        return rows, self._y[chosen]

    def _move(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[Any]:
        assert self._moves is not None
        sources = self._moves[rng.integers(0, len(self._moves), len(chosen))]
        if self._bounds is None:
            from lgnc.train.move_rows import encode_moved

            return encode_moved(self.problem.encoder, self._x, chosen, sources, self.problem.fill)
        fill = np.full((len(chosen), 1), self.problem.fill, self._x.dtype)
        padded = np.concatenate([self._x[chosen], fill], axis=1)
        return self.encode(np.take_along_axis(padded, sources, axis=1))
