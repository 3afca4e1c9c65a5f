"""Rows as an engine reads them, batch by batch: encoded, shuffled, and augmented when the data are images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.train.augment import draw_crops, draw_grids, only_crops
from lgnc.train.encoders import encode_rows, ramp_bounds, ramp_rows
from lgnc.train.network import Rows
from lgnc.train.prepare import Problem, steps_of_epoch


class Batches:
    """The rows of a problem. What is random depends on the seed and the step alone, so training can resume anywhere."""

    def __init__(self, problem: Problem) -> None:
        config, dataset = problem.config, problem.dataset
        self.problem = problem
        self.size = min(config.batch_size, len(problem.fit))
        self.steps = steps_of_epoch(len(problem.fit), config.batch_size)
        """Steps an epoch: the rows that do not fill a batch wait for another epoch's order."""
        self._bounds = ramp_bounds(problem.encoder, dataset.x_train) if config.inputs == "real" else None
        self._augmented = dataset.shape is not None and config.augments
        self._y = dataset.y_train[problem.fit]
        self._x = dataset.x_train[problem.fit]
        self._rows = self.encode(self._x)
        self._order = (-1, np.zeros(0, np.int64))
        self._crops = self._augmented and bool(config.layer) and self._bounds is None and only_crops(config)
        """Bits of a grid, each pixel with the same number of them, are moved as they are."""
        self._mirrored = self._rows
        if self._crops and config.flips:
            self._mirrored = self._cropping().mirror_rows(self._rows, *self._grid())

    def _cropping(self) -> Any:
        from lgnc.train.cpu import crop_rows

        return crop_rows

    def _grid(self) -> tuple[int, int, int]:
        """Height, width and bits a pixel."""
        shape = self.problem.dataset.shape
        assert shape is not None
        return shape[0], shape[1], self.problem.encoder.bits // (shape[0] * shape[1])

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
        if self._augmented:
            rng = np.random.default_rng([self.problem.config.seed, 4, step])
            moved = np.flatnonzero(rng.random(self.size) < self.problem.config.augment)
            rows[moved] = self._move(chosen[moved], rng)
        return rows, self._y[chosen]

    def _move(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[Any]:
        from lgnc.train.cpu.move_rows import encode_quickly, move_pictures

        if self._crops:
            drawn = draw_crops(self.problem.config, len(chosen), rng)
            cropped: Rows = self._cropping().crop_rows(self._rows, self._mirrored, chosen, *drawn, self._grid())
            return cropped
        shape = self.problem.dataset.shape
        assert shape is not None
        grids = draw_grids(self.problem.config, shape, len(chosen), rng)
        moved = move_pictures(self._x, shape, chosen, grids, self.problem.fill)
        return encode_quickly(self.problem.encoder, moved) if self._bounds is None else self.encode(moved)
