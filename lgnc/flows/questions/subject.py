"""What is asked: the circuit of a model or a file, or that of a compiled folder, which its text is proven to be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.stations.function import read_and_prove
from lgnc.flows.subject import Subject, load_subject
from lgnc.flows.things import Thing, is_folder, source_of, tell
from lgnc.ir.circuit import Circuit


@dataclass(frozen=True, eq=False)
class Asked:
    """A circuit with classes. meta: the model's record of columns and training. said: what it is, in a line."""

    circuit: Circuit
    meta: Mapping[str, Any]
    said: str
    where: str


def asked(thing: Thing, seconds: float) -> Asked:
    """What stands for a thing. A compiled folder's text is read back and proven to be its circuit, in `seconds`.

    Raises BadInput for what has no classes, Failed where a folder's text is not the circuit that lies in it.
    """
    found = _folder(Path(thing), seconds) if is_folder(thing) else _file(thing)
    head = found.circuit.head
    if head is None or head.classes < 2:
        raise BadInput("has no classes to choose from", where=found.where, fix="give a model, or a circuit with a head")
    return found


def _file(thing: Thing) -> Asked:
    source = source_of(thing)
    tell(source.notes)
    where = os.fspath(thing) if isinstance(thing, str | os.PathLike) else "circuit"
    meta = {} if source.model is None else source.model.meta
    said = f"the circuit that {where} deploys" if source.model is not None else f"the circuit of {where}"
    return Asked(source.circuit, meta, said, where)


def _folder(path: Path, seconds: float) -> Asked:
    """The circuit in a folder; what its text computes is proven to be that, or the line says that it was not."""
    subject = load_subject(path)
    manifest = subject.manifest
    assert manifest is not None
    meta = {"columns": manifest.columns, "training": manifest.training}
    said = f"the circuit recorded in {path}"
    proven = read_and_prove(Subject(path, subject.circuit), subject, "scores", seconds)
    if proven is None:
        said += f"; the text of {manifest.target} folders of this size is not read back"
    elif proven.equal is None:
        said += f"; its text is not proven to be it: {proven.detail}"
    elif proven.equal:
        said = f"the circuit of {path}, which {proven.detail}, is proven to be"
    else:
        raise Failed("its text is not the circuit recorded in it", where=str(path), fix=f"see 'lgnc verify' of {path}")
    return Asked(subject.circuit, meta, said, str(path))
