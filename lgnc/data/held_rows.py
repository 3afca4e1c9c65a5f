"""Rows in memory as a trained network takes them: all of them, in their order, with labels or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.features import Schema
from lgnc.data.held import Held
from lgnc.data.labels import LabelPlan, read_labels
from lgnc.data.load import load_dataset
from lgnc.data.npz_file import LABEL
from lgnc.diagnostics import unknown
from lgnc.ir.circuit import Encoder

Ints = NDArray[np.int64]


def held_rows(
    held: Held,
    encoder: Encoder,
    columns: dict[str, Any],
    classes: Sequence[str] | None,
    label: str | None,
    max_memory: int | None,
) -> tuple[Any, Ints, tuple[str, ...]]:
    """(x, y, notes): features [n, features], and int64[n] indices into `classes`, -1 where a label is not known.

    encoder: names and type of the features. columns: the model's record of its table, empty where it has none. label:
    the label's column, by default that of training. Raises BadInput for rows that do not fit, and unknown labels.
    """
    if label is not None and held.columns is not None and label not in held.columns:
        raise unknown("label column", label, held.columns, where=held.where)
    schema = Schema.from_json(columns, held.where) if columns else None
    name = label or _label_of(held, encoder, schema)
    held = held if name is None else held.split_off(name)
    if schema is None:
        x, notes = _plain(held), held.notes
        plan = LabelPlan(tuple(classes or ()), True, (), ())
    else:
        x, notes = _as_trained(held, schema, columns, max_memory)
        plan = schema.labels
    if held.y is None or classes is None:
        return x, np.full(held.rows, -1, np.int64), notes
    table = held.label_table(plan.classes)
    y, told = read_labels(table, table.columns[0], plan)
    at = {each: index for index, each in enumerate(classes)}
    order = np.array([at.get(each, -1) for each in plan.classes] + [-1], np.int64)
    without = (f"{int((y < 0).sum()):,} rows have no label that counts in the accuracy",) if told else ()
    return x, order[y], (*notes, *without)


def _label_of(held: Held, encoder: Encoder, schema: Schema | None) -> str | None:
    """The name of the column that holds the labels, where it is one of them."""
    if held.columns is None or held.y is not None:
        return None
    names = list(held.columns)
    if schema is None:
        others = [name for name in names if name not in encoder.names]
        return others[0] if len(names) == len(encoder.names) + 1 and len(others) == 1 else None
    if held.header and schema.header:
        return schema.label if schema.label in names else None
    for known in (schema.names, [each for each in schema.names if each not in {one.name for one in schema.left_out}]):
        if len(names) == len(known):
            return names[known.index(schema.label)]
    return None


def _plain(held: Held) -> Any:
    """Features for a network without a record of its columns."""
    if held.x is not None:
        return held.x
    columns = dict(held.columns or {})
    return columns if held.header else np.column_stack([np.asarray(cells) for cells in columns.values()])


def _as_trained(
    held: Held, schema: Schema, columns: dict[str, Any], max_memory: int | None
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Features read as the training data was, and what was told. Labels are not: a known one stands for each."""
    stand_in: Any = schema.edges[0] if schema.edges else schema.classes[0]
    labels = np.full(held.rows, stand_in)
    if held.columns is None:
        filled, name = replace(held, y=labels), LABEL
    else:
        taken = schema.label in held.columns
        name = f"{schema.label} (beside)" if taken else schema.label
        filled = replace(held, columns={**held.columns, name: labels}, y=None)
    dataset = load_dataset(filled, label=name, test_fraction=1.0, columns=columns, max_memory=max_memory)
    return dataset.x_test, dataset.notes
