"""Compilation of the packed kernels by numba: once for a machine, kept on disk between processes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import platformdirs

_F = TypeVar("_F", bound=Callable[..., object])


def _source_digest() -> str:
    """Of every kernel module: numba's own cache looks only at the file of the function that is called."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> str:
    return str(Path(platformdirs.user_cache_dir("lgnc")) / "kernels" / _source_digest())


_config: Any = numba.config
_njit: Any = numba.njit
_FOLDER = _config.CACHE_DIR or _cache_folder()


def compiled(function: _F) -> _F:
    """`function` as a numba kernel that frees the interpreter lock; cached on disk where a folder can be written."""
    saved = _config.CACHE_DIR
    _config.CACHE_DIR = _FOLDER
    try:
        kernel: _F = _njit(nogil=True, cache=True, error_model="numpy")(function)
    except (RuntimeError, OSError):  # No folder can be written: compile in every process.
        kernel = _njit(nogil=True, error_model="numpy")(function)
    finally:
        _config.CACHE_DIR = saved
    return kernel


def inlined(function: _F) -> _F:
    """A piece of kernels: its statements are copied into the kernel that calls it."""
    piece: _F = _njit(inline="always", error_model="numpy")(function)
    return piece


def default_threads() -> int:
    """Cores that this process may use, or NUMBA_NUM_THREADS."""
    return int(_config.NUMBA_NUM_THREADS)
