"""Labels: from the cells of one column to class indices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lgnc.data.table import Column, Ints, Table, parse_number, quoted
from lgnc.diagnostics import BadInput

MAX_CLASSES = 1000


def class_name(value: Any) -> str:
    """The class that a label names: a number by its value ("1", "1.0" and 1 are class '1'), text as it is."""
    number = parse_number(value) if isinstance(value, str) else value
    if number is None:
        return str(value)
    whole = isinstance(number, float) and number.is_integer() and abs(number) < 2**53
    return str(int(number) if whole else number)


def sort_classes(names: set[str]) -> tuple[str, ...]:
    """Class names in order: by value when all are numbers, else alphabetically."""
    numbers = {name: parse_number(name) for name in names}
    values = {name: number for name, number in numbers.items() if number is not None}
    return tuple(sorted(names, key=lambda name: (values[name], name)) if len(values) == len(names) else sorted(names))


def read_labels(table: Table, column: Column, classes: Sequence[str] | None = None) -> tuple[Ints, tuple[str, ...]]:
    """Class indices int64[rows] and class names; `classes` are the names known from training, in their order.

    Raises BadInput for a missing or unknown label, fewer than two classes or more than MAX_CLASSES.
    """
    used = column.counts() > 0
    if (missing := used & column.missing).any():
        fix = "remove the row or fill in its label; '?' and blank mean missing"
        raise table.refuse_cell(column, missing, "the label is missing", fix)
    names = [class_name(value) for value in column.values]
    found = {names[index] for index in np.flatnonzero(used)}
    numbers = {name: parse_number(name) for name in found}
    if all(number is not None for number in numbers.values()):
        bad = np.array([name in numbers and not math.isfinite(numbers[name] or 0) for name in names]) & used
        if bad.any():
            raise table.refuse_cell(column, bad, "the label {value} is not finite", "correct the label")
    if classes is None:
        classes = sort_classes(found)
        _check_classes(table, column, classes)
    index = {name: position for position, name in enumerate(classes)}
    unseen = np.array([name not in index for name in names], np.bool_) & used
    if unseen.any():
        shown = ", ".join(map(quoted, classes[:10])) + (", ..." if len(classes) > 10 else "")
        fix = f"classes: {shown}; correct it, or train with such rows"
        raise table.refuse_cell(column, unseen, "the label {value} was not seen in training", fix)
    lookup = np.array([index.get(name, 0) for name in names], np.int64)
    return lookup[column.codes], tuple(classes)


def _check_classes(table: Table, column: Column, classes: Sequence[str]) -> None:
    if len(classes) < 2:
        what = f"has one class only: every label in column {quoted(column.name)} is {quoted(classes[0])}"
        raise BadInput(what, where=table.where, fix="give rows of at least two classes, or name another label column")
    if len(classes) > MAX_CLASSES:
        what = f"column {quoted(column.name)} has {len(classes)} different labels; at most {MAX_CLASSES} can be classes"
        fix = "name the label column (--label NAME); a measurement or an id is not a label"
        raise BadInput(what, where=table.where, fix=fix)
