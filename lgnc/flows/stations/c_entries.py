"""Every way into an emitted C library: each function, packed rows, any workspace address, threads, and the code for
each width of vectors. What is called runs in processes of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.text import macro_prefix
from lgnc.diagnostics import Failed
from lgnc.flows.stations.batches import Answers, answers, difference, rows_of, sizes_around, station
from lgnc.flows.stations.visit import Visit
from lgnc.native import Argument, Call, call_apart
from lgnc.sim.c_library import shared_library
from lgnc.sim.manifest import CFacts
from lgnc.toolchain import require_tool, run
from lgnc.verify.verdict import Station

_MOST_BYTES = 2_000_000
"""Of C source that is compiled once for each width of vectors."""

_GUARD = 64

_ALONE = 512
"""Rows that are taken one by one too: one sample may have code of its own."""


def c_entry_points(visit: Visit) -> Station:
    """The station 'entry points' of C: the library for each width of vectors, then threads."""
    facts = visit.manifest.c
    assert facts is not None
    widths = _widths(visit.manifest.read(visit.path, f"{visit.name}.c"), visit.name)
    rows = rows_of(visit, max(3 * facts.block + 1, sizes_around(facts.block)[-1]))
    right = {
        kind: found.astype(np.uint8 if kind == "outputs" else np.int32) for kind, found in answers(visit, rows).items()
    }
    with tempfile.TemporaryDirectory(prefix="lgnc-entries-") as place:
        at = Path(place)
        visit.copy(at, f"{visit.name}.c", f"{visit.name}.h")
        libraries = {width: _library(at, visit, width) for width in widths}
        wrong, told = _alone(visit, facts, libraries, rows, right)
    wrong = wrong or _threads(visit, facts, rows, right)
    form = f", compiled for vectors of {', '.join(map(str, widths))} bytes" if widths != [None] else ""
    return station(wrong, f"{', '.join(told)} on batches around a block of {facts.block}{form}; threads")


def _widths(source: bytes, name: str) -> list[int | None]:
    """The widths of vectors that this processor runs; [None]: there is but one form."""
    if f"{macro_prefix(name)}WIDEST".encode() not in source or len(source) > _MOST_BYTES:
        return [None]
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    return [8, 16, *([32] if "avx2" in flags else []), *([64] if "avx512bw" in flags else [])]


_SUPPORTS = """
static int lgnc_supports(const char *what);
#define __builtin_cpu_supports lgnc_supports
#include "SOURCE"
static size_t lgnc_width = 64;
void lgnc_choose(size_t width);
void lgnc_choose(size_t width)
{
    lgnc_width = width;
}
static int lgnc_supports(const char *what)
{
    return lgnc_width >= (what[3] == '5' ? 64u : 32u);
}
"""
"""All forms in one library: `lgnc_choose` says which of them the calls after it take."""


def _library(at: Path, visit: Visit, width: int | None) -> Path:
    """The library whose vectors are of `width` bytes: one without vectors, and one for all others."""
    kind = "plain" if width == 8 else "all"
    library, source = at / f"{kind}.so", at / f"{kind}.c"
    if not library.is_file():
        source.write_text(_SUPPORTS.replace("SOURCE", f"{visit.name}.c"), "ascii")
        define = [f"-D{macro_prefix(visit.name)}WIDEST=8"] if width == 8 else []
        run([require_tool("cc"), "-std=c99", "-O0", "-shared", "-fPIC", *define, "-o", library, source], cwd=at)
    return library


class _Batch(NamedTuple):
    """Answers to come for the first `size` rows of the calls named `what`: `function` writes `kind` into `made`."""

    what: str
    function: str
    kind: str
    size: int
    made: bytearray


def _functions(facts: CFacts) -> Iterator[tuple[str, str, bool, bool]]:
    """(function, what it gives, whether it takes packed rows, whether a workspace), of those that there may be."""
    for call, name in facts.entry.items():
        kind, packed = call.removesuffix("_packed"), call.endswith("_packed")
        yield name, kind, packed, True
        yield name.removesuffix("_in"), kind, packed, False


def _alone(
    visit: Visit, facts: CFacts, libraries: dict[int | None, Path], rows: NDArray[Any], right: Answers
) -> tuple[str | None, list[str]]:
    """A line where a function gives a wrong answer or writes beyond its answers, and the functions that there are."""
    given = _given(facts, rows)
    blocks: list[bytes | bytearray] = [*(each.tobytes() for each in given), bytearray(facts.workspace_bytes + _GUARD)]
    batches: list[_Batch] = []
    calls: list[Call] = []
    for width, library in libraries.items():
        calls.append(Call(library, "lgnc_choose", (width or 64,)))
        for name, kind, packed, held in _functions(facts):
            what = name if width is None else f"{name} with vectors of {width} bytes"
            step, each = given[packed][0].nbytes, right[kind][0].nbytes
            sizes = sizes_around(facts.block)
            for number, size in enumerate(sizes):
                workspace: list[Argument] = [(2, number % _GUARD)] if held else []
                calls.append(Call(library, name, (*workspace, (packed, 0), size, (len(blocks), 0))))
                batches.append(_Batch(what, name, kind, size, _answers(blocks, size * each)))
            alone = min(sizes[-1], _ALONE)
            for row in range(alone):
                workspace = [(2, 0)] if held else []
                calls.append(Call(library, name, (*workspace, (packed, row * step), 1, (len(blocks), row * each))))
            batches.append(_Batch(f"{what}, row by row,", name, kind, alone, _answers(blocks, alone * each)))
    done = call_apart(blocks, calls, where=str(visit.path))
    if lost := done.missing & set(facts.entry.values()):
        raise Failed(f"has no function '{min(lost)}'", where=f"{visit.name}.c", fix="compile it again")
    found = [batch._replace(made=made) for batch, made in zip(batches, done.made[1:], strict=True)]
    there = [batch for batch in found if batch.function not in done.missing]
    wrong = next((line for line in (_wrong(batch, right[batch.kind]) for batch in there) if line), None)
    return wrong, list(dict.fromkeys(batch.function for batch in there))


def _given(facts: CFacts, rows: NDArray[Any]) -> list[NDArray[Any]]:
    """The rows as they are, and packed where there are functions that take them so."""
    packed = any(call.endswith("_packed") for call in facts.entry)
    return [rows, np.packbits(rows, axis=1, bitorder="little") if packed else rows[:0]]


def _answers(blocks: list[bytes | bytearray], size: int) -> bytearray:
    """A new block for answers of `size` bytes, and a guard."""
    made = bytearray(b"\x55" * (size + _GUARD))
    blocks.append(made)
    return made


def _wrong(batch: _Batch, right: NDArray[Any]) -> str | None:
    wanted = right[: batch.size]
    found = np.frombuffer(batch.made, right.dtype, wanted.size).reshape(wanted.shape)
    if wrong := difference(batch.what, batch.size, found, right):
        return wrong
    if any(each != 0x55 for each in batch.made[wanted.nbytes :]):
        return f"{batch.what} writes beyond its answers for {batch.size} rows"
    return None


def _threads(visit: Visit, facts: CFacts, rows: NDArray[Any], right: Answers) -> str | None:
    """A line where calls at the same time, for each half of the rows, give a wrong answer."""
    library, first = shared_library(visit.path, visit.manifest), 2 * facts.block
    blocks: list[bytes | bytearray] = [rows.tobytes()]
    calls = []
    for kind, found in right.items():
        blocks.append(bytearray(found.nbytes))
        made = len(blocks) - 1
        for start, size in ((0, first), (first, len(rows) - first)):
            blocks.append(bytearray(facts.workspace_bytes))
            at, to = (0, start * rows[0].nbytes), (made, start * found[0].nbytes)
            calls.append(Call(library, facts.entry[kind], ((len(blocks) - 1, 0), at, size, to)))
    done = call_apart(blocks, calls, where=str(visit.path), together=True)
    for (kind, found), block in zip(right.items(), done.made[::3], strict=True):
        given = np.frombuffer(block, found.dtype).reshape(found.shape)
        if wrong := difference(f"{kind} in two threads", len(rows), given, found):
            return wrong
    return None
