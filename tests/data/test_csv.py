"""CSV files: what is read, how columns become features, and every refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data import Choices, Dataset, load_dataset
from lgnc.diagnostics import BadInput


def write(folder: Path, text: str | bytes, name: str = "data.csv") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def all_rows(dataset: Dataset) -> list[tuple[list[Any], str]]:
    """Every row as (features, class name), sorted."""
    x = np.concatenate([dataset.x_train, dataset.x_test]).tolist()
    y = np.concatenate([dataset.y_train, dataset.y_test])
    return sorted((row, dataset.class_names[label]) for row, label in zip(x, y, strict=True))


def refused(folder: Path, text: str | bytes, **options: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        load_dataset(write(folder, text), **options)
    assert caught.value.where.startswith(str(folder / "data.csv"))
    assert caught.value.fix
    assert "\n" not in str(caught.value)
    return caught.value


NUMBERS = "1,2,a\n3,4,b\n5,6,a\n7,8,b\n"


def test_numbers_without_a_header(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, NUMBERS))
    assert data.feature_names == ("column 1", "column 2")
    assert data.class_names == ("a", "b")
    assert data.x_train.dtype == np.uint8
    assert all_rows(data) == [([1, 2], "a"), ([3, 4], "b"), ([5, 6], "a"), ([7, 8], "b")]
    assert sorted(data.y_test.tolist()) == [0, 1]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_byte_order_mark(tmp_path: Path, separator: str, end: str, mark: str) -> None:
    text = mark + ("x,y z,label\n" + NUMBERS).replace(",", separator).replace("\n", end)
    data = load_dataset(write(tmp_path, text))
    assert data.feature_names == ("x", "y z")
    assert len(all_rows(data)) == 4


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x,y\n1,a\n2,b\n3,a\n", ("x",)),
        ("1,a\n2,b\n3,a\n", ("column 1",)),
        (",x,y\n0,1,a\n1,2,b\n2,3,a\n", ("x",)),
        ("colour,kind\nred,yes\nblue,no\nred,no\n", ("colour=blue", "colour=red")),
        ("red,yes\nblue,no\nred,no\nblue,yes\n", ("column 1=blue", "column 1=red")),
        ("0,1,2\n5,6,0\n7,8,1\n9,9,0\n", ("0", "1")),
        (",0,1,kind\n0,6,7,a\n1,8,9,b\n2,9,9,a\n", ("0", "1")),
        (",1.5,2.5,3.5\n9.4,0,0,0\n9.6,1,2,0\n9.7,0,1,1\n9.9,3,0,1\n", ("1.5", "2.5")),
        (",9,8,7\nred,0,0,0\nblue,1,2,0\ngreen,0,1,1\nblack,2,0,1\n", ("9", "8")),
        (",1,2,5\n9,0,0,5\n9,1,2,6\n9,0,1,6\n", ("column 1", "column 1 missing", "column 2", "column 3")),
        ("0,1,2\n1,2,0\n2,0,1\n1,1,2\n", ("column 1", "column 2")),
        ("?,a\n2,b\n3,a\n4,b\n", ("column 1", "column 1 missing")),
        ('"a, quoted","y"\n1,p\n2,q\n3,q\n', ("a, quoted",)),
    ],
)
def test_header_rule(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    assert load_dataset(write(tmp_path, text), test_fraction=0).feature_names == names


def test_a_header_of_numbers_is_known_by_the_label(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, "2019,2020\n1,3\n2,4\n3,4\n"), label="2020")
    assert data.feature_names == ("2019",)
    assert data.class_names == ("3", "4")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["1", "1.0", "2", " 2 ", "10", "10"], ("1", "2", "10")),
        (["-1", "1", "-1", "+1"], ("-1", "1")),
        (["1.5", "1", "1.50", "0.5"], ("0.5", "1", "1.5")),
        (['"yes"', "no", "yes"], ("no", "yes")),
        (["a", "B", "10", "2", "a"], ("10", "2", "B", "a")),
        (["True", "False", "True"], ("False", "True")),
        (["1e3", "1000", "7"], ("7", "1000")),
        (["é", "日本", "é"], ("é", "日本")),
    ],
)
def test_labels(tmp_path: Path, labels: list[str], classes: tuple[str, ...]) -> None:
    rows = [f"{index},{label}" for index, label in enumerate(labels)]
    data = load_dataset(write(tmp_path, "\n".join(rows)), test_fraction=0)
    assert data.class_names == classes
    wanted = [classes.index(label.strip('"')) for label in labels if label.strip('"') in classes]
    assert [y for y, label in zip(data.y_train, labels, strict=True) if label.strip('"') in classes] == wanted


def test_the_label_may_be_any_named_column(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, "kind,x\na,1\nb,2\na,3\n"), label="kind", test_fraction=0)
    assert data.feature_names == ("x",)
    assert data.x_train.tolist() == [[1], [2], [3]]
    assert data.y_train.tolist() == [0, 1, 0]


def test_missing_values_and_categories(tmp_path: Path) -> None:
    text = "n,c,y\n1,red,a\n?,blue,b\n3,,a\n9,red,b\n"
    data = load_dataset(write(tmp_path, text), test_fraction=0)
    assert data.feature_names == ("n", "n missing", "c=blue", "c=red", "c missing")
    assert data.x_train.dtype == np.uint8
    assert data.x_train.tolist() == [[1, 0, 0, 1, 0], [3, 1, 1, 0, 0], [3, 0, 0, 0, 1], [9, 0, 0, 1, 0]]


def test_median_and_categories_come_from_the_training_rows(tmp_path: Path) -> None:
    rows = [f"{value * 7 % 41 if value % 5 else '?'},c{value},{'ab'[value % 2]}" for value in range(1, 41)]
    data = load_dataset(write(tmp_path, "\n".join(rows)), choices=Choices(keep=("column 2",)))
    known = data.x_train[:, 0][data.x_train[:, 1] == 0]
    filled = data.x_train[:, 0][data.x_train[:, 1] == 1]
    assert set(filled.tolist()) == {np.sort(known)[(len(known) - 1) // 2]}
    assert len(data.feature_names) == 2 + len(data.x_train)
    assert not data.x_test[:, 2:].any()


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0, 1], "bool"),
        ([0, 255], "uint8"),
        ([-1, 255], "int16"),
        ([0, 256], "int16"),
        ([0, 32768], "int32"),
        ([0, 2**31], "int64"),
        ([-(2**63), 2**63 - 1], "int64"),
        ([0, 2**64], "float64"),
        ([0.0, 3.0], "uint8"),
        ([0.5, 3], "float32"),
        ([0.1, -7.35], "float32"),
        ([0.123456789, 3], "float64"),
        ([1e300, 3], "float64"),
    ],
)
def test_the_smallest_dtype_that_holds_all(tmp_path: Path, values: list[float], dtype: str) -> None:
    data = load_dataset(write(tmp_path, f"{values[0]},a\n{values[1]},b\n{values[0]},b\n"), test_fraction=0)
    assert data.x_train.dtype == dtype
    assert data.x_train[:2, 0].tolist() == np.array(values).astype(dtype).tolist()


def test_text_only_gives_binary_features(tmp_path: Path) -> None:
    assert load_dataset(write(tmp_path, "p,a\nq,b\np,b\nq,a\n")).x_train.dtype == np.bool_


def test_feature_names_stay_distinct(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, "a,a=p,a missing,y\np,1,1,u\n?,2,2,v\nq,3,3,v\n"), test_fraction=0)
    assert data.feature_names == ("a=p", "a=q", "a missing", "a=p (2)", "a missing (2)")


def test_blank_lines_do_not_count(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, "\n1,a\n\n2,b\n  \n3,a\n\n"), test_fraction=0)
    assert data.x_train.tolist() == [[1], [2], [3]]


BAD: dict[str, tuple[str | bytes, str, str]] = {
    "empty": ("", "is empty", ""),
    "blank": ("\n \n", "is empty", ""),
    "header only": ("x,y\n", "no rows", ""),
    "one column": ("x\n1\n2\n", "only one column", ""),
    "one class": ("1,a\n2,a\n", "one class only", ""),
    "ragged": ("1,2,a\n3,b\n", "has 2 cells, the first row has 3", ":2"),
    "ragged after a cell of two lines": ('"p\nq",2,a\n3,b\n', "has 2 cells", ":3"),
    "infinite": ("x,y\n1,a\ninf,b\n", "column 'x': 'inf' is not a finite number", ":3"),
    "too large": ("1,a\n1e999,b\n", "'1e999' is not a finite number", ":2"),
    "infinite label": ("1,2\n2,inf\n3,1\n", "'inf' is not finite", ":2"),
    "no labels": ("x,y\n1,\n2,?\n", "it is empty", ""),
    "text among numbers": (
        "".join(f"{index},{'ab'[index % 2]}\n" for index in range(20)) + "oops,a\n",
        "'oops' is not a number",
        ":21",
    ),
    "two columns of one name": ("x,x,y\n1,2,a\n2,3,b\n", "two columns are called 'x'", ":1"),
    "binary": (b"1,a\n2,b\n\0\0\0", "binary file", ""),
    "a cell of many digits": (f"1,a\n{'9' * 130_000},b\n", "is not a finite number", ":2"),
    "many columns": (",".join(map(str, range(1_100_000))) + "\n", "GiB of memory; the limit is", ""),
    "not UTF-8": (b"1,a\n2,\xe9\n", "byte 0xe9 is not UTF-8", ":2"),
    "open quote": ('1,a\n2,"b\n3,a\n', "not CSV", ":3"),
    "too many classes": ("".join(f"1,c{index // 2}\n" for index in range(2002)), "1,001 different labels", ""),
    "too many categories": (
        "".join(f"t{index // 2},{index % 2}\n" for index in range(26000)),
        "no column is left as a feature",
        "",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files(tmp_path: Path, case: str) -> None:
    text, what, line = BAD[case]
    error = refused(tmp_path, text)
    assert what in error.what
    assert error.where.endswith(f"data.csv{line}")


def test_unknown_label_column(tmp_path: Path) -> None:
    error = refused(tmp_path, "size,kind\n1,a\n2,b\n", label="kinds")
    assert "kinds" in error.what
    assert "did you mean 'kind'" in error.fix


def test_a_matrix_too_large_for_memory_is_refused(tmp_path: Path) -> None:
    wide = "".join(f"{index % 9000}a,{index % 9000}b,{index}.5,{index % 2}\n" for index in range(40_000))
    assert "GiB" in refused(tmp_path, wide).what


TRAINED = "n,c,y\n1,red,no\n?,blue,yes\n3,,no\n9,red,yes\n"


def record(folder: Path, text: str = TRAINED) -> dict[str, Any]:
    """The columns of a training file, through JSON as a model file has them."""
    columns: dict[str, Any] = json.loads(json.dumps(load_dataset(write(folder, text, "train.csv")).columns))
    return columns


def test_another_file_is_read_the_way_the_first_was(tmp_path: Path) -> None:
    columns = record(tmp_path)
    same = load_dataset(write(tmp_path, TRAINED), columns=columns)
    first = load_dataset(write(tmp_path, TRAINED))
    for name in ("x_train", "y_train", "x_test", "y_test"):
        assert np.array_equal(getattr(same, name), getattr(first, name))
    assert same.feature_names == first.feature_names
    other = load_dataset(write(tmp_path, "y,c,n\nyes,green,2\nyes,red,?\n"), columns=columns, test_fraction=1)
    names = other.feature_names
    assert other.class_names == ("no", "yes")
    assert other.x_train.shape == (0, len(names))
    assert other.x_test[:, names.index("c=red")].tolist() == [0, 1]
    assert other.x_test[0, names.index("n")] == 2
    assert other.x_test[1, names.index("n")] == columns["columns"][0]["median"]
    assert other.columns == json.loads(json.dumps(other.columns))
    headless = load_dataset(write(tmp_path, "2,green,yes\n3,red,no\n"), columns=columns, test_fraction=0)
    assert headless.y_train.tolist() == [1, 0]


def test_white_space_in_names_and_values_is_one_blank(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, '"the\n size",kind\n1,"a \n\tb"\n2,c\n3, a b \n'), test_fraction=0)
    assert data.feature_names == ("the size",)
    assert data.class_names == ("a b", "c")
    assert data.y_train.tolist() == [0, 1, 0]


def test_the_label_column_may_have_another_name(tmp_path: Path) -> None:
    columns = record(tmp_path)
    data = load_dataset(write(tmp_path, "truth,c,n\nyes,red,2\n"), label="truth", columns=columns, test_fraction=0)
    assert data.y_train.tolist() == [1]
    assert data.x_train[0, 0] == 2


def test_a_table_with_a_header_for_a_model_without(tmp_path: Path) -> None:
    columns = record(tmp_path, NUMBERS)
    text = "kind,p,q\nb,1,2\n"
    data = load_dataset(write(tmp_path, text), label="kind", columns=columns, test_fraction=0)
    assert (data.x_train.tolist(), data.y_train.tolist()) == ([[1, 2]], [1])


MISFITS = {
    "missing column": ("n,y\n1,no\n2,yes\n", "no column 'c'", ""),
    "extra column": ("n,c,z,y\n1,red,2,no\n2,red,3,yes\n", "column 'z' that the model was not trained on", ""),
    "wrong count": ("1,no\n2,yes\n", "has 2 columns, the model was trained on 3", ""),
    "unknown label": ("n,c,y\n1,red,no\n2,red,maybe\n", "column 'y': the label 'maybe' was not seen", ":3"),
    "too large": ("n,c,y\n1,red,no\n256,red,yes\n", "'256' is outside 0..255", ":3"),
    "not whole": ("n,c,y\n1,red,no\n2.5,red,yes\n", "'2.5' is not a whole number", ":3"),
    "text": ("n,c,y\n1,red,no\nbig,red,yes\n", "'big' is not a number", ":3"),
    "infinite": ("n,c,y\n1,red,no\ninf,red,yes\n", "'inf' is not a finite number", ":3"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_file_that_does_not_fit_the_model(tmp_path: Path, case: str) -> None:
    text, what, line = MISFITS[case]
    error = refused(tmp_path, text, columns=record(tmp_path))
    assert what in error.what
    assert error.where.endswith(f"data.csv{line}")


@pytest.mark.parametrize("damage", [{}, {"columns": 3}, {"dtype": "object"}, {"position": 9}, {"classes": None}])
def test_a_damaged_record_is_refused(tmp_path: Path, damage: dict[str, Any]) -> None:
    columns = {**record(tmp_path), **damage} if damage else {"header": True}
    assert "damaged" in refused(tmp_path, TRAINED, columns=columns).what
