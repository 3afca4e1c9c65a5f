"""Fitting an encoder to training rows, and turning rows into what engines read.

Thresholds lie in the features' own unit (integers for integer features). A feature that is constant in training gets
no bit, and a threshold that repeats is kept once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Encoder
from lgnc.ir.simulate import encode, features_for
from lgnc.train.config import parse_encoder
from lgnc.train.network import Float32, Rows

_SAMPLED_ROWS = 20_000
"""Quantiles are taken of at most so many training rows, evenly spaced."""
_BLOCK = 4096


def fit_encoder(spec: str, x: NDArray[Any], names: tuple[str, ...], *, one_unit: bool = False) -> Encoder:
    """The encoder of 'thermometer:N', 'quantile:N' or 'binary' for training rows x: [n, features].

    one_unit: the features are of one kind, as an image's pixels are, and a thermometer's thresholds the same for all.

    Raises BadInput when no feature varies, a 'binary' feature holds anything but 0 and 1, or a value is not finite.
    """
    kind, count = parse_encoder(spec)
    dtype = str(x.dtype)
    features_for(Encoder(names, dtype, np.zeros(0, np.int32), np.zeros(0, np.int64)), x, "training rows")
    if x.dtype.kind == "b":
        kind, x = "binary", x.view(np.uint8)
    low, high = x.min(axis=0), x.max(axis=0)
    if kind == "binary":
        thresholds = _binary(x, low, high, names)
    elif kind == "thermometer":
        thresholds = _thermometer(low, high, count, one_unit=one_unit)
    else:
        step = -(-len(x) // _SAMPLED_ROWS)
        thresholds = [_quantiles(column, count) for column in np.ascontiguousarray(x[::step].T)]
    feature = np.repeat(np.arange(len(names), dtype=np.int32), [len(each) for each in thresholds])
    if not len(feature):
        raise BadInput("every feature is constant", where="training rows", fix="give data in which something varies")
    return Encoder(names, dtype, feature, np.concatenate(thresholds))


def lay_in_words(encoder: Encoder, word: int, high: NDArray[Any]) -> Encoder:
    """The same thresholds, laid so that bits are compared and packed into words of `word` bits in few steps.

    Features of a byte are compared a byte of the word each: bit 8 * lane + place of a word is a threshold of feature
    `word / 8 * group + lane`, the group and the number of the threshold being the same for a place. Others follow one
    another. What is left of a word repeats bits; a feature without bits has one at `high`, its greatest value.

    Where some feature has all thresholds that there are, so has every feature: the same constant is then compared with
    all of them. Such thresholds become odd, where they lie far enough apart: halves are compared in fewer steps.
    """
    lanes, features = word // 8, len(encoder.names)
    if encoder.dtype not in ("bool", "uint8") or features < lanes:
        bits = np.arange(-(-encoder.bits // word) * word) % encoder.bits
        return Encoder(encoder.names, encoder.dtype, encoder.feature[bits], encoder.threshold[bits])
    own = [encoder.threshold[encoder.feature == feature] for feature in range(features)]
    every = np.unique(encoder.threshold)
    if len(every) == max(map(len, own)):
        own = [_odd(every, int(high.max()))] * features
    most, groups = max(map(len, own)), -(-features // lanes)
    places = [(group, number) for number in range(most) for group in range(groups)]
    places += [places[index % len(places)] for index in range(-len(places) % 8)]
    bits_of = []
    for first in range(0, len(places), 8):
        for lane in range(lanes):
            for group, number in places[first : first + 8]:
                feature = min(group * lanes, features - lanes) + lane
                found = own[feature]
                bits_of.append((feature, found[number % len(found)] if len(found) else int(high[feature])))
    feature, threshold = zip(*bits_of, strict=True)
    return Encoder(encoder.names, encoder.dtype, np.array(feature, np.int32), np.array(threshold))


def _odd(thresholds: NDArray[Any], high: int) -> NDArray[Any]:
    """The next odd numbers, where they differ from each other by 4 or more and the last is below `high`."""
    odd = thresholds | 1
    return odd if odd[-1] < high and (np.diff(odd) >= 4).all() and len(odd) > 1 else thresholds


def fit_grid_encoder(spec: str, x: NDArray[Any], names: tuple[str, ...], shape: tuple[int, int, int]) -> Encoder:
    """As `fit_encoder`, for layers that slide over images: each pixel of a channel has the same thresholds.

    They are those of all pixels of the channel together (a thermometer's of all channels); a channel with fewer repeats
    its last one, so that bit ((y * width + x) * channels + c) * count + t is threshold t of that pixel.
    """
    kind, count = parse_encoder(spec)
    dtype, channels = str(x.dtype), shape[2]
    features_for(Encoder(names, dtype, np.zeros(0, np.int32), np.zeros(0, np.int64)), x, "training rows")
    if x.dtype.kind == "b":
        kind, x = "binary", x.view(np.uint8)
    if kind == "binary":
        _binary(x, x.min(axis=0), x.max(axis=0), names)
        found = [np.zeros(1, np.int64)] * channels
    elif kind == "thermometer":
        low, high = np.array([x.min()]), np.array([x.max()])
        found = _thermometer(low, high, count, one_unit=True) * channels
    else:
        step = -(-len(x) // (1 + _SAMPLED_ROWS // 16))
        found = [_quantiles(x[::step].reshape(-1, channels)[:, each], count) for each in range(channels)]
    most = max(len(each) for each in found)
    if not most or x.min() == x.max():
        raise BadInput("every pixel is constant", where="training rows", fix="give images in which something varies")
    even = [np.pad(each, (0, most - len(each)), mode="edge") if len(each) else np.full(most, x.max()) for each in found]
    pixels = len(names) // channels
    feature = np.repeat(np.arange(len(names), dtype=np.int32), most)
    return Encoder(names, dtype, feature, np.tile(np.concatenate(even), pixels))


def _binary(x: NDArray[Any], low: NDArray[Any], high: NDArray[Any], names: tuple[str, ...]) -> list[NDArray[Any]]:
    wrong = np.flatnonzero((low < 0) | (high > 1) | ((x != 0) & (x != 1)).any(axis=0))
    if len(wrong):
        what = f"feature '{names[wrong[0]]}' holds {low[wrong[0]]} to {high[wrong[0]]}, not 0 and 1"
        raise BadInput(what, where="encoder 'binary'", fix="use 'thermometer:3' or 'quantile:3'")
    return [np.zeros(int(varies), np.int64) for varies in low != high]


def _thermometer(low: NDArray[Any], high: NDArray[Any], count: int, *, one_unit: bool) -> list[NDArray[Any]]:
    """`count` thresholds spread evenly between each feature's least and greatest value, both excluded.

    one_unit: between those of all features; a feature keeps the thresholds that its own values lie on both sides of.
    """
    low_each, high_each = low, high
    if one_unit:
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    if low.dtype.kind == "f":
        part = np.arange(1, count + 1) / (count + 1)
        grid = low[:, None].astype(np.float64) * (1 - part) + high[:, None].astype(np.float64) * part
    else:  # Python integers: the span of an int64 feature may not fit an int64.
        steps = np.arange(1, count + 1).astype(object)
        span = high.astype(object)[:, None] - low.astype(object)[:, None]
        grid = (low.astype(object)[:, None] + span * steps // (count + 1)).astype(np.int64)
    pairs = zip(grid, low_each, high_each, strict=True)
    return [np.unique(row[(row >= least) & (row < most)]) for row, least, most in pairs]


def _quantiles(column: NDArray[Any], count: int) -> NDArray[Any]:
    """Up to `count` distinct thresholds that cut a feature's training values into parts of about equal size.

    A value that is so frequent that it would take several parts (a zero, say) is counted as one part, so that the
    other thresholds go to the values that differ. Float thresholds lie midway between two training values.
    """
    values, rows = np.unique(column, return_counts=True)
    if len(values) - 1 <= count:
        cut = np.arange(len(values) - 1)
    else:
        weight = rows.astype(np.float64)
        for _ in range(8):
            weight = np.minimum(weight, weight.sum() / (count + 1))
        share = np.cumsum(weight) / weight.sum()
        wanted = np.arange(1, count + 1) / (count + 1)
        cut = np.unique(np.minimum(np.searchsorted(share, wanted - 1e-9), len(values) - 2))
    if values.dtype.kind != "f":
        whole: NDArray[Any] = values[cut].astype(np.int64)
        return whole
    middle = values[cut].astype(np.float64) / 2 + values[cut + 1].astype(np.float64) / 2
    return np.unique(middle)


def encode_rows(encoder: Encoder, x: NDArray[Any]) -> Rows:
    """uint64[n, ceil(bits / 64)]: one sample per row, as engines read them (`lgnc.train.network`)."""
    octets = np.zeros((len(x), -(-encoder.bits // 64) * 8), np.uint8)
    for first in range(0, len(x), _BLOCK):
        bits = encode(encoder, x[first : first + _BLOCK])
        octets[first : first + _BLOCK, : -(-encoder.bits // 8)] = np.packbits(bits, axis=1, bitorder="little")
    return octets.view("<u8").astype(np.uint64, copy=False)


def ramp_bounds(encoder: Encoder, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, high), float64[bits]: a real-valued input rises from 0 to 1 between the neighbours of its threshold.

    The neighbours are the next lower and next higher threshold of the same feature, else its least and greatest value
    in the training rows x: so a binary feature is its own ramp, and one threshold in the middle is x scaled to [0, 1].
    """
    feature, threshold = encoder.feature, encoder.threshold.astype(np.float64)
    low, high = (bound.astype(np.float64)[feature] for bound in (x.min(axis=0), x.max(axis=0)))
    same = feature[1:] == feature[:-1]
    low[1:] = np.where(same, threshold[:-1], low[1:])
    high[:-1] = np.where(same, threshold[1:], high[:-1])
    return low, high


def ramp_rows(encoder: Encoder, x: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64]) -> Float32:
    """float32[n, bits] in [0, 1]: rows as real-valued inputs, from `ramp_bounds`."""
    values = (x[:, encoder.feature].astype(np.float64) - low) / np.maximum(high - low, 1e-300)
    ramps: Float32 = np.clip(values, 0, 1).astype(np.float32)
    return ramps
