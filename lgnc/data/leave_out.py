"""Which columns of a table do not become features: those that only count the rows, and texts that name them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lgnc.data.choices import Choices
from lgnc.data.table import NUMERIC_SHARE, Column, Ints, Table, quoted
from lgnc.diagnostics import unknown

MAX_CATEGORIES = 10_000

ROW_NUMBERS, TEXT, DROPPED, GROUP = "row numbers", "text", "dropped", "group"

_SURE_ROWS = 10
"""Below this number of rows, a feature may count them by chance, or have as many texts."""

_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)?(_level_\d+)?|")
# fmt: off
_INDEX_NAMES = frozenset((
    "rownames", "rowname", "row", "rows", "rowid", "rownumber", "rownum", "rowindex", "rowno", "rownr", "index", "idx",
    "id", "ids", "uid", "obsno", "caseno", "casenumber", "recordno", "serialno", "sno", "srno", "slno", "sampleno",
    "level0", "seqno",
))
_DOUBTFUL_NAMES = frozenset((
    "no", "nr", "num", "number", "obs", "observation", "observations", "case", "record", "serial", "sample",
    "instance", "entry", "key", "pk", "seq", "sequence",
))
_TIMES = frozenset((
    "year", "years", "yr", "date", "datetime", "time", "times", "t", "day", "days", "month", "months", "week", "weeks",
    "hour", "hours", "minute", "minutes", "second", "seconds", "step", "steps", "tick", "ticks", "period", "quarter",
    "season", "epoch", "timestamp", "age",
))
_PERSONS = frozenset(("patient", "subject", "person", "participant", "user", "customer", "client", "pupil", "animal"))
# fmt: on


@dataclass(frozen=True)
class LeftOut:
    """A column that is no feature: its name, its place among all columns, and why (one of the constants above)."""

    name: str
    position: int
    why: str


def words_of(name: str) -> list[str]:
    """'PatientID', 'patient_id' and 'patient.id' as ['patient', 'id']."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)


def left_out(table: Table, label: int, choices: Choices) -> tuple[tuple[LeftOut, ...], tuple[str, ...]]:
    """The columns that are no features, and remarks on doubtful ones. `label`: the label's position.

    Columns are judged by their training rows, in the file's order. Pixels are features all. Raises BadInput when a
    choice names no column.
    """
    for name in (*choices.keep, *choices.drop, *([choices.group] if choices.group else [])):
        if name not in table.names:
            raise unknown("column", name, table.names, where=table.where)
    found, remarks = [], []
    for position, column in enumerate(table.columns):
        if position == label or column.name in choices.keep:
            continue
        why = GROUP if column.name == choices.group else DROPPED if column.name in choices.drop else None
        if why is None and table.shape is None:
            why = _reason(table, column, position)
            if why == ROW_NUMBERS and _is_time(table, column, position):
                why = None
                what = f"column {quoted(column.name)} rises by one from row to row and is kept as a time"
                remarks.append(f"{what} (--split last tests on the last rows; --drop leaves it out)")
        if why is None and choices.group is None and _names_groups(table, column):
            what = f"column {quoted(column.name)} has several rows for one value"
            remarks.append(f"{what}: if it names whom they come from, --group keeps them on one side")
        if why is not None:
            found.append(LeftOut(column.name, position, why))
    return tuple(found), tuple(remarks)


def _reason(table: Table, column: Column, position: int) -> str | None:
    rows = slice(0, table.split)
    counts = column.counts(rows) * ~column.missing
    total, distinct = int(counts.sum()), np.count_nonzero(counts)
    share = column.numeric_share(rows)
    if share is None:
        return None
    if share < NUMERIC_SHARE:
        names_rows = is_unnamed(table, column.name, position) and distinct == total > 1
        many = names_rows or (distinct >= _SURE_ROWS and 2 * distinct > total)
        return TEXT if many or distinct > MAX_CATEGORIES else None
    if share < 1:
        return None
    if not _whole(column, counts):
        return ROW_NUMBERS if is_unnamed(table, column.name, position) and distinct == total > 1 else None
    places = np.flatnonzero(~column.missing[column.codes[rows]])
    values, unnamed = column.number[column.codes[places]].astype(np.int64), is_unnamed(table, column.name, position)
    return ROW_NUMBERS if counts_rows(values, column.name, unnamed=unnamed, places=places) else None


def _names_groups(table: Table, column: Column) -> bool:
    """Whether a column has the name of an id or a person, and as many values as leave a few rows for each."""
    words = [word.lower() for word in words_of(column.name)] if table.header and table.shape is None else []
    if not ("id" in words[:1] + words[-1:] or _PERSONS.intersection(words[:1])):
        return False
    counts = column.counts(slice(0, table.split)) * ~column.missing
    distinct = np.count_nonzero(counts)
    return bool(_SURE_ROWS <= distinct < counts.sum())


def _whole(column: Column, counts: Ints) -> bool:
    used = column.number[counts > 0]
    return used.dtype.kind in "iu" or bool(((used == np.rint(used)) & (abs(used) < 2**53)).all())


def is_unnamed(table: Table, name: str, position: int) -> bool:
    """Whether the file gives the column no name, or one that a program made up for want of one."""
    return table.header and (name == f"column {position + 1}" or _UNNAMED.fullmatch(name) is not None)


def counts_rows(values: Ints, name: str, *, unnamed: bool = False, places: Ints | None = None) -> bool:
    """Whether whole numbers, in the order of the rows, say no more than which row it is.

    places: the rows that they stand in, where cells between them are missing.

    They do under any name when each is one more, or one less, than the one before, in ten rows or more; under the name
    of an index when they are all different and leave no gap; under the name of an id when they are all different; and
    under no name also when most are one more than the one before.
    """
    if len(values) < 2:
        return unnamed
    steps, rows = np.diff(values), np.arange(len(values)) if places is None else places
    many, ones = len(values) >= _SURE_ROWS, (steps == 1) | (steps == np.diff(rows))
    if many and (ones.all() or ((steps == -1) | (steps == -np.diff(rows))).all()):
        return True
    if unnamed and ones.mean() >= 0.9:
        return True
    words = [word.lower() for word in words_of(name)]
    joined, names_row = "".join(words), "id" in (words[:1] + words[-1:])
    if not (unnamed or names_row or joined in _INDEX_NAMES or (many and joined in _DOUBTFUL_NAMES)):
        return False
    different = len(np.unique(values)) == len(values)
    gapless = len(values) - 1 <= int(values.max()) - int(values.min()) <= int(rows[-1] - rows[0])
    return different and (unnamed or names_row or gapless)


def _is_time(table: Table, column: Column, position: int) -> bool:
    """Whether a column that counts rows has the name of a time or an age: that may be a feature."""
    if not table.header or is_unnamed(table, column.name, position):
        return False
    return any(word.lower() in _TIMES for word in words_of(column.name))


def notes_on(found: Sequence[LeftOut]) -> list[tuple[str, str]]:
    """(what was left out, which columns and how to keep them), one for each reason."""
    told = {
        ROW_NUMBERS: "only counts or numbers the rows (--keep COLUMN keeps it)",
        TEXT: "text that differs in most rows: names, ids (--keep COLUMN keeps it)",
        DROPPED: "by --drop",
        GROUP: "groups the rows (--keep COLUMN makes it a feature too)",
    }
    lines = []
    for why, what in told.items():
        names = [quoted(one.name) for one in found if one.why == why]
        if names:
            shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            lines.append((why, f"{shown}: {what}"))
    return lines
