"""Shifting and mirroring pictures that are rows of bits already: a grid of places, `depth` bits each.

What is moved in is 0: the bits of the least feature value, which exceeds no threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.train.cpu.jit import compiled
from lgnc.train.network import Rows


@compiled
def copy_bits(source: Any, at: int, target: Any, to: int, count: int) -> None:
    """Bits to .. to + count - 1 of the words `target` become, or'ed, bits at .. at + count - 1 of `source`."""
    done = 0
    while done < count:
        word, bit = (at + done) >> 6, (at + done) & 63
        into, place = (to + done) >> 6, (to + done) & 63
        step = min(count - done, 64 - bit, 64 - place)
        mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - step)
        target[into] |= ((source[word] >> np.uint64(bit)) & mask) << np.uint64(place)
        done += step


def mirror_rows(rows: Rows, height: int, width: int, depth: int) -> Rows:
    """Every picture of uint64[n, words], mirrored left to right."""
    out = np.zeros_like(rows)
    _mirror(rows, height, width, depth, out)
    return out


@compiled
def _mirror(rows: Any, height: int, width: int, depth: int, out: Any) -> None:
    for n in range(len(rows)):
        for y in range(height):
            for x in range(width):
                at, to = (y * width + x) * depth, (y * width + width - 1 - x) * depth
                copy_bits(rows[n], at, out[n], to, depth)


def crop_rows(
    rows: Rows, mirrored: Rows, chosen: NDArray[np.int64], shifts: NDArray[np.int64], flips: NDArray[np.bool_],
    grid: tuple[int, int, int],
) -> Rows:  # fmt: skip
    """Pictures `chosen`, mirrored where flips says so and then shifted: place (y, x) shows (y, x) + shifts[n].

    rows, mirrored: uint64[samples, words], see `mirror_rows`. shifts: int64[n, 2]. grid: height, width, bits a place.
    """
    out = np.zeros((len(chosen), rows.shape[1]), np.uint64)
    _crop(rows, mirrored, chosen, shifts, flips, *grid, out)
    return out


@compiled
def _crop(
    rows: Any, mirrored: Any, chosen: Any, shifts: Any, flips: Any, height: int, width: int, depth: int, out: Any
) -> None:
    for n in range(len(chosen)):
        picture = mirrored[chosen[n]] if flips[n] else rows[chosen[n]]
        down, right = shifts[n, 0], shifts[n, 1]
        first, last = max(0, -right), min(width, width - right)
        for y in range(max(0, -down), min(height, height - down)):
            if first < last:
                at, to = ((y + down) * width + first + right) * depth, (y * width + first) * depth
                copy_bits(picture, at, out[n], to, (last - first) * depth)
