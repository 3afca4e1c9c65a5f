"""What became of a data set's rows and columns: what is told before training."""

from __future__ import annotations

from typing import Any

import numpy as np

from lgnc.data.dataset import Dataset
from lgnc.data.features import Schema
from lgnc.data.leave_out import notes_on

_SHOWN = 8


def summarise(dataset: Dataset) -> dict[str, Any]:
    """JSON data: 'rows' and 'classes' in training and test, the 'label', what each of 'columns' became, and 'notes'.

    A column became 'number', 'categories' or 'left out', so many features, and why it was left out. Images have no
    columns but a 'shape'.
    """
    counts = [np.bincount(y, minlength=len(dataset.class_names)).tolist() for y in (dataset.y_train, dataset.y_test)]
    told: dict[str, Any] = {
        "rows": {"train": len(dataset.y_train), "test": len(dataset.y_test)},
        "classes": [
            {"name": name, "train": train, "test": test}
            for name, train, test in zip(dataset.class_names, *counts, strict=True)
        ],
        "features": len(dataset.feature_names),
        "dtype": str(dataset.x_train.dtype),
        "notes": list(dataset.notes),
    }
    if dataset.shape is not None:
        told["shape"] = list(dataset.shape)
    if dataset.columns:
        schema = Schema.from_json(dataset.columns, dataset.name)
        told |= {"label": {"column": schema.label, "how": dataset.label}, "split": schema.order}
        if dataset.shape is None:
            told["columns"] = _columns(dataset, schema)
    return told


def _columns(dataset: Dataset, schema: Schema) -> list[dict[str, Any]]:
    columns, at = [], 0
    for plan in schema.columns:
        width = len(plan.feature_names)
        part = dataset.x_train[:, at : at + width]
        at += width
        column: dict[str, Any] = {"name": plan.name, "became": "number" if plan.values is None else "categories"}
        column |= {"features": width, "missing": plan.missing}
        columns.append(column | {"constant": not len(part) or bool((part == part[:1]).all())})
    columns += [{"name": one.name, "became": "left out", "features": 0, "why": one.why} for one in schema.left_out]
    return columns


def summary_lines(dataset: Dataset) -> list[tuple[str, str]]:
    """The same for people: (heading, text) lines, one for each kind of thing."""
    told = summarise(dataset)
    train, test = told["rows"]["train"], told["rows"]["test"]
    lines = [("data", f"{dataset.name}: {train + test:,} rows, {train:,} to train on, {test:,} to test on")]
    if "label" in told and dataset.shape is None:
        how = told["label"]["how"]
        lines.append(("label", f"{told['label']['column']!r}" + (f", {how}" if how else "")))
    lines.append(("classes", _classes(told["classes"])))
    lines.append(("features", _features(told)))
    if dataset.columns:
        schema = Schema.from_json(dataset.columns, dataset.name)
        lines += [("left out", text) for _, text in notes_on(schema.left_out)]
    if constant := [column["name"] for column in told.get("columns", ()) if column.get("constant")]:
        lines.append(("note", f"{_names(constant)}: the same in every training row, of no use"))
    return lines + [("note", note) for note in told["notes"]]


def _names(names: list[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _classes(classes: list[dict[str, Any]]) -> str:
    """'3 (a: 59, b: 71, c: 48)'; of many the first ones, and the rows of the largest and the least."""
    shown = [f"{one['name']}: {one['train'] + one['test']:,}" for one in classes]
    if len(shown) <= _SHOWN:
        return f"{len(shown)} ({', '.join(shown)})"
    sizes = [one["train"] + one["test"] for one in classes]
    return f"{len(shown):,} of {min(sizes):,} to {max(sizes):,} rows ({', '.join(shown[:_SHOWN])}, ...)"


def _features(told: dict[str, Any]) -> str:
    if "shape" in told:
        height, width, channels = told["shape"]
        return f"{height} x {width} pixels" + (f" x {channels}" if channels > 1 else "") + f", {told['dtype']}"
    columns = told.get("columns", [])
    numbers = sum(column["became"] == "number" for column in columns)
    texts = [column["features"] for column in columns if column["became"] == "categories"]
    parts = [f"{numbers:,} numeric column{'s' * (numbers != 1)}"] * (numbers > 0)
    if texts:
        parts.append(f"{len(texts):,} text column{'s' * (len(texts) != 1)} (one bit for each category)")
    if missing := sum(bool(column.get("missing")) for column in columns):
        parts.append(f"{missing:,} with missing cells (one bit more each)")
    return f"{told['features']:,} of {told['dtype']}: {', '.join(parts)}"
