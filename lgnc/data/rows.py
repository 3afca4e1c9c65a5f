"""The cells of separated text, coded column by column as they are read."""

from __future__ import annotations

import csv
import io
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lgnc.data.budget import COLUMN_BYTES, ROW_BYTES, TEXT_BYTES, Budget
from lgnc.data.cells import RawColumn
from lgnc.data.dialect import Dialect, split_lines
from lgnc.data.numbers import parse_number
from lgnc.diagnostics import BadInput

_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a file. first: the first row; `columns` hold it too unless it is `apart`, for it is the header.

    short: the first row had one cell less than the others; a blank one is put at its end. lines: each row's line
    number. comments: comment lines among the rows.
    """

    first: list[str]
    columns: list[RawColumn]
    lines: NDArray[np.int64]
    apart: bool
    short: bool
    comments: int


class Rows:
    """The rows of a text, blank lines and comments left out, and the line that each starts on.

    width: the cells that a row must have, 0 for any.
    """

    def __init__(self, text: Iterator[str], dialect: Dialect, where: str) -> None:
        self.lines = array("q")
        self.comments, self.width = 0, 0
        self.where, self._before = where, dialect.skipped
        self._reader = split_lines(text, dialect.separator, dialect.quote, strict=True)
        self.records = self._rows()

    @property
    def line(self) -> int:
        """The last line that was read."""
        return self._before + int(self._reader.line_num)

    def _rows(self) -> Iterator[list[str]]:
        end = self._before
        for row in self._reader:
            start, end = end + 1, self._before + self._reader.line_num
            if len(row) == self.width or not self.width:
                if row and (self.width or len(row) > 1 or row[0].strip()):
                    self.lines.append(start)
                    yield row
            elif row and row[0].lstrip().startswith(("#", "%")):
                self.comments += 1
            elif len(row) > 1 or (row and row[0].strip()):
                what = f"has {len(row)} cells, the first row has {self.width}"
                fix = "give each row the same number of cells"
                raise BadInput(what, where=f"{self.where}:{start}", fix=fix)


def one_column(where: str) -> BadInput:
    """The error that the rows have one cell only."""
    fix = "give at least one feature and a label, separated by comma, semicolon, tab or '|'"
    return BadInput("has only one column", where=where, fix=fix)


def _first_row(rows: Rows, dialect: Dialect, where: str) -> tuple[list[str], bool]:
    """The first row as wide as the others, and whether it was one cell short of them; sets the width of `rows`."""
    first = list(dialect.header) if dialect.header is not None else next(rows.records, [])
    short = 0 < len(first) == dialect.width - 1 and any(parse_number(cell.strip()) is None for cell in first)
    if short:
        first = [*first, ""]
    elif len(first) == dialect.width + 1 > 2 and not first[-1].strip():
        first = first[:-1]
    if len(first) < 2:
        raise one_column(where)
    rows.width = len(first)
    return first, short


def read_rows(data: bytes, dialect: Dialect, where: str, budget: Budget) -> Grid:
    """All cells of UTF-8 text. Raises BadInput, with the line, for rows of another width, bad quotes, and for more
    than the budget."""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
    for _ in range(dialect.skipped):
        text.readline()
    rows = Rows(text, dialect, where)
    try:
        first, short = _first_row(rows, dialect, where)
        apart = short or dialect.header is not None
        if short:
            rows.lines.pop()
        count = data.count(b"\n")
        size = len(data) + len(first) * (COLUMN_BYTES + 4 * count) + ROW_BYTES * count
        budget.check(size, where, f"its {count:,} rows of {len(first):,} columns")
        columns = _coded(rows, [] if apart else first, len(data), budget)
    except csv.Error as error:
        fix = "close every quote, and double a quote inside a quoted cell"
        raise BadInput(f"not CSV: {error}", where=f"{where}:{rows.line}", fix=fix) from None
    return Grid(first, columns, np.array(rows.lines, np.int64), apart, short, rows.comments)


def _coded(rows: Rows, first: list[str], size: int, budget: Budget) -> list[RawColumn]:
    """The columns of `first`, unless it is empty, and all rows; `size` bytes are taken already."""
    seen: list[defaultdict[str, int]] = []
    for _ in range(rows.width):
        table: defaultdict[str, int] = defaultdict()
        table.default_factory = table.__len__
        seen.append(table)
    codes = [[np.full(1, table[cell], np.int32)] for table, cell in zip(seen, first, strict=bool(first))]
    codes = codes or [[np.zeros(0, np.int32)] for _ in seen]
    while block := list(islice(rows.records, _BLOCK)):
        for table, parts, cells in zip(seen, codes, zip(*block, strict=True), strict=True):
            parts.append(np.fromiter(map(table.__getitem__, cells), np.int32, len(block)))
        taken = (
            size
            + (4 * rows.width + ROW_BYTES) * len(rows.lines)
            + TEXT_BYTES * sum(map(len, seen))
            + COLUMN_BYTES * rows.width
        )
        budget.check(taken, rows.where, "the table, or more of it,")
    return [RawColumn("", np.concatenate(parts), list(table)) for parts, table in zip(codes, seen, strict=True)]
