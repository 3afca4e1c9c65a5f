"""A compiled folder: its manifest, and running it with an engine that fits its target."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import MANIFEST
from lgnc.backends.c.boards import BOARDS, Board
from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput, Failed, LgncError, unknown
from lgnc.files import read_file
from lgnc.folders import reading
from lgnc.ir.circuit import Encoder
from lgnc.ir.simulate import features_for
from lgnc.ownership import locate
from lgnc.sim.board import run_board
from lgnc.sim.fields import parse_object
from lgnc.sim.manifest import CFacts, Manifest, parse_manifest
from lgnc.sim.result import RunResult
from lgnc.toolchain import find_tool

_LARGEST = 1 << 28
"""Bytes of a manifest: those of float Verilog list every threshold."""


def load_manifest(folder: Path, *, edited: bool = False) -> Manifest:
    """The manifest of a compiled folder, every file checked to be there and as lgnc wrote it.

    edited: take a folder whose files are missing or edited too; `Manifest.edited` names them. Raises BadInput when
    there is no manifest, it is damaged, or a file is not as it should be.
    """
    if not folder.is_dir():
        raise BadInput("is not a folder", where=str(folder), fix="give a folder that 'lgnc compile' wrote")
    try:
        with reading(folder):
            manifest = _read(folder)
            for name in () if edited else manifest.files:
                manifest.read(folder, name)
            if manifest.c is not None and not (edited and f"{manifest.name}.h" in manifest.edited(folder)):
                _check_header(manifest, manifest.c, folder)
            return manifest
    except OSError as error:
        reason = f"cannot read: {error.strerror or error}"
        raise BadInput(reason, where=str(folder), fix="check the path") from None


def _read(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.is_file():
        raise BadInput("is not a compiled folder: it has no manifest.json", where=str(folder), fix="run 'lgnc compile'")
    if locate(folder, MANIFEST).stat().st_size > _LARGEST:
        raise BadInput(f"has more than {_LARGEST:,} bytes", where=str(path), fix="compile it again")
    manifest = parse_manifest(parse_object(read_file(path), str(path)))
    for name in (f"{manifest.name}{ending}" for ending in (".lgir", *target_of(manifest.target).endings)):
        if name not in manifest.files:
            raise BadInput(f"does not list '{name}'", where=str(path), fix="compile it again")
    return manifest


def _check_header(manifest: Manifest, facts: CFacts, folder: Path) -> None:
    """Raise BadInput unless the sizes of NAME.h, which the compiler sees, are those that memory is taken for."""
    name = manifest.name
    header = read_file(locate(folder, f"{name}.h")).decode("ascii", errors="replace")
    results = ("OUTPUTS", len(manifest.outputs)) if manifest.classes is None else ("CLASSES", len(manifest.classes))
    sizes = {"FEATURES": len(manifest.encoder.features), "BLOCK": facts.block}
    for macro, value in (*sizes.items(), ("WORKSPACE", facts.workspace_bytes), results):
        found = re.search(rf"^#define {name}_{macro} (\d+)u", header, re.MULTILINE | re.IGNORECASE)
        if found is None or int(found[1]) != value:
            says = "nothing" if found is None else found[1][:20]
            what = f"says {value} {macro.lower()}, and {name}.h says {says}"
            raise BadInput(what, where=str(folder / MANIFEST), fix="compile it again")


def feature_types(manifest: Manifest) -> Encoder:
    """The features that a folder takes, as an encoder without bits: `features_for` checks rows against it."""
    facts = manifest.encoder
    return Encoder(facts.features, facts.dtype, np.zeros(0, np.int32), np.zeros(0, np.int64), facts.quantiser)


def board_of(manifest: Manifest) -> Board | None:
    """The microcontroller board that a folder is for."""
    return BOARDS[manifest.c.board] if manifest.c is not None and manifest.c.board is not None else None


def engines_of(manifest: Manifest) -> tuple[str, ...]:
    """What runs a folder, the default first: the emulator of its board, if it has one, before its target's engines."""
    board, own = board_of(manifest), tuple(engine.name for engine in target_of(manifest.target).engines)
    return own if board is None else (board.engine, *own)


def engine_for(manifest: Manifest, rows: int) -> str:
    """What runs a folder unasked: the default, or an engine that is quicker with so many rows and is here."""
    own = target_of(manifest.target).engines
    quicker = [each.name for each in own if 0 < each.from_rows <= rows and all(map(find_tool, each.tools))]
    return quicker[-1] if quicker and board_of(manifest) is None else engines_of(manifest)[0]


def run_folder(
    folder: Path,
    features: NDArray[Any],
    *,
    engine: str | None = None,
    threads: int = 1,
    apart: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> RunResult:
    """Run a compiled folder on [n, features] rows with one of its target's engines (`engine_for` says which).

    apart: C and numpy run in a process of their own, which their faults may end. tell: called with a line of how long
    it will take, where that is known and long. Raises BadInput for features that do not fit, ToolMissing when the
    engine is not installed, Failed when it fails.
    """
    manifest = load_manifest(folder)
    target, board = target_of(manifest.target), board_of(manifest)
    engines = engines_of(manifest)
    if not engines:
        raise BadInput(
            f"nothing runs a folder of target {target.name}", where=str(folder), fix="compile for another target"
        )
    engine = engine or engine_for(manifest, len(features))
    if engine not in engines:
        raise unknown(f"engine for target {target.name}", engine, engines)
    x = features_for(feature_types(manifest), features)
    if board is not None and engine == board.engine:
        return run_board(folder, manifest, x).result
    module = importlib.import_module(f"lgnc.sim.{target.name}")
    own: dict[str, Any] = {"threads": threads} if target.threads else {}
    own |= {"engine": engine} if len(target.engines) > 1 else {}
    if hasattr(module, "forecast") and (line := module.forecast(folder, manifest, len(x), engine)):
        tell(line)
    runs = module.run_apart if apart and hasattr(module, "run_apart") else partial(module.run, **own)
    try:
        result: RunResult = runs(folder, manifest, x)
        given = [each.shape[0] for each in (result.scores, result.classes, result.outputs) if each is not None]
    except (LgncError, MemoryError):
        raise
    except Exception as error:
        what = f"does not run: {type(error).__name__}: {error}"
        raise Failed(what[:300], where=str(folder), fix="compile it again") from error
    if any(rows != len(x) for rows in given):
        raise Failed(f"gave {given} answers for {len(x)} rows", where=str(folder), fix="compile it again")
    return result
