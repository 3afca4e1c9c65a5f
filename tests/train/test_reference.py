"""The estimators against their definitions, written out literally with PyTorch's own autograd."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from lgnc.ir.simulate import pack
from lgnc.train.engine import TorchEngine
from lgnc.train.methods import METHODS
from lgnc.train.network import Estimator, LayerStart, Network, cage_temperature
from lgnc.train.reference import LayerTensors, adam, confidence, forward, gumbel, loss_and_gradients

INPUTS, BATCH, CLASSES = 9, 13, 3


def relaxed_gates(a: Tensor, b: Tensor) -> Tensor:
    """float[width, 16, batch]: the sixteen gates as Petersen et al. (2022) relax them, one by one."""
    one = torch.ones_like(a)
    gates = [
        0 * one, a * b, a - a * b, a, b - a * b, b, a + b - 2 * a * b, a + b - a * b,
        1 - (a + b - a * b), 1 - (a + b - 2 * a * b), 1 - b, 1 - b + a * b, 1 - a, 1 - a + a * b, 1 - a * b, one,
    ]  # fmt: skip
    return torch.stack(gates, dim=1)


def literal_loss(
    x: Tensor, y: Tensor, layers: list[LayerTensors], starts: list[int], tau: float, est: Estimator, tau_b: float,
    noise: list[Tensor] | None,
) -> Tensor:  # fmt: skip
    """The loss with straight-through written as soft + (shown - soft).detach(), differentiated by autograd."""
    h = x
    for index, layer in enumerate(layers):
        pins = []
        for pin in (0, 1):
            options = h[layer.candidates[pin]]
            if layer.wiring is None:
                pins.append(options[:, 0])
                continue
            q = torch.softmax(layer.wiring[pin] / est.wiring_temperature, dim=1)
            soft_pin = (q[:, :, None] * options.detach()).sum(1)
            chosen = layer.wiring[pin].argmax(1)
            pins.append(options[torch.arange(len(chosen)), chosen] + soft_pin - soft_pin.detach())
        z = layer.gate + (0 if noise is None else noise[index])
        gates = relaxed_gates(*pins)
        soft = (torch.softmax(z / tau_b, dim=1)[:, :, None] * gates).sum(1)
        forward_p = torch.softmax(z / est.temperature, dim=1)
        shown = gates[torch.arange(len(z)), z.argmax(1)] if est.hard else (forward_p[:, :, None] * gates).sum(1)
        h = soft + (shown - soft).detach()
    scores = torch.stack([h[i:j].sum(0) for i, j in pairwise(starts)], dim=1)
    return torch.nn.functional.cross_entropy(scores / tau, y)


def random_layers(seed: int, candidates: int, *, grad: bool = False) -> list[LayerTensors]:
    rng = np.random.default_rng(seed)
    layers, below = [], INPUTS
    for width in (11, 8, 7):
        pins = np.stack([[rng.permutation(below)[:candidates] for _ in range(width)] for _ in range(2)])
        gate = torch.tensor(rng.normal(size=(width, 16)), requires_grad=grad)
        wiring = torch.tensor(rng.normal(size=pins.shape), requires_grad=grad) if candidates > 1 else None
        layers.append(LayerTensors(gate, torch.from_numpy(pins), wiring))
        below = width
    return layers


@pytest.mark.parametrize("candidates", [1, 4])
@pytest.mark.parametrize(
    ("method", "real"), [*((m, False) for m in METHODS), ("soft-mix", True), ("soft-gumbel", True)]
)
def test_every_gradient_is_the_definitions(method: str, candidates: int, real: bool) -> None:
    est = Estimator(method, wiring_temperature=0.7)
    rng = np.random.default_rng(5)
    values = rng.random((INPUTS, BATCH))
    x = torch.tensor(values if real else (values > 0.5).astype(float))
    y = torch.tensor(rng.integers(0, CLASSES, BATCH))
    starts = [0, 2, 4, 7]
    generator = torch.Generator().manual_seed(3)
    noise = [gumbel(w, generator).double() for w in (11, 8, 7)] if est.noisy else None

    wanted = random_layers(1, candidates, grad=True)
    loss = literal_loss(x, y, wanted, starts, 2.5, est, 0.6, noise)
    loss.backward()  # type: ignore[no-untyped-call]
    layers = random_layers(1, candidates)
    found, gradients = loss_and_gradients(x, y, layers, torch.tensor(starts), 2.5, est, 0.6, noise)

    assert found == pytest.approx(float(loss.detach()), rel=1e-12)
    for layer, (gate, wiring) in zip(wanted, gradients, strict=True):
        assert layer.gate.grad is not None
        torch.testing.assert_close(gate, layer.gate.grad, rtol=1e-9, atol=1e-12)
        assert (layer.wiring is None) == (wiring is None)
        if layer.wiring is not None:
            torch.testing.assert_close(wiring, layer.wiring.grad, rtol=1e-9, atol=1e-12)


def test_the_loss_of_members_is_the_mean_of_theirs_and_weights_count_by_class() -> None:
    """Two members with runs of their own, written out; and twice the weight is as the sample twice."""
    rng = np.random.default_rng(3)
    x = torch.tensor((rng.random((INPUTS, BATCH)) > 0.5).astype(float))
    y, layers = torch.tensor(rng.integers(0, 2, BATCH)), random_layers(4, 1)
    runs, weights = torch.tensor([0, 2, 3, 5, 7]), torch.tensor([2.0, 0.5], dtype=torch.float64)
    scores = forward(x, layers, runs, 0.0) / 1.5
    each = [torch.nn.functional.cross_entropy(scores[:, first::2], y, reduction="none") for first in (0, 1)]
    wanted = float(((each[0] + each[1]) / 2 * weights[y]).mean())
    found, _ = loss_and_gradients(x, y, layers, runs, 1.5, Estimator(), 1.0, None, weights, 2)
    assert found == pytest.approx(wanted, rel=1e-12)
    doubled = loss_and_gradients(x, y, layers, runs, 1.5, Estimator(), 1.0, None, 2 * weights, 2)
    assert doubled[0] == pytest.approx(2 * wanted, rel=1e-12)


def test_a_wrong_backward_temperature_is_seen() -> None:
    x, y, starts = torch.ones(INPUTS, BATCH, dtype=torch.float64), torch.zeros(BATCH, dtype=torch.long), [0, 2, 4, 7]
    layers = random_layers(1, 1)
    one, other = (
        loss_and_gradients(x, y, layers, torch.tensor(starts), 1.0, Estimator(), tau_b)[1][0][0] for tau_b in (1.0, 1.1)
    )
    assert not torch.allclose(one, other, rtol=1e-3)


def test_hard_forward_is_the_argmax_gate() -> None:
    layers = random_layers(2, 3)
    x = torch.tensor((np.random.default_rng(0).random((INPUTS, BATCH)) > 0.5).astype(float))
    scores = forward(x, layers, torch.tensor([0, 2, 4, 7]), 0.0)
    assert torch.equal(scores, scores.round())
    assert scores.max() <= 3


def test_cage_runs_from_cold_to_hot() -> None:
    est = Estimator(cage=True)
    assert cage_temperature(est, 1 / 16) == 3.0
    assert cage_temperature(est, 1.0) == 0.5
    assert cage_temperature(est, 0.0) == 3.0
    assert cage_temperature(est, (1 + 1 / 16) / 2) == pytest.approx(1.75)
    assert cage_temperature(Estimator(cage=False, temperature=0.2), 0.9) == 0.2


def test_confidence_of_known_logits() -> None:
    flat = LayerTensors(torch.zeros(4, 16), torch.zeros(2, 4, 1, dtype=torch.long), None)
    sure = LayerTensors(torch.eye(16)[:4] * 50, torch.zeros(2, 4, 1, dtype=torch.long), None)
    assert confidence([flat]) == pytest.approx(1 / 16)
    assert confidence([flat, sure]) == pytest.approx((1 / 16 + 1) / 2)


def test_gumbel_noise_is_finite_and_has_the_right_mean() -> None:
    noise = gumbel(20_000, torch.Generator().manual_seed(0))
    assert torch.isfinite(noise).all()
    assert float(noise.mean()) == pytest.approx(0.5772, abs=0.01)


def test_adam_is_pytorchs_adam() -> None:
    est, rng = Estimator(), np.random.default_rng(0)
    z = torch.tensor(rng.normal(size=(5, 16)))
    theirs = z.clone().requires_grad_()
    optimiser = torch.optim.Adam([theirs], lr=0.05)
    m, v = torch.zeros_like(z), torch.zeros_like(z)
    for step in range(1, 8):
        g = torch.tensor(rng.normal(size=(5, 16)))
        theirs.grad = g.clone()
        optimiser.step()
        adam(z, g, m, v, step, 0.05, est)
    torch.testing.assert_close(z, theirs.detach(), rtol=1e-12, atol=1e-12)


def small_network(candidates: int = 3) -> Network:
    layers = [
        LayerStart(
            layer.candidates.numpy().astype(np.int32),
            layer.gate.numpy().astype(np.float32),
            None if layer.wiring is None else layer.wiring.numpy().astype(np.float32),
        )
        for layer in random_layers(4, candidates)
    ]
    return Network(INPUTS, tuple(layers), np.array([0, 2, 4, 7], np.int32), 2.0)


@pytest.mark.parametrize("method", METHODS)
def test_an_engine_continues_bit_for_bit_from_its_state(method: str) -> None:
    rng = np.random.default_rng(1)
    rows, y = pack(rng.random((INPUTS, 40)) > 0.5), rng.integers(0, CLASSES, 40)
    whole = TorchEngine(small_network(), Estimator(method), seed=7)
    losses = [whole.step(rows, y, 0.05) for _ in range(6)]
    first = TorchEngine(small_network(), Estimator(method), seed=7)
    assert [first.step(rows, y, 0.05) for _ in range(3)] == losses[:3]
    first.scores(rows, hard=False)
    second = TorchEngine(small_network(), Estimator(method), seed=7)
    second.load_state(first.state())
    assert [second.step(rows, y, 0.05) for _ in range(3)] == losses[3:]
    assert second.c_ema == whole.c_ema
    for one, other in zip(second.state().values(), whole.state().values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_confidence_is_taken_before_the_step() -> None:
    network = small_network(1)
    rng = np.random.default_rng(1)
    rows, y = pack(rng.random((INPUTS, 8)) > 0.5), rng.integers(0, CLASSES, 8)
    engine = TorchEngine(network, Estimator(), seed=0)
    z = np.concatenate([layer.gate_logits for layer in network.layers]).astype(np.float64)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    engine.step(rows, y, 0.05)
    assert engine.c_ema == pytest.approx(0.99 / 16 + 0.01 * p.max(1).mean(), rel=1e-6)
    assert engine.tau_b == cage_temperature(Estimator(), engine.c_ema)


def test_logits_that_are_not_finite_stop_the_step() -> None:
    network = small_network(1)
    network.layers[1].gate_logits[2, 3] = np.nan
    engine = TorchEngine(network, Estimator(cage=False), seed=0)
    with pytest.raises(FloatingPointError, match="not finite"):
        engine.step(np.zeros((4, 1), np.uint64), np.zeros(4, np.int64), 0.1)
