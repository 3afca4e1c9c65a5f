"""Checkpoints: everything that a run needs to continue bit for bit, in one safetensors file."""

from __future__ import annotations

import hashlib
import json
import math
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

_CURVE = {"epoch", "loss", "accuracy"}
"""What every epoch's entry has."""

_OF_ONE_ENGINE = {"confidence"}
"""Arrays that some engines have and others can do without."""

State = dict[str, NDArray[Any]]


@dataclass
class Progress:
    """step: finished steps over all epochs. loss_sum: of this epoch's finished steps. history: one entry an epoch.

    best: the engine's state after the best epoch so far. seconds: spent in training, over all sittings.
    """

    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: State = field(default_factory=dict)


def run_digest(problem: Problem) -> str:
    """SHA-256 of what a resumed run must share: the data, and the configuration but its time budget and threads."""
    settings = {key: value for key, value in problem.config.record().items() if key != "time_budget"}
    return hashlib.sha256(json.dumps([settings, data_digest(problem.dataset)]).encode()).hexdigest()


def data_digest(dataset: Dataset) -> str:
    """SHA-256 of what a data set is trained on: its training rows, and the names of its features and classes."""
    sha = hashlib.sha256(json.dumps([dataset.class_names, dataset.feature_names]).encode())
    for array in (dataset.x_train, dataset.y_train):
        sha.update(repr((array.shape, str(array.dtype))).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


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


def load_checkpoint(path: Path, digest: str, fresh: State) -> tuple[Progress, State]:
    """(progress, engine state) of the file at `path`. fresh: the state of an engine that has taken no step.

    Raises BadInput when it is not a whole checkpoint, belongs to another configuration or other data, or holds an array
    that is not of the shape and type of the fresh one, or not finite.
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
        progress = Progress(**header)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged() from None
    if found != digest:
        fix = "give the settings and data that it was made with, or train without --resume"
        raise BadInput("is a checkpoint of another configuration or of other data", where=str(path), fix=fix)
    what = _progress_fault(progress)
    if what:
        raise damaged(what)
    progress.best = {name[5:]: array for name, array in tensors.items() if name.startswith("best.")}
    state = {name[7:]: array for name, array in tensors.items() if name.startswith("engine.")}
    for kind, arrays in (("engine", state), ("best", progress.best or state)):
        what = _state_fault(arrays, fresh)
        if what:
            raise damaged(f"{kind}.{what}")
    return progress, state


def _progress_fault(progress: Progress) -> str:
    """What is wrong with the header's numbers, or nothing."""
    for name, least in (("step", 0), ("best_epoch", 0)):
        if type(getattr(progress, name)) is not int or not least <= getattr(progress, name) < 1 << 53:
            return f"'{name}' is no count"
    for name in ("loss_sum", "seconds", "best_accuracy"):
        value = getattr(progress, name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return f"'{name}' is no number"
    history = progress.history
    if not isinstance(history, list) or not all(isinstance(entry, dict) and _CURVE <= set(entry) for entry in history):
        return "'history' is no list of epochs"
    numbers = [value for entry in history for value in entry.values()]
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in numbers):
        return "'history' holds what is no number"
    return ""


def _state_fault(state: State, fresh: State) -> str:
    """The first array that is not what a fresh engine has, or nothing. Ranges are the engine's to check."""
    for name in sorted({*state, *fresh} - _OF_ONE_ENGINE):
        if name not in state or name not in fresh:
            return f"{name:.60} is {'missing' if name in fresh else 'unknown'}"
    for name, array in state.items():
        if name in fresh and (array.dtype != fresh[name].dtype or array.shape != fresh[name].shape):
            return f"{name} is {array.dtype} {list(array.shape)}, not {fresh[name].dtype} {list(fresh[name].shape)}"
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"{name:.60} holds NaN or infinity"
    if not 0 <= state["steps"][0] < 1 << 53 or not 0 <= state["c_ema"][0] <= 1:
        return "steps or c_ema is out of range"
    return ""
