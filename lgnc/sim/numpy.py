"""Runs a compiled numpy folder: imports its module and calls it, here or in a process of its own."""

from __future__ import annotations

import importlib.util
import io
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import Failed
from lgnc.native import SECONDS
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult, timed
from lgnc.toolchain import run as run_tool


def load_module(folder: Path, manifest: Manifest) -> ModuleType:
    """The module of a numpy folder, fresh, not entered in `sys.modules`. Raises Failed when it does not import."""
    path = folder / f"{manifest.name}.py"
    spec = importlib.util.spec_from_file_location(f"lgnc_compiled_{manifest.name}", path)
    if spec is None or spec.loader is None:
        raise Failed("cannot be imported", where=str(path), fix="compile it again")
    module = importlib.util.module_from_spec(spec)
    text = manifest.read(folder, path.name)
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise Failed(f"does not import: {error}", where=str(path), fix="compile it again") from None
    return module


class Network:
    """The loaded module of one network."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._module = load_module(folder, manifest)
        self._path = folder / f"{manifest.name}.py"

    def _call(self, function: str, features: NDArray[Any]) -> NDArray[Any]:
        """What a function of the module gives. Raises Failed when it is not there, or raises anything itself."""
        try:
            found: NDArray[Any] = getattr(self._module, function)(features)
        except Exception as error:
            what = f"{function} does not run: {(str(error).splitlines() or [''])[0][:300]}"
            raise Failed(what, where=str(self._path), fix="compile it again") from None
        return found

    def predict(self, features: NDArray[Any]) -> NDArray[np.int64]:
        """int64[n], the class of each row."""
        classes: NDArray[np.int64] = self._call("predict", features)
        return classes

    def scores(self, features: NDArray[Any]) -> NDArray[np.int32]:
        """int32[n, classes]."""
        scores: NDArray[np.int32] = self._call("scores", features)
        return scores

    def outputs(self, features: NDArray[Any]) -> NDArray[np.bool_]:
        """bool[n, outputs] of a network without a head."""
        outputs: NDArray[np.bool_] = self._call("outputs", features)
        return outputs


def run(folder: Path, manifest: Manifest, features: NDArray[Any]) -> RunResult:
    """Scores and classes, or outputs, of [n, features] rows in the encoder's type. `seconds` times the classes."""
    started = time.perf_counter()
    network = Network(folder, manifest)
    return timed("numpy", network, manifest, features, time.perf_counter() - started)


_CHILD = """
import io, os, sys
answer = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
import numpy
given = numpy.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
module, found, doing, features = {"__name__": "compiled"}, {}, "import", given["features"]
try:
    exec(compile(given["text"].tobytes(), str(given["path"]), "exec"), module)
    for doing in given["kinds"].tolist():
        for size in given["sizes"].tolist():
            found[f"{doing} {size}"] = numpy.asarray(module[doing](features[:size]))
            if found[f"{doing} {size}"].dtype.hasobject:
                raise TypeError("gives objects")
    numpy.savez(answer, **found)
except Exception as error:
    sys.exit(f"{doing} does not run: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}")
answer.close()
"""
"""What the process does: it is told all by its standard input, and imports nothing of lgnc."""

Calls = dict[tuple[str, int], NDArray[Any]]
"""What a function gives for so many rows."""


def call_apart(
    folder: Path, manifest: Manifest, kinds: Sequence[str], features: NDArray[Any], sizes: Sequence[int]
) -> Calls:
    """What each function of `kinds` gives for the first `sizes` rows of [n, features]: in a process of its own, which
    faults of the module may end.

    Raises Failed when that process ends without an answer, or takes longer than `lgnc.toolchain`'s `time_limit` says.
    """
    path = folder / f"{manifest.name}.py"
    text = np.frombuffer(manifest.read(folder, path.name), np.uint8)
    told = io.BytesIO()
    place, of, many = np.array(str(path)), np.array(kinds), np.array(sizes)
    np.savez(told, text=text, features=features, path=place, kinds=of, sizes=many)
    try:
        made = run_tool([sys.executable, "-P", "-c", _CHILD], data=told.getvalue(), timeout=SECONDS)
        with np.load(io.BytesIO(made), allow_pickle=False) as answers:
            return {(kind, size): answers[f"{kind} {size}"] for kind in kinds for size in sizes}
    except Failed as error:
        raise type(error)(f"its code does not run: {error.what}", where=str(path), fix="compile it again") from None
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        raise Failed("its code ends its process", where=str(path), fix="compile it again") from None


def run_apart(folder: Path, manifest: Manifest, features: NDArray[Any]) -> RunResult:
    """What `run` gives, of a module that may have faults: see `call_apart`. `seconds` is 0."""
    kinds, count = ("outputs",) if manifest.classes is None else ("predict", "scores"), len(features)
    given = call_apart(folder, manifest, kinds, features, [count])
    if manifest.classes is None:
        return RunResult("numpy", None, None, given["outputs", count], 0.0, 0.0)
    classes = given["predict", count].astype(np.int64, copy=False)
    return RunResult("numpy", given["scores", count], classes, None, 0.0, 0.0)
