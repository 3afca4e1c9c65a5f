"""Two processes train the network that one does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data import load_dataset
from lgnc.diagnostics import BadInput
from lgnc.formats.lgn import load_model
from lgnc.toolchain import run
from lgnc.train import TrainConfig, train
from lgnc.train.prepare import prepare
from lgnc.train.ranks import rank, world_size
from tests.train.test_train import blobs

SETTINGS: dict[str, Any] = {
    "width": 40, "layers": 2, "candidates": 3, "redraw": 0.5, "epochs": 2, "batch_size": 33, "seed": 2,
    "method": "gumbel-st", "threads": 1,
}  # fmt: skip


WORDS = {"wiring": "words:32", "opcodes": "hidden", "width": 96, "method": "hard-st"}


@pytest.mark.parametrize(("engine", "other"), [("torch", {}), ("packed", {}), ("packed", WORDS)])
def test_two_processes_equal_one(tmp_path: Path, engine: str, other: dict[str, Any]) -> None:
    rows = [[*map(str, x), "abc"[y]] for x, y in zip(blobs().x_train.tolist(), blobs().y_train.tolist(), strict=True)]
    data, model = tmp_path / "blobs.csv", tmp_path / "two.lgn"
    data.write_text("\n".join(",".join(row) for row in rows) + "\n")
    settings = {**SETTINGS, "engine": engine, **other}
    one = train(load_dataset(str(data), seed=2), TrainConfig.from_dict(settings))
    flags = [word for name, value in settings.items() for word in (f"--{name}".replace("_", "-"), str(value))]
    both = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "lgnc", "train"]
    words = [sys.executable, *both, str(data), *flags, "--json", "-o", str(model)]
    two = json.loads(run(words, env={"OMP_NUM_THREADS": "1"}))
    assert (one.report["engine"], two["engine"]) == (engine, engine)
    assert two["history"][-1]["loss"] == pytest.approx(one.report["history"][-1]["loss"], rel=1e-4)
    for a, b in zip(one.model.layers, load_model(model).layers, strict=True):
        assert a.gate_logits is not None
        assert b.gate_logits is not None
        assert np.abs(a.gate_logits - b.gate_logits).mean() < 1e-4
        np.testing.assert_array_equal(a.candidates, b.candidates)


def test_two_processes_train_the_convolutions_of_one(tmp_path: Path) -> None:
    """Learned leaves and layers' own rates included, on an odd batch."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (90, 36)), np.arange(90) % 2
    x[y == 1, 14:22] = 255
    np.savez(tmp_path / "data.npz", x=x.astype(np.uint8).reshape(90, 6, 6, 1), y=y)
    (tmp_path / "net.toml").write_text(CONVOLUTIONS)
    config = TrainConfig.from_toml(tmp_path / "net.toml", engine="packed", seed=2)
    one = train(load_dataset(str(tmp_path / "data.npz"), seed=2), config)
    both = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "lgnc", "train"]
    flags = ["--config", "net.toml", "--engine", "packed", "--seed", "2", "--json", "-o", "two.lgn"]
    words = [sys.executable, *both, "data.npz", *flags]
    two = json.loads(run(words, cwd=tmp_path, env={"OMP_NUM_THREADS": "1"}))
    assert two["history"][-1]["loss"] == pytest.approx(one.report["history"][-1]["loss"], rel=1e-3)
    there = load_model(tmp_path / "two.lgn")
    own, others = list[Any]([*one.model.front, *one.model.layers]), list[Any]([*there.front, *there.layers])
    for a, b in zip(own, others, strict=True):
        if a.gate_logits is not None:
            assert b.gate_logits is not None
            assert np.median(np.abs(a.gate_logits - b.gate_logits)) < 1e-4
    # A candidate that is no better than another is chosen by a rounding.
    assert (one.model.front[0].leaves == there.front[0].leaves).mean() > 0.8


CONVOLUTIONS = """
epochs = 3
batch_size = 21
init = "gaussian"
threads = 1
validation_fraction = 0.0
[[layer]]
kind = "conv"
kernels = 6
depth = 2
leaves = "learned"
candidates = 3
lr = 0.5
[[layer]]
kind = "pool"
[[layer]]
kind = "dense"
width = 40
[[layer]]
kind = "dense"
width = 20
"""


def test_what_several_processes_cannot_do_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (rank(), world_size()) == (0, 1)
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "localhost")):
        monkeypatch.setitem(os.environ, name, value)
    assert (rank(), world_size()) == (1, 2)
    assert prepare(blobs(), TrainConfig(width=40)).config.engine == "packed"
    with pytest.raises(BadInput, match="one process"):
        prepare(blobs(), TrainConfig(width=40, engine="triton"))
