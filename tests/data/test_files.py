"""Names, paths, splits, and NPZ and Parquet files."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data import NAMES, load_dataset
from lgnc.data.split import stratified_split
from lgnc.diagnostics import BadInput
from lgnc.files import no_such_file
from tests.support import needs


def refused(source: Path | str, **options: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        load_dataset(str(source), **options)
    assert caught.value.fix
    assert "\n" not in str(caught.value)
    return caught.value


def test_split_is_stratified_and_deterministic() -> None:
    y = np.repeat([0, 1, 2, 3], [100, 10, 2, 1])
    train, test = stratified_split(y, 0.2, 7)
    assert np.bincount(y[test], minlength=4).tolist() == [20, 2, 1, 0]
    assert sorted([*train, *test]) == list(range(len(y)))
    again = stratified_split(y, 0.2, 7)
    assert np.array_equal(train, again[0])
    assert np.array_equal(test, again[1])
    assert not np.array_equal(test, stratified_split(y, 0.2, 8)[1])


@pytest.mark.parametrize(("fraction", "tests"), [(0, [0, 0]), (0.001, [1, 1]), (0.999, [9, 1]), (1, [10, 2])])
def test_split_fractions_at_the_ends(fraction: float, tests: list[int]) -> None:
    y = np.repeat([0, 1], [10, 2])
    assert np.bincount(y[stratified_split(y, fraction, 0)[1]], minlength=2).tolist() == tests


def test_unknown_names_and_paths(tmp_path: Path) -> None:
    error = refused("digit")
    assert "unknown data set 'digit'" in error.what
    assert "did you mean 'digits'" in error.fix
    assert all(name in error.fix for name in NAMES)
    for path in ("digits.csv", "no/such/file", str(tmp_path / "absent.npz")):
        assert refused(path).what == "no such file"
    assert "is a folder" in refused(tmp_path).what
    assert "is a device" in refused("/dev/null").what
    assert "cannot read" in refused("x" * 5000 + ".csv").what


def test_a_file_that_is_not_there_is_answered_with_the_closest_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plates.csv").write_text("a,b\n1,x\n2,y\n")
    assert refused("plaets.csv").fix == "did you mean 'plates.csv'?"
    assert refused("other.csv").fix == "check the path"
    assert "did you mean 'plates.csv'?" in refused("plates").fix
    assert refused("none/plates.csv").fix == "check the path"
    assert no_such_file(Path("a\0/b.lgn")).fix == "check the path"


@pytest.mark.parametrize("options", [{"test_fraction": -0.1}, {"test_fraction": 1.0}, {"test_fraction": float("nan")}])
def test_bad_fractions(options: dict[str, Any]) -> None:
    assert "test fraction" in refused("iris", **options).what


def test_bad_seed() -> None:
    assert "seed" in refused("iris", seed=-1).what


def save(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


X = np.arange(12).reshape(6, 2)
Y = np.array([3, 1, 3, 1, 3, 1])


def test_npz_table(tmp_path: Path) -> None:
    data = load_dataset(str(save(tmp_path, X=X, y=Y)), test_fraction=0)
    assert data.x_train.dtype == np.uint8
    assert data.x_train.tolist() == X.tolist()
    assert data.y_train.tolist() == [1, 0, 1, 0, 1, 0]
    assert data.class_names == ("1", "3")
    assert data.shape is None


@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (X.astype(bool), "bool"),
        (X.astype(np.float32), "uint8"),
        (X + 0.5, "float64"),
        (X - 5, "int16"),
        (X.astype(np.uint64) + 2**63, "float64"),
        (np.asfortranarray(X), "uint8"),
        (X.astype(">i4"), "uint8"),
    ],
)
@pytest.mark.parametrize("y", [Y.astype(float), Y.astype(str), Y.astype("S"), Y[:, None], Y.astype(np.uint8), Y > 1])
def test_npz_types(tmp_path: Path, x: np.ndarray[Any, Any], dtype: str, y: np.ndarray[Any, Any]) -> None:
    data = load_dataset(str(save(tmp_path, x=x, y=y)), test_fraction=0)
    assert data.x_train.dtype == dtype
    assert np.array_equal(data.x_train, x)
    assert data.class_names == (("False", "True") if y.dtype == bool else ("1", "3"))
    assert data.y_train.tolist() == [1, 0, 1, 0, 1, 0]


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_npz_images_with_their_own_split(tmp_path: Path, channels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (9, 4, 5, *channels)).astype(np.uint8)
    y = np.arange(9) % 3
    path = save(tmp_path, x_train=x[:6], y_train=y[:6], x_test=x[6:], y_test=y[6:])
    data = load_dataset(str(path))
    assert data.shape == (4, 5, channels[0] if channels else 1)
    assert np.array_equal(data.x_train, x[:6].reshape(6, -1))
    assert np.array_equal(data.x_test, x[6:].reshape(3, -1))
    assert data.y_test.tolist() == [0, 1, 2]
    assert len(set(data.feature_names)) == data.x_train.shape[1]
    again = load_dataset(str(path), columns=json.loads(json.dumps(data.columns)))
    assert again.shape == data.shape
    assert np.array_equal(again.x_test, data.x_test)


BAD_NPZ: dict[str, tuple[dict[str, Any], str]] = {
    "other arrays": ({"images": X, "labels": Y}, "has the arrays images, labels"),
    "lengths": ({"x": X, "y": Y[:4]}, "'x' is [6, 2] and 'y' [4]"),
    "one-hot": ({"x": X, "y": np.eye(6)}, "'y' [6, 6]"),
    "one dimension": ({"x": Y, "y": Y}, "'x' is [6]"),
    "five dimensions": ({"x": np.zeros((6, 1, 1, 1, 1)), "y": Y}, "'x' is [6, 1, 1, 1, 1]"),
    "text": ({"x": X.astype(str), "y": Y}, "'x' is of type"),
    "objects": ({"x": X.astype(object), "y": Y}, "array 'x' is of type object"),
    "complex": ({"x": X * 1j, "y": Y}, "array 'x' is of type complex128"),
    "NaN in an image": ({"x": np.where(X == 5, np.nan, X)[:, :, None], "y": Y}, "'x' holds nan at [2, 1, 0]"),
    "infinite": ({"x": np.where(X == 4, np.inf, X), "y": Y}, "'x' holds inf at [2, 0]"),
    "infinite label": ({"x": X, "y": np.where(Y == 3, np.inf, Y)}, "inf is not finite"),
    "one class": ({"x": X, "y": Y * 0}, "one class only"),
    "no rows": ({"x": X[:0], "y": Y[:0]}, "is empty: [0, 2]"),
    "no features": ({"x": X[:, :0], "y": Y}, "is empty: [6, 0]"),
    "label unseen in training": (
        {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
        "was not seen in training",
    ),
    "widths": ({"x_train": X, "y_train": Y, "x_test": X[:, :1], "y_test": Y}, "has 2 columns, the training data 3"),
}


@pytest.mark.parametrize("case", BAD_NPZ)
def test_bad_npz(tmp_path: Path, case: str) -> None:
    arrays, what = BAD_NPZ[case]
    error = refused(save(tmp_path, **arrays))
    assert what in error.what
    assert "data.npz" in error.where


def npz_with(folder: Path, shape: str, body: bytes = b"", kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """An NPZ whose x has a header of the given shape text over `body`."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    stream = io.BytesIO()
    np.save(stream, Y)
    with zipfile.ZipFile(folder / "bomb.npz", "w", kind) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body)
        archive.writestr("y.npy", stream.getvalue())
    return folder / "bomb.npz"


@pytest.mark.parametrize("shape", ["(6, 1152921504606846976)", "(6, 3)", "(-6, -2)"])
def test_an_npz_that_claims_more_than_it_holds(tmp_path: Path, shape: str) -> None:
    assert "claims" in refused(npz_with(tmp_path, shape, bytes(12))).what


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = npz_with(tmp_path, "(6, 10000000)", bytes(60_000_000))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    assert "MiB of memory; the limit is 47 MiB" in refused(path, max_memory=50_000_000).what


def test_a_header_nested_without_end(tmp_path: Path) -> None:
    assert "not readable" in refused(npz_with(tmp_path, "(" * 5000 + ")" * 5000)).what


def test_npz_has_no_label_columns(tmp_path: Path) -> None:
    assert "no column names" in refused(save(tmp_path, x=X, y=Y), label="kind").what


def write_parquet(folder: Path, columns: dict[str, Any]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), folder / "data.parquet")
    return folder / "data.parquet"


@needs("pyarrow")
def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa

    columns = {
        "n": [1, None, 300, 7],
        "b": [True, False, None, True],
        "c": ["red", None, "blue", "red"],
        "d": pa.array(["p", "q", "p", "q"]).dictionary_encode(),
        "y": ["no", "yes", "no", "yes"],
    }
    path = write_parquet(tmp_path, columns)
    data = load_dataset(str(path), test_fraction=0)
    names = ("n", "n missing", "b", "b missing", "c=blue", "c=red", "c missing", "d=p", "d=q")
    assert data.feature_names == names
    assert data.x_train.dtype == np.int16
    assert data.x_train.tolist() == [
        [1, 0, 1, 0, 0, 1, 0, 1, 0],
        [7, 1, 0, 0, 0, 0, 1, 0, 1],
        [300, 0, 1, 1, 1, 0, 0, 1, 0],
        [7, 0, 1, 0, 0, 1, 0, 0, 1],
    ]
    (tmp_path / "same.csv").write_text("n,b,c,d,y\n1,1,red,p,no\n,0,,q,yes\n300,,blue,p,no\n7,1,red,q,yes\n")
    csv = load_dataset(str(tmp_path / "same.csv"), columns=data.columns, test_fraction=0)
    assert np.array_equal(csv.x_train, data.x_train)
    assert load_dataset(str(path), label="d", test_fraction=0).class_names == ("p", "q")


@needs("pyarrow")
@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"x": [1.0, float("inf")], "y": ["a", "b"]}, "inf is not a finite number"),
        ({"x": [[1], [2]], "y": ["a", "b"]}, "column 'x' is of type list"),
        ({"x": [1, 2], "y": [None, None]}, "it is empty"),
        ({"x": [1, 2], "y": ["a", "a"]}, "one class only"),
        ({"x": [1, 2]}, "has 1 columns"),
        ({"x": [], "y": []}, "has no rows"),
    ],
)
def test_bad_parquet(tmp_path: Path, columns: dict[str, Any], what: str) -> None:
    assert what in refused(write_parquet(tmp_path, columns)).what


@needs("pyarrow")
def test_the_index_that_pandas_adds_is_no_column(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, {"x": [1, 2, 3], "y": ["a", "b", "a"], "__index_level_0__": [7, 8, 9]})
    assert load_dataset(str(path), test_fraction=0).class_names == ("a", "b")


@needs("pyarrow")
def test_large_parquet_is_refused_by_its_metadata(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, {"x": [0] * 100_000, "y": [1] * 100_000})
    assert "100,000 rows of 2 columns would take" in refused(path, max_memory=1_000_000).what
