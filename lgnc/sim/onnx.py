"""Runs a compiled ONNX folder with onnxruntime on the CPU."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import Failed
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult, timed
from lgnc.toolchain import require_package

_BLOCK = 4096
"""Samples a call: what onnxruntime holds at once stays in cache."""


def session_of(data: bytes, where: str) -> Any:
    """An onnxruntime session of a model's bytes, on the CPU. Raises Failed, with its words, for a damaged one."""
    require_package("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise refused(error, where) from None


def refused(error: Exception, where: str) -> Failed:
    """What is raised in the place of an error of onnxruntime's, whose first line it says."""
    text = (str(error).splitlines() or [type(error).__name__])[0][:300]
    return Failed(f"onnxruntime refuses it: {text}", where=where, fix="compile it again")


class Network:
    """An onnxruntime session of one network."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._path = folder / f"{manifest.name}.onnx"
        self._session = session_of(manifest.read(folder, self._path.name), str(self._path))

    def _run(self, names: list[str], features: NDArray[Any]) -> list[NDArray[Any]]:
        """The outputs `names` of all rows. Raises Failed, with onnxruntime's words, for a damaged graph."""
        try:
            blocks = [
                self._session.run(names, {"features": np.ascontiguousarray(features[first : first + _BLOCK])})
                for first in range(0, max(1, len(features)), _BLOCK)
            ]
            found = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
        except Exception as error:
            raise refused(error, str(self._path)) from None
        if any(len(each) != len(features) for each in found):
            raise Failed("gives another number of rows than it took", where=str(self._path), fix="compile it again")
        return found

    def predict(self, features: NDArray[Any]) -> NDArray[np.int64]:
        """int64[n], the class of each row."""
        return self._run(["class"], features)[0]

    def scores(self, features: NDArray[Any]) -> NDArray[np.int32]:
        """int32[n, classes]."""
        return self._run(["scores"], features)[0]

    def outputs(self, features: NDArray[Any]) -> NDArray[np.bool_]:
        """bool[n, outputs] of a network without a head."""
        return self._run(["outputs"], features)[0]


def run(folder: Path, manifest: Manifest, features: NDArray[Any]) -> RunResult:
    """Scores and classes, or outputs, of [n, features] rows in the encoder's type. `seconds` times the classes."""
    started = time.perf_counter()
    network = Network(folder, manifest)
    return timed("onnxruntime", network, manifest, features, time.perf_counter() - started)
