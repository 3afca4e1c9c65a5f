"""`load_dataset`: a data set by name or file, as features and class indices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lgnc.data.csv_file import read_csv
from lgnc.data.dataset import Dataset
from lgnc.data.features import Schema, check_fit, feature_dtype, feature_matrix, fit_column
from lgnc.data.labels import read_labels
from lgnc.data.named import NAMES, load_named
from lgnc.data.npz_file import read_npz
from lgnc.data.parquet_file import read_parquet
from lgnc.data.split import Ints, stratified_split
from lgnc.data.table import Column, Table, quoted
from lgnc.diagnostics import BadInput, unknown


def load_dataset(
    source: str,
    *,
    label: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
    columns: dict[str, Any] | None = None,
) -> Dataset:
    """The data set of a name in NAMES, or of a CSV, NPZ or Parquet file.

    label: the label column's name; by default the last column. test_fraction, seed: of the stratified split, unless
    the data has one of its own. columns: a model's record of its columns (`Dataset.columns`): the file is then read
    the way the training data was, and must fit it. `docs/data.md` has the rules.
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
    table = read_table(source, label, Schema.from_json(columns, source).names if columns else None)
    return table_dataset(table, label, test_fraction, seed, columns or None)


def read_table(source: str, label: str | None = None, names: list[str] | None = None) -> Table:
    """The table in a file, by its first bytes and its suffix; see `read_csv` for `label` and `names`."""
    path = Path(source)
    try:
        if not path.exists():
            if "/" in source or "\\" in source or path.suffix:
                raise BadInput("no such file", where=source, fix="check the path")
            raise unknown("data set", source, NAMES)
        if not path.is_file():
            what = f"is a {'folder' if path.is_dir() else 'device'}, not a data file"
            raise BadInput(what, where=source, fix="give a CSV, NPZ or Parquet file")
        with path.open("rb") as file:
            magic = file.read(4)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot read: {reason}", where=source[:200], fix="check the path") from None
    npz = path.suffix.lower() == ".npz" or magic == b"PK\x03\x04"
    if npz and label not in (None, "label"):
        raise BadInput("an NPZ file has no column names; its labels are 'y'", where=source, fix="leave out the label")
    if npz:
        return read_npz(path)
    if path.suffix.lower() in (".parquet", ".pq") or magic == b"PAR1":
        return read_parquet(path)
    return read_csv(path, label, names)


def table_dataset(
    table: Table,
    label: str | None,
    test_fraction: float,
    seed: int,
    columns: dict[str, Any] | None,
    name: str | None = None,
) -> Dataset:
    """A table as a Dataset: fitted on its training rows, or read the way `columns` says."""
    known = Schema.from_json(columns, table.where) if columns is not None else None
    features, labels, position = _pick_label(table, label, known)
    y, classes = read_labels(table, labels, known.classes if known else None)
    rows = np.arange(table.rows)
    if table.split is None:
        train, test = stratified_split(y, test_fraction, seed)
    else:
        train, test = rows[: table.split], rows[table.split :]
        read_labels(table, labels, [classes[index] for index in np.unique(y[train])] if known is None else classes)
    schema = known or _fit(table, features, labels, position, train, classes)
    for column, plan in zip(features, schema.columns, strict=True):
        check_fit(table, column, plan, schema.dtype)
    return Dataset(
        name or table.where,
        feature_matrix(features, schema, train, table.where),
        y[train],
        feature_matrix(features, schema, test, table.where),
        y[test],
        schema.feature_names,
        classes,
        schema.to_json(),
        schema.shape,
    )


def _fit(
    table: Table, features: list[Column], labels: Column, position: int, train: Ints, classes: tuple[str, ...]
) -> Schema:
    plans = [fit_column(table, column, train) for column in features]
    dtype = feature_dtype(features, plans)
    return Schema(table.header, labels.name, position, classes, dtype, tuple(plans), table.shape)


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
