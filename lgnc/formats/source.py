"""A model or circuit file, by its ending: read as a Circuit with the hash of what it came from, or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lgnc.diagnostics import BadInput
from lgnc.files import no_such_file, read_file, sha256, write_file
from lgnc.formats.lgn import Model, model_from_bytes
from lgnc.formats.lgprog import program_from_bytes
from lgnc.formats.lift import lift_program
from lgnc.formats.table import format_of
from lgnc.ir.circuit import Circuit
from lgnc.ir.program import Program


@dataclass(frozen=True, eq=False)
class Source:
    """A circuit, the SHA-256 of its file, and the model when the file held one.

    notes: what the reader left out, one line each. format: the name of the file's format.
    """

    circuit: Circuit
    sha256: str
    model: Model | None = None
    notes: tuple[str, ...] = ()
    format: str = ""


def load_source(path: Path | str) -> Source:
    """Read a model or a circuit, in the format of its ending. Raises BadInput for other files and damaged ones."""
    path = Path(path)
    if path.is_dir():
        raise BadInput("is a folder, not a model or circuit file", where=str(path), fix="give the file")
    if not path.exists():
        raise no_such_file(path)
    kind = format_of(path)
    data = read_file(path)
    found = kind.read(data, str(path))
    return Source(found.circuit, sha256(data), found.model, found.notes, kind.name)


def load_program(path: Path) -> Program | None:
    """The program in a `.lgprog` file, or of the convolutional model in a `.lgn` file; None for a dense model.

    Raises BadInput for other files and damaged ones.
    """
    if not path.is_file():
        raise no_such_file(path)
    if path.suffix.lower() == ".lgprog":
        return program_from_bytes(read_file(path), str(path))
    if path.suffix.lower() == ".lgn":
        model = model_from_bytes(read_file(path), str(path))
        return lift_program(model) if model.front else None
    what = "is a flat circuit: it has no kernels to share"
    raise BadInput(what, where=str(path), fix="give a convolutional model (.lgn) or a program (.lgprog)")


def check_circuit_path(path: Path) -> None:
    """Raise BadInput unless the ending of `path` is one that `save_circuit` writes."""
    format_of(path, to_write=True)


def save_circuit(circuit: Circuit, path: Path) -> None:
    """Write a circuit to `path`, in the format of its ending: `.lgir`, or a format of gates when it has no head.

    Raises BadInput for an ending that is not known, or a circuit that the format cannot hold.
    """
    write = format_of(path, to_write=True).write
    assert write is not None
    write_file(path, write(circuit))
