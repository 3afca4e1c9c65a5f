"""Fresh candidates for learned wiring."""

from __future__ import annotations

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.train.engines import make_engine
from lgnc.train.network import Engine, Estimator, LayerStart, Network
from lgnc.train.redraw import RedrawingEngine, check_candidates, redraw_candidates
from lgnc.train.wiring import candidate_wiring, random_wiring
from tests.train.convolutions import conv_network
from tests.train.test_cpu import make_rows

BITS, K = 70, 5


def a_network() -> Network:
    rng = np.random.default_rng(0)

    def layer(below: int, width: int) -> LayerStart:
        pins = candidate_wiring(rng, below, width, K)
        return LayerStart(pins, rng.normal(size=(width, 16)).astype(np.float32), np.zeros(pins.shape, np.float32))

    joined = LayerStart(random_wiring(rng, 40, 20)[:, :, None], rng.normal(size=(20, 16)).astype(np.float32))
    return Network(BITS, (layer(BITS, 40), joined, layer(20, 30)), np.array([0, 10, 20, 30], np.int32), 2.0)


def a_trained_engine(kind: str) -> tuple[RedrawingEngine, np.ndarray]:
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 1 << 63, (96, 2), np.int64).astype(np.uint64) & np.array([~0, (1 << 6) - 1]).astype(
        np.uint64
    )

    def make(network: Network) -> Engine:
        return make_engine(kind, network, Estimator(), 0, "cpu", 1)

    engine = RedrawingEngine(a_network(), make)
    for _ in range(20):
        engine.step(rows, rng.integers(0, 3, 96), 0.1)
    return engine, rows


@pytest.mark.parametrize("kind", ["torch", "packed"])
def test_a_redraw_changes_no_score_and_every_pins_less_liked_candidates(kind: str) -> None:
    engine, rows = a_trained_engine(kind)
    scores, before, state = engine.scores(rows, hard=True), engine.network, engine.state()
    engine.redraw(np.random.default_rng(2))
    np.testing.assert_array_equal(engine.scores(rows, hard=True), scores)
    after = engine.state()
    for index in (0, 2):
        old, new = (
            before.layers[index].candidates.reshape(-1, K),
            engine.network.layers[index].candidates.reshape(-1, K),
        )
        ordered = np.sort(new, axis=1)
        assert (ordered[:, 1:] != ordered[:, :-1]).all()
        logits = state[f"wiring.{index}"].reshape(-1, K)
        order = np.argsort(-logits, axis=1, kind="stable")
        np.testing.assert_array_equal(new[:, :3], np.take_along_axis(old, order, axis=1)[:, :3])
        fresh = (new != np.take_along_axis(old, order, axis=1)).any(axis=1)
        assert fresh.mean() > 0.4
        for part in ("", ".m", ".v"):
            was = np.take_along_axis(state[f"wiring.{index}{part}"].reshape(-1, K), order, axis=1)
            now = after[f"wiring.{index}{part}"].reshape(-1, K)
            np.testing.assert_array_equal(now[:, :3], was[:, :3])
            np.testing.assert_array_equal(now[fresh][:, 3:], 0 * was[fresh][:, 3:] if part else was[fresh][:, [2, 2]])
    np.testing.assert_array_equal(engine.network.layers[1].candidates, before.layers[1].candidates)
    np.testing.assert_array_equal(after["gate.0.m"], state["gate.0.m"])


@pytest.mark.parametrize("kind", ["torch", "packed"])
def test_a_redraw_of_leaves_stays_in_the_window_and_in_its_channels(kind: str) -> None:
    network = conv_network("learned leaves", 4)
    rows, y = make_rows(1, network.inputs, 70, network.classes)
    engine = RedrawingEngine(network, lambda net: make_engine(kind, net, Estimator(), 0, "cpu", 1))
    for _ in range(3):
        engine.step(rows, y, 0.1)
    scores, state = engine.scores(rows, hard=True), engine.state()
    engine.redraw(np.random.default_rng(2))
    np.testing.assert_array_equal(engine.scores(rows, hard=True), scores)
    check_candidates(engine.network, engine.state(), "here")
    for index, (old, new) in enumerate(zip(network.front, engine.network.front, strict=True)):
        logits, k = state[f"wiring.{index}"], new.k
        order = np.argsort(-logits, axis=2, kind="stable")
        was = np.take_along_axis(old.candidates, order[..., None], axis=2)
        kept = (k + 1) // 2
        np.testing.assert_array_equal(new.candidates[:, :, :kept], was[:, :, :kept])
        assert (new.candidates != was).any(axis=(2, 3)).mean() > 0.7
        codes = (new.candidates @ [100, 10, 1]).reshape(-1, k)
        assert all(len(set(each)) == k for each in codes.tolist())
        for kernel, before in zip(new.candidates, old.candidates, strict=True):
            channels = set(kernel[..., 0].ravel().tolist())
            assert channels <= set(before[..., 0].ravel().tolist()) or index == 1, "group 2 of 3 channels"
    other = RedrawingEngine(network, lambda net: make_engine(kind, net, Estimator(), 0, "cpu", 1))
    other.load_state(engine.state())
    assert other.step(rows, y, 0.1) == engine.step(rows, y, 0.1)
    wrong = engine.state()
    wrong["leaves.0"] = wrong["leaves.0"] + np.int32(1)
    with pytest.raises(BadInput, match=r"leaves\.0 holds what is no bit of the window"):
        check_candidates(network, wrong, "here")


def test_a_redraw_depends_on_its_generator_alone_and_leaves_its_input() -> None:
    engine, _ = a_trained_engine("packed")
    network, state = engine.network, engine.state()
    copy = {name: array.copy() for name, array in state.items()}
    draws = [
        redraw_candidates(network, state, np.random.default_rng(seed))[0].layers[0].candidates for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()
    for name, array in state.items():
        np.testing.assert_array_equal(array, copy[name])


def test_a_state_brings_its_candidates_along() -> None:
    engine, rows = a_trained_engine("packed")
    other, _ = a_trained_engine("packed")
    other.redraw(np.random.default_rng(5))
    y = np.zeros(len(rows), np.int64)
    engine.load_state(other.state())
    assert [each.step(rows, y, 0.1) for each in (engine, engine)] == [
        each.step(rows, y, 0.1) for each in (other, other)
    ]
    np.testing.assert_array_equal(engine.network.layers[0].candidates, other.network.layers[0].candidates)
