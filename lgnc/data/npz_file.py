"""Reading NPZ: arrays x and y, or x_train, y_train, x_test and y_test. No pickle; sizes are checked before loading."""

from __future__ import annotations

import lzma
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.table import MAX_BYTES, Column, Table, join_tables
from lgnc.diagnostics import BadInput

LABEL = "label"
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
)


def read_npz(path: Path) -> Table:
    """The table in an NPZ file, the label last; with x_train, y_train, x_test and y_test its split is the file's.

    x is [n, features], [n, height, width] or [n, height, width, channels] of booleans or numbers; y is [n] or [n, 1]
    of numbers or text. Raises BadInput for anything else, and for arrays that are larger than the file says.
    """
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _table_of(archive, where)
    except _DAMAGE as error:
        fix = "write it again with numpy.savez or numpy.savez_compressed"
        raise BadInput(f"is not an NPZ file, or a damaged one: {error}", where=where, fix=fix) from None
    except OSError as error:
        raise BadInput(f"cannot read: {error.strerror or error}", where=where, fix="check the path") from None


def _table_of(archive: zipfile.ZipFile, where: str) -> Table:
    members = {info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()}
    if {"x", "y"} <= set(members):
        pairs = [("x", "y")]
    elif {"x_train", "y_train", "x_test", "y_test"} <= set(members):
        pairs = [("x_train", "y_train"), ("x_test", "y_test")]
    else:
        what = f"has the arrays {', '.join(sorted(members))[:200] or '(none)'}"
        raise BadInput(what, where=where, fix="give x and y, or x_train, y_train, x_test and y_test")
    needed = {name for pair in pairs for name in pair}
    if (total := sum(members[name].file_size for name in needed)) > MAX_BYTES:
        what = f"its arrays take {total >> 30} GiB of memory, more than {MAX_BYTES >> 30}"
        raise BadInput(what, where=where, fix="give fewer rows or a smaller dtype")
    tables = []
    for x_name, y_name in pairs:
        arrays = []
        for name in (x_name, y_name):
            with archive.open(members[name]) as file:
                arrays.append(_read_array(file, members[name].file_size, name, where))
        tables.append(array_table(arrays[0], arrays[1], where, x_name, y_name))
    return tables[0] if len(tables) == 1 else join_tables(*tables)


def _read_array(file: IO[bytes], size: int, name: str, where: str) -> NDArray[Any]:
    """The array in a `.npy` stream of `size` bytes; what its header claims is compared with that before reading."""
    fix = "write it again with numpy.savez, from arrays of numbers or text"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            elif version == (2, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
            else:
                raise ValueError(f"format version {version[0]}.{version[1]}")
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:120]
        raise BadInput(f"array '{name}' is not readable: {reason}", where=where, fix=fix) from None
    if dtype.kind not in "biufSU":
        raise BadInput(f"array '{name}' is of type {str(dtype)[:60]}, not numbers or text", where=where, fix=fix)
    count = 1
    for length in shape:
        count *= length
    expected = count * dtype.itemsize
    data = file.read() if 0 < expected <= size else b""
    if expected == 0:
        raise BadInput(f"array '{name}' is empty: {list(shape)}", where=where, fix="give at least one row and feature")
    if min(shape, default=1) < 0 or len(data) != expected:
        what = f"array '{name}' claims {list(shape)} of {dtype}, which is not what the file holds"
        raise BadInput(what, where=where, fix="take a whole copy of the file")
    array = np.frombuffer(data, dtype)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)


def array_table(x: NDArray[Any], y: NDArray[Any], where: str, x_name: str = "x", y_name: str = "y") -> Table:
    """The table of a feature array (2 to 4 dimensions; 3 and 4 are images) and a label array, the label last."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if x.ndim not in (2, 3, 4) or y.ndim != 1 or len(x) != len(y):
        what = f"'{x_name}' is {list(x.shape)} and '{y_name}' {list(y.shape)}"
        fix = "x is [n, features], [n, height, width] or [n, height, width, channels], y is [n]: one class a row"
        raise BadInput(what, where=where, fix=fix)
    if x.dtype.kind not in "biuf":
        raise BadInput(f"'{x_name}' is of type {x.dtype}", where=where, fix="give numbers; use CSV for text columns")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        place = [int(axis) for axis in np.argwhere(~np.isfinite(x))[0]]
        what = f"'{x_name}' holds {x[tuple(place)]} at {place}"
        raise BadInput(what, where=where, fix="replace infinite and NaN values")
    shape = None if x.ndim == 2 else (x.shape[1], x.shape[2], x.shape[3] if x.ndim == 4 else 1)
    names = [f"column {index + 1}" for index in range(x.shape[1])] if shape is None else pixel_names(shape)
    flat = _narrow(x.reshape(len(x), -1))
    labels = y.astype("U") if y.dtype.kind != "S" else np.char.decode(y, "utf-8", "replace")
    columns = [Column.from_array(name, flat[:, index]) for index, name in enumerate(names)]
    columns.append(Column.from_array(LABEL, labels if y.dtype.kind in "SU" else y))
    return Table(where, tuple(columns), False, lambda row: f"{where}: '{x_name}' row {row}", shape=shape)


def _narrow(x: NDArray[Any]) -> NDArray[Any]:
    """The same numbers as uint8 where that holds them all: its columns are coded without sorting."""
    small = x.dtype.kind != "b" and x.size and x.min() >= 0 and x.max() <= 255 and bool((x == x.astype(np.uint8)).all())
    return x.astype(np.uint8) if small else x


def pixel_names(shape: tuple[int, int, int]) -> list[str]:
    """Names of an image's features: 'p0_0', row and column, then the channel when there are several."""
    height, width, channels = shape
    return [
        f"p{row}_{column}" + (f"_{channel}" if channels > 1 else "")
        for row in range(height)
        for column in range(width)
        for channel in range(channels)
    ]
