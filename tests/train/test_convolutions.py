"""Convolutions and pools: the reference against the definition written out, the packed engine against the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgnc.ir.gates import TABLE
from lgnc.train.cpu.blocks import find_blocks
from lgnc.train.cpu.engine import PackedEngine
from lgnc.train.engine import TorchEngine, bits_of
from lgnc.train.network import POOL_GRADIENTS, ConvStart, Estimator, Network
from lgnc.train.reference import LayerTensors, loss_and_gradients
from lgnc.train.reference_front import FrontTensors, conv_tensors, shares_of_or
from lgnc.train.wiring import blocked_wiring
from tests.train.convolutions import CASES, conv_network
from tests.train.test_cpu import make_rows, noise_of


def double(network: Network, rule: str) -> tuple[FrontTensors, list[LayerTensors]]:
    """The network's layers in float64."""
    convs = tuple(
        replace(made, gate=made.gate.double(), wiring=None if made.wiring is None else made.wiring.double())
        for made in map(conv_tensors, network.front)
    )
    dense = [
        LayerTensors(
            torch.from_numpy(layer.gate_logits).double(),
            torch.from_numpy(layer.candidates).long(),
            None if layer.wiring_logits is None else torch.from_numpy(layer.wiring_logits).double(),
        )
        for layer in network.layers
    ]
    return FrontTensors(convs, rule), dense


# --- The definition, one gate, place and sample after another. ---


def relaxed(a: Tensor, b: Tensor, table: Tensor) -> Tensor:
    """The bilinear function with the corners table[0 .. 3]."""
    return table[0] * (1 - a) * (1 - b) + table[1] * (1 - a) * b + table[2] * a * (1 - b) + table[3] * a * b


def gate(a: Tensor, b: Tensor, z: Tensor, tau_f: float, tau_b: float) -> Tensor:
    """One gate; a hard one has the value of its best function and the gradient of its mixture."""
    table = torch.from_numpy(TABLE).double()
    soft = relaxed(a, b, torch.softmax(z / tau_b, dim=0) @ table)
    value = relaxed(a, b, torch.softmax(z / tau_f, dim=0) @ table if tau_f else table[z.argmax()])
    return value.detach() + soft - soft.detach()


def leaf(bits: list[Tensor], v: Tensor, tau_w: float) -> Tensor:
    """One learned leaf: the value and the gradient of its best candidate, and for v the gradient of the mixture."""
    mixture = sum(share * bit.detach() for share, bit in zip(torch.softmax(v / tau_w, dim=0), bits, strict=True))
    assert isinstance(mixture, Tensor)
    return bits[int(v.argmax())] + mixture - mixture.detach()


def written_out(
    x: Tensor, start: ConvStart, z: Tensor, tau_f: float, tau_b: float, rule: str, v: Tensor | None = None
) -> Tensor:
    """float64[nodes above, batch], of x float64[nodes below, batch]. v: the leaves' wiring logits, temperature 0.7."""
    shape, made, size = start.below, start.made, start.size
    kernels, leaves = start.candidates.shape[:2]
    image = x.reshape(shape.height, shape.width, shape.channels, -1)
    rows = {}
    for y in range(made.height):
        for place in range(made.width):
            for kernel in range(kernels):
                values = []
                for index in range(leaves):
                    bits = []
                    for channel, dy, dx in start.candidates[kernel, index].tolist():
                        row, column = y * start.stride - start.padding + dy, place * start.stride - start.padding + dx
                        inside = 0 <= row < shape.height and 0 <= column < shape.width
                        bits.append(image[row, column, channel] if inside else torch.zeros_like(x[0]))
                    values.append(bits[0] if v is None else leaf(bits, v[kernel, index], 0.7))
                for j in range(leaves - 1):
                    own = z[kernel * (leaves - 1) + j]
                    values.append(gate(values[2 * j], values[2 * j + 1], own, tau_f, tau_b))
                rows[y, place, kernel] = values[-1]
    out = []
    for y in range(made.height // size):
        for place in range(made.width // size):
            for kernel in range(kernels):
                square = [rows[size * y + i, size * place + j, kernel] for i in range(size) for j in range(size)]
                out.append(pooled(torch.stack(square), start.pool, rule) if size > 1 else square[0])
    return torch.stack(out)


def pooled(y: Tensor, op: str, rule: str) -> Tensor:
    """OR or AND of y[0], y[1], ... with the gradient that the rule names."""
    if op == "and":
        return 1 - pooled(1 - y, "or", rule)
    if rule == "exact":
        return 1 - (1 - y).prod(dim=0)
    bits = y.detach().round()  # `gate` leaves them a rounding away.
    highest = y.gather(0, bits.argmax(dim=0, keepdim=True))[0]
    if rule == "first":
        return highest
    return torch.where(bits.amax(dim=0) == 0, y.mean(dim=0), highest)


SMALL = ["tree and pool", "three blocks", "one gate per place, strides", "a pool alone", "stride below a pool"]
LEARNED = ["learned leaves", "learned and random leaves"]


@pytest.mark.parametrize("rule", POOL_GRADIENTS)
@pytest.mark.parametrize("name", SMALL + LEARNED)
def test_the_reference_is_the_definition(name: str, rule: str) -> None:
    """Values exactly; gradients by all logits against autograd of the definition in float64."""
    network, tau_b = conv_network(name, 3), 0.8
    rows, _ = make_rows(2, network.inputs, 3, 2)
    bits = torch.from_numpy(bits_of(rows, network.inputs)).double()
    front = double(network, rule)[0].leaves()
    found = front.forward(bits, 0.0, tau_b, tau_w=0.7)
    again = double(network, rule)[0].leaves()
    want = bits
    for start, conv in zip(network.front, again.layers, strict=True):
        want = written_out(want, start, conv.gate, 0.0, tau_b, rule, conv.wiring)
    torch.testing.assert_close(found, want, rtol=0, atol=1e-12)
    weights = torch.from_numpy(np.random.default_rng(4).normal(size=found.shape))
    for values in (found, want):
        (values * weights).sum().backward()  # type: ignore[no-untyped-call]
    for conv, own in zip(front.layers, again.layers, strict=True):
        torch.testing.assert_close(conv.gate.grad, own.gate.grad, rtol=1e-9, atol=1e-12)
        if conv.wiring is not None:
            assert own.wiring is not None
            torch.testing.assert_close(conv.wiring.grad, own.wiring.grad, rtol=1e-9, atol=1e-12)
            assert conv.wiring.grad is not None
            assert float(conv.wiring.grad.abs().max()) > 1e-6


def test_a_soft_network_has_the_exact_gradient() -> None:
    """Between bits, by the rule 'exact', nothing is straight-through: autograd of the definition is the gradient."""
    network = conv_network("tree and pool", 5)
    x = torch.from_numpy(np.random.default_rng(0).random((network.inputs, 2)))
    front = double(network, "exact")[0].leaves()
    z = front.layers[0].gate.detach().clone().requires_grad_()
    found, want = front.forward(x, 0.7, 0.7), written_out(x, network.front[0], z, 0.7, 0.7, "exact")
    torch.testing.assert_close(found, want)
    found.sum().backward()  # type: ignore[no-untyped-call]
    want.sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(front.layers[0].gate.grad, z.grad)


def test_who_gets_the_gradient_of_an_or() -> None:
    y = torch.tensor([[0.0, 0, 1, 1], [0, 1, 1, 0], [0, 1, 0, 0]], dtype=torch.float64)
    assert shares_of_or(y, "first").tolist() == [[1, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert shares_of_or(y, "exact").tolist() == [[1, 0, 0, 1], [1, 0, 0, 0], [1, 0, 0, 0]]
    third = 1 / 3
    assert shares_of_or(y, "spread").tolist() == [[third, 0, 1, 1], [third, 1, 0, 0], [third, 0, 0, 0]]


# --- The packed engine. ---


def near(found: NDArray[Any], want: Tensor | None) -> None:
    """Within 1e-4 of each value, or 1e-5 of the largest; the largest is one that can be told from 0."""
    assert want is not None
    wanted = want.numpy()
    largest = np.abs(wanted).max()
    assert largest > 1e-5
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * largest)


def check_front(
    network: Network, estimator: Estimator, count: int, threads: int = 1, packed: Network | None = None
) -> None:
    """One step's loss and all its gradients against the reference in float64, as `check_step` does for dense layers."""
    rows, y = make_rows(1, network.inputs, count, network.classes)
    engine = PackedEngine(packed or network, estimator, 3, threads=threads)
    loss = engine.step(rows, y, 0.01)
    front, layers = double(network, estimator.pool_gradient)
    front, noisy, convs = front.leaves(), noise_of(engine), len(network.front)
    everything = [conv.gate.detach() for conv in front.layers] + [layer.gate for layer in layers]
    noise = None if noisy is None else [z - own for z, own in zip(noisy, everything, strict=True)]
    low, high = (None, None) if noise is None else (noise[:convs], noise[convs:])
    bits = torch.from_numpy(bits_of(rows, network.inputs)).double()
    x = front.forward(bits, 0.0, engine.tau_b, low, estimator.wiring_temperature)
    starts = torch.from_numpy(network.head_starts)
    want, pairs = loss_and_gradients(x, torch.from_numpy(y), layers, starts, network.tau, estimator, engine.tau_b, high)
    assert loss == pytest.approx(want, rel=1e-5)
    state, scale = engine.state(), 1 - estimator.beta1
    for index, conv in enumerate(front.layers):
        if len(conv.gate):
            near(state[f"gate.{index}.m"] / scale, conv.gate.grad)
        if conv.wiring is not None:
            near(state[f"wiring.{index}.m"] / scale, conv.wiring.grad)
    for index, (gate_gradient, wiring) in enumerate(pairs, convs):
        near(state[f"gate.{index}.m"] / scale, gate_gradient)
        if wiring is not None:
            near(state[f"wiring.{index}.m"] / scale, wiring)


@pytest.mark.parametrize("rule", POOL_GRADIENTS)
@pytest.mark.parametrize("name", CASES)
def test_gradients_equal_the_reference(name: str, rule: str) -> None:
    check_front(conv_network(name, 1), Estimator(cage=False, pool_gradient=rule, wiring_temperature=0.8), 100)


@pytest.mark.parametrize("widths", [(40,), (24, 17, 12)])
@pytest.mark.parametrize("k", [1, 5])
def test_gradients_with_other_dense_layers(widths: tuple[int, ...], k: int) -> None:
    check_front(conv_network("two blocks", 2, widths, k), Estimator("gumbel-st", cage=False), 130, threads=2)


def test_the_check_sees_a_wrong_gradient() -> None:
    """Swapped leaves of every kernel, or two gates whose logits are 1 % off, do not pass as the reference's."""
    network = conv_network("two blocks", 1)
    start = network.front[1]
    leaves = start.candidates.copy()
    leaves[:, [0, 1]] = leaves[:, [1, 0]]
    logits = start.gate_logits.copy()
    logits[:2] *= 1.01
    for wrong in (replace(start, candidates=leaves), replace(start, gate_logits=logits)):
        with pytest.raises(AssertionError):
            check_front(network, Estimator(cage=False), 100, packed=replace(network, front=(network.front[0], wrong)))


@pytest.mark.parametrize("name", CASES)
def test_scores_equal_the_reference(name: str) -> None:
    network = conv_network(name, 6)
    rows, _ = make_rows(7, network.inputs, 150, 4)
    packed, plain = (made(network, Estimator(), 0) for made in (PackedEngine, TorchEngine))
    np.testing.assert_array_equal(packed.scores(rows, hard=True), plain.scores(rows, hard=True))


@pytest.mark.parametrize("name", ["two blocks", "learned leaves"])
def test_a_run_equals_the_references(name: str) -> None:
    """Ten steps: the same losses, confidence, logits and choices; Adam, weight decay, CAGE and layers' own rates."""
    network, estimator = conv_network(name, 8, k=3), Estimator(weight_decay=0.02)
    first, second = network.front
    assert second.conv is not None
    front = (first, replace(second, conv=replace(second.conv, lr=0.25)))
    network = replace(network, front=front, layers=(replace(network.layers[0], lr=2.0), *network.layers[1:]))
    packed, plain = PackedEngine(network, estimator, 0), TorchEngine(network, estimator, 0)
    for step in range(10):
        rows, y = make_rows(step, network.inputs, 90, 4)
        assert packed.step(rows, y, 0.05) == pytest.approx(plain.step(rows, y, 0.05), rel=1e-4)
    assert packed.c_ema == pytest.approx(plain.c_ema, rel=1e-5)
    starts, moved = list[Any]([*network.front, *network.layers]), 0
    for found, want, start in zip(packed.logits(), plain.logits(), starts, strict=True):
        np.testing.assert_allclose(found.gate, want.gate, rtol=2e-3, atol=2e-3)
        if found.wiring is not None:
            assert want.wiring is not None
            # Where a candidate's gradient is nearly 0, Adam makes a step of what is left of it.
            assert np.abs(found.wiring - want.wiring).mean() < 0.01
            moved += int((found.wiring.argmax(axis=2) != np.asarray(start.wiring_logits).argmax(axis=2)).sum())
    assert moved or name == "two blocks"
    rows, _ = make_rows(11, network.inputs, 90, 4)
    np.testing.assert_array_equal(packed.scores(rows, hard=True), plain.scores(rows, hard=True))


def test_leaves_that_go_back_to_their_first_candidate_are_read_there() -> None:
    """After a state is loaded in which all leaves read their second: a step later the first is best, and read."""
    network = conv_network("learned leaves", 3)
    engine, state = PackedEngine(network, Estimator(), 0), PackedEngine(network, Estimator(), 0).state()
    names = [f"wiring.{index}" for index in range(len(network.front))]
    for name in names:
        state[name][:], state[f"{name}.m"][:], state[f"{name}.v"][:] = -1, 0, 1e-4
        state[name][..., 0], state[name][..., 1], state[f"{name}.m"][..., 1] = 0, 1e-3, 1
    engine.load_state(state)
    rows, y = make_rows(1, network.inputs, 100, network.classes)
    engine.step(rows, y, 0.01)
    assert all((engine.state()[name].argmax(axis=2) == 0).all() for name in names)
    again = PackedEngine(network, Estimator(), 0)
    again.load_state(engine.state())
    np.testing.assert_array_equal(engine.scores(rows, hard=True), again.scores(rows, hard=True))


@pytest.mark.parametrize("name", ["three blocks", "learned and random leaves"])
def test_threads_and_resuming_change_no_byte(name: str) -> None:
    network = conv_network(name, 9, k=2)

    def run(threads: int, stop: int) -> dict[str, bytes]:
        engine = PackedEngine(network, Estimator("gumbel-st", weight_decay=0.01), 4, threads=threads)
        for step in range(6):
            if step == stop:
                state = engine.state()
                engine = PackedEngine(network, Estimator("gumbel-st", weight_decay=0.01), 4, threads=threads)
                engine.load_state(state)
            rows, y = make_rows(step, network.inputs, 200, 4)
            engine.step(rows, y, 0.05)
        return {name: array.tobytes() for name, array in engine.state().items()}

    once = run(1, -1)
    assert run(3, -1) == once
    assert run(2, 3) == once


@pytest.mark.parametrize("widths", [(64, 20), (64, 48, 20), (64, 32, 40, 12)])
def test_blocks_of_dense_layers_change_no_gradient(widths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Wiring drawn in blocks is found to be so, and gone through block by block."""
    monkeypatch.setattr("lgnc.train.cpu.blocks._LEAST", 4)
    network, rng = conv_network("two blocks", 3, widths), np.random.default_rng(5)
    layers, below = [], rng.permutation(network.below)
    for layer in network.layers[:-1]:
        pins = blocked_wiring(rng, below, layer.width, 4)
        layers.append(replace(layer, candidates=pins[:, :, None]))
        below = np.arange(layer.width)
    network = replace(network, layers=(*layers, network.layers[-1]))
    found = find_blocks(network)
    assert sorted(found.order.tolist()) == list(range(network.below))
    assert found.cuts.shape[1] >= 5
    for layer, own, under in zip(layers, found.cuts, [found.nodes, *found.cuts], strict=False):
        place = np.argsort(found.order) if under is found.nodes else np.arange(layers[0].width)
        for block in range(len(own) - 1):
            reads = place[layer.candidates[:, own[block] : own[block + 1], 0]]
            assert under[block] <= reads.min()
            assert reads.max() < under[block + 1]
    check_front(network, Estimator(cage=False), 100)
    learned = conv_network("two blocks", 3, widths, k=30)
    assert find_blocks(learned).cuts.shape[1] == 2
