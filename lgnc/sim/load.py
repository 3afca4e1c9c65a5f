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
from lgnc.sim.manifest import Manifest


class Network:
    """A compiled network, ready to call, with any number of rows at a time.

    classes: the class names, or None for a circuit without a head. manifest: the folder's. Features are checked
    (shape, type, NaN) and passed on without a copy when they are C-contiguous and of the network's own type.
    """

    def __init__(self, manifest: Manifest, engine: Any) -> None:
        self.manifest = manifest
        self.classes: tuple[str, ...] | None = manifest.classes
        self._encoder = feature_types(manifest)
        self._engine = engine

    def _head(self) -> None:
        if self.classes is None:
            raise BadInput("the network has no head, so it has no classes", fix="call outputs()")

    def _rows(self, features: NDArray[Any], packed: bool) -> tuple[NDArray[Any], dict[str, bool]]:
        """The checked rows, and the arguments that say how they are held."""
        if not packed:
            return features_for(self._encoder, features), {}
        if not any(entry.endswith("_packed") for entry in (self.manifest.c.entry if self.manifest.c else ())):
            fix = "use the C target, profile host or portable, with features of type bool"
            raise BadInput("the network does not take packed bits", fix=fix)
        x = np.asarray(features)
        width = -(-len(self._encoder.names) // 8)
        if x.dtype != np.uint8 or x.ndim != 2 or x.shape[1] != width:
            fix = 'use numpy.packbits(features, axis=1, bitorder="little")'
            raise BadInput(f"packed features are {x.dtype}{list(x.shape)}, not uint8[rows, {width}]", fix=fix)
        return x, {"packed": True}

    def predict(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.int64]:
        """int64[n]: the class index of each of [n, features] rows. Raises BadInput for features that do not fit.

        packed: rows are uint8[n, ceil(features / 8)] instead, feature f being bit f % 8 (the lowest is 0) of byte
        f // 8: for bool features and the C target alone.
        """
        self._head()
        rows, how = self._rows(features, packed)
        classes: NDArray[np.int64] = self._engine.predict(rows, **how).astype(np.int64, copy=False)
        return classes

    def scores(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.int32]:
        """int32[n, classes]: true literals of each class, plus its offset."""
        self._head()
        rows, how = self._rows(features, packed)
        scores: NDArray[np.int32] = self._engine.scores(rows, **how)
        return scores

    def outputs(self, features: NDArray[Any], *, packed: bool = False) -> NDArray[np.bool_]:
        """bool[n, outputs] of a network without a head."""
        if self.classes is not None:
            raise BadInput("the network has a head, so it gives classes", fix="call predict() or scores()")
        rows, how = self._rows(features, packed)
        outputs: NDArray[np.bool_] = self._engine.outputs(rows, **how)
        return outputs


def load(folder: str | Path, *, threads: int = 1) -> Network:
    """The network of a folder that `lgnc compile -t c|numpy|onnx` wrote; C is compiled once, into a cache.

    threads: how many threads the C target shares rows over. Raises BadInput for another folder or fewer than one
    thread, ToolMissing without a C compiler or onnxruntime, Failed when the compiler fails.
    """
    if threads < 1:
        raise BadInput(f"{threads} threads cannot run", where="threads", fix="pass 1 or more")
    path = Path(folder)
    manifest = load_manifest(path)
    target = manifest.target
    if target not in ("c", "numpy", "onnx"):
        raise BadInput(f"a {target} folder cannot be called", where=str(path), fix="compile with -t c, numpy or onnx")
    module = importlib.import_module(f"lgnc.sim.{target}")
    extra = {"threads": threads} if target == "c" else {}
    return Network(manifest, module.Network(path, manifest, **extra))
