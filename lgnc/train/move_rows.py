"""Moving pictures and encoding them in one pass: what image augmentation costs a step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Encoder
from lgnc.train.kernels_compile import compiled
from lgnc.train.network import Rows


def encode_moved(
    encoder: Encoder, x: NDArray[Any], chosen: NDArray[np.int64], sources: NDArray[np.int32], fill: Any
) -> Rows:
    """uint64[n, ceil(bits / 64)]: encoded row chosen[i] of x after the move sources[i].

    sources: int32[n, features], the feature that each feature takes its value from, or `features` for the fill value.
    """
    out = np.zeros((len(chosen), -(-encoder.bits // 64)), np.uint64)
    _encode_moved(x, chosen, sources, x.dtype.type(fill), encoder.feature, encoder.threshold, out)
    return out


@compiled
def _encode_moved(x: Any, chosen: Any, sources: Any, fill: Any, feature: Any, threshold: Any, out: Any) -> None:
    features, bits = x.shape[1], len(feature)
    for i in range(len(chosen)):
        row, source = x[chosen[i]], sources[i]
        for word in range(out.shape[1]):
            value = np.uint64(0)
            for bit in range(64 * word, min(64 * word + 64, bits)):
                at = source[feature[bit]]
                pixel = fill if at == features else row[at]
                value |= np.uint64(pixel > threshold[bit]) << np.uint64(bit & 63)
            out[i, word] = value
