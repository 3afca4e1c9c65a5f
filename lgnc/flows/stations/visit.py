"""What every station is given, and how one is timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lgnc.diagnostics import Failed, ToolMissing
from lgnc.flows.subject import Subject
from lgnc.ir.circuit import Circuit
from lgnc.sim.manifest import Manifest
from lgnc.toolchain import TookTooLong
from lgnc.verify.verdict import Station, not_checked


@dataclass(frozen=True, eq=False)
class Visit:
    """A compiled folder, and what it is compared with.

    circuit: what lies in the folder; the station 'function' says whether it is the other side's. rows: [n, features] of
    its features, the most telling first.
    """

    path: Path
    manifest: Manifest
    circuit: Circuit
    other: Subject
    rows: NDArray[Any]

    @property
    def name(self) -> str:
        return self.manifest.name

    def copy(self, at: Path, *files: str) -> list[str]:
        """Write some of the folder's files, as the manifest lists them, into the folder `at`; their names."""
        for file in files:
            (at / file).write_bytes(self.manifest.read(self.path, file))
        return list(files)


def timed(name: str, check: Callable[[], Station]) -> Station:
    """The station that `check` gives, with its seconds. What a tool says no to is NO; a tool that is missing, or took
    too long, leaves the station unchecked.
    """
    started = time.perf_counter()
    try:
        found = check()
    except (ToolMissing, TookTooLong) as error:
        found = not_checked(name, str(error))
    except Failed as error:
        found = Station(name, False, "tested", f"{error.where}: {error.what}"[:300])
    return replace(found, seconds=time.perf_counter() - started)
