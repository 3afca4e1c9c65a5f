"""Anything against anything: models, circuit files and compiled folders, and how the answer is known.

Two circuits are proven equal or not. A compiled folder is run with its target's real engine on vectors that reach
every interval between thresholds; the Verilog of a small net is also read back from its text and proven.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput, Failed, unknown
from lgnc.files import read_file, write_file
from lgnc.flows.names import differences
from lgnc.flows.things import Thing, is_folder, program_of, source_of
from lgnc.formats.source import load_source
from lgnc.ir.circuit import Circuit
from lgnc.sim.folder import engines_of, load_manifest, run_folder
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult
from lgnc.toolchain import time_limit as tool_time_limit
from lgnc.verify.certificate import TimeIsUp, check_certificate, claim_of
from lgnc.verify.programs import prove_kernels
from lgnc.verify.prove import certify, prove
from lgnc.verify.simulate import Claim, compare_by_simulation
from lgnc.verify.verdict import Verdict

READ_BACK_GATES = 20_000
"""Verilog of at most this many gates is read back and proven: about 0.3 ms per gate, those of the head included."""

PROOF_SECONDS = 60.0
"""What a proof may take unless its caller says otherwise."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One side of a comparison. For a compiled folder, `circuit` is only what it says it was made from."""

    path: Path
    circuit: Circuit
    manifest: Manifest | None = None

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
        return lambda features: run_folder(self.path, features, engine=own)


def load_subject(thing: Thing) -> Subject:
    """A model, a circuit, the file of one, or a compiled folder. Raises BadInput when it is none of these."""
    if not is_folder(thing):
        return Subject(Path(str(thing)), source_of(thing).circuit)
    path = Path(thing)
    manifest = load_manifest(path)
    inside = path / f"{manifest.name}.lgir"
    circuit = load_source(inside).circuit
    manifest.check_circuit(circuit, inside)
    return Subject(path, circuit, manifest)


def verify(
    a: Thing,
    b: Thing,
    *,
    claim: Claim = "scores",
    vectors: int | None = None,
    seed: int = 0,
    time_limit: float | None = None,
    engine: str | None = None,
    workers: int = 1,
) -> Verdict:
    """Whether `a` and `b` are the same function, and how that is known: models, circuits, their files, folders.

    claim: whether scores are compared or classes alone. vectors: how many rows a compiled folder is run on. time_limit:
    seconds for a proof (60 unless given) and for each run of an outside tool (its own limit unless given). engine: what
    runs a folder. workers: processes that prove two circuits, as in `lgnc.verify.prove`. Convolutional models and
    programs of one shape are proven kernel by kernel, where that is enough. Raises BadInput for unusable
    files, ToolMissing when a folder's engine is not installed.
    """
    started = time.perf_counter()
    seconds = PROOF_SECONDS if time_limit is None else time_limit
    if claim == "scores" and engine is None:
        first, second = program_of(a), program_of(b)
        shown = None if first is None or second is None else prove_kernels(first, second, time_limit=seconds)
        if shown is not None:
            return shown
    one, two = load_subject(a), load_subject(b)
    if claim not in get_args(Claim):
        raise unknown("claim", str(claim), get_args(Claim))
    targets = [side.target for side in (one, two) if side.target]
    if engine is not None and not any(engine in side.engines for side in (one, two)):
        raise BadInput(f"no folder here runs with engine '{engine}'", where=f"{a}, {b}", fix="leave --engine out")
    if claim == "class" and one.circuit.head is None and two.circuit.head is None:
        raise BadInput("neither has classes", where=f"{a}, {b}", fix="leave --claim class out")
    names = differences(one.circuit, two.circuit)
    if not targets:
        verdict = prove(one.circuit, two.circuit, time_limit=seconds, seed=seed, claim=claim, workers=workers)
    else:
        count = vectors if vectors is not None else min(target_of(target).vectors for target in targets)
        with tool_time_limit(time_limit or None):
            verdict = _named_otherwise(one, two, names) or _run_and_read(one, two, claim, count, seed, seconds, engine)
    if verdict.equal and names:
        verdict = replace(verdict, detail="; but ".join([verdict.detail, *names]))
    return replace(verdict, seconds=time.perf_counter() - started)


def _named_otherwise(one: Subject, two: Subject, names: list[str]) -> Verdict | None:
    """NO where a folder's columns or classes are not what the other side calls them: who uses a folder passes columns
    in the order of its manifest, and reads its classes' names there.
    """
    if one.circuit.head is None or two.circuit.head is None or not names:
        return None
    return Verdict(False, "read", 0, None, 0.0, names[0])


def _run_and_read(
    one: Subject, two: Subject, claim: Claim, count: int, seed: int, seconds: float, engine: str | None
) -> Verdict:
    """The verdict of running folders on `count` vectors and, where they pass, of a proof of their text."""
    tested = compare_by_simulation(
        one.run(engine), two.run(engine), encoder=(one.circuit, two.circuit), n=count, seed=seed, claim=claim
    )
    if not tested.equal:
        return tested
    proven = _read_back(one, two, claim, seconds, seed)
    if proven is None:
        return tested
    if proven.equal is None:
        return replace(tested, detail=f"{tested.detail}; a proof of its text was not found: {proven.detail}")
    return replace(proven, vectors=tested.vectors)


def write_certificate(
    a: Path, b: Path, certificate: Path, *, claim: Claim = "scores", time_limit: float | None = None, seed: int = 0
) -> Verdict:
    """Prove two circuits or models equal and write the proof; `replay_certificate` follows it without a search.

    Raises Failed when they are not proven equal, or the proof has a form that certificates do not have.
    """
    seconds = PROOF_SECONDS if time_limit is None else time_limit
    verdict, text = certify(_circuit(a), _circuit(b), claim=claim, time_limit=seconds, seed=seed)
    if text is None and verdict.equal:
        raise Failed("the proof has no certificate", where=str(certificate), fix="verify without --certificate")
    if text is not None:
        write_file(certificate, text.encode())
    return verdict


def replay_certificate(
    a: Path, b: Path, certificate: Path, *, claim: Claim = "scores", time_limit: float | None = None
) -> Verdict:
    """The verdict that a certificate carries, every step checked by code that shares nothing with the prover.

    Raises BadInput when it is damaged or about other circuits, Failed when a step does not follow or the certificate
    claims less than is asked.
    """
    started = time.perf_counter()
    text = read_file(certificate).decode(errors="replace")
    deadline = started + (PROOF_SECONDS if time_limit is None else time_limit)
    try:
        lemmas = check_certificate(text, _circuit(a), _circuit(b), str(certificate), deadline=deadline)
    except TimeIsUp:
        seconds = time.perf_counter() - started
        return Verdict(None, "tested", 0, None, seconds, "time was up before the last step was checked")
    if claim == "scores" and claim_of(text) == "class":
        raise Failed("proves that the classes are equal, not the scores", where=str(certificate), fix="--claim class")
    seconds = time.perf_counter() - started
    return Verdict(True, "proven", 0, None, seconds, f"the certificate's {lemmas} lemmas follow")


def _circuit(path: Path) -> Circuit:
    if path.is_dir():
        raise BadInput("a certificate is about two circuits or models", where=str(path), fix="give the files")
    return load_source(path).circuit


def _read_back(one: Subject, two: Subject, claim: Claim, seconds: float, seed: int) -> Verdict | None:
    """The verdict on the Verilog's own text, when one side is a small Verilog folder and the other a circuit.

    The circuit that lies in the folder is a lemma: `one` is proven equal to it, and it to the text, whose adders have
    its head's structure. Without the lemma the adders of two different heads would have to be compared.
    """
    if two.target is None:
        one, two = two, one
    manifest = two.manifest
    if one.target is not None or two.target is None or manifest is None or not target_of(two.target).read_back:
        return None
    if two.circuit.gates > READ_BACK_GATES:
        return None
    if manifest.verilog is not None and manifest.verilog.serial:
        return Verdict(None, "tested", 0, None, 0.0, "its popcount is serial, which is not read back")
    source = two.path / f"{manifest.name}{target_of(two.target).endings[0]}"
    reader = importlib.import_module(f"lgnc.readback.{two.target}")
    read: Circuit = reader.read_back(read_file(source).decode(errors="replace"), str(source), two.circuit.encoder)
    lemma = prove(one.circuit, two.circuit, claim=claim, time_limit=seconds, seed=seed)
    other = two.circuit if lemma.equal else one.circuit
    return prove(other, read, time_limit=seconds, seed=seed)
