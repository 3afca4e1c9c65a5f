"""What a report is about: a model or circuit, folders that were compiled from it, and what the passes made of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgnc.backends.artifact import MANIFEST
from lgnc.diagnostics import BadInput
from lgnc.flows.optimise import optimise
from lgnc.flows.things import Thing, is_folder, source_of
from lgnc.formats.lgn import Model
from lgnc.formats.source import Source, load_source
from lgnc.ir.circuit import Circuit
from lgnc.mapping.costs import costs
from lgnc.sim.folder import load_manifest
from lgnc.sim.manifest import Manifest

MOST_OPTIMISED = 200_000
"""Gates that a report optimises by itself, about 10 seconds of -O2; of more it shows the circuit as it is."""

MOST_MAPPED = 20_000
"""Gates, those of encoder and head among them, whose look-up tables a report counts."""

_MOST_FOLDERS = 32


@dataclass(frozen=True, eq=False)
class Folder:
    """A compiled folder that a report shows."""

    path: Path
    manifest: Manifest


@dataclass(frozen=True, eq=False)
class Subject:
    """name: what the page is called. source: the model or circuit, or None where only folders are given. circuit: the
    optimised one, or the source's own where it is too large (`optimised` is False). passes: (name, gates, depth) after
    each, in order, and before, the gates that they began with. costs_before, costs: as `lgnc.mapping.costs` counts.
    """

    name: str
    source: Source | None
    folders: tuple[Folder, ...]
    circuit: Circuit
    optimised: bool
    before: int
    passes: tuple[tuple[str, int, int], ...]
    costs_before: dict[str, Any] | None
    costs: dict[str, Any]

    @property
    def model(self) -> Model | None:
        return None if self.source is None else self.source.model

    @property
    def trained(self) -> Circuit:
        """The circuit before the passes, where it is known."""
        return self.circuit if self.source is None else self.source.circuit

    @property
    def training(self) -> dict[str, Any]:
        """The record of the training: a model's own, or what a folder's manifest kept of it."""
        if self.model is not None:
            found = self.model.meta.get("training")
            return found if isinstance(found, dict) else {}
        return dict(self.folders[0].manifest.training) if self.folders else {}

    @property
    def columns(self) -> dict[str, Any]:
        """The record of a table's columns, empty where there is none."""
        if self.model is not None:
            return dict(self.model.meta.get("columns") or {})
        return dict(self.folders[0].manifest.columns) if self.folders else {}


def subject_of(things: Sequence[Thing]) -> Subject:
    """The subject of a report: at most one model or circuit, and folders that were compiled from it.

    A folder without a manifest stands for what is in it. Raises BadInput for files that cannot be read, more than one
    model, and folders that come from another one.
    """
    found = [each for thing in things for each in _expanded(thing)]
    folders = tuple(Folder(Path(each), load_manifest(Path(each))) for each in found if is_folder(each))
    others = [each for each in found if not is_folder(each)]
    if len(others) > 1 or not found or len(folders) > _MOST_FOLDERS:
        what = f"has {len(others)} models and circuits, and {len(folders)} compiled folders"
        raise BadInput(what, where=_name(things[0]) if things else "report", fix="give one model and its folders")
    source = source_of(others[0]) if others else None
    wanted = source.sha256 if source is not None else folders[0].manifest.source_sha256
    for each in folders:
        if each.manifest.source_sha256 != wanted:
            fix = "give the model that its manifest's source_sha256 names"
            raise BadInput("was not compiled from the same model", where=str(each.path), fix=fix)
    name = _name(others[0]) if others else folders[0].path.resolve().name
    return _described(name, source, folders)


def _expanded(thing: Thing) -> list[Thing]:
    """The thing, or the model and the compiled folders in a folder that is not a compiled one."""
    if not is_folder(thing) or (Path(thing) / MANIFEST).exists():
        return [thing]
    inside = sorted(Path(thing).iterdir())
    models = [each for each in inside if each.is_file() and each.suffix.lower() == ".lgn"]
    found = models + [each for each in inside if (each / MANIFEST).is_file()]
    if not found:
        what = "holds neither a model nor a compiled folder"
        raise BadInput(what, where=os.fspath(thing), fix="give a model's file or a folder that 'lgnc compile' wrote")
    return list(found)


def _name(thing: Thing) -> str:
    if isinstance(thing, str | os.PathLike):
        return Path(thing).stem
    return "model" if isinstance(thing, Model) else "circuit"


def _described(name: str, source: Source | None, folders: tuple[Folder, ...]) -> Subject:
    stats = None if not folders else folders[0].manifest.facts.get("stats")
    before = None if source is None else costs(source.circuit, luts=False)
    if folders:
        path, manifest = folders[0].path, folders[0].manifest
        inside = path / f"{manifest.name}.lgir"
        circuit = load_source(inside).circuit
        manifest.check_circuit(circuit, inside)
        if before is None and stats is not None:
            before = stats["before"]
        listed = [] if stats is None else stats["passes"]
        passes = tuple((str(row["name"]), int(row["gates"]), int(row["depth"])) for row in listed)
        first = int(manifest.facts["costs"]["gates_before"])
        return Subject(name, source, folders, circuit, True, first, passes, before, _costs(circuit))
    assert source is not None
    if source.circuit.gates > MOST_OPTIMISED:
        return Subject(name, source, (), source.circuit, False, source.circuit.gates, (), None, _costs(source.circuit))
    done = optimise(source, 2)
    passes = tuple((each.name, each.gates_after, each.depth_after) for each in done.reports)
    return Subject(name, source, (), done.after, True, done.before.gates, passes, before, _costs(done.after))


def _costs(circuit: Circuit) -> dict[str, Any]:
    counted = costs(circuit, luts=False)
    return costs(circuit) if counted["whole"]["gates"] <= MOST_MAPPED else counted
