"""What a model's record of its training says, for a page: figures beside each other, the curves, the settings.

A record comes from a stranger's file: what is not of the kind that training writes is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lgnc.report.charts import curves
from lgnc.report.page import Bar, Block, Chart, Table

MOST_EPOCHS = 1000
"""Points of a curve; of more epochs, so many are drawn, evenly spread and the last one."""

_MOST_CLASSES = 1000


def percent(share: float) -> str:
    """0.9642 as '96.42 %'."""
    return f"{100 * share:.2f} %"


def epochs_of(history: object) -> list[dict[str, float]]:
    """The epochs of a training's history that can be drawn: finite numbers, `epoch` among them, at most MOST_EPOCHS."""
    given = history if isinstance(history, list) else []
    rows = [row for row in given if isinstance(row, dict) and _finite(row.get("epoch"))]
    if len(rows) > MOST_EPOCHS:
        rows = [rows[round(k * (len(rows) - 1) / (MOST_EPOCHS - 1))] for k in range(MOST_EPOCHS)]
    return [{key: float(value) for key, value in row.items() if _finite(value)} for row in rows]


def _finite(value: object) -> bool:
    """Whether it is a number that a chart can show."""
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e12  # type: ignore[arg-type]


def curve_charts(history: object) -> list[Block]:
    """The curves of a history, none where there is nothing to draw."""
    epochs = epochs_of(history)
    return [Chart(title, svg) for title, svg in curves(epochs)] if len(epochs) > 1 else []


def accuracy_rows(record: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(what, rows, accuracy, balanced accuracy) of a record: training rows, test rows, guessing, and the baselines."""
    rows = []
    if _share(record.get("train_accuracy")):
        rows.append(("by the model's record", "", percent(record["train_accuracy"]), ""))
    if _share(record.get("test_accuracy")):
        rows.append(("by the model's record", *_figures(record, "test_accuracy")))
    if _share(record.get("majority_share")):
        rows.append(("always the largest class", "test", percent(record["majority_share"]), ""))
    baselines = record.get("baselines")
    for one in baselines[:10] if isinstance(baselines, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str) and _share(one.get("accuracy")):
            rows.append((one["name"], *_figures(one, "accuracy")))
    return [(what, where or "training", accuracy, balanced) for what, where, accuracy, balanced in rows]


def _figures(figures: Mapping[str, Any], key: str) -> tuple[str, str, str]:
    error, balanced = figures.get("standard_error"), figures.get("balanced_accuracy")
    spread = f" ± {100 * error:.2f}" if _share(error) else ""  # type: ignore[operator]
    return "test", percent(figures[key]) + spread, percent(balanced) if _share(balanced) else ""  # type: ignore[arg-type]


def _share(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def recall_table(recall: Mapping[str, Sequence[int]], side: str) -> Table:
    """A row for each class: how many of its rows were found. recall: class -> [rows found, rows]. side: whose rows."""
    rows = [
        (name, f"{right:,} of {total:,}", Bar(percent(right / total), right / total))
        for name, (right, total) in list(recall.items())[:_MOST_CLASSES]
    ]
    return Table(("class", "found", "recall"), rows, (1,), f"Recall per class, {side} rows", half=True)


def settings_table(config: object) -> list[Block]:
    """The settings that a training used, folded."""
    if not isinstance(config, dict):
        return []
    return [Table(("setting", "value"), list(_flat(config.items())), title="Settings", fold=True)]


def _flat(items: Iterable[tuple[str, object]]) -> Iterable[tuple[str, str]]:
    for key, value in items:
        if value is not None:
            yield key.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value)
