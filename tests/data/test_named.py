"""Named data sets: those inside scikit-learn, those in files of the field's formats, and what happens without them."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from lgnc.data import NAMES, load_dataset, named
from lgnc.data.images import _MNIST, unpack_jpeg
from lgnc.diagnostics import BadInput
from lgnc.files import sha256
from tests.support import needs

REAL = os.environ.get("LGNC_DATA", "")


def real(name: str) -> pytest.MarkDecorator:
    """Skip unless $LGNC_DATA holds the file."""
    return pytest.mark.skipif(not REAL or not Path(REAL, name).exists(), reason=f"needs LGNC_DATA with {name}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty $LGNC_DATA, with an empty cache, where no download succeeds."""
    import pooch

    def fail(*_: object, **__: object) -> None:
        raise OSError("no network in tests")

    (tmp_path / "data").mkdir()
    monkeypatch.setenv("LGNC_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(tmp_path / "cache"))
    monkeypatch.setattr(pooch, "retrieve", fail)
    return tmp_path / "data"


@needs("scikit-learn")
@pytest.mark.parametrize(
    ("name", "rows", "features", "classes", "dtype"),
    [
        ("digits", 1797, 64, 10, "uint8"),
        ("breast-cancer", 569, 30, 2, "float64"),
        ("wine", 178, 13, 3, "float64"),
        ("iris", 150, 4, 3, "float64"),
    ],
)
def test_sets_inside_scikit_learn(name: str, rows: int, features: int, classes: int, dtype: str) -> None:
    data = load_dataset(name)
    assert data.name == name
    assert len(data.x_train) + len(data.x_test) == rows
    assert abs(len(data.x_test) - rows / 5) <= classes
    assert data.x_train.shape[1] == len(data.feature_names) == features
    assert len(data.class_names) == classes
    assert data.x_train.dtype == data.x_test.dtype == dtype
    assert set(data.y_test) == set(range(classes))
    if data.shape is not None:
        assert data.shape == (8, 8, 1)
        assert data.x_train.max() == 16
    again = load_dataset(name, columns=data.columns)
    assert np.array_equal(again.x_test, data.x_test)


@needs("scikit-learn")
@pytest.mark.parametrize("name", ["digits", "iris"])
def test_files_inside_scikit_learn_are_what_it_loads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = load_dataset(name)
    monkeypatch.setattr(named, "_inside_scikit_learn", lambda _: None)
    loaded = load_dataset(name)
    assert np.array_equal(read.x_train, loaded.x_train)
    assert np.array_equal(read.y_test, loaded.y_test)
    assert (read.feature_names, read.class_names) == (loaded.feature_names, loaded.class_names)


@needs("scikit-learn")
def test_breast_cancer_labels_are_scikit_learns() -> None:
    data = load_dataset("breast-cancer", test_fraction=0)
    assert data.class_names == ("benign", "malignant")
    assert np.bincount(data.y_train).tolist() == [357, 212]


def test_a_named_set_takes_no_label_column() -> None:
    with pytest.raises(BadInput, match="own label"):
        load_dataset("iris", label="class")


@needs("scikit-learn")
def test_images_for_a_model_of_a_table() -> None:
    with pytest.raises(BadInput, match="trained on a table"):
        load_dataset("digits", columns=load_dataset("iris").columns)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["mnist", "cifar10", "adult", "phoneme"])
def test_a_set_that_is_not_here_says_what_to_do(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_dataset(name)
    assert name in caught.value.what
    assert "set LGNC_DATA to a folder that holds" in caught.value.fix
    assert "\n" not in str(caught.value)


def test_lgnc_data_that_is_no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGNC_DATA", str(folder / "absent"))
    with pytest.raises(BadInput, match="LGNC_DATA is not a folder"):
        load_dataset("mnist")


def write_mnist(folder: Path, train: int = 30, test: int = 10) -> dict[str, np.ndarray]:
    """Small files of MNIST's format; the pixels written."""
    rng = np.random.default_rng(0)
    written = {}
    for prefix, count in (("train", train), ("t10k", test)):
        x = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        y = (np.arange(count) % 10).astype(np.uint8)
        images = struct.pack(">4I", 0x803, count, 28, 28) + x.tobytes()
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, 1))
        labels = struct.pack(">2I", 0x801, count) + y.tobytes()
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, 1))
        written[prefix] = x
    return written


@pytest.mark.parametrize("place", ["data", "data/mnist", "cache/mnist"])
def test_mnist_files(folder: Path, place: str) -> None:
    (folder.parent / place).mkdir(parents=True, exist_ok=True)
    written = write_mnist(folder.parent / place)
    data = load_dataset("mnist")
    assert data.shape == (28, 28, 1)
    assert data.x_train.dtype == np.uint8
    assert np.array_equal(data.x_train, written["train"].reshape(30, 784))
    assert np.array_equal(data.x_test, written["t10k"].reshape(10, 784))
    assert data.y_test.tolist() == list(range(10))
    assert data.columns == {}
    assert data.x_train.flags.writeable
    assert data.x_train.flags.c_contiguous


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a web server for tmp_path/web."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "web").mkdir()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "web"))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


@pytest.mark.parametrize("whole", [True, False])
def test_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, whole: bool) -> None:
    """A mirror that has nothing is passed over; a file whose checksum is wrong is refused and not kept."""
    monkeypatch.delenv("LGNC_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(tmp_path / "cache"))
    written = write_mnist(tmp_path / "web")
    for name in _MNIST:
        monkeypatch.setitem(_MNIST, name, sha256((tmp_path / "web" / name).read_bytes()))
    monkeypatch.setattr("lgnc.data.images._MNIST_MIRRORS", (server + "nothing/", server))
    if whole:
        assert np.array_equal(load_dataset("mnist").x_train, written["train"].reshape(30, 784))
        assert sorted(path.name for path in (tmp_path / "cache" / "mnist").iterdir()) == sorted(_MNIST)
        return
    (tmp_path / "web" / "t10k-images-idx3-ubyte.gz").write_bytes(b"another")
    with pytest.raises(BadInput, match=r"127\.0\.0\.1:\d+: wrong checksum.*LGNC_DATA"):
        load_dataset("mnist")
    assert not (tmp_path / "cache" / "mnist" / "t10k-images-idx3-ubyte.gz").exists()


def damage(folder: Path, kind: str) -> None:
    images, labels = folder / "train-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte.gz"
    raw = gzip.decompress(images.read_bytes())
    if kind == "truncated":
        images.write_bytes(images.read_bytes()[:-500])
    elif kind == "not gzip":
        images.write_bytes(raw)
    elif kind == "short":
        images.write_bytes(gzip.compress(raw[:-1]))
    elif kind == "long":
        images.write_bytes(gzip.compress(raw + b"\0"))
    elif kind == "header only":
        images.write_bytes(gzip.compress(raw[:3]))
    elif kind == "absurd count":
        images.write_bytes(gzip.compress(struct.pack(">4I", 0x803, 2**32 - 1, 28, 28)))
    elif kind == "other shape":
        images.write_bytes(gzip.compress(struct.pack(">4I", 0x803, 30, 32, 32) + raw[16:]))
    elif kind == "label 10":
        labels.write_bytes(gzip.compress(struct.pack(">2I", 0x801, 10) + bytes([10] * 10)))
    else:
        labels.write_bytes(gzip.compress(struct.pack(">2I", 0x801, 9) + bytes(9)))


@pytest.mark.parametrize(
    "kind",
    [
        "truncated",
        "not gzip",
        "short",
        "long",
        "header only",
        "absurd count",
        "other shape",
        "label 10",
        "fewer labels",
    ],
)
def test_damaged_mnist_files(folder: Path, kind: str) -> None:
    write_mnist(folder)
    damage(folder, kind)
    with pytest.raises(BadInput) as caught:
        load_dataset("mnist")
    assert "ubyte.gz" in caught.value.where
    assert caught.value.fix


def write_cifar(folder: Path) -> np.ndarray:
    """Batches of 20 random records each: the records uint8[6, 20, 3073]."""
    folder.mkdir(parents=True, exist_ok=True)
    records = np.random.default_rng(0).integers(0, 256, (6, 20, 3073)).astype(np.uint8)
    records[:, :, 0] %= 10
    for index, part in enumerate(records):
        name = "test_batch.bin" if index == 5 else f"data_batch_{index + 1}.bin"
        (folder / name).write_bytes(part.tobytes())
    return records


@pytest.mark.parametrize("place", ["data/cifar-10-batches-bin", "data/cifar10", "cache/cifar10/cifar-10-batches-bin"])
def test_cifar10_batches(folder: Path, place: str) -> None:
    records = write_cifar(folder.parent / place)
    data = load_dataset("cifar10")
    assert data.name == "cifar10"
    assert data.shape == (32, 32, 3)
    assert data.x_train.shape == (100, 3072)
    assert data.y_test.tolist() == records[5, :, 0].tolist()
    pixel = data.x_train[21].reshape(32, 32, 3)[4, 7]
    assert pixel.tolist() == [records[1, 1, 1 + plane * 1024 + 4 * 32 + 7] for plane in range(3)]
    assert data.feature_names[(4 * 32 + 7) * 3 + 2] == "p4_7_2"


@pytest.mark.parametrize("data", [b"", bytes(3072), b"\x0a" + bytes(3072)])
def test_damaged_cifar10_batches(folder: Path, data: bytes) -> None:
    write_cifar(folder / "cifar10")
    (folder / "cifar10" / "data_batch_3.bin").write_bytes(data)
    with pytest.raises(BadInput, match=r"data_batch_3\.bin: is not a CIFAR-10 batch"):
        load_dataset("cifar10")


def test_cifar10_download_is_unpacked_into_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pooch

    records = write_cifar(folder.parent / "made" / "cifar-10-batches-bin")
    archive = folder.parent / "made" / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(archive.parent / "cifar-10-batches-bin", "cifar-10-batches-bin")
    monkeypatch.setattr(pooch, "retrieve", lambda *_: str(archive))
    data = load_dataset("cifar10")
    assert data.y_test.tolist() == records[5, :, 0].tolist()
    archive.unlink()
    assert np.array_equal(load_dataset("cifar10").x_train, data.x_train)


def write_jpegs(path: Path, size: int = 32) -> None:
    """An archive of one-colour JPEGs: class 'cat' blue, class 'dog' red, some for training and some for test."""
    from PIL import Image

    with tarfile.open(path, "w:xz") as tar:
        for split, count in (("train", 6), ("test", 2)):
            for name, colour in (("cat", (0, 0, 250)), ("dog", (250, 0, 0))):
                for index in range(count):
                    stream = io.BytesIO()
                    Image.new("RGB", (size, size), colour).save(stream, "JPEG")
                    info = tarfile.TarInfo(f"{split}/{name}/{index:04}.jpg")
                    info.size = len(stream.getvalue())
                    tar.addfile(info, io.BytesIO(stream.getvalue()))


@needs("pillow")
def test_cifar10_from_jpeg_copies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jpegs(folder / "cifar10_jpeg.tar.xz")
    data = load_dataset("cifar10")
    assert data.name == "cifar10 (JPEG copies)"
    assert (data.x_train.shape, data.x_test.shape) == ((12, 3072), (4, 3072))
    cats = data.class_names.index("cat")
    blue = data.x_train.reshape(12, 32, 32, 3)[:, 5, 5, 2] > 128
    assert np.array_equal(blue, data.y_train == cats)
    assert not np.array_equal(data.y_train, np.sort(data.y_train))
    monkeypatch.setattr("lgnc.data.images._decode", lambda _: pytest.fail("unpacked twice"))
    assert np.array_equal(load_dataset("cifar10").x_train, data.x_train)


@needs("pillow")
@pytest.mark.parametrize("kind", ["size", "truncated", "text"])
def test_damaged_jpeg_copies(folder: Path, kind: str) -> None:
    path = folder / "cifar10_jpeg.tar.xz"
    write_jpegs(path, 16 if kind == "size" else 32)
    if kind != "size":
        path.write_bytes(path.read_bytes()[:300] if kind == "truncated" else b"not an archive")
    with pytest.raises(BadInput, match="JPEG copies, or a damaged one"):
        unpack_jpeg(path)


def test_adult_has_its_own_split(folder: Path) -> None:
    (folder / "tabular").mkdir()
    row = "{}, Private, 1, HS, 9, Single, {}, Own-child, White, Male, 0, 0, 40, Here, {}\n"
    (folder / "tabular" / "adult-train.csv").write_text(
        row.format(30, "Sales", "<=50K") + row.format(31, "?", ">50K") + row.format(40, "Tech", ">50K")
    )
    (folder / "tabular" / "adult-test.csv").write_text(row.format(50, "New", ">50K.") + row.format(300, "?", "<=50K."))
    data = load_dataset("adult")
    assert data.class_names == ("<=50K", ">50K")
    assert data.y_test.tolist() == [1, 0]
    names = list(data.feature_names)
    assert names[:2] == ["age", "workclass=Private"]
    assert "occupation=New" not in names
    assert data.x_train.dtype == np.int16
    assert data.x_test[:, names.index("age")].tolist() == [50, 300]
    assert data.x_test[:, names.index("occupation missing")].tolist() == [0, 1]


@real("mnist")
def test_real_mnist() -> None:
    data = load_dataset("mnist")
    assert (data.x_train.shape, data.x_test.shape) == ((60000, 784), (10000, 784))
    assert np.bincount(data.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert round(float(data.x_train.mean()), 3) == 33.318


@real("tabular/adult-train.csv")
def test_real_adult() -> None:
    data = load_dataset("adult")
    assert (len(data.x_train), len(data.x_test)) == (32561, 16281)
    assert np.bincount(data.y_test).tolist() == [12435, 3846]
    names = list(data.feature_names)
    assert data.x_train.dtype == np.int32
    assert data.x_train[:, names.index("occupation missing")].sum() == 1843


@real("tabular/phoneme.csv")
def test_real_phoneme() -> None:
    data = load_dataset("phoneme")
    assert data.x_train.dtype == np.float32
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [3818, 1586]


def test_every_name_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    assert all(f"`{name}`" in text for name in NAMES)
