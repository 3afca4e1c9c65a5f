"""Changes to pictures that keep their class, drawn at random: shifts, mirroring, turns, zooms and smooth warps.

A change is a control grid: how far the place that a pixel is read from lies from the pixel itself, at GRID x GRID
points spread evenly from corner to corner, and bilinear between them. Whatever is linear in the place it has exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.train.network import Float32
from lgnc.train.resolve import ResolvedConfig

GRID = 5
"""Control points each way: 7 pixels apart in a picture of 28."""


def only_crops(config: ResolvedConfig) -> bool:
    """Whether pictures are moved by whole pixels and mirrored at most, which can be done to packed rows."""
    return not (config.rotate or config.zoom or config.elastic)


def draw_crops(
    config: ResolvedConfig, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(int64[count, 2], bool[count]): shifts by up to `shifts` pixels, and whether a picture is mirrored first."""
    shifts, flips = rng.integers(-config.shifts, config.shifts + 1, (count, 2)), rng.random(count) < 0.5
    return shifts, flips & config.flips


def draw_grids(config: ResolvedConfig, shape: tuple[int, int, int], count: int, rng: np.random.Generator) -> Float32:
    """float32[count, 2, GRID, GRID]: changes, as `config` asks, of pictures of `shape` (height, width, channels).

    Each is a whole-pixel shift by up to `shifts`; mirrored or not, with `flips`; a turn by up to `rotate` degrees; a
    zoom of each axis and a shear by up to the share `zoom`; and control points moved by up to `elastic` pixels.
    """
    shifts, zoom, elastic = config.shifts, config.zoom, config.elastic
    turn = np.radians(config.rotate) * rng.uniform(-1, 1, count)
    stretch = np.eye(2)[:, :, None] + zoom * rng.uniform(-1, 1, (2, 2, count))
    stretch[1, 0] = 0.0  # Sheared along one axis: along both it would be turned as well.
    if config.flips:
        stretch[:, 1] *= np.where(rng.random(count) < 0.5, -1.0, 1.0)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    matrices = np.einsum("ijn,jkn->nik", turned, stretch)
    grids = linear_grids(matrices, rng.integers(-shifts, shifts + 1, (count, 2)), shape)
    warped: Float32 = (grids + elastic * rng.uniform(-1, 1, grids.shape)).astype(np.float32)
    return warped


def linear_grids(matrices: NDArray[Any], shifts: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """float64[n, 2, GRID, GRID]: a pixel p, as (row, column) from the middle, is read from matrices[n] @ p + shifts[n].

    matrices: [n, 2, 2]. shifts: [n, 2], in pixels.
    """
    line = np.linspace(-0.5, 0.5, GRID)
    places = np.stack(np.meshgrid(line * (shape[0] - 1), line * (shape[1] - 1), indexing="ij"))
    grids: NDArray[np.float64] = np.einsum("nij,jyx->niyx", matrices - np.eye(2), places) + shifts[:, :, None, None]
    return grids
