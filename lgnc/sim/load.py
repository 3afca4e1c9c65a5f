"""A compiled folder as an object to call from Python: `lgnc.load(DIR).predict(X)`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.simulate import features_for
from lgnc.sim.folder import feature_types, load_manifest
from lgnc.sim.result import Runnable


class Network:
    """A compiled network, ready to call, with any number of rows at a time.

    classes: the class names, or None for a circuit without a head. manifest: the folder's. Features are checked
    (shape, type, NaN) and passed on without a copy when they are C-contiguous and of the network's own type.
    """

    def __init__(self, manifest: dict[str, Any], engine: Runnable) -> None:
        self.manifest = manifest
        self.classes: tuple[str, ...] | None = None if manifest["classes"] is None else tuple(manifest["classes"])
        self._encoder = feature_types(manifest)
        self._engine = engine

    def _head(self) -> None:
        if self.classes is None:
            raise BadInput("the network has no head, so it has no classes", fix="call outputs()")

    def predict(self, features: NDArray[Any]) -> NDArray[np.int64]:
        """int64[n]: the class index of each of [n, features] rows. Raises BadInput for features that do not fit."""
        self._head()
        return self._engine.predict(features_for(self._encoder, features)).astype(np.int64, copy=False)

    def scores(self, features: NDArray[Any]) -> NDArray[np.int32]:
        """int32[n, classes]: true literals of each class, plus its offset."""
        self._head()
        return self._engine.scores(features_for(self._encoder, features))

    def outputs(self, features: NDArray[Any]) -> NDArray[np.bool_]:
        """bool[n, outputs] of a network without a head."""
        if self.classes is not None:
            raise BadInput("the network has a head, so it gives classes", fix="call predict() or scores()")
        return self._engine.outputs(features_for(self._encoder, features))


def load(folder: str | Path, *, threads: int = 1) -> Network:
    """The network of a folder that `lgnc compile -t c|numpy|onnx` wrote; C is compiled once, into a cache.

    threads: how many threads the C target shares rows over. Raises BadInput for another folder, ToolMissing without
    a C compiler or onnxruntime, Failed when the compiler fails.
    """
    path = Path(folder)
    manifest = load_manifest(path)
    target = manifest["target"]
    if target not in ("c", "numpy", "onnx"):
        raise BadInput(f"a {target} folder cannot be called", where=str(path), fix="compile with -t c, numpy or onnx")
    module = importlib.import_module(f"lgnc.sim.{target}")
    extra = {"threads": threads} if target == "c" else {}
    return Network(manifest, module.Network(path, manifest, **extra))
