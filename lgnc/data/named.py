"""The data sets that have a name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    shape = (8, 8, 1)
    empty = np.zeros(0, np.int64)
    classes = tuple(map(str, range(10)))
    x = x.astype(np.uint8)
    return Dataset("digits", x, y.astype(np.int64), x[:0], empty, tuple(pixel_names(shape)), classes, {}, shape)


def _scikit_learn(name: str) -> Table:
    """One of the tables inside scikit-learn, the label in a last column 'class'."""
    require_package("scikit-learn")
    from sklearn import datasets

    loader = {"breast-cancer": datasets.load_breast_cancer, "wine": datasets.load_wine, "iris": datasets.load_iris}
    bunch = loader[name]()
    columns = [Column.from_array(str(title), bunch.data[:, index]) for index, title in enumerate(bunch.feature_names)]
    columns.append(string_column("class", np.asarray(bunch.target_names)[bunch.target].astype("U")))
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
