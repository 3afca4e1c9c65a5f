"""A sweep's folder: a model and a record per cell, all results as CSV and JSON; gone on with where it stopped."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from lgnc.data.choices import Choices
from lgnc.data.dataset import Dataset
from lgnc.data.load import load_dataset
from lgnc.diagnostics import BadInput, Interrupted
from lgnc.files import make_folder, read_file, sha256, write_file
from lgnc.train.cells import Job, Outcome, dataset_digest, figures, forget, job_of, run_jobs
from lgnc.train.grid import SEED, Cell, Grid, shown

FORMAT = "lgnc sweep 1"
MARK, TABLE = "results.json", "results.csv"
FIGURES = {
    "test_accuracy": "test_accuracy", "standard_error": "standard_error", "balanced_accuracy": "balanced_accuracy",
    "train_accuracy": "train_accuracy", "validation_accuracy": "validation_accuracy",
    "selection_gap": "selection_gap", "peak_gap": "peak_gap", "computation_gap": "computation_gap",
    "gates": "gates", "inputs": "input_bits", "epochs": "epochs_done", "steps": "steps_done",
}  # fmt: skip
"""A report's figure -> its column: 'epochs' and 'steps' may be axes."""
COLUMNS = (*FIGURES.values(), "model", "error")


@dataclass(frozen=True)
class Task:
    """A cell and its job."""

    cell: Cell
    job: Job

    @property
    def name(self) -> str:
        """The cell's files, without their endings."""
        return self.job.key[:16]


@dataclass(frozen=True)
class Sweep:
    """Cells that can be trained, and the data sets of their jobs."""

    axes: tuple[str, ...]
    tasks: tuple[Task, ...]
    datasets: tuple[Dataset, ...]


def plan(grid: Grid, where: str) -> Sweep:
    """Load the data and see that every cell can be trained, before the first one is.

    A cell's data is split by its own seed, as by `lgnc train`, unless the options of the data have one. Raises what
    `load_dataset` and `lgnc.train.resolve` do, and BadInput for an axis with the name of a column of results.
    """
    for name in grid.axes:
        if name in COLUMNS:
            raise BadInput(f"'{name}' is a column of the results", where=f"{where}, [grid]", fix="rename the axis")
    loaded: dict[tuple[Any, ...], tuple[int, Dataset, str]] = {}
    tasks = []
    for cell in grid.cells:
        seed, share = grid.options.get(SEED, cell.config.seed), cell.config.test_fraction
        asked = cell.source, seed, share
        if asked not in loaded:
            dataset = _load(cell.source, seed, share, grid.options)
            loaded[asked] = len(loaded), dataset, dataset_digest(dataset)
        number, dataset, digest = loaded[asked]
        try:
            tasks.append(Task(cell, job_of(cell.config, dataset, digest, number)))
        except BadInput as error:
            place = f"{where}, {shown(cell.values)}, {error.where}"
            raise BadInput(error.what, where=place, fix=error.fix) from None
    return Sweep(grid.axes, tuple(tasks), tuple(dataset for _, dataset, _ in loaded.values()))


def _load(source: str, seed: int, share: float | None, options: Mapping[str, Any]) -> Dataset:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
    given.pop(SEED, None)
    label, na = given.pop("label", None), given.pop("na", ())
    held_out: dict[str, Any] = {} if share is None else {"test_fraction": share}
    return load_dataset(source, label=label, seed=seed, na=na, choices=Choices(**given), **held_out)


def run_sweep(
    sweep: Sweep,
    folder: Path,
    client: Any = None,
    on_cell: Callable[[dict[str, Any]], None] | None = None,
    *,
    done: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Train the cells that `folder` does not have, here or on a Dask client's workers; gives all rows in their order.

    done: what `kept` has just given of the folder, so that it is not looked through again.
    A row has the values of the axes and COLUMNS. After each cell its model and record are written below `cells`, and
    results.csv and results.json, whole. A cell that failed has an error, and is trained again by the next call. Two
    cells that come to the same settings are trained once. Raises BadInput where the folder is not a sweep's,
    Interrupted after Ctrl-C.
    """
    reports = dict(kept(sweep, folder) if done is None else done)
    cells, todo = folder / "cells", list(missing(sweep, reports).values())
    errors: dict[str, str] = {}
    _write(sweep, folder, reports, errors)
    try:
        for outcome in run_jobs(todo, sweep.datasets, cells, client):
            name = outcome.key[:16]
            if outcome.error:
                errors[name] = outcome.error
            else:
                reports[name] = _keep(cells, name, outcome)
            forget(cells, outcome.key)
            rows = _write(sweep, folder, reports, errors)
            if on_cell is not None:
                on_cell(next(row for task, row in zip(sweep.tasks, rows, strict=True) if task.name == name))
    except (KeyboardInterrupt, Interrupted):
        what = f"interrupted after {len(reports)} of {len(sweep.tasks)} cells"
        raise Interrupted(what, where=str(folder), fix="the same command goes on from here") from None
    return _rows(sweep, reports, errors)


def kept(sweep: Sweep, folder: Path) -> dict[str, dict[str, Any]]:
    """The figures of the cells that the folder has, by `Task.name`; every model is compared with its record.

    A folder that is not there is made. Raises BadInput where it is not a sweep's.
    """
    cells = open_folder(folder)
    names = dict.fromkeys(task.name for task in sweep.tasks)
    return {name: found for name in names if (found := _kept(cells, name)) is not None}


def missing(sweep: Sweep, done: Collection[str]) -> dict[str, Job]:
    """The trainings that are not done, by `Task.name`."""
    return {task.name: task.job for task in sweep.tasks if task.name not in done}


def open_folder(folder: Path) -> Path:
    """The folder of the cells in a sweep's, made when it is new. Raises BadInput for a folder with other files."""
    if folder.is_dir() and any(folder.iterdir()) and not _is_mark(folder / MARK):
        fix = "give a new folder, or that of an earlier sweep"
        raise BadInput("has files, and is no folder of a sweep", where=str(folder), fix=fix)
    make_folder(folder)
    if not (folder / MARK).exists():
        write_file(folder / MARK, (json.dumps({"format": FORMAT}) + "\n").encode())
    make_folder(folder / "cells")
    return folder / "cells"


def _is_mark(path: Path) -> bool:
    """Whether a file begins as results.json does. The rest grows with the cells, and is always written anew."""
    try:
        with path.open("rb") as file:
            return re.match(rb'\{\s*"format": ' + re.escape(json.dumps(FORMAT).encode()), file.read(64)) is not None
    except OSError:
        return False


def _keep(cells: Path, name: str, outcome: Outcome) -> dict[str, Any]:
    """Write a cell's model, then its record: what has a record is done."""
    found = figures(outcome.report)
    record = {"format": FORMAT, "key": outcome.key, "sha256": sha256(outcome.model), "figures": found}
    write_file(cells / f"{name}.lgn", outcome.model)
    write_file(cells / f"{name}.json", (json.dumps(record) + "\n").encode())
    return found


def _kept(cells: Path, name: str) -> dict[str, Any] | None:
    """The figures of a cell that is done, or None: without its record, or with another model than it says."""
    record, model = _json(cells / f"{name}.json"), cells / f"{name}.lgn"
    found = record.get("figures")
    numbers = isinstance(found, dict) and all(_is_figure(found.get(figure)) for figure in FIGURES)
    if not numbers or str(record.get("key", ""))[:16] != name or not model.is_file():
        return None
    return found if sha256(read_file(model)) == record.get("sha256") else None


def _is_figure(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (number and math.isfinite(value))


_MOST_RECORD = 1 << 20


def _json(path: Path) -> dict[str, Any]:
    """The object in a file, or an empty one where there is none."""
    try:
        value = json.loads(read_file(path, _MOST_RECORD))
    except (BadInput, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _rows(sweep: Sweep, reports: Mapping[str, Mapping[str, Any]], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for task in sweep.tasks:
        found = reports.get(task.name)
        row = {axis: task.cell.values[axis] for axis in sweep.axes}
        row |= {column: None if found is None else found[figure] for figure, column in FIGURES.items()}
        model = None if found is None else f"cells/{task.name}.lgn"
        rows.append(row | {"model": model, "error": errors.get(task.name)})
    return rows


def _write(
    sweep: Sweep, folder: Path, reports: Mapping[str, Mapping[str, Any]], errors: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Write the cells that ended, in the sweep's order; gives the rows of all cells."""
    rows = _rows(sweep, reports, errors)
    ended = [row for row in rows if row["model"] or row["error"]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*sweep.axes, *COLUMNS))
    writer.writerows([_text(value) for value in row.values()] for row in ended)
    write_file(folder / TABLE, text.getvalue().encode())
    whole = {"format": FORMAT, "axes": sweep.axes, "of": len(rows), "cells": ended}
    write_file(folder / MARK, (json.dumps(whole, indent=1) + "\n").encode())
    return rows


def _text(value: Any) -> str:
    """A cell of the CSV."""
    return "" if value is None else shown(value)


def summarise(axes: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows that differ in their seeds alone, as one: how many ran, the means and the deviation of the accuracy."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    kept = [axis for axis in axes if axis != SEED]
    for row in rows:
        groups.setdefault(json.dumps([row[axis] for axis in kept]), []).append(row)
    return [{axis: group[0][axis] for axis in kept} | _means(group) for group in groups.values()]


_MEANS = ("test_accuracy", "balanced_accuracy", "train_accuracy", "selection_gap", "peak_gap", "gates")


def _means(group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    means: dict[str, Any] = {"runs": sum(row["model"] is not None for row in group)}
    for name in _MEANS:
        values = [row[name] for row in group if row[name] is not None]
        means[name] = fmean(values) if values else None
    values = [row["test_accuracy"] for row in group if row["test_accuracy"] is not None]
    return means | {"deviation": stdev(values) if len(values) > 1 else None}
