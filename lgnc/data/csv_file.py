"""Reading CSV: the separator and the header are found, cells are coded as they are read."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.table import MAX_BYTES, NUMERIC_SHARE, Column, Table, quoted
from lgnc.diagnostics import BadInput
from lgnc.files import read_file

_BLOCK = 4096


def read_csv(path: Path, label: str | None = None, names: list[str] | None = None) -> Table:
    """The table in a CSV file: UTF-8; comma, semicolon or tab; with or without a header (see `_is_header`).

    label: the label column's name, if known. names: the names of all columns, if known from training.
    Raises BadInput, with the line, for anything that is not a table of at least one row and two columns.
    """
    where = str(path)
    data = _text_bytes(path)
    first, columns, lines = _read_cells(data, where)
    header = _is_header(first, columns, label, names)
    titles = _titles(first, f"{where}:{lines[0]}") if header else [f"column {index + 1}" for index in range(len(first))]
    start = int(header)
    if len(lines) == start:
        raise BadInput("has a header but no rows", where=where, fix="give a file with at least two rows")
    columns = [
        replace(column, name=name, codes=column.codes[start:]) for name, column in zip(titles, columns, strict=True)
    ]
    return Table(where, tuple(columns), header, lambda row: f"{where}:{lines[row + start]}")


def _text_bytes(path: Path) -> bytes:
    """The file's bytes, checked to be UTF-8 text."""
    where = str(path)
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise BadInput(f"is larger than {MAX_BYTES >> 30} GiB", where=where, fix="give fewer rows")
    data = read_file(path)
    if not data.strip():
        raise BadInput("is empty", where=where, fix="give a CSV file with at least two rows")
    if b"\0" in data:
        fix = "give a CSV (UTF-8), NPZ or Parquet file"
        raise BadInput("is a binary file, not CSV", where=where, fix=fix)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        raise BadInput(what, where=f"{where}:{line}", fix="save the file as UTF-8") from None
    return data


def _separator(data: bytes) -> str:
    """The one of comma, semicolon and tab that the first line holds most of, outside quotes."""
    line = re.sub(r'"[^"]*"', "", data.lstrip().split(b"\n", 1)[0].decode("utf-8-sig", "replace"))
    return max(",;\t", key=line.count)


def _read_cells(data: bytes, where: str) -> tuple[list[str], list[Column], NDArray[np.int64]]:
    """The first row's cells, all columns (the first row among the others), and each row's line number."""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=_separator(data), strict=True)
    first: list[str] = []
    seen: list[defaultdict[str, int]] = []
    codes: list[list[NDArray[np.int32]]] = []
    lines: list[int] = []

    def rows() -> Any:
        end = 0
        for row in reader:
            start, end = end + 1, reader.line_num
            if len(row) == len(first) or not first:
                if row and (first or len(row) > 1 or row[0].strip()):
                    lines.append(start)
                    yield row
            elif len(row) > 1 or (row and row[0].strip()):
                what = f"has {len(row)} cells, the first row has {len(first)}"
                raise BadInput(what, where=f"{where}:{start}", fix="give each row the same number of cells")

    try:
        records = rows()
        first.extend(next(records, []))
        if len(first) < 2:
            fix = "give at least one feature and a label, separated by comma, semicolon or tab"
            raise BadInput("has only one column", where=where, fix=fix)
        for _ in first:
            table: defaultdict[str, int] = defaultdict()
            table.default_factory = table.__len__
            seen.append(table)
        codes = [[np.full(1, table[cell], np.int32)] for table, cell in zip(seen, first, strict=True)]
        while block := list(islice(records, _BLOCK)):
            for table, parts, cells in zip(seen, codes, zip(*block, strict=True), strict=True):
                parts.append(np.fromiter(map(table.__getitem__, cells), np.int32, len(block)))
    except csv.Error as error:
        fix = "close every quote, and double a quote inside a quoted cell"
        raise BadInput(f"not CSV: {error}", where=f"{where}:{reader.line_num}", fix=fix) from None
    columns = [
        Column.from_text("", np.concatenate(parts), list(table)) for parts, table in zip(codes, seen, strict=True)
    ]
    return first, columns, np.array(lines, np.int64)


def _is_header(first: list[str], columns: list[Column], label: str | None, names: list[str] | None) -> bool:
    """Whether the first row names the columns.

    It does when it holds the label's name or the names known from training, or when it counts the columns from 0
    and ends in a label that no other row has; else, when the rows below have numeric columns, if it has no number there
    and text at least once; else, if none of its cells occurs again in its own column.
    """
    titles = [" ".join(cell.split()) for cell in first]
    if (label is not None and label in titles) or (names is not None and set(names) <= set(titles)):
        return True
    if len(columns[0].codes) < 2:
        return all(column.text[0] for column in columns)

    def is_new(title: str, column: Column) -> bool:
        counts = column.counts(slice(1, None))
        return not any(value == title and counts[index] for index, value in enumerate(column.values))

    counted = [title for title in titles[:-1] if title]
    if len(counted) > 1 and counted == list(map(str, range(len(counted)))) and is_new(titles[-1], columns[-1]):
        return True
    numeric = [column for column in columns if (column.numeric_share(slice(1, None)) or 0) >= NUMERIC_SHARE]
    if not numeric:
        return all(map(is_new, titles, columns))
    cells = [(column.text[column.codes[0]], column.missing[column.codes[0]]) for column in numeric]
    return all(text or missing for text, missing in cells) and any(text for text, _ in cells)


def _titles(first: list[str], where: str) -> list[str]:
    """The header's names, on one line each; a blank one is 'column N'."""
    titles = [" ".join(cell.split()) or f"column {index + 1}" for index, cell in enumerate(first)]
    seen: set[str] = set()
    for title in titles:
        if title in seen:
            raise BadInput(f"two columns are called {quoted(title)}", where=where, fix="rename one of them")
        seen.add(title)
    return titles
