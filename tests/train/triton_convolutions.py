"""The Triton engine's convolutions and pools against the PyTorch reference, interpreted: see `test_gpu.py`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lgnc.train.engine import TorchEngine, bits_of
from lgnc.train.engines import Work, choose_engine
from lgnc.train.network import Estimator
from lgnc.train.reference import LayerTensors, loss_and_gradients
from lgnc.train.reference_front import FrontTensors, conv_tensors
from tests.train.convolutions import conv_network
from tests.train.triton_interpreted import TOLERANCE, batch, gradients, made, noise, worst

CASES = [
    ("tree and pool", (40, 30), 1, 37),
    ("two blocks", (30,), 1, 150),
    ("three blocks", (24, 18, 20), 1, 20),
    ("one gate per place, strides", (30, 20), 3, 20),
    ("a pool alone", (30, 20), 1, 20),
    ("pool on pool", (20,), 2, 20),
    ("stride below a pool", (30, 20), 1, 20),
    ("wide and deep", (30, 20), 1, 5),
]


@pytest.mark.parametrize(("name", "widths", "k", "samples"), CASES)
@pytest.mark.parametrize("cage", [True, False])
def test_gradients_equal_the_references(name: str, widths: tuple[int, ...], k: int, samples: int, cage: bool) -> None:
    """Of all logits; only OR and AND pools with ties everywhere, as bits have them, and borders of zeros."""
    net = conv_network(name, 1, widths, k)
    estimator = Estimator("hard-st", cage=cage, temperature=0.8, wiring_temperature=0.6)
    rows, y = batch(2, samples, net)
    reference, engine = TorchEngine(net, estimator, 0), made(net, estimator, 0)
    assert engine.step(rows, y, 0.01) == pytest.approx(reference.step(rows, y, 0.01), rel=1e-5)
    expected = gradients(reference)
    assert all(array.any() for array in expected.values() if array.size)
    assert worst(gradients(engine), expected) < TOLERANCE
    assert engine.c_ema == pytest.approx(reference.c_ema, rel=1e-6)


@pytest.mark.parametrize("change", ["leaves", "readers", "pool", "logits"])
def test_the_check_sees_a_wrong_gradient(change: str) -> None:
    """Two kernels' leaves swapped, a reader left out, an AND for an OR, or one gate 2 % off: none passes."""
    net = conv_network("two blocks", 1)
    rows, y = batch(2, 40, net)
    front = list(net.front)
    if change == "pool":
        front[1] = replace(front[1], pool="and")
    if change == "logits":
        front[0] = replace(front[0], gate_logits=front[0].gate_logits * (1 + 0.02 * (np.arange(28) == 3))[:, None])
    engine, reference = made(replace(net, front=tuple(front)), Estimator(), 0), TorchEngine(net, Estimator(), 0)
    conv = engine._front.convs[1]
    if change == "leaves":
        conv.leaves[[0, 1]] = conv.leaves[[1, 0]]
    if change == "readers":
        conv.readers.leaf[0] = conv.readers.leaf[1]
    engine.step(rows, y, 0.01)
    reference.step(rows, y, 0.01)
    assert worst(gradients(engine), gradients(reference)) > 5 * TOLERANCE


def test_small_programs_give_the_same() -> None:
    """Several programs a kernel, whose sums are added up."""
    net = conv_network("tree and pool", 3)
    rows, y = batch(4, 130, net)
    engines = [made(net, Estimator(), 0, rows=count) for count in (4, 64)]
    for engine in engines:
        engine.step(rows, y, 0.05)
    assert worst(gradients(engines[0]), gradients(engines[1])) < TOLERANCE


def test_a_run_equals_the_references() -> None:
    """Six steps: the same losses and confidence, Adam, weight decay and CAGE included, and the same scores."""
    net, estimator = conv_network("two blocks", 8, k=3), Estimator(weight_decay=0.5)
    reference, engine = TorchEngine(net, estimator, 0), made(net, estimator, 0)
    for step in range(6):
        rows, y = batch(step, 48, net)
        assert engine.step(rows, y, 0.05) == pytest.approx(reference.step(rows, y, 0.05), rel=1e-4)
        assert engine.c_ema == pytest.approx(reference.c_ema, rel=1e-5)
    for found, want in zip(engine.logits(), reference.logits(), strict=True):
        np.testing.assert_allclose(found.gate, want.gate, rtol=2e-3, atol=2e-3)
    rows, _ = batch(30, 200, net)
    np.testing.assert_array_equal(engine.scores(rows, hard=True), reference.scores(rows, hard=True))


def test_gumbel_st_equals_the_reference_with_the_same_noise() -> None:
    net, estimator = conv_network("two blocks", 8, (20,)), Estimator("gumbel-st", cage=False, temperature=0.5)
    rows, y = batch(9, 40, net)
    engine = made(net, estimator, 3)
    starts = [*net.front, *net.layers]
    drawn = [noise(engine, 2 * i, 0, 16 * each.width).view(-1, 16) for i, each in enumerate(starts)]
    front = FrontTensors(tuple(conv_tensors(conv) for conv in net.front), estimator.pool_gradient).leaves()
    x = torch.from_numpy(bits_of(rows, net.inputs).astype(np.float32))
    dense = [
        LayerTensors(torch.from_numpy(each.gate_logits), torch.from_numpy(each.candidates).long(), None)
        for each in net.layers
    ]
    below = front.forward(x, 0.0, 0.5, drawn[:2])
    heads = torch.from_numpy(net.head_starts)
    loss, pairs = loss_and_gradients(below, torch.from_numpy(y), dense, heads, net.tau, estimator, 0.5, drawn[2:])
    assert engine.step(rows, y, 0.1) == pytest.approx(loss, rel=1e-5)
    expected = [conv.gate.grad for conv in front.layers] + [gate for gate, _ in pairs]
    found = gradients(engine)
    for i, gate in enumerate(expected):
        assert gate is not None
        assert np.linalg.norm(found[f"gate.{i}.m"] - gate.numpy()) < TOLERANCE * np.linalg.norm(gate.numpy())


def test_training_resumes_bit_for_bit_and_checkpoints_move_between_engines() -> None:
    net, estimator = conv_network("tree and pool", 11, (20, 12), 3), Estimator("gumbel-st", weight_decay=0.01)
    rows, y = batch(12, 30, net)
    straight, first, resumed = (made(net, estimator, 4) for _ in range(3))
    for engine in (straight, first):
        engine.step(rows, y, 0.1)
    resumed.load_state(first.state())
    assert resumed.step(rows, y, 0.1) == straight.step(rows, y, 0.1)
    for name, array in straight.state().items():
        np.testing.assert_array_equal(array, resumed.state()[name])
    np.testing.assert_array_equal(straight.scores(rows, hard=False), resumed.scores(rows, hard=False))
    reference, engine = TorchEngine(net, Estimator(), 0), made(net, Estimator(), 0)
    reference.step(rows, y, 0.1)
    engine.load_state(reference.state())
    assert engine.step(rows, y, 0.1) == pytest.approx(reference.step(rows, y, 0.1), rel=1e-5)


def test_convolutions_are_chosen_for_triton_and_other_rules_refused() -> None:
    assert choose_engine("auto", Work("hard-st", convolves=True, decay=True), "cuda") == "triton"
    assert choose_engine("auto", Work("soft-mix", convolves=True), "cuda") == "torch"
    with pytest.raises(ValueError, match="by the rule 'first'"):
        made(conv_network("a pool alone"), Estimator(pool_gradient="exact"), 0)
