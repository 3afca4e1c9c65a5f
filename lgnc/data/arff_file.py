"""Reading ARFF, Weka's format: names in @attribute lines, rows below @data."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from lgnc.data.budget import Budget
from lgnc.data.csv_file import make_table
from lgnc.data.dialect import Dialect
from lgnc.data.header import check_titles, tidy
from lgnc.data.known import Known
from lgnc.data.rows import read_rows
from lgnc.data.table import MISSING, Table
from lgnc.diagnostics import BadInput

_START = re.compile(rb"(?:%[^\n]*+\n|\s)*+@relation\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""@attribute\s++(?:'([^']*+)'|"([^"]*+)"|(\S++))\s++(\S.*+)""", re.IGNORECASE)


def is_arff(data: bytes) -> bool:
    """Whether a text is an ARFF file."""
    return _START.match(data) is not None


def parse_arff(
    data: bytes,
    where: str,
    label: str | None = None,
    known: Known | None = None,
    *,
    na: Collection[str] = (),
    budget: Budget,
    notes: Collection[str] = (),
) -> Table:
    """The table in an ARFF file: numeric, nominal and string attributes; '?' is missing.

    Raises BadInput, with the line, for sparse rows and for what is damaged.
    """
    names: list[str] = []
    at = 0
    for number, line in enumerate(data.splitlines(), 1):
        text = line.decode().strip()
        if text.lower().startswith("@data"):
            at = number
            break
        if text.lower().startswith("@attribute"):
            if (match := _ATTRIBUTE.fullmatch(text)) is None:
                raise BadInput("is no attribute", where=f"{where}:{number}", fix="write: @attribute NAME TYPE")
            names.append(tidy(match[1] or match[2] or match[3] or "") or f"column {len(names) + 1}")
    if not at or len(names) < 2:
        what = "has no @data line" if not at else f"has {len(names)} attributes"
        raise BadInput(f"is an ARFF file that {what}", where=where, fix="give a feature, a label and rows below @data")
    check_titles(names, where)
    body = data.splitlines()[at:]
    sparse = next((line for line in body if line.strip() and not line.lstrip().startswith(b"%")), b"")
    if sparse.lstrip().startswith(b"{"):
        raise BadInput("is a sparse ARFF file", where=where, fix="write it as CSV, or through SparseToNonSparse")
    quote = "'" if any(b"'" in line for line in body[:1000]) else '"'
    separator = "\t" if sparse.count(b"\t") > sparse.count(b",") else ","
    dialect = Dialect(separator, len(names), at, tuple(names), (), quote)
    grid = read_rows(data, dialect, where, budget)
    told = [*notes, "the file is read as ARFF"]
    raw = [replace(column, name=name) for column, name in zip(grid.columns, names, strict=True)]
    return make_table(raw, where, True, grid.lines, label, known, MISSING | set(na), told)
