"""C folders as shared libraries: compiled once, into a cache of the user's own that is checked before use."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import stat
import tempfile
import time
from pathlib import Path

import platformdirs

from lgnc.backends.c.names import check_c_name
from lgnc.backends.c.text import named, runtime
from lgnc.diagnostics import BadInput
from lgnc.sim.manifest import Manifest
from lgnc.toolchain import require_tool, tool_version
from lgnc.toolchain import run as run_tool

FLAGS = ("-std=c99", "-O3", "-march=native", "-shared", "-fPIC")

_STALE = 3600.0
"""Seconds after which a build that another process left is taken away."""


def shared_library(folder: Path, manifest: Manifest) -> Path:
    """The compiled library of a C folder, from the cache or made now.

    A library's file is called KEY-HASH.so. The key is of the sources, the compiler with its version, its flags and the
    processor; the hash is of the library, and one that does not fit its hash is made again. Raises ToolMissing without
    a compiler, Failed, with its message, when it fails, and BadInput for a cache that is not the user's own.
    """
    compiler = require_tool("cc")
    name = check_c_name(manifest.name)
    sources = {f"{name}.{ending}": manifest.read(folder, f"{name}.{ending}") for ending in ("h", "c")}
    sources["facts.c" if name != "facts" else "facts_of.c"] = named(runtime("facts.c"), name).encode()
    about = (os.path.realpath(compiler), tool_version("cc"), FLAGS, _machine(), sorted(sources.items()))
    key = hashlib.sha256(repr(about).encode()).hexdigest()[:32]
    cache = Path(platformdirs.user_cache_dir("lgnc")) / "c"
    try:
        make_private(cache)
        return _found(cache, key) or _made(cache, key, compiler, sources)
    except OSError as error:
        fix = "set XDG_CACHE_HOME to a writable folder with free space"
        raise BadInput(f"cannot write: {error.strerror or error}", where=str(cache), fix=fix) from None


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


def _machine() -> str:
    """What -march=native depends on: a cache that moves to another processor must not be trusted."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    flags = [line for line in lines if line.startswith(("flags", "Features"))][:1]
    return " ".join([platform.machine(), platform.node(), *flags])


def _found(cache: Path, key: str) -> Path | None:
    """The library of `key` whose bytes are those that were written; others of that key are taken away."""
    for path in sorted(cache.glob(f"{key}*")):
        if path.is_file() and not path.is_symlink() and path.name == _library_name(key, path.read_bytes()):
            return path
        _remove(path)
    return None


def _library_name(key: str, data: bytes) -> str:
    return f"{key}-{hashlib.sha256(data).hexdigest()}.so"


def _made(cache: Path, key: str, compiler: str, sources: dict[str, bytes]) -> Path:
    """Compile the sources in a folder of their own, and move the library to its name once it is on the disk."""
    _sweep(cache)
    build = Path(tempfile.mkdtemp(dir=cache, prefix="build-"))
    try:
        for name, data in sources.items():
            (build / name).write_bytes(data)
        main = next(name for name in sources if name.startswith("facts"))
        run_tool([compiler, *FLAGS, "-o", "library.so", main], cwd=build)
        library = cache / _library_name(key, (build / "library.so").read_bytes())
        with (build / "library.so").open("rb+") as file:
            os.fsync(file.fileno())
        (build / "library.so").chmod(0o700)
        os.replace(build / "library.so", library)
        return library
    finally:
        shutil.rmtree(build, ignore_errors=True)


def _sweep(cache: Path) -> None:
    """Take away the builds of processes that were killed."""
    for path in cache.glob("build-*"):
        try:
            old = time.time() - path.lstat().st_mtime > _STALE
        except OSError:
            continue
        if old:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
