"""The Triton engine against the PyTorch reference, under Triton's interpreter: `test_gpu.py` runs this file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import triton
import triton.language as tl
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.train.engine import TorchEngine, bits_of
from lgnc.train.engines import Work, choose_engine, make_engine
from lgnc.train.gpu.engine import TritonEngine
from lgnc.train.gpu.update import gumbel
from lgnc.train.network import Estimator, LayerStart, Network
from lgnc.train.reference import LayerTensors, loss_and_gradients

INPUTS = 70
TOLERANCE = 1e-4
"""Relative, of each gradient array's norm."""

Batch = tuple[NDArray[np.uint64], NDArray[np.int64]]


def network(seed: int, widths: tuple[int, ...], k: int = 1, classes: int = 3, inputs: int = INPUTS) -> Network:
    """Random logits and wiring; with more than one candidate both pins of a neuron may choose the same node."""
    rng = np.random.default_rng(seed)
    layers, below = [], inputs
    for width in widths:
        choices = min(k, below)
        pins = [rng.permutation(below)[:choices] for _ in range(2 * width)]
        candidates = np.array(pins, np.int32).reshape(2, width, choices)
        wiring = rng.normal(size=candidates.shape).astype(np.float32) if choices > 1 else None
        layers.append(LayerStart(candidates, rng.normal(size=(width, 16)).astype(np.float32), wiring))
        below = width
    return Network(inputs, tuple(layers), np.linspace(0, widths[-1], classes + 1).astype(np.int32), 2.0)


def made(
    net: Network, estimator: Estimator, seed: int, dtype: torch.dtype = torch.float32, rows: int = 64
) -> TritonEngine:
    """The engine, with many rows a program: under the interpreter a program's cost hardly depends on them."""
    return TritonEngine(net, estimator, seed, dtype, rows)


def batch(seed: int, samples: int, net: Network) -> Batch:
    """Random rows and labels."""
    rng = np.random.default_rng(seed)
    bits = np.zeros((samples, -(-net.inputs // 64) * 64), np.bool_)
    bits[:, : net.inputs] = rng.integers(0, 2, (samples, net.inputs))
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64), rng.integers(0, net.classes, samples)


def gradients(engine: TritonEngine | TorchEngine) -> dict[str, NDArray[Any]]:
    """Of the first step: Adam's first moment is then (1 - beta1) times the gradient."""
    return {name: array / 0.1 for name, array in engine.state().items() if name.endswith(".m")}


def worst(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> float:
    """The largest relative error of any array's norm."""
    assert found.keys() == expected.keys()
    scale = {name: max(float(np.linalg.norm(array)), 1e-12) for name, array in expected.items()}
    return max(float(np.linalg.norm(found[name] - expected[name])) / scale[name] for name in found)


SHAPES = [
    ((40, 33, 30), 1, 37),
    ((1, 1), 1, 1),
    ((3,), 1, 129),
    ((5, 64, 17), 1, 128),
    ((20, 17, 30), 3, 150),
    ((6, 9), 8, 33),
]


@pytest.mark.parametrize(("widths", "k", "samples"), SHAPES)
@pytest.mark.parametrize(("cage", "block"), [(True, 64), (False, 8)])
def test_gradients_equal_the_references(widths: tuple[int, ...], k: int, samples: int, cage: bool, block: int) -> None:
    net = network(1, widths, k, classes=min(3, widths[-1]))
    estimator = Estimator("hard-st", cage=cage, temperature=0.7, wiring_temperature=0.6)
    rows, y = batch(2, samples, net)
    reference, engine = TorchEngine(net, estimator, 0), made(net, estimator, 0, rows=block)
    assert engine.step(rows, y, 0.01) == pytest.approx(reference.step(rows, y, 0.01), rel=1e-5)
    assert worst(gradients(engine), gradients(reference)) < TOLERANCE
    assert engine.c_ema == pytest.approx(reference.c_ema, rel=1e-6)
    assert engine.tau_b == pytest.approx(reference.tau_b, rel=1e-6)


def test_fan_out_of_hundreds_and_of_none() -> None:
    net = network(3, (4, 200), classes=2)
    candidates = np.zeros_like(net.layers[1].candidates)
    candidates[1, :50] = 2
    layers = (net.layers[0], LayerStart(candidates, net.layers[1].gate_logits))
    net = Network(net.inputs, layers, net.head_starts, 9.0)
    rows, y = batch(4, 20, net)
    reference, engine = TorchEngine(net, Estimator(), 0), made(net, Estimator(), 0)
    reference.step(rows, y, 0.01)
    engine.step(rows, y, 0.01)
    assert worst(gradients(engine), gradients(reference)) < TOLERANCE
    assert not gradients(engine)["gate.0.m"][1].any()


def test_scores_of_no_rows_and_of_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(25, (6, 5), 2)
    engine, reference = made(net, Estimator(), 0), TorchEngine(net, Estimator(), 0)
    rows, _ = batch(26, 300, net)
    assert engine.scores(rows[:0], hard=True).shape == (0, 3)
    monkeypatch.setattr("lgnc.train.gpu.engine._EVALUATION_BYTES", 1)
    np.testing.assert_array_equal(engine.scores(rows, hard=True), reference.scores(rows, hard=True))


def test_more_classes_than_a_block_of_samples() -> None:
    net = network(5, (140,), classes=70)
    rows, y = batch(6, 70, net)
    reference, engine = TorchEngine(net, Estimator(), 0), made(net, Estimator(), 0)
    assert engine.step(rows, y, 0.01) == pytest.approx(reference.step(rows, y, 0.01), rel=1e-5)
    assert worst(gradients(engine), gradients(reference)) < TOLERANCE


@triton.jit  # type: ignore[untyped-decorator]
def noise_kernel(out: tl.tensor, step: tl.tensor, seed: tl.tensor, stream: tl.tensor, SIZE: tl.constexpr) -> None:
    index = tl.arange(0, SIZE)
    tl.store(out + index, gumbel(seed, stream, tl.load(step), index))


def noise(engine: TritonEngine, stream: int, step: int, size: int) -> torch.Tensor:
    """float32[size]: the engine's noise of a stream at a step."""
    out = torch.zeros(triton.next_power_of_2(size))
    noise_kernel[(1,)](out, torch.tensor([step]), engine._seed, stream, len(out))
    return out[:size]


def test_noise_is_gumbels_and_fresh() -> None:
    engine = made(network(7, (3,)), Estimator("gumbel-st"), 5)
    drawn = noise(engine, 0, 0, 1 << 15)
    assert torch.isfinite(drawn).all()
    assert float(drawn.mean()) == pytest.approx(0.5772, abs=0.03)
    assert float(drawn.std()) == pytest.approx(np.pi / np.sqrt(6), abs=0.03)
    for other in (noise(engine, 1, 0, 1 << 15), noise(engine, 0, 1, 1 << 15)):
        assert abs(float(torch.corrcoef(torch.stack([drawn, other]))[0, 1])) < 0.03


@pytest.mark.parametrize("k", [1, 3])
def test_gumbel_st_equals_the_reference_with_the_same_noise(k: int) -> None:
    net = network(8, (20, 15), k)
    estimator = Estimator("gumbel-st", cage=False, temperature=0.5)
    rows, y = batch(9, 40, net)
    engine = made(net, estimator, 3)
    for step in range(2):
        before = engine.state()
        layers = [
            LayerTensors(
                torch.from_numpy(logits.gate),
                torch.from_numpy(layer.candidates).long(),
                None if logits.wiring is None else torch.from_numpy(logits.wiring),
            )
            for logits, layer in zip(engine.logits(), net.layers, strict=True)
        ]
        drawn = [noise(engine, 2 * i, step, 16 * layer.width).view(-1, 16) for i, layer in enumerate(net.layers)]
        x = torch.from_numpy(bits_of(rows, net.inputs).astype(np.float32))
        starts = torch.from_numpy(net.head_starts)
        loss, expected = loss_and_gradients(x, torch.from_numpy(y), layers, starts, net.tau, estimator, 0.5, drawn)
        assert engine.step(rows, y, 0.1) == pytest.approx(loss, rel=1e-5)
        after = engine.state()
        for i, (gate, _) in enumerate(expected):
            found = (after[f"gate.{i}.m"] - 0.9 * before[f"gate.{i}.m"]) / 0.1
            assert np.linalg.norm(found - gate.numpy()) < TOLERANCE * np.linalg.norm(gate.numpy())


@pytest.mark.parametrize("k", [1, 4])
def test_many_steps_follow_the_reference(k: int) -> None:
    """Learned pins move on the way, so the edges must follow them."""
    net = network(10, (24, 20), k)
    reference, engine = TorchEngine(net, Estimator(), 0), made(net, Estimator(), 0)
    pins = [layer.src.clone() for layer in engine._layers]
    for step in range(5):
        rows, y = batch(20 + step, 48, net)
        assert engine.step(rows, y, 0.2) == pytest.approx(reference.step(rows, y, 0.2), rel=1e-4)
        assert engine.c_ema == pytest.approx(reference.c_ema, rel=1e-5)
    assert engine.steps == 5
    rows, _ = batch(30, 200, net)
    np.testing.assert_array_equal(engine.scores(rows, hard=True), reference.scores(rows, hard=True))
    moved = any(not torch.equal(layer.src, before) for layer, before in zip(engine._layers, pins, strict=True))
    assert moved == (k > 1)


@pytest.mark.parametrize("method", ["hard-st", "gumbel-st"])
def test_training_resumes_bit_for_bit(method: str) -> None:
    net, estimator = network(11, (20, 12), 3), Estimator(method)
    rows, y = batch(12, 30, net)
    straight, resumed = made(net, estimator, 4), made(net, estimator, 4)
    straight.step(rows, y, 0.1)
    resumed.load_state(straight.state())
    assert resumed.step(rows, y, 0.1) == straight.step(rows, y, 0.1)
    for name, array in straight.state().items():
        np.testing.assert_array_equal(array, resumed.state()[name])
    np.testing.assert_array_equal(straight.scores(rows, hard=False), resumed.scores(rows, hard=False))


def test_checkpoints_move_between_engines() -> None:
    net = network(13, (20, 12), 3)
    rows, y = batch(14, 30, net)
    reference, engine = TorchEngine(net, Estimator(), 0), made(net, Estimator(), 0)
    reference.step(rows, y, 0.1)
    engine.load_state(reference.state())
    assert engine.step(rows, y, 0.1) == pytest.approx(reference.step(rows, y, 0.1), rel=1e-5)


def test_scores_of_a_noisy_method_differ_from_the_hard_ones() -> None:
    net = network(15, (40, 30))
    rows, _ = batch(16, 64, net)
    engine = made(net, Estimator("gumbel-st"), 0)
    hard = engine.scores(rows, hard=True)
    np.testing.assert_array_equal(hard, TorchEngine(net, Estimator(), 0).scores(rows, hard=True))
    assert not np.array_equal(hard, engine.scores(rows, hard=False))


def test_bfloat16_gradients_are_close() -> None:
    net = network(17, (30, 30, 30))
    rows, y = batch(18, 64, net)
    reference, engine = TorchEngine(net, Estimator(), 0), made(net, Estimator(), 0, torch.bfloat16)
    reference.step(rows, y, 0.01)
    engine.step(rows, y, 0.01)
    assert TOLERANCE < worst(gradients(engine), gradients(reference)) < 2e-2


def test_a_wrong_edge_is_caught() -> None:
    net = network(19, (12, 20))
    rows, y = batch(20, 16, net)
    reference, engine = TorchEngine(net, Estimator(), 0), made(net, Estimator(), 0)
    edges = engine._layers[1].edges
    assert edges is not None
    edges.other.copy_((edges.other + 1) % 12)
    reference.step(rows, y, 0.01)
    engine.step(rows, y, 0.01)
    assert worst(gradients(engine), gradients(reference)) > 100 * TOLERANCE


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_not_finite_is_said() -> None:
    net = network(21, (8, 6), 2)
    rows, y = batch(22, 16, net)
    engine = made(net, Estimator(), 0)
    with pytest.raises(FloatingPointError, match="after step 1"):
        engine.step(rows, y, float("inf"))


def test_the_engine_is_chosen_for_bits_on_a_cuda_device() -> None:
    assert choose_engine("auto", Work("hard-st"), "cuda") == "triton"
    assert choose_engine("auto", Work("hard-st", ramps=True), "cuda") == "torch"
    assert choose_engine("auto", Work("soft-mix"), "cuda") == "torch"
    assert make_engine("triton", network(23, (3,)), Estimator(), 0, "cuda").name == "triton"


def test_a_soft_method_is_refused() -> None:
    with pytest.raises((ValueError, BadInput), match="no bits"):
        made(network(24, (3,)), Estimator("soft-mix"), 0)
