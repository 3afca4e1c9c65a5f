"""How a question circuit is answered: proven never to be true, or refuted; with certificates, written or replayed."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput, Failed
from lgnc.files import read_file, write_file
from lgnc.flows.questions.answer import UNDECIDED, Answer, Witness
from lgnc.ir.circuit import Circuit
from lgnc.verify.certificate import HEADER, TimeIsUp, check_certificate
from lgnc.verify.prove import certify, prove
from lgnc.verify.question import never

FILE_HEADER = "lgnc answers 1"
_MOST = 1 << 30


class Words(NamedTuple):
    """What an answer is called where the question's circuit is never true, and where it is; which of them is good."""

    never: str
    ever: str
    good: str


class Question(Protocol):
    """Something that may happen. subject: its name, among those of one run."""

    subject: str
    words: Words

    def drawn(self, rng: np.random.Generator, deadline: float) -> Witness | None:
        """What shows that it happens, among some random rows that are run on the network itself; or None."""

    def circuit(self) -> Circuit:
        """A circuit whose outputs are true where it happens, and nowhere else."""

    def witness(self, values: NDArray[Any], deadline: float) -> Witness | None:
        """What shows it, from the values of that circuit's features; None when it does not happen there."""


@dataclass(eq=False)
class Proofs:
    """time_limit: seconds for each question. written: a file for the certificates of what is proven, or None.
    given: certificates by subject, which are replayed; nothing is searched then.
    """

    time_limit: float
    seed: int = 0
    written: Path | None = None
    given: dict[str, str] | None = None
    where: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def answer(self, question: Question, **facts: Any) -> Answer:
        """The answer to a question. facts: fields of the answer.

        Random rows come first: they are run on the network itself, so that a fault in the question's circuit, which
        would call something proven, meets rows that say otherwise. Raises Failed when a counterexample does not replay.
        """
        started = time.perf_counter()
        deadline = started + self.time_limit
        rng = np.random.default_rng(self.seed)
        found = None if self.given is not None or self.time_limit <= 0 else question.drawn(rng, deadline)
        holds, detail = (False, "") if found is not None else (None, "no time was given")
        if found is None and self.time_limit > 0:
            circuit = question.circuit()
            holds, values, detail = self._never(question.subject, circuit, deadline)
            found = None if values is None else question.witness(values, deadline)
            if holds is False and found is None:
                raise Failed("a witness does not replay", where=question.subject, fix="please report this")
        word = UNDECIDED if holds is None else question.words.never if holds else question.words.ever
        how = "" if holds is None else "proven" if holds else "replayed"
        good = None if holds is None else word == question.words.good
        seconds = time.perf_counter() - started
        return Answer(question.subject, word, good, how, found, detail=detail, seconds=seconds, **facts)

    def _never(self, subject: str, circuit: Circuit, deadline: float) -> tuple[bool | None, NDArray[Any] | None, str]:
        """(whether the circuit is never true, the features where it is, a line)."""
        if self.given is not None:
            return self._replay(subject, circuit, deadline)
        left = max(0.0, deadline - time.perf_counter())
        if self.written is None:
            verdict = prove(circuit, never(circuit), time_limit=left, seed=self.seed)
        else:
            verdict, text = certify(circuit, never(circuit), time_limit=left, seed=self.seed)
            if text is not None:
                self.texts[subject] = text
            elif verdict.equal:
                return True, None, "this proof has no certificate"
        if verdict.counterexample is None:
            return verdict.equal, None, verdict.detail if verdict.equal is None else ""
        return False, np.array(list(verdict.counterexample["features"].values()), circuit.encoder.dtype), ""

    def _replay(self, subject: str, circuit: Circuit, deadline: float) -> tuple[bool | None, None, str]:
        """Follow the certificate of a question, every step checked; undecided where there is none."""
        assert self.given is not None
        text = self.given.get(subject)
        if text is None:
            return None, None, f"{self.where} has no proof of it"
        try:
            lemmas = check_certificate(text, circuit, never(circuit), f"{self.where}, {subject}", deadline=deadline)
        except TimeIsUp:
            return None, None, "time was up before the last step was checked"
        return True, None, f"the certificate's {lemmas} lemmas follow"

    def write(self) -> None:
        """Write the certificates, one after the other, each under the line of its question."""
        if self.written is not None:
            parts = [f"question {json.dumps(subject)}\n{text}" for subject, text in self.texts.items()]
            write_file(self.written, "\n".join([FILE_HEADER, *parts, "end of answers\n"]).encode())


def given_certificates(path: Path) -> dict[str, str]:
    """The certificates of a file by the subjects of their questions. Raises BadInput when it is damaged."""
    text = read_file(path, _MOST).decode(errors="replace")
    lines = text.split("\n")
    fix = "write it again with --certificate"
    if lines[0] != FILE_HEADER or lines[-2:] != ["end of answers", ""]:
        raise BadInput("is no file of answers, or is cut", where=str(path), fix=fix)
    found: dict[str, str] = {}
    for part in re.split(r"(?m)^question ", "\n".join(lines[1:-2]))[1:]:
        name, _, certificate = part.partition("\n")
        try:
            subject = json.loads(name)
        except ValueError:
            subject = None
        if not isinstance(subject, str) or subject in found or not certificate.startswith(HEADER):
            raise BadInput(f"question {name:.60} is there twice, or is none", where=str(path), fix=fix)
        found[subject] = certificate.rstrip("\n") + "\n"
    return found
