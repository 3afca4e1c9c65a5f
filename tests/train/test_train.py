"""Training from end to end on small problems: accuracy, gaps, determinism, checkpoints, limits and bad input."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Failed
from lgnc.formats import lift
from lgnc.formats.lgn import load_model, model_bytes, save_model
from lgnc.ir.simulate import simulate
from lgnc.train import TrainConfig, train

SMALL = TrainConfig(
    layers=2,
    width=64,
    candidates=4,
    epochs=4,
    batch_size=32,
    encoder="thermometer:3",
    engine="torch",
    threads=1,
    seed=3,
)


def blobs(seed: int = 0, *, dtype: str = "uint8", shape: tuple[int, int, int] | None = None) -> Dataset:
    """Three classes of 4 x 4 pictures, each with its own bright corner, and noise."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(420) % 3)
    x = rng.integers(0, 120, (420, 16))
    for label, corner in enumerate((0, 3, 12)):
        x[np.ix_(y == label, [corner, 5])] += rng.integers(60, 136, (int((y == label).sum()), 2))
    values = x.astype(dtype)
    names = tuple(f"x{i}" for i in range(16))
    return Dataset("blobs", values[:300], y[:300], values[300:], y[300:], names, ("a", "b", "c"), {"made": True}, shape)


@pytest.mark.parametrize("wiring", ["random", "structured", "learned", "local"])
def test_it_learns_and_deploys_what_it_trained(wiring: str, tmp_path: Path) -> None:
    dataset = blobs(shape=(4, 4, 1))
    seen: list[dict[str, Any]] = []
    steps: list[tuple[int, int]] = []
    learned: dict[str, Any] = {"wiring": "learned", "candidates": 4, "candidates_from": "all"}
    learned = {"learned": learned, "local": {**learned, "candidates_from": "local"}}.get(wiring, {})
    config = replace(SMALL, **{"wiring": wiring, "candidates": None, **learned}, shifts=0, epochs=15, lr=0.1)
    result = train(dataset, config, on_epoch=seen.append, on_step=lambda *at: steps.append(at))
    report = result.report
    assert report["test_accuracy"] > 0.7
    assert report["selection_gap"] == 0.0
    assert report["computation_gap"] == 0.0
    assert (report["gates"], report["classes"], report["epochs"], report["seed"]) == (128, 3, 15, 3)
    assert set(report["versions"]) == {"lgnc", "torch", "numpy", "numba", "python"}
    assert [entry["epoch"] for entry in seen] == list(range(1, 16))
    assert seen[-1].items() >= report["history"][-1].items()
    assert steps[-1] == (len(steps), len(steps))
    save_model(result.model, tmp_path / "m.lgn")
    loaded = load_model(tmp_path / "m.lgn")
    _, classes = simulate(lift(loaded), dataset.x_test)
    assert (classes == dataset.y_test).mean() == report["test_accuracy"]
    assert loaded.meta["training"]["test_accuracy"] == report["test_accuracy"]
    assert loaded.meta["columns"] == {"made": True}
    json.dumps(report)


def test_a_few_binary_features_are_enough() -> None:
    x = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)] * 6, np.uint8)
    y = (x[:, 0] ^ x[:, 2]).astype(np.int64)
    dataset = Dataset("xor", x, y, x[:8], y[:8], ("p", "q", "r"), ("even", "odd"))
    report = train(dataset, TrainConfig(width=30, epochs=10, batch_size=8, lr=0.1, engine="torch", threads=1)).report
    assert report["test_accuracy"] == 1.0
    assert (report["inputs"], report["config"]["candidates"]) == (3, 3)


@pytest.mark.parametrize("wiring", ["structured", "learned"])
@pytest.mark.parametrize("engine", ["torch", "packed"])
@pytest.mark.parametrize(("node", "gates"), [("tree4", 3), ("tree6", 6)])
def test_trees_of_gates_train_and_never_choose_a_constant(node: str, gates: int, engine: str, wiring: str) -> None:
    config = replace(SMALL, node=node, engine=engine, wiring=wiring, widths=(40, 21), layers=None, width=None)
    config = replace(config, constants=False, candidates=None, lr=0.1, epochs=16)
    result = train(blobs(), config)
    assert result.report["gates"] == gates * 61
    assert result.report["selection_gap"] == 0.0
    assert result.report["test_accuracy"] > 0.4
    assert not any(np.isin(layer.op, [0, 15]).any() for layer in result.model.layers)


@pytest.mark.parametrize("method", ["gumbel-st", "soft-mix", "soft-gumbel"])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_the_other_estimators_measure_their_gaps(method: str, dtype: str) -> None:
    config = replace(SMALL, method=method, cage=False, temperature=1.0, inputs="real", epochs=2)
    report = train(blobs(dtype=dtype), config).report
    total = report["test_accuracy"] + report["computation_gap"] + report["selection_gap"]
    assert total == pytest.approx(report["train_mode_accuracy"])
    assert report["computation_gap"] != 0.0
    bits = train(blobs(dtype=dtype), replace(config, inputs="bits")).report
    assert bits["computation_gap"] == 0.0


@pytest.mark.parametrize("engine", ["torch", "packed"])
def test_the_same_seed_gives_the_same_file(engine: str) -> None:
    config = replace(SMALL, engine=engine)
    one, other = (model_bytes(train(blobs(), config).model) for _ in range(2))
    assert one == other
    assert model_bytes(train(blobs(), replace(config, seed=4)).model) != one


def test_both_engines_train_the_same_network() -> None:
    torch, packed = (train(blobs(), replace(SMALL, engine=engine)).report for engine in ("torch", "packed"))
    losses = [[entry["loss"] for entry in report["history"]] for report in (torch, packed)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert (packed["engine"], packed["selection_gap"], packed["computation_gap"]) == ("packed", 0.0, 0.0)


class _Killed(Exception):
    pass


@pytest.mark.parametrize(("engine", "elastic"), [("torch", 0.0), ("torch", 1.0), ("packed", 1.0)])
def test_a_killed_run_resumes_bit_for_bit(tmp_path: Path, engine: str, elastic: float) -> None:
    dataset = blobs(shape=(4, 4, 1))
    config = replace(SMALL, method="gumbel-st", engine=engine, elastic=elastic, redraw=0.9)
    whole = train(dataset, config)

    def die(figures: dict[str, Any]) -> None:
        if figures["epoch"] == 2:
            raise _Killed

    path = tmp_path / "run.ckpt"
    with pytest.raises(_Killed):
        train(dataset, config, on_epoch=die, checkpoint=path)
    resumed = train(dataset, config, checkpoint=path, resume=True)
    assert model_bytes(resumed.model) == model_bytes(whole.model)
    assert resumed.report["history"] == whole.report["history"]
    again = train(dataset, config, checkpoint=path, resume=True)
    assert model_bytes(again.model) == model_bytes(whole.model)


def test_ctrl_c_saves_between_two_steps_and_resumes(tmp_path: Path) -> None:
    whole = train(blobs(), SMALL)
    path = tmp_path / "run.ckpt"

    def press(step: int, _: int) -> None:
        if step == 13:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Failed, match=r"run\.ckpt: interrupted after 13 of .* --resume"):
        train(blobs(), SMALL, on_step=press, checkpoint=path)
    assert model_bytes(train(blobs(), SMALL, checkpoint=path, resume=True).model) == model_bytes(whole.model)
    with pytest.raises(KeyboardInterrupt):
        train(blobs(), SMALL, on_step=press)


def test_the_best_epoch_on_held_out_rows_is_kept() -> None:
    result = train(blobs(), replace(SMALL, epochs=6, lr=0.5, validation_fraction=0.3))
    accuracies = [entry["accuracy"] for entry in result.report["history"]]
    best = max(index for index, value in enumerate(accuracies) if value == max(accuracies))
    assert result.report["best_epoch"] == best + 1
    assert result.report["validation_accuracy"] == max(accuracies)


def test_training_by_steps(tmp_path: Path) -> None:
    """23 steps end in the third epoch; as many as three epochs have are three epochs."""
    path = tmp_path / "run.ckpt"
    config = replace(SMALL, epochs=None, steps=23)
    whole = train(blobs(), config, checkpoint=path)
    assert (whole.report["steps"], whole.report["epochs"]) == (23, 3)
    assert "epochs" not in whole.report["config"]
    assert whole.report["history"][-1]["lr"] < 0.05 * whole.report["config"]["lr"], "the schedule ends with the steps"
    again = train(blobs(), config, checkpoint=path, resume=True)
    assert model_bytes(again.model) == model_bytes(whole.model)
    recorded = TrainConfig.from_dict(whole.model.meta["training"]["config"])
    assert train(blobs(), recorded).report["history"] == whole.report["history"]
    by_epochs = train(blobs(), replace(SMALL, epochs=3))
    by_steps = train(blobs(), replace(SMALL, epochs=None, steps=by_epochs.report["steps"]))
    assert by_steps.report["history"] == by_epochs.report["history"]
    with pytest.raises(BadInput, match="--steps excludes --epochs"):
        replace(SMALL, steps=23)


def test_a_time_budget_ends_training() -> None:
    result = train(blobs(), replace(SMALL, epochs=100_000, time_budget=0.5))
    assert 0.2 < result.report["seconds"] < 2.0
    assert result.report["history"][-1]["lr"] < 0.01


def one_nan() -> Dataset:
    dataset = blobs(dtype="float64")
    dataset.x_train[5, 2] = np.nan
    return dataset


def relabelled(labels: list[int], classes: int) -> Dataset:
    dataset = blobs()
    y = dataset.y_train % 2
    y[: len(labels)] = labels
    return replace(dataset, y_train=y, class_names=tuple("abcd"[:classes]))


@pytest.mark.parametrize(
    ("dataset", "changes", "message"),
    [
        (one_nan(), {}, "nan in row 5, feature 'x2'"),
        (relabelled([], 3), {}, "class 'c' has no training row"),
        (relabelled([], 1), {}, "one class"),
        (blobs(), {"width": 2}, "2 neurons for 3 classes"),
        (blobs(), {"candidates": 49}, "49 candidates a pin, but the layer below has"),
        (blobs(), {"wiring": "random"}, "candidates are for learned wiring, not random"),
        (blobs(), {"wiring": "random", "candidates": None, "candidates_from": "local"}, "candidates are for learned"),
        (blobs(), {"device": "cuda"}, "no CUDA device"),
        (blobs(), {"width": 1 << 29}, "GB of memory, and .* GB are free"),
        (blobs(), {"encoder": "binary"}, "not 0 and 1"),
        (blobs(), {"shifts": 1}, "for images"),
        (blobs(), {"rotate": 5.0}, "for images"),
        (blobs(), {"redraw": 0.5, "candidates_from": "local"}, "redrawn from the whole layer"),
        (blobs(), {"engine": "triton", "method": "soft-mix"}, "no bits to pack"),
        (replace(blobs(), x_test=blobs().x_test[:0]), {}, "no test rows"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_the_first_step(
    dataset: Dataset, changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("lgnc.train.prepare.available_memory", lambda: 1 << 34)

    def never(*_: object) -> None:
        pytest.fail("a step was taken")

    with pytest.raises(BadInput, match=message):
        train(dataset, replace(SMALL, **changes), on_step=never)


def test_a_class_with_one_training_row_is_trained() -> None:
    assert len(train(relabelled([2], 3), replace(SMALL, epochs=1)).model.class_names) == 3


def test_a_loss_that_is_not_finite_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    from lgnc.train.engine import TorchEngine

    def broken(*_: object) -> float:
        raise FloatingPointError("the loss is nan in step 1")

    monkeypatch.setattr(TorchEngine, "step", broken)
    with pytest.raises(Failed, match="the loss is nan in step 1"):
        train(blobs(), SMALL)


def test_where_the_data_lie_is_not_in_the_model() -> None:
    named = [replace(blobs(), name=name) for name in ("blobs.csv", "/home/somebody/blobs.csv", "../blobs.csv")]
    models = [train(dataset, SMALL).model for dataset in named]
    assert len({model_bytes(model) for model in models}) == 1
    assert models[0].meta["training"]["data"] == "blobs.csv"


def test_how_many_threads_ran_is_not_in_the_model() -> None:
    for engine in ("torch", "packed"):
        config = replace(SMALL, engine=engine, widths=(700, 90), layers=None, width=None, batch_size=150)
        files = {model_bytes(train(blobs(), replace(config, threads=count)).model) for count in (1, 2, 3)}
        assert len(files) == 1
