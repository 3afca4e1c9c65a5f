"""One small table in every dialect: each file gives the same cells, and says what was converted."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data import load_dataset
from lgnc.data.read import read_table
from lgnc.data.table import Table
from lgnc.diagnostics import BadInput
from tests.support import needs

NAMES = ["size", "price", "kind", "class"]
ROWS: list[list[Any]] = [
    [14.23, 1234.0, "red", "a"],
    [2.5, 950.0, None, "b"],
    [None, 12345.0, "blue", "a"],
    [0.25, 2000.0, "red", "b"],
    [10.75, 31.0, "blue", "a"],
]


def content(table: Table) -> list[list[Any]]:
    """The cells as numbers, texts and None."""
    rows: list[list[Any]] = []
    for row in range(table.rows):
        cells: list[Any] = []
        for column in table.columns:
            code = int(column.codes[row])
            plain = column.values[code] if column.text[code] else float(column.number[code])
            cells.append(None if column.missing[code] else plain)
        rows.append(cells)
    return rows


def text(
    separator: str = ",",
    *,
    decimal: str = ".",
    price: Callable[[float], str] = lambda value: f"{value:.0f}",
    missing: str = "",
    end: str = "\n",
    tail: str = "",
    head: str = "",
) -> str:
    """The table as text: `tail` at the end of each line, `head` before the first."""
    lines = [separator.join(NAMES) + tail]
    for size, cost, kind, label in ROWS:
        first = missing if size is None else f"{size}".replace(".", decimal)
        lines.append(separator.join([first, price(cost), str(kind or missing), str(label)]) + tail)
    return head + end.join(lines) + end


def thousands(mark: str) -> Callable[[float], str]:
    return lambda value: f"{value:,.0f}".replace(",", mark)


def records() -> list[dict[str, object]]:
    return [dict(zip(NAMES, row, strict=True)) for row in ROWS]


ARFF = """% a comment
@relation wine

@attribute size numeric
@attribute 'price' REAL
@attribute "kind" {red, blue}
@attribute class {a,b}
@data
14.23,1234,red,a
2.5,950,?,b
% among the rows
?,12345,'blue',a
0.25,2000,red,b
10.75,31,blue,a
"""

DIALECTS: dict[str, tuple[str | bytes, str]] = {
    "comma": (text(), ""),
    "semicolon": (text(";"), ""),
    "tab": (text("\t"), ""),
    "pipe": (text("|"), "separated by '|'"),
    "blanks": (text("   ", missing="NA"), "separated by blanks"),
    "old line ends": (text(end="\r"), ""),
    "windows line ends": (text(end="\r\n"), ""),
    "byte order mark": ("\ufeff" + text(), ""),
    "utf-16": (text().encode("utf-16"), "read as UTF-16"),
    "utf-16 without a mark": (text().encode("utf-16-be"), "read as UTF-16"),
    "gzip": (gzip.compress(text().encode()), ""),
    "bz2": (bz2.compress(text().encode()), ""),
    "xz": (lzma.compress(text().encode()), ""),
    "decimal comma": (text(";", decimal=","), "column 'size': 4 cells read with ',' as decimal mark"),
    "decimal comma in tabs": (text("\t", decimal=","), "',' as decimal mark"),
    "thousands by comma": (text(";", price=thousands(",")), "'price': 3 cells read with ',' as thousands separator"),
    "thousands in quotes": (text(price=lambda value: f'"{value:,.0f}"'), "read with ',' as thousands separator"),
    "thousands by point": (text(";", decimal=",", price=thousands(".")), "'price': 3 cells read with '.' as thousands"),
    "thousands by blank": (text(";", price=thousands(" ")), "' ' as thousands separator"),
    "thousands by hard blank": (text(";", price=thousands("\u202f")), "' ' as thousands separator"),
    "thousands by apostrophe": (text(";", price=thousands("'")), "as thousands separator"),
    "currency": (text(price=lambda value: f"${value:.2f}"), "column 'price': 5 cells read without '$'"),
    "euros": (text(";", decimal=",", price=lambda value: f"{value:.2f} €".replace(".", ",")), "without '€'"),
    "percent": (text(price=lambda value: f"{value}%"), "column 'price': 5 cells read without '%'"),
    "fortran": (text(price=lambda value: f"{value:.4E}".replace("E", "D")), "with 'D' as exponent"),
    "exponents": (text(price=lambda value: f"{value:.4e}"), ""),
    "trailing separator": (text(tail=","), "1 blank column at the end left out"),
    "trailing separators": (text(";", tail=";;"), "2 blank columns at the end left out"),
    "trailing separator below the header": (text(tail=",").replace("class,", "class", 1), "1 blank column at the end"),
    "trailing separator in the header": (text().replace("class", "class,", 1), ""),
    "sep line": (text(";", head="sep=;\n"), ""),
    "comments": (text(head="# exported\n% twice\n"), "2 comment lines at the start left out"),
    "comment among the rows": (text().replace("0.25", "# half way\n0.25"), "1 comment line among the rows left out"),
    "names in a comment": ("#" + text(), "names of the columns are read from a comment line"),
    "title": (text(head="Wines of 1991\n\n"), "1 title line left out: 'Wines of 1991'"),
    "json lines": ("\n".join(map(json.dumps, records())), "read as JSON lines"),
    "json array": (json.dumps(records(), indent=1), "read as a JSON array"),
    "arff": (ARFF, "read as ARFF"),
    **{
        f"missing as {mark}": (text(missing=mark), f"cell {mark!r} read as missing" if mark != "" else "")
        for mark in ("NA", "NaN", "nan", "null", "NULL", "None", "\\N", "-", "#N/A", "N/A", "?", " ")
        if mark.strip()
    },
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_gives_the_same_table(tmp_path: Path, dialect: str) -> None:
    data, note = DIALECTS[dialect]
    path = tmp_path / "data.txt"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    table = read_table(str(path))
    assert table.names == NAMES
    assert table.header
    assert content(table) == ROWS
    if dialect.startswith("missing"):
        note = note.replace("cell ", "1 cell ").replace("1 cell", "2 cells")
    assert note in "\n".join(table.notes)
    if not note:
        assert table.notes == ()
    again = load_dataset(str(path), test_fraction=0, columns=load_dataset(str(path), test_fraction=0).columns)
    plain = tmp_path / "plain.csv"
    plain.write_text(text())
    assert np.array_equal(again.x_train, load_dataset(str(plain), test_fraction=0).x_train)


@needs("pyarrow")
def test_parquet_gives_the_same_table(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}
    pq.write_table(pa.table(columns), tmp_path / "data.parquet")
    table = read_table(str(tmp_path / "data.parquet"))
    assert (table.names, content(table), table.notes) == (NAMES, ROWS, ())


def read(folder: Path, data: str | bytes, **options: object) -> Table:
    (folder / "data.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(str(folder / "data.csv"), **options)  # type: ignore[arg-type]


def numbers(table: Table, column: int = 0) -> list[float]:
    one = table.columns[column]
    return [float(number) for number in one.number[one.codes]]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("x;y\n1,234;a\n2,500;b\n", [1.234, 2.5]),
        ('x,y\n"1,234",a\n"2,500",b\n', [1234, 2500]),
        ('x,z,y\n"1,234",1.5,a\n"2,500",2.5,b\n', [1234, 2500]),
        ("x;z;y\n1,234;1,5;a\n2,500;2,5;b\n", [1.234, 2.5]),
        ("x;z;y\n1,234;1.5;a\n2,500;2.5;b\n", [1234, 2500]),
        ("x;z;y\n1.234;1,5;a\n2.500;2,5;b\n", [1234, 2500]),
        ("x;z;y\n1.234;1.5;a\n2.500;2.5;b\n", [1.234, 2.5]),
        ("x;y\n1,234;a\n0,5;b\n", [1.234, 0.5]),
        ("x;y\n1,234;a\n1,234,567;b\n", [1234, 1234567]),
        ("x;y\n(5);a\n-$3;b\n", [-5, -3]),
        ("x;y\n\u22125;a\n+3;b\n", [-5, 3]),
    ],
)
def test_a_mark_that_may_mean_two_things_is_decided_by_the_column_then_by_the_file(
    tmp_path: Path, data: str, wanted: list[float]
) -> None:
    assert numbers(read(tmp_path, data)) == wanted


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (["0x1F", "0x2A", "0x3B"], "column 'x': hexadecimal numbers stay text, such as '0x1F'"),
        (
            ["1", "2", "3 kg"],
            "column 'x': mostly numbers, but text for cells such as '3 kg' (--na '3 kg' if that means missing)",
        ),
        (["$1", "$2", "€3"], "column 'x': mostly numbers, but text for cells such as '$1'"),
        (["1.5 kg", "2 kg", "3 kg"], "column 'x': numbers before 'kg' stay text, such as '1.5 kg'"),
        (
            ["2024-01-31", "2024-02-01", "?"],
            "column 'x': looks like dates or times, and stays text, such as '2024-01-3",
        ),
        (
            ["31.1.24 7:05", "1.2.24 23:59:59.5"],
            "column 'x': looks like dates or times, and stays text, such as '31.1.",
        ),
        (["12:30", "12:30", "07:45:10"], "column 'x': looks like dates or times, and stays text, such as '12:30'"),
        (["1%", "2%", "5"], "column 'x': mostly numbers, but text for cells such as"),
        (["1,5", "1,234,567", "3,25", "7,654,321"], "column 'x': mostly numbers, but text for cells such as"),
    ],
)
def test_what_stays_text_among_numbers_is_told(tmp_path: Path, cells: list[str], note: str) -> None:
    rows = "".join(f"{cell};{'ab'[index % 2]}\n" for index, cell in enumerate(cells))
    table = read(tmp_path, "x;y\n" + rows)
    assert (table.columns[0].numeric_share() or 0) < 0.9
    assert note in "\n".join(table.notes)


@pytest.mark.parametrize(
    "cells", [["1.0.0", "1.0.1", "2.3.1"], ["1-2/3", "4-5/6"], ["3:75", "4:99"], ["1st", "2nd", "3rd"]]
)
def test_other_texts_of_digits_are_not_taken_for_dates_or_units(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{cell},{index % 2}\n" for index, cell in enumerate(10 * cells)))
    assert "text" not in "".join(load_dataset(str(path)).notes)


@pytest.mark.parametrize("odd", ["\x1b[31mred", "-1x; rm", "a" * 60])
def test_a_text_that_is_no_word_of_a_command_is_not_put_into_one(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{odd if row % 5 == 0 else row % 4},{row % 2}\n" for row in range(40)))
    (note,) = [each for each in load_dataset(str(path)).notes if "mostly numbers" in each]
    assert "--na" not in note
    assert note.isprintable()


def test_labels_are_not_converted_and_plus_keeps_minus(tmp_path: Path) -> None:
    table = read(tmp_path, "x,y\n1,+\n2,-\n3,+\n-,-\n")
    assert not table.columns[1].missing.any()
    assert content(table)[3][0] is None
    assert table.notes == ("column 'x': 1 cell '-' read as missing",)


def test_more_texts_can_mean_missing(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x,y\n1,a\nn.d.,b\n3,a\n999,b\n5,a\n")
    data = load_dataset(str(path), na=("n.d.", "999"), test_fraction=0)
    assert data.x_train.tolist() == [[1, 0], [3, 1], [3, 0], [3, 1], [5, 0]]
    again = load_dataset(str(path), columns=json.loads(json.dumps(data.columns)), test_fraction=0)
    assert again.x_train.tolist() == data.x_train.tolist()


@pytest.mark.parametrize("share", [0.04, 0.25, 0.75])
def test_na_at_any_share_leaves_a_number_a_number(tmp_path: Path, share: float) -> None:
    cells = ["NA" if index < 100 * share else f"{index}.5" for index in range(100)]
    rows = "".join(f"{cell},{'ab'[index % 2]}\n" for index, cell in enumerate(cells))
    table = read(tmp_path, "x,y\n" + rows)
    assert table.columns[0].numeric_share() == 1
    assert f"column 'x': {int(100 * share)} cells 'NA' read as missing" in table.notes


TRAINED = "x;z;y\n1.234;1,5;a\n2.500;2,5;b\n3.000;0,5;a\n4.000;1,5;b\n"


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("x;z;y\n1.234;2,5;a\n", [[1234, 2.5]]),
        ("x;z;y\n1.234;2;a\n", [[1234, 2]]),
        ("x,z,y\n1234,2.5,a\n999.5,1.25,b\n", [[1234, 2.5], [999.5, 1.25]]),
    ],
)
def test_another_file_of_a_model_is_read_by_what_it_shows_then_by_training(
    tmp_path: Path, data: str, wanted: list[list[float]]
) -> None:
    columns = _trained(tmp_path, TRAINED)
    (tmp_path / "other.csv").write_text(data)
    assert load_dataset(str(tmp_path / "other.csv"), columns=columns, test_fraction=1).x_test.tolist() == wanted


def _trained(folder: Path, data: str) -> dict[str, object]:
    (folder / "train.csv").write_text(data)
    columns: dict[str, object] = json.loads(json.dumps(load_dataset(str(folder / "train.csv")).columns))
    return columns


@pytest.mark.parametrize(
    ("trained", "other", "what"),
    [
        ("x;y\n1;a\n2000;b\n3;a\n", "x;y\n1,234;a\n", "'1,234' is not a number"),
        ("x;y\n1%;a\n20%;b\n3%;a\n", "x;y\n0.12;a\n", "its numbers have no unit, in training they had '%'"),
        ("x;y\n1;a\n20;b\n3;a\n", "x;y\n12%;a\n", "its numbers have '%', in training they had no unit"),
        ("x;y\n$1;a\n$20;b\n$3;a\n", "x;y\n€12;a\n", "its numbers have '€', in training they had '$'"),
    ],
)
def test_another_file_that_may_mean_something_else_is_refused(
    tmp_path: Path, trained: str, other: str, what: str
) -> None:
    columns = _trained(tmp_path, trained)
    (tmp_path / "other.csv").write_text(other)
    with pytest.raises(BadInput) as caught:
        load_dataset(str(tmp_path / "other.csv"), columns=columns, test_fraction=1)
    assert what in caught.value.what


def test_a_unit_of_money_may_be_left_out(tmp_path: Path) -> None:
    columns = _trained(tmp_path, "x;y\n$1;a\n$20;b\n$3;a\n")
    (tmp_path / "other.csv").write_text("x;y\n12;a\n")
    assert load_dataset(str(tmp_path / "other.csv"), columns=columns, test_fraction=1).x_test.tolist() == [[12]]
