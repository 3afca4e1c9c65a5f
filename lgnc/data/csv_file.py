"""Reading separated text: the dialect and the header are found, the columns are named."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgnc.data.budget import Budget
from lgnc.data.cells import RawColumn, read_columns
from lgnc.data.dialect import find_dialect
from lgnc.data.header import check_titles, known_header, looks_like_header, titles_of
from lgnc.data.known import Known
from lgnc.data.notes import notes_of
from lgnc.data.numbers import parse_number
from lgnc.data.rows import one_column, read_rows
from lgnc.data.table import MISSING, Table, quoted
from lgnc.data.text_file import read_text
from lgnc.diagnostics import BadInput


def read_csv(
    path: Path,
    label: str | None = None,
    known: Known | None = None,
    *,
    na: Collection[str] = (),
    budget: Budget | None = None,
) -> Table:
    """The table in a text file; see `parse_csv`. It may be packed by gzip, bz2 or xz."""
    budget = budget or Budget.of(None)
    data, notes = read_text(path, budget)
    return parse_csv(data, str(path), label, known, na=na, budget=budget, notes=notes)


def parse_csv(
    data: bytes,
    where: str,
    label: str | None = None,
    known: Known | None = None,
    *,
    na: Collection[str] = (),
    budget: Budget,
    notes: Collection[str] = (),
) -> Table:
    """The table in UTF-8 text: comma, semicolon, tab, pipe or runs of blanks; with or without a header.

    label: the label column's name, if known. known: how the file of a model's training was read, if there was one. The
    first row is a header when it holds the label or the names of training, is none when it ends in one of its classes,
    and else is what it looks like.
    na: texts that stand for a missing cell beside MISSING. notes: what is told about the file already.
    Raises BadInput, with the line, for anything that is not a table of at least one row and two columns.
    """
    dialect = find_dialect(data)
    grid = read_rows(data, dialect, where, budget)
    told = [*notes, *dialect.notes]
    missing = MISSING | set(na)
    first, columns = grid.first, grid.columns
    if blank := _blank_end(first, columns):
        told.append(f"{blank} blank column{'s' * (blank > 1)} at the end left out (every row ends in a separator)")
        first, columns = first[: len(first) - blank], columns[: len(columns) - blank]
    elif grid.short:
        told.append("the header has one name less than the rows have cells: the first column has no name")
        first = ["", *first[:-1]]
    if len(first) < 2:
        raise one_column(where)
    sure = grid.apart or known_header(first, label, known.names if known and known.header else None)
    header = sure or (not (known and known.is_row(first)) and looks_like_header(columns, missing))
    start = int(header and not grid.apart)
    if len(grid.lines) == start:
        raise BadInput("has a header but no rows", where=where, fix="give a file with at least two rows")
    if start:
        columns = [column.without_first() for column in columns]
    titles = titles_of(first) if header else [f"column {index + 1}" for index in range(len(first))]
    check_titles(titles, f"{where}:{grid.lines[0] if start else dialect.skipped + 1}")
    if start and not sure and any(parse_number(title) is not None for title in titles):
        told.append(f"the first row is read as the names of the columns: {quoted(', '.join(titles))}")
    if grid.comments:
        told.append(f"{grid.comments} comment line{'s' * (grid.comments > 1)} among the rows left out")
    columns = [replace(column, name=title) for column, title in zip(columns, titles, strict=True)]
    return make_table(columns, where, header, grid.lines[start:], label, known, missing, told, dialect.separator == ";")


def make_table(
    raw: list[RawColumn],
    where: str,
    header: bool,
    lines: NDArray[np.int64],
    label: str | None,
    known: Known | None,
    missing: Collection[str],
    told: list[str],
    semicolons: bool = False,
) -> Table:
    """The table of a text file's columns; `lines` are its rows' lines. The label's numbers are not told of."""
    titles = [column.name for column in raw]
    columns, remarks = read_columns(
        raw,
        missing={*missing, *(known.na if known else ())},
        known=known.values_for(titles, label) if known else None,
        stored=known.notations_for(titles, label) if known else None,
        fallback="," if semicolons else ".",
    )
    target = label if label is not None else (known.label if known and known.label in titles else titles[-1])
    notes = notes_of(remark for remark in remarks if remark.column != target)
    return Table(where, tuple(columns), header, lambda row: f"{where}:{lines[row]}", notes=(*told, *notes))


def _blank_end(first: list[str], columns: list[RawColumn]) -> int:
    """How many columns at the end are blank in every row, the first too."""
    count = 0
    for title, column in zip(reversed(first), reversed(columns), strict=True):
        used = np.flatnonzero(np.bincount(column.codes, minlength=len(column.texts)))
        if title.strip() or any(column.texts[int(index)].strip() for index in used):
            break
        count += 1
    return count
