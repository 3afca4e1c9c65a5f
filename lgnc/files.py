"""Writing files so that a reader never sees half of one, and hashing them."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lgnc.diagnostics import BadInput


def _cannot_write(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"cannot write: {error.strerror or error}",
        where=str(path),
        fix="choose a writable place with free space",
    )


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to a temporary name beside `path`, flush it to disk, then rename it to `path`.

    Raises BadInput when the folder is missing, not writable, or the disk is full; `path` is then as it was before.
    """
    if path.is_dir():
        raise BadInput("is a folder, not a file", where=str(path), fix="give a file name")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise _cannot_write(path, error) from None
    except BaseException:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise


def append_line(path: Path, line: str) -> None:
    """Append to a text file, made when it is not there. Raises BadInput when it cannot be written."""
    try:
        with path.open("a") as file:
            file.write(line)
    except OSError as error:
        raise _cannot_write(path, error) from None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, or leave it as it is. Raises BadInput when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from None


def check_output_folder(folder: Path) -> None:
    """Raise BadInput unless `folder` is new, empty, or holds a `manifest.json` (that is, lgnc wrote it)."""
    if folder.exists() and not folder.is_dir():
        raise BadInput("is a file, not a folder", where=str(folder), fix="give another output folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise BadInput(
            "is a folder that lgnc did not write",
            where=str(folder),
            fix="give a new folder, or empty this one yourself",
        )


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` (relative path -> bytes) as `folder`, which either appears whole or stays as it was.

    An existing folder is replaced when `check_output_folder` allows it. Raises BadInput when it cannot be written.
    """
    check_output_folder(folder)
    temporary = ""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.")
        for name, data in files.items():
            path = Path(temporary, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        os.chmod(temporary, 0o755)
        if folder.exists():
            old = tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old.")
            os.replace(folder, old)
            try:
                os.replace(temporary, folder)
            except BaseException:
                os.replace(old, folder)
                raise
            shutil.rmtree(old)
        else:
            os.replace(temporary, folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _cannot_write(folder, error) from None
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def read_file(path: Path) -> bytes:
    """The bytes of `path`. Raises BadInput, with the reason, when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = f"cannot read: {error.strerror or error}"
        raise BadInput(reason, where=str(path), fix="check the path") from None


def sha256(data: bytes) -> str:
    """The SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
