"""`load_dataset`: a data set by name or file, as features and class indices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lgnc.data.choices import Choices
from lgnc.data.csv_file import read_csv
from lgnc.data.dataset import Dataset
from lgnc.data.features import Schema
from lgnc.data.from_table import fit_table, read_table_for, with_test
from lgnc.data.named import NAMES, load_named
from lgnc.data.npz_file import read_npz
from lgnc.data.parquet_file import read_parquet
from lgnc.data.split import stratified_split
from lgnc.data.table import Table
from lgnc.diagnostics import BadInput, unknown
from lgnc.files import read_file, sha256


def load_dataset(
    source: str,
    *,
    label: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
    columns: dict[str, Any] | None = None,
    choices: Choices | None = None,
) -> Dataset:
    """The data set of a name in NAMES, or of a CSV, NPZ or Parquet file.

    label: the label column's name; by default the last column. test_fraction, seed: of the split, unless the data has
    one of its own. choices: what else is decided about a table. columns: a model's record of its columns
    (`Dataset.columns`): the file is then read the way the training data was, and must fit it. `docs/data.md` has the
    rules. Raises BadInput for data that cannot be used, ToolMissing when an optional package is needed.
    """
    if not 0 <= test_fraction <= 1 or (test_fraction == 1 and not columns):
        what = f"the test fraction {test_fraction} is not a share that leaves training rows"
        raise BadInput(what, fix="give a number from 0 to below 1, such as 0.2")
    if seed < 0:
        raise BadInput(f"the seed {seed} is negative", fix="give 0 or more")
    choices = choices or Choices()
    known = Schema.from_json(columns, source) if columns else None
    if source in NAMES:
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
    if known:
        table = read_table(source, label, [*(plan.name for plan in known.columns), known.label])
        digest = file_digest(source) if known.trained_on else ""
        return read_table_for(table, label, test_fraction, seed, known, digest=digest)
    table = read_table(source, label)
    if choices.test is None:
        return fit_table(table, label, test_fraction, seed, choices)
    test = read_table(choices.test, label, table.names if table.header else None)
    both = with_test(table, test)
    return fit_table(both, label, test_fraction, seed, choices, trained_on=file_digest(source))


def file_digest(source: str) -> str:
    """The SHA-256 of a file: which rows a model was trained on."""
    return sha256(read_file(Path(source)))


def _images(named: Dataset, test_fraction: float, seed: int, choices: Choices, known: Schema | None) -> Dataset:
    if known:
        fix = "give a table with the same columns"
        raise BadInput("is a set of images, but the model was trained on a table", where=named.name, fix=fix)
    if choices != Choices():
        fix = "leave out --keep, --drop, --min-class-rows, --bins, --match-case, --group and --split"
        raise BadInput("a named set of images has no columns to choose from", where=named.name, fix=fix)
    return named if named.y_test.size else _split(named, test_fraction, seed)


def read_table(source: str, label: str | None = None, names: list[str] | None = None) -> Table:
    """The table in a file, by its first bytes and its suffix; see `read_csv` for `label` and `names`."""
    path = Path(source)
    try:
        if not path.exists():
            if "/" in source or "\\" in source or path.suffix:
                raise BadInput("no such file", where=source, fix="check the path")
            raise unknown("data set", source, NAMES)
        if not path.is_file():
            what = f"is a {'folder' if path.is_dir() else 'device'}, not a data file"
            raise BadInput(what, where=source, fix="give a CSV, NPZ or Parquet file")
        with path.open("rb") as file:
            magic = file.read(4)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot read: {reason}", where=source[:200], fix="check the path") from None
    npz = path.suffix.lower() == ".npz" or magic == b"PK\x03\x04"
    if npz and label not in (None, "label"):
        raise BadInput("an NPZ file has no column names; its labels are 'y'", where=source, fix="leave out the label")
    if npz:
        return read_npz(path)
    if path.suffix.lower() in (".parquet", ".pq") or magic == b"PAR1":
        return read_parquet(path)
    return read_csv(path, label, names)


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
