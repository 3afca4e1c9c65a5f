"""The data sets that have a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.cells import string_column
from lgnc.data.csv_file import read_csv
from lgnc.data.dataset import Dataset
from lgnc.data.images import load_cifar10, load_mnist
from lgnc.data.npz_file import pixel_names
from lgnc.data.sources import find_file, not_here
from lgnc.data.table import Column, Table, join_tables
from lgnc.toolchain import require_package

NAMES = ("digits", "breast-cancer", "wine", "iris", "mnist", "mnist-binary", "cifar10", "adult", "phoneme")
"""What `load_dataset` knows by name."""

# fmt: off
_ADULT = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race",
    "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
)
_IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
# fmt: on


def load_named(name: str) -> Dataset | Table:
    """The data set called `name`: images as a Dataset (digits without test rows), tables as a Table to be fitted."""
    match name:
        case "digits":
            return _digits()
        case "mnist":
            return load_mnist()
        case "mnist-binary":
            mnist = load_mnist()
            return replace(mnist, name=name, x_train=mnist.x_train > 127, x_test=mnist.x_test > 127)
        case "cifar10":
            return load_cifar10()
        case "adult":
            return _adult()
        case "phoneme":
            return _tabular("phoneme", "phoneme.csv")
        case _:
            return _scikit_learn(name)


def _digits() -> Dataset:
    """1,797 handwritten digits of 8 x 8 pixels in 0..16, all as training rows."""
    require_package("scikit-learn")
    x, y = _digit_rows()
    shape = (8, 8, 1)
    empty = np.zeros(0, np.int64)
    classes = tuple(map(str, range(10)))
    x = x.astype(np.uint8)
    return Dataset("digits", x, y.astype(np.int64), x[:0], empty, tuple(pixel_names(shape)), classes, {}, shape)


def _digit_rows() -> tuple[NDArray[Any], NDArray[Any]]:
    path = _inside_scikit_learn("digits.csv.gz")
    if path is not None:
        rows = np.loadtxt(path, delimiter=",", ndmin=2)
        return rows[:, :-1], rows[:, -1]
    from sklearn.datasets import load_digits

    rows, labels = load_digits(return_X_y=True)
    return rows, labels


def _inside_scikit_learn(file: str) -> Path | None:
    """A file that scikit-learn holds, or None. Importing scikit-learn takes 2 CPU seconds; reading its file, none."""
    spec = find_spec("sklearn")
    places = spec.submodule_search_locations if spec else None
    path = Path(places[0], "datasets", "data", file) if places else None
    return path if path is not None and path.is_file() else None


def _scikit_learn(name: str) -> Table:
    """One of the tables inside scikit-learn, the label in a last column 'class'."""
    require_package("scikit-learn")
    path = _inside_scikit_learn(f"{name}.csv") if name == "iris" else None
    if path is not None:
        with path.open(encoding="utf-8") as file:
            classes = file.readline().strip().split(",")[2:]
            rows = np.loadtxt(file, delimiter=",", ndmin=2)
        return _table(name, _IRIS, rows[:, :-1], classes, rows[:, -1].astype(np.int64))
    from sklearn import datasets

    loader = {"breast-cancer": datasets.load_breast_cancer, "wine": datasets.load_wine, "iris": datasets.load_iris}
    bunch = loader[name]()
    return _table(name, map(str, bunch.feature_names), bunch.data, bunch.target_names, bunch.target)


def _table(
    name: str, titles: Iterable[str], rows: NDArray[Any], classes: Sequence[str], labels: NDArray[np.int64]
) -> Table:
    columns = [Column.from_array(title, rows[:, index]) for index, title in enumerate(titles)]
    columns.append(string_column("class", np.asarray(classes)[labels].astype("U")))
    return Table(name, tuple(columns), True, lambda row: f"{name}: row {row}")


def _tabular(data_set: str, file: str) -> Table:
    """A CSV file under `$LGNC_DATA/tabular`, $LGNC_DATA or the cache. Raises BadInput when it is not there."""
    path = find_file([f"tabular/{file}", file])
    if path is None:
        raise not_here(data_set, f"tabular/{file}")
    return read_csv(path)


def _adult() -> Table:
    """Adult (census income) with its own split; the test file writes its labels with a full stop at the end."""
    table = join_tables(_tabular("adult", "adult-train.csv"), _tabular("adult", "adult-test.csv"))
    label = table.columns[-1]
    values = [str(value).removesuffix(".") for value in label.values]
    columns = [*table.columns[:-1], replace(label, values=values)]
    if len(columns) == len(_ADULT):
        columns = [replace(column, name=title) for title, column in zip(_ADULT, columns, strict=True)]
    return replace(table, columns=tuple(columns), header=True)
