"""From a table's columns to features: fitted on training rows, then applied to any file the same way."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.budget import Budget
from lgnc.data.labels import LabelPlan
from lgnc.data.leave_out import MAX_CATEGORIES, LeftOut
from lgnc.data.numbers import Notation
from lgnc.data.table import NUMERIC_SHARE, Bools, Column, Ints, Table, quoted
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import FEATURE_DTYPES

ORDERS = ("random", "last", "group", "file")


@dataclass(frozen=True)
class ColumnPlan:
    """How one column becomes features.

    A number is one feature, its missing cells filled with `median`; a category (`values` is not None) is one binary
    feature per value. Either has one more binary feature where training rows had `missing` cells.
    """

    name: str
    median: float | int = 0
    values: tuple[str, ...] | None = None
    missing: bool = False

    @property
    def feature_names(self) -> list[str]:
        own = [self.name] if self.values is None else [f"{self.name}={value}" for value in self.values]
        return own + [f"{self.name} missing"] * self.missing

    @classmethod
    def from_json(cls, data: dict[str, Any], dtype: str) -> ColumnPlan:
        """The plan of `dataclasses.asdict`'s dict. Raises ValueError, KeyError or TypeError when it is not one.

        The median must be a number that features of `dtype` can hold.
        """
        median, values = data["median"] + 0, data["values"]
        if dtype.startswith("float"):
            median = float(median)
            if not math.isfinite(median):
                raise ValueError
        elif int(median) != median or not -(2**63) <= median < 2**63:
            raise ValueError
        if values is not None:
            values = tuple(map(str, values))
            if len(values) > MAX_CATEGORIES or len(set(values)) != len(values) or not (values or data["missing"]):
                raise ValueError
        return cls(str(data["name"]), median, values, bool(data["missing"]))


@dataclass(frozen=True)
class Schema:
    """All that reading another file the same way needs: `Dataset.columns` is its JSON form.

    header: the columns have names of their own. label, position: the label column's name and place among all columns.
    left_out: columns that are no features. order: how rows were chosen for test: 'random', 'last', by 'group' (the
    column of that name), or as a 'file' of their own; trained_on: then the SHA-256 of the file of the training rows.
    notations: how columns wrote their numbers, where not plainly. na: texts that stood for a missing cell beside the
    usual ones.
    """

    header: bool
    label: str
    position: int
    classes: tuple[str, ...]
    dtype: str
    columns: tuple[ColumnPlan, ...]
    shape: tuple[int, int, int] | None = None
    left_out: tuple[LeftOut, ...] = ()
    match_case: bool = False
    rare: tuple[str, ...] = ()
    edges: tuple[float | int, ...] = ()
    order: str = "random"
    group: str = ""
    trained_on: str = ""
    notations: dict[str, Notation] = field(default_factory=dict)
    na: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of all columns of the training file, in its order."""
        names = [plan.name for plan in self.columns]
        others = [(self.position, self.label), *((one.position, one.name) for one in self.left_out)]
        for position, name in sorted(others):
            names.insert(position, name)
        return names

    @property
    def labels(self) -> LabelPlan:
        return LabelPlan(self.classes, self.match_case, self.rare, self.edges)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return distinct_names(name for plan in self.columns for name in plan.feature_names)

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any], where: str) -> Schema:
        """The schema of `to_json`'s dict, also after a round trip through JSON. Raises BadInput when it is not one."""
        try:
            dtype, position = data["dtype"], data["position"]
            plans = tuple(ColumnPlan.from_json(plan, dtype) for plan in data["columns"])
            shape = data.get("shape")
            shape = None if shape is None else (int(shape[0]), int(shape[1]), int(shape[2]))
            if type(position) is not int:
                raise ValueError
            left_out = tuple(
                LeftOut(str(one["name"]), int(one["position"]), str(one["why"])) for one in data.get("left_out", ())
            )
            schema = cls(
                bool(data["header"]),
                str(data["label"]),
                position,
                tuple(map(str, data["classes"])),
                dtype,
                plans,
                shape,
                left_out,
                bool(data.get("match_case", False)),
                tuple(map(str, data.get("rare", ()))),
                tuple(edge + 0 for edge in data.get("edges", ())),
                str(data.get("order", "random")),
                str(data.get("group", "")),
                str(data.get("trained_on", "")),
                {
                    str(name): Notation(str(one["decimal"]), str(one["unit"]))
                    for name, one in data.get("notations", {}).items()
                },
                tuple(map(str, data.get("na", ()))),
            )
            schema.check()
            return schema
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError):
            what = "the model's record of its columns is damaged"
            raise BadInput(what, where=where, fix="train the model again") from None

    def check(self) -> None:
        """Raise ValueError for what no training leaves."""
        places = [self.position, *(one.position for one in self.left_out)]
        total = len(self.columns) + len(places)
        in_range = all(0 <= at < total for at in places)
        rising = all(a < b for a, b in pairwise(self.edges)) and all(map(math.isfinite, self.edges))
        bins = not self.edges or len(self.edges) + 1 == len(self.classes)
        grouped = (self.order == "group") == bool(self.group)
        known = self.dtype in FEATURE_DTYPES and self.order in ORDERS
        if not (in_range and rising and bins and grouped and known and len(set(places)) == len(places)):
            raise ValueError


def distinct_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names in order, a repeated one followed by ' (2)', ' (3)', ..."""
    result: dict[str, None] = {}
    counts: dict[str, int] = {}
    for name in names:
        unique = name
        while unique in result:
            counts[name] = counts.get(name, 1) + 1
            unique = f"{name} ({counts[name]})"
        result[unique] = None
    return tuple(result)


def fit_column(table: Table, column: Column, rows: Ints) -> ColumnPlan:
    """The plan of one column: its kind from all rows, its median and categories from the training `rows`.

    Raises BadInput for infinite or NaN values, for text in a column that is numeric otherwise (NUMERIC_SHARE), and for
    more than MAX_CATEGORIES categories.
    """
    used, counts = column.counts() > 0, column.counts(rows)
    missing = bool((counts * column.missing).sum())
    share = column.numeric_share()
    if share is not None and share >= NUMERIC_SHARE:
        check_numbers(table, column, used)
        return ColumnPlan(column.name, _median(column, counts * ~column.missing), None, missing)
    values = {str(column.values[int(index)]) for index in np.flatnonzero((counts > 0) & ~column.missing)}
    if len(values) > MAX_CATEGORIES:
        what = f"column {quoted(column.name)} has {len(values)} different texts, more than {MAX_CATEGORIES}"
        raise BadInput(what, where=table.where, fix="leave it out (--drop): an id or free text is not a feature")
    return ColumnPlan(column.name, 0, tuple(sorted(values)), missing)


def check_numbers(table: Table, column: Column, used: Bools) -> None:
    """Raise BadInput, naming the first cell, for text, infinity or NaN in a numeric column."""
    if (text := used & column.text).any():
        fix = "correct the cell; leave it blank, or name it with --na, if the value is missing"
        raise table.refuse_cell(column, text, "{value} is not a number, though the column is numeric", fix)
    if (bad := used & ~np.isfinite(column.number)).any():
        fix = "correct the cell; leave it blank if the value is missing"
        raise table.refuse_cell(column, bad, "{value} is not a finite number", fix)


def _median(column: Column, counts: Ints) -> int | float:
    """The lower median of the column's values, each taken `counts` times: itself one of the values. 0 for none."""
    total = int(counts.sum())
    if not total:
        return 0
    order = np.argsort(column.number, kind="stable")
    middle = int(np.searchsorted(np.cumsum(counts[order]), (total + 1) // 2))
    value = column.number[order[middle]].item()
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**63)
    return int(value) if whole else float(value)


def feature_dtype(columns: list[Column], plans: list[ColumnPlan]) -> str:
    """The smallest of bool, uint8, int16, int32, int64 that holds the values of all columns, or float32 or float64.

    float32 takes columns that were stored as such, and texts that are what its numbers print as.
    """
    low, high, whole, single = 0, 1, True, True
    for column, plan in zip(columns, plans, strict=True):
        used = (column.counts() > 0) & ~column.missing
        if plan.values is None and used.any():
            number = column.number[used]
            single = single and bool(column.single[used].all())
            if number.dtype.kind == "f" and ((number != np.rint(number)) | (abs(number) >= 2**53)).any():
                whole = False
                continue
            low, high = min(low, int(number.min())), max(high, int(number.max()))
    if not whole:
        return "float32" if single else "float64"
    if (low, high) == (0, 1):
        return "bool"
    return next(t for t in ("uint8", "int16", "int32", "int64") if np.iinfo(t).min <= low and high <= np.iinfo(t).max)


def check_fit(table: Table, column: Column, plan: ColumnPlan, dtype: str) -> None:
    """Raise BadInput, naming the first cell, unless every number of the column can be a feature of `dtype`."""
    if plan.values is not None:
        return
    used = (column.counts() > 0) & ~column.missing
    check_numbers(table, column, used)
    if dtype.startswith("float"):
        if (bad := used & (abs(column.number) > np.finfo(dtype).max)).any():
            what = f"{{value}} is beyond {dtype}, which all were in training"
            raise table.refuse_cell(column, bad, what, "correct the cell")
        return
    low, high = (0, 1) if dtype == "bool" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    fix = "correct the cell, or train with such values"
    real = column.number.dtype.kind == "f"
    if real and (bad := used & (column.number != np.rint(column.number))).any():
        raise table.refuse_cell(column, bad, "{value} is not a whole number, as all were in training", fix)
    if (bad := used & ((column.number < low) | (column.number >= high + 1.0 if real else column.number > high))).any():
        what = f"{{value}} is outside {low}..{high}, the range of the model's {dtype} features"
        raise table.refuse_cell(column, bad, what, fix)
    if real and (bad := used & (abs(column.number) >= 2.0**53)).any():
        what = "{value} stands among numbers that are rounded to float64; in training all were 64-bit integers"
        raise table.refuse_cell(column, bad, what, "write whole numbers below 2^63 without an exponent")


def feature_matrix(columns: list[Column], schema: Schema, rows: Ints, where: str, budget: Budget) -> NDArray[Any]:
    """The features [len(rows), features] of `schema.dtype`; a category not seen in training is all zero."""
    width = sum(len(plan.feature_names) for plan in schema.columns)
    size = width * len(rows) * np.dtype(schema.dtype).itemsize
    budget.check(size, where, f"{len(rows):,} rows of {width:,} features")
    x = np.zeros((len(rows), width), schema.dtype)
    at = 0
    for column, plan in zip(columns, schema.columns, strict=True):
        codes = column.codes[rows]
        if plan.values is None:
            number = np.where(column.missing | column.text, plan.median, column.number)
            with np.errstate(invalid="ignore"):
                x[:, at] = number.astype(schema.dtype)[codes]
            at += 1
        else:
            index = {value: position for position, value in enumerate(plan.values)}
            position = np.array([index.get(str(value), -1) for value in column.values], np.int64)
            position = np.where(column.missing, -1, position)[codes]
            known = np.flatnonzero(position >= 0)
            x[known, at + position[known]] = 1
            at += len(plan.values)
        if plan.missing:
            x[:, at] = column.missing[codes]
            at += 1
    return x
