"""Builds a C folder's board project and runs it on the board's emulator, rows in flash, answers over its output."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.boards import BOARDS, rows_header
from lgnc.backends.c.text import named
from lgnc.diagnostics import BadInput, Failed, unknown
from lgnc.sim.manifest import CFacts, Manifest
from lgnc.sim.result import RunResult
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool

BUILD = {
    "qemu-system-arm": "arm-none-eabi-gcc",
    "qemu-system-riscv32": "riscv64-unknown-elf-gcc",
    "simavr": "avr-gcc",
}
"""Emulator -> the compiler for what it runs."""

_ROOM = 1 << 20
"""Most bytes of rows in one image."""

_ROW = re.compile(r"row (\d+) (?:class (\d+) scores((?: -?\d+)+)|outputs ([01]*))")
_END = re.compile(r"rows (\d+) (?:wrong (\d+) )?(?:instructions|cycles) (\d+) a row")


@dataclass(frozen=True, eq=False)
class BoardRun:
    """What the images printed. result: as any engine gives it. ticks: instructions or cycles a row, for the classes or
    outputs alone.
    """

    result: RunResult
    ticks: int


def run_board(folder: Path, manifest: Manifest, features: NDArray[Any]) -> BoardRun:
    """Scores and classes, or outputs, of [n, features] rows in the encoder's type, and what a row took.

    Raises ToolMissing without the compiler, make or the emulator; Failed when the program does not build, does not
    fit its board, or prints what it should not.
    """
    facts = _facts(manifest)
    board = BOARDS[_board(manifest)]
    for tool in (BUILD[board.engine], board.engine, "make"):
        require_tool(tool)
    columns = facts.output_count if manifest.classes is None else len(manifest.classes)
    scores = np.zeros((len(features), columns), np.int32)
    classes = np.zeros(len(features), np.int64)
    room = min(_ROOM, (board.flash - board.reserve[0] - facts.flash_bytes) // 2)
    step = max(1, room // max(1, features.shape[1] * features.itemsize))
    ticks, built, ran = 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary) / "board"
        project.mkdir()
        for path in manifest.files:
            if path.startswith("board/") or path in (f"{manifest.name}.c", f"{manifest.name}.h"):
                (project.parent / path).write_bytes(manifest.read(folder, path))
        for first, last in pairwise([*range(0, len(features), step), len(features)]):
            started = time.perf_counter()
            build(project, manifest, features[first:last])
            built += time.perf_counter() - started
            started = time.perf_counter()
            printed = emulate(project, manifest)
            ran += time.perf_counter() - started
            ticks += _read(printed, board.engine, scores[first:last], classes[first:last]) * (last - first)
    headless = manifest.classes is None
    result = RunResult(
        board.engine,
        None if headless else scores,
        None if headless else classes,
        scores.astype(np.bool_) if headless else None,
        ran,
        built,
    )
    return BoardRun(result, ticks // max(1, len(features)))


def build(project: Path, manifest: Manifest, features: NDArray[Any]) -> None:
    """Make the project's image with `features` for its rows."""
    name, engine = manifest.name, BOARDS[_board(manifest)].engine
    stored = features.view(np.uint8) if features.dtype == np.bool_ else features
    text = named(rows_header(_facts(manifest).element, stored, None), name)
    (project / f"{name}_rows.h").write_text(text, "ascii")
    run_tool([require_tool("make"), "-s", f"{name}.elf", f"CC={require_tool(BUILD[engine])}"], cwd=project)


def emulate(project: Path, manifest: Manifest) -> str:
    """What the project's image prints on its emulator."""
    engine = BOARDS[_board(manifest)].engine
    variable = "SIMAVR" if engine == "simavr" else "QEMU"
    command = [require_tool("make"), "-s", "run", f"{variable}={require_tool(engine)}"]
    compiler = f"CC={require_tool(BUILD[engine])}"
    printed = run_tool([*command, compiler], cwd=project).decode("ascii", errors="replace")
    return re.sub(r"\x1b\[[0-9;]*m", "", printed)


def _facts(manifest: Manifest) -> CFacts:
    if manifest.c is None:
        raise BadInput("is not a C folder", where=manifest.name, fix="compile with -t c")
    return manifest.c


def _board(manifest: Manifest) -> str:
    board = str(_facts(manifest).board)
    if board not in BOARDS:
        raise unknown("board", board, BOARDS, where="manifest.json")
    return board


def _read(printed: str, engine: str, scores: NDArray[np.int32], classes: NDArray[np.int64]) -> int:
    """Fill in the answers that an image printed; gives its ticks a row. Raises Failed unless every row is there."""
    end = _END.search(printed)
    rows = [_ROW.search(line) for line in printed.splitlines()]
    found = [row for row in rows if row]
    if end is None or [int(row[1]) for row in found] != list(range(len(scores))):
        last = printed.strip().splitlines()[-1:] or ["nothing"]
        what = f"answered {len(found)} of {len(scores)} rows; the last line was: {last[0][:200]}"
        raise Failed(what, where=engine, fix="run 'make run' in the folder")
    for index, row in enumerate(found):
        if row[3] is None:
            scores[index] = [int(bit) for bit in row[4]]
        else:
            classes[index] = int(row[2])
            scores[index] = [int(word) for word in row[3].split()]
    return int(end[3])
