"""A compiled folder as an object to call from Python: `lgnc.load(DIR).predict(X)`."""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import MANIFEST
from lgnc.backends.table import all_targets, target_of
from lgnc.diagnostics import BadInput, listed
from lgnc.files import read_file
from lgnc.ir.simulate import features_for
from lgnc.sim.folder import feature_types, load_manifest
from lgnc.sim.manifest import Manifest
from lgnc.sim.rows import rows_of
from lgnc.sim.table_rows import table_rows


class Network:
    """A compiled network, ready to call, with any number of rows at a time, from any number of threads.

    classes: the class names, or None for a circuit without a head. manifest: the folder's. Features are checked
    (shape, type, NaN) and passed on without a copy when they are C-contiguous and of the network's own type. Tables
    with named columns (DataFrames, Arrow tables, structured arrays, dicts of columns) go by name: as features, or as
    the table that was trained on, whose missing cells and categories are read as there; images [n, height, width,
    channels] are taken where the features are pixels.

    A pickled network is its folder's path: what opens it must find the same files there.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        manifest = load_manifest(folder)
        target = target_of(manifest.target)
        if not target.loadable:
            fix = f"compile with -t {listed([each.name for each in all_targets() if each.loadable])}"
            raise BadInput(f"a {target.name} folder cannot be called", where=str(folder), fix=fix)
        self._opened = (str(folder.resolve()), threads, _digest(folder, manifest))
        module = importlib.import_module(f"lgnc.sim.{target.name}")
        self._engine: Any = module.Network(folder, manifest, **({"threads": threads} if target.threads else {}))
        self.manifest = manifest
        self.classes: tuple[str, ...] | None = manifest.classes
        self._encoder = feature_types(manifest)
        self._class_of: Any = getattr(self._engine, "class_of", None) if self.classes is not None else None
        self._row = ((1, len(self._encoder.names)), np.dtype(self._encoder.dtype))

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, self._opened

    def _head(self) -> None:
        if self.classes is None:
            raise BadInput("the network has no head, so it has no classes", fix="call outputs()")

    def _rows(self, features: Any, packed: bool) -> tuple[NDArray[Any], dict[str, bool]]:
        """The checked rows, and the arguments that say how they are held."""
        if not packed:
            if type(features) is np.ndarray and features.ndim == 2 and features.dtype.names is None:
                return features_for(self._encoder, features), {}
            rows = table_rows(self._encoder, self.manifest.columns, features)
            rows = rows_of(self._encoder, features) if rows is None else rows
            return features_for(self._encoder, rows), {}
        if not getattr(self._engine, "packed_bytes", 0):
            fix = "use the C target, profile host or portable, with features of type bool"
            raise BadInput("the network does not take packed bits", fix=fix)
        x = np.asarray(features)
        width = -(-len(self._encoder.names) // 8)
        if x.dtype != np.uint8 or x.ndim != 2 or x.shape[1] != width:
            fix = 'use numpy.packbits(features, axis=1, bitorder="little")'
            raise BadInput(f"packed features are {x.dtype}{list(x.shape)}, not uint8[rows, {width}]", fix=fix)
        return x, {"packed": True}

    def predict(self, features: Any, *, packed: bool = False) -> NDArray[np.int64]:
        """int64[n]: the class index of each of [n, features] rows. Raises BadInput for features that do not fit.

        packed: rows are uint8[n, ceil(features / 8)] instead, feature f being bit f % 8 (the lowest is 0) of byte
        f // 8: for bool features and the C target alone.
        """
        alone = self._class_of
        plain = alone is not None and type(features) is np.ndarray and not packed
        if plain and (features.shape, features.dtype) == self._row:
            found: NDArray[np.int64] | None = alone(features)
            if found is not None:
                return found
        self._head()
        rows, how = self._rows(features, packed)
        classes: NDArray[np.int64] = self._engine.predict(rows, **how).astype(np.int64, copy=False)
        return classes

    def scores(self, features: Any, *, packed: bool = False) -> NDArray[np.int32]:
        """int32[n, classes]: true literals of each class, plus its offset."""
        self._head()
        rows, how = self._rows(features, packed)
        scores: NDArray[np.int32] = self._engine.scores(rows, **how)
        return scores

    def outputs(self, features: Any, *, packed: bool = False) -> NDArray[np.bool_]:
        """bool[n, outputs] of a network without a head."""
        if self.classes is not None:
            raise BadInput("the network has a head, so it gives classes", fix="call predict() or scores()")
        rows, how = self._rows(features, packed)
        outputs: NDArray[np.bool_] = self._engine.outputs(rows, **how)
        return outputs


def load(folder: str | os.PathLike[str], *, threads: int = 1) -> Network:
    """The network of a folder that `lgnc compile -t c|numpy|onnx` wrote; C is compiled once, into a cache.

    threads: how many threads the C target shares rows over. Raises BadInput for another folder or fewer than one
    thread, ToolMissing without a C compiler or onnxruntime, Failed when the compiler fails.
    """
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise BadInput(f"{threads!r} threads cannot run", where="threads", fix="pass 1 or more")
    return Network(Path(folder), threads)


def _digest(folder: Path, manifest: Manifest) -> str:
    """The SHA-256 of a folder's manifest and of the files that it lists."""
    found = hashlib.sha256()
    for name in (MANIFEST, *sorted(manifest.files)):
        found.update(hashlib.sha256(read_file(folder / name)).digest())
    return found.hexdigest()


def _reopen(folder: str, threads: int, digest: str) -> Network:
    """A network from its pickle. Raises BadInput when its folder is gone, or holds other files than it did."""
    path = Path(folder)
    if _digest(path, load_manifest(path)) != digest:
        what = "the folder's files are not those that the pickled network was loaded from"
        raise BadInput(what, where=folder, fix="load the folder again, and pickle that")
    return load(path, threads=threads)
