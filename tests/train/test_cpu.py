"""The packed engine against the PyTorch reference: every gradient, odd shapes, determinism, evaluation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lgnc.train.cpu import jit as kernels_compile
from lgnc.train.cpu.engine import PackedEngine
from lgnc.train.cpu.threads import Team
from lgnc.train.engine import TorchEngine, bits_of
from lgnc.train.network import Estimator, LayerStart, Network, Rows
from lgnc.train.reference import LayerTensors, forward, loss_and_gradients


def make_network(
    seed: int, inputs: int, widths: list[int], k: int, classes: int, *, strength: float = 1.0, tau: float = 2.0
) -> Network:
    """Random logits and wiring; class boundaries anywhere, so that groups differ in size and may be empty."""
    rng = np.random.default_rng(seed)
    layers, below = [], inputs
    for width in widths:
        choices = min(k, below)
        candidates = np.stack([[rng.permutation(below)[:choices] for _ in range(width)] for _ in range(2)]).astype(
            np.int32
        )
        wiring = rng.normal(size=candidates.shape).astype(np.float32) if choices > 1 else None
        layers.append(LayerStart(candidates, strength * rng.normal(size=(width, 16)).astype(np.float32), wiring))
        below = width
    cuts = np.sort(rng.integers(0, below + 1, classes - 1))
    starts = np.concatenate([[0], cuts, [below]]).astype(np.int32)
    return Network(inputs, tuple(layers), starts, tau)


def make_rows(seed: int, inputs: int, count: int, classes: int) -> tuple[Rows, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    bits = np.zeros((count, -(-inputs // 64) * 64), np.bool_)
    bits[:, :inputs] = rng.random((count, inputs)) < 0.5
    rows = np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
    return rows, rng.integers(0, classes, count)


def noise_of(engine: PackedEngine) -> list[torch.Tensor] | None:
    """The Gumbel noise of the engine's last step, which kept z + noise."""
    noisy = engine.noisy_logits()
    return None if noisy is None else [torch.from_numpy(layer).double() for layer in noisy]


def check_step(
    network: Network,
    estimator: Estimator,
    rows: Rows,
    y: NDArray[np.int64],
    threads: int = 1,
    packed: Network | None = None,
) -> None:
    """One step's loss and all its gradients (Adam's first moments / (1 - beta1)) against the reference in float64.

    packed: what the packed engine is given instead of `network`, to see that the check fails.
    """
    engine = PackedEngine(packed or network, estimator, 3, threads=threads)
    loss = engine.step(rows, y, 0.01)
    noisy = noise_of(engine)
    layers = [
        LayerTensors(
            torch.from_numpy(layer.gate_logits).double(),
            torch.from_numpy(layer.candidates).long(),
            None if layer.wiring_logits is None else torch.from_numpy(layer.wiring_logits).double(),
        )
        for layer in network.layers
    ]
    noise = None if noisy is None else [z - layer.gate for z, layer in zip(noisy, layers, strict=True)]
    x = torch.from_numpy(bits_of(rows, network.inputs)).double()
    starts = torch.from_numpy(network.head_starts)
    weights = None if network.weights is None else torch.from_numpy(network.weights).double()
    fixed = (network.tau, estimator, engine.tau_b, noise, weights, network.members)
    want, gradients = loss_and_gradients(x, torch.from_numpy(y), layers, starts, *fixed)
    assert loss == pytest.approx(want, rel=1e-5)
    state, scale = engine.state(), 1 - estimator.beta1
    for index, (gate, wiring) in enumerate(gradients):
        close(state[f"gate.{index}.m"] / scale, gate)
        if wiring is not None:
            close(state[f"wiring.{index}.m"] / scale, wiring)


def close(found: NDArray[Any], want: torch.Tensor) -> None:
    """Within 1e-4 of each value; where sums cancel, 1e-6 of the tensor's largest and 1e-7 of a sample's gradient."""
    wanted = want.numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6 * np.abs(wanted).max(initial=0) + 1e-7)


METHODS = [Estimator("hard-st"), Estimator("gumbel-st"), Estimator("hard-st", cage=False, temperature=0.7)]
METHODS.append(Estimator("gumbel-st", cage=False, temperature=2.0, wiring_temperature=0.5))
METHODS += [Estimator("soft-mix"), Estimator("soft-gumbel"), Estimator("soft-mix", cage=False, temperature=0.3)]


@pytest.mark.parametrize("estimator", METHODS, ids=lambda e: f"{e.method}-{'cage' if e.cage else 'fixed'}")
@pytest.mark.parametrize("k", [1, 16])
def test_gradients_equal_the_reference(estimator: Estimator, k: int) -> None:
    network = make_network(0, 150, [90, 70, 80], k, 5)
    rows, y = make_rows(1, 150, 200, 5)
    check_step(network, estimator, rows, y, threads=2)


def test_the_check_sees_a_wrong_slope() -> None:
    """Swapped pins of one neuron, or a logit that is 1 % off, do not pass as the reference's gradients."""
    network = make_network(21, 40, [30, 30], 1, 3)
    rows, y = make_rows(22, 40, 70, 3)
    check_step(network, Estimator(), rows, y)
    last = network.layers[1]
    swapped, logits = last.candidates.copy(), last.gate_logits.copy()
    swapped[:, 4] = swapped[::-1, 4]
    logits[4, logits[4].argmax()] *= 1.01
    for layer in (replace(last, candidates=swapped), replace(last, gate_logits=logits)):
        with pytest.raises(AssertionError):
            check_step(network, Estimator(), rows, y, packed=replace(network, layers=(network.layers[0], layer)))


@pytest.mark.parametrize("estimator", METHODS[:6:5], ids=lambda e: e.method)
def test_gradients_with_class_weights_and_members(estimator: Estimator) -> None:
    """The reference's gradients; those of other weights, or of one member, do not pass for them."""
    rows, y = make_rows(31, 60, 130, 3)
    one = make_network(30, 60, [50, 45], 4, 3)
    weights = np.array([0.5, 1.0, 4.0], np.float32)
    runs = np.array([0, 5, 12, 20, 28, 40, 45], np.int32)
    network = replace(one, head_starts=runs, members=2, weights=weights)
    assert (network.classes, network.runs) == (3, 6)
    check_step(network, estimator, rows, y, threads=2)
    for wrong in (replace(network, weights=weights[::-1].copy()), replace(network, weights=None)):
        with pytest.raises(AssertionError):
            check_step(network, estimator, rows, y, packed=wrong)
    with pytest.raises(AssertionError):
        check_step(network, estimator, rows, y, packed=replace(network, head_starts=runs[::2], members=1))
    scores = PackedEngine(network, estimator, 3).scores(rows, hard=True)
    whole = PackedEngine(replace(network, head_starts=runs[::2], members=1), estimator, 3).scores(rows, hard=True)
    np.testing.assert_array_equal(scores, whole)
    np.testing.assert_array_equal(scores, TorchEngine(network, estimator, 3).scores(rows, hard=True))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    inputs=st.integers(1, 130),
    widths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    batch=st.sampled_from([1, 2, 63, 64, 65, 127, 128, 129, 300]),
    k=st.integers(1, 32),
    classes=st.integers(1, 6),
    estimator=st.sampled_from(METHODS),
)
def test_gradients_of_odd_shapes(
    seed: int, inputs: int, widths: list[int], batch: int, k: int, classes: int, estimator: Estimator
) -> None:
    network = make_network(seed, inputs, widths, k, classes)
    rows, y = make_rows(seed + 1, inputs, batch, classes)
    check_step(network, estimator, rows, y)


@pytest.mark.parametrize("batch", [1, 77])
def test_fan_out_of_0_and_of_5000(batch: int) -> None:
    """Every neuron of the second layer reads neuron 1 of the first on pin a and b: the other two feed nothing."""
    network = make_network(5, 10, [3, 2500, 20], 1, 2)
    hub = replace(network.layers[1], candidates=np.ones((2, 2500, 1), np.int32))
    network = replace(network, layers=(network.layers[0], hub, network.layers[2]))
    check_step(network, Estimator(), *make_rows(6, 10, batch, 2))


def test_every_gate_computes_its_table() -> None:
    """One layer of all 16 gates, hard: class k's popcount is gate k's table entry, whatever the noise of training."""
    candidates = np.stack([np.zeros((16, 1)), np.ones((16, 1))]).astype(np.int32)
    network = Network(2, (LayerStart(candidates, np.eye(16, dtype=np.float32)),), np.arange(17, dtype=np.int32), 1.0)
    rows = np.array([[0], [2], [1], [3]], np.uint64)
    found = PackedEngine(network, Estimator("gumbel-st"), 0).scores(rows, hard=True)
    table = np.array([[(k >> 3 - corner) & 1 for k in range(16)] for corner in range(4)], np.float32)
    np.testing.assert_array_equal(found, table)


@pytest.mark.parametrize("method", ["hard-st", "gumbel-st", "soft-mix", "soft-gumbel"])
def test_scores_equal_the_reference(method: str) -> None:
    network = make_network(7, 100, [60, 50], 4, 4)
    rows, y = make_rows(8, 100, 333, 4)
    engine = PackedEngine(network, Estimator(method), 0, threads=2)
    for _ in range(3):
        engine.step(rows[:100], y[:100], 0.3)
    layers = [
        LayerTensors(
            torch.from_numpy(now.gate),
            torch.from_numpy(start.candidates).long(),
            torch.from_numpy(np.array(now.wiring)),
        )
        for now, start in zip(engine.logits(), network.layers, strict=True)
    ]
    x, starts = torch.from_numpy(bits_of(rows, 100)).float(), torch.from_numpy(network.head_starts)
    np.testing.assert_array_equal(engine.scores(rows, hard=True), forward(x, layers, starts, 0.0).numpy())
    train = engine.scores(rows, hard=False)
    noisy = engine.noisy_logits()
    if noisy is not None:
        layers = [replace(layer, gate=torch.from_numpy(z)) for layer, z in zip(layers, noisy, strict=True)]
        assert (train != engine.scores(rows, hard=True)).any()
    hard = engine.estimator.hard
    want = forward(x, layers, starts, engine.estimator.forward_temperature).numpy()
    np.testing.assert_allclose(train, want, rtol=0 if hard else 1e-5)


@pytest.mark.parametrize("k", [1, 8])
def test_hard_st_follows_the_torch_engine(k: int) -> None:
    """Ten steps: the same losses, confidence and logits as the reference engine, Adam and CAGE included."""
    network = make_network(9, 64, [48, 40], k, 3)
    rows, y = make_rows(10, 64, 100, 3)
    packed, torch_engine = PackedEngine(network, Estimator(), 0), TorchEngine(network, Estimator(), 0)
    for _ in range(10):
        assert packed.step(rows, y, 0.02) == pytest.approx(torch_engine.step(rows, y, 0.02), rel=1e-4)
        assert packed.c_ema == pytest.approx(torch_engine.c_ema, rel=1e-6)
        assert packed.tau_b == pytest.approx(torch_engine.tau_b, rel=1e-6)
    for found, want in zip(packed.logits(), torch_engine.logits(), strict=True):
        np.testing.assert_allclose(found.gate, want.gate, rtol=0, atol=2e-3)


@pytest.mark.parametrize("method", ["hard-st", "gumbel-st", "soft-gumbel"])
@pytest.mark.parametrize("k", [1, 8])
def test_same_bytes_whatever_the_threads_and_after_a_restart(method: str, k: int) -> None:
    network = make_network(11, 100, [300, 200], k, 4)
    rows, y = make_rows(12, 100, 300, 4)
    one = PackedEngine(network, Estimator(method), 5, threads=1)
    for _ in range(4):
        one.step(rows, y, 0.1)
    three = PackedEngine(network, Estimator(method), 5, threads=3)
    for _ in range(2):
        three.step(rows, y, 0.1)
    resumed = PackedEngine(network, Estimator(method), 5, threads=2)
    resumed.load_state(three.state())
    for _ in range(2):
        resumed.step(rows, y, 0.1)
    first, second = one.state(), resumed.state()
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert value.tobytes() == second[key].tobytes(), key
    other = PackedEngine(network, Estimator(method), 6)
    for _ in range(4):
        other.step(rows, y, 0.1)
    assert (one.logits()[0].gate != other.logits()[0].gate).any() == (method != "hard-st")


def test_gumbel_noise_is_gumbel_and_fresh() -> None:
    network = make_network(13, 50, [4000], 1, 2, strength=0.0)
    rows, y = make_rows(14, 50, 10, 2)
    engine, drawn = PackedEngine(network, Estimator("gumbel-st"), 0), []
    for _ in range(2):
        engine.step(rows, y, 1e-9)
        noisy = engine.noisy_logits()
        assert noisy is not None
        drawn.append(noisy[0].ravel())
    for sample in drawn:
        assert np.isfinite(sample).all()
        quantiles = np.quantile(sample, [0.01, 0.25, 0.5, 0.75, 0.99])
        np.testing.assert_allclose(quantiles, -np.log(-np.log([0.01, 0.25, 0.5, 0.75, 0.99])), atol=0.1)
        assert abs(sample.mean() - 0.5772) < 0.02
    assert abs(np.corrcoef(drawn[0], drawn[1])[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn[0][1:], drawn[0][:-1])[0, 1]) < 0.02


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", ["gate", "wiring"])
def test_a_logit_that_is_not_finite_is_told(value: float, which: str) -> None:
    network = make_network(15, 30, [20, 20], 4, 2)
    rows, y = make_rows(16, 30, 64, 2)
    engine = PackedEngine(network, Estimator(), 0)
    state = engine.state()
    state[f"{which}.1"].flat[7] = value
    engine.load_state(state)
    with pytest.raises(FloatingPointError, match="step 1"):
        engine.step(rows, y, 0.1)


def test_rows_and_labels_that_do_not_fit_are_refused() -> None:
    network = make_network(17, 100, [20], 1, 3)
    rows, y = make_rows(18, 100, 5, 3)
    engine = PackedEngine(network, Estimator(), 0)
    for wrong in (y[:4], y + 3, y - 3):
        with pytest.raises(ValueError, match="labels from 0 to 2"):
            engine.step(rows, wrong, 0.1)
    bad: Any
    for bad in (rows[:, :1], rows.astype(np.int64)):
        with pytest.raises(ValueError, match=r"uint64\[n, 2\]"):
            engine.scores(bad, hard=True)


def test_a_state_of_the_torch_engine_continues() -> None:
    network = make_network(19, 64, [48, 40], 4, 3)
    rows, y = make_rows(20, 64, 100, 3)
    before, after = TorchEngine(network, Estimator(), 0), PackedEngine(network, Estimator(), 0)
    for _ in range(3):
        before.step(rows, y, 0.02)
    after.load_state(before.state())
    for _ in range(3):
        assert after.step(rows, y, 0.02) == pytest.approx(before.step(rows, y, 0.02), rel=1e-4)
    assert after.c_ema == pytest.approx(before.c_ema, rel=1e-6)


def test_kernels_compile_where_no_cache_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(kernels_compile, "_FOLDER", str(tmp_path / "file" / "folder"))

    @kernels_compile.compiled
    def twice(x: int) -> int:
        return 2 * x

    assert twice(21) == 42


def test_the_team_chooses_the_threads_that_pay_off() -> None:
    for slow, best in ((1, 2), (2, 1)):
        team, used = Team(2), []
        for _ in range(900):
            used.append(team.active)
            team.pace(0.002 if team.active == slow else 0.001)
        assert used.count(best) > 850
        assert set(used[400:412]) == {1, 2}  # Tried again from time to time.
