"""What the verbs take: a model or circuit in memory, the file of one, a compiled folder; and how they tell things."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

from lgnc.diagnostics import BadInput, LgncWarning
from lgnc.files import sha256, write_file
from lgnc.formats.lgir import lgir_bytes
from lgnc.formats.lgn import Model, model_bytes
from lgnc.formats.lift import lift, lift_program
from lgnc.formats.source import Source, load_program, load_source, save_circuit
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit
from lgnc.ir.program import Program

Thing = Model | Circuit | Source | str | os.PathLike[str]
"""A model or circuit, the file of one (`.lgn`, `.lgir`, ...), or a compiled folder."""


def is_folder(thing: Thing) -> TypeGuard[str | os.PathLike[str]]:
    """Whether it is the path of a folder."""
    return isinstance(thing, str | os.PathLike) and Path(thing).is_dir()


def source_of(thing: Thing) -> Source:
    """A thing's circuit, with the model where it is one and the SHA-256 of the file that it has or would have.

    Raises BadInput for files that cannot be read, a malformed circuit and anything else.
    """
    if isinstance(thing, Source):
        return thing
    if isinstance(thing, Model):
        return Source(lift(thing), sha256(model_bytes(thing)), thing, (), "lgnc model")
    if isinstance(thing, Circuit):
        return Source(check(thing), sha256(lgir_bytes(thing)), None, (), "lgnc circuit")
    if isinstance(thing, str | os.PathLike):
        return load_source(os.fspath(thing))
    what = f"{type(thing).__name__} is neither a model nor a circuit"
    raise BadInput(what, fix="give a Model, a Circuit, or the path of a file")


def program_of(thing: Thing) -> Program | None:
    """The program of a convolutional model or of a `.lgprog` file; None for what has no kernels to share."""
    if isinstance(thing, Source):
        thing = thing.model or thing.circuit
    if isinstance(thing, Model):
        return lift_program(thing) if thing.front else None
    if not isinstance(thing, str | os.PathLike) or is_folder(thing):
        return None
    return load_program(Path(thing)) if Path(thing).suffix.lower() in (".lgprog", ".lgn") else None


def read(path: str | os.PathLike[str]) -> Circuit:
    """The circuit in a file: `.lgn` (what the model deploys), `.lgir`, `.lgprog`, `.aig`, `.aag` or `.blif`.

    Raises BadInput for other files and damaged ones; what was left out of it is warned about.
    """
    source = source_of(path)
    tell(source.notes)
    return source.circuit


def save(thing: Model | Circuit, path: str | os.PathLike[str]) -> Path:
    """Write a model (`.lgn`) or a circuit (`.lgir`, `.aig`, `.aag`, `.blif`), whole or not at all; gives the path.

    Raises BadInput for an ending that does not fit, or a circuit that the format cannot hold.
    """
    path = Path(path)
    if isinstance(thing, Model):
        if path.suffix.lower() != ".lgn":
            raise BadInput("a model file ends in .lgn", where=str(path), fix=f"give {path.with_suffix('.lgn')}")
        write_file(path, model_bytes(thing))
    elif isinstance(thing, Circuit):
        save_circuit(check(thing), path)
    else:
        raise BadInput(f"{type(thing).__name__} is neither a model nor a circuit", fix="give a Model or a Circuit")
    return path


def tell(notes: Iterable[str]) -> None:
    """Warn of each note (`LgncWarning`), at the line outside lgnc that called a verb."""
    inside = str(Path(__file__).parent.parent) + os.sep
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(inside):
        level, frame = level + 1, frame.f_back
    for note in notes:
        warnings.warn(note, LgncWarning, stacklevel=level)
