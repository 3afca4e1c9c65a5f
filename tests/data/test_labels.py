"""Labels: case, missing ones, rare classes, measurements, and which column is the label."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lgnc.data import Choices, Dataset, load_dataset
from lgnc.data.bins import bin_names, bin_of, is_measurement, quantile_edges
from lgnc.data.class_figures import class_figures
from lgnc.diagnostics import BadInput

RNG = np.random.default_rng(1)
NOISE = [round(float(value), 3) for value in RNG.normal(size=120)]


def write(folder: Path, labels: list[str], header: str = "noise,kind", name: str = "t.csv") -> str:
    lines = [f"{noise},{label}" for noise, label in zip(NOISE, labels, strict=False)]
    (folder / name).write_text("\n".join([header, *lines]) + "\n")
    return str(folder / name)


def again(data: Dataset, path: str) -> Dataset:
    """The same file, read with the record of the first reading."""
    other = load_dataset(path, columns=json.loads(json.dumps(data.columns)))
    for name in ("x_train", "y_train", "x_test", "y_test"):
        assert np.array_equal(getattr(other, name), getattr(data, name)), name
    return other


def test_labels_that_differ_in_case_are_one_class(tmp_path: Path) -> None:
    path = write(tmp_path, ["Barolo", "barolo", " BAROLO ", "Barolo", "x", "X", "x"] * 5)
    data = load_dataset(path)
    assert data.class_names == ("Barolo", "x")
    assert "'Barolo', 'BAROLO', 'barolo' are 'Barolo'" in data.notes[0]
    assert "--match-case" in data.notes[0]
    again(data, path)
    apart = load_dataset(path, choices=Choices(match_case=True))
    assert set(apart.class_names) == {"Barolo", "barolo", "BAROLO", "x", "X"}
    again(apart, path)
    other = write(tmp_path, ["bArOlO", "X"], name="other.csv")
    assert load_dataset(other, columns=data.columns, test_fraction=0).y_train.tolist() == [0, 1]
    with pytest.raises(BadInput, match="'bArOlO' was not seen"):
        load_dataset(other, columns=apart.columns)


@pytest.mark.parametrize("blank", ["", "?", "  "])
def test_rows_without_a_label_are_left_out_and_counted(blank: str, tmp_path: Path) -> None:
    path = write(tmp_path, ["a", "b", blank, "a", "b"] * 10)
    data = load_dataset(path)
    assert data.class_names == ("a", "b")
    assert len(data.y_train) + len(data.y_test) == 40
    assert "10 rows without a label left out" in data.notes
    assert "10 rows without a label left out" in again(data, path).notes


def test_a_label_that_is_nan_is_missing(tmp_path: Path) -> None:
    y = np.array([1.0, 2.0, np.nan, 1.0, 2.0, 1.0])
    np.savez(tmp_path / "t.npz", x=np.arange(12.0).reshape(6, 2) % 5, y=y)
    data = load_dataset(str(tmp_path / "t.npz"), test_fraction=0)
    assert (data.class_names, len(data.y_train)) == (("1", "2"), 5)


def test_a_class_of_one_row_is_left_out_or_kept(tmp_path: Path) -> None:
    path = write(tmp_path, [*["a", "b"] * 10, "typo"])
    data = load_dataset(path)
    assert data.class_names == ("a", "b")
    assert data.notes == ("1 row of class 'typo' with too few rows left out (--min-class-rows)",)
    assert again(data, path).notes == data.notes
    kept = load_dataset(path, choices=Choices(min_class_rows=1))
    assert kept.class_names == ("a", "b", "typo")
    assert kept.y_train.tolist().count(2) == 1
    again(kept, path)
    with pytest.raises(BadInput, match=r"none has 11 rows.*lower --min-class-rows"):
        load_dataset(path, choices=Choices(min_class_rows=11))


def test_classes_are_not_left_out_when_too_few_would_stay(tmp_path: Path) -> None:
    assert load_dataset(write(tmp_path, ["a", "a", "b"])).class_names == ("a", "b")


def test_a_measurement_is_refused_with_both_remedies(tmp_path: Path) -> None:
    lines = [f"{'ab'[i % 2]},{i % 7},{NOISE[i]}" for i in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["sort,size,price", *lines]) + "\n")
    with pytest.raises(BadInput) as caught:
        load_dataset(str(tmp_path / "t.csv"))
    assert "column 'price' (the last column) was taken as the label, and looks like a measurement" in caught.value.what
    assert "--label 'sort'" in caught.value.fix
    assert "--bins 4" in caught.value.fix
    assert "\n" not in str(caught.value)
    assert load_dataset(str(tmp_path / "t.csv"), label="sort").class_names == ("a", "b")


@pytest.mark.parametrize(
    ("values", "measurement"),
    [
        (NOISE[:100], True),
        ([index // 2 for index in range(100)], False),
        ([index % 10 for index in range(100)], False),
        ([index % 60 for index in range(600)], False),
        ([value / 2 for value in range(10)] * 10, False),
        ([int(value) for value in RNG.normal(40, 15, 100)], True),
        (list(range(100)), True),
        (list(range(15)), False),
    ],
)
def test_what_a_measurement_is(values: list[float], measurement: bool) -> None:
    counts = {value: values.count(value) for value in sorted(values)}
    assert is_measurement(counts) == measurement


def test_quantile_bins_hold_about_as_many_rows(tmp_path: Path) -> None:
    labels = ["?" if index % 40 == 7 else str(value) for index, value in enumerate(NOISE)]
    path = write(tmp_path, labels)
    data = load_dataset(path, choices=Choices(bins=4))
    assert data.notes == ("3 rows without a label left out",)
    assert len(data.class_names) == 4
    counts = np.bincount(np.concatenate([data.y_train, data.y_test]))
    assert counts.min() >= 28
    assert counts.max() <= 32
    edges = data.columns["edges"]
    assert data.class_names == (f"<= {edges[0]}", *(f"({a}, {b}]" for a, b in pairwise(edges)), f"> {edges[-1]}")
    again(data, path)
    other = write(tmp_path, [str(edges[0]), str(edges[0] + 1e-9), "-1e9", "1e9"], name="other.csv")
    read = load_dataset(other, columns=data.columns, test_fraction=0)
    assert read.y_train.tolist() == [0, 1, 0, 3]
    with pytest.raises(BadInput, match="'high' is not a number"):
        load_dataset(write(tmp_path, ["high", "1"], name="other.csv"), columns=data.columns)


def test_bins_of_ties() -> None:
    assert quantile_edges([1, 2, 3], np.array([90, 5, 5]), 4) == (1,)
    assert quantile_edges([1, 2, 3, 4], np.array([1, 1, 1, 1]), 4) == (1, 2, 3)
    assert quantile_edges([7], np.array([3]), 4) == ()
    assert quantile_edges([1, 2], np.array([1, 99]), 2) == ()
    assert bin_names((2, 3.5)) == ("<= 2", "(2, 3.5]", "> 3.5")
    assert [bin_of(value, (2, 3.5)) for value in (1, 2, 2.1, 3.5, 4)] == [0, 0, 1, 1, 2]


def test_bins_are_for_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, ["a", "b"] * 20)
    with pytest.raises(BadInput, match="it is text, and only numbers can be cut"):
        load_dataset(path, choices=Choices(bins=3))
    with pytest.raises(BadInput, match="--bins: 1 is no number of classes"):
        Choices(bins=1)
    numbers = write(tmp_path, [str(index) for index in range(40)])
    assert len(load_dataset(numbers, choices=Choices(bins=0, min_class_rows=1)).class_names) == 40


def test_names_are_no_labels(tmp_path: Path) -> None:
    path = write(tmp_path, [f"person {index}" for index in range(50)])
    with pytest.raises(BadInput, match="looks like names or ids: 50 different labels in 50 rows"):
        load_dataset(path)
    assert len(load_dataset(path, choices=Choices(min_class_rows=1)).class_names) == 50


def test_a_label_in_front_of_measurements(tmp_path: Path) -> None:
    """The files of the UCR archive: no header, tabs, the class first."""
    rows = [[str(1 + i % 2), *(f"{NOISE[(i * 7 + j) % 120]:.6f}" for j in range(12))] for i in range(40)]
    (tmp_path / "train.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")
    data = load_dataset(str(tmp_path / "train.tsv"))
    assert data.class_names == ("1", "2")
    assert data.label.startswith("the first column")
    assert data.x_train.shape[1] == 12
    again(data, str(tmp_path / "train.tsv"))
    with pytest.raises(BadInput, match="measurement"):
        load_dataset(str(tmp_path / "train.tsv"), label="column 5")


def test_figures_beside_an_accuracy() -> None:
    y = np.array([0] * 95 + [1] * 5)
    figures = class_figures(y, np.zeros(100, np.int64), ("no", "yes", "never"))
    assert figures["majority_share"] == 0.95
    assert figures["balanced_accuracy"] == 0.5
    assert figures["recall"] == {"no": [95, 95], "yes": [0, 5]}
    assert figures["standard_error"] == pytest.approx((0.95 * 0.05 / 100) ** 0.5)
    assert class_figures(y, np.roll(y, 2), ("no", "yes"))["recall"] == {"no": [93, 95], "yes": [3, 5]}
    assert class_figures(y, y, ("no", "yes"))["standard_error"] == pytest.approx((0.99 * 0.01 / 100) ** 0.5)


def test_another_column_that_is_named_as_a_label_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[index % 2]},{value},{'xyz'[index % 3]}\n" for index, value in enumerate(NOISE))
    for header, told in (("Class,noise,grade", True), ("Class,noise,target", False), ("site,noise,grade", False)):
        (tmp_path / "t.csv").write_text(f"{header}\n{rows}")
        notes = "\n".join(load_dataset(str(tmp_path / "t.csv")).notes)
        assert ("column 'Class' is named as a label is: --label 'Class' trains on it" in notes) == told
    assert "named as a label" not in "\n".join(load_dataset(str(tmp_path / "t.csv"), label="grade").notes)
    (tmp_path / "t.csv").write_text(f"Class,noise,grade\n{rows}")
    for choices in (Choices(drop=("Class",)), Choices(keep=("Class",))):
        assert "named as a label" not in "\n".join(load_dataset(str(tmp_path / "t.csv"), choices=choices).notes)
