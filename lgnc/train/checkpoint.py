"""Checkpoints: everything that a run needs to continue bit for bit, in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.files import read_file, write_file
from lgnc.formats.lgn import checksum
from lgnc.train.prepare import Problem

VERSION = 2
_KEY, _CHECKSUM = "lgnc-checkpoint", "sha256"

_CURVE = {"epoch", "loss", "lr", "c_ema", "tau_b"}
_CURVE |= {"accuracy", "train_mode_accuracy", "selection_gap", "computation_gap"}
"""What every epoch's entry has."""

_COUNTS = ("step", "best_epoch")
_RANGES = {"step": (0, 1 << 53), "best_epoch": (0, 1 << 53), "loss_sum": (-1e300, 1e300), "seconds": (0, 1e12)}
_RANGES |= {"best_accuracy": (-1, 1)}
"""What the header's numbers may be."""

State = dict[str, NDArray[Any]]


@dataclass
class Progress:
    """step: finished steps over all epochs. loss_sum: of this epoch's finished steps. history: one entry per epoch.

    best: the engine's state after the best epoch so far. seconds: spent in training, over all sittings.
    """

    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: State = field(default_factory=dict)


_LATER: dict[str, Any] = {"balance": False, "members": 1, "opcodes": "gate"}
"""Settings that the first checkpoints of this version do not know, and what they have in the place of them."""


def run_digest(problem: Problem) -> str:
    """SHA-256 of what a resumed run must share: the data, and the configuration but its time budget and threads."""
    record = problem.config.record()
    settings = {key: value for key, value in record.items() if key != "time_budget" and _LATER.get(key) != value}
    return hashlib.sha256(json.dumps([settings, data_digest(problem.dataset)]).encode()).hexdigest()


def data_digest(dataset: Dataset) -> str:
    """SHA-256 of what a data set is trained on: its training rows, and the names of its features and classes."""
    sha = hashlib.sha256(json.dumps([dataset.class_names, dataset.feature_names]).encode())
    for array in (dataset.x_train, dataset.y_train):
        sha.update(repr((array.shape, str(array.dtype))).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def check_place(path: Path, *, resume: bool) -> None:
    """Raise BadInput where a checkpoint could not be written, or would replace a file that is none."""
    if not path.absolute().parent.is_dir():
        raise BadInput("its folder does not exist", where=str(path), fix="give a --checkpoint in a folder that exists")
    if resume or not path.is_file() or not path.stat().st_size:
        return
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError as error:
        raise BadInput(f"cannot read: {error.strerror}", where=str(path), fix="give another --checkpoint") from None
    if _KEY.encode() not in head:
        fix = "move it away, or give another --checkpoint"
        raise BadInput("is in the way: a checkpoint is written there, and this is none", where=str(path), fix=fix)


def save_checkpoint(path: Path, progress: Progress, engine: State, digest: str) -> None:
    """Write a checkpoint to `path`, whole or not at all."""
    write_file(path, checkpoint_bytes(progress, engine, digest))


def checkpoint_bytes(progress: Progress, engine: State, digest: str) -> bytes:
    """The bytes of a checkpoint: its header carries the checksum of itself and of every array."""
    from safetensors.numpy import save

    header = {"version": VERSION, "digest": digest}
    header |= {key: value for key, value in vars(progress).items() if key != "best"}
    tensors = {f"engine.{name}": array for name, array in engine.items()}
    tensors |= {f"best.{name}": array for name, array in progress.best.items()}
    contiguous = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    text = json.dumps(header, sort_keys=True)
    return save(contiguous, {_KEY: text, _CHECKSUM: checksum(text, contiguous)})


def load_checkpoint(path: Path, digest: str, fresh: State, total: int) -> tuple[Progress, State]:
    """(progress, engine state) of the file at `path`. fresh: the state of an engine that has taken no step. total: the
    run's steps.

    Raises BadInput when it is not a whole checkpoint, belongs to another configuration or other data, or holds an array
    that is not of the shape and type of the fresh one, or not finite. Whether candidates are nodes of the layer below
    is told by `lgnc.train.redraw.check_candidates`.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    def damaged(what: str = "") -> BadInput:
        text = "is not a checkpoint, or a damaged one" + (f": {what}" if what else "")
        return BadInput(text, where=str(path), fix="train again without --resume")

    data = read_file(path)
    try:
        size = int.from_bytes(data[:8], "little")
        told = json.loads(data[8 : 8 + size])["__metadata__"]
        header = json.loads(told[_KEY])
        tensors = load(data)
        version, found = header.pop("version"), header.pop("digest")
        if version != VERSION:
            raise BadInput(
                f"is of checkpoint format {version!r:.20}; this lgnc reads {VERSION}",
                where=str(path),
                fix="finish the run with the lgnc that began it, or train again without --resume",
            )
        if told[_CHECKSUM] != checksum(told[_KEY], tensors):
            raise damaged("its checksum is not that of what it holds")
        if set(header) != {*_RANGES, "history"}:
            raise damaged("its header has other entries")
        progress = Progress(**header)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged() from None
    if found != digest:
        fix = "give the settings and data that it was made with, or train without --resume"
        raise BadInput("is a checkpoint of another configuration or of other data", where=str(path), fix=fix)
    progress.best = {name[5:]: array for name, array in tensors.items() if name.startswith("best.")}
    state = {name[7:]: array for name, array in tensors.items() if name.startswith("engine.")}
    what = _progress_fault(progress, total) or _state_fault("engine", state, fresh, progress.step)
    if progress.history:
        what = what or _state_fault("best", progress.best, fresh, None)
    if what or len(state) + (len(progress.best) if progress.history else 0) != len(tensors):
        raise damaged(what or "it has arrays that no run has")
    return progress, state


def _is_number(value: object, least: float, most: float) -> bool:
    return type(value) in (int, float) and least <= value <= most  # type: ignore[operator]


def _progress_fault(progress: Progress, total: int) -> str:
    """What is wrong with the header's numbers, or nothing."""
    for name, (least, most) in _RANGES.items():
        value = getattr(progress, name)
        if not _is_number(value, least, most) or (name in _COUNTS and type(value) is not int):
            return f"'{name}' is not a number that it can be"
    if progress.step > total:
        return f"'step' is {progress.step}, of {total} steps"
    history = progress.history
    if not isinstance(history, list) or not all(isinstance(entry, dict) and set(entry) == _CURVE for entry in history):
        return "'history' is no list of epochs"
    if not all(_is_number(value, -1e300, 1e300) for entry in history for value in entry.values()):
        return "'history' holds what is no number"
    if [entry["epoch"] for entry in history] != list(range(1, len(history) + 1)):
        return "'history' skips an epoch"
    if progress.best_epoch > len(history) or (progress.best_epoch > 0) != bool(history):
        return "'best_epoch' is none of the epochs"
    return ""


def _state_fault(kind: str, state: State, fresh: State, step: int | None) -> str:
    """The first array that is not what a fresh engine has, or nothing. step: what it has counted, if known."""
    for name in sorted({*state, *fresh}):
        if name not in state or name not in fresh:
            return f"{kind}.{name:.60} is {'missing' if name in fresh else 'unknown'}"
        array, like = state[name], fresh[name]
        if array.dtype != like.dtype or array.shape != like.shape:
            return f"{kind}.{name} is {array.dtype} {list(array.shape)}, not {like.dtype} {list(like.shape)}"
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"{kind}.{name} holds NaN or infinity"
    steps, c_ema = int(state["steps"][0]), float(state["c_ema"][0])
    if not (0 <= steps < 1 << 53 if step is None else steps == step) or not 0 <= c_ema <= 1:
        return f"{kind}.steps or {kind}.c_ema is out of range"
    return ""
