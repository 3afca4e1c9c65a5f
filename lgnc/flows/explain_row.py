"""One row as a network takes it, and its columns: which features change together, and how they are shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.features import ColumnPlan, Schema
from lgnc.data.held import Held
from lgnc.data.held_rows import held_rows
from lgnc.data.load import load_dataset
from lgnc.data.named import NAMES
from lgnc.diagnostics import BadInput
from lgnc.flows.evaluate import labels_for, rows
from lgnc.flows.things import tell
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.quantiser import Quantiser
from lgnc.ir.simulate import features_for
from lgnc.verify.flip import Group

Row = NDArray[Any]

UNKNOWN = "none of its categories"


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a network's rows: the features of each and its name; plans: how a table's became features.
    quantiser: where features are codes, of which values are shown.
    """

    names: tuple[str, ...]
    groups: tuple[Group, ...]
    plans: tuple[ColumnPlan, ...] | None
    quantiser: Quantiser | None = None

    def shown(self, place: int, row: Row) -> str:
        """What a row has in a column, as a person would write it."""
        group, plan = self.groups[place], None if self.plans is None else self.plans[place]
        if group.missing >= 0 and row[group.missing]:
            return "missing"
        if plan is None or plan.values is None:
            feature = group.features[0]
            if self.quantiser is not None:
                return f"{self.quantiser.column(feature).values(row[feature : feature + 1])[0]:.6g}"
            return number_text(row[feature])
        chosen = [value for value, feature in zip(plan.values, group.one_of, strict=True) if row[feature]]
        return chosen[0] if chosen else UNKNOWN


def number_text(value: Any) -> str:
    """A feature's value: 'above 2.45' for the float after 2.45, that is the least one above a threshold."""
    if not isinstance(value, np.floating):
        return str(int(value))
    with np.errstate(over="ignore"):
        below = np.nextafter(value, value.dtype.type(-np.inf))
    for said, near in (("", value), ("above ", below)):
        short = f"{near:.6g}"
        if np.isfinite(near) and value.dtype.type(short) == near:
            return said + short
    return str(value)


def columns_of(encoder: Encoder, meta: Mapping[str, Any], where: str) -> Columns:
    """The columns of a model with a record of them; of other networks each feature is a column."""
    record = meta.get("columns")
    schema = Schema.from_json(record, where) if record else None
    if schema is None or schema.feature_names != encoder.names:
        groups = tuple(Group((feature,)) for feature in range(len(encoder.names)))
        return Columns(encoder.names, groups, None, encoder.quantiser)
    made, at = [], 0
    for plan in schema.columns:
        features = tuple(range(at, at + len(plan.feature_names)))
        at += len(features)
        missing = features[-1] if plan.missing else -1
        options = features[: len(plan.values)] if plan.values is not None else ()
        median = plan.median
        if encoder.quantiser is not None and median is not None:
            quantiser = encoder.quantiser.column(features[0])
            median = int(quantiser.codes(np.array([[median]], np.float64), encoder.dtype)[0, 0])
        made.append(Group(features, options, bool(options), missing, median))
    return Columns(tuple(plan.name for plan in schema.columns), tuple(made), schema.columns, encoder.quantiser)


def given_row(encoder: Encoder, meta: Mapping[str, Any], given: Any) -> Row:
    """[features]: a row of values as text with commas, a sequence of values, or a dict by column.

    meta: a model's record. A table's row has its columns in their order, with or without the label and the columns
    that training left out.
    Raises BadInput for values that do not fit.
    """
    given = _cells(given)
    record = dict(meta.get("columns") or {})
    schema = Schema.from_json(record, "row") if record else None
    if schema is None or schema.shape is not None:
        values = list(given.values()) if isinstance(given, Mapping) else given
        row: Row = features_for(encoder, np.array([[_number(each, encoder) for each in values]]), "row")[0]
        return row
    cells = dict(given) if isinstance(given, Mapping) else _named(given, schema)
    held = Held("row", None, {str(name): np.array([cell]) for name, cell in cells.items()})
    x, _, notes = held_rows(held, encoder, record, None, None, None)
    found: Row = features_for(encoder, x, "row")[0]
    tell([*notes, *_unknown_texts(columns_of(encoder, meta, "row"), cells, found)])
    return found


def _cells(given: Any) -> list[Any] | Mapping[str, Any]:
    """The values of a row in their order, or by column. Raises BadInput for what is no row."""
    if isinstance(given, Mapping):
        return given
    try:
        if isinstance(given, str):
            return [cell.strip() for cell in next(csv.reader(io.StringIO(given), skipinitialspace=True), [])]
        if getattr(given, "ndim", 1) == 1:
            return list(given)
    except (TypeError, csv.Error) as error:
        raise BadInput(f"is no row: {error}", where="row", fix="give its values, with commas between") from None
    raise BadInput(f"has {given.ndim} dimensions", where="row", fix="give the values of one row")


def _unknown_texts(columns: Columns, cells: Mapping[str, Any], row: Row) -> list[str]:
    """A line for each text that is none of its column's categories."""
    return [
        f"column {name!r}: {str(cells[name])!r:.60} is none of its categories"
        for place, name in enumerate(columns.names)
        if name in cells and columns.shown(place, row) == UNKNOWN
    ]


def _number(value: Any, encoder: Encoder) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value) if encoder.is_float or not value.lstrip("+-").isdigit() else int(value)
    except ValueError:
        raise BadInput(f"'{value:.40}' is no number", where="row", fix="give numbers, with commas between") from None


def _named(cells: Sequence[Any], schema: Schema) -> dict[str, Any]:
    """The cells by their columns, those of the label and of what training left out gone."""
    needed = [plan.name for plan in schema.columns]
    kept = [name for name in schema.names if name != schema.label]
    for names in (needed, kept, schema.names):
        if len(cells) == len(names):
            return {name: cell for name, cell in zip(names, cells, strict=True) if name in needed}
    what = f"has {len(cells)} values, and the model {len(needed)} columns"
    raise BadInput(what, where="row", fix=f"give {', '.join(needed)[:300]}")


def rows_of_data(
    circuit: Circuit, meta: Mapping[str, Any], data: str, split: str, label: str | None, max_memory: int | None
) -> tuple[NDArray[Any], list[str]]:
    """(rows [n, features], their labels) of a split of a data set, or with split 'file' of a file in its own order;
    rows without a label do not count. meta: a model's record.
    """
    names = () if circuit.head is None else circuit.head.names
    columns = meta.get("columns") or None
    if split == "file":
        if data in NAMES:
            raise BadInput("is a named data set", where=data, fix="give --data and --row")
        dataset = load_dataset(data, label=label, test_fraction=1.0 if columns else 0.0, columns=columns)
        x, y = (dataset.x_test, dataset.y_test) if len(dataset.y_test) else (dataset.x_train, dataset.y_train)
        y = labels_for(dataset.class_names, y, list(names), data)
    else:
        own = {"columns": columns, "training": meta.get("training"), "shape": meta.get("shape")}
        taken = rows(data, split, None, label=label, classes=names, max_memory=max_memory, **own)
        x, y = taken.x, taken.y
    return features_for(circuit.encoder, x, data), [names[each] for each in y.tolist()]


def the_row(x: NDArray[Any], labels: list[str], number: int, data: str) -> tuple[Row, str]:
    """Row `number`, from 0, and its label. Raises BadInput where there is none."""
    if not 0 <= number < len(x):
        fix = f"give a number from 0 to {len(x) - 1:,}"
        raise BadInput(f"has no row {number:,} ({len(x):,} rows)", where=data, fix=fix)
    return x[number], labels[number]
