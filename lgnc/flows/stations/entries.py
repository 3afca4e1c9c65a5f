"""Every way into an emitted network: each function, on batches that end in the middle of a block; all against the
folder's circuit, on the same rows. `c_entries` has the ways into C.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numpy.typing import NDArray

from lgnc.flows.stations.batches import answers, difference, rows_of, sizes_around, station
from lgnc.flows.stations.c_entries import c_entry_points
from lgnc.flows.stations.visit import Visit
from lgnc.sim import numpy, onnx
from lgnc.verify.verdict import Station, not_checked


def entry_points(visit: Visit) -> Station:
    """The station 'entry points' of targets whose code is called."""
    check = {"c": c_entry_points, "numpy": _numpy, "onnx": _onnx}.get(visit.manifest.target)
    if check is None or not len(visit.rows):
        return not_checked("entry points", f"nothing here calls a folder of target {visit.manifest.target}")
    return check(visit)


def _calls(visit: Visit, block: int, kinds: dict[str, Callable[..., Any]], told: str) -> Station:
    """Every call of `kinds` on batches of every size."""
    sizes = sizes_around(block)
    rows = rows_of(visit, sizes[-1])
    right = answers(visit, rows)
    for kind, call in kinds.items():
        for size in sizes:
            if wrong := difference(kind, size, call(rows[:size]), right[kind]):
                return station(wrong, "")
    return station(None, f"{told} on {len(sizes)} batches of 0 to {sizes[-1]:,} rows")


def _numpy(visit: Visit) -> Station:
    """All calls in a process of their own: one that never ends is stopped."""
    module: Any = numpy.load_module(visit.path, visit.manifest)
    block = getattr(module, "BLOCK", 64)
    kinds = ("outputs",) if visit.circuit.head is None else ("predict", "scores")
    block = block if type(block) is int and 0 < block <= 1 << 16 else 64
    sizes = sizes_around(block)
    given = numpy.call_apart(visit.path, visit.manifest, kinds, rows_of(visit, sizes[-1]), sizes)
    calls: dict[str, Callable[..., Any]] = {kind: partial(_of_size, given, kind) for kind in kinds}
    return _calls(visit, block, calls, " and ".join(kinds))


def _of_size(given: numpy.Calls, kind: str, rows: NDArray[Any]) -> NDArray[Any]:
    return given[kind, len(rows)]


def _onnx(visit: Visit) -> Station:
    network = onnx.Network(visit.path, visit.manifest)
    names = ["outputs"] if visit.circuit.head is None else ["predict", "scores"]
    kinds: dict[str, Callable[..., Any]] = {name: getattr(network, name) for name in names}
    found = _calls(visit, 512, kinds, " and ".join(kinds))
    if found.ok and visit.circuit.head is not None:
        rows = rows_of(visit, 65)
        right, both = answers(visit, rows), network._run(["scores", "class"], rows)
        wrong = difference("scores beside class", 65, both[0], right["scores"])
        wrong = wrong or difference("class beside scores", 65, both[1], right["predict"])
        return station(wrong, f"{found.detail}, each alone and both at once")
    return found
