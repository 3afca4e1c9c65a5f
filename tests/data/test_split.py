"""Test rows from a file, by group and by place; a model's record means the same rows again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data import Choices, Dataset, load_dataset
from lgnc.data.split import group_split, last_split
from lgnc.diagnostics import BadInput

RNG = np.random.default_rng(2)


def write(folder: Path, rows: int, name: str = "t.csv", *, patient: bool = True) -> str:
    """Rows of four of each patient; x tells the row."""
    lines = ["x,patient,kind"] if patient else ["x,kind"]
    for index in range(rows):
        own = f"p{index // 4}," if patient else ""
        lines.append(f"{index * 3 + 1},{own}{'ab'[index % 3 % 2]}")
    (folder / name).write_text("\n".join(lines) + "\n")
    return str(folder / name)


def again(data: Dataset, path: str, **options: Any) -> Dataset:
    """The data set of a file by the record of another."""
    return load_dataset(path, columns=json.loads(json.dumps(data.columns)), **options)


def rows_of(x: np.ndarray[Any, Any]) -> list[int]:
    return [(int(value) - 1) // 3 for value in x[:, 0]]


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_not_cut(seed: int, tmp_path: Path) -> None:
    path = write(tmp_path, 200)
    data = load_dataset(path, choices=Choices(group="patient"), seed=seed)
    assert data.feature_names == ("x",)
    sides = [{row // 4 for row in rows_of(x)} for x in (data.x_train, data.x_test)]
    assert not sides[0] & sides[1]
    assert len(data.x_test) == pytest.approx(40, abs=4)
    assert set(data.y_test) == {0, 1}
    same = again(data, path, seed=seed)
    assert np.array_equal(same.x_test, data.x_test)
    assert np.array_equal(same.y_test, data.y_test)


def test_group_split_keeps_the_classes_shares() -> None:
    groups = np.repeat(np.arange(60), RNG.integers(1, 9, 60))
    y = (groups % 3 == 0).astype(np.int64)
    train, test = group_split(y, groups, 0.25, 0)
    assert sorted([*train, *test]) == list(range(len(y)))
    assert not set(groups[train]) & set(groups[test])
    assert np.bincount(y[test]) / np.bincount(y) == pytest.approx(0.25, abs=0.06)
    for fraction in (0.001, 0.999):
        assert all(map(len, group_split(y, groups, fraction, 0)))
    assert len(group_split(y, groups, 0, 0)[1]) == 0
    assert len(group_split(y, groups, 1, 0)[0]) == 0


def test_the_last_rows(tmp_path: Path) -> None:
    path = write(tmp_path, 50)
    data = load_dataset(path, choices=Choices(split="last"), test_fraction=0.1)
    assert rows_of(data.x_test) == list(range(45, 50))
    assert rows_of(again(data, path, test_fraction=0.1).x_test) == list(range(45, 50))
    assert [part.tolist() for part in last_split(2, 0.01)] == [[0], [1]]


def test_a_file_of_test_rows(tmp_path: Path) -> None:
    path, test = write(tmp_path, 60), str(tmp_path / "test.csv")
    rows = [line.split(",") for line in Path(write(tmp_path, 90)).read_text().splitlines()]
    write(tmp_path, 60)
    Path(test).write_text("\n".join(",".join(reversed(row)) for row in [rows[0], *rows[61:]]) + "\n")
    data = load_dataset(path, choices=Choices(test=test, keep=("patient",)))
    assert rows_of(data.x_train) == list(range(60))
    assert rows_of(data.x_test) == list(range(60, 90))
    other = again(data, test)
    assert np.array_equal(other.x_test, data.x_test)
    assert len(other.x_train) == 0
    own = again(data, path)
    assert (len(own.x_train), len(own.x_test)) == (60, 0)
    Path(path).write_text(Path(path).read_text() + "7,p,rare\n")
    assert load_dataset(path, choices=Choices(test=test)).class_names == ("a", "b", "rare")
    Path(test).write_text("x,kind\n1,a\n")
    with pytest.raises(BadInput, match=r"test\.csv: has no column 'patient', the training data has"):
        load_dataset(path, choices=Choices(test=test))
    Path(test).write_text("x,patient,kind\n1,p,c\n")
    with pytest.raises(BadInput, match=r"test\.csv:2.*'c' was not seen in training"):
        load_dataset(path, choices=Choices(test=test))


def test_what_a_split_cannot_do(tmp_path: Path) -> None:
    path = write(tmp_path, 40)
    with pytest.raises(BadInput, match="--split last and --group exclude each other"):
        Choices(split="last", group="patient")
    with pytest.raises(BadInput, match="did you mean 'last'"):
        Choices(split="lats")
    with pytest.raises(BadInput, match="did you mean 'patient'"):
        load_dataset(path, choices=Choices(group="patent"))
    with pytest.raises(BadInput, match="'kind' is the label"):
        load_dataset(path, choices=Choices(group="kind"))
    with pytest.raises(BadInput, match="no columns to choose from"):
        load_dataset("digits", choices=Choices(split="last"))
    with pytest.raises(BadInput, match="has its own test rows"):
        load_dataset("iris", choices=Choices(test=path))
    text = Path(path).read_text()
    Path(path).write_text(text.replace("p3,", ","))
    with pytest.raises(BadInput, match=r"t\.csv:14: column 'patient': the row belongs to no group"):
        load_dataset(path, choices=Choices(group="patient"))
    Path(path).write_text("\n".join(f"{i},q,{'ab'[i // 38]}" for i in (*range(2, 40), 38, 39, 38)) + "\n")
    with pytest.raises(BadInput, match="all rows are of one group"):
        load_dataset(path, choices=Choices(group="column 2"))
    with pytest.raises(BadInput, match="class 'b' has rows for test alone"):
        load_dataset(path, choices=Choices(split="last"))
    x, y = np.ones((4, 2)), [0, 1, 0, 1]
    arrays: dict[str, Any] = {"x_train": x, "y_train": y, "x_test": x, "y_test": y}
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(BadInput, match="has test rows of its own"):
        load_dataset(str(tmp_path / "t.npz"), choices=Choices(split="last"))
    with pytest.raises(BadInput, match="has test rows of its own"):
        load_dataset(str(tmp_path / "t.npz"), choices=Choices(test=path))


def test_rows_without_the_group_are_all_for_test(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, 40), choices=Choices(group="patient"))
    other = again(data, write(tmp_path, 12, "new.csv", patient=False))
    assert (len(other.x_train), len(other.x_test)) == (0, 12)
    assert any("no column 'patient'" in note for note in other.notes)
