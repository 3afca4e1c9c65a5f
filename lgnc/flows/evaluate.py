"""A model, circuit or compiled folder on labelled rows: accuracy, mismatches and samples per second."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data import Dataset, load_dataset
from lgnc.data.class_figures import class_figures
from lgnc.data.held import Held
from lgnc.data.held_rows import held_rows
from lgnc.diagnostics import BadInput, unknown
from lgnc.flows.things import Thing, is_folder, source_of
from lgnc.formats.lgn import Model
from lgnc.formats.record import training_fault
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.simulate import encode, features_for, pack, simulate, simulate_outputs, unpack
from lgnc.sim.folder import feature_types, load_manifest, run_folder
from lgnc.sim.network import run_model
from lgnc.sim.result import RunResult

SPLITS = ("test", "train", "all")


@dataclass(frozen=True)
class Evaluation:
    """accuracy: share of rows whose class is the label. mismatches: rows whose class or scores differ from what
    `reference` names, or None when there is nothing to compare with. seconds: the run alone, without compiling.
    figures: what `class_figures` says beside the accuracy. notes: what was left out or guessed in reading the rows.
    """

    engine: str
    samples: int
    accuracy: float
    mismatches: int | None
    reference: str | None
    samples_per_second: float
    seconds: float
    built_seconds: float
    figures: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def mismatches(result: RunResult, reference: RunResult) -> int:
    """Rows whose class differs, or whose scores do when both have scores."""
    if result.classes is None or reference.classes is None:
        raise BadInput("a circuit without a head has no classes", fix="compare it with 'lgnc verify'")
    wrong = result.classes != reference.classes
    if result.scores is not None and reference.scores is not None:
        wrong = wrong | (result.scores != reference.scores).any(axis=1)
    return int(wrong.sum())


def run_circuit(circuit: Circuit, features: NDArray[Any]) -> RunResult:
    """`lgnc.ir.simulate` on [n, features] rows, timed; the outputs of a circuit without a head."""
    started = time.perf_counter()
    if circuit.head is None:
        words = simulate_outputs(circuit, pack(encode(circuit.encoder, features)))
        outputs = unpack(words, len(features))
        return RunResult("reference", None, None, outputs, time.perf_counter() - started, 0.0)
    scores, classes = simulate(circuit, features)
    return RunResult("reference", scores, classes, None, time.perf_counter() - started, 0.0)


@dataclass(frozen=True, eq=False)
class Rows:
    """x: [n, features]. y: int64[n], indices into the network's `classes`. notes: as `Dataset.notes`."""

    x: NDArray[Any]
    y: NDArray[np.int64]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def rows(
    data: str,
    split: str,
    limit: int | None,
    *,
    label: str | None,
    columns: dict[str, Any] | None,
    training: Any,
    classes: Sequence[str] | None,
    shape: Any = None,
    max_memory: int | None = None,
) -> Rows:
    """One split of a data set, split as `training` (a model's record) says.

    classes: the network's, or None for the data's own. shape: of the images that it was trained on. max_memory: as
    `load_dataset` takes it.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    record = training if isinstance(training, dict) else {}
    if what := training_fault(record, "training"):
        raise BadInput(what, where=data, fix="compile or train it again")
    held_out = {key: record[key] for key in ("test_fraction", "seed") if key in record}
    dataset = load_dataset(data, label=label, columns=columns or None, max_memory=max_memory, **held_out)
    x, y = {
        "test": (dataset.x_test, dataset.y_test),
        "train": (dataset.x_train, dataset.y_train),
        "all": (
            np.concatenate([dataset.x_train, dataset.x_test]),
            np.concatenate([dataset.y_train, dataset.y_test]),
        ),
    }[split]
    if not len(x):
        raise _no_rows(dataset, split, data)
    if shape and dataset.shape and list(shape) != list(dataset.shape):
        shown, wanted = (" x ".join(map(str, each)) for each in (dataset.shape, shape))
        what = f"its images are {shown} (height, width, channels), the model was trained on {wanted}"
        raise BadInput(what, where=data, fix="turn the axes to [n, height, width, channels], as in training")
    names = dataset.class_names if classes is None else tuple(classes)
    return Rows(x[:limit], labels_for(dataset.class_names, y, list(names), data)[:limit], names, dataset.notes)


def _no_rows(dataset: Dataset, split: str, data: str) -> BadInput:
    if dataset.columns.get("order") == "file" and split == "test":
        fix = "give the file of the test rows, or --split train"
        return BadInput("the model was trained on these rows; none is held out", where=data, fix=fix)
    return BadInput(f"split '{split}' has no rows", where=data, fix="choose another split")


def labels_for(names: tuple[str, ...], labels: NDArray[np.int64], classes: list[str], where: str) -> NDArray[np.int64]:
    """Labels as indices into the network's classes. Raises BadInput when one is unknown to it."""
    position = {name: index for index, name in enumerate(classes)}
    missing = [name for name in names if name not in position]
    if missing:
        what = f"class '{missing[0]}' of the data is none of the network's"
        raise BadInput(what, where=where, fix=f"its classes are {', '.join(classes[:20])}")
    mapped: NDArray[np.int64] = np.array([position[name] for name in names], np.int64)[labels]
    return mapped


@dataclass(frozen=True, eq=False)
class Measured:
    """One run on rows. against: the same by `reference`, or None when there is nothing to compare with."""

    result: RunResult
    taken: Rows
    against: RunResult | None
    reference: str | None


def measure(
    thing: Thing,
    data: str | Held,
    *,
    split: str = "test",
    limit: int | None = None,
    engine: str | None = None,
    label: str | None = None,
    model: Thing | None = None,
    threads: int = 1,
    max_memory: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Run a model, a circuit or a compiled folder on one split of `data`, or on all rows that are held in memory.

    A compiled folder is compared with `model` when given, else with the circuit that lies in it; a model's circuit
    with the model run neuron by neuron. tell: as `run_folder` takes it. Raises BadInput for unusable files or data,
    ToolMissing without the engine.
    """
    wanted = Wanted(data, split, limit, label, max_memory)
    if is_folder(thing):
        run = partial(run_folder, engine=engine, threads=threads, tell=tell)
        return _measure_folder(Path(thing), wanted, model, run)
    if engine not in (None, "reference"):
        raise unknown("engine for a model or circuit", str(engine), ("reference",))
    source = source_of(thing)
    meta = source.model.meta if source.model else {}
    head = source.circuit.head
    classes = None if head is None else head.names
    taken = wanted.rows(source.circuit.encoder, meta, classes, str(thing))
    x = features_for(source.circuit.encoder, taken.x, str(data))
    against = run_model(source.model, x) if source.model else None
    reference = None if against is None else "the model, neuron by neuron"
    return Measured(run_circuit(source.circuit, x), taken, against, reference)


@dataclass(frozen=True, eq=False)
class Wanted:
    """The rows that are asked for, before what runs is known."""

    data: str | Held
    split: str
    limit: int | None
    label: str | None
    max_memory: int | None

    def rows(self, encoder: Encoder, meta: Mapping[str, Any], classes: Sequence[str] | None, where: str) -> Rows:
        """The rows as `encoder` takes them. meta: 'columns', 'training' and 'shape' as a model's record has them."""
        columns = dict(meta.get("columns") or {})
        if isinstance(self.data, Held):
            x, y, notes = held_rows(self.data, encoder, columns, classes, self.label, self.max_memory)
            return Rows(x[: self.limit], y[: self.limit], tuple(classes or ()), notes)
        if classes is None:
            raise BadInput("has no head, so it has no classes", where=where, fix="compare it with 'lgnc verify'")
        return rows(
            self.data,
            self.split,
            self.limit,
            label=self.label,
            columns=columns,
            training=meta.get("training"),
            classes=classes,
            shape=meta.get("shape"),
            max_memory=self.max_memory,
        )


def _measure_folder(folder: Path, wanted: Wanted, model: Thing | None, run: Callable[..., RunResult]) -> Measured:
    manifest = load_manifest(folder)
    meta = {"columns": manifest.columns, "training": manifest.training}
    taken = wanted.rows(feature_types(manifest), meta, manifest.classes, str(folder))
    inside = folder / f"{manifest.name}.lgir"
    reference = source_of(model if model is not None else inside)
    if model is None:
        manifest.check_circuit(reference.circuit, inside)
    elif reference.sha256 != manifest.source_sha256:
        what = f"was not compiled from {model}"
        raise BadInput(what, where=str(folder), fix="give the model that its manifest's source_sha256 names")
    x = features_for(reference.circuit.encoder, taken.x, str(wanted.data))
    loaded: Model | None = reference.model
    against = run_model(loaded, x) if loaded else run_circuit(reference.circuit, x)
    return Measured(run(folder, x), taken, against, str(inside if model is None else model))


def evaluate(measured: Measured) -> Evaluation:
    """What a run on labelled rows is worth. Raises BadInput when it gave no classes."""
    result, taken, against = measured.result, measured.taken, measured.against
    y = taken.y
    return Evaluation(
        engine=result.engine,
        samples=len(y),
        accuracy=result.accuracy(y),
        mismatches=None if against is None else mismatches(result, against),
        reference=measured.reference,
        samples_per_second=len(y) / max(result.seconds, 1e-9),
        seconds=result.seconds,
        built_seconds=result.built_seconds,
        figures={} if result.classes is None else class_figures(y, result.classes, taken.classes),
        notes=taken.notes,
    )
