"""`load_dataset`: a data set by name or file, as features and class indices."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from lgnc.data.budget import Budget
from lgnc.data.dataset import Dataset
from lgnc.data.features import Schema, check_fit, check_unit, feature_dtype, feature_matrix, fit_column
from lgnc.data.known import Known
from lgnc.data.labels import read_labels
from lgnc.data.named import NAMES, load_named
from lgnc.data.read import read_table
from lgnc.data.split import Ints, stratified_split
from lgnc.data.table import Column, Table, quoted, shape_text
from lgnc.diagnostics import BadInput, unknown


def load_dataset(
    source: str,
    *,
    label: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
    columns: dict[str, Any] | None = None,
    na: Collection[str] = (),
    max_memory: int | None = None,
) -> Dataset:
    """The data set of a name in NAMES, or of a CSV, JSON lines, ARFF, NPZ or Parquet file.

    label: the label column's name; by default the last column. test_fraction, seed: of the stratified split, unless
    the data has one of its own. columns: a model's record of its columns (`Dataset.columns`): the file is then read
    the way the training data was, and must fit it. na: texts that stand for a missing cell beside the usual ones.
    max_memory: bytes that reading may take; half of what is available, at most 2 GiB, unless given. `docs/data.md` has
    the rules.
    Raises BadInput for data that cannot be used, ToolMissing when an optional package is needed.
    """
    if not 0 <= test_fraction <= 1 or (test_fraction == 1 and not columns):
        what = f"the test fraction {test_fraction} is not a share that leaves training rows"
        raise BadInput(what, fix="give a number from 0 to below 1, such as 0.2")
    if seed < 0:
        raise BadInput(f"the seed {seed} is negative", fix="give 0 or more")
    if source in NAMES:
        if label is not None:
            raise BadInput("a named data set has its own label", where=source, fix="leave out the label column")
        named = load_named(source)
        if isinstance(named, Table):
            return table_dataset(named, None, test_fraction, seed, columns or None, name=source)
        if columns:
            fix = "give a table with the same columns"
            raise BadInput("is a set of images, but the model was trained on a table", where=source, fix=fix)
        return named if named.y_test.size else _split(named, test_fraction, seed)
    known = _known(Schema.from_json(columns, source)) if columns else None
    table = read_table(source, label, known, na=na, max_memory=max_memory)
    return table_dataset(table, label, test_fraction, seed, columns or None, na=na, max_memory=max_memory)


def _known(schema: Schema) -> Known:
    """What the readers need of a model's record."""
    categories = {plan.name: plan.values for plan in schema.columns if plan.values is not None}
    names, header, label, position = tuple(schema.names), schema.header, schema.label, schema.position
    return Known(names, header, label, position, schema.classes, categories, schema.notations, schema.na)


def table_dataset(
    table: Table,
    label: str | None,
    test_fraction: float,
    seed: int,
    columns: dict[str, Any] | None,
    name: str | None = None,
    na: Collection[str] = (),
    max_memory: int | None = None,
) -> Dataset:
    """A table as a Dataset: fitted on its training rows, or read the way `columns` says."""
    budget = Budget.of(max_memory)
    known = Schema.from_json(columns, table.where) if columns is not None else None
    if known is not None and known.shape and table.shape and known.shape != table.shape:
        what = f"holds images of {shape_text(table.shape)}, the model was trained on {shape_text(known.shape)}"
        raise BadInput(what, where=table.where, fix="give [n, height, width, channels] in the order of training")
    features, labels, position = _pick_label(table, label, known)
    y, classes = read_labels(table, labels, known.classes if known else None)
    rows = np.arange(table.rows)
    if table.split is None:
        train, test = stratified_split(y, test_fraction, seed)
    else:
        train, test = rows[: table.split], rows[table.split :]
        read_labels(table, labels, [classes[index] for index in np.unique(y[train])] if known is None else classes)
    schema = known or _fit(table, features, labels, position, train, classes, na)
    for column, plan in zip(features, schema.columns, strict=True):
        check_unit(table, column, schema.notations.get(plan.name))
        check_fit(table, column, plan, schema.dtype)
    return Dataset(
        name or table.where,
        feature_matrix(features, schema, train, table.where, budget),
        y[train],
        feature_matrix(features, schema, test, table.where, budget),
        y[test],
        schema.feature_names,
        classes,
        schema.to_json(),
        schema.shape,
    )


def _fit(
    table: Table,
    features: list[Column],
    labels: Column,
    position: int,
    train: Ints,
    classes: tuple[str, ...],
    na: Collection[str],
) -> Schema:
    plans = [fit_column(table, column, train) for column in features]
    dtype = feature_dtype(features, plans)
    notations = {column.name: column.notation for column in features if column.notation is not None}
    header, shape = table.header, table.shape
    return Schema(header, labels.name, position, classes, dtype, tuple(plans), shape, notations, tuple(na))


def _pick_label(table: Table, label: str | None, known: Schema | None) -> tuple[list[Column], Column, int]:
    """The feature columns (in training's order, if known), the label column, and its position."""
    if label is not None and label not in table.names:
        raise unknown("label column", label, table.names, where=table.where)
    columns = _match(table, known, label) if known else table.columns
    names = [column.name for column in columns]
    position = names.index(label) if label is not None else known.position if known else len(names) - 1
    return [*columns[:position], *columns[position + 1 :]], columns[position], position


def _match(table: Table, known: Schema, label: str | None) -> tuple[Column, ...]:
    """The columns in the order of training: by name when both have names, else by position."""
    wanted = [label if label is not None and name == known.label else name for name in known.names]
    expected = f"the model's columns are: {', '.join(map(quoted, wanted))[:300]}"
    if not (table.header and known.header):
        if len(table.columns) != len(wanted):
            what = f"has {len(table.columns)} columns, the model was trained on {len(wanted)}, the label among them"
            raise BadInput(what, where=table.where, fix=expected)
        return table.columns
    by_name = {column.name: column for column in table.columns}
    if missing := [name for name in wanted if name not in by_name]:
        what = f"has no column {quoted(missing[0])}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        raise BadInput(what, where=table.where, fix=expected)
    if extra := [name for name in by_name if name not in wanted]:
        what = f"has a column {quoted(extra[0])} that the model was not trained on"
        raise BadInput(what, where=table.where, fix="remove it")
    return tuple(by_name[name] for name in wanted)


def _split(whole: Dataset, test_fraction: float, seed: int) -> Dataset:
    """A data set without test rows, split."""
    train, test = stratified_split(whole.y_train, test_fraction, seed)
    return Dataset(
        whole.name,
        whole.x_train[train],
        whole.y_train[train],
        whole.x_train[test],
        whole.y_train[test],
        whole.feature_names,
        whole.class_names,
        whole.columns,
        whole.shape,
    )
