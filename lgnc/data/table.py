"""A table as columns of distinct values and codes: what a value means is decided once, not once a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

MISSING = ("", "?")
NUMERIC_SHARE = 0.9
"""A column is numeric when at least this share of its cells are numbers; text in it is then an error."""

MAX_BYTES = 4 << 30
"""No file, and no feature matrix, may take more than this many bytes of memory."""

_NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)


def parse_number(text: str) -> int | float | None:
    """The number that `text` spells, an int when it is whole ("1.0" and "1e3" too), or None when it is no number."""
    if _NUMBER.fullmatch(text) is None:
        return None
    if len(text) <= 20 and text.lstrip("+-").isdigit() and -(2**63) <= (whole := int(text)) < 2**63:
        return whole
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def quoted(name: object) -> str:
    """A name or value from a file, as a message shows it: on one line, quoted if text, and not too long."""
    text = repr(name)
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True, eq=False)
class Column:
    """Cell r is values[codes[r]]. A value may repeat in `values`, or be used by no cell.

    codes: int32[rows]. values: the distinct values, strings or numbers. missing, text: bool[len(values)], true for the
    values that stand for a missing cell, or that are no number. number: int64 or float64[len(values)], else 0.
    """

    name: str
    codes: NDArray[np.int32]
    values: Sequence[Any]
    missing: Bools
    text: Bools
    number: NDArray[Any]

    @classmethod
    def from_text(cls, name: str, codes: NDArray[np.int32], values: Sequence[str]) -> Column:
        """A column of strings: '?' and blank are missing, white space around a value or repeated in it is dropped."""
        stripped = [" ".join(value.split()) for value in values]
        missing = np.array([value in MISSING for value in stripped], np.bool_)
        parsed = [parse_number(value) for value in stripped]
        text = np.array([value is None for value in parsed], np.bool_) & ~missing
        whole = all(not isinstance(value, float) for value in parsed)
        number = np.array([0 if value is None else value for value in parsed], np.int64 if whole else np.float64)
        return cls(name, codes, stripped, missing, text, number)

    @classmethod
    def from_array(cls, name: str, cells: NDArray[Any], null: Bools | None = None) -> Column:
        """A column of an array of booleans, numbers or strings; `null` marks its missing cells."""
        if cells.dtype.kind in "b" or cells.dtype == np.uint8:
            values, codes = np.arange(2 if cells.dtype.kind == "b" else 256).astype(cells.dtype), cells.astype(np.int32)
        else:
            values, inverse = np.unique(cells, return_inverse=True)
            codes = inverse.astype(np.int32)
        if null is not None and null.any():
            values, codes = np.append(values, values.dtype.type()), np.where(null, np.int32(len(values)), codes)
        if cells.dtype.kind == "U":
            return cls.from_text(name, codes, values.tolist())
        missing = np.zeros(len(values), np.bool_)
        missing[len(values) - 1 :] = null is not None and bool(null.any())
        integer = values.dtype.kind in "biu" and (values.dtype != np.uint64 or not (values >= 2**63).any())
        number = values.astype(np.int64 if integer else np.float64)
        return cls(name, codes, values.tolist(), missing, np.zeros(len(values), np.bool_), number)

    def counts(self, rows: Ints | slice = slice(None)) -> Ints:
        """int64[len(values)]: how many of the cells in `rows` hold each value."""
        return np.bincount(self.codes[rows], minlength=len(self.values))

    def numeric_share(self, rows: Ints | slice = slice(None)) -> float | None:
        """The share of numbers among the cells of `rows` that are not missing; None when all are missing."""
        counts = self.counts(rows) * ~self.missing
        total = int(counts.sum())
        return 1 - int((counts * self.text).sum()) / total if total else None

    def join(self, other: Column) -> Column:
        """This column with the cells of another below."""
        return Column(
            self.name,
            np.concatenate([self.codes, other.codes + np.int32(len(self.values))]),
            [*self.values, *other.values],
            np.concatenate([self.missing, other.missing]),
            np.concatenate([self.text, other.text]),
            np.concatenate([self.number, other.number]),
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of the same length from one file. place: says where a row stands, for messages.

    header: the columns' names come from the file. split: the rows before this one are for training, the others for
    test; None when the file does not say. shape: (height, width, channels) when the columns are an image's pixels.
    notes: what the reader converted, guessed or left out, one line each, to be told to the user.
    """

    where: str
    columns: tuple[Column, ...]
    header: bool
    place: Callable[[int], str]
    split: int | None = None
    shape: tuple[int, int, int] | None = None
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.columns[0].codes)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def refuse_cell(self, column: Column, bad: Bools, what: str, fix: str) -> BadInput:
        """The error about the first cell whose value `bad` (bool[len(values)]) marks; `what` may use {value}."""
        row = int(np.flatnonzero(bad[column.codes])[0])
        value = quoted(column.values[column.codes[row]])
        return BadInput(f"column {quoted(column.name)}: {what.format(value=value)}", where=self.place(row), fix=fix)


def join_tables(train: Table, test: Table) -> Table:
    """One table of the training rows and, below, the test rows. Raises BadInput when the columns differ in number."""
    if len(train.columns) != len(test.columns):
        what = f"has {len(test.columns)} columns, the training data {len(train.columns)}"
        raise BadInput(what, where=test.where, fix="give both the same columns")
    rows = train.rows
    return Table(
        train.where,
        tuple(one.join(other) for one, other in zip(train.columns, test.columns, strict=True)),
        train.header,
        lambda row: train.place(row) if row < rows else test.place(row - rows),
        split=rows,
        shape=train.shape,
        notes=tuple(dict.fromkeys(train.notes + test.notes)),
    )
