"""Checkpoints: what is damaged, foreign or out of range is refused by name, before any kernel sees it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from lgnc.diagnostics import BadInput, Failed
from lgnc.formats.lgn import checksum, model_bytes
from lgnc.train import TrainConfig, TrainResult, train
from lgnc.train.checkpoint import check_place, data_digest, run_digest
from lgnc.train.prepare import prepare
from tests.train.test_train import SMALL, blobs

REDRAWN = replace(SMALL, engine="packed", redraw=0.9, width=20, epochs=2)
"""Its checkpoint has the candidates of every layer."""

Parts = tuple[dict[str, Any], dict[str, Any]]


def saved(path: Path, config: TrainConfig) -> Parts:
    """The header and the arrays of a finished run's checkpoint."""
    train(blobs(), config, checkpoint=path)
    data = path.read_bytes()
    told = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    return json.loads(told["lgnc-checkpoint"]), safetensors.numpy.load(data)


def write(path: Path, header: Any, arrays: dict[str, Any]) -> None:
    """A checkpoint of that content, under a checksum that fits: what somebody would write who means harm."""
    text = json.dumps(header)
    made = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    path.write_bytes(safetensors.numpy.save(made, {"lgnc-checkpoint": text, "sha256": checksum(text, made)}))


def resume(path: Path, config: TrainConfig) -> TrainResult:
    return train(blobs(), config, checkpoint=path, resume=True)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    train(blobs(), SMALL, checkpoint=path)
    with pytest.raises(BadInput, match="another configuration"):
        train(blobs(), replace(SMALL, lr=0.1), checkpoint=path, resume=True)
    with pytest.raises(BadInput, match="other data"):
        train(blobs(1), SMALL, checkpoint=path, resume=True)
    data = path.read_bytes()
    header = json.dumps({"__metadata__": {"lgnc-checkpoint": "3"}}).encode()
    not_an_object = len(header).to_bytes(8, "little") + header
    for damaged in (b"", data[:7], data[: len(data) // 2], b"\xff" * 100, not_an_object):
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match="not a checkpoint, or a damaged one"):
            train(blobs(), SMALL, checkpoint=path, resume=True)


@pytest.mark.parametrize("config", [SMALL, REDRAWN])
def test_a_flipped_bit_in_a_checkpoint_is_noticed(config: TrainConfig, tmp_path: Path) -> None:
    path = tmp_path / "c"
    train(blobs(), config, checkpoint=path)
    data = path.read_bytes()
    for at in range(0, len(data), max(1, len(data) // 150)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        with pytest.raises(BadInput, match=r"not a checkpoint, or a damaged one|of another configuration|format"):
            resume(path, config)


@pytest.mark.parametrize("config", [SMALL, REDRAWN])
def test_arrays_that_no_engine_has_are_refused_whatever_the_checksum(config: TrainConfig, tmp_path: Path) -> None:
    path = tmp_path / "c"
    header, arrays = saved(path, config)
    write(path, header, arrays)
    resume(path, config)
    assert any("candidates" in name for name in arrays) == (config is REDRAWN)
    changes: list[tuple[str, Any]] = [("engine.more", np.zeros(3)), ("best.more", np.zeros(3)), ("more", np.zeros(3))]
    for name, array in arrays.items():
        wrong: list[Any] = [None, array[:0], array.astype(np.int16), np.repeat(array, 2, axis=0), array[None]]
        if array.dtype.kind == "f":
            wrong += [np.full_like(array, value) for value in (np.nan, np.inf, -np.inf)]
        if "candidates" in name:
            wrong += [np.full_like(array, value) for value in (-1, 2**31 - 1, -(2**31), 1000)]
        if name.endswith((".steps", ".c_ema")):
            wrong += [array - 100]
        changes += [(name, each) for each in wrong]
    assert len(changes) > 100
    for name, change in changes:
        write(path, header, {key: value for key, value in (arrays | {name: change}).items() if value is not None})
        with pytest.raises(BadInput, match="a damaged"):
            resume(path, config)


def test_numbers_that_no_run_has_are_refused_whatever_the_checksum(tmp_path: Path) -> None:
    path = tmp_path / "c"
    header, arrays = saved(path, SMALL)
    entry = header["history"][0]
    bad: list[Any] = ["3", None, True, [], {}, float("nan"), float("inf"), 10**400, -(10**400), -5, [entry, 3]]
    changes: list[tuple[str, Any]] = [
        (name, value)
        for name in ("step", "loss_sum", "seconds", "best_epoch", "best_accuracy", "history")
        for value in bad
        if (name, value) != ("loss_sum", -5)
    ]
    changes += [("step", 10**9), ("best_epoch", 0), ("best_epoch", 99), ("best_epoch", 1.0), ("best_accuracy", 2)]
    changes += [("history", [{**entry, "loss": value}]) for value in ("x", None, float("nan"), 10**400)]
    changes += [("history", [{}]), ("history", header["history"][1:]), ("history", [{**entry, "more": 1}])]
    changes += [("version", 1), ("version", "2"), ("version", {}), ("more", 3), ("best", {}), ("digest", 3)]
    for name, value in changes:
        write(path, header | {name: value}, arrays)
        with pytest.raises(
            BadInput, match=r"c: is (not a checkpoint, or a damaged|of checkpoint format|a checkpoint of)"
        ):
            resume(path, SMALL)
    wholes: list[Any] = [[], 3, "x", None, {}]
    for whole in wholes:
        write(path, whole, arrays)
        with pytest.raises(BadInput, match="a damaged"):
            resume(path, SMALL)


def test_whatever_is_written_under_a_fitting_checksum_is_refused_or_trains(tmp_path: Path) -> None:
    """Random damage to a checkpoint's parts: one line, or a run that ends; nothing else."""
    path, rng = tmp_path / "c", np.random.default_rng(0)
    header, arrays = saved(path, REDRAWN)
    ends = {"refused": 0, "trained": 0}
    for _ in range(80):
        changed, made = dict(header), {name: array.copy() for name, array in arrays.items()}
        name = str(rng.choice(list(made)))
        flat = made[name].reshape(-1).view(np.uint8)
        flat[rng.integers(0, len(flat), rng.integers(1, 4))] = rng.choice([0, 1, 127, 128, 255])
        if rng.random() < 0.3:
            key = str(rng.choice([key for key in changed if key != "digest"]))
            changed[key] = [0, 1, -1, 2**63, 1e308, "", [], {}, None, True][rng.integers(0, 10)]
        write(path, changed, made)
        try:
            resume(path, REDRAWN)
            ends["trained"] += 1
        except (BadInput, Failed):
            ends["refused"] += 1
    assert min(ends.values()) > 5


def test_settings_that_came_later_leave_earlier_runs_as_they_were() -> None:
    """Else nobody could resume a run that an earlier lgnc began."""
    problem = prepare(blobs(), SMALL)
    later = {"balance", "members", "opcodes", "fixed_point", "time_budget"}
    known = {name: value for name, value in problem.config.record().items() if name not in later}
    whole = json.dumps([known, data_digest(problem.dataset)]).encode()
    assert run_digest(problem) == hashlib.sha256(whole).hexdigest()
    for changed in ({"opcodes": "word", "wiring": "words:32", "width": 96}, {"balance": True}):
        assert run_digest(prepare(blobs(), replace(SMALL, **changed))) != run_digest(problem)


def test_a_checkpoint_replaces_no_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "mine.checkpoint"
    for data in (b"notes of a year", b"x" * 100_000, b"\0"):
        path.write_bytes(data)
        with pytest.raises(BadInput, match="this is none"):
            train(blobs(), SMALL, checkpoint=path)
        assert path.read_bytes() == data
    with pytest.raises(BadInput, match="folder does not exist"):
        train(blobs(), SMALL, checkpoint=tmp_path / "no" / "c")
    path.write_bytes(b"")
    first = train(blobs(), SMALL, checkpoint=path)
    check_place(path, resume=False)
    assert model_bytes(train(blobs(), SMALL, checkpoint=path).model) == model_bytes(first.model)
