"""Changing pictures by control grids, and encoding them: what image augmentation costs a step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Encoder
from lgnc.train.cpu.jit import compiled
from lgnc.train.network import Float32, Rows


def move_pictures(
    x: NDArray[Any], shape: tuple[int, int, int], chosen: NDArray[np.int64], grids: Float32, fill: Any
) -> NDArray[Any]:
    """Rows x[chosen], pictures of `shape` (height, width, channels), each changed by its grid of `draw_grids`.

    A place between pixels reads their bilinear mean (for integer features rounded to the nearest), one outside of the
    picture `fill`.
    """
    out = np.empty((len(chosen), x.shape[1]), x.dtype)
    half = np.float32(0 if x.dtype.kind == "f" else 0.5)
    _move(x, *shape, chosen, grids, np.float32(fill), half, out)
    return out


@compiled
def _move(
    x: Any, height: int, width: int, channels: int, chosen: Any, grids: Any, fill: Any, half: Any, out: Any
) -> None:
    cells = grids.shape[2] - 1
    one = np.float32(1)
    down, right = np.float32(cells / max(height - 1, 1)), np.float32(cells / max(width - 1, 1))
    for n in range(len(chosen)):
        row, grid, to = x[chosen[n]], grids[n], out[n]
        for i in range(height):
            place = np.float32(i) * down
            gi = min(int(place), cells - 1)
            fi = place - np.float32(gi)
            for j in range(width):
                place = np.float32(j) * right
                gj = min(int(place), cells - 1)
                fj = place - np.float32(gj)
                top = grid[0, gi, gj] * (one - fj) + grid[0, gi, gj + 1] * fj
                low = grid[0, gi + 1, gj] * (one - fj) + grid[0, gi + 1, gj + 1] * fj
                y = np.float32(i) + (top * (one - fi) + low * fi)
                top = grid[1, gi, gj] * (one - fj) + grid[1, gi, gj + 1] * fj
                low = grid[1, gi + 1, gj] * (one - fj) + grid[1, gi + 1, gj + 1] * fj
                z = np.float32(j) + (top * (one - fi) + low * fi)
                y0, z0 = int(np.floor(y)), int(np.floor(z))
                fy, fz = y - np.float32(y0), z - np.float32(z0)
                for c in range(channels):
                    value = np.float32(0)
                    for k in range(4):
                        yk, zk = y0 + (k >> 1), z0 + (k & 1)
                        share = (fy if k >> 1 else one - fy) * (fz if k & 1 else one - fz)
                        inside = 0 <= yk < height and 0 <= zk < width
                        pixel = np.float32(row[(yk * width + zk) * channels + c]) if inside else fill
                        value += share * pixel
                    if half > 0:
                        value = np.floor(value + half)
                    to[(i * width + j) * channels + c] = value


def encode_quickly(encoder: Encoder, x: NDArray[Any]) -> Rows:
    """`encode_rows`, compiled."""
    out = np.zeros((len(x), -(-encoder.bits // 64)), np.uint64)
    _encode(x, encoder.feature, encoder.threshold, out)
    return out


@compiled
def _encode(x: Any, feature: Any, threshold: Any, out: Any) -> None:
    bits = len(feature)
    for i in range(len(x)):
        row = x[i]
        for word in range(out.shape[1]):
            value = np.uint64(0)
            for bit in range(64 * word, min(64 * word + 64, bits)):
                value |= np.uint64(row[feature[bit]] > threshold[bit]) << np.uint64(bit & 63)
            out[i, word] = value
