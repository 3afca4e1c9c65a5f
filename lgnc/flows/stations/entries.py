"""Every way into an emitted network: each function, packed rows, batches that end in the middle of a block, threads,
and the C code for each width of vectors; all against the folder's circuit, on the same rows.
"""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.text import macro_prefix
from lgnc.diagnostics import Failed
from lgnc.flows.stations.visit import Visit
from lgnc.ir.simulate import encode, pack, simulate, simulate_outputs, unpack
from lgnc.sim import c, numpy, onnx
from lgnc.toolchain import require_tool, run
from lgnc.verify.verdict import Station, not_checked

_MOST_BYTES = 2_000_000
"""Of C source that is compiled once for each width of vectors."""

_GUARD = 64

Answers = dict[str, NDArray[Any]]
"""'predict' and 'scores', or 'outputs' -> what is right for every row."""


def entry_points(visit: Visit) -> Station:
    """The station 'entry points' of targets whose code is called."""
    check = {"c": _c, "numpy": _numpy, "onnx": _onnx}.get(visit.manifest.target)
    if check is None or not len(visit.rows):
        return not_checked("entry points", f"nothing here calls a folder of target {visit.manifest.target}")
    return check(visit)


def answers(visit: Visit, rows: NDArray[Any]) -> Answers:
    """What the folder's circuit gives for [n, features] rows."""
    circuit = visit.circuit
    if circuit.head is None:
        return {"outputs": unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, rows))), len(rows))}
    scores, classes = simulate(circuit, rows)
    return {"predict": classes, "scores": scores}


def _rows(visit: Visit, count: int) -> NDArray[Any]:
    """[count, features]: the most telling ones, again from the start where there are fewer."""
    return np.ascontiguousarray(visit.rows[np.arange(count) % len(visit.rows)])


def _sizes(block: int) -> list[int]:
    """Batches around the places where one block, or one word of 64 samples, ends."""
    found = {0, 1, 2, 7, 63, 64, 65, block - 1, block, block + 1, 2 * block + 65}
    return sorted(size for size in found if size >= 0)


def _wrong(what: str, size: int, found: Any, right: NDArray[Any]) -> str | None:
    """A line where an answer for the first `size` rows is not what it should be."""
    given = np.asarray(found)
    if given.shape != right[:size].shape:
        return f"{what} gives {given.dtype}{list(given.shape)} for {size} rows, not {list(right[:size].shape)}"
    differs = (given != right[:size]).reshape(size, -1).any(axis=1) if size else np.zeros(0, np.bool_)
    if not differs.any():
        return None
    row = int(np.argmax(differs))
    return f"{what} of {size} rows gives {given[row].tolist()} for row {row}, not {right[row].tolist()}"


def _station(wrong: str | None, told: str) -> Station:
    return Station("entry points", wrong is None, "tested", wrong or told)


def _calls(visit: Visit, block: int, kinds: dict[str, Callable[..., Any]], told: str) -> Station:
    """Every call of `kinds` on batches of every size."""
    sizes = _sizes(block)
    rows = _rows(visit, sizes[-1])
    right = answers(visit, rows)
    for kind, call in kinds.items():
        for size in sizes:
            if wrong := _wrong(kind, size, call(rows[:size]), right[kind]):
                return _station(wrong, "")
    return _station(None, f"{told} on {len(sizes)} batches of 0 to {sizes[-1]:,} rows")


def _numpy(visit: Visit) -> Station:
    network = numpy.Network(visit.path, visit.manifest)
    module: Any = numpy.load_module(visit.path, visit.manifest)
    block = getattr(module, "BLOCK", 64)
    kinds = ("outputs",) if visit.circuit.head is None else ("predict", "scores")
    block = block if type(block) is int and 0 < block <= 1 << 16 else 64
    return _calls(visit, block, {kind: getattr(network, kind) for kind in kinds}, " and ".join(kinds))


def _onnx(visit: Visit) -> Station:
    network = onnx.Network(visit.path, visit.manifest)
    names = ["outputs"] if visit.circuit.head is None else ["predict", "scores"]
    kinds: dict[str, Callable[..., Any]] = {name: getattr(network, name) for name in names}
    found = _calls(visit, 512, kinds, " and ".join(kinds))
    if found.ok and visit.circuit.head is not None:
        rows = _rows(visit, 65)
        right, both = answers(visit, rows), network._run(["scores", "class"], rows)
        wrong = _wrong("scores beside class", 65, both[0], right["scores"])
        wrong = wrong or _wrong("class beside scores", 65, both[1], right["predict"])
        return _station(wrong, f"{found.detail}, each alone and both at once")
    return found


def _c(visit: Visit) -> Station:
    """Each width of vectors in a library of its own: every function, with any workspace address, then threads."""
    assert visit.manifest.c is not None
    source = visit.manifest.read(visit.path, f"{visit.name}.c")
    widths = _widths(source, visit.name)
    told = []
    with tempfile.TemporaryDirectory(prefix="lgnc-entries-") as place:
        at = Path(place)
        for ending in (".c", ".h"):
            (at / f"{visit.name}{ending}").write_bytes(visit.manifest.read(visit.path, f"{visit.name}{ending}"))
        for width in widths:
            library = _library(at, visit, width)
            calls = list(_c_calls(library, visit))
            wrong = next((each for each in (_c_wrong(visit, *call, width) for call in calls) if each), None)
            if wrong is not None:
                return _station(wrong, "")
            told = [name for name, *_ in calls]
    wrong = _c_threads(visit)
    form = f", compiled for vectors of {', '.join(map(str, widths))} bytes" if widths != [None] else ""
    return _station(wrong, f"{', '.join(told)} on batches around a block of {visit.manifest.c.block}{form}; threads")


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
extern int lgnc_width;
int lgnc_width = 64;
static int lgnc_supports(const char *what)
{
    return lgnc_width >= (what[3] == '5' ? 64 : 32);
}
"""
"""All forms in one library: `lgnc_width` says which of them is chosen."""


def _library(at: Path, visit: Visit, width: int | None) -> ctypes.CDLL:
    """The library whose vectors are of `width` bytes: one without vectors, and one for all others."""
    kind = "plain" if width == 8 else "all"
    library, source = at / f"{kind}.so", at / f"{kind}.c"
    if not library.is_file():
        source.write_text(_SUPPORTS.replace("SOURCE", f"{visit.name}.c"), "ascii")
        define = [f"-D{macro_prefix(visit.name)}WIDEST=8"] if width == 8 else []
        run([require_tool("cc"), "-std=c99", "-O0", "-shared", "-fPIC", *define, "-o", library, source], cwd=at)
    loaded = ctypes.CDLL(str(library))
    ctypes.c_int.in_dll(loaded, "lgnc_width").value = width or 64
    return loaded


Call = tuple[str, str, bool, Callable[..., None], bool]
"""Its name, what it gives ('predict' ...), whether it takes packed rows, the function, and a workspace first."""


def _c_calls(library: ctypes.CDLL, visit: Visit) -> Iterator[Call]:
    """Every function of the library, with and without a workspace."""
    assert visit.manifest.c is not None
    for kind, name in visit.manifest.c.entry.items():
        base, packed = kind.removesuffix("_packed"), kind.endswith("_packed")
        if not hasattr(library, name):
            raise Failed(f"has no function '{name}'", where=f"{visit.name}.c", fix="compile it again")
        yield name, base, packed, _typed(getattr(library, name), 4), True
        if hasattr(library, plain := name.removesuffix("_in")):
            yield plain, base, packed, _typed(getattr(library, plain), 3), False


def _typed(function: Any, arguments: int) -> Callable[..., None]:
    function.argtypes = [*[ctypes.c_void_p] * (arguments - 2), ctypes.c_size_t, ctypes.c_void_p]
    function.restype = None
    typed: Callable[..., None] = function
    return typed


def _c_wrong(
    visit: Visit, name: str, kind: str, packed: bool, function: Callable[..., None], held: bool, width: int | None
) -> str | None:
    """A line where a function gives a wrong answer, or writes beyond its answers."""
    facts = visit.manifest.c
    assert facts is not None
    sizes = _sizes(facts.block)
    rows = _rows(visit, sizes[-1])
    right = answers(visit, rows)[kind].astype(np.uint8 if kind == "outputs" else np.int32)
    given = np.packbits(rows, axis=1, bitorder="little") if packed else rows
    what = name if width is None else f"{name} with vectors of {width} bytes"
    memory = np.zeros(facts.workspace_bytes + _GUARD, np.uint8)
    for number, size in enumerate(sizes):
        out = np.full(right[:size].size + _GUARD, 0x55, right.dtype)
        x = np.ascontiguousarray(given[:size])
        workspace = [memory.ctypes.data + number % _GUARD] if held else []
        function(*workspace, x.ctypes.data, size, out.ctypes.data)
        if wrong := _wrong(what, size, out[: right[:size].size].reshape(right[:size].shape), right):
            return wrong
        if (out[right[:size].size :] != 0x55).any():
            return f"{what} writes beyond its answers for {size} rows"
    return None


def _c_threads(visit: Visit) -> str | None:
    """A line where two threads together give a wrong answer."""
    facts = visit.manifest.c
    assert facts is not None
    network = c.Network(visit.path, visit.manifest, threads=2)
    rows = _rows(visit, 3 * facts.block + 1)
    for kind, right in answers(visit, rows).items():
        if wrong := _wrong(f"{kind} in two threads", len(rows), getattr(network, kind)(rows), right):
            return wrong
    return None
