"""Rows that a caller holds in memory, as the Table that a file would give: arrays, DataFrames, dicts of columns.

DataFrames of pandas and polars, Arrow tables and structured arrays are known by what they can do; none is imported.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.budget import COLUMN_BYTES, ROW_BYTES, Budget
from lgnc.data.cells import RawColumn, read_columns
from lgnc.data.header import check_titles
from lgnc.data.known import Known
from lgnc.data.notes import Remark, notes_of
from lgnc.data.npz_file import LABEL, array_table
from lgnc.data.table import MISSING, Bools, Column, Table, quoted
from lgnc.diagnostics import BadInput
from lgnc.named_columns import named_columns


@dataclass(frozen=True, eq=False)
class Held:
    """x: [n, features], or images [n, height, width(, channels)]; or columns: name -> cells, in order.

    where: what messages call it. y: the labels [n], or None where they are unknown or one of the columns. header: the
    columns' names are its own. notes: what was left out in taking it, one line each.
    """

    where: str
    x: NDArray[Any] | None = None
    columns: Mapping[str, Any] | None = None
    y: Any = None
    header: bool = True
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.where

    @property
    def rows(self) -> int:
        """How many rows there are: at least one."""
        return len(self.x if self.x is not None else next(iter((self.columns or {}).values())))

    def split_off(self, label: str) -> Held:
        """The same with column `label`, where there is one, as the labels beside it."""
        if self.columns is None or label not in self.columns or self.y is not None:
            return self
        others = {name: cells for name, cells in self.columns.items() if name != label}
        return replace(self, columns=others, y=self.columns[label])

    def table(self, label: str | None, known: Known | None, *, na: Collection[str], budget: Budget) -> Table:
        """The table, its labels last where they lie beside the features. Raises BadInput for what is none."""
        if self.x is not None:
            if self.y is None:
                raise BadInput("has no labels", where=self.where, fix="give x and y")
            table = array_table(self.x, plain_labels(self.y, self.where), self.where, budget=budget)
            return replace(table, notes=(*self.notes, *table.notes))
        columns = dict(self.columns or {})
        if self.y is not None:
            if LABEL in columns:
                fix = f"rename it, or name the label column: label={LABEL!r}"
                raise BadInput(f"has a column '{LABEL}' and labels beside it", where=self.where, fix=fix)
            columns[LABEL] = self.y
        return self._table(columns, label, known, na, budget)

    def label_table(self, classes: Collection[str]) -> Table:
        """The labels alone; `classes` are labels even where their text would stand for a missing one."""
        column, _ = _column(LABEL, plain_labels(self.y, self.where), self.rows, self.where)
        if isinstance(column, RawColumn):
            column = read_columns([column], known={LABEL: classes})[0][0]
        return Table(self.where, (column,), False, lambda row: f"{self.where}: row {row}")

    def _table(
        self, columns: dict[str, Any], label: str | None, known: Known | None, na: Collection[str], budget: Budget
    ) -> Table:
        where, names, rows = self.where, list(columns), self.rows
        if len(names) < 2:
            raise BadInput(f"has {len(names)} columns", where=where, fix="give at least one feature and a label")
        check_titles(names, where)
        size = rows * len(names) * 12 + rows * ROW_BYTES + len(names) * COLUMN_BYTES
        budget.check(size, where, f"its {rows:,} rows of {len(names):,} columns")
        target = label or (known.label if known and known.label in columns else names[-1])
        found: dict[str, Column] = {}
        raw, remarks = [], []
        for name, cells in columns.items():
            column, told = _column(name, cells, rows, where)
            remarks += told
            if isinstance(column, RawColumn):
                raw.append(column)
            else:
                found[name] = column
        texts, told = read_columns(
            raw,
            missing={*MISSING, *na, *(known.na if known else ())},
            known=known.values_for(names, label) if known else None,
            stored=known.notations_for(names, label) if known else None,
        )
        found |= {column.name: column for column in texts}
        notes = notes_of(each for each in [*told, *remarks] if each.column != target)
        ordered = tuple(found[name] for name in names)
        return Table(where, ordered, self.header, lambda row: f"{where}: row {row}", notes=(*self.notes, *notes))


def hold(data: Any, y: Any = None) -> Held | str:
    """What a caller gave as data: the name or path of a data set as text, or rows in memory.

    data: text, a path, (x, y), an array, a table with named columns. y: the labels, where they are not within it.
    Raises BadInput for anything else.
    """
    if isinstance(data, tuple) and len(data) == 2 and y is None:
        data, y = data
    if isinstance(data, str | os.PathLike):
        if y is not None:
            raise BadInput("has labels of its own", where=os.fspath(data)[:200], fix="leave out y")
        return os.fspath(data)
    table = _held_columns(data)
    if table is not None:
        return replace(table, y=y)
    return Held("arrays", plain_array(data, "x"), None, y, header=False)


def plain_array(values: Any, name: str) -> NDArray[Any]:
    """Numbers as an array of at least one row. Raises BadInput for what is none, masked values too."""
    if np.ma.is_masked(values):
        raise BadInput("some values are masked", where=name, fix="fill them: values.filled(numpy.nan)")
    try:
        array = np.asarray(values)
        if array.dtype.kind == "O" and array.ndim >= 2:
            array = array.astype(np.float64)
    except (ValueError, TypeError, RuntimeError) as error:
        what = f"is no array of numbers: {(str(error).splitlines() or [''])[0][:120]}"
        raise BadInput(what, where=name, fix="give rows of the same length, or a DataFrame for text columns") from None
    if array.ndim < 2:
        shape = f"an array {list(array.shape)} of {array.dtype}" if array.ndim else f"{type(values).__name__}"
        fix = "give [n, features] or [n, height, width(, channels)], a table with named columns, a name or a path"
        raise BadInput(f"is {shape}, not rows of features", where=name, fix=fix)
    if not array.size:
        raise BadInput(f"is empty: {list(array.shape)}", where=name, fix="give at least one row and feature")
    return array


def plain_labels(values: Any, where: str) -> NDArray[Any]:
    """Labels as an array of numbers or text; None and the NaN of any library become missing."""
    if np.ma.is_masked(values):
        raise BadInput("some labels are masked", where=where, fix="leave out their rows")
    array = _cells(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind == "O" and array.ndim == 1:
        column, _ = _column(LABEL, array, len(array), where)
        if isinstance(column, RawColumn):
            return np.array(column.texts, dtype="U")[column.codes]
        shown = column.number.astype(np.float64) if column.missing.any() else column.number
        return np.where(column.missing, np.nan, shown)[column.codes] if column.missing.any() else shown[column.codes]
    if array.dtype.kind not in "biufUS":
        raise BadInput(f"labels are of type {array.dtype}", where=where, fix="give numbers or text")
    return array


def _cells(values: Any) -> NDArray[Any]:
    """A column of any library as an array."""
    convert = getattr(values, "to_numpy", None)
    try:
        return np.asarray(convert() if callable(convert) else values)
    except (ValueError, TypeError, RuntimeError):
        made = np.empty(len(values), object)
        made[:] = list(values)
        return made


def _held_columns(data: Any) -> Held | None:
    """What has named columns, else None."""
    named = named_columns(data)
    if named is None:
        return None
    labels, column = named
    kinds = {np.ndarray: "structured array", Mapping: "dict of columns"}
    where = next((kind for each, kind in kinds.items() if isinstance(data, each)), type(data).__name__)
    names = [str(label) for label in labels]
    check_titles(names, where)
    if not names or not len(column(labels[0])):
        raise BadInput("has no rows", where=where, fix="give at least two rows")
    numbered = labels == list(range(len(labels)))
    titles = [f"column {index + 1}" for index in range(len(labels))] if numbered else names
    columns = {title: column(label) for title, label in zip(titles, labels, strict=True)}
    return Held(where, None, columns, header=not numbered, notes=_index_note(data))


def _index_note(data: Any) -> tuple[str, ...]:
    """A note on a pandas index that has a name: it is no column."""
    names = getattr(getattr(data, "index", None), "names", None) or ()
    listed = ", ".join(quoted(str(name)) for name in names if name is not None)
    told = f"the index of the pandas DataFrame ({listed}) left out; reset_index() makes it columns"
    return (told,) if listed else ()


def _column(name: str, values: Any, rows: int, where: str) -> tuple[Column | RawColumn, list[Remark]]:
    """A column, texts to be decided later, and what was converted. Raises BadInput for cells of other types."""
    cells = _cells(values)
    if cells.ndim != 1 or len(cells) != rows:
        what = f"column {quoted(name)} is {list(cells.shape)}, not {rows:,} cells"
        raise BadInput(what, where=where, fix="give one cell per row")
    if cells.dtype.kind in "US":
        cells = np.char.decode(cells, "utf-8", "replace") if cells.dtype.kind == "S" else cells
        texts, codes = np.unique(cells, return_inverse=True)
        return RawColumn(name, codes.astype(np.int32), texts.tolist()), []
    if cells.dtype.kind == "O":
        return _objects(name, cells, where)
    if cells.dtype.kind not in "biuf":
        raise _other_type(name, str(cells.dtype), where)
    lost = int(np.isnan(cells).sum()) if cells.dtype.kind == "f" else 0
    told = [Remark(name, "NaN read as missing", lost)] if lost else []
    column = Column.from_array(name, cells)
    if cells.dtype == np.uint64 and column.number.dtype.kind == "f":
        told.append(Remark(name, "rounded to float64 (whole numbers beyond 2^63)", None))
    return column, told


def _objects(name: str, cells: NDArray[Any], where: str) -> tuple[Column | RawColumn, list[Remark]]:
    """A column of Python objects: numbers, or text; both together are text, which is told."""
    null: Bools = np.fromiter((_is_missing(each) for each in cells), np.bool_, len(cells))
    given = [each for each, gone in zip(cells, null, strict=True) if not gone]
    texts, numbers = (sum(isinstance(each, kind) for each in given) for kind in (str, (Real, Decimal, np.bool_)))
    if texts + numbers < len(given):
        other = next(each for each in given if not isinstance(each, str | Real | Decimal | np.bool_))
        raise _other_type(name, type(other).__name__, where)
    if not texts and given:
        plain = [float(each) if isinstance(each, Decimal) else each for each in given]
        values = np.array(plain)
        if values.dtype.kind not in "biuf":
            raise BadInput(f"column {quoted(name)} has numbers too large for 64 bits", where=where, fix="scale them")
        filled = np.zeros(len(cells), values.dtype)
        filled[~null] = values
        return Column.from_array(name, filled, null), []
    seen: dict[str, int] = {}
    shown = ["" if gone else str(each) for each, gone in zip(cells, null, strict=True)]
    codes = np.fromiter((seen.setdefault(text, len(seen)) for text in shown), np.int32, len(shown))
    told = [Remark(name, "of numbers beside text, read as text would be", numbers)] if numbers else []
    return RawColumn(name, codes, list(seen)), told


def _is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT: what is not equal to itself, or does not say."""
    if isinstance(value, str):
        return False
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def _other_type(name: str, kind: str, where: str) -> BadInput:
    what = f"column {quoted(name)} holds {kind[:60]}, which is neither numbers nor text"
    return BadInput(what, where=where, fix="convert it, or leave it out")
