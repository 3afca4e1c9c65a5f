"""What `lgnc compile` finds out by itself about the files that it is about to write, for their manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lgnc.backends.table import target_of
from lgnc.diagnostics import Failed, LgncError
from lgnc.flows.compile import Compiled, with_files
from lgnc.flows.stations.function import read_and_prove
from lgnc.flows.stations.visit import timed
from lgnc.flows.subject import Subject, load_subject
from lgnc.folders import write_folder
from lgnc.formats.source import Source
from lgnc.verify.head_sums import check_head
from lgnc.verify.verdict import Station, not_checked

MOST_GATES = 5_000
"""Circuits of at most so many gates are read back when they are compiled: it takes a second or so."""

MOST_SECONDS = 5.0
"""For that proof, and no more where less was asked for: what takes longer is left to `verify`."""

_LATER = "left to 'lgnc verify'"


def add_stations(compiled: Compiled, source: Source, *, time_limit: float = 60.0) -> Compiled:
    """The same, its files read back and proven where that takes seconds, with the stations' words in the manifest.

    Nothing is run: no compiler, no simulator. Raises Failed when the files are not the circuit that went in.
    """
    from lgnc.flows.stations.examine import station_names  # Every writer stands behind it.

    found: list[Station] = []
    with tempfile.TemporaryDirectory(prefix="lgnc-compile-") as place:
        folder = Path(place) / "out"
        write_folder(folder, compiled.files)
        subject = load_subject(folder)
        assert subject.manifest is not None
        for name in station_names(subject.manifest, subject.circuit):
            if name == "head" and compiled.circuit.head is not None:
                head = compiled.circuit.head
                found.append(timed("head", lambda: check_head(head)))  # noqa: B023
            elif name == "function":
                found.append(timed("function", lambda: _function(subject, source, time_limit)))
            else:
                found.append(not_checked(name, _LATER))
    wrong = next((station for station in found if station.ok is False), None)
    if wrong is not None:
        what = f"what was emitted is not the circuit that went in: {wrong.name}: {wrong.detail}"
        raise Failed(what, where=str(compiled.manifest["target"]), fix="please report this")
    rows = [{key: each[key] for key in ("station", "ok", "how", "detail")} for each in (s.as_json() for s in found)]
    return with_files(compiled, {}, {"verified": {**compiled.manifest["verified"], "stations": rows}})


def _function(subject: Subject, source: Source, time_limit: float) -> Station:
    """The station 'function' of what was emitted, by a proof of its text."""
    assert subject.manifest is not None
    if not target_of(subject.manifest.target).read_back:
        return not_checked("function", _LATER)
    if subject.circuit.gates > MOST_GATES:
        return not_checked("function", f"more than {MOST_GATES:,} gates: {_LATER}")
    try:
        other = Subject(Path(), source.circuit, None, source)
        verdict = read_and_prove(other, subject, "scores", min(time_limit, MOST_SECONDS))
    except LgncError as error:
        return not_checked("function", str(error)[:300])
    if verdict is None or verdict.equal is None:
        return not_checked("function", _LATER if verdict is None else verdict.detail)
    detail = verdict.detail if verdict.equal else f"they differ at {verdict.counterexample}"[:300]
    return Station("function", verdict.equal, verdict.how, detail, verdict.seconds)
