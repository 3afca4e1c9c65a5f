"""From a Table to a Dataset: fitted on its training rows, or read the way a model's record says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lgnc.data.bins import is_measurement
from lgnc.data.budget import Budget
from lgnc.data.choices import Choices
from lgnc.data.dataset import Dataset
from lgnc.data.features import Schema, check_fit, feature_dtype, feature_matrix, fit_column
from lgnc.data.labels import other_label, plan_labels, read_labels
from lgnc.data.leave_out import ROW_NUMBERS, LeftOut, counts_rows, is_unnamed, left_out, notes_on
from lgnc.data.split import group_split, last_split, stratified_split
from lgnc.data.table import Column, Ints, Table, check_unit, join_tables, quoted
from lgnc.diagnostics import BadInput, unknown


def fit_table(
    table: Table,
    label: str | None,
    test_fraction: float,
    seed: int,
    choices: Choices,
    *,
    name: str | None = None,
    trained_on: str = "",
    na: tuple[str, ...] = (),
    budget: Budget | None = None,
) -> Dataset:
    """A table to train on. na: texts that stood for a missing cell beside the usual ones.

    trained_on: the digest of the training file when its test rows came from another one.
    """
    if table.split is not None and not trained_on and (choices.group or choices.split != "random"):
        raise BadInput("has test rows of its own", where=table.where, fix="leave out --group and --split")
    position, chosen = pick_label(table, label)
    column = table.columns[position]
    if column.name in (choices.group, *choices.drop):
        fix = "name another label with --label, or another column"
        raise BadInput(f"column {quoted(column.name)} is the label", where=table.where, fix=fix)
    out, remarks = left_out(table, position, choices)
    plan, told = plan_labels(table, column, choices, chosen)
    y, counted = read_labels(table, column, plan)
    order = "file" if trained_on else "group" if choices.group else choices.split
    groups = table.columns[table.names.index(choices.group)] if choices.group else None
    train, test = split_rows(table, y, groups, order, test_fraction, seed)
    _check_classes(table, y, train, plan.classes)
    taken = {position, *(one.position for one in out)}
    features = [each for place, each in enumerate(table.columns) if place not in taken]
    if not features:
        raise _no_features(table, out)
    plans = tuple(fit_column(table, each, train) for each in features)
    schema = Schema(
        header=table.header,
        label=column.name,
        position=position,
        classes=plan.classes,
        dtype=feature_dtype(features, list(plans)),
        columns=plans,
        shape=table.shape,
        left_out=out,
        match_case=plan.match_case,
        rare=plan.rare,
        edges=plan.edges,
        order=order,
        group=choices.group or "",
        trained_on=trained_on,
        notations={each.name: each.notation for each in features if each.notation is not None},
        na=na,
    )
    if label is None:
        told = (*other_label(table, column, (*choices.keep, *choices.drop, choices.group or "")), *told)
    notes = (*table.notes, *told, *counted, *remarks, *_channels_first(table))
    return _dataset(table, schema, features, y, train, test, name, notes, chosen, budget)


def read_table_for(
    table: Table,
    label: str | None,
    test_fraction: float,
    seed: int,
    known: Schema,
    *,
    name: str | None = None,
    digest: str = "",
    budget: Budget | None = None,
) -> Dataset:
    """A table read as the training data was. digest: of its file, where the record asks for it."""
    if known.shape and table.shape and known.shape != table.shape:
        shown, wanted = (" x ".join(map(str, shape)) for shape in (table.shape, known.shape))
        what = f"its images are {shown} (height, width, channels), the model was trained on {wanted}"
        raise BadInput(what, where=table.where, fix="turn the axes to [n, height, width, channels], as in training")
    columns, notes = _match(table, known, label)
    y, counted = read_labels(table, columns[known.label], known.labels)
    groups = columns.get(known.group) if known.group else None
    order = known.order
    if order == "group" and groups is None:
        order = "all"
        notes += (f"no column {quoted(known.group)}: all rows are taken as test rows",)
    if order == "file" and table.split is None and digest != known.trained_on:
        order = "all"
    train, test = split_rows(table, y, groups, order, test_fraction, seed)
    features = [columns[plan.name] for plan in known.columns]
    return _dataset(table, known, features, y, train, test, name, (*table.notes, *notes, *counted), "", budget)


def _dataset(
    table: Table,
    schema: Schema,
    features: list[Column],
    y: Ints,
    train: Ints,
    test: Ints,
    name: str | None,
    notes: tuple[str, ...],
    chosen: str,
    budget: Budget | None,
) -> Dataset:
    budget = budget or Budget.of(None)
    for column, plan in zip(features, schema.columns, strict=True):
        check_unit(column, schema.notations.get(plan.name), table.where)
        check_fit(table, column, plan, schema.dtype)
        rounded = schema.dtype == "float32" and plan.values is None
        if rounded and (cells := int(column.counts()[~(column.single | column.missing | column.text)].sum())):
            notes += (f"column {quoted(plan.name)}: {cells:,} cell{'s' * (cells > 1)} rounded to float32",)
    return Dataset(
        name or table.where,
        feature_matrix(features, schema, train, table.where, budget),
        y[train],
        feature_matrix(features, schema, test, table.where, budget),
        y[test],
        schema.feature_names,
        schema.classes,
        schema.to_json(),
        schema.shape,
        notes,
        chosen,
    )


def split_rows(
    table: Table, y: Ints, groups: Column | None, order: str, test_fraction: float, seed: int
) -> tuple[Ints, Ints]:
    """The training and the test rows among those with a class (y >= 0), ascending.

    order: 'random', 'last', 'group', 'file' (all rows are for training unless the table says more), or 'all': for test.
    """
    rows = np.flatnonzero(y >= 0)
    if table.split is not None:
        return rows[rows < table.split], rows[rows >= table.split]
    if order in ("file", "all"):
        return (rows, rows[:0]) if order == "file" else (rows[:0], rows)
    if order == "group" and groups is not None:
        if (missing := groups.missing & (groups.counts(rows) > 0)).any():
            fix = "fill it in, or remove the row"
            raise table.refuse_cell(groups, missing, "the row belongs to no group", fix)
        names = np.unique(np.array([str(value) for value in groups.values]), return_inverse=True)[1]
        codes = names[groups.codes[rows]]
        if len(np.unique(codes)) < 2:
            what = f"all rows are of one group in column {quoted(groups.name)}"
            raise BadInput(what, where=table.where, fix="name another column with --group")
        train, test = group_split(y[rows], codes, test_fraction, seed)
    elif order == "last":
        train, test = last_split(len(rows), test_fraction)
    else:
        train, test = stratified_split(y[rows], test_fraction, seed)
    return rows[train], rows[test]


def pick_label(table: Table, label: str | None) -> tuple[int, str]:
    """The label column's position, and how it was chosen.

    The last one unless named; the first one where no column has a name, the last one measures something and the first
    one has a few whole numbers or texts, as in the files of the UCR archive.
    """
    if label is not None:
        if label not in table.names:
            raise unknown("label column", label, table.names, where=table.where)
        return table.names.index(label), "named by --label"
    last = len(table.columns) - 1
    if not table.header and table.shape is None and last > 1:
        first, beside = table.columns[0], table.columns[1:]
        counts = first.counts(slice(0, table.split)) * ~first.missing
        few = 2 <= np.count_nonzero(counts) and 2 * np.count_nonzero(counts) <= counts.sum()
        whole = bool((first.number == np.rint(first.number)).all()) and not _measures(table, first)
        if few and whole and _measures(table, beside[-1]) and not any(column.text.any() for column in beside):
            return 0, "the first column, for the last one is a measurement"
    return last, "the last column"


def _measures(table: Table, column: Column) -> bool:
    """Whether a column holds measurements."""
    counts = column.counts(slice(0, table.split)) * ~column.missing
    if column.text.any() or not counts.any():
        return False
    used = np.flatnonzero(counts)
    return is_measurement(dict(zip(column.number[used].tolist(), counts[used].tolist(), strict=True)))


def _check_classes(table: Table, y: Ints, train: Ints, classes: tuple[str, ...]) -> None:
    """Raise BadInput when a class has rows for test alone."""
    absent = np.flatnonzero(np.bincount(y[train], minlength=len(classes)) == 0)
    if len(train) and len(absent):
        what = f"class {quoted(classes[int(absent[0])])} has rows for test alone"
        fix = "give another --test-fraction or --seed, or split another way"
        raise BadInput(what, where=table.where, fix=fix)


def _no_features(table: Table, out: tuple[LeftOut, ...]) -> BadInput:
    told = "; ".join(text for _, text in notes_on(out))
    return BadInput(
        f"no column is left as a feature: {told}"[:400], where=table.where, fix="give other columns, or keep one"
    )


def _channels_first(table: Table) -> tuple[str, ...]:
    """A note on images that look like [n, channels, height, width]."""
    if table.shape is None or table.shape[0] not in (1, 3, 4) or table.shape[2] in (1, 3, 4):
        return ()
    height, width, channels = table.shape
    what = f"images of {height} x {width} pixels with {channels} channels"
    return (f"{what}: if the file has [n, channels, height, width], turn its axes first",)


def with_test(train: Table, test: Table) -> Table:
    """The training rows and, below, the test rows of another table; columns go by name where both have names."""
    if train.split is not None or test.split is not None:
        where = train.where if train.split is not None else test.where
        raise BadInput("has test rows of its own", where=where, fix="leave out --test")
    if train.shape != test.shape:
        raise BadInput("has images of another shape than the training data", where=test.where, fix="give the same")
    if train.header and test.header:
        by_name = {column.name: column for column in test.columns}
        if missing := [name for name in train.names if name not in by_name]:
            what = f"has no column {quoted(missing[0])}, the training data has"
            raise BadInput(what, where=test.where, fix="give both the same columns")
        if extra := [name for name in by_name if name not in train.names]:
            what = f"has a column {quoted(extra[0])}, the training data has none"
            raise BadInput(what, where=test.where, fix="give both the same columns")
        test = replace(test, columns=tuple(by_name[name] for name in train.names))
    return join_tables(train, test)


def _match(table: Table, known: Schema, label: str | None) -> tuple[dict[str, Column], tuple[str, ...]]:
    """The columns by their names in training: by name when both have names, else by position; and what is told."""
    if label is not None and label not in table.names:
        raise unknown("label column", label, table.names, where=table.where)
    if not (table.header and known.header):
        return _match_by_position(table, known, label)
    by_name = {column.name: column for column in table.columns}
    if label is not None and not (label != known.label and known.label in by_name):
        by_name[known.label] = by_name.pop(label)
    needed = [plan.name for plan in known.columns]
    shown = [*needed[: known.position], label or known.label, *needed[known.position :]]
    if missing := [name for name in (*needed, known.label) if name not in by_name]:
        what = f"has no column {quoted(missing[0])}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        raise BadInput(what, where=table.where, fix=f"the model's columns are: {', '.join(map(quoted, shown))[:300]}")
    wanted = {*needed, known.label, *(one.name for one in known.left_out)}
    extra = [name for name in by_name if name not in wanted]
    numbers = [name for name in extra if _is_row_number(table, by_name[name])]
    if unknown_ones := [name for name in extra if name not in numbers]:
        what = f"has a column {quoted(unknown_ones[0])} that the model was not trained on"
        raise BadInput(what, where=table.where, fix="remove it")
    return by_name, tuple(text for _, text in notes_on([LeftOut(name, 0, ROW_NUMBERS) for name in numbers]))


def _is_row_number(table: Table, column: Column) -> bool:
    position = table.names.index(column.name)
    if not is_unnamed(table, column.name, position) or column.text[column.codes].any():
        return False
    places = np.flatnonzero(~column.missing[column.codes])
    values = column.number[column.codes[places]]
    whole = bool((values == np.rint(values)).all())
    return whole and counts_rows(values.astype(np.int64), column.name, unnamed=True, places=places)


def _match_by_position(table: Table, known: Schema, label: str | None) -> tuple[dict[str, Column], tuple[str, ...]]:
    names = known.names
    columns = list(table.columns)
    needed = [plan.name for plan in known.columns]
    if len(columns) == len(needed) + 1 < len(names):
        names = [name for name in names if name in {*needed, known.label}]
    if len(columns) != len(names):
        what = f"has {len(columns)} columns, the model was trained on {len(names)}, the label among them"
        fix = f"the model's columns are: {', '.join(map(quoted, names))[:300]}"
        raise BadInput(what, where=table.where, fix=fix)
    place = table.names.index(label) if label is not None else names.index(known.label)
    columns.insert(names.index(known.label), columns.pop(place))
    mixed = table.header != known.header
    note = "columns are taken by position: " + ("the model" if table.header else "the file") + " has no names for them"
    return dict(zip(names, columns, strict=True)), (note,) * mixed
