"""Verilog designs as programs: Verilator and a harness of ours, built once, rows in and results out as packed words."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from itertools import dropwhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import Failed
from lgnc.files import read_file
from lgnc.sim.cache import built, is_built
from lgnc.toolchain import require_tool, tool_version
from lgnc.toolchain import run as run_tool

_FLAGS = ("-O3", "-fno-const-bit-op-tree", "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal", "-Wno-lint")
"""Verilator 5.006 gives wrong parities of hundreds of bits where it may rewrite trees of bit operations."""

_SPLIT = ("--output-split", "400000", "--output-split-cfuncs", "500")
_COMPILE = "-O1"
_LIMIT, _LIMIT_A_BYTE = 600.0, 1e-3

Port = tuple[str, int]
Bits = NDArray[np.bool_]


def verilated(design: Path, name: str, source: Port, results: Sequence[Port], words: Bits) -> tuple[Bits, float, float]:
    """(bool[n, width], seconds of the run, seconds of the build): what the ports `results`, the first lowest, show.

    words: bool[n, width] of the port `source`. Raises ToolMissing without Verilator, make and a C++ compiler, Failed
    when one of them or the design fails.
    """
    started = time.perf_counter()
    text = _without_head(read_file(design))
    program = built("verilator", "", _about(text, name, source, results), _maker(text, name, source, results))
    ready = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lgnc-verilator-") as place:
        rows, answers = Path(place, "rows"), Path(place, "results")
        rows.write_bytes(_packed(words))
        run_tool([program, rows, answers], timeout=_LIMIT + 1e-7 * len(text) * len(words))
        found = _unpacked(read_file(answers), results, len(words))
    return found, time.perf_counter() - ready, ready - started


def forecast(design: Path, name: str, source: Port, results: Sequence[Port], rows: int) -> tuple[float, float]:
    """(seconds to build, 0 where it is built; seconds to run `rows`), roughly, on one processor of today."""
    text = _without_head(read_file(design))
    there = is_built("verilator", _about(text, name, source, results))
    return 0.0 if there else 5.0 + 2.5e-5 * len(text), 4.0e-11 * len(text) * rows


def _without_head(text: bytes) -> bytes:
    """The design without the comments at its head, which say how it was proven: it is the same program."""
    kept = dropwhile(_is_comment, text.splitlines(keepends=True))
    return b"".join(kept)


def _is_comment(line: bytes) -> bool:
    return line.startswith(b"//")


def _about(text: bytes, name: str, source: Port, results: Sequence[Port]) -> object:
    """What a built design depends on."""
    tools = tool_version("verilator"), tool_version("c++"), platform.machine(), platform.node()
    return tools, _FLAGS, _SPLIT, _COMPILE, _harness(), name, source, tuple(results), text


@cache
def _harness() -> str:
    return (files("lgnc.sim") / "verilator.cpp").read_text("ascii")


def _maker(text: bytes, name: str, source: Port, results: Sequence[Port]) -> Callable[[Path], Path]:
    """What builds a design in an empty folder."""

    def make(build: Path) -> Path:
        verilator, maker, compiler = (require_tool(tool) for tool in ("verilator", "make", "c++"))
        given = " ".join(f"give({port})" for port, _ in results)
        head = f"#define SOURCE {source[0]}\n#define RESULTS(give) {given}\n"
        (build / f"{name}.v").write_bytes(text)
        (build / "main.cpp").write_text(head + _harness(), "ascii")
        command = [verilator, "--cc", "--exe", *_FLAGS, *_SPLIT, "--prefix", "Vdesign", "--top-module", name]
        limit = _LIMIT + _LIMIT_A_BYTE * len(text)
        run_tool([*command, "--Mdir", "made", "-o", "design", "main.cpp", f"{name}.v"], cwd=build, timeout=limit)
        options = [f"CXX={compiler}", f"LINK={compiler}", f"OPT_FAST={_COMPILE}", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1"]
        run_tool([maker, "-s", "-C", "made", "-f", "Vdesign.mk", *options], cwd=build, timeout=limit)
        return build / "made" / "design"

    return make


def _packed(words: Bits) -> bytes:
    """Rows of bits as 32-bit words, the lowest bit first."""
    octets = np.zeros((len(words), 4 * max(1, -(-words.shape[1] // 32))), np.uint8)
    octets[:, : -(-words.shape[1] // 8)] = np.packbits(words, axis=1, bitorder="little")
    return octets.tobytes()


def _unpacked(data: bytes, results: Sequence[Port], rows: int) -> Bits:
    """bool[rows, width] of what the harness wrote. Raises Failed when it is not as much as it should be."""
    octets = [4 * max(1, -(-width // 32)) for _, width in results]
    if len(data) != rows * sum(octets):
        fix = "compile the folder again"
        raise Failed(f"gave {len(data):,} bytes, not {rows * sum(octets):,}", where="verilator", fix=fix)
    table = np.frombuffer(data, np.uint8).reshape(rows, sum(octets))
    parts, at = [], 0
    for (_, width), size in zip(results, octets, strict=True):
        parts.append(np.unpackbits(table[:, at : at + size], axis=1, count=width, bitorder="little"))
        at += size
    return np.concatenate(parts, axis=1).astype(np.bool_)
