"""What the gates of a convolution are before the first step."""

from __future__ import annotations

import numpy as np
import pytest

from lgnc.data import load_dataset
from lgnc.diagnostics import BadInput
from lgnc.ir.gates import AND, GT, LT, A
from lgnc.ir.layers import Conv, Dense, Pool
from lgnc.train import TrainConfig
from lgnc.train.prepare import prepare

LAYERS = (Conv(24, 3, 2, padding=1), Pool(), Conv(30, 3, 1, padding=1, init="residual:2"), Dense(200))


def test_edges_are_the_last_gates_of_trees_alone() -> None:
    """Every other gate, of the same strength, is the wire that `residual` makes of it."""
    network = prepare(load_dataset("digits"), TrainConfig(layer=LAYERS, init="edges:4")).network
    first, second = network.front[0].gate_logits.reshape(24, 3, 16), network.front[1].gate_logits
    assert np.array_equal(np.count_nonzero(first, axis=2), np.ones((24, 3)))
    assert (first.max(axis=2) == 4).all()
    best = first.argmax(axis=2)
    assert (best[:, :2] == A).all()
    assert set(best[:, 2].tolist()) == {AND, GT, LT}
    assert (second.argmax(axis=1) == A).all()
    assert (second.max(axis=1) == 2).all(), "a layer's own setting"
    assert (network.layers[0].gate_logits.argmax(axis=1) == A).all()


def test_the_strength_is_checked_for_each_kind() -> None:
    with pytest.raises(BadInput, match="no usable strength"):
        TrainConfig(init="edges:0")
    with pytest.raises(BadInput, match="did you mean 'edges'"):
        TrainConfig(init="edge")
