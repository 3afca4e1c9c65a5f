"""Words of gates: what they read, what they share while they are trained, and what they cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lgnc.backends.c.word_plan import find_words
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift, lift_in_place
from lgnc.ir.circuit import Encoder
from lgnc.ir.simulate import encode, simulate
from lgnc.train import TrainConfig, train
from lgnc.train.encoders import lay_in_words
from lgnc.train.engines import make_engine
from lgnc.train.network import Estimator, LayerStart, Network
from lgnc.train.redraw import redraw_candidates
from lgnc.train.wiring import candidate_wiring, word_wiring

K = 6


def a_network(*, one_gate: bool, word: int = 32) -> Network:
    rng, below, layers = np.random.default_rng(0), 2 * word, []
    for width in (3 * word, 2 * word):
        pins = word_wiring(candidate_wiring(rng, below, width // word, K), word)
        own = word if one_gate else 1
        gates = np.repeat(rng.normal(size=(width // own, 16)).astype(np.float32), own, axis=0)
        layers.append(LayerStart(pins, gates, np.zeros(pins.shape, np.float32), 1.0, word, one_gate))
        below = width
    return Network(2 * word, tuple(layers), np.array([0, word, 2 * word], np.int32), 3.0)


def some_rows() -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.integers(0, 1 << 63, (80, 1), np.int64).astype(np.uint64), rng.integers(0, 2, 80)


def words_of(pins: np.ndarray, word: int) -> np.ndarray:
    """[2, words, word, k] of candidates, or of logits."""
    return pins.reshape(2, -1, word, pins.shape[2])


def test_a_word_reads_a_word_rotated() -> None:
    first = np.array([[[33]], [[64]]], np.int32)
    pins = word_wiring(first, 32)[:, :, 0]
    np.testing.assert_array_equal(pins[0], [*range(33, 64), 32])
    np.testing.assert_array_equal(pins[1], range(64, 96))


@pytest.mark.parametrize("one_gate", [False, True])
def test_both_engines_share_what_a_word_shares(one_gate: bool) -> None:
    network, (rows, y) = a_network(one_gate=one_gate), some_rows()
    engines = [make_engine(kind, network, Estimator(), 0, "cpu", 1) for kind in ("torch", "packed")]
    for _ in range(8):
        losses = [engine.step(rows, y, 0.05) for engine in engines]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    for layers in zip(*(engine.logits() for engine in engines), strict=True):
        for found in layers:
            assert found.wiring is not None
            wiring = words_of(found.wiring, 32)
            assert (wiring == wiring[:, :, :1]).all()
            assert len(np.unique(wiring[:, :, 0])) > K
            gates = found.gate.reshape(-1, 32, 16)
            assert (gates == gates[:, :1]).all() == one_gate
        np.testing.assert_allclose(layers[0].gate, layers[1].gate, atol=2e-3)
        np.testing.assert_allclose(layers[0].wiring, layers[1].wiring, atol=2e-3)


def test_a_redraw_gives_words_again() -> None:
    network, (rows, y) = a_network(one_gate=False), some_rows()
    engine = make_engine("packed", network, Estimator(), 0, "cpu", 1)
    for _ in range(5):
        engine.step(rows, y, 0.05)
    drawn, state = redraw_candidates(network, engine.state(), np.random.default_rng(2))
    for index, (old, new) in enumerate(zip(network.layers, drawn.layers, strict=True)):
        assert (new.candidates != old.candidates).any()
        np.testing.assert_array_equal(word_wiring(new.candidates[:, ::32], 32), new.candidates)
        logits = words_of(state[f"wiring.{index}"], 32)
        assert (logits == logits[:, :, :1]).all()


@pytest.mark.parametrize(("word", "features"), [(32, 9), (64, 9), (32, 3)])
def test_bits_are_laid_a_feature_a_byte(word: int, features: int) -> None:
    names = tuple(map(str, range(features)))
    feature = np.repeat(np.arange(features - 1, dtype=np.int32), 2)
    threshold = np.array([6, 200, *(features - 2) * [4, 200]])
    encoder = Encoder(names, "uint8", feature, threshold)
    laid = lay_in_words(encoder, word, np.full(features, 77))
    assert laid.bits % word == 0
    assert {*zip(feature.tolist(), encoder.threshold.tolist(), strict=True)} <= {
        *zip(laid.feature.tolist(), laid.threshold.tolist(), strict=True)
    }
    if features < word // 8:
        return
    lanes = laid.feature.reshape(-1, word // 8, 8)
    np.testing.assert_array_equal(np.diff(lanes, axis=1), 1)
    assert set(laid.threshold[laid.feature == features - 1].tolist()) == {77}


def test_thresholds_that_one_feature_has_all_of_are_every_features_and_odd() -> None:
    names, feature = tuple(map(str, range(9))), np.repeat(np.arange(8, dtype=np.int32), 2)
    laid = lay_in_words(Encoder(names, "uint8", feature, np.tile([4, 200], 8)), 32, np.full(9, 255))
    for each in range(9):
        assert set(laid.threshold[laid.feature == each].tolist()) == {5, 201}


def a_data_set() -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (300, 8)).astype(np.uint8)
    y = (x[:, 0] > 100).astype(np.int64) + (x[:, 3] > x[:, 5])
    names = tuple(f"x{index}" for index in range(8))
    return Dataset("made", x[:200], y[:200], x[200:], y[200:], names, ("a", "b", "c"), {}, None)


@pytest.mark.parametrize("asked", [{}, {"opcodes": "word", "layers": 2}, {"opcodes": "hidden", "widths": (64, 192)}])
def test_what_is_trained_is_a_network_of_words(asked: dict[str, Any]) -> None:
    config = TrainConfig(wiring="words:32", epochs=3, threads=1, redraw=0.5, **asked)
    data = a_data_set()
    model = train(data, config).model
    placed = lift_in_place(model)
    assert placed is not None
    plan = find_words(placed)
    assert plan is not None
    assert len(plan.gates) == sum(layer.width for layer in model.layers) // 32
    uniform = [len(np.unique(gate.op)) == 1 for gate in plan.gates]
    hidden = len(model.layers[0].op) // 32 if len(model.layers) > 1 else 0
    assert all(uniform[:hidden])
    if asked.get("opcodes") == "word":
        assert all(uniform)
    np.testing.assert_array_equal(simulate(placed, data.x_test)[0], simulate(lift(model), data.x_test)[0])
    assert encode(model.encoder, data.x_test).shape[1] == placed.inputs


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"wiring": "words:32", "width": 100}, "in words of 32 gates"),
        ({"wiring": "words:64", "width": 64}, "the last 192 or more"),
        ({"wiring": "words:32", "members": 2}, "one member"),
        ({"wiring": "words:32", "node": "tree4"}, "plain gates"),
        ({"wiring": "words:32", "candidates_from": "local"}, "candidates from all"),
        ({"wiring": "words:32", "inputs": "real"}, "takes bits"),
        ({"opcodes": "word"}, "opcodes are for words"),
        ({"wiring": "words:32", "engine": "triton"}, "trains no words of gates"),
        ({"wiring": "words:32", "opcodes": "word", "method": "gumbel-st"}, "draws noise for each gate"),
    ],
)
def test_what_words_cannot_be(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        train(a_data_set(), TrainConfig(epochs=1, **asked))


@pytest.mark.parametrize(
    ("spec", "fix"),
    [
        *[(spec, "give words:32 or words:64") for spec in ("words", "words:31", "words:")],
        ("learned:3", "give learned"),
        ("word:32", "did you mean 'words'"),
    ],
)
def test_a_wiring_is_one_of_those_there_are(spec: str, fix: str) -> None:
    with pytest.raises(BadInput, match=fix):
        TrainConfig(wiring=spec)
