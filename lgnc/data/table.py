"""A table as columns of distinct values and codes: what a value means is decided once, not once per cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.numbers import Notation
from lgnc.data.numbers import parse_number as parse_number
from lgnc.diagnostics import BadInput

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

MISSING = frozenset(
    (
        "",
        "?",
        "-",
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "#NA",
        "<NA>",
        "NaN",
        "nan",
        "NAN",
        "null",
        "NULL",
        "Null",
        "None",
        "\\N",
    )
)
"""The texts that stand for a missing cell."""

NUMERIC_SHARE = 0.9
"""A column is numeric when at least this share of its cells are numbers; text in it is then an error."""


def quoted(name: object) -> str:
    """A name or value from a file, as a message shows it: on one line, quoted if text, and not too long."""
    text = repr(name)
    return text if len(text) <= 60 else text[:57] + "..."


def reason_of(error: Exception) -> str:
    """The first line of what an exception says, without signs that do not print."""
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return "".join(sign if sign.isprintable() else "?" for sign in line)[:120]


class ArrayValues(Sequence[Any]):
    """The items of a 1-D array as Python objects, made when they are asked for."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: Any) -> Any:
        return self._array[index].item()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._array.tolist())


@cache
def _few_values(kind: str) -> tuple[ArrayValues, Ints]:
    """All values of booleans or bytes, and their numbers: the same objects for every column."""
    numbers = np.arange(2 if kind == "?" else 256)
    return ArrayValues(numbers.astype(kind)), numbers


@dataclass(frozen=True, eq=False)
class Column:
    """Cell r is values[codes[r]]. A value may repeat in `values`, or be used by no cell.

    codes: int32[rows]. values: the distinct values, strings or numbers. missing, text: bool[len(values)], true for the
    values that stand for a missing cell, or that are no number. number: int64 or float64[len(values)], else 0.
    notation: how the file writes the numbers, when not plainly. stored: 'single' or 'double' for an array of such
    floats, 'whole' for integers and booleans, 'text' for what was read from text.
    """

    name: str
    codes: NDArray[np.int32]
    values: Sequence[Any]
    missing: Bools
    text: Bools
    number: NDArray[Any]
    notation: Notation | None = None
    stored: str = "text"

    @classmethod
    def from_array(cls, name: str, cells: NDArray[Any], null: Bools | None = None) -> Column:
        """A column of an array of booleans or numbers; `null` marks its missing cells, and NaN is missing too."""
        if cells.dtype.kind == "f" and (nan := np.isnan(cells)).any():
            null = nan if null is None else null | nan
        if null is not None and null.any():
            cells = np.where(null, cells.dtype.type(0), cells)
        if cells.dtype.kind == "b" or cells.dtype == np.uint8:
            values: Sequence[Any]
            values, number = _few_values(cells.dtype.char)
            codes = cells.astype(np.int32)
        else:
            distinct, inverse = np.unique(cells, return_inverse=True)
            values, codes = ArrayValues(distinct), inverse.astype(np.int32)
            wide = distinct.dtype == np.uint64 and bool((distinct >= 2**63).any())
            number = distinct.astype(np.float64 if wide or distinct.dtype.kind == "f" else np.int64)
        missing = np.zeros(len(values), np.bool_)
        if null is not None and null.any():
            codes = np.where(null, np.int32(len(values)), codes)
            values, number, missing = [*values, ""], np.append(number, number[:1]), np.append(missing, True)
        kind = "whole" if cells.dtype.kind != "f" else "single" if cells.dtype.itemsize <= 4 else "double"
        return cls(name, codes, values, missing, np.zeros(len(values), np.bool_), number, None, kind)

    @property
    def single(self) -> Bools:
        """bool[len(values)]: whether float32 keeps a number: it is one, or what a text has is what that prints as."""
        with np.errstate(over="ignore"):
            near = self.number.astype(np.float32)
        kept: Bools = near.astype(np.float64) == self.number
        if self.stored == "text":
            finite = np.isfinite(near)
            shown = np.array([float(str(each)) for each in near[finite]], np.float64)
            kept[finite] |= shown == self.number[finite]
            kept &= abs(self.number) < 2**53
        elif self.stored != "single":
            kept &= (self.number == np.rint(self.number)) & (abs(self.number) < 2**24)
        return kept

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
            self.notation or other.notation,
            self.stored if self.stored == other.stored else "double",
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


def shape_text(shape: tuple[int, ...] | None) -> str:
    """An image's shape as '28 x 28 x 1', or 'no image shape'."""
    return " x ".join(map(str, shape)) if shape else "no image shape"


def check_unit(column: Column, stored: Notation | None, where: str) -> None:
    """Raise BadInput when a column's numbers have another unit than in training: '%' or none, '$' or '€'."""
    was, now = (one.unit if one else "" for one in (stored, column.notation))
    if was == now or column.numeric_share() is None or ("%" not in (was, now) and not (was and now)):
        return
    before, after = (f"'{unit}'" if unit else "no unit" for unit in (was, now))
    what = f"column {quoted(column.name)}: its numbers have {after}, in training they had {before}"
    raise BadInput(what, where=where, fix="write them as the training file does")


def join_tables(train: Table, test: Table) -> Table:
    """One table of the training rows and, below, the test rows. Raises BadInput when the columns differ in number."""
    if len(train.columns) != len(test.columns):
        what = f"has {len(test.columns)} columns, the training data {len(train.columns)}"
        raise BadInput(what, where=test.where, fix="give both the same columns")
    if train.shape != test.shape:
        what = f"has images of {shape_text(test.shape)}, the training data {shape_text(train.shape)}"
        raise BadInput(what, where=test.where, fix="give both the same axis order: [n, height, width, channels]")
    for one, other in zip(train.columns, test.columns, strict=True):
        check_unit(other, one.notation, test.where)
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
