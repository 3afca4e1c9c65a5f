"""From a file to text: gzip, bz2 and xz are unpacked, UTF-16 is decoded, sizes are checked as bytes appear."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import IO

from lgnc.data.budget import Budget
from lgnc.data.file_kind import refuse_kind
from lgnc.data.table import reason_of
from lgnc.diagnostics import BadInput
from lgnc.files import read_file

_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
_CHUNK = 1 << 20

MAX_RATIO, FREE = 100, 16 << 20
"""A file may unpack to FREE bytes, or to MAX_RATIO times its size: text seldom packs better than 20 times."""


def packing(head: bytes) -> str | None:
    """'gzip', 'bz2' or 'xz' when the first bytes are of such a file, else None."""
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)


def read_text(path: Path, budget: Budget) -> tuple[bytes, list[str]]:
    """The file's text as UTF-8 without a byte order mark, and notes about how it was stored.

    Raises BadInput for what is no text, is damaged, or unpacks to more than the budget allows.
    """
    where, notes = str(path), []
    budget.check(path.stat().st_size, where, "the file")
    data = read_file(path)
    if (packed := packing(data)) is not None:
        data = _unpack(data, packed, where, budget)
        if packing(data) is not None:
            raise BadInput("is compressed twice", where=where, fix="unpack it once")
    if not data or data.isspace():
        raise BadInput("is empty", where=where, fix="give a table of at least two rows")
    coding = _utf16(data)
    if coding is None:
        refuse_kind(data[:4096], where)
    if coding is not None:
        data = _decoded(data, coding, where)
        notes.append(f"the file is read as {coding.upper()[:6]} text")
    if b"\0" in data:
        raise BadInput("is a binary file, not a table of text", where=where, fix="give CSV (UTF-8), NPZ or Parquet")
    _check_utf8(data, where)
    return data.removeprefix(b"\xef\xbb\xbf"), notes


def _unpack(data: bytes, packed: str, where: str, budget: Budget) -> bytes:
    """What a compressed file holds; no more is unpacked than the budget allows."""
    parts: list[bytes] = []
    size = 0
    try:
        with _opened(data, packed, budget) as file:
            while part := file.read(_CHUNK):
                size += len(part)
                budget.check(3 * size, where, "the unpacked file, or more of it,")
                if size > max(FREE, MAX_RATIO * len(data)):
                    what = f"unpacks to more than {MAX_RATIO} times its size"
                    raise BadInput(
                        what, where=where, fix=f"if that is right, unpack it ({packed} -d) and give the result"
                    )
                parts.append(part)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        what = f"is a damaged {packed} file: {reason_of(error)}"
        raise BadInput(what, where=where, fix="take a whole copy of the file") from None
    return b"".join(parts)


def _opened(data: bytes, packed: str, budget: Budget) -> IO[bytes]:
    stream = io.BytesIO(data)
    if packed == "gzip":
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if packed == "bz2":
        return bz2.BZ2File(stream)
    lzma.LZMADecompressor(memlimit=budget.limit).decompress(data[: 1 << 16], 1)
    return lzma.LZMAFile(stream)


def _utf16(data: bytes) -> str | None:
    """The UTF-16 coding of the bytes: by their mark, or by a zero in every other byte of the start."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = data[:256]
    half = len(head) // 2
    for first, coding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if half > 2 and head[first::2].count(0) > 0.8 * half and not head[1 - first :: 2].count(0):
            return coding
    return None


def _decoded(data: bytes, coding: str, where: str) -> bytes:
    """The bytes of a coding as UTF-8, without a byte order mark."""
    try:
        return data.decode(coding).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        raise _not_text(data, error.start, "UTF-16", where) from None


def _check_utf8(data: bytes, where: str) -> None:
    """Raise BadInput, with the line, unless the bytes are UTF-8. Piece by piece: text takes more memory."""
    if data.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _CHUNK):
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + _CHUNK], start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            raise _not_text(data, start - kept + error.start, "UTF-8", where) from None


def _not_text(data: bytes, at: int, coding: str, where: str) -> BadInput:
    line = data.count(b"\n", 0, at) + 1
    return BadInput(
        f"byte 0x{data[at]:02x} is not {coding} text", where=f"{where}:{line}", fix="save the file as UTF-8"
    )
