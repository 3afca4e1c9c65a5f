"""Rows of features as PNG pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray


def picture(pixels: NDArray[Any], shape: tuple[int, int, int]) -> bytes:
    """A row of features as PNG: [height * width * channels] of any dtype; three channels are red, green and blue.

    uint8 and bool have a range of their own; other types go from the row's least value to its greatest. Of other
    numbers of channels the first is shown.
    """
    image = pixels.reshape(shape).astype(np.float64)
    if pixels.dtype == np.uint8 and image.max(initial=0) > 32:
        image = image / 255
    else:
        low, high = float(image.min(initial=0)), float(image.max(initial=0))
        image = (image - low) / max(high - low, 1e-300)
    return _png(image if shape[2] == 3 else np.repeat(image[:, :, :1], 3, axis=2))


def heat(values: NDArray[Any], shape: tuple[int, int, int]) -> bytes:
    """Counts of each feature of an image, summed over its channels, as PNG: from dark (0) to bright (the most)."""
    import matplotlib

    image = values.reshape(shape).sum(axis=2).astype(np.float64)
    coloured = matplotlib.colormaps["viridis"](image / max(float(image.max(initial=0)), 1.0))
    return _png(np.asarray(coloured)[:, :, :3])


def _png(image: NDArray[np.float64]) -> bytes:
    """float64[height, width, 3] of 0 to 1 as PNG."""
    from matplotlib.image import imsave

    written = io.BytesIO()
    imsave(written, (255 * image.clip(0, 1)).astype(np.uint8), format="png", metadata={"Software": ""})
    return written.getvalue()
