"""`lgnc.ask`: questions to a network, answered by a proof or by a row that was replayed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.named import NAMES
from lgnc.data.numbers import parse_number
from lgnc.diagnostics import BadInput, listed, unknown
from lgnc.flows.compare import PROOF_SECONDS
from lgnc.flows.explain_row import columns_of, given_row, rows_of_data, the_row
from lgnc.flows.names import differences
from lgnc.flows.questions.answer import Answers
from lgnc.flows.questions.network import EqualUpTo, Monotone, Reachable, Unused
from lgnc.flows.questions.proofs import Proofs, given_certificates
from lgnc.flows.questions.robust import Robust, radius_of
from lgnc.flows.questions.rows import Rows
from lgnc.flows.questions.subject import Asked, asked
from lgnc.flows.things import Thing
from lgnc.ir.circuit import Circuit
from lgnc.ir.quantiser import Quantiser
from lgnc.ir.simulate import features_for

SECONDS = 10.0
"""What a question may take unless its caller says otherwise."""

ROWS = 100
"""So many rows of a data set are asked about unless a number is given."""


def ask(
    thing: Thing,
    *,
    robust: Any = None,
    monotone: str | None = None,
    unused: bool = False,
    reachable: str | None = None,
    equal_up_to: str | None = None,
    other: Thing | None = None,
    radius: Any = None,
    steps: bool = False,
    of_class: str | None = None,
    row: int | None = None,
    rows: int | None = None,
    split: str | None = None,
    label: str | None = None,
    time_limit: float = SECONDS,
    seed: int = 0,
    certificate: str | os.PathLike[str] | None = None,
    check: str | os.PathLike[str] | None = None,
    max_memory: int | None = None,
) -> Answers:
    """Ask one question of a model, a circuit or a compiled folder; `docs/questions.md` says what each means.

    robust: the rows: a data set or file (`row`, from 0, or the first `rows` (100) of `split` ('test'), 'file' for a
    file's own order), the values of one row, or an array [n, features]. radius: how far each number
    may move, in its own unit, or with `steps` in thresholds. monotone: a feature; of_class: for one class in place of
    the classes' order. unused: the columns that cannot change the class. reachable: a class. equal_up_to: a class, on
    which `other` may differ.

    time_limit: seconds for each question; then it is undecided. certificate: a file for the proofs; check: one that is
    replayed in place of a search. Raises BadInput for what cannot be asked.
    """
    kinds = {"robust": robust, "monotone": monotone, "unused": unused or None, "reachable": reachable}
    kinds["equal-up-to"] = equal_up_to
    chosen = [name for name, value in kinds.items() if value is not None]
    if len(chosen) != 1:
        asks = listed([f"--{name}" for name in chosen], "and")
        what = f"{asks} are {len(chosen)} questions" if chosen else "no question is asked"
        raise BadInput(what, where="ask", fix=f"give one of {', '.join(f'--{name}' for name in kinds)}")
    places = {"row": row, "rows": rows, "split": split, "label": label}
    _refuse(chosen[0], radius=radius, steps=steps or None, of_class=of_class, other=other, **places)
    if certificate is not None and check is not None:
        raise BadInput("--certificate and --check exclude each other", where="ask", fix="give one of them")
    given_proofs = None if check is None else given_certificates(Path(check))
    proofs = Proofs(
        time_limit, seed, None if certificate is None else Path(certificate), given_proofs, os.fspath(check or "")
    )
    subject = asked(thing, PROOF_SECONDS)
    if chosen[0] == "robust":
        source = Given(robust, row, rows, split, label, max_memory)
        found = _robust(subject, source, proofs, radius, steps)
    elif chosen[0] == "monotone":
        found = _monotone(subject, proofs, str(monotone), of_class)
    elif chosen[0] == "unused":
        found = _unused(subject, proofs)
    elif chosen[0] == "reachable":
        found = _reachable(subject, proofs, str(reachable))
    else:
        found = _equal_up_to(subject, proofs, str(equal_up_to), other)
    proofs.write()
    return found


def _refuse(kind: str, **options: Any) -> None:
    """Raise BadInput for an option that is about another question."""
    about = dict.fromkeys(("radius", "steps", "row", "rows", "split", "label"), "robust")
    about |= {"of_class": "monotone", "other": "equal-up-to"}
    names = {"of_class": "--class", "other": "a second network"}
    for name, value in options.items():
        if value is not None and about[name] != kind:
            what = f"{names.get(name, f'--{name}')} is not for --{kind}"
            raise BadInput(what, where="ask", fix=f"it is for --{about[name]}")


def _rows(subject: Asked, *others: Circuit) -> Rows:
    columns = columns_of(subject.circuit.encoder, subject.meta, subject.where)
    return Rows([subject.circuit, *others], columns)


def _class(circuit: Circuit, name: str, where: str) -> int:
    """The index of a class. Raises BadInput when there is none of the name."""
    names = () if circuit.head is None else circuit.head.names
    if name not in names:
        raise unknown("class", name, names, where=where)
    return names.index(name)


class Given:
    """What `robust` names, and which rows of it are asked about."""

    def __init__(
        self,
        given: Any,
        row: int | None,
        rows: int | None,
        split: str | None,
        label: str | None,
        max_memory: int | None,
    ) -> None:
        if row is not None and rows is not None:
            raise BadInput("--row and --rows exclude each other", where="ask", fix="give one of them")
        self.given, self.row, self.count, self.split = given, row, ROWS if rows is None else rows, split or "test"
        self.label, self.max_memory = label, max_memory
        self.named = isinstance(given, str | os.PathLike) and not self._is_values()
        table = getattr(given, "ndim", 1) == 2
        for name, value in {"row": row, "rows": None if table else rows, "split": split, "label": label}.items():
            if value is not None and not self.named:
                raise BadInput(f"--{name} is for a data set or a file", where="ask", fix="leave it out")

    def read(self, subject: Asked) -> tuple[NDArray[Any], list[str | None], list[int], str]:
        """(rows [n, features], their labels, their numbers, what they are)."""
        encoder = subject.circuit.encoder
        if getattr(self.given, "ndim", 1) == 2:
            x = features_for(encoder, np.asarray(self.given), "rows")[: self.count]
            return x, [None] * len(x), list(range(len(x))), f"{len(x)} of {len(self.given)} rows"
        if not self.named:
            return given_row(encoder, subject.meta, self.given)[None], [None], [0], "the row given"
        data = os.fspath(self.given)
        x, labels = rows_of_data(subject.circuit, subject.meta, data, self.split, self.label, self.max_memory)
        if self.row is not None:
            one, truth = the_row(x, labels, self.row, data)
            return one[None], [truth], [self.row], f"row {self.row} of {data} ({self.split})"
        kept = x[: self.count]
        said = f"{len(kept):,} of {len(x):,} rows of {data} ({self.split})"
        return kept, [*labels[: self.count]], list(range(len(kept))), said

    def _is_values(self) -> bool:
        """Whether a text is a row's values, and no file or data set."""
        text = os.fspath(self.given)
        return text not in NAMES and not Path(text).exists() and ("," in text or parse_number(text) is not None)


def _robust(subject: Asked, source: Given, proofs: Proofs, radius: Any, steps: bool) -> Answers:
    size = radius_of(radius, steps)
    if not steps and subject.circuit.encoder.quantiser is not None:
        what = "features are codes, and a radius says nothing of which codes a value may come to"
        raise BadInput(what, where=subject.where, fix="give the radius in thresholds, with --steps")
    rows = _rows(subject)
    x, labels, numbers, said = source.read(subject)
    if not len(x):
        raise BadInput("there is no row to ask about", where="--robust", fix="give at least one row")
    names = rows.circuits[0].head.names if rows.circuits[0].head is not None else ()
    answers = []
    for number, values, label in zip(numbers, x, labels, strict=True):
        question = Robust(rows, values, size, f"row {number}", fewest=len(x) == 1)
        answers.append(proofs.answer(question, found=names[question.own], label=label))
    told = f"can a change of each number by at most {size.text} give a row another class? {said}"
    facts = {"radius": float(size.size), "steps": steps, **_shares(answers)}
    return Answers("robust", told, subject.said, tuple(answers), facts)


def _shares(answers: Sequence[Any]) -> dict[str, Any]:
    """Shares of rows: safe, decided, and where labels are known right, and right and safe."""
    count = max(len(answers), 1)
    facts: dict[str, Any] = {
        "rows": len(answers),
        "safe": sum(each.word == "safe" for each in answers) / count,
        "decided": sum(each.good is not None for each in answers) / count,
        "seconds_per_row": round(sum(each.seconds for each in answers) / count, 4),
        "seconds_worst": round(max((each.seconds for each in answers), default=0.0), 4),
    }
    if answers and all(each.label is not None for each in answers):
        right = [each.found == each.label for each in answers]
        facts["right"] = sum(right) / count
        facts["right_and_safe"] = (
            sum(each.word == "safe" and ok for each, ok in zip(answers, right, strict=True)) / count
        )
    return facts


def _monotone(subject: Asked, proofs: Proofs, name: str, of_class: str | None) -> Answers:
    rows = _rows(subject)
    names = rows.encoder.names
    if name not in names:
        raise unknown("feature", name, names, where=subject.where)
    feature = names.index(name)
    flags = {each for group in rows.columns.groups for each in (*group.one_of, group.missing)}
    if feature in flags:
        what = f"'{name}' says which category a cell has, or that it is missing: it does not rise"
        raise BadInput(what, where=subject.where, fix="give a column of numbers")
    head = subject.circuit.head
    assert head is not None
    if of_class is None:
        rank, order = list(range(head.classes)), " < ".join(head.names)
        subjects = ("the class never goes down", "the class never goes up")
    else:
        own = _class(subject.circuit, of_class, subject.where)
        rank, order = [int(c == own) for c in range(head.classes)], None
        subjects = (f"class {of_class} is never lost", f"class {of_class} is never gained")
    answers = [
        proofs.answer(Monotone(rows, feature, rank, told, up=up))
        for told, up in zip(subjects, (True, False), strict=True)
    ]
    said = f"what does raising '{name}' do, all else the same?"
    return Answers("monotone", said, subject.said, tuple(answers), {"feature": name, "order": order})


def _unused(subject: Asked, proofs: Proofs) -> Answers:
    rows = _rows(subject)
    answers = [proofs.answer(Unused(rows, place)) for place in range(len(rows.columns.groups))]
    names = [each.subject.removeprefix("column ") for each in answers if each.word == "unused"]
    said = "which columns cannot change the class, whatever the others are?"
    return Answers("unused", said, subject.said, tuple(answers), {"unused": names})


def _reachable(subject: Asked, proofs: Proofs, name: str) -> Answers:
    question = Reachable(_rows(subject), _class(subject.circuit, name, subject.where))
    said = f"is there a row of class '{name}'?"
    return Answers("reachable", said, subject.said, (proofs.answer(question),), {"class": name})


def _equal_up_to(subject: Asked, proofs: Proofs, name: str, other: Thing | None) -> Answers:
    if other is None:
        raise BadInput("the other network is not given", where="ask", fix="give both: lgnc ask A B --equal-up-to CLASS")
    second = asked(other, PROOF_SECONDS)
    question = EqualUpTo(_rows(subject, alike(subject, second)), _class(subject.circuit, name, subject.where))
    said = f"do both give the same class, but for rows that one of them calls '{name}'?"
    both = f"{subject.said}; and {second.said}"
    return Answers("equal-up-to", said, both, (proofs.answer(question),), {"class": name})


def alike(one: Asked, two: Asked) -> Circuit:
    """The second network with its features and classes in the order of the first. Raises BadInput when they differ."""
    a, b = one.circuit, two.circuit
    assert a.head is not None
    assert b.head is not None
    where, fix = f"{one.where}, {two.where}", "ask about networks of the same data"
    if a.encoder.dtype != b.encoder.dtype:
        raise BadInput(f"features are {a.encoder.dtype} and {b.encoder.dtype}", where=where, fix=fix)
    for what, first, second in (
        ("features", a.encoder.names, b.encoder.names),
        ("classes", a.head.names, b.head.names),
    ):
        if set(first) != set(second):
            raise BadInput(f"the {what} have other names", where=where, fix=fix)
    if a.head.names != b.head.names:
        raise BadInput("the same classes stand in another order", where=where, fix=fix)
    place: Mapping[str, int] = {name: k for k, name in enumerate(a.encoder.names)}
    moved = np.array([place[name] for name in b.encoder.names], np.int32)
    made, codes = replace(b.encoder, names=a.encoder.names, feature=moved[b.encoder.feature]), b.encoder.quantiser
    if codes is not None:
        order = np.argsort(moved)
        made = replace(made, quantiser=Quantiser(codes.scale[order], codes.offset[order]))
    if told := differences(a, found := b.with_(encoder=made)):
        raise BadInput(told[0], where=where, fix=fix)
    return found
