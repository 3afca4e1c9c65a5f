"""The gap experiment: method x gate temperature (or CAGE) x seed, one row of a CSV a cell, resumed where it stopped."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.files import read_file, write_file
from lgnc.processes import worker_pool
from lgnc.train.checkpoint import data_digest
from lgnc.train.config import TrainConfig
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


def grid(
    temperatures: Sequence[float], seeds: int, *, methods: Sequence[str] | None = None, cage: bool = True
) -> list[Cell]:
    """Every method (all unless given) at every temperature, and with CAGE, for seeds 0, 1, ..., seed by seed.

    A cell that is named twice is one. Raises BadInput for an unknown method.
    """
    names = [method_of(name).name for name in (METHODS if methods is None else methods)]
    columns = [*temperatures, *([0.0] if cage else [])]
    cells = [Cell(name, column, seed) for seed in range(seeds) for name in names for column in columns]
    return list({cell.key: cell for cell in cells}.values())


def run_gap(
    dataset: Dataset,
    base: TrainConfig,
    cells: Iterable[Cell],
    path: Path,
    *,
    workers: int = 1,
    on_cell: Callable[[dict[str, str]], None] | None = None,
) -> list[dict[str, str]]:
    """Train every cell that the CSV at `path` does not have, `workers` at a time, and return all rows in grid order.

    base: every other setting. The file is rewritten, whole, after each cell; rows of other cells stay, at its end.
    selection_gap is that of the trained network on test rows; peak_gap is the highest after any epoch, on the rows that
    the training curve is measured on.
    Raises BadInput, before the first run, when the file was made with other settings, is not such a file or cannot be
    made there, or a method cannot be trained with `base`; and what `lgnc.train.train` raises.
    """
    wanted = list(cells)
    for method in sorted({cell.method for cell in wanted}):
        resolve(replace(base, method=method), dataset)
    if not path.absolute().parent.is_dir():
        raise BadInput("its folder does not exist", where=str(path), fix="give a file in a folder that exists")
    settings = _settings(dataset, base)
    rows = _read(path, settings) if path.exists() else {}
    todo = [cell for cell in wanted if cell.key not in rows]

    def done(row: dict[str, str]) -> None:
        rows[(row["method"], row["temperature"], row["seed"])] = row
        keys = dict.fromkeys([*(cell.key for cell in wanted), *rows])
        write_file(path, _csv(rows[key] for key in keys if key in rows))
        if on_cell is not None:
            on_cell(row)

    if workers <= 1:
        for cell in todo:
            done(_run(dataset, base, cell, settings))
    elif todo:
        with worker_pool(workers, _start, (dataset, replace(base, threads=1), settings)) as pool:
            for future in as_completed([pool.submit(_run_here, cell) for cell in todo]):
                done(future.result())
    return [rows[cell.key] for cell in wanted]


def _settings(dataset: Dataset, base: TrainConfig) -> str:
    """A digest of what every cell shares: settings other than the grid's axes and the machine's, and the data set."""
    shared = resolve(base, dataset).record() | {"engine": base.engine}
    for axis in ("method", "temperature", "cage", "seed", "device"):
        shared.pop(axis)
    described = json.dumps([shared, dataset.name, data_digest(dataset)])
    return hashlib.sha256(described.encode()).hexdigest()[:12]


def _run(dataset: Dataset, base: TrainConfig, cell: Cell, settings: str) -> dict[str, str]:
    from lgnc.train.loop import train

    cage = cell.temperature == 0
    temperature = base.temperature if cage else cell.temperature
    config = replace(base, method=cell.method, cage=cage, temperature=temperature, seed=cell.seed)
    report = train(dataset, config).report
    last = report["history"][-1]
    peak = max(epoch["selection_gap"] for epoch in report["history"])
    figures = [report[name] for name in FIGURES]
    values: list[Any] = [*cell.key, *figures, report["steps"], peak, last["c_ema"], last["tau_b"], settings]
    return {
        name: f"{value:.6g}" if isinstance(value, float) else str(value)
        for name, value in zip(COLUMNS, values, strict=True)
    }


_shared: list[Any] = []
"""In a worker: the data set, the settings and their digest."""


def _start(*shared: Any) -> None:
    _shared[:] = shared


def _run_here(cell: Cell) -> dict[str, str]:
    dataset, base, settings = _shared
    return _run(dataset, base, cell, settings)


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
