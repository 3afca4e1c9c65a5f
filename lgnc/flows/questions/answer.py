"""Answers to questions: proven, shown by a row that was replayed, or undecided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lgnc.flows.explain import Change

UNDECIDED = "undecided"


@dataclass(frozen=True)
class Witness:
    """What shows an answer. rows: one row or two, features by name. classes: what the network gives for each; of two
    networks, what each of them gives for the one row. changed: what differs from the row in question, or of two rows.
    """

    rows: tuple[dict[str, Any], ...]
    classes: tuple[str, ...]
    changed: tuple[Change, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        changed = [{"name": each.name, "before": each.before, "after": each.after} for each in self.changed]
        return {"rows": list(self.rows), "classes": list(self.classes), "changed": changed}


@dataclass(frozen=True)
class Answer:
    """subject: what it is about, such as 'row 3'. word: 'safe', 'flipped', ... or 'undecided'. good: whether it is what
    one asks for, None where it is undecided. how: 'proven', 'replayed' (the witness was run), or '' when undecided.
    found, label: of a row, its class and the data's label. detail: a line for people. seconds: what it took.
    """

    subject: str
    word: str
    good: bool | None
    how: str
    witness: Witness | None = None
    found: str | None = None
    label: str | None = None
    detail: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        facts = {"subject": self.subject, "answer": self.word, "good": self.good, "how": self.how}
        own = {key: value for key, value in (("class", self.found), ("label", self.label)) if value is not None}
        shown = None if self.witness is None else self.witness.as_json()
        return {**facts, **own, "detail": self.detail, "witness": shown, "seconds": round(self.seconds, 4)}


@dataclass(frozen=True, eq=False)
class Answers:
    """question: the kind. said: the question in a sentence. asked_of: which circuit it was put to. answers: one by one.

    facts: what the kind adds, such as the radius.
    """

    question: str
    said: str
    asked_of: str
    answers: tuple[Answer, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether every answer is the good one; for the question 'unused', whether every one was decided."""
        if self.question == "unused":
            return all(each.word != UNDECIDED for each in self.answers)
        if self.question == "monotone":
            return any(each.good for each in self.answers)
        return all(each.good for each in self.answers)

    def counts(self) -> dict[str, int]:
        """How many answers have each word."""
        words = [each.word for each in self.answers]
        return {word: words.count(word) for word in sorted(set(words))}

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        facts = {"question": self.question, "said": self.said, "asked_of": self.asked_of, **self.facts}
        answers = [each.as_json() for each in self.answers]
        return {**facts, "good": self.good, "counts": self.counts(), "answers": answers}

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {word}" for word, count in self.counts().items())
        return f"<{self.said}: {counts}>"
