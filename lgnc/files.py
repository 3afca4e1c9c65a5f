"""Writing single files so that a reader never sees half of one, reading them, and hashing them.

`write_file` is the one way in which lgnc writes a file:

- A regular file is replaced by renaming a finished one over it. The new file keeps the old one's permissions, and its
  owner where the system allows it; a file that was not there follows the umask. Another hard link to the old file keeps
  the old contents. A write-protected file is refused.
- A symbolic link stays: the file that it points to is replaced, in its own folder.
- What is not a regular file (a device, a FIFO, a terminal) is opened and written to. A path to one of the process's own
  open files (`/dev/stdout`, `/dev/fd/3`) writes to that open file.

A killed process can leave one unfinished file, `.lgnc-...`; the next write to the same path removes it.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import hashlib
import itertools
import os
import re
import secrets
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from lgnc.diagnostics import BadInput

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

_LINKS = 40
"""Symbolic links followed one after the other, as Linux does."""


_NAMES_LOOKED_AT = 10_000


def no_such_file(path: Path) -> BadInput:
    """The line for a file that is not there: with the closest name in its folder, where one is close."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in itertools.islice(entries, _NAMES_LOOKED_AT)]
    except (OSError, ValueError):  # ValueError: a path with a NUL.
        names = []
    close = difflib.get_close_matches(path.name, sorted(names), n=1, cutoff=0.75)
    fix = f"did you mean '{path.with_name(close[0])}'?" if close else "check the path"
    return BadInput("no such file", where=str(path), fix=fix)


def cannot_write(path: Path, error: OSError) -> BadInput:
    """The line for a file or folder that the system does not let us write."""
    return BadInput(
        f"cannot write: {error.strerror or error}",
        where=str(path),
        fix="choose a writable place with free space",
    )


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all where `path` is or becomes a regular file.

    Raises BadInput when the folder is missing, not writable, or the disk is full; `path` is then as it was before.
    """
    try:
        if path.is_dir():
            raise BadInput("is a folder, not a file", where=str(path), fix="give a file name")
        number = _open_file(path)
        if number is not None:
            _write_open(number, data)
        elif path.exists() and not path.is_file():
            _write_through(path, data)
        else:
            target = Path(os.path.realpath(path))
            old = _replaceable(target)
            clean(target)
            _replace(target, data, old)
    except OSError as error:
        raise cannot_write(path, error) from None


def _open_file(path: Path) -> int | None:
    """The number of this process's own open file that `path` is a name for (`/dev/stdout`), or None."""
    for _ in range(_LINKS):
        folder = os.path.realpath(path.parent)
        if folder in ("/dev/fd", f"/proc/{os.getpid()}/fd") and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder, os.readlink(path))
    return None


def _write_open(number: int, data: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    with os.fdopen(os.dup(number), "wb") as file:
        file.write(data)


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


def _replaceable(target: Path) -> os.stat_result | None:
    """What the file at `target` is now, None when there is none. Raises BadInput when it is write-protected."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return None
    if not os.access(target, os.W_OK):
        raise BadInput("is write-protected", where=str(target), fix="allow writing to it, or give another name")
    return old


def _prefix(target: Path) -> str:
    """What the names of unfinished files beside `target` start with: as short for every length of its own name."""
    return f".lgnc-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"


def staged_path(target: Path) -> Path:
    """Where the file that will replace `target` waits, when it is one of several: see `lgnc.folders`."""
    return target.with_name(_prefix(target) + "staged")


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)


def _create_temporary(target: Path) -> tuple[int, Path]:
    """A new file beside `target`, open and locked, so that `clean` sees that its writer lives."""
    while True:
        path = target.with_name(_prefix(target) + secrets.token_hex(4))
        handle = _create(path)
        if try_lock(handle) is not False and path.exists():
            return handle, path
        os.close(handle)


def clean(target: Path) -> None:
    """Remove what killed writers of `target` left beside it. A file that a living writer has locked is not touched."""
    pattern = re.compile(re.escape(_prefix(target)) + "[0-9a-f]{8}")
    try:
        names = os.listdir(target.parent)
    except PermissionError:  # a folder that may be written and not listed
        return
    for path in (Path(target.parent, name) for name in names if pattern.fullmatch(name)):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0))
            try:
                if try_lock(handle):
                    path.unlink()
            finally:
                os.close(handle)


def try_lock(handle: int, *, shared: bool = False) -> bool | None:
    """Lock an open file or folder until it is closed, without waiting: False when another has it.

    None where the system has no such locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _replace(target: Path, data: bytes, old: os.stat_result | None) -> None:
    handle, temporary = _create_temporary(target)
    file = os.fdopen(handle, "wb")
    try:
        _fill(file, temporary, data, old)
        if fcntl is None:
            file.close()  # Windows renames no open file
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    finally:
        file.close()
    sync_folder(target.parent)


def stage(target: Path, data: bytes) -> None:
    """Write `data` to `staged_path(target)`, with the permissions of `target` or of a new file, and flush it.

    Raises OSError, also when there is a file already.
    """
    path = staged_path(target)
    with os.fdopen(_create(path), "wb") as file:
        _fill(file, path, data, target.stat() if target.exists() else None)


def _fill(file: BinaryIO, path: Path, data: bytes, old: os.stat_result | None) -> None:
    """Write and flush `data`; give the file the owner, where we may, and the permissions of the one it replaces."""
    file.write(data)
    file.flush()
    if old is not None:
        new = os.fstat(file.fileno())
        if sys.platform != "win32" and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            with contextlib.suppress(OSError):
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
        os.chmod(path, stat.S_IMODE(old.st_mode) & 0o777)
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk, on systems that can. Raises OSError when the disk fails."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows, and a folder that may not be listed
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(handle)


def append_line(path: Path, line: str) -> None:
    """Append to a text file, made when it is not there. Raises BadInput when it cannot be written."""
    try:
        with path.open("a") as file:
            file.write(line)
    except OSError as error:
        raise cannot_write(path, error) from None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, or leave it as it is. Raises BadInput when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None


MOST_BYTES = 2 << 30
"""What a file may hold that is read whole; a device such as /dev/zero has no end."""


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of `path`. Raises BadInput when it cannot be read, with the reason, or has more than `most` bytes."""
    parts: list[bytes] = []
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            left = most + 1
            while size <= most and left and (part := file.read(min(left, max(size, 1 << 20) + 1))):
                parts.append(part)
                left -= len(part)
    except OSError as error:
        reason = f"cannot read: {error.strerror or error}"
        raise BadInput(reason, where=str(path), fix="check the path") from None
    if size > most or not left:
        raise BadInput(f"has more than {most:,} bytes", where=str(path), fix="check the path, or give a smaller file")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def sha256(data: bytes) -> str:
    """The SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
