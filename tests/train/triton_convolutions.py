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
    ("tree and pool", (30,), 1, 20, 64),
    ("two small blocks", (30, 20), 1, 130, 8),
    ("one gate per place, strides", (30, 20), 3, 20, 64),
    ("a pool alone", (30, 20), 1, 20, 64),
]


@pytest.mark.parametrize(("name", "widths", "k", "samples", "rows"), CASES)
def test_gradients_equal_the_references(name: str, widths: tuple[int, ...], k: int, samples: int, rows: int) -> None:
    """Of all logits, with ties in every pool, as bits have them, borders of zeros, and several programs a kernel."""
    net = conv_network(name, 1, widths, k)
    estimator = Estimator("hard-st", temperature=0.8, wiring_temperature=0.6)
    x, y = batch(2, samples, net)
    reference, engine = TorchEngine(net, estimator, 0), made(net, estimator, 0, rows=rows)
    assert engine.step(x, y, 0.01) == pytest.approx(reference.step(x, y, 0.01), rel=1e-5)
    expected = gradients(reference)
    assert all(array.any() for array in expected.values() if array.size)
    assert worst(gradients(engine), expected) < TOLERANCE
    assert engine.c_ema == pytest.approx(reference.c_ema, rel=1e-6)


@pytest.mark.parametrize("change", ["reader", "pool"])
def test_the_check_sees_a_wrong_gradient(change: str) -> None:
    """A reader left out, or an AND for an OR: neither passes."""
    net = conv_network("two small blocks", 1)
    x, y = batch(2, 40, net)
    wrong = replace(net, front=(replace(net.front[0], pool="and"), net.front[1]))
    engine, reference = made(wrong if change == "pool" else net, Estimator(), 0), TorchEngine(net, Estimator(), 0)
    if change == "reader":
        leaf = engine._front.convs[1].readers.leaf
        leaf[0] = leaf[1]
    engine.step(x, y, 0.01)
    reference.step(x, y, 0.01)
    assert worst(gradients(engine), gradients(reference)) > 5 * TOLERANCE


def test_a_run_equals_the_references() -> None:
    """Three steps: the same losses and confidence, Adam, weight decay and CAGE included, and the same scores."""
    net, estimator = conv_network("two small blocks", 8, k=3), Estimator(weight_decay=0.5)
    reference, engine = TorchEngine(net, estimator, 0), made(net, estimator, 0)
    for step in range(3):
        rows, y = batch(step, 48, net)
        assert engine.step(rows, y, 0.05) == pytest.approx(reference.step(rows, y, 0.05), rel=1e-4)
        assert engine.c_ema == pytest.approx(reference.c_ema, rel=1e-5)
    for found, want in zip(engine.logits(), reference.logits(), strict=True):
        np.testing.assert_allclose(found.gate, want.gate, rtol=2e-3, atol=2e-3)
    rows, _ = batch(30, 200, net)
    np.testing.assert_array_equal(engine.scores(rows, hard=True), reference.scores(rows, hard=True))


def test_gumbel_st_equals_the_reference_with_the_same_noise() -> None:
    net, estimator = conv_network("two small blocks", 8, (20,)), Estimator("gumbel-st", cage=False, temperature=0.5)
    rows, y = batch(9, 40, net)
    engine = made(net, estimator, 3)
    gates = [len(conv.gate_logits) for conv in net.front] + [len(layer.gate_logits) for layer in net.layers]
    drawn = [noise(engine, 2 * i, 0, 16 * count).view(-1, 16) for i, count in enumerate(gates)]
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
    net, estimator = conv_network("two small blocks", 11, (20, 12), 3), Estimator("gumbel-st", weight_decay=0.01)
    rows, y = batch(12, 30, net)
    straight, resumed = (made(net, estimator, 4) for _ in range(2))
    straight.step(rows, y, 0.1)
    resumed.load_state(straight.state())
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


def test_what_the_kernels_would_pass_over_is_refused() -> None:
    net = conv_network("a pool alone")
    heads = np.array([0, 5, 10, 20, 30], np.int32)
    wrong = {
        "learned leaves": conv_network("learned leaves"),
        "rates of layers": replace(net, layers=(*net.layers[:-1], replace(net.layers[-1], lr=0.5))),
        "weights of classes": replace(net, weights=np.ones(net.classes, np.float32)),
        "members": replace(net, head_starts=heads, members=2),
        "words of gates": replace(net, layers=(*net.layers[:-1], replace(net.layers[-1], word=32))),
    }
    for what, network in wrong.items():
        with pytest.raises(ValueError, match=what):
            made(network, Estimator(), 0)
