"""Trainings that do not depend on each other, run here or on a cluster; each goes on from its checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from lgnc import __version__
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Failed, Interrupted
from lgnc.formats.lgn import model_bytes
from lgnc.train.checkpoint import data_digest
from lgnc.train.config import TrainConfig
from lgnc.train.resolve import resolve


@dataclass(frozen=True)
class Job:
    """One training to run. key: SHA-256 of all that its result depends on; data: which of the data sets."""

    key: str
    config: TrainConfig
    data: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the report and the bytes of the model file, or the error in one line."""

    key: str
    report: Mapping[str, Any]
    model: bytes
    error: str = ""


def job_of(config: TrainConfig, dataset: Dataset, digest: str, data: int = 0) -> Job:
    """The job of settings on a data set, whose digest is `dataset_digest`. Every worker takes the engine that this
    machine would take, and one thread unless the settings say more.

    Raises BadInput for settings that this data set or this machine cannot have.
    """
    resolved = resolve(config, dataset)
    key = hashlib.sha256(json.dumps([resolved.record(), resolved.engine, digest, __version__]).encode()).hexdigest()
    threads = config.threads or 1
    return Job(key, replace(config, engine=resolved.engine, device=resolved.device, threads=threads), data)


def dataset_digest(dataset: Dataset) -> str:
    """SHA-256 of all that a result says of a data set: its file's name, training rows and test rows."""
    sha = hashlib.sha256(json.dumps([PurePath(dataset.name).name, data_digest(dataset)]).encode())
    for array in (dataset.x_test, dataset.y_test):
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def checkpoint_of(folder: Path, key: str) -> Path:
    """Where a job's checkpoint lies."""
    return folder / f"{key[:16]}.checkpoint"


def run_job(
    dataset: Dataset, job: Job, folder: Path, on_epoch: Callable[[dict[str, Any]], None] | None = None
) -> Outcome:
    """Train one job, from its checkpoint in `folder` if there is one; one that cannot be read is begun anew.

    What lgnc refuses while it trains is the outcome's error. Raises Interrupted after Ctrl-C.
    """
    from lgnc.train.loop import train

    place = checkpoint_of(folder, job.key) if folder.is_dir() else None
    try:
        try:
            result = train(dataset, job.config, on_epoch=on_epoch, checkpoint=place, resume=place is not None)
        except BadInput as error:
            if place is None or error.where != str(place):
                raise
            place.unlink(missing_ok=True)
            result = train(dataset, job.config, on_epoch=on_epoch, checkpoint=place)
    except Interrupted:
        raise
    except (BadInput, Failed) as error:
        return Outcome(job.key, {}, b"", str(error))
    return Outcome(job.key, result.report, model_bytes(result.model))


def run_jobs(jobs: Sequence[Job], datasets: Sequence[Dataset], folder: Path, client: Any = None) -> Iterator[Outcome]:
    """The outcomes as they come: of one job after the other here, or from the workers of a Dask client.

    folder: of the checkpoints; the caller removes a job's with `forget` once it has kept the outcome.
    """
    if client is None:
        for job in jobs:
            yield run_job(datasets[job.data], job, folder)
        return
    from lgnc.train.cluster import outcomes

    yield from outcomes(client, jobs, datasets, folder.absolute())


def forget(folder: Path, key: str) -> None:
    """Remove the checkpoint of a job whose outcome is kept."""
    with suppress(OSError):
        checkpoint_of(folder, key).unlink(missing_ok=True)


def figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a report that grids compare; peak_gap: the highest selection gap after any epoch.

    None for what there is not, such as the accuracy of a data set without test rows.
    """
    last = report["history"][-1]
    values = {name: report.get(name) for name in _FIGURES}
    values["peak_gap"] = max(epoch["selection_gap"] for epoch in report["history"])
    return values | {"c_ema": last["c_ema"], "tau_b": last["tau_b"]}


_FIGURES = (
    "test_accuracy", "standard_error", "balanced_accuracy", "train_accuracy", "validation_accuracy",
    "train_mode_accuracy", "selection_gap", "computation_gap", "gates", "inputs", "epochs", "steps",
)  # fmt: skip
