"""What `lgnc verify` says of a folder in which a fault was planted, asked in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

VALUES = 1 << 16
"""Of two features of a byte: all of them are tried where code is run."""

CPU_SECONDS = 60
"""For each process that a question starts: a fault may make code go on for ever."""

SECONDS = 900.0
"""For a proof, each run and the whole question; on a busy machine CPU_SECONDS come first."""

SHOWN = ("missed", "passed its tests", "undecided", "ended by the clock")

_STATIONS = {
    "_axis.v": "wrapper axis",
    "_axil.v": "wrapper axil",
    "_serial.v": "wrapper serial",
    "_row.c": "rows",
    "_row.h": "rows",
    "_row.v": "rows",
    "_row.onnx": "rows",
    "_codes.c": "codes",
    "_codes.h": "codes",
    ".bin": "blob",
    "_blob.c": "blob",
    "_xilinx.v": "mapped form",
    "_ice40.v": "mapped form",
    "_ecp5.v": "mapped form",
}
"""The end of a file's name -> the station that is about it; other files are about the function."""


def answer_apart(model: Path, folder: Path, right: Path, file: str, *, every: bool) -> str:
    """`_answer` in a process of its own, which inherits what is imported; it is ended where it takes too long."""
    end, start = os.pipe()
    child = os.fork()
    if not child:
        os.setpgrp()
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            told = _answer(model, folder, right, file, every=every)
        except BaseException as error:
            told = f"failed: {type(error).__name__}: {error}"
        os.write(start, told.encode()[:4000])
        os._exit(0)
    os.close(start)
    try:
        ready, _, _ = select.select([end], [], [], 2 * SECONDS)
        told = os.read(end, 4096).decode() if ready else ""
    finally:
        os.close(end)
        if not told:
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return told or "ended by the clock"


def _answer(model: Path, folder: Path, right: Path, file: str, *, every: bool) -> str:
    """'refuted' (NO, the folder is refused, or its code ends its process), 'ended by the clock', 'proven harmless'
    (what is about the file is proven, or every value was tried; or the file is the right one once compiled), 'named' (a
    station that was not checked names the file), 'passed its tests' (yes, and no proof is about the file), 'missed'
    (yes, and the function is not proven), 'undecided', or 'unchanged'.

    right: the folder without the fault. file: where the fault is; '': in all of them. every: whether code is run on
    every value.
    """
    from lgnc.diagnostics import LgncError
    from lgnc.flows.compare import verify
    from lgnc.toolchain import TookTooLong

    if _contents(folder) == _contents(right):
        return "unchanged"
    try:
        verdict = verify(model, folder, vectors=VALUES if every else None, time_limit=SECONDS)
    except TookTooLong:
        return "ended by the clock"
    except LgncError as error:
        return "ended by the clock" if "SIGXCPU" in str(error) else "refuted"
    if verdict.equal is False:
        long = any(station.ok is False and "SIGXCPU" in station.detail for station in verdict.stations)
        return "ended by the clock" if long else "refuted"
    if file and any(not station.checked and file in station.detail for station in verdict.stations):
        return "named"
    if verdict.equal is None or verdict.unchecked:
        return "undecided"
    return _harmless({station.name: station for station in verdict.stations}, folder, right, file)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _harmless(stations: dict[str, Any], folder: Path, right: Path, file: str) -> str:
    """How it is known that a fault which passed changes nothing."""
    if stations["function"].how not in ("proven", "exhaustive"):
        return "missed"
    if file.endswith(".hex"):  # Each vector was run, and its answer compared, on a design that is proven.
        return "proven harmless"
    about = next((station for end, station in _STATIONS.items() if file.endswith(end)), "function")
    names = [about, "handshake"] if about == "function" and "handshake" in stations else [about]
    if all(_proven(stations[name]) for name in names) or _same(folder, right, file):
        return "proven harmless"
    return "passed its tests"


def _proven(station: Any) -> bool:
    return station.how in ("proven", "exhaustive") or "read back and proven" in station.detail


def _same(folder: Path, right: Path, file: str) -> bool:
    """Whether a compiler makes the same of the file with and without the fault, or yosys proves both the same."""
    with tempfile.TemporaryDirectory(prefix="lgnc-same-") as place:
        at = Path(place)
        if file.endswith(".v"):
            return _equivalent(at, folder, right, file)
        return file.endswith((".c", ".h")) and _machine_code(at, folder, file) == _machine_code(at, right, file)


def _machine_code(at: Path, folder: Path, file: str) -> bytes:
    source = file.replace(".h", ".c")
    out = at / "code.s"
    words = ["gcc", "-std=c99", "-O2", "-S", "-fno-asynchronous-unwind-tables", "-o", str(out), source]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return out.read_bytes()


_EQUIVALENT = """
read_verilog {right}; prep -flatten -top {top}; memory_map; opt -full; rename {top} gold; design -stash gold
read_verilog {wrong}; prep -flatten -top {top}; memory_map; opt -full; rename {top} gate; design -stash gate
design -copy-from gold -as gold gold; design -copy-from gate -as gate gate
equiv_make gold gate equiv; hierarchy -top equiv; equiv_struct
equiv_simple -undef; equiv_induct -undef; equiv_status -assert
"""


def _equivalent(at: Path, folder: Path, right: Path, file: str) -> bool:
    """Whether two modules, from equal registers on, stay equal: proven by induction."""
    top = file.removesuffix(".v")
    files = sorted({path.name for path in right.glob("*.v") if not path.name.startswith(("tb_", "cells_"))})
    names = {"right": right, "wrong": folder}
    words = {key: " ".join(str(place / each) for each in files) for key, place in names.items()}
    (at / "same.ys").write_text(_EQUIVALENT.format(**words, top=top))
    done = subprocess.run(["yosys", "-q", "same.ys"], cwd=at, check=False, capture_output=True)
    return done.returncode == 0


def read_log(path: Path | None) -> dict[tuple[str, int], dict[str, Any]]:
    """(folder, number) -> what was written about that fault, of a campaign that goes on."""
    if path is None or not path.is_file():
        return {}
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return {(each["folder"], each["number"]): each for each in found}
