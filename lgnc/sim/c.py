"""Runs a compiled C folder: a shared library, called through ctypes from any number of threads and processes."""

from __future__ import annotations

import ctypes
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput, Failed
from lgnc.native import Call, call_apart
from lgnc.sim.c_library import shared_library
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult, timed

_FACTS = ("element_bytes", "features", "block", "workspace", "classes", "outputs", "packed_bytes")
"""What a library says of itself, in the order of backends/c/runtime/facts.c."""


class Network:
    """A loaded C library of one network. Calls take [n, features] rows in the encoder's type, without a copy when they
    are C-contiguous and aligned, and share them out in runs of whole blocks over `threads` threads.

    Every call has a workspace of its own, so that one object serves any number of threads; a forked process starts
    threads of its own. Sizes are the library's, never the manifest's.
    """

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        library = ctypes.CDLL(str(shared_library(folder, manifest)))
        self._facts = dict(zip(_FACTS, (ctypes.c_size_t * len(_FACTS)).in_dll(library, "lgnc_facts"), strict=True))
        _check_facts(self._facts, folder, manifest)
        self._entry = _entries(library, manifest.name, self._facts)
        self.packed_bytes = self._facts["packed_bytes"]
        self._threads = max(1, threads)
        self._rows: list[_Row] = []
        self._idle = [_workspace(self._facts["workspace"]) for _ in range(self._threads)]
        self._pool, self._process = ThreadPoolExecutor(self._threads) if threads > 1 else None, os.getpid()

    def __len__(self) -> int:
        """Rows that occupy every thread with one block."""
        return self._threads * int(self._facts["block"])

    def _part(self, function: Any, features: int, count: int, out: int) -> None:
        """Call `function` with addresses, in a workspace that no other call has: appending and popping are atomic."""
        try:
            workspace = self._idle.pop()
        except IndexError:
            workspace = _workspace(self._facts["workspace"])
        function(workspace[0], features, count, out)
        self._idle.append(workspace)

    def _call(self, kind: str, features: NDArray[Any], out: NDArray[Any]) -> None:
        flags = features.flags
        x = features if flags.c_contiguous and flags.aligned else features.copy(order="C")
        function, count, block = self._entry[kind], len(x), self._facts["block"]
        here, there = x.__array_interface__["data"][0], out.__array_interface__["data"][0]
        if self._pool is None or count <= block:
            self._part(function, here, count, there)
            return
        if self._process != os.getpid():  # Threads do not survive a fork.
            self._pool, self._process = ThreadPoolExecutor(self._threads), os.getpid()
        share = -(-count // (self._threads * block)) * block

        def shared(first: int) -> None:
            size = min(share, count - first)
            self._part(function, here + first * x.strides[0], size, there + first * out.strides[0])

        list(self._pool.map(shared, range(0, count, share)))

    def predict(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.int32]:
        """int32[n], the class of each row. packed: rows are uint8[n, ceil(features / 8)] of bits, the lowest first."""
        out = np.empty(len(features), np.int32)
        self._call("predict_packed" if packed else "predict", features, out)
        return out

    def class_of(self, features: NDArray[Any]) -> NDArray[np.int64] | None:
        """int64[1] of one row, [1, features] of the encoder's type, or None where a value is not finite.

        Faster than `predict`: nothing is looked up or made but the answer. A call has buffers of its own.
        """
        try:
            row = self._rows.pop()
        except IndexError:
            row = _Row(self._entry["predict"], self._facts, features.dtype)
        row.features[...] = features[0]
        if row.finite is not None:
            np.isfinite(row.features, row.finite)
        finite = 0 not in row.each_finite
        if finite:
            row.call(*row.arguments)
        classes = row.classes.astype(np.int64) if finite else None
        self._rows.append(row)
        return classes

    def scores(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.int32]:
        """int32[n, classes]."""
        out = np.empty((len(features), self._facts["classes"]), np.int32)
        self._call("scores_packed" if packed else "scores", features, out)
        return out

    def outputs(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.bool_]:
        """bool[n, outputs] of a network without a head."""
        out = np.empty((len(features), self._facts["outputs"]), np.uint8)
        self._call("outputs_packed" if packed else "outputs", features, out)
        return out.view(np.bool_)


class _Row:
    """Buffers of one call with a single row, and their addresses.

    each_finite: for floats a byte each, 1 where one is, which is searched in a tenth of numpy's time; finite: the same
    bytes as an array.
    """

    def __init__(self, call: Any, facts: dict[str, int], dtype: np.dtype[Any]) -> None:
        self.call = call
        self.features = np.zeros(facts["features"], dtype)
        self.each_finite = bytearray(facts["features"] if dtype.kind == "f" else 0)
        self.finite = np.frombuffer(self.each_finite, np.bool_) if dtype.kind == "f" else None
        self.classes = np.zeros(1, np.int32)
        address, self._held = _workspace(facts["workspace"])
        addresses = (self.features.ctypes.data, self.classes.ctypes.data)
        at, to = map(ctypes.c_void_p, addresses)
        self.arguments = (ctypes.c_void_p(address), at, ctypes.c_size_t(1), to)


def _workspace(size: int) -> tuple[int, NDArray[np.uint8]]:
    """(address, what holds it): memory for one call at a time, written once so that it is there."""
    held = np.full(size, 0, np.uint8)
    return held.ctypes.data, held


def _check_facts(facts: dict[str, int], folder: Path, manifest: Manifest) -> None:
    """Raise BadInput when a library is not that of its folder's manifest: rows of other sizes would be read."""
    dtype = np.dtype(manifest.encoder.dtype)
    classes = manifest.classes
    told = (dtype.itemsize, len(manifest.encoder.features), None if classes is None else len(classes))
    found = (facts["element_bytes"], facts["features"], facts["classes"] if facts["classes"] else None)
    if told != found:
        what = f"manifest.json and {manifest.name}.h do not say the same of features and classes"
        raise BadInput(what, where=str(folder), fix="compile it again")


def _entries(library: ctypes.CDLL, name: str, facts: dict[str, int]) -> dict[str, Any]:
    """Call -> the library's function."""
    calls: tuple[str, ...] = ("predict", "scores") if facts["classes"] else ("outputs",)
    if facts["packed_bytes"]:
        calls += tuple(f"{call}_packed" for call in calls)
    found = {call: getattr(library, f"{name}_{call}_in") for call in calls}
    for function in found.values():
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
        function.restype = None
    return found


def run(folder: Path, manifest: Manifest, features: NDArray[Any], *, threads: int = 1) -> RunResult:
    """Scores and classes, or outputs, of [n, features] rows in the encoder's type. `seconds` times the classes.

    One block per thread is run before the clock starts: it brings the workspaces into memory.
    """
    started = time.perf_counter()
    network = Network(folder, manifest, threads)
    headless = manifest.classes is None
    (network.outputs if headless else network.predict)(features[: len(network)])
    return timed("cc", network, manifest, features, time.perf_counter() - started)


def run_apart(folder: Path, manifest: Manifest, features: NDArray[Any]) -> RunResult:
    """What `run` gives, of a library that may have faults: it is called in a process of its own. `seconds` is 0.

    Raises Failed when that process ends without an answer.
    """
    started = time.perf_counter()
    library = shared_library(folder, manifest)
    built = time.perf_counter() - started
    assert manifest.c is not None
    kinds = ("outputs",) if manifest.classes is None else ("predict", "scores")
    widths = {"predict": 1, "scores": len(manifest.classes or ()), "outputs": len(manifest.outputs)}
    types = {kind: np.dtype(np.uint8 if kind == "outputs" else np.int32) for kind in kinds}
    n, facts = len(features), bytearray(np.dtype(np.uintp).itemsize * len(_FACTS))
    out = [bytearray(n * widths[kind] * types[kind].itemsize) for kind in kinds]
    calls = [Call(library, "lgnc_tell_facts", ((0, 0),))]
    for at, kind in enumerate(kinds, 3):
        calls.append(Call(library, f"{manifest.name}_{kind}_in", ((1, 0), (2, 0), n, (at, 0))))
    blocks: list[bytes | bytearray] = [facts, bytearray(manifest.c.workspace_bytes), features.tobytes(), *out]
    done = call_apart(blocks, calls, where=str(folder))
    if done.missing:
        raise Failed(f"has no function '{min(done.missing)}'", where=f"{manifest.name}.c", fix="compile it again")
    facts, _, *out = done.made
    _check_facts(dict(zip(_FACTS, np.frombuffer(facts, np.uintp).tolist(), strict=True)), folder, manifest)
    given = {
        kind: np.frombuffer(block, types[kind]).reshape(n, widths[kind]) for kind, block in zip(kinds, out, strict=True)
    }
    if manifest.classes is None:
        return RunResult("cc", None, None, given["outputs"].view(np.bool_), 0.0, built)
    return RunResult("cc", given["scores"], given["predict"][:, 0].astype(np.int64), None, 0.0, built)
