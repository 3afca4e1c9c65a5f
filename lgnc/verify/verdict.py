"""The answer to "are these two the same function?", and how it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

WORDS = ("proven", "read", "exhaustive", "bounded", "tested", "not checked")
"""How a thing is known, the strongest word first. 'read' is a comparison of texts: of names, of hashes;
'bounded' a proof for so many clocks after a reset."""

NOT_CHECKED = WORDS[-1]


@dataclass(frozen=True)
class Station:
    """One thing that was asked about a compiled folder, and its answer.

    name: 'function', 'handshake', 'wrapper axis' ... ok: True, False, or None when it was not checked or not decided.
    how: one of WORDS. detail: a line for people. seconds: what it took.
    """

    name: str
    ok: bool | None
    how: str
    detail: str
    seconds: float = 0.0

    @property
    def checked(self) -> bool:
        """Whether anything was found out; what was not decided was at least tried."""
        return self.how != NOT_CHECKED

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        facts = {"station": self.name, "ok": self.ok, "how": self.how, "detail": self.detail}
        return {**facts, "seconds": round(self.seconds, 3)}


def not_checked(name: str, why: str) -> Station:
    """A station that nobody looked at, and why."""
    return Station(name, None, NOT_CHECKED, why)


@dataclass(frozen=True)
class Verdict:
    """equal: True, False, or None when undecided (time was up). A verdict is never a guess.

    how: 'proven' (for every input, by structural hashing and SAT), 'exhaustive' (every input was simulated) or
    'tested' (`vectors` inputs were simulated; a proof that ran out of time says this too, with equal None). Of a
    compiled folder the weakest word of its stations. vectors: simulated inputs that the answer rests on.
    counterexample: None, or {'features': {name: value}, 'a': {...}, 'b': {...}} with what each side gives for those
    features. detail: a line for people. stations: what was asked about compiled folders, one by one.
    """

    equal: bool | None
    how: str
    vectors: int
    counterexample: dict[str, Any] | None
    seconds: float
    detail: str = ""
    stations: tuple[Station, ...] = ()

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The names of the stations that nobody looked at."""
        return tuple(station.name for station in self.stations if not station.checked)


def overall(function: Verdict, stations: Sequence[Station]) -> Verdict:
    """The verdict on a folder: NO where a station says so, else as weak as the weakest station."""
    wrong = next((station for station in stations if station.ok is False), None)
    if wrong is not None:
        detail = function.detail if wrong.name == "function" else f"{wrong.name}: {wrong.detail}"
        return replace(function, equal=False, how=wrong.how, detail=detail, stations=tuple(stations))
    open_ = next((station for station in stations if station.ok is None and station.checked), None)
    if open_ is not None:
        return replace(function, equal=None, detail=f"{open_.name}: {open_.detail}", stations=tuple(stations))
    weakest = max((station.how for station in stations), key=WORDS.index, default=function.how)
    return replace(function, how=weakest, stations=tuple(stations))
