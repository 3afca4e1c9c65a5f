"""Anything against anything: models, circuit files and compiled folders, and how the answer is known.

Two circuits are proven equal or not. A compiled folder is asked about station by station (`lgnc.flows.stations`): its
function, read back and proven or run, its names, its entry points, its wrappers.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import get_args

from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput, Failed, unknown
from lgnc.files import write_file
from lgnc.flows.certificates import join_certificates, parts_of, read_certificate
from lgnc.flows.names import differences
from lgnc.flows.stations.function import Telling, run_and_read
from lgnc.flows.stations.visit import Visit
from lgnc.flows.subject import Subject, load_subject
from lgnc.flows.things import Thing, program_of
from lgnc.toolchain import time_limit as tool_time_limit
from lgnc.verify.certificate import TimeIsUp, check_certificate, claim_of
from lgnc.verify.programs import prove_kernels
from lgnc.verify.prove import certify, prove
from lgnc.verify.simulate import Claim
from lgnc.verify.verdict import Station, Verdict, overall

PROOF_SECONDS = 60.0
"""What a proof may take unless its caller says otherwise."""


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
    second_reader: bool = False,
) -> Verdict:
    """Whether `a` and `b` are the same function, and how that is known: models, circuits, their files, folders.

    claim: whether scores are compared or classes alone. vectors: how many rows a compiled folder is run on. time_limit:
    seconds for a proof (60 unless given) and for each run of an outside tool (its own limit unless given). engine: what
    runs a folder. workers: processes that prove two circuits, as in `lgnc.verify.prove`. second_reader: whether Verilog
    that pyverilog reads is read through yosys as well, with or without a clock. Convolutional models and
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
            verdict = _named_otherwise(one, two, names) or _stations(
                one, two, claim, count, seed, seconds, engine, second_reader
            )
    if verdict.equal and names:
        verdict = replace(verdict, detail="; but ".join([verdict.detail, *names]))
    return replace(verdict, seconds=time.perf_counter() - started)


def _named_otherwise(one: Subject, two: Subject, names: list[str]) -> Verdict | None:
    """NO where a folder's columns or classes are not what the other side calls them: who uses a folder passes columns
    in the order of its manifest, and reads its classes' names there.
    """
    if not names or one.circuit.head is None or two.circuit.head is None:
        return None
    station = Station("names", False, "read", names[0])
    return Verdict(False, "read", 0, None, 0.0, names[0], (station,))


def _stations(
    one: Subject,
    two: Subject,
    claim: Claim,
    count: int,
    seed: int,
    seconds: float,
    engine: str | None,
    second_reader: bool,
) -> Verdict:
    """The verdict on every station of the folders among the two sides. Where the function is NO, no more is asked."""
    # Every writer stands behind it: 0.1 s that a mistake needs not.
    from lgnc.flows.stations.examine import folder_stations

    started = time.perf_counter()
    telling = Telling(one, two, seed)
    function = run_and_read(one, two, telling, claim, count, seed, seconds, engine, second_reader=second_reader)
    function = replace(function, seconds=time.perf_counter() - started)
    if function.equal is False:
        return overall(function, [Station("function", False, function.how, function.detail, function.seconds)])
    folders = [(side, other) for side, other in ((one, two), (two, one)) if side.manifest is not None]
    found: list[Station] = []
    for side, other in folders:
        assert side.manifest is not None
        visit = Visit(side.path, side.manifest, side.circuit, other, telling.features(side))
        found += folder_stations(visit, function, mark=f" of {side.path.name}" if len(folders) > 1 else "")
    return overall(function, found)


def write_certificate(
    a: Path, b: Path, certificate: Path, *, claim: Claim = "scores", time_limit: float | None = None, seed: int = 0
) -> Verdict:
    """Prove two things equal and write the proof; `replay_certificate` follows it without a search.

    For a compiled folder the proof has several parts (`lgnc.flows.certificates.parts_of`), each for `claim`. Raises
    Failed when the proof has a form that certificates do not have, BadInput for a text that is not read back.
    """
    seconds = PROOF_SECONDS if time_limit is None else time_limit
    started, texts, parts = time.perf_counter(), list[str](), parts_of(a, b)
    for part in parts:
        verdict, text = certify(part.a, part.b, claim=claim, time_limit=seconds, seed=seed)
        if not verdict.equal:
            return replace(verdict, detail=f"{part.name}: {verdict.detail}")
        if text is None:
            what = f"the proof about {part.name} has no certificate"
            raise Failed(what, where=str(certificate), fix="verify without --certificate")
        texts.append(text)
    write_file(certificate, join_certificates(texts, certificate, a, b).encode())
    detail = f"{verdict.detail}, in {len(texts)} parts" if len(texts) > 1 else verdict.detail
    detail = "; but ".join([detail, *differences(parts[0].a, parts[0].b)])
    return replace(verdict, detail=detail, seconds=time.perf_counter() - started)


def replay_certificate(
    a: Path, b: Path, certificate: Path, *, claim: Claim = "scores", time_limit: float | None = None
) -> Verdict:
    """The verdict that a certificate carries, every step checked by code that shares nothing with the prover.

    Raises BadInput when it is damaged or about other circuits, Failed when a step does not follow or the certificate
    claims less than is asked.
    """
    started = time.perf_counter()
    parts = read_certificate(certificate, a, b)
    deadline = started + (PROOF_SECONDS if time_limit is None else time_limit)
    lemmas = 0
    for text, part in parts:
        try:
            lemmas += check_certificate(text, part.a, part.b, str(certificate), deadline=deadline)
        except TimeIsUp:
            seconds = time.perf_counter() - started
            return Verdict(None, "tested", 0, None, seconds, "time was up before the last step was checked")
        if claim == "scores" and claim_of(text) == "class":
            raise Failed(
                "proves that the classes are equal, not the scores", where=str(certificate), fix="--claim class"
            )
    seconds = time.perf_counter() - started
    detail = "; but ".join([f"the certificate's {lemmas} lemmas follow", *differences(parts[0][1].a, parts[0][1].b)])
    return Verdict(True, "proven", 0, None, seconds, detail)
