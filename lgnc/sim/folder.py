"""A compiled folder: its manifest, and running it with an engine that fits its target."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import MANIFEST, MANIFEST_VERSION
from lgnc.backends.c.boards import BOARDS
from lgnc.diagnostics import BadInput, Failed, LgncError, unknown
from lgnc.files import read_file
from lgnc.ir.circuit import FEATURE_DTYPES, Encoder
from lgnc.ir.simulate import features_for
from lgnc.sim.board import run_board
from lgnc.sim.result import RunResult

ENGINES: dict[str, tuple[str, ...]] = {
    "c": ("cc",),
    "numpy": ("numpy",),
    "onnx": ("onnxruntime",),
    "verilog": ("iverilog", "verilator"),
}
"""Target -> the engines that run it, the default first; before them, for a C folder with a board, its emulator."""

_NEEDED: dict[str, dict[str, type]] = {
    "c": {"entry": dict, "block": int, "workspace_bytes": int, "output_count": int},
    "verilog": {"verilog": dict},
}
"""Target -> what its engines read in the manifest, beside what every manifest has, and its type."""


def load_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a compiled folder. Raises BadInput when there is none, or it is damaged."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BadInput("is not a compiled folder: it has no manifest.json", where=str(folder), fix="run 'lgnc compile'")

    def refuse(what: str) -> BadInput:
        return BadInput(what, where=str(path), fix="compile it again")

    try:
        manifest = json.loads(read_file(path))
    except (ValueError, RecursionError):
        raise refuse("is not JSON") from None
    if not isinstance(manifest, dict) or manifest.get("lgnc_manifest") != MANIFEST_VERSION:
        raise refuse(f"is not an lgnc manifest of version {MANIFEST_VERSION}")
    encoder, files = manifest.get("encoder"), manifest.get("files")
    if not isinstance(encoder, dict) or encoder.get("dtype") not in FEATURE_DTYPES:
        raise refuse("has no encoder")
    names = encoder.get("features")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refuse("has no feature names")
    if str(manifest.get("target")) not in ENGINES:
        raise unknown("target", str(manifest.get("target")), ENGINES, where=str(path))
    for key, kind in _NEEDED.get(manifest["target"], {}).items():
        if not isinstance(manifest.get(key), kind):
            raise refuse(f"has no '{key}'")
    classes = manifest.get("classes", ())
    if classes is not None and not (isinstance(classes, list) and all(isinstance(name, str) for name in classes)):
        raise refuse("has classes that are no list of names")
    if not isinstance(files, list) or not isinstance(manifest.get("name"), str):
        raise refuse("has no list of files, or no name")
    for name in (manifest["name"], *files):
        if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
            raise refuse("names a file outside the folder")
    for name in files:
        if not (folder / name).is_file():
            raise BadInput(f"file '{name}' of the manifest is missing", where=str(folder), fix="compile it again")
    return cast(dict[str, Any], manifest)


def feature_types(manifest: dict[str, Any]) -> Encoder:
    """The features that a folder takes, as an encoder without bits: `features_for` checks rows against it."""
    names = tuple(manifest["encoder"]["features"])
    return Encoder(names, manifest["encoder"]["dtype"], np.zeros(0, np.int32), np.zeros(0, np.int64))


def run_folder(folder: Path, features: NDArray[Any], *, engine: str | None = None, threads: int = 1) -> RunResult:
    """Run a compiled folder on [n, features] rows with one of its target's engines (the first by default).

    Raises BadInput for features that do not fit, ToolMissing when the engine is not installed, Failed when it fails.
    """
    manifest = load_manifest(folder)
    target, board = manifest["target"], BOARDS.get(str(manifest.get("board")))
    engines = ENGINES[target] if board is None else (board.engine, *ENGINES[target])
    engine = engine or engines[0]
    if engine not in engines:
        raise unknown(f"engine for target {target}", engine, engines)
    x = features_for(feature_types(manifest), features)
    if board is not None and engine == board.engine:
        return run_board(folder, manifest, x).result
    module = importlib.import_module(f"lgnc.sim.{target}")
    own: dict[str, dict[str, Any]] = {"c": {"threads": threads}, "verilog": {"engine": engine}}
    try:
        result: RunResult = module.run(folder, manifest, x, **own.get(target, {}))
        given = [each.shape[0] for each in (result.scores, result.classes, result.outputs) if each is not None]
    except (LgncError, MemoryError):
        raise
    except Exception as error:
        what = f"does not run: {type(error).__name__}: {error}"
        raise Failed(what[:300], where=str(folder), fix="compile it again") from error
    if any(rows != len(x) for rows in given):
        raise Failed(f"gave {given} answers for {len(x)} rows", where=str(folder), fix="compile it again")
    return result
