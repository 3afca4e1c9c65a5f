"""Properties: what is written as CSV is read back; no bytes, whatever the format, give anything but BadInput."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc.data import Dataset, load_dataset
from lgnc.data.table import parse_number
from lgnc.diagnostics import BadInput, ToolMissing
from tests.support import needs

quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=6).map(
    lambda text: " ".join(text.split())
)
words = texts.filter(lambda text: text not in ("", "?") and parse_number(text) is None)


def load_bytes(data: bytes, suffix: str, **options: Any) -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"data{suffix}")
        path.write_bytes(data)
        return load_dataset(str(path), **options)


def csv_bytes(rows: list[list[Any]], separator: str, header: list[str] | None) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator)
    writer.writerows([*([header] if header else []), *rows])
    return stream.getvalue().encode()


@quick
@given(st.data(), st.integers(3, 20), st.sampled_from(",;\t"), st.booleans())
def test_csv_round_trip(data: st.DataObject, rows: int, separator: str, header: bool) -> None:
    """Numbers come back exactly, texts as their own binary feature, labels as class names."""
    numbers = data.draw(st.lists(st.integers(-(2**40), 2**40), min_size=rows, max_size=rows))
    reals = data.draw(st.lists(st.floats(-1e9, 1e9).map(lambda x: x + 0.0), min_size=rows, max_size=rows))
    kinds = data.draw(st.lists(words, min_size=1, max_size=4, unique=True))
    cells = [kinds[index % len(kinds)] for index in range(rows)]
    names = data.draw(st.lists(words, min_size=2, max_size=3, unique=True))
    labels = [names[index % len(names)] for index in range(rows)]
    table = [list(row) for row in zip(numbers, reals, cells, labels, strict=True)]
    titles = ["number", "real", "kind", "label"] if header else None
    read = load_bytes(csv_bytes(table, separator, titles), ".csv", test_fraction=0)
    assert read.class_names == tuple(sorted(set(labels)))
    assert [read.class_names[y] for y in read.y_train] == labels
    assert read.x_train[:, 0].tolist() == numbers
    assert read.x_train[:, 1].tolist() == reals
    kind = "kind" if header else "column 3"
    assert read.feature_names[2:] == tuple(f"{kind}={cell}" for cell in sorted(set(cells)))
    for row, cell in zip(read.x_train, cells, strict=True):
        assert row[2:].tolist() == [float(name == cell) for name in sorted(set(cells))]


def attempt(data: bytes, suffix: str) -> Dataset | None:
    """The data set, its features checked; None after a refusal, whose form is checked."""
    try:
        read = load_bytes(data, suffix)
    except (BadInput, ToolMissing) as error:
        refusal = error
    else:
        assert np.isfinite(read.x_train).all()
        assert np.isfinite(read.x_test).all()
        assert read.x_train.shape[1] == len(set(read.feature_names))
        assert len(set(read.class_names)) == len(read.class_names) >= 2
        return read
    assert refusal.fix
    assert len(str(refusal).splitlines()) == 1
    return None


@quick
@given(st.data(), st.integers(4, 12))
def test_read_with_columns_is_read_the_same(data: st.DataObject, rows: int) -> None:
    cell = st.one_of(words, st.integers(-5, 300).map(str), st.sampled_from(["", "?", "1.5"]))
    table = [[data.draw(cell), data.draw(cell), str(index % 3)] for index in range(rows)]
    raw = csv_bytes(table, ",", ["a", "b", "y"])
    if (first := attempt(raw, ".csv")) is not None:
        again = load_bytes(raw, ".csv", columns=first.columns)
        for name in ("x_train", "y_train", "x_test", "y_test"):
            assert np.array_equal(getattr(again, name), getattr(first, name))


@quick
@given(st.lists(st.lists(st.one_of(texts, st.floats().map(str)), max_size=4), max_size=8), st.sampled_from(",;\t"))
def test_any_cells_load_or_are_refused(rows: list[list[str]], separator: str) -> None:
    attempt(csv_bytes(rows, separator, None), ".csv")


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet", ""])
@quick
@given(data=st.binary(max_size=200), magic=st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"1,2\n"]))
def test_random_bytes_load_or_are_refused(suffix: str, data: bytes, magic: bytes) -> None:
    attempt(magic + data, suffix)


def npz_bytes() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.arange(40).reshape(10, 4), y=np.arange(10) % 2)
    return stream.getvalue()


def parquet_bytes() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table({"x": [1, 2, None, 4] * 5, "c": ["p", "q", "p", None] * 5, "y": [0, 1] * 10}), stream)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["npz", pytest.param("parquet", marks=needs("pyarrow"))])
@quick
@given(data=st.data())
def test_damaged_bytes_load_or_are_refused(kind: str, data: st.DataObject) -> None:
    """A few bytes of a good file changed, or its end cut off."""
    raw = bytearray(npz_bytes() if kind == "npz" else parquet_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))]
    attempt(bytes(raw), f".{kind}")
