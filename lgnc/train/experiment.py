"""The gap experiment: method x gate temperature (or CAGE) x seed, one row of a CSV a cell, resumed where it stopped."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Failed, Interrupted
from lgnc.files import make_folder, read_file, write_file
from lgnc.train.cells import dataset_digest, figures, forget, job_of, run_jobs
from lgnc.train.checkpoint import data_digest
from lgnc.train.config import TrainConfig
from lgnc.train.grid import product
from lgnc.train.methods import METHODS, method_of
from lgnc.train.resolve import resolve

FIGURES = ("test_accuracy", "train_mode_accuracy", "selection_gap", "computation_gap", "gates", "epochs")
ADDED = ("steps", "peak_gap")
"""Columns that files of earlier versions have not: their rows are kept, with nothing in these."""
COLUMNS = ("method", "temperature", "seed", *FIGURES, *ADDED, "c_ema", "tau_b", "settings")


@dataclass(frozen=True, order=True)
class Cell:
    """One run of the grid. temperature: the gate temperature, or 0 for CAGE."""

    method: str
    temperature: float
    seed: int

    @property
    def key(self) -> tuple[str, str, str]:
        """The cell's first three columns."""
        return self.method, "cage" if self.temperature == 0 else f"{self.temperature:g}", str(self.seed)

    def config(self, base: TrainConfig) -> TrainConfig:
        """The cell's settings; the others are those of `base`."""
        cage = self.temperature == 0
        temperature = base.temperature if cage else self.temperature
        return replace(base, method=self.method, cage=cage, temperature=temperature, seed=self.seed)


def grid(
    temperatures: Sequence[float], seeds: int, *, methods: Sequence[str] | None = None, cage: bool = True
) -> list[Cell]:
    """Every method (all unless given) at every temperature, and with CAGE, for seeds 0, 1, ..., seed by seed.

    A cell that is named twice is one. Raises BadInput for an unknown method.
    """
    names = [method_of(name).name for name in (METHODS if methods is None else methods)]
    axes = {"seed": range(seeds), "method": names, "temperature": [*temperatures, *([0.0] if cage else [])]}
    cells = [Cell(**values) for values in product(axes)]
    return list({cell.key: cell for cell in cells}.values())


def missing(dataset: Dataset, base: TrainConfig, cells: Iterable[Cell], path: Path) -> list[Cell]:
    """The cells that the CSV at `path` does not have. Raises BadInput as `run_gap` does for the file."""
    rows = _read(path, _settings(dataset, base)) if path.exists() else {}
    return [cell for cell in cells if cell.key not in rows]


def run_gap(
    dataset: Dataset,
    base: TrainConfig,
    cells: Iterable[Cell],
    path: Path,
    *,
    client: Any = None,
    on_cell: Callable[[dict[str, str]], None] | None = None,
) -> list[dict[str, str]]:
    """Train every cell that the CSV at `path` does not have, and return all rows in grid order.

    base: every other setting. client: a Dask client whose workers train (`lgnc.train.cluster`), else this process does,
    one cell after the other. The file is rewritten, whole, after each cell; rows of other cells stay, at its end. Cells
    that were interrupted go on from the checkpoints in the folder `path` with .checkpoints, which is there until then.
    selection_gap is that of the trained network on test rows; peak_gap is the highest after any epoch, on the rows that
    the training curve is measured on.
    Raises BadInput, before the first run, when the file was made with other settings, is not such a file or cannot be
    made there, or a method cannot be trained with `base`; Failed for a cell that cannot be trained; Interrupted after
    Ctrl-C.
    """
    wanted = list(cells)
    digest = dataset_digest(dataset)
    jobs = {cell.key: job_of(cell.config(base), dataset, digest) for cell in wanted}
    if not path.absolute().parent.is_dir():
        raise BadInput("its folder does not exist", where=str(path), fix="give a file in a folder that exists")
    settings = _settings(dataset, base)
    rows = _read(path, settings) if path.exists() else {}
    todo = {job.key: key for key, job in jobs.items() if key not in rows}
    if not todo:
        return [rows[cell.key] for cell in wanted]
    checkpoints = path.with_name(f"{path.name}.checkpoints")
    make_folder(checkpoints)
    try:
        for outcome in run_jobs([jobs[key] for key in todo.values()], [dataset], checkpoints, client):
            key = todo[outcome.key]
            if outcome.error:
                raise Failed(outcome.error, where=" ".join(key), fix="change the settings; the same command goes on")
            rows[key] = _row(key, outcome.report, settings)
            order = dict.fromkeys([*jobs, *rows])
            write_file(path, _csv(rows[each] for each in order if each in rows))
            forget(checkpoints, outcome.key)
            if on_cell is not None:
                on_cell(rows[key])
    except (KeyboardInterrupt, Interrupted):
        what = f"interrupted after {sum(key in rows for key in jobs)} of {len(jobs)} cells"
        raise Interrupted(what, where=str(path), fix="the same command goes on from here") from None
    finally:
        with suppress(OSError):
            checkpoints.rmdir()
    return [rows[cell.key] for cell in wanted]


def _settings(dataset: Dataset, base: TrainConfig) -> str:
    """A digest of what every cell shares: settings other than the grid's axes and the machine's, and the data set."""
    shared = resolve(base, dataset).record() | {"engine": base.engine}
    for axis in ("method", "temperature", "cage", "seed", "device"):
        shared.pop(axis)
    described = json.dumps([shared, dataset.name, data_digest(dataset)])
    return hashlib.sha256(described.encode()).hexdigest()[:12]


def _row(key: tuple[str, str, str], report: Mapping[str, Any], settings: str) -> dict[str, str]:
    found = figures(report)
    values: list[Any] = [*key, *(found[name] for name in COLUMNS[len(key) : -1]), settings]
    return {
        name: f"{value:.6g}" if isinstance(value, float) else str(value)
        for name, value in zip(COLUMNS, values, strict=True)
    }


def _csv(rows: Iterable[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


_MOST_BYTES = 16 << 20
"""A hundred thousand rows: no experiment has as many."""


def _read(path: Path, settings: str) -> dict[tuple[str, str, str], dict[str, str]]:
    fix = "give another output file"
    try:
        reader = csv.DictReader(io.StringIO(read_file(path, _MOST_BYTES).decode("utf-8"), newline=""), strict=True)
        rows, header = list(reader), tuple(reader.fieldnames or ())
    except (UnicodeDecodeError, csv.Error):
        raise BadInput("is not a CSV file of this experiment", where=str(path), fix=fix) from None
    if header == tuple(name for name in COLUMNS if name not in ADDED):
        header = COLUMNS
        rows = [{name: "" if name in ADDED else row.get(name) for name in COLUMNS} | row for row in rows]
    if header not in ((), COLUMNS):
        raise BadInput("line 1 is not the header of this experiment", where=str(path), fix=fix)
    for number, row in enumerate(rows, 2):
        if tuple(row) != COLUMNS or not _is_row(row):
            raise BadInput(f"line {number} is not a row of this experiment", where=str(path), fix=fix)
        if row["settings"] != settings:
            raise BadInput("was made with other settings or data", where=str(path), fix=fix)
    return {(row["method"], row["temperature"], row["seed"]): row for row in rows}


def _is_row(row: dict[str, Any]) -> bool:
    """Whether a CSV line is a cell's: its method is known, and what are numbers are finite ones."""
    if not all(isinstance(value, str) for value in row.values()) or row["method"] not in METHODS:
        return False
    names = [name for name in COLUMNS[1:-1] if row[name] or name not in ADDED]
    numbers = [row[name] for name in names if (name, row[name]) != ("temperature", "cage")]
    try:
        return row["seed"].isdecimal() and all(math.isfinite(float(number)) for number in numbers)
    except ValueError:
        return False
