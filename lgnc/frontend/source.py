"""A model or circuit file, by its ending, as a Circuit with the hash of what it came from."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from lgnc.diagnostics import BadInput, unknown
from lgnc.files import read_file, sha256, write_file
from lgnc.frontend.aiger import circuit_from_aiger
from lgnc.frontend.blif import circuit_from_blif
from lgnc.frontend.lift import lift
from lgnc.ir.circuit import Circuit
from lgnc.ir.text import from_text, to_text
from lgnc.model import Model, model_from_bytes

SUFFIXES = (".lgn", ".lgir", ".aig", ".aag", ".blif")

_WRITERS = {
    ".aig": ("lgnc.backends.aiger", "aiger_bytes"),
    ".aag": ("lgnc.backends.aiger", "ascii_aiger_bytes"),
    ".blif": ("lgnc.backends.blif", "blif_bytes"),
}
"""Ending of a circuit file -> the module and the function that makes its bytes; backends stand beside the frontend."""


@dataclass(frozen=True, eq=False)
class Source:
    """A circuit, the SHA-256 of its file, and the model when the file held one."""

    circuit: Circuit
    sha256: str
    model: Model | None = None


def load_source(path: Path) -> Source:
    """Read a `.lgn` model or a circuit: `.lgir`, AIGER or BLIF. Raises BadInput for other files and damaged ones."""
    if path.is_dir():
        raise BadInput("is a folder, not a model or circuit file", where=str(path), fix="give the file")
    if path.suffix not in SUFFIXES:
        raise unknown("file ending", path.suffix, SUFFIXES, where=str(path))
    data = read_file(path)
    if path.suffix == ".lgn":
        model = model_from_bytes(data, str(path))
        return Source(lift(model), sha256(data), model)
    if path.suffix in (".aig", ".aag"):
        return Source(circuit_from_aiger(data, str(path)), sha256(data))
    if path.suffix == ".blif":
        return Source(circuit_from_blif(data, str(path)), sha256(data))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"is not UTF-8 text at byte {error.start}", where=str(path), fix="give an .lgir file") from None
    return Source(from_text(text, str(path)), sha256(data))


def save_circuit(circuit: Circuit, path: Path) -> None:
    """Write a circuit to `path`, in the format of its ending: `.lgir`, or `.aig`, `.aag`, `.blif` without a head.

    Raises BadInput for an ending that is not known, or a circuit that the format cannot hold.
    """
    if path.suffix == ".lgir":
        data = to_text(circuit).encode()
    elif path.suffix in _WRITERS:
        module, name = _WRITERS[path.suffix]
        data = getattr(importlib.import_module(module), name)(circuit)
    else:
        raise unknown("circuit file ending", path.suffix, (".lgir", *_WRITERS), where=str(path))
    write_file(path, data)
