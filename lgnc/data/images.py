"""The image sets with a split of their own: MNIST (IDX files) and CIFAR-10 (binary batches, or JPEG copies)."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.data.npz_file import pixel_names
from lgnc.data.sources import cache_folder, data_folder, download, find_file, make_cache_folder
from lgnc.diagnostics import BadInput
from lgnc.files import read_file, sha256, write_file
from lgnc.toolchain import require_package

_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_MNIST = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_CIFAR_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
_CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR_FOLDER = "cifar-10-batches-bin"
_CIFAR_TRAIN = tuple(f"data_batch_{index}.bin" for index in range(1, 6))
_CIFAR_TEST = ("test_batch.bin",)
_CIFAR_JPEG = "cifar10_jpeg.tar.xz"
_RECORD = 1 + 3072
_WHOLE_COPY = "take a whole copy of the file"
_MAX_IDX = 1 << 30


def load_mnist() -> Dataset:
    """MNIST with its own split: uint8 pixels, shape (28, 28, 1). `$LGNC_DATA/mnist` or `$LGNC_DATA` holds the files."""
    arrays = []
    for name, checksum in _MNIST.items():
        path = find_file([f"mnist/{name}", name])
        files = "mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz"
        path = path or download("mnist", [mirror + name for mirror in _MNIST_MIRRORS], checksum, files)
        shape = (28, 28) if "images" in name else ()
        arrays.append((path, read_idx(path, shape)))
    for (x_path, x), (_, y) in (arrays[:2], arrays[2:]):
        if len(x) != len(y) or y.max(initial=0) > 9:
            what = f"holds {len(x)} images for {len(y)} labels, the largest {y.max(initial=0)}"
            raise BadInput(what, where=str(x_path), fix="give image and label files that belong together")
    x_train, y_train, x_test, y_test = (array for _, array in arrays)
    classes = tuple(map(str, range(10)))
    return _images("mnist", (28, 28, 1), classes, (x_train, y_train), (x_test, y_test))


def read_idx(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """uint8[n, *shape] from a gzipped IDX file. Raises BadInput when it is damaged or holds another shape."""
    head = 8 + 4 * len(shape)
    try:
        with gzip.open(path) as file:
            magic, count, *rest = struct.unpack(f">{2 + len(shape)}I", file.read(head))
            size = count * int(np.prod(shape, dtype=np.int64))
            if magic != 0x801 + len(shape) or tuple(rest) != shape or size > _MAX_IDX:
                what = f"is not an IDX file of uint8 {['n', *shape]}".replace("'", "")
                raise BadInput(what, where=str(path), fix=_WHOLE_COPY)
            data = file.read(size + 1)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise BadInput(f"is not a gzipped IDX file: {error}", where=str(path), fix=_WHOLE_COPY) from None
    if len(data) != size or not count:
        what = f"holds {len(data)} bytes of data where its header says {size}"
        raise BadInput(what, where=str(path), fix=_WHOLE_COPY)
    return np.frombuffer(data, np.uint8).reshape(count, *shape)


def load_cifar10() -> Dataset:
    """CIFAR-10 with its own split: uint8 pixels, shape (32, 32, 3).

    From binary batches under $LGNC_DATA; else from the JPEG copies there, unpacked into the cache with Pillow (then
    called 'cifar10 (JPEG copies)', for its pixels are not exact); else from the cache; else a download.
    """
    given = data_folder()
    if given is not None:
        for folder in (given / _CIFAR_FOLDER, given / "cifar10" / _CIFAR_FOLDER, given / "cifar10"):
            if (folder / _CIFAR_TEST[0]).is_file():
                return _cifar("cifar10", folder)
        for archive in (given / _CIFAR_JPEG, given / "cifar10" / _CIFAR_JPEG):
            if archive.is_file():
                return _cifar("cifar10 (JPEG copies)", unpack_jpeg(archive))
    folder = cache_folder(f"cifar10/{_CIFAR_FOLDER}")
    if not all((folder / name).is_file() for name in _CIFAR_TRAIN + _CIFAR_TEST):
        archive = download("cifar10", [_CIFAR_URL], _CIFAR_SHA256, f"{_CIFAR_FOLDER}/*.bin or {_CIFAR_JPEG}")
        folder = _unpack_binary(archive)
    return _cifar("cifar10", folder)


def _cifar(name: str, folder: Path) -> Dataset:
    """The data set of a folder of binary batches: records of a label byte and the R, G and B planes, row by row."""

    def read(names: tuple[str, ...]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        parts = []
        for file in names:
            data = np.frombuffer(read_file(folder / file), np.uint8)
            if not len(data) or len(data) % _RECORD or data[::_RECORD].max() > 9:
                what = f"is not a CIFAR-10 batch: {len(data)} bytes, not records of {_RECORD}, or a label above 9"
                raise BadInput(what, where=str(folder / file), fix=_WHOLE_COPY)
            parts.append(data.reshape(-1, _RECORD))
        records = np.concatenate(parts)
        return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 0]

    return _images(name, (32, 32, 3), _CIFAR_CLASSES, read(_CIFAR_TRAIN), read(_CIFAR_TEST))


def _images(
    name: str,
    shape: tuple[int, int, int],
    classes: tuple[str, ...],
    train: tuple[NDArray[Any], NDArray[Any]],
    test: tuple[NDArray[Any], NDArray[Any]],
) -> Dataset:
    x_train, x_test = (np.array(x, order="C").reshape(len(x), -1) for x, _ in (train, test))
    y_train, y_test = (y.astype(np.int64) for _, y in (train, test))
    return Dataset(name, x_train, y_train, x_test, y_test, tuple(pixel_names(shape)), classes, {}, shape)


def _unpack_binary(archive: Path) -> Path:
    """Write the six batches of CIFAR-10's tar archive beside it; the folder."""
    folder = make_cache_folder(f"cifar10/{_CIFAR_FOLDER}")
    with tarfile.open(archive, "r:gz") as tar:
        for name in _CIFAR_TRAIN + _CIFAR_TEST:
            member = tar.extractfile(f"{_CIFAR_FOLDER}/{name}")
            if member is None:
                raise BadInput(f"has no file '{name}'", where=str(archive), fix="remove it, to download it again")
            write_file(folder / name, member.read(10_000 * _RECORD))
    return folder


def unpack_jpeg(archive: Path) -> Path:
    """Write the JPEG copies in `archive` as binary batches into the cache, once; the folder.

    Members are SPLIT/CLASS/NUMBER.jpg, sorted by class; the training order becomes a fixed shuffle of that.
    """
    require_package("pillow")
    folder = make_cache_folder(f"cifar10-jpeg-{sha256(read_file(archive))[:16]}")
    if all((folder / name).is_file() for name in _CIFAR_TRAIN + _CIFAR_TEST):
        return folder
    records: dict[str, list[bytes]] = {"train": [], "test": []}
    try:
        with tarfile.open(archive, "r:xz") as tar:
            for member in tar:
                if member.isfile():
                    split, name, _ = member.name.split("/")
                    file = tar.extractfile(member)
                    pixels = _decode(file.read(1 << 16) if file else b"")
                    records[split].append(bytes([_CIFAR_CLASSES.index(name)]) + pixels)
        if not records["train"] or not records["test"]:
            raise ValueError("no images")
    except (OSError, EOFError, ValueError, KeyError, tarfile.TarError) as error:
        what = f"is not the archive of CIFAR-10's JPEG copies, or a damaged one: {error}"
        raise BadInput(what, where=str(archive), fix=_WHOLE_COPY) from None
    order = np.random.default_rng(0).permutation(len(records["train"]))
    for name, part in zip(_CIFAR_TRAIN, np.array_split(order, 5), strict=True):
        write_file(folder / name, b"".join(records["train"][index] for index in part))
    write_file(folder / _CIFAR_TEST[0], b"".join(records["test"]))
    return folder


def _decode(data: bytes) -> bytes:
    """The R, G and B planes of a 32 x 32 JPEG. Raises ValueError when it is none."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        if image.size != (32, 32):
            raise ValueError(f"an image of {image.size[0]} x {image.size[1]} pixels")
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1).tobytes()
