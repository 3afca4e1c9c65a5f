"""`lgnc train TABLE` without a flag beside a random forest on the same rows; prints a row per table and the means.

    python benchmarks/tables.py [--folder DIR] [--splits 8] [--tables wine,iris] [--balance] [--search 60] [--json FILE]

--search first chooses settings on the training rows, in so many CPU seconds for each split. DIR (or the folder
`tabular` of LGNC_DATA) has NAME.csv for the tables that scikit-learn does not carry; those that are missing are named.
No setting is chosen by test rows. CPU seconds are those of training, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score

from lgnc.data import Dataset, load_dataset
from lgnc.data.named import NAMES
from lgnc.train import TrainConfig, train
from lgnc.train.search import search

TABLES = (
    "banknote", "ionosphere", "sonar", "seeds", "wine-red", "pima", "wine", "iris", "breast-cancer", "phishing",
    "segment", "gunpoint",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A table's means over the splits; (balanced) accuracies in percent. default: lgnc without a search."""

    table: str
    default: float
    lgnc: float
    forest: float
    majority: float
    lgnc_balanced: float
    forest_balanced: float
    gates: int
    cpu_seconds: float


def searched(data: Dataset, config: TrainConfig, seconds: float) -> TrainConfig:
    """What a search of so many CPU seconds chooses."""
    with tempfile.TemporaryDirectory() as folder:
        return search(data, config, seconds, f"sqlite:///{folder}/study.db", clock=time.process_time).config


def measure(table: str, source: str, splits: int, *, balance: bool, search_seconds: float = 0) -> Row:
    """Train on each split, and a forest of 100 trees beside it."""
    found = []
    for seed in range(splits):
        data = load_dataset(source, seed=seed)
        config, default = TrainConfig(seed=seed, threads=1, balance=balance), None
        if search_seconds:
            default = train(data, config).report["test_accuracy"]
            config = searched(data, config, search_seconds)
        started = time.process_time()
        report = train(data, config).report
        seconds = time.process_time() - started
        forest = RandomForestClassifier(100, random_state=seed, class_weight="balanced" if balance else None)
        guess = forest.fit(data.x_train, data.y_train).predict(data.x_test)
        accuracy, of_forest = report["test_accuracy"], float((guess == data.y_test).mean())
        shares = accuracy if default is None else default, accuracy, of_forest, report["majority_share"]
        balanced = report["balanced_accuracy"], float(balanced_accuracy_score(data.y_test, guess))
        found.append([*(100 * each for each in (*shares, *balanced)), report["gates"], seconds])
    return _row(table, [float(each) for each in np.mean(found, axis=0)])


def _row(table: str, means: list[float]) -> Row:
    """A row of the values in the order of its fields."""
    default, lgnc, forest, majority, balanced, other, gates, seconds = means
    return Row(table, default, lgnc, forest, majority, balanced, other, round(gates), seconds)


def sources(folder: Path | None, tables: list[str]) -> dict[str, str]:
    """What to load each table from; those that are nowhere are left out."""
    files = {name: folder / f"{name}.csv" for name in tables} if folder else {}
    named = {name: name for name in tables if name in NAMES}
    return {name: str(path) for name, path in files.items() if path.exists()} | named


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where NAME.csv lie")
    parser.add_argument("--splits", type=int, default=8)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--balance", action="store_true", help="class weights, for the forest too")
    parser.add_argument("--search", type=float, default=0, help="CPU seconds of search for each split")
    parser.add_argument("--json", type=Path, help="write the rows here")
    options = parser.parse_args()
    root = os.environ.get("LGNC_DATA")
    folder = options.folder or (Path(root) / "tabular" if root else None)
    tables = options.tables.split(",")
    where = sources(folder, tables)
    if missing := [name for name in tables if name not in where]:
        sys.stdout.write(f"missing: {', '.join(missing)}\n")
    sys.stdout.write(
        f"{'table':<14} {'default':>7} {'lgnc %':>7} {'forest':>7} {'majority':>8} {'balanced':>8} {'forest':>7}"
    )
    sys.stdout.write(f" {'gates':>6} {'CPU s':>6}\n")
    rows = []
    for name in where:
        rows.append(measure(name, where[name], options.splits, balance=options.balance, search_seconds=options.search))
        _print(rows[-1])
    if rows:
        fields = [[getattr(row, name) for row in rows] for name in list(asdict(rows[0]))[1:]]
        _print(_row("mean", [fmean(each) for each in fields]))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def _print(row: Row) -> None:
    line = f"{row.table:<14} {row.default:>7.2f} {row.lgnc:>7.2f} {row.forest:>7.2f} {row.majority:>8.2f}"
    sys.stdout.write(
        f"{line} {row.lgnc_balanced:>8.2f} {row.forest_balanced:>7.2f} {row.gates:>6} {row.cpu_seconds:>6.2f}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
