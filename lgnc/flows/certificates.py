"""Certificates of models, circuits and compiled folders: which pairs of circuits they are about."""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput, Failed
from lgnc.files import read_file
from lgnc.flows.names import differences
from lgnc.flows.subject import Subject, load_subject
from lgnc.flows.things import is_folder
from lgnc.formats.source import load_source
from lgnc.ir.circuit import Circuit
from lgnc.verify.certificate import HEADER

_SUBJECTS = "subjects "


@dataclass(frozen=True, eq=False)
class Part:
    """Two circuits that a part of a certificate is about, and what people call them."""

    name: str
    a: Circuit
    b: Circuit


def parts_of(a: Path, b: Path) -> list[Part]:
    """The pairs of circuits that together say that `a` and `b` are equal.

    For a folder: what it is compared with and the circuit that lies in it, then that circuit and each form of its text.
    Raises BadInput for two folders, and for a text that is not read back; Failed for a folder whose columns or classes
    are called otherwise, or in another order.
    """
    if is_folder(a) and is_folder(b):
        raise BadInput("both sides are folders", where=f"{a}, {b}", fix="certify each against the model")
    if not is_folder(a) and not is_folder(b):
        return [Part(f"{a.name} and {b.name}", load_source(a).circuit, load_source(b).circuit)]
    folder, other = (load_subject(a), b) if is_folder(a) else (load_subject(b), a)
    own, source = folder.circuit, load_source(other).circuit
    told = differences(source, own) if source.head is not None and own.head is not None else []
    if told:
        raise Failed(told[0], where=f"{a}, {b}", fix="compile it again")
    texts = read_forms(folder)
    found = [Part(f"{other.name} and the circuit of {folder.path.name}", source, own)]
    for number, text in enumerate(texts, 1):
        form = f", form {number} of {len(texts)}" if len(texts) > 1 else ""
        found.append(Part(f"the circuit of {folder.path.name} and its text{form}", own, text))
    return found


def read_forms(folder: Subject) -> list[Circuit]:
    """The circuits that a folder's text computes, in each of its forms. Raises BadInput where it is not read back."""
    manifest = folder.manifest
    assert manifest is not None
    serial = manifest.verilog is not None and manifest.verilog.serial
    if serial or not target_of(manifest.target).read_back:
        raise BadInput("its text is not read back", where=str(folder.path), fix="verify without --certificate")
    reader = importlib.import_module(f"lgnc.readback.{manifest.target}")
    if hasattr(reader, "read_forms"):
        found: list[Circuit] = reader.read_forms(folder.path, manifest.name, folder.circuit)
        return found
    return [reader.read_back(folder.path, manifest.name, folder.circuit)]


def join_certificates(texts: list[str], certificate: Path, a: Path, b: Path) -> str:
    """One file of all parts, with the two subjects' paths from the certificate's folder in a line at its end."""
    near = certificate.resolve().parent
    names = [Path(os.path.relpath(each.resolve(), near)).as_posix() for each in (a, b)]
    return "".join(texts) + _SUBJECTS + json.dumps(names) + "\n"


def read_certificate(certificate: Path, a: Path, b: Path) -> list[tuple[str, Part]]:
    """The parts of a file about `a` and `b`, each with the pair of circuits that it is to be checked against.

    Raises BadInput when there are more or fewer, and as `parts_of` does.
    """
    texts = split_certificate(read_file(certificate).decode(errors="replace"), str(certificate))
    parts = parts_of(a, b)
    if len(texts) != len(parts):
        what = f"has {len(texts)} parts, for {len(parts)} pairs of circuits"
        raise BadInput(what, where=str(certificate), fix="check the files")
    return list(zip(texts, parts, strict=True))


def split_certificate(text: str, where: str) -> list[str]:
    """The parts of a file. Raises BadInput when it is none."""
    lines = text.splitlines()
    if lines and lines[-1].startswith(_SUBJECTS):
        if _names(lines[-1]) is None:
            raise BadInput("was cut in its last line", where=f"{where}:{len(lines)}", fix="make it again")
        lines = lines[:-1]
    starts = [number for number, line in enumerate(lines) if line == HEADER]
    if not starts or starts[0]:
        raise BadInput("is not a certificate", where=f"{where}:1", fix="give a file that 'lgnc verify' wrote")
    return ["\n".join(lines[x:y]) + "\n" for x, y in zip(starts, [*starts[1:], len(lines)], strict=True)]


def subjects_of(text: str, certificate: Path) -> tuple[Path, Path]:
    """The two things that a certificate says it is about. Raises BadInput when it does not say."""
    names = _names((text.splitlines() or [""])[-1])
    if names is None:
        what = "does not say what it is about"
        raise BadInput(what, where=str(certificate), fix="name both: lgnc certificate export C A B -o PREFIX")
    return certificate.parent / names[0], certificate.parent / names[1]


def _names(line: str) -> list[str] | None:
    """The two paths in a certificate's last line, or None."""
    try:
        names = json.loads(line.removeprefix(_SUBJECTS)) if line.startswith(_SUBJECTS) else None
    except ValueError:
        return None
    whole = isinstance(names, list) and len(names) == 2 and all(isinstance(each, str) for each in names)
    return names if whole else None
