"""Every station of a compiled folder, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from lgnc.backends.table import target_of
from lgnc.flows.stations import c_blob, c_codes, c_project, c_rows, entries, hardware, onnx_rows, texts, verilog_rows
from lgnc.flows.stations.visit import Visit, timed
from lgnc.ir.circuit import Circuit
from lgnc.sim.manifest import Manifest
from lgnc.verify.head_sums import check_head
from lgnc.verify.verdict import Station, Verdict


def folder_stations(visit: Visit, function: Verdict, *, mark: str = "") -> tuple[Station, ...]:
    """The stations of a folder whose function has the verdict `function`. mark: what their names end in, where two
    folders are compared.
    """
    found = [*_before(visit), Station("function", function.equal, function.how, _told(function), function.seconds)]
    found += _after(visit)
    return tuple(Station(f"{each.name}{mark}", each.ok, each.how, each.detail, each.seconds) for each in found)


def _told(function: Verdict) -> str:
    return function.detail or ("" if function.equal is None else f"{function.vectors:,} vectors")


def _before(visit: Visit) -> Iterator[Station]:
    yield timed("files", lambda: texts.files(visit))
    yield timed("names", lambda: texts.names(visit))
    again = texts.written_again(visit)
    yield timed("manifest", lambda: texts.manifest(visit, again))
    covered = _covered(visit)
    yield timed("other files", lambda: texts.other_files(visit, again, covered))
    head = visit.circuit.head
    if head is not None:
        yield timed("head", lambda: check_head(head))


def _covered(visit: Visit) -> set[str]:
    """The files that stations other than 'other files' are about."""
    target, name = target_of(visit.manifest.target), visit.name
    found = {f"{name}{ending}" for ending in target.endings}
    if target.name == "onnx":
        found.add(f"{name}_row.onnx")
    if target.name == "verilog":
        found |= hardware.covered(visit)
    if target.name == "c":
        found.add(f"test/test_{name}.c")
        if _lists(visit.manifest, "_codes.c"):
            found |= {f"{name}_codes.c", f"{name}_codes.h"}
        if _lists(visit.manifest, "_row.c"):
            found |= {f"{name}_row.c", f"{name}_row.h"}
        if _lists(visit.manifest, ".bin"):
            found |= {f"{name}.bin", f"{name}_blob.c", f"{name}_blob.h"}
    return found


def _after(visit: Visit) -> Iterator[Station]:
    for name, check in _later(visit.manifest).items():
        yield timed(name, partial(check, visit))


def _later(manifest: Manifest) -> dict[str, Callable[[Visit], Station]]:
    """Station -> its check, of those that run something."""
    checks: dict[str, Callable[[Visit], Station]] = {}
    if manifest.target == "verilog":
        checks |= hardware.stations_of(manifest)
        if _lists(manifest, "_row.v"):
            checks["rows"] = verilog_rows.row_module
    else:
        checks["entry points"] = entries.entry_points
    if manifest.target == "onnx" and _lists(manifest, "_row.onnx"):
        checks["rows"] = onnx_rows.row_graph
    if manifest.c is not None:
        if _lists(manifest, "_codes.c"):
            checks["codes"] = c_codes.codes
        if _lists(manifest, "_row.c"):
            checks["rows"] = c_rows.row_calls
        if _lists(manifest, ".bin"):
            checks["blob"] = c_blob.blob
        checks["self-test"] = c_project.self_test
        if manifest.c.board is not None:
            checks["board"] = c_project.board
    return checks


def _lists(manifest: Manifest, ending: str) -> bool:
    """Whether a folder has such a file; those of an older lgnc have fewer."""
    return f"{manifest.name}{ending}" in manifest.files


def station_names(manifest: Manifest, circuit: Circuit) -> list[str]:
    """The names of all stations of a folder, in their order."""
    head = [] if circuit.head is None else ["head"]
    return ["files", "names", "manifest", "other files", *head, "function", *_later(manifest)]
