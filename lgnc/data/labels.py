"""Labels: from the cells of one column to class indices."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lgnc.data.bins import Number, bin_names, bin_of, is_measurement, quantile_edges
from lgnc.data.choices import Choices
from lgnc.data.table import Column, Ints, Table, parse_number, quoted
from lgnc.diagnostics import BadInput

MAX_CLASSES = 1000

_SHOWN = 5


@dataclass(frozen=True)
class LabelPlan:
    """How the cells of the label column become classes.

    classes: their names, in order. match_case: labels that differ in case alone are different classes. rare: classes of
    the training file with too few rows; their rows are left out. edges: of the classes of a measurement (`bin_of`).
    """

    classes: tuple[str, ...]
    match_case: bool = False
    rare: tuple[str, ...] = ()
    edges: tuple[Number, ...] = ()


def class_name(value: Any) -> str:
    """The class that a label names: a number by its value ("1", "1.0" and 1 are class '1'), text as it is."""
    number = parse_number(value) if isinstance(value, str) else value
    if number is None:
        return str(value)
    whole = isinstance(number, float) and number.is_integer() and abs(number) < 2**53
    return str(int(number) if whole else number)


def sort_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Class names in order: by value when all are numbers, else alphabetically."""
    names = set(names)
    numbers = {name: parse_number(name) for name in names}
    values = {name: number for name, number in numbers.items() if number is not None}
    return tuple(sorted(names, key=lambda name: (values[name], name)) if len(values) == len(names) else sorted(names))


def plan_labels(table: Table, column: Column, choices: Choices, chosen: str) -> tuple[LabelPlan, tuple[str, ...]]:
    """The classes of a table's training rows, and what is told about them. chosen: how the column was chosen.

    Raises BadInput for a measurement that is not to be cut, fewer than two classes or more than MAX_CLASSES.
    """
    rows = slice(0, table.split)
    names, missing = _names(column)
    counts = column.counts(rows) * ~missing
    _check_finite(table, column, names, counts > 0)
    spelled = Counter(dict.fromkeys(names, 0))
    for name, count in zip(names, counts.tolist(), strict=True):
        spelled[name] += count
    spelled = +spelled
    where = f"column {quoted(column.name)} ({chosen}) was taken as the label"
    if not spelled:
        raise BadInput(f"{where}: it is empty", where=table.where, fix="name the label's column with --label")
    values = _numbers(spelled)
    if choices.bins:
        return _plan_bins(table, column, values, choices.bins, where)
    if choices.bins is None and values is not None and is_measurement(values):
        what = (
            f"{where}, and looks like a measurement: {len(values):,} different numbers in {sum(values.values()):,} rows"
        )
        fix = f"name the label's column (--label{_likely(table, column)}), or cut this one into classes (--bins 4)"
        raise BadInput(what, where=table.where, fix=fix)
    merged, notes = _merge_case(spelled, match_case=choices.match_case)
    if len(merged) == 1:
        what = f"has one class only: every label in column {quoted(column.name)} is {quoted(next(iter(merged)))}"
        raise BadInput(what, where=table.where, fix="give rows of at least two classes, or name another label column")
    other = f"name the label's column (--label{_likely(table, column)})"
    total, distinct = sum(merged.values()), len(merged)
    if choices.min_class_rows is None and values is None and distinct >= 10 and 2 * distinct > total:
        what = f"{where}, and looks like names or ids: {distinct:,} different labels in {total:,} rows"
        raise BadInput(what, where=table.where, fix=f"{other}, or take each as a class (--min-class-rows 1)")
    least = choices.min_class_rows or (2 if table.split is None else 1)
    classes = sort_classes(name for name, count in merged.items() if count >= least)
    if len(classes) < 2 and choices.min_class_rows is None:
        classes = sort_classes(merged)
    if len(classes) < 2:
        what = f"{where}: of its {distinct:,} classes {len(classes) or 'none'} has {least:,} rows"
        raise BadInput(what, where=table.where, fix="lower --min-class-rows")
    if len(classes) > MAX_CLASSES:
        what = f"{where}: it has {len(classes):,} different labels, at most {MAX_CLASSES:,} can be classes"
        raise BadInput(what, where=table.where, fix=f"{other}; a measurement or an id is not a label")
    if values is not None and len(classes) > 30:
        notes += (f"{len(classes)} classes are numbers: if they measure something, --bins 4 makes classes of them",)
    return LabelPlan(classes, choices.match_case, sort_classes(set(merged) - set(classes))), notes


def read_labels(table: Table, column: Column, plan: LabelPlan) -> tuple[Ints, tuple[str, ...]]:
    """Class indices int64[rows], -1 where a row has no label or one of a rare class, and what is told of these.

    Raises BadInput, naming the first cell, for a label that the plan does not know.
    """
    names, missing = _names(column)
    used = column.counts() > 0
    _check_finite(table, column, names, used & ~missing)
    notes = []
    if count := int((column.counts() * missing).sum()):
        notes.append(f"{count:,} row{'s' * (count > 1)} without a label left out")
    if plan.edges:
        indices = _bin_indices(table, column, names, plan, used & ~missing)
    else:
        index = {_folded(name, plan.match_case): place for place, name in enumerate(plan.classes)}
        rare = {_folded(name, plan.match_case) for name in plan.rare}
        folded = [_folded(name, plan.match_case) for name in names]
        indices = np.array([index.get(name, -1) for name in folded], np.int64)
        unseen = (indices < 0) & used & ~missing & np.array([name not in rare for name in folded], np.bool_)
        if unseen.any():
            shown = _list(plan.classes, 10)
            fix = f"classes: {shown}; correct it, or train with such rows"
            raise table.refuse_cell(column, unseen, "the label {value} was not seen in training", fix)
        if count := int((column.counts() * ((indices < 0) & ~missing)).sum()):
            kinds = f"class {quoted(plan.rare[0])}" if len(plan.rare) == 1 else f"{len(plan.rare)} classes"
            notes.append(f"{count:,} row{'s' * (count > 1)} of {kinds} with too few rows left out (--min-class-rows)")
    indices[missing] = -1
    return indices[column.codes], tuple(notes)


def _names(column: Column) -> tuple[list[str], np.ndarray[Any, np.dtype[np.bool_]]]:
    """The class that each value names, and which values are no label: missing cells and NaN."""
    names = [class_name(value) for value in column.values]
    nan = np.isnan(column.number) if column.number.dtype.kind == "f" else np.zeros(len(names), np.bool_)
    return names, column.missing | nan


def _check_finite(table: Table, column: Column, names: list[str], used: Any) -> None:
    """Raise BadInput for an infinite label among numbers."""
    numbers = [parse_number(name) for name in names]
    if all(number is not None for number, counts in zip(numbers, used, strict=True) if counts):
        bad = used & np.array([number is not None and not math.isfinite(number) for number in numbers], np.bool_)
        if bad.any():
            raise table.refuse_cell(column, bad, "the label {value} is not finite", "correct the label")


def _numbers(spelled: Mapping[str, int]) -> dict[Number, int] | None:
    """The rows of each number, rising, when all labels are numbers."""
    numbers = {name: parse_number(name) for name in spelled}
    values = {number: spelled[name] for name, number in numbers.items() if number is not None}
    return dict(sorted(values.items())) if len(values) == len(spelled) else None


def _folded(name: str, match_case: bool) -> str:
    return name if match_case else unicodedata.normalize("NFC", name).casefold()


def _merge_case(spelled: Mapping[str, int], *, match_case: bool) -> tuple[dict[str, int], tuple[str, ...]]:
    """The rows of each class, named as most of its rows spell it, and a note when spellings were merged."""
    groups: dict[str, list[str]] = {}
    for name in sorted(spelled, key=lambda name: (-spelled[name], name)):
        groups.setdefault(_folded(name, match_case), []).append(name)
    merged = {group[0]: sum(spelled[name] for name in group) for group in groups.values()}
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return merged, ()
    shown = "; ".join(f"{_list(group)} are {quoted(group[0])}" for group in several[:3])
    more = f"; and {len(several) - 3} more" if len(several) > 3 else ""
    return merged, (f"labels that differ in case are one class: {shown}{more} (--match-case keeps them apart)",)


def _list(names: Iterable[str], most: int = _SHOWN) -> str:
    names = list(names)
    return ", ".join(map(quoted, names[:most])) + (", ..." if len(names) > most else "")


def _plan_bins(
    table: Table, column: Column, values: dict[Number, int] | None, bins: int, where: str
) -> tuple[LabelPlan, tuple[str, ...]]:
    if values is None:
        fix = f"leave out --bins, or name a measurement (--label{_likely(table, column)})"
        raise BadInput(f"{where}: it is text, and only numbers can be cut into classes", where=table.where, fix=fix)
    edges = quantile_edges(list(values), np.array(list(values.values()), np.int64), bins)
    if not edges:
        what = f"{where}: its {len(values)} different numbers cannot be cut into classes"
        raise BadInput(what, where=table.where, fix="give more bins, or name another column with --label")
    names = bin_names(edges)
    notes = (f"{len(names)} classes, not {bins}: many rows share a number",) if len(names) < bins else ()
    return LabelPlan(names, edges=edges), notes


def _bin_indices(table: Table, column: Column, names: list[str], plan: LabelPlan, used: Any) -> Ints:
    numbers = [parse_number(name) for name in names]
    if (text := used & np.array([number is None for number in numbers], np.bool_)).any():
        raise table.refuse_cell(column, text, "the label {value} is not a number", "the model's classes are intervals")
    return np.array([0 if number is None else bin_of(number, plan.edges) for number in numbers], np.int64)


_LABEL_NAMES = ("class", "label", "target", "y", "species", "outcome", "diagnosis", "category", "type", "quality")


def _likely(table: Table, taken: Column) -> str:
    """' NAME' of the column that looks most like a label, other than the one taken; ' NAME' itself for none."""
    best, found = (0, 0), ""
    for column in _few_kinds(table, taken):
        rank = (1 + (column.name.lower() in _LABEL_NAMES), int(bool(column.text.any())))
        if rank > best:
            best, found = rank, column.name
    return f" {quoted(found)}" if found and best > (1, 0) else " NAME"


def _few_kinds(table: Table, taken: Column) -> Iterator[Column]:
    """The named columns with as few different cells as classes are, other than the one taken."""
    for column in table.columns if table.header else ():
        counts = column.counts() * ~column.missing
        if column is not taken and 2 <= np.count_nonzero(counts) <= 30 and 5 * np.count_nonzero(counts) <= counts.sum():
            yield column


def other_label(table: Table, taken: Column, known: Collection[str]) -> tuple[str, ...]:
    """What is told where the column that was taken has no label's name, and another one has, that is not `known`."""
    if taken.name.lower() in _LABEL_NAMES:
        return ()
    kinds = (column.name for column in _few_kinds(table, taken))
    names = [name for name in kinds if name.lower() in _LABEL_NAMES and name not in known]
    told = f"column {quoted(names[0])} is named as a label is: --label {quoted(names[0])} trains on it" if names else ""
    return (told,) if told else ()
