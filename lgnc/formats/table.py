"""The one table of file formats: a new one is a module that reads and writes it, and a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lgnc.diagnostics import unknown
from lgnc.formats.lgir import circuit_from_lgir, lgir_bytes
from lgnc.formats.lgn import Model, model_from_bytes
from lgnc.formats.lgprog import program_from_bytes
from lgnc.formats.lift import lift
from lgnc.formats.read_aiger import read_aiger
from lgnc.formats.read_blif import read_blif
from lgnc.formats.write_aiger import aiger_bytes, ascii_aiger_bytes
from lgnc.formats.write_blif import blif_bytes
from lgnc.ir.circuit import Circuit
from lgnc.ir.program import unroll


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file held: a circuit, the model that it is lifted from, and what was left out of it, one line each."""

    circuit: Circuit
    model: Model | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A kind of file. endings: lower case, with the dot; a file's own ending may be in capitals.

    holds: what it can say, in a few words. read: from a file's bytes and its name for messages; raises BadInput.
    write: the bytes of a circuit, or None where only reading is possible; raises BadInput for what it cannot hold.
    """

    name: str
    endings: tuple[str, ...]
    holds: str
    read: Callable[[bytes, str], Contents]
    write: Callable[[Circuit], bytes] | None = None


def _read_lgn(data: bytes, where: str) -> Contents:
    model = model_from_bytes(data, where)
    return Contents(lift(model), model)


def _read_lgir(data: bytes, where: str) -> Contents:
    return Contents(circuit_from_lgir(data, where))


def _read_lgprog(data: bytes, where: str) -> Contents:
    return Contents(unroll(program_from_bytes(data, where)))


def _read_aiger(data: bytes, where: str) -> Contents:
    circuit, notes = read_aiger(data, where)
    return Contents(circuit, notes=notes)


def _read_blif(data: bytes, where: str) -> Contents:
    circuit, notes = read_blif(data, where)
    return Contents(circuit, notes=notes)


FORMATS = (
    Format("lgnc model", (".lgn",), "a trained network", _read_lgn),
    Format("lgnc circuit", (".lgir",), "any circuit", _read_lgir, lgir_bytes),
    Format("lgnc program", (".lgprog",), "kernels and what their windows read", _read_lgprog),
    Format("binary AIGER", (".aig",), "gates without a head", _read_aiger, aiger_bytes),
    Format("ASCII AIGER", (".aag",), "gates without a head", _read_aiger, ascii_aiger_bytes),
    Format("BLIF", (".blif",), "gates without a head", _read_blif, blif_bytes),
)


def format_of(path: Path, *, to_write: bool = False) -> Format:
    """The format that the ending of `path` stands for. Raises BadInput that lists the endings when there is none."""
    usable = {ending: each for each in FORMATS for ending in each.endings if each.write or not to_write}
    ending = path.suffix.lower()
    if ending not in usable:
        raise unknown("circuit file ending" if to_write else "file ending", path.suffix, usable, where=str(path))
    return usable[ending]
