"""Reading JSON lines, or a JSON array, of objects: one row each, numbers kept as they are written."""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from lgnc.data.budget import COLUMN_BYTES, ROW_BYTES, TEXT_BYTES, Budget
from lgnc.data.cells import RawColumn
from lgnc.data.csv_file import make_table
from lgnc.data.header import check_titles, tidy
from lgnc.data.known import Known
from lgnc.data.table import MISSING, Table, quoted
from lgnc.diagnostics import BadInput

_FIX = 'give one object like {"size": 3, "kind": "a"} on each line'
_SPREAD = 16
"""Bytes of memory for one byte of a JSON array, which is read as a whole."""


class _Key:
    """The values of one key: their rows, and codes of their texts; code 0 is a missing cell."""

    def __init__(self) -> None:
        self.texts = {"": 0}
        self.rows, self.codes = array("q"), array("i")

    def column(self, name: str, rows: int) -> RawColumn:
        codes = np.zeros(rows, np.int32)
        codes[np.array(self.rows, np.int64)] = np.array(self.codes, np.int32)
        return RawColumn(name, codes, list(self.texts))


def parse_json(
    data: bytes,
    where: str,
    label: str | None = None,
    known: Known | None = None,
    *,
    na: Collection[str] = (),
    budget: Budget,
    notes: Collection[str] = (),
) -> Table:
    """The table in JSON lines or in an array of objects; a key that an object lacks, and null, is missing.

    Raises BadInput, with the line or the row, for what is not JSON, for nested values and for more than the budget.
    """
    if data.lstrip()[:1] == b"[":
        budget.check(len(data) * _SPREAD, where)
        records, what = _array(data, where), "a JSON array"
    else:
        records, what = _lines(data, where), "JSON lines"
    found: dict[str, _Key] = {}
    places: list[int] = []
    taken = len(data)
    for place, record in records:
        for key, value in record.items():
            if key not in found:
                found[key] = _Key()
                taken += COLUMN_BYTES
            one = found[key]
            before = len(one.texts)
            one.rows.append(len(places))
            one.codes.append(one.texts.setdefault(_cell(value, key, f"{where}:{place}"), before))
            taken += (len(one.texts) - before) * TEXT_BYTES + 16
        places.append(place)
        budget.check(taken + len(places) * (len(found) * 4 + ROW_BYTES), where, "the table, or more of it,")
    if len(found) < 2:
        raise BadInput(f"is {what} with {len(found)} columns", where=where, fix="give at least one feature and a label")
    titles = [tidy(key) or f"column {index + 1}" for index, key in enumerate(found)]
    check_titles(titles, where)
    raw = [one.column(title, len(places)) for title, one in zip(titles, found.values(), strict=True)]
    told = [*notes, f"the file is read as {what}"]
    return make_table(raw, where, True, np.array(places), label, known, MISSING | set(na), told)


def _loads(text: bytes, where: str) -> Any:
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        reason = str(error).split(":")[0] if isinstance(error, ValueError) else "nested too deeply"
        raise BadInput(f"is not JSON: {reason}", where=where, fix=_FIX) from None


def _lines(data: bytes, where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            yield number, _object(_loads(line, f"{where}:{number}"), f"{where}:{number}")


def _array(data: bytes, where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    items = _loads(data, where)
    return ((row, _object(item, f"{where}: row {row}")) for row, item in enumerate(items, 1))


def _object(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise BadInput(f"is a JSON {type(item).__name__}, not an object", where=where, fix=_FIX)
    return item


def _cell(value: Any, key: str, where: str) -> str:
    """The text of a JSON value, as a CSV file would have it."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        what = f"column {quoted(key)} holds a nested value"
        raise BadInput(what, where=where, fix="give numbers and texts only")
    return str(value)
