"""Runs a compiled numpy folder: imports its module and calls it."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import Failed
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult, timed


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
