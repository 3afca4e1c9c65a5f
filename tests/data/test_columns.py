"""Which columns become features: row numbers, ids and constants, choices, and the same columns again for a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data import Choices, Dataset, load_dataset
from lgnc.data.summary import summarise, summary_lines
from lgnc.diagnostics import BadInput
from tests.support import needs

ROWS = 40
RNG = np.random.default_rng(0)
NOISE = [round(float(value), 2) for value in RNG.normal(size=ROWS)]
LABELS = ["ab"[index // 20] for index in range(ROWS)]


def write(folder: Path, name: str, cells: Sequence[object], title: str = "t.csv") -> str:
    """A table of one column of interest, a noisy one and a label."""
    lines = [f"{name},noise,kind", *(f"{a},{b},{c}" for a, b, c in zip(cells, NOISE, LABELS, strict=True))]
    (folder / title).write_text("\n".join(lines) + "\n")
    return str(folder / title)


def names_out(data: Dataset) -> list[str]:
    return [one["name"] for one in data.columns["left_out"]]


SHUFFLED = RNG.permutation(ROWS).tolist()
SAMPLED = sorted(RNG.choice(1000, ROWS, replace=False).tolist())
COUNTERS: dict[str, tuple[str, list[Any]]] = {
    "pandas": ("", list(range(ROWS))),
    "pandas, read and written again": ("Unnamed: 0", list(range(ROWS))),
    "R": ('""', [f'"{index + 1}"' for index in range(ROWS)]),
    "shuffled": ("", SHUFFLED),
    "a sample of rows": ("", SAMPLED),
    "two files below each other": ("", [*range(20), *range(20)]),
    "row names": ('""', [f"row {index} of it" for index in range(ROWS)]),
    "from 1": ("rownames", list(range(1, ROWS + 1))),
    "reshaped in R": ('""', [f'"{i // 4 + 1}.{i % 4 + 1}"' for i in range(ROWS)]),
    "as fractions": ("", [f"{index}.0" for index in range(ROWS)]),
    "shuffled id": ("id", SHUFFLED),
    "id with gaps": ("PatientID", SAMPLED),
    "a part of a file": ("obs", list(range(300, 300 + ROWS))),
    "any name": ("thing", list(range(1, ROWS + 1))),
    "any name, some cells missing": ("thing", [row if row % 9 else "NA" for row in range(1, ROWS + 1)]),
    "downwards, some cells missing": ("thing", [row if row % 9 else "" for row in range(ROWS, 0, -1)]),
    "numbered without the missing": ("thing", [row - row // 9 if row % 9 else "" for row in range(1, ROWS + 1)]),
    "R, the last row without a name": ('""', [*(f'"{index + 1}"' for index in range(ROWS - 1)), '""']),
    "an id, some missing": ("id", [index if index % 7 else "NA" for index in SHUFFLED]),
    "downwards": ("thing", list(range(ROWS, 0, -1))),
    "texts": ("name", [f"person {index}" for index in range(ROWS)]),
    "texts, nearly all different": ("ticket", [f"T{index - index % 13 // 12}" for index in range(ROWS)]),
}


@pytest.mark.parametrize("case", COUNTERS)
def test_a_column_that_counts_or_names_the_rows_is_left_out(case: str, tmp_path: Path) -> None:
    name, cells = COUNTERS[case]
    data = load_dataset(write(tmp_path, name, cells))
    title = name.strip('"') or "column 1"
    assert names_out(data) == [title]
    assert data.feature_names == ("noise",)
    assert sum(repr(title) in text and "--keep" in text for _, text in summary_lines(data)) == 1
    kept = load_dataset(write(tmp_path, name, cells), choices=Choices(keep=(title,)))
    assert names_out(kept) == []
    assert len(kept.feature_names) > 1


FEATURES: dict[str, tuple[str, list[Any]]] = {
    "sorted with gaps": ("weight", SAMPLED),
    "sorted with ties": ("weight", [index // 2 for index in range(ROWS)]),
    "different whole numbers": ("count", SHUFFLED),
    "even steps": ("seconds", [10 * index for index in range(ROWS)]),
    "an id of several rows": ("patient_id", [index // 3 for index in range(ROWS)]),
    "whole but for one": ("x", [*range(ROWS - 1), 0.5]),
    "categories": ("colour", [f"c{index % 12}" for index in range(ROWS)]),
    "a year": ("year", list(range(1980, 1980 + ROWS))),
}


@pytest.mark.parametrize("case", FEATURES)
def test_a_feature_is_not_taken_for_a_row_number(case: str, tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, *FEATURES[case]))
    assert names_out(data) == []
    assert any("kept as a time" in note for note in data.notes) == (case == "a year")
    assert any("--group" in note for note in data.notes) == (case == "an id of several rows")


def test_a_few_rows_may_count_by_chance(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,kind\n1,a\n2,b\n3,a\n")
    assert load_dataset(str(tmp_path / "t.csv"), test_fraction=0).feature_names == ("x",)


def test_row_numbers_beside_texts_alone(tmp_path: Path) -> None:
    lines = [',"sex","class"', *(f'"{i + 1}","{"mf"[i % 2]}","{LABELS[i]}"' for i in range(ROWS))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    data = load_dataset(str(tmp_path / "t.csv"))
    assert data.feature_names == ("sex=f", "sex=m")
    assert names_out(data) == ["column 1"]


def test_pixels_are_never_left_out(tmp_path: Path) -> None:
    x = np.zeros((ROWS, 4, 4), np.uint8)
    x[:, 0, 0] = np.arange(ROWS)
    np.savez(tmp_path / "t.npz", x=x, y=LABELS)
    assert load_dataset(str(tmp_path / "t.npz")).x_train.shape[1] == 16


def test_columns_are_dropped_by_choice(tmp_path: Path) -> None:
    path = write(tmp_path, "weight", SAMPLED)
    data = load_dataset(path, choices=Choices(drop=("weight",)))
    assert data.feature_names == ("noise",)
    with pytest.raises(BadInput, match="did you mean 'weight'"):
        load_dataset(path, choices=Choices(drop=("wieght",)))
    with pytest.raises(BadInput, match="did you mean 'noise'"):
        load_dataset(path, choices=Choices(keep=("nose",)))
    with pytest.raises(BadInput, match="no column is left as a feature: 'weight', 'noise': by --drop"):
        load_dataset(path, choices=Choices(drop=("weight", "noise")))
    with pytest.raises(BadInput, match="'kind' is the label"):
        load_dataset(path, choices=Choices(drop=("kind",)))


def same(one: Dataset, other: Dataset) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in ("x_train", "y_train", "x_test", "y_test")]
    return all(np.array_equal(a, b) for a, b in pairs)


def with_index(folder: Path) -> tuple[str, dict[str, Any], Dataset]:
    """A file with row numbers and names in front and in the middle, its record and its data set."""
    lines = [",noise,who,kind", *(f"{i},{NOISE[i]},person {i},{LABELS[i]}" for i in range(ROWS))]
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    data = load_dataset(str(folder / "train.csv"))
    return str(folder / "train.csv"), json.loads(json.dumps(data.columns)), data


CHANGES: dict[str, Callable[[list[list[str]]], list[list[str]]]] = {
    "as it is": lambda rows: rows,
    "without the row numbers": lambda rows: [row[1:] for row in rows],
    "features and label alone": lambda rows: [[row[1], row[3]] for row in rows],
    "permuted": lambda rows: [[row[3], row[2], row[1], row[0]] for row in rows],
    "without a header": lambda rows: rows[1:],
    "without a header, features and label alone": lambda rows: [[row[1], row[3]] for row in rows[1:]],
    "with a second index": lambda rows: [["Unnamed: 0", *rows[0]], *([str(i), *row] for i, row in enumerate(rows[1:]))],
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_model_finds_its_columns_again(case: str, tmp_path: Path) -> None:
    path, columns, data = with_index(tmp_path)
    rows = [line.split(",") for line in Path(path).read_text().splitlines()]
    (tmp_path / "other.csv").write_text("\n".join(",".join(row) for row in CHANGES[case](rows)) + "\n")
    assert same(load_dataset(str(tmp_path / "other.csv"), columns=columns), data)


def test_another_column_is_refused_by_a_model(tmp_path: Path) -> None:
    path, columns, _ = with_index(tmp_path)
    text = Path(path).read_text()
    (tmp_path / "other.csv").write_text(text.replace("noise", "voice"))
    with pytest.raises(BadInput, match="no column 'noise'"):
        load_dataset(str(tmp_path / "other.csv"), columns=columns)
    (tmp_path / "other.csv").write_text(
        "\n".join(line + ",1" for line in text.splitlines()).replace("kind,1", "kind,new")
    )
    with pytest.raises(BadInput, match="a column 'new' that the model was not trained on"):
        load_dataset(str(tmp_path / "other.csv"), columns=columns)


@needs("pyarrow")
def test_parquet_columns_go_by_name(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = write(tmp_path, "weight", SAMPLED)
    data = load_dataset(path)
    pq.write_table(pa.table({"kind": LABELS, "noise": NOISE, "weight": SAMPLED}), tmp_path / "t.parquet")
    assert same(load_dataset(str(tmp_path / "t.parquet"), columns=data.columns), data)


def test_images_of_another_axis_order_are_refused(tmp_path: Path) -> None:
    x = RNG.integers(0, 256, (ROWS, 6, 6, 3)).astype(np.uint8)
    np.savez(tmp_path / "nhwc.npz", x=x, y=LABELS)
    np.savez(tmp_path / "nchw.npz", x=x.transpose(0, 3, 1, 2), y=LABELS)
    np.savez(tmp_path / "flat.npz", x=x.reshape(ROWS, -1), y=LABELS)
    data = load_dataset(str(tmp_path / "nhwc.npz"))
    assert data.notes == ()
    with pytest.raises(BadInput, match=r"its images are 3 x 6 x 6 .* trained on 6 x 6 x 3 .*turn the axes"):
        load_dataset(str(tmp_path / "nchw.npz"), columns=data.columns)
    assert same(load_dataset(str(tmp_path / "flat.npz"), columns=data.columns), data)
    assert "turn its axes" in load_dataset(str(tmp_path / "nchw.npz")).notes[0]


def test_every_column_has_its_fate(tmp_path: Path) -> None:
    header = "id,size,colour,fixed,empty,patient,kind"
    lines = [f"{i},{NOISE[i] if i % 9 else ''},{'rg'[i % 2]},7,,p{i // 4},{LABELS[i]}" for i in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join([header, *lines]) + "\n")
    data = load_dataset(str(tmp_path / "t.csv"), choices=Choices(group="patient"))
    told = summarise(data)
    fates = {column["name"]: (column["became"], column["features"]) for column in told["columns"]}
    assert fates == {
        "id": ("left out", 0),
        "size": ("number", 2),
        "colour": ("categories", 2),
        "fixed": ("number", 1),
        "empty": ("categories", 1),
        "patient": ("left out", 0),
    }
    assert {column["name"] for column in told["columns"] if column.get("constant")} == {"fixed", "empty"}
    assert told["label"] == {"column": "kind", "how": "the last column"}
    assert sum(one["train"] + one["test"] for one in told["classes"]) == ROWS
    assert json.loads(json.dumps(told)) == told
    lines_of = summary_lines(data)
    assert ("classes", "2 (a: 20, b: 20)") in lines_of
    assert any("'fixed', 'empty'" in text for _, text in lines_of)


def test_hundreds_of_columns_are_told_in_a_few_lines(tmp_path: Path) -> None:
    header = ",".join([*(f"n{i}" for i in range(300)), "kind"])
    rows = [",".join([*(f"text {i} {j}" for j in range(299)), str(NOISE[i]), LABELS[i]]) for i in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    lines = summary_lines(load_dataset(str(tmp_path / "t.csv")))
    assert len(lines) < 8
    assert any("and 294 more" in text for _, text in lines)
