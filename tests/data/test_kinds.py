"""Files of other kinds are named, with the remedy; headers of numbers; sizes are checked before memory is taken."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import re
import resource
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data import load_dataset
from lgnc.data.budget import Budget, available_memory
from lgnc.data.read import read_table
from lgnc.diagnostics import BadInput
from tests.support import needs


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return stream.getvalue()


def database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (x)")
    return connection.serialize()


def array_file() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


KINDS: dict[str, tuple[bytes, str, str]] = {
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (.xlsx)", "as CSV"),
    "ods": (zipped("mimetype", "content.xml"), "an OpenDocument file", "as CSV"),
    "zip": (zipped("data.csv"), "a ZIP archive with 'data.csv' inside", "unpack"),
    "pytorch": (zipped("m/data.pkl"), "a PyTorch file", "numpy.savez"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook", "as CSV"),
    "html": (b"<!DOCTYPE html><html><head><title>404, not found</title>\n", "an HTML page", "the file itself"),
    "xml": (b'<?xml version="1.0"?><a>1,2</a>\n', "an XML file", "CSV"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
        "a pointer of Git LFS",
        "git lfs pull",
    ),
    "libsvm": (b"+1 1:0.5 3:1\n-1 2:0.25 3:1\n", "a libsvm file", "load_svmlight_file"),
    "ts": (b"# about\n@problemName A\n@data\n1,2,3:a\n", "a .ts file", "CSV"),
    "pickle": (pickle.dumps([1, 2]), "a Python pickle", "CSV"),
    "sqlite": (database(), "an SQLite database", "sqlite3"),
    "npy": (array_file(), "a single NumPy array", "numpy.savez"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image", "numpy.savez"),
    "jpeg": (b"\xff\xd8\xff\xe0\0", "a JPEG image", "numpy.savez"),
    "hdf5": (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file", "pandas"),
    "pdf": (b"%PDF-1.4\n", "a PDF document", "CSV"),
    "zstd": (b"\x28\xb5\x2f\xfd\0\0", "compressed with zstd", "zstd -d"),
    "tar": (tarred(), "a tar archive", "unpack"),
    "twice": (gzip.compress(gzip.compress(b"1,a\n2,b\n")), "is compressed twice", "unpack"),
    "tar.gz": (gzip.compress(tarred()), "a tar archive", "unpack"),
    "cut gzip": (gzip.compress(b"1,a\n2,b\n" * 9)[:-9], "is a damaged gzip file", "whole copy"),
    "cut xz": (lzma.compress(b"1,a\n2,b\n" * 9)[:-9], "is a damaged xz file", "whole copy"),
    "bad bz2": (b"BZh9" + bytes(40), "is a damaged bz2 file", "whole copy"),
    "sparse arff": (b"@relation r\n@attribute a real\n@attribute b real\n@data\n{0 1}\n", "is a sparse ARFF", "CSV"),
    "arff without data": (b"@relation r\n@attribute a real\n", "is an ARFF file that has no @data line", "rows"),
    "json numbers": (b"[[1, 2], [3, 4]]", "is a JSON list, not an object", '{"size": 3'),
    "nested json": (b'{"a": {"b": 1}, "y": 2}\n', "column 'a' holds a nested value", "numbers and texts"),
    "deep json": (b"[" * 100_000 + b"]" * 100_000, "is not JSON: nested too deeply", "one object"),
    "broken json": (b'{"a": 1, "y": 2}\n{"a": 1,\n', "is not JSON", "one object"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_file_is_named(tmp_path: Path, kind: str) -> None:
    data, what, fix = KINDS[kind]
    path = tmp_path / "data.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_table(str(path))
    assert what in caught.value.what
    assert fix in caught.value.fix
    assert "\n" not in str(caught.value)


SPECTRUM = "".join(f"{row * 7 % 90},{row * 3 % 80},{row * 5 % 70},{('soil', 'water')[row % 2]}\n" for row in range(12))


@pytest.mark.parametrize(
    ("first", "header"),
    [
        ("400,410,420,material\n", True),
        ("a,2019,c,material\n", True),
        ("420,410,400,material\n", True),
        ("400,410,420,water\n", False),
        ("x,410,20,water\n", False),
    ],
)
def test_a_header_of_numbers(tmp_path: Path, first: str, header: bool) -> None:
    path = tmp_path / "data.csv"
    path.write_text(first + SPECTRUM)
    table = read_table(str(path))
    assert table.header == header
    assert table.rows == 13 - header
    assert any("names of the columns" in note for note in table.notes) == header


@pytest.mark.parametrize("label", [None, "material"])
@pytest.mark.parametrize("index", [False, True])
def test_the_file_that_trained_a_model_is_read_again(tmp_path: Path, label: str | None, index: bool) -> None:
    """A blank first name and numbers for names; parts of the file too, down to one row."""
    lines = ("400,410,420,material\n" + SPECTRUM).splitlines()
    if index:
        lines = [f"{row - 1 if row else ''},{line}" for row, line in enumerate(lines)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(lines))
    first = load_dataset(str(path), label=label)
    columns = json.loads(json.dumps(first.columns))
    again = load_dataset(str(path), label=label, columns=columns)
    assert np.array_equal(again.x_test, first.x_test)
    for part in (lines[:2], [lines[0], lines[5]]):
        path.write_text("\n".join(part))
        assert len(load_dataset(str(path), columns=columns, test_fraction=1).y_test) == 1


def test_rows_without_a_header_stay_rows(tmp_path: Path) -> None:
    """Texts alone, all different, would look like a header; the class of a known label says that they are a row."""
    path = tmp_path / "data.csv"
    path.write_text("red,yes\nblue,no\nred,no\nblue,yes\n")
    columns = load_dataset(str(path)).columns
    path.write_text("red,yes\nblue,no\n")
    assert len(load_dataset(str(path), columns=columns, test_fraction=1).y_test) == 2


def test_a_header_of_r_has_one_name_less(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("size,kind\nr1,3,a\nr2,4,b\nr3,5,a\n")
    table = read_table(str(path))
    assert table.names == ["column 1", "size", "kind"]
    assert "the header has one name less" in table.notes[0]


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(BadInput) as caught:
        load_dataset(str(path), **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(pack(b"1,2,a\n3,4,b\n" * 2_000_000))
    assert "unpacks to more than 100 times its size" in refused(path)


def test_the_dictionary_of_an_xz_file_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 28}]
    path.write_bytes(lzma.compress(b"1,2,a\n3,4,b\n" * 9, filters=filters))
    assert "is a damaged xz file: Memory usage limit" in refused(path, max_memory=1 << 27)


def test_rows_columns_and_texts_are_counted_against_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("1,2,a\n3,4,b\n" * 5000)
    assert "its 10,000 rows of 3 columns would take" in refused(path, max_memory=100_000)
    path.write_text("".join(f"text {row},{row % 2}\n" for row in range(10_000)))
    assert "the table, or more of it, would take" in refused(path, max_memory=1_500_000)
    assert "--max-memory 1G" in refused(path, max_memory=1_500_000)
    assert read_table(str(path), budget=Budget(1 << 25)).rows == 10_000


def test_a_wide_array_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x=np.zeros((4, 3_000_000), np.uint8), y=np.arange(4) % 2)
    started = time.process_time()
    assert "its 4 rows of 3,000,000 columns would take" in refused(path)
    assert time.process_time() - started < 5


@needs("pyarrow")
@pytest.mark.parametrize("coding", ["dictionary", "DELTA_BYTE_ARRAY"])
def test_repeated_texts_in_parquet_do_not_multiply(tmp_path: Path, coding: str) -> None:
    """A million characters, stored once, in each of 3,000 rows: 3 GB as plain texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, path = 3000, tmp_path / "data.parquet"
    part = pa.table({"a": ["x" * 1_000_000] * 100, "y": [row % 2 for row in range(100)]})
    options: dict[str, Any] = {"use_dictionary": True}
    if coding != "dictionary":
        options = {"use_dictionary": False, "column_encoding": {"a": coding, "y": "PLAIN"}}
    with pq.ParquetWriter(path, part.schema, compression="zstd", **options) as file:
        for _ in range(rows // 100):
            file.write_table(part)
    code = f"from lgnc.data.read import read_table; print(read_table({str(path)!r}).rows)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=_two_gigabytes)
    assert ("3000" in done.stdout) if coding == "dictionary" else ("limit is" in done.stderr), done.stderr[-300:]


def _two_gigabytes() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


def test_a_cell_of_many_digits_takes_no_time(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    for cell in ("9" * 130_000, "9" * 130_000 + "x", "1," * 60_000, "1 " * 60_000, "(" * 100_000, "$" * 100_000):
        path.write_text(f'a;b\n"{cell}";1\n2;2\n3;1\n4;2\n')
        started = time.process_time()
        read_table(str(path))
        assert time.process_time() - started < 2


def test_the_limit_follows_what_is_available() -> None:
    assert 0 < Budget.of(None).limit <= min(available_memory() // 2 + (1 << 28), 2 << 30)
    assert Budget.of(5).limit == 5
    with pytest.raises(
        BadInput, match=re.escape("x: its data would take about 3.0 GiB of memory; the limit is 1.0 GiB")
    ):
        Budget(1 << 30).check(3 << 30, "x")


@pytest.mark.parametrize("median", [2.0**63, 7.6154e19, -(2**63), 2**63 - 1, 1.5e300])
def test_medians_beyond_64_bits_are_read_again(tmp_path: Path, median: float) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f"x,y\n{median},a\n,b\n{median},a\n{median},b\n")
    data = load_dataset(str(path), test_fraction=0)
    again = load_dataset(str(path), columns=json.loads(json.dumps(data.columns)), test_fraction=0)
    assert again.x_train.tolist() == data.x_train.tolist() == [[median, 0], [median, 1], [median, 0], [median, 0]]


def test_ids_that_float64_rounds_are_told_and_never_rounded_in_an_integer_model(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    ids = [1234567890123456789 + 2 * (index % 3) for index in range(12)]
    rows = "".join(f"{one},{'ab'[index % 2]}\n" for index, one in enumerate(ids))
    path.write_text("x,y\n" + rows)
    data = load_dataset(str(path), test_fraction=0)
    assert data.x_train[:, 0].tolist() == ids
    other = tmp_path / "other.csv"
    other.write_text(f"x,y\n{ids[0]},a\n1e18,b\n")
    assert "rounded to float64" in _misfit(other, data.columns)
    other.write_text(f"x,y\n{ids[0]},a\n9223372036854775808,b\n")
    assert "'9223372036854775808'" in _misfit(other, data.columns)
    path.write_text("x,y\n" + rows + "0.5,a\n")
    assert "column 'x': 12 cells rounded to float64 (whole numbers beyond 2^53)" in load_dataset(str(path)).notes


def _misfit(path: Path, columns: dict[str, Any]) -> str:
    return refused(path, columns=columns, test_fraction=1)


@pytest.mark.parametrize("point", [0x110000, 0xD800, 0xFFFFFFFF])
def test_code_points_that_are_no_characters(tmp_path: Path, point: int) -> None:
    y = np.array(["a", "b"] * 3)
    y.view(np.uint32)[3] = point
    np.savez(tmp_path / "data.npz", x=np.arange(12).reshape(6, 2), y=y)
    assert f"array 'y' holds the code point 0x{point:X}, which is no character" in refused(tmp_path / "data.npz")


@needs("pyarrow")
def test_the_named_index_of_pandas_is_left_out_and_told(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {"x": [1, 2, 3, 5], "y": ["a", "b", "a", "b"], "day": [7, 8, 9, 1], "__index_level_1__": [1, 2, 3, 4]}
    )
    noted = {"index_columns": ["day", "__index_level_1__"], "columns": []}
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(noted)}), tmp_path / "data.parquet")
    found = read_table(str(tmp_path / "data.parquet"))
    assert found.names == ["x", "y"]
    assert found.notes == ("the index of the pandas DataFrame ('day') left out; reset_index() makes it columns",)
    assert read_table(str(tmp_path / "data.parquet"), "day").names == ["x", "y", "day"]
