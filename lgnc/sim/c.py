"""Runs a compiled C folder: compiled once into a cache with the machine's C compiler, called through ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.files import read_file
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult, timed
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool

FLAGS = ("-std=c99", "-O3", "-march=native", "-shared", "-fPIC")


def _machine() -> str:
    """What -march=native depends on: a cache that moves to another processor must not be trusted."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    flags = [line for line in lines if line.startswith(("flags", "Features"))][:1]
    return " ".join([platform.machine(), platform.node(), *flags])


def shared_library(folder: Path, manifest: Manifest) -> Path:
    """The compiled library of a C folder, from the cache or made now.

    The cache's key is the text of the files, the compiler and its flags. Raises ToolMissing without a compiler and
    Failed, with its message, when it fails.
    """
    compiler = require_tool("cc")
    name = manifest.name
    key = hashlib.sha256(repr((compiler, FLAGS, _machine())).encode())
    for path in (folder / f"{name}.h", folder / f"{name}.c"):
        key.update(read_file(path))
    cache = Path(platformdirs.user_cache_dir("lgnc")) / "c"
    library = cache / f"{key.hexdigest()[:32]}.so"
    if library.is_file():
        return library
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=cache, suffix=".so")
        os.close(handle)
    except OSError as error:
        fix = "set XDG_CACHE_HOME to a writable folder"
        raise BadInput(f"cannot write: {error.strerror}", where=str(cache), fix=fix) from None
    try:
        run_tool([compiler, *FLAGS, "-o", temporary, folder / f"{name}.c"])
        os.replace(temporary, library)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    return library


class Network:
    """A loaded C library of one network. Calls take [n, features] rows in the encoder's type, without a copy when they
    are C-contiguous, and share them out in runs of whole blocks over `threads` threads.
    """

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        if manifest.c is None:
            raise BadInput("is not a C folder", where=str(folder), fix="compile with -t c")
        library = ctypes.CDLL(str(shared_library(folder, manifest)))
        self._entry = {kind: getattr(library, name) for kind, name in manifest.c.entry.items()}
        for function in self._entry.values():
            function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
            function.restype = None
        self._block = manifest.c.block
        self._workspaces = np.empty((max(1, threads), manifest.c.workspace_bytes), np.uint8)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._columns = {"scores": len(manifest.classes or ()), "outputs": manifest.c.output_count}

    def __len__(self) -> int:
        """Rows that occupy every thread with one block."""
        return len(self._workspaces) * self._block

    def _call(self, kind: str, features: NDArray[Any], out: NDArray[Any]) -> None:
        x = np.ascontiguousarray(features)
        function = self._entry[kind]

        def part(workspace: NDArray[np.uint8], first: int, last: int) -> None:
            if first < last:
                function(workspace.ctypes.data, x[first:].ctypes.data, last - first, out[first:].ctypes.data)

        share = -(-len(x) // (len(self._workspaces) * self._block)) * self._block
        bounds = [(min(k * share, len(x)), min((k + 1) * share, len(x))) for k in range(len(self._workspaces))]
        if self._pool is None or len(x) <= self._block:
            part(self._workspaces[0], 0, len(x))
            return
        list(self._pool.map(lambda k: part(self._workspaces[k], *bounds[k]), range(len(bounds))))

    def predict(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.int32]:
        """int32[n], the class of each row. packed: rows are uint8[n, ceil(features / 8)] of bits, the lowest first."""
        out = np.empty(len(features), np.int32)
        self._call(_entry("predict", packed), features, out)
        return out

    def scores(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.int32]:
        """int32[n, classes]."""
        out = np.empty((len(features), self._columns["scores"]), np.int32)
        self._call(_entry("scores", packed), features, out)
        return out

    def outputs(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.bool_]:
        """bool[n, outputs] of a network without a head."""
        out = np.empty((len(features), self._columns["outputs"]), np.uint8)
        self._call(_entry("outputs", packed), features, out)
        return out.view(np.bool_)


def _entry(kind: str, packed: bool) -> str:
    return f"{kind}_packed" if packed else kind


def run(folder: Path, manifest: Manifest, features: NDArray[Any], *, threads: int = 1) -> RunResult:
    """Scores and classes, or outputs, of [n, features] rows in the encoder's type. `seconds` times the classes.

    One block a thread is run before the clock starts: it brings the workspaces into memory.
    """
    started = time.perf_counter()
    network = Network(folder, manifest, threads)
    headless = manifest.classes is None
    (network.outputs if headless else network.predict)(features[: len(network)])
    return timed("cc", network, manifest, features, time.perf_counter() - started)
