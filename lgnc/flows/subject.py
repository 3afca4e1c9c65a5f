"""One side of a comparison: a model, a circuit, the file of one, or a compiled folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lgnc.flows.things import Thing, is_folder, source_of
from lgnc.formats.source import Source, load_source
from lgnc.ir.circuit import Circuit
from lgnc.sim.folder import engines_of, load_manifest, run_folder
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult


@dataclass(frozen=True, eq=False)
class Subject:
    """One side of a comparison. For a compiled folder, `circuit` is only what it says it was made from; else `source`
    is what was read.
    """

    path: Path
    circuit: Circuit
    manifest: Manifest | None = None
    source: Source | None = None

    @property
    def target(self) -> str | None:
        """The target of a compiled folder."""
        return None if self.manifest is None else self.manifest.target

    @property
    def engines(self) -> tuple[str, ...]:
        """What runs a compiled folder."""
        return () if self.manifest is None else engines_of(self.manifest)

    def run(self, engine: str | None) -> Circuit | Callable[..., RunResult]:
        """What is compared: the circuit itself, or the folder's files run by their engine."""
        if self.target is None:
            return self.circuit
        own = engine if engine in self.engines else None
        return lambda features: run_folder(self.path, features, engine=own, apart=True)


def load_subject(thing: Thing) -> Subject:
    """A model, a circuit, the file of one, or a compiled folder. Raises BadInput when it is none of these."""
    if not is_folder(thing):
        source = source_of(thing)
        return Subject(Path(str(thing)), source.circuit, None, source)
    path = Path(thing)
    manifest = load_manifest(path)
    inside = path / f"{manifest.name}.lgir"
    circuit = load_source(inside).circuit
    manifest.check_circuit(circuit, inside)
    return Subject(path, circuit, manifest)
