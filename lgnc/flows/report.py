"""`lgnc.report`: what is known of a model, a circuit and compiled folders, as one HTML page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lgnc.data.held import Held, hold
from lgnc.diagnostics import BadInput, ToolMissing
from lgnc.files import read_file, write_file
from lgnc.flows.evaluate import measure, mismatches
from lgnc.flows.report_rows import Rows, rows_for
from lgnc.flows.report_subject import MOST_MAPPED, Folder, Subject, subject_of
from lgnc.flows.things import Thing, tell
from lgnc.toolchain import require_package

_MOST_LOG = 64 << 20
_HARDWARE_ROWS = 200
"""Rows that a folder of a hardware language is run on: its simulator takes them one by one."""


def report(
    things: Thing | Sequence[Thing],
    output: str | os.PathLike[str],
    *,
    data: Any = None,
    y: Any = None,
    label: str | None = None,
    log: str | os.PathLike[str] | None = None,
    run: bool = False,
    title: str | None = None,
    max_memory: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write a page about a model or circuit, about compiled folders, or about a model and its folders; gives its path.

    things: one or several; a folder without a manifest stands for the model and the compiled folders in it. data, y:
    rows as `lgnc.simulate` takes them; a named set or a file is split as in training. label: its label's column. log:
    the file of `lgnc train --log`, for curves where the model has none. run: run the code in the compiled folders on
    `data`. title: the page's heading. progress: told what is done.

    The page is one HTML file that needs no other; what is not known is said in it and left out. Raises BadInput for
    what cannot be read or does not belong together, ToolMissing without the packages of lgnc[report].
    """
    for package in ("jinja2", "matplotlib"):
        require_package(package)
    if run and data is None:
        raise BadInput("there are no rows to run folders on", where="run", fix="give --data")
    path = Path(output)
    history = None if log is None else _logged(Path(log))
    progress("read")
    single = isinstance(things, str | os.PathLike) or not isinstance(things, Sequence)
    subject = subject_of([things] if single else list(things))  # type: ignore[list-item,arg-type]
    tell(() if subject.source is None else subject.source.notes)
    held = None if data is None else hold(data, y)
    progress("run")
    rows = None if held is None else rows_for(subject, held, label, max_memory)
    speeds = _speeds(subject, held, label, progress) if run and held is not None else {}
    progress("draw")
    from lgnc.flows.report_page import page_of
    from lgnc.report.page import render

    recorded = subject.training.get("history") if history is None else history
    write_file(path, render(page_of(subject, rows, recorded, speeds, title)))
    return path


def _logged(path: Path) -> list[Any]:
    """The epochs of a file of JSON lines. Raises BadInput where it is none."""
    epochs = []
    for number, line in enumerate(read_file(path, _MOST_LOG).splitlines(), 1):
        if line.strip():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                found = None
            if not isinstance(found, dict) or "epoch" not in found:
                fix = "give the file that 'lgnc train --log' wrote"
                raise BadInput("is no epoch of a training", where=f"{path}, line {number}", fix=fix)
            epochs.append(found)
    return epochs


def _speeds(
    subject: Subject, data: str | Held, label: str | None, progress: Callable[[str], None]
) -> dict[str, tuple[str, str]]:
    """Folder -> (rows a second, what was compared), of each folder that can be run here."""
    found = {}
    for each in subject.folders:
        progress(f"run {each.path.name}")
        found[str(each.path)] = _ran(each, data, label)
    return found


def _ran(folder: Folder, data: str | Held, label: str | None) -> tuple[str, str]:
    from lgnc.backends.table import target_of

    limit = _HARDWARE_ROWS if target_of(folder.manifest.target).hardware else None
    try:
        done = measure(folder.path, data, label=label, limit=limit)
    except ToolMissing as error:
        return "not run", f"not run: {error}"
    wrong = 0 if done.against is None else mismatches(done.result, done.against)
    rows = len(done.taken.y)
    rate = f"{rows / max(done.result.seconds, 1e-9):,.0f}"
    return rate, f"run with {done.result.engine} on {rows:,} rows: {wrong:,} answers differ from the circuit's"


def unknown_lines(subject: Subject, rows: Rows | None, history: bool, speeds: bool) -> list[str]:
    """What the page leaves out, and what would add it."""
    lines = []
    if rows is None:
        lines.append("No rows were given: confusion and misclassified rows are left out (--data DATA adds them).")
    if not history:
        lines.append("There are no two epochs of the training's history: no curves (--log FILE adds them).")
    if subject.source is None:
        lines.append("The model is not here: what its layers were before the passes is left out (give it too).")
    if not subject.folders:
        lines.append("No compiled folder was given: sizes and speeds by target are left out (give DIR too).")
    elif not speeds:
        lines.append("The compiled code was not run: speeds are left out (--run with --data adds them).")
    if not subject.optimised:
        lines.append(f"The passes were not run on {subject.circuit.gates:,} gates (a compiled DIR has run them).")
    if "lut6" not in subject.costs["whole"]:
        lines.append(f"Look-up tables are counted for up to {MOST_MAPPED:,} gates, with encoder and head.")
    return lines
