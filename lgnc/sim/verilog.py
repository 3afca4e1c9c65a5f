"""Running a Verilog folder: its own testbench with Icarus Verilog, or its design with Verilator."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.verilog.testbench import feature_words, hex_lines
from lgnc.diagnostics import BadInput, Failed
from lgnc.files import read_file
from lgnc.sim.manifest import Manifest, VerilogFacts
from lgnc.sim.result import RunResult
from lgnc.sim.verilator import forecast as seconds_of
from lgnc.sim.verilator import verilated
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool

_BUILD_SECONDS, _BUILD_SECONDS_A_BYTE = 600.0, 1e-3
_RUN_SECONDS, _RUN_SECONDS_A_BYTE = 120.0, 5e-7
"""What building a design, and running one vector, may take: some ten times what the slowest were seen to take."""

_ROWS = 20_000
"""Rows that one start of the simulator takes: their vectors are held in its memory."""

_ICARUS_BUILD, _ICARUS_ROW = 2e-6, 1e-8
"""CPU seconds of Icarus for a byte of the design, and for a byte and a row."""

_WORTH_SAYING = 3.0
"""Seconds that a run must be expected to take before it is told."""


def run(folder: Path, manifest: Manifest, features: NDArray[Any], engine: str = "iverilog") -> RunResult:
    """What the design gives for [n, features] rows of the manifest's dtype.

    engine: 'iverilog', which runs the folder's testbench, or 'verilator', which runs the design alone, built once into
    the cache. Floats are encoded here, in the thresholds that the manifest gives: the design takes bits. Raises
    ToolMissing without the simulator, Failed when it fails or a result is not 0 or 1.
    """
    facts = _facts(folder, manifest)
    words = _input_words(facts, features)
    if engine == "verilator":
        found, seconds, building = verilated(*_design(folder, manifest, facts), words)
    elif engine == "iverilog":
        found, seconds, building = _by_testbench(folder, manifest.name, facts, words)
    else:
        raise BadInput(f"unknown engine '{engine}'", where="verilog", fix="valid: iverilog, verilator")
    return _decode(found, facts, engine, seconds, building)


def forecast(folder: Path, manifest: Manifest, rows: int, engine: str) -> str | None:
    """How long a run will take, in a line, where that is worth saying."""
    design = _design(folder, manifest, _facts(folder, manifest))
    if engine == "verilator":
        building, running = seconds_of(*design, rows)
    else:
        size = os.path.getsize(design[0])
        building, running = _ICARUS_BUILD * size, _ICARUS_ROW * size * rows
    if building + running < _WORTH_SAYING:
        return None
    once = ", once" if engine == "verilator" else ""
    first = f"about {building:.0f} s to build it{once}, then " if building >= 1 else ""
    return f"{engine}: {first}about {max(running, 1):.0f} s for {rows:,} rows"


def _facts(folder: Path, manifest: Manifest) -> VerilogFacts:
    if manifest.verilog is None:
        raise BadInput("is not a Verilog folder", where=str(folder), fix="compile with -t verilog")
    return manifest.verilog


def _design(
    folder: Path, manifest: Manifest, facts: VerilogFacts
) -> tuple[Path, str, tuple[str, int], tuple[tuple[str, int], ...]]:
    """(file, module, input port, results)."""
    return folder / f"{manifest.name}.v", manifest.name, (facts.port, facts.width), facts.outputs


def _by_testbench(
    folder: Path, name: str, facts: VerilogFacts, words: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], float, float]:
    """(results, seconds of the run, seconds of the build) of the folder's own testbench under Icarus."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lgnc-verilog-") as place:
        at = Path(place)
        rows = min(max(len(words), 1), _ROWS)
        sources = [str((folder / each).resolve()) for each in (f"{name}.v", f"tb_{name}.v")]
        size = sum(os.path.getsize(source) for source in sources if os.path.isfile(source))
        command = _build(sources, f"tb_{name}", rows, at, _BUILD_SECONDS + _BUILD_SECONDS_A_BYTE * size)
        built = time.perf_counter()
        limit = _RUN_SECONDS + _RUN_SECONDS_A_BYTE * size * rows
        batches = [words[first : first + rows] for first in range(0, len(words), rows)]
        results = [_batch(command, batch, rows, name, facts, at, limit) for batch in batches]
    total = sum(width for _, width in facts.outputs)
    bits = np.concatenate(results) if results else np.zeros((0, total), np.bool_)
    return bits, time.perf_counter() - built, built - started


def _input_words(facts: VerilogFacts, features: NDArray[Any]) -> NDArray[np.bool_]:
    """bool[n, width]: the words of the design's input port."""
    if facts.port == "bits":
        thresholds = np.array(facts.threshold, np.float64)
        return features[:, np.array(facts.feature, np.int64)] > thresholds
    return feature_words(features)


def _build(sources: list[str], top: str, rows: int, at: Path, limit: float) -> list[str]:
    """Compile the sources, in at most `limit` seconds; returns the command that runs them."""
    program = at / "design.vvp"
    iverilog, vvp = require_tool("iverilog"), require_tool("vvp")
    run_tool([iverilog, "-g2001", f"-P{top}.COUNT={rows}", "-s", top, "-o", program, *sources], timeout=limit)
    return [vvp, "-N", str(program), "+record"]


def _batch(
    command: list[str], words: NDArray[np.bool_], rows: int, name: str, facts: VerilogFacts, at: Path, limit: float
) -> NDArray[np.bool_]:
    """bool[n, width]: the results of at most `rows` input words."""
    padded = np.zeros((rows, words.shape[1]), np.bool_)
    padded[: len(words)] = words
    (at / f"{name}_vectors.hex").write_bytes(hex_lines(padded))
    run_tool(command, cwd=at, timeout=limit)
    path = at / f"{name}_results.hex"
    if not path.is_file():
        raise Failed("the testbench wrote no results", where=f"tb_{name}.v", fix="compile the folder again")
    lines = read_file(path).decode(errors="replace").split()[: len(words)]
    width = sum(width for _, width in facts.outputs)
    digits = -(-width // 8) * 2
    try:
        octets = bytes.fromhex("".join(line.zfill(digits) for line in lines))
    except ValueError:
        bad = next(line for line in lines if set(line) - set("0123456789abcdef"))
        raise Failed(f"a result is not 0 or 1: {bad[:80]}", where=f"{name}.v", fix="compile the folder again") from None
    if len(octets) * 2 != digits * len(words):
        raise Failed("the testbench wrote too few results", where=f"tb_{name}.v", fix="compile the folder again")
    table = np.frombuffer(octets, np.uint8).reshape(len(words), -1)[:, ::-1]
    return np.unpackbits(table, axis=1, count=width, bitorder="little").astype(np.bool_)


def _decode(
    bits: NDArray[np.bool_], facts: VerilogFacts, engine: str, seconds: float, built_seconds: float
) -> RunResult:
    """The ports of the results, the first one lowest, as scores and classes, or as plain outputs."""
    fields, first = {}, 0
    for port, width in facts.outputs:
        fields[port] = bits[:, first : first + width]
        first += width
    if "outputs" in fields:
        return RunResult(engine, None, None, fields["outputs"], seconds, built_seconds)
    scores = classes = None
    if "scores" in fields and facts.score is not None:
        width, base = facts.score
        each = fields["scores"].reshape(len(bits), fields["scores"].shape[1] // width, width)
        scores = ((each.astype(np.int64) << np.arange(width)).sum(axis=2) + base).astype(np.int32)
        classes = scores.argmax(axis=1).astype(np.int64)
    if "class_index" in fields:
        index = fields["class_index"].astype(np.int64)
        classes = (index << np.arange(index.shape[1])).sum(axis=1)
    return RunResult(engine, scores, classes, None, seconds, built_seconds)
