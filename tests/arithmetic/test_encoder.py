"""Encoders as gates, against what the encoder means."""

from __future__ import annotations

import numpy as np
import pytest

from lgnc.arithmetic.encoder import encoder_circuit, lower_encoder
from lgnc.diagnostics import BadInput
from lgnc.formats import lift
from lgnc.ir import Encoder, check, simulate
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from tests.support import random_features, random_model


def bits_of(x: np.ndarray[tuple[int, int], np.dtype[np.generic]]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """bool[n, features * width]: the bits of each feature, lowest first."""
    if x.dtype == np.bool_:
        return x.astype(np.bool_)
    width = 8 * x.dtype.itemsize
    spread = (x[:, :, None].astype(np.int64) >> np.arange(width)) & 1
    return spread.reshape(len(x), -1).astype(np.bool_)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_every_value_against_every_threshold(dtype: str) -> None:
    info = np.iinfo(dtype)
    thresholds = np.arange(info.min - 2, info.max + 3)
    encoder = Encoder(("x",), dtype, np.zeros(len(thresholds), np.int32), thresholds)
    values = np.arange(info.min, info.max + 1).astype(dtype)[:, None]
    circuit = check(encoder_circuit(encoder))
    found = unpack(simulate_outputs(circuit, pack(bits_of(values))), len(values))
    assert (found == encode(encoder, values)).all()
    assert found.any()
    assert not found.all()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "int32"])
def test_a_whole_network_on_its_features_bits(dtype: str) -> None:
    circuit = lift(random_model(4, dtype=dtype))
    lowered = check(lower_encoder(circuit))
    assert lowered.encoder.dtype == "bool"
    x = random_features(circuit, 500)
    scores, classes = simulate(circuit, x)
    found, found_classes = simulate(lowered, bits_of(x))
    assert (found == scores).all()
    assert (found_classes == classes).all()


def test_float_features_are_refused() -> None:
    with pytest.raises(BadInput, match="float64"):
        encoder_circuit(random_model(0, dtype="float64").encoder)
