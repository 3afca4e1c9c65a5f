"""Reading NPZ: arrays x and y, or x_train, y_train, x_test and y_test. No pickle; sizes are checked before loading."""

from __future__ import annotations

import ast
import lzma
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.budget import COLUMN_BYTES, ROW_BYTES, Budget
from lgnc.data.cells import string_column
from lgnc.data.file_kind import refuse_zip
from lgnc.data.table import Column, Table, join_tables, quoted, reason_of
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
    OverflowError,
    IndexError,
    KeyError,
    TypeError,
)
_DTYPE = re.compile(r"[<>|=]?[biufcSUOmMV][0-9]{0,9}(?:\[.{1,9}\])?")
_MAX_HEADER = 10_000
_AGAIN = "write it again with numpy.savez, from arrays of numbers or text"


def read_npz(path: Path, budget: Budget | None = None) -> Table:
    """The table in an NPZ file, the label last; with x_train, y_train, x_test and y_test its split is the file's.

    x is [n, features], [n, height, width] or [n, height, width, channels] of booleans or numbers; y is [n] or [n, 1]
    of numbers or text. NaN in a table is a missing cell. Raises BadInput for anything else, for arrays that are larger
    than the file says, and for more than the budget.
    """
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_zip(archive.namelist(), where)
            return _table_of(archive, where, budget or Budget.of(None))
    except _DAMAGE as error:
        fix = "write it again with numpy.savez or numpy.savez_compressed"
        raise BadInput(f"is not an NPZ file, or a damaged one: {reason_of(error)}", where=where, fix=fix) from None
    except OSError as error:
        raise BadInput(f"cannot read: {error.strerror or error}", where=where, fix="check the path") from None


def _table_of(archive: zipfile.ZipFile, where: str, budget: Budget) -> Table:
    members = {info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()}
    if {"x", "y"} <= set(members):
        pairs = [("x", "y")]
    elif {"x_train", "y_train", "x_test", "y_test"} <= set(members):
        pairs = [("x_train", "y_train"), ("x_test", "y_test")]
    else:
        names = ", ".join(quoted(name).strip("'") for name in sorted(members)[:20])
        what = f"has the arrays {names[:200] or '(none)'}"
        raise BadInput(what, where=where, fix="give x and y, or x_train, y_train, x_test and y_test")
    needed = {name for pair in pairs for name in pair}
    budget.check(2 * sum(members[name].file_size for name in needed), where, "its arrays")
    tables = []
    for x_name, y_name in pairs:
        arrays = []
        for name in (x_name, y_name):
            with archive.open(members[name]) as file:
                arrays.append(_read_array(file, members[name].file_size, name, where))
        tables.append(array_table(arrays[0], arrays[1], where, x_name, y_name, budget))
    return tables[0] if len(tables) == 1 else join_tables(*tables)


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and dtype of a `.npy` stream. Raises ValueError when it has no such header."""
    magic = file.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6:] not in (b"\x01\0", b"\x02\0", b"\x03\0"):
        raise ValueError("no header of format version 1, 2 or 3")
    size = file.read(2 if magic[6] == 1 else 4)
    length = int.from_bytes(size, "little")
    text = file.read(length) if length <= _MAX_HEADER else b""
    if not text or len(text) < length:
        raise ValueError("its header is cut short or too long")
    try:
        header = ast.literal_eval(text.decode("utf-8").strip())
    except (SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("its header is damaged") from None
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header does not give descr, fortran_order and shape")
    shape, descr, fortran = header["shape"], header["descr"], header["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(length) is int for length in shape) or type(fortran) is not bool:
        raise ValueError("its header gives no shape and order")
    if not isinstance(descr, str) or not _DTYPE.fullmatch(descr):
        raise ValueError(f"its dtype is {quoted(descr)}")
    try:
        return shape, fortran, np.dtype(descr)
    except (TypeError, ValueError):
        raise ValueError(f"its dtype is {quoted(descr)}") from None


def _read_array(file: IO[bytes], size: int, name: str, where: str) -> NDArray[Any]:
    """The array in a `.npy` stream of `size` bytes; what its header claims is compared with that before reading."""
    try:
        shape, fortran, dtype = _read_header(file)
    except ValueError as error:
        raise BadInput(f"array '{name}' is not readable: {error}", where=where, fix=_AGAIN) from None
    if dtype.kind not in "biufSU":
        raise BadInput(f"array '{name}' is of type {str(dtype)[:60]}, not numbers or text", where=where, fix=_AGAIN)
    count = 1
    for length in shape:
        count *= length
    expected = count * dtype.itemsize
    if expected == 0:
        raise BadInput(f"array '{name}' is empty: {list(shape)}", where=where, fix="give at least one row and feature")
    data = file.read() if 0 < expected <= size else b""
    if min(shape, default=1) < 0 or len(shape) > 32 or len(data) != expected:
        what = f"array '{name}' claims {str(list(shape))[:100]} of {dtype}, which is not what the file holds"
        raise BadInput(what, where=where, fix="take a whole copy of the file")
    if dtype.kind == "U":
        _check_characters(np.frombuffer(data, np.dtype("u4").newbyteorder(dtype.byteorder)), name, where)
    array = np.frombuffer(data, dtype)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)


def _check_characters(points: NDArray[Any], name: str, where: str) -> None:
    """Raise BadInput when a code point is none of Unicode's characters."""
    bad = (points > 0x10FFFF) | ((points >= 0xD800) & (points < 0xE000))
    if bad.any():
        what = f"array '{name}' holds the code point 0x{int(points[bad][0]):X}, which is no character"
        raise BadInput(what, where=where, fix="take a whole copy of the file")


def array_table(
    x: NDArray[Any], y: NDArray[Any], where: str, x_name: str = "x", y_name: str = "y", budget: Budget | None = None
) -> Table:
    """The table of a feature array (2 to 4 dimensions; 3 and 4 are images) and a label array, the label last."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if x.ndim not in (2, 3, 4) or y.ndim != 1 or len(x) != len(y):
        what = f"'{x_name}' is {list(x.shape)} and '{y_name}' {list(y.shape)}"
        fix = "x is [n, features], [n, height, width] or [n, height, width, channels], y is [n]: one class a row"
        raise BadInput(what, where=where, fix=fix)
    if x.dtype.kind not in "biuf":
        raise BadInput(f"'{x_name}' is of type {x.dtype}", where=where, fix="give numbers; use CSV for text columns")
    budget = budget or Budget.of(None)
    width = x[0].size
    size = width * COLUMN_BYTES + x.size * (4 + 2 * x.itemsize) + len(x) * (ROW_BYTES + 3 * y.itemsize)
    budget.check(size, where, f"its {len(x):,} rows of {width:,} columns")
    notes = []
    if x.dtype.kind == "f" and not (fine := np.isfinite(x) | (np.isnan(x) & (x.ndim == 2))).all():
        place = [int(axis) for axis in np.argwhere(~fine)[0]]
        what = f"'{x_name}' holds {x[tuple(place)]} at {place}"
        raise BadInput(what, where=where, fix="replace infinite and NaN values")
    if x.dtype.kind == "f" and (missing := int(np.isnan(x).sum())):
        notes.append(f"'{x_name}': {missing:,} cell{'s' * (missing > 1)} NaN read as missing")
    shape = None if x.ndim == 2 else (x.shape[1], x.shape[2], x.shape[3] if x.ndim == 4 else 1)
    names = [f"column {index + 1}" for index in range(x.shape[1])] if shape is None else pixel_names(shape)
    flat = _narrow(x.reshape(len(x), -1))
    labels = np.char.decode(y, "utf-8", "replace") if y.dtype.kind == "S" else y
    columns = [Column.from_array(name, flat[:, index]) for index, name in enumerate(names)]
    columns.append((string_column if labels.dtype.kind == "U" else Column.from_array)(LABEL, labels))
    row_of = f"{where}: '{x_name}' row"
    return Table(where, tuple(columns), False, lambda row: f"{row_of} {row}", shape=shape, notes=tuple(notes))


def _narrow(x: NDArray[Any]) -> NDArray[Any]:
    """The same numbers as uint8 where that holds them all: its columns are coded without sorting."""
    if x.dtype.kind == "b" or not x.size or not (x.min() >= 0 and x.max() <= 255):
        return x
    small = x.astype(np.uint8)
    return small if bool((x == small).all()) else x


def pixel_names(shape: tuple[int, int, int]) -> list[str]:
    """Names of an image's features: 'p0_0', row and column, then the channel when there are several."""
    height, width, channels = shape
    return [
        f"p{row}_{column}" + (f"_{channel}" if channels > 1 else "")
        for row in range(height)
        for column in range(width)
        for channel in range(channels)
    ]
