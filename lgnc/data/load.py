"""`load_dataset`: a data set by name or file, as features and class indices."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from lgnc.data.budget import Budget
from lgnc.data.choices import Choices
from lgnc.data.dataset import Dataset
from lgnc.data.features import Schema
from lgnc.data.from_table import fit_table, read_table_for, with_test
from lgnc.data.held import Held
from lgnc.data.known import Known
from lgnc.data.named import NAMES, load_named
from lgnc.data.npz_file import LABEL
from lgnc.data.read import read_table
from lgnc.data.split import stratified_split
from lgnc.data.table import Table
from lgnc.diagnostics import BadInput
from lgnc.files import read_file, sha256


def load_dataset(
    source: str | Held,
    *,
    label: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
    columns: dict[str, Any] | None = None,
    choices: Choices | None = None,
    na: Collection[str] = (),
    max_memory: int | None = None,
) -> Dataset:
    """The data set of a name in NAMES, of a CSV, JSON lines, ARFF, NPZ or Parquet file, or of rows in memory (`hold`).

    label: the label column's name; by default the last column. test_fraction, seed: of the split, unless the data has
    one of its own. choices: what else is decided about a table. columns: a model's record of its columns
    (`Dataset.columns`): the file is then read the way the training data was, and must fit it. na: texts that stand for
    a missing cell beside the usual ones. max_memory: bytes that the data may take; half of what is available, at most
    2 GiB, unless given. `docs/data.md` has the rules. Raises BadInput for data that cannot be used, ToolMissing when an
    optional package is needed.
    """
    if not 0 <= test_fraction <= 1 or (test_fraction == 1 and not columns):
        what = f"the test fraction {test_fraction} is not a share that leaves training rows"
        raise BadInput(what, fix="give a number from 0 to below 1, such as 0.2")
    if seed < 0:
        raise BadInput(f"the seed {seed} is negative", fix="give 0 or more")
    try:
        return _load(source, label, test_fraction, seed, columns, choices or Choices(), tuple(na), max_memory)
    except MemoryError:
        what = "takes more memory than there is"
        raise BadInput(what, where=str(source)[:200], fix="give fewer rows or columns") from None


def _load(
    source: str | Held,
    label: str | None,
    test_fraction: float,
    seed: int,
    columns: dict[str, Any] | None,
    choices: Choices,
    na: tuple[str, ...],
    max_memory: int | None,
) -> Dataset:
    budget = Budget.of(max_memory)
    known = Schema.from_json(columns, str(source)) if columns else None
    if isinstance(source, str) and source in NAMES:
        if label is not None:
            raise BadInput("a named data set has its own label", where=source, fix="leave out the label column")
        if choices.test is not None:
            raise BadInput("a named data set has its own test rows", where=source, fix="leave out --test")
        named = load_named(source)
        if isinstance(named, Dataset):
            return _images(named, test_fraction, seed, choices, known)
        if known:
            return read_table_for(named, None, test_fraction, seed, known, name=source)
        return fit_table(named, None, test_fraction, seed, choices, name=source)
    if isinstance(source, Held) and source.y is not None and label is None:
        label = LABEL
    if known:
        table = read_table(source, label, _known(known), na=na, budget=budget)
        digest = file_digest(source, table) if known.trained_on and isinstance(source, str) else ""
        return read_table_for(table, label, test_fraction, seed, known, digest=digest, budget=budget)
    table = read_table(source, label, na=na, budget=budget)
    if choices.test is None:
        return fit_table(table, label, test_fraction, seed, choices, na=na, budget=budget)
    test = read_table(choices.test, label, _known_of(table, label), na=na, budget=budget)
    both, digest = with_test(table, test), file_digest(source, table)
    return fit_table(both, label, test_fraction, seed, choices, trained_on=digest, na=na, budget=budget)


def _known(schema: Schema) -> Known:
    """What the readers need of a model's record."""
    categories = {plan.name: plan.values for plan in schema.columns if plan.values is not None}
    names, header, label, position = tuple(schema.names), schema.header, schema.label, schema.position
    return Known(names, header, label, position, schema.classes, categories, schema.notations, schema.na)


def _known_of(table: Table, label: str | None) -> Known:
    """What the reader of the test rows needs of the training rows."""
    names = tuple(table.names)
    notations = {column.name: column.notation for column in table.columns if column.notation is not None}
    target = label if label is not None else names[-1]
    return Known(names, table.header, target, names.index(target), (), {}, notations)


def file_digest(source: str | Held, table: Table) -> str:
    """The SHA-256 of a file, or of the cells of rows in memory: which rows a model was trained on."""
    if isinstance(source, str):
        return sha256(read_file(Path(source)))
    cells = (repr((one.name, list(one.values))).encode() + one.codes.tobytes() for one in table.columns)
    return sha256(b"".join(cells))


def _images(named: Dataset, test_fraction: float, seed: int, choices: Choices, known: Schema | None) -> Dataset:
    if known:
        fix = "give a table with the same columns"
        raise BadInput("is a set of images, but the model was trained on a table", where=named.name, fix=fix)
    if choices != Choices():
        fix = "leave out --keep, --drop, --min-class-rows, --bins, --match-case, --group and --split"
        raise BadInput("a named set of images has no columns to choose from", where=named.name, fix=fix)
    return named if named.y_test.size else _split(named, test_fraction, seed)


def _split(whole: Dataset, test_fraction: float, seed: int) -> Dataset:
    """A data set without test rows, split."""
    train, test = stratified_split(whole.y_train, test_fraction, seed)
    return Dataset(
        whole.name,
        whole.x_train[train],
        whole.y_train[train],
        whole.x_train[test],
        whole.y_train[test],
        whole.feature_names,
        whole.class_names,
        whole.columns,
        whole.shape,
    )
