"""Programs that are built once: a cache of the user's own, checked before it is used, healed, and bounded in size."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

from lgnc.diagnostics import BadInput

MOST_BYTES = 512 << 20
"""Of what is kept of one kind: what was not used for the longest time goes first."""

_STALE = 3600.0
"""Seconds after which a build that another process left is taken away, and before which nothing is that was used: a
process may be about to start it.
"""


def built(kind: str, ending: str, about: object, make: Callable[[Path], Path]) -> Path:
    """The program that `about` names, by its printed form, from the cache of its kind or made now.

    make: builds it in an empty folder and gives its path there. It is kept as KEY-HASH.ENDING: the key is of `about`,
    the hash of its bytes, and one that does not fit its hash is made again. Two processes may make one at the same
    time: each keeps a whole one, and the names are the same. Raises BadInput for a cache that is not the user's own or
    cannot be written, and what `make` raises.
    """
    cache, key = _place(kind, about)
    try:
        make_private(cache)
        return _found(cache, key, ending) or _made(cache, key, ending, make)
    except OSError as error:
        fix = "set XDG_CACHE_HOME to a writable folder with free space"
        raise BadInput(f"cannot write: {error.strerror or error}", where=str(cache), fix=fix) from None


def is_built(kind: str, about: object) -> bool:
    """Whether something of the name is there; whether it is whole shows when it is used."""
    cache, key = _place(kind, about)
    return any(cache.glob(f"{key}-*"))


def _place(kind: str, about: object) -> tuple[Path, str]:
    """The cache of a kind, and the key of what is kept there."""
    return Path(platformdirs.user_cache_dir("lgnc")) / kind, hashlib.sha256(repr(about).encode()).hexdigest()[:32]


def make_private(folder: Path) -> None:
    """Make a folder that nobody else can read or write. Raises BadInput when it is a link, a file, or another user's.

    One that others could write is emptied: what is in it may be theirs. OSError when the disk says no.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for place in (folder.parent, folder):
        if not os.path.lexists(place):
            place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat() if place == folder else place.stat()
        mine = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or not mine:
            what = "belongs to another user" if stat.S_ISDIR(found.st_mode) else "is not a folder"
            fix = "remove it, or set XDG_CACHE_HOME to a folder of your own"
            raise BadInput(f"the cache {what}", where=str(place), fix=fix)
        if place == folder and found.st_mode & 0o022:
            for path in folder.iterdir():
                _remove(path)
        wanted = 0o700 if place == folder else stat.S_IMODE(found.st_mode) & ~0o022 | 0o700
        if os.name == "posix" and stat.S_IMODE(found.st_mode) != wanted:
            place.chmod(wanted)


def _found(cache: Path, key: str, ending: str) -> Path | None:
    """The program of `key` whose bytes are those that were written; others of that key are taken away."""
    for path in sorted(cache.glob(f"{key}*")):
        if path.is_file() and not path.is_symlink() and path.name == _name(key, ending, path.read_bytes()):
            os.utime(path)
            return path
        _remove(path)
    return None


def _name(key: str, ending: str, data: bytes) -> str:
    return f"{key}-{hashlib.sha256(data).hexdigest()}{ending}"


def _made(cache: Path, key: str, ending: str, make: Callable[[Path], Path]) -> Path:
    """Build in a folder of its own, and move the program to its name once it is on the disk."""
    _sweep(cache)
    build = Path(tempfile.mkdtemp(dir=cache, prefix="build-"))
    try:
        made = make(build)
        program = cache / _name(key, ending, made.read_bytes())
        with made.open("rb+") as file:
            os.fsync(file.fileno())
        made.chmod(0o700)
        os.replace(made, program)
        _bound(cache)
        return program
    finally:
        shutil.rmtree(build, ignore_errors=True)


def _sweep(cache: Path) -> None:
    """Take away the builds of processes that were killed."""
    for path in cache.glob("build-*"):
        if _age(path) > _STALE:
            _remove(path)


def _bound(cache: Path) -> None:
    """Take away what was not used for the longest time, until the rest is within MOST_BYTES."""
    kept = 0
    for path in sorted((path for path in cache.iterdir() if not path.name.startswith("build-")), key=_age):
        try:
            kept += path.lstat().st_size
        except OSError:  # Another process took it away.
            continue
        if kept > MOST_BYTES and _age(path) > _STALE:
            _remove(path)


def _age(path: Path) -> float:
    """Seconds since it was made or used; 0 where it is gone."""
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
