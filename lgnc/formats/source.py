"""A model or circuit file, by its ending, as a Circuit with the hash of what it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lgnc.diagnostics import BadInput, unknown
from lgnc.files import read_file, sha256
from lgnc.formats.lgir import from_text
from lgnc.formats.lgn import Model, model_from_bytes
from lgnc.formats.lift import lift
from lgnc.formats.read_aiger import circuit_from_aiger
from lgnc.formats.read_blif import circuit_from_blif
from lgnc.ir.circuit import Circuit

SUFFIXES = (".lgn", ".lgir", ".aig", ".aag", ".blif")


@dataclass(frozen=True, eq=False)
class Source:
    """A circuit, the SHA-256 of its file, and the model when the file held one."""

    circuit: Circuit
    sha256: str
    model: Model | None = None


def load_source(path: Path | str) -> Source:
    """Read a `.lgn` model or a circuit: `.lgir`, AIGER or BLIF. Raises BadInput for other files and damaged ones."""
    path = Path(path)
    if path.is_dir():
        raise BadInput("is a folder, not a model or circuit file", where=str(path), fix="give the file")
    if not path.exists():
        raise BadInput("No such file", where=str(path), fix="check the path")
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
