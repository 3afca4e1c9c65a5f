"""Anything against anything: models, circuit files and compiled folders, and how the answer is known.

Two circuits are proven equal or not. A compiled folder is run with its target's real engine on vectors that reach
every interval between thresholds; the Verilog of a small net is also read back from its text and proven.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lgnc.diagnostics import BadInput, Failed
from lgnc.files import read_file, write_file
from lgnc.formats.source import load_source
from lgnc.ir.circuit import Circuit
from lgnc.sim.folder import ENGINES, load_manifest, run_folder
from lgnc.sim.result import RunResult
from lgnc.verify.certificate import check_certificate
from lgnc.verify.prove import certify, prove
from lgnc.verify.simulate import compare_by_simulation
from lgnc.verify.verdict import Verdict

READ_BACK_GATES = 20_000
"""Verilog of at most this many gates is read back and proven: about 0.3 ms a gate, those of the head included."""

_VECTORS = {"verilog": 256}
_DEFAULT_VECTORS = 10_000


@dataclass(frozen=True, eq=False)
class Subject:
    """One side of a comparison. For a compiled folder, `circuit` is only what it says it was made from, and `serial`
    whether its Verilog counts literals one a clock.
    """

    path: Path
    circuit: Circuit
    target: str | None = None
    name: str = ""
    serial: bool = False

    def run(self, engine: str | None) -> Circuit | Callable[..., RunResult]:
        """What is compared: the circuit itself, or the folder's files run by their engine."""
        if self.target is None:
            return self.circuit
        return lambda features: run_folder(self.path, features, engine=engine)


def load_subject(path: Path) -> Subject:
    """A model, a circuit file or a compiled folder. Raises BadInput when it is none of these."""
    if not path.is_dir():
        return Subject(path, load_source(path).circuit)
    manifest = load_manifest(path)
    inside = path / f"{manifest.name}.lgir"
    circuit = load_source(inside).circuit
    manifest.check_circuit(circuit, inside)
    serial = manifest.verilog is not None and manifest.verilog.serial
    return Subject(path, circuit, manifest.target, manifest.name, serial)


def verify(
    a: Path,
    b: Path,
    *,
    vectors: int | None = None,
    seed: int = 0,
    time_limit: float = 60.0,
    engine: str | None = None,
    workers: int = 1,
) -> Verdict:
    """Whether `a` and `b` are the same function, and how that is known.

    vectors: how many rows a compiled folder is run on. engine: what runs it. workers: processes that prove two
    circuits, as in `lgnc.verify.prove`. Raises BadInput for unusable files, ToolMissing when a folder's engine is
    not installed.
    """
    started = time.perf_counter()
    one, two = load_subject(a), load_subject(b)
    targets = [side.target for side in (one, two) if side.target]
    if engine is not None and not any(engine in ENGINES[target] for target in targets):
        raise BadInput(f"no folder here runs with engine '{engine}'", where=f"{a}, {b}", fix="leave --engine out")
    if not targets:
        return prove(one.circuit, two.circuit, time_limit=time_limit, seed=seed, workers=workers)
    count = vectors if vectors is not None else min(_VECTORS.get(target, _DEFAULT_VECTORS) for target in targets)
    tested = compare_by_simulation(
        one.run(engine if one.target and engine in ENGINES[one.target] else None),
        two.run(engine if two.target and engine in ENGINES[two.target] else None),
        encoder=(one.circuit, two.circuit),
        n=count,
        seed=seed,
    )
    if tested.equal:
        proven = _read_back(one, two, time_limit, seed)
        if proven is not None and proven.equal is None:
            tested = replace(tested, detail=f"{tested.detail}; a proof of its text was not found: {proven.detail}")
        elif proven is not None:
            tested = replace(proven, vectors=tested.vectors)
    return replace(tested, seconds=time.perf_counter() - started)


def write_certificate(a: Path, b: Path, certificate: Path, *, time_limit: float, seed: int) -> Verdict:
    """Prove two circuits or models equal and write the proof; `replay_certificate` follows it without a search.

    Raises Failed when they are not proven equal, or the proof has a form that certificates do not have.
    """
    verdict, text = certify(_circuit(a), _circuit(b), time_limit=time_limit, seed=seed)
    if text is None and verdict.equal:
        raise Failed("the proof has no certificate", where=str(certificate), fix="verify without --certificate")
    if text is not None:
        write_file(certificate, text.encode())
    return verdict


def replay_certificate(a: Path, b: Path, certificate: Path) -> Verdict:
    """The verdict that a certificate carries, every step checked by code that shares nothing with the prover.

    Raises BadInput when it is damaged or about other circuits, Failed when a step does not follow.
    """
    started = time.perf_counter()
    text = read_file(certificate).decode(errors="replace")
    lemmas = check_certificate(text, _circuit(a), _circuit(b), str(certificate))
    seconds = time.perf_counter() - started
    return Verdict(True, "proven", 0, None, seconds, f"the certificate's {lemmas} lemmas follow")


def _circuit(path: Path) -> Circuit:
    if path.is_dir():
        raise BadInput("a certificate is about two circuits or models", where=str(path), fix="give the files")
    return load_source(path).circuit


def _read_back(one: Subject, two: Subject, time_limit: float, seed: int) -> Verdict | None:
    """The verdict on the Verilog's own text, when one side is a small Verilog folder and the other a circuit.

    The circuit that lies in the folder is a lemma: `one` is proven equal to it, and it to the text, whose adders have
    its head's structure. Without the lemma the adders of two different heads would have to be compared.
    """
    if two.target is None:
        one, two = two, one
    if one.target is not None or two.target != "verilog" or two.circuit.gates > READ_BACK_GATES:
        return None
    if two.serial:
        return Verdict(None, "tested", 0, None, 0.0, "its popcount is serial, which is not read back")
    from lgnc.readback.verilog import circuit_from_verilog, over_bits

    source = two.path / f"{two.name}.v"
    read = circuit_from_verilog(read_file(source).decode(errors="replace"), str(source))
    if two.circuit.encoder.is_float:
        read = over_bits(read, two.circuit.encoder)
    lemma = prove(one.circuit, two.circuit, time_limit=time_limit, seed=seed)
    if not lemma.equal:
        return prove(one.circuit, read, time_limit=time_limit, seed=seed)
    return prove(two.circuit, read, time_limit=time_limit, seed=seed)
