"""Checkpoints: everything that a run needs to continue bit for bit, in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.files import read_file, write_file
from lgnc.train.prepare import Problem

VERSION = 1
_KEY = "lgnc-checkpoint"

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
    """SHA-256 of what a resumed run must share: the resolved configuration (but its time budget) and the data."""
    settings = {key: value for key, value in problem.config.as_dict().items() if key != "time_budget"}
    dataset = problem.dataset
    sha = hashlib.sha256(json.dumps([settings, dataset.class_names, dataset.feature_names]).encode())
    for array in (dataset.x_train, dataset.y_train):
        sha.update(repr((array.shape, str(array.dtype))).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def save_checkpoint(path: Path, progress: Progress, engine: State, digest: str) -> None:
    """Write a checkpoint to `path`, whole or not at all."""
    from safetensors.numpy import save

    header = {"version": VERSION, "digest": digest}
    header |= {key: value for key, value in vars(progress).items() if key != "best"}
    tensors = {f"engine.{name}": array for name, array in engine.items()}
    tensors |= {f"best.{name}": array for name, array in progress.best.items()}
    contiguous = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    write_file(path, save(contiguous, {_KEY: json.dumps(header, sort_keys=True)}))


def load_checkpoint(path: Path, digest: str) -> tuple[Progress, State]:
    """(progress, engine state) of the file at `path`.

    Raises BadInput when it is not a whole checkpoint, or belongs to another configuration or other data.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = read_file(path)
    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_KEY])
        tensors = load(data)
        version, found = header.pop("version"), header.pop("digest")
        if version != VERSION:
            raise BadInput(f"is of checkpoint format {version}; this lgnc reads {VERSION}", where=str(path))
        progress = Progress(**header)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        fix = "train again without --resume"
        raise BadInput("is not a checkpoint, or a damaged one", where=str(path), fix=fix) from None
    if found != digest:
        fix = "give the settings and data that it was made with, or train without --resume"
        raise BadInput("is a checkpoint of another configuration or of other data", where=str(path), fix=fix)
    progress.best = {name[5:]: array for name, array in tensors.items() if name.startswith("best.")}
    return progress, {name[7:]: array for name, array in tensors.items() if name.startswith("engine.")}
