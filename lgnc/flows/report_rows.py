"""What a network does on the rows of a report: confusion, figures, and the rows that it gets wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.class_figures import class_figures
from lgnc.data.dataset import Dataset
from lgnc.data.held import Held
from lgnc.data.held_rows import held_rows
from lgnc.data.load import load_dataset
from lgnc.data.summary import summarise
from lgnc.diagnostics import BadInput
from lgnc.flows.evaluate import labels_for
from lgnc.flows.report_subject import Subject
from lgnc.formats.record import training_fault
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import features_for, simulate

MOST_ROWS = 20_000
"""Rows of each side that are run; of more, so many evenly spread ones."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """x: [n, features]; y, found: int64[n] classes, by label and by the network; scores: int32[n, classes].

    number: int64[n], the number of each row on its side, from 0. side: 'test', 'training' or 'given'. total: rows of
    that side. train_accuracy: on the training rows, where the shown rows are others. told: as
    `lgnc.data.summary.summarise` gives it, or None for rows in memory. notes: what was guessed or left out.
    """

    x: NDArray[Any]
    y: Ints
    found: Ints
    scores: NDArray[np.int32]
    number: Ints
    side: str
    total: int
    train_accuracy: float | None
    told: dict[str, Any] | None
    notes: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        return float((self.y == self.found).mean())

    @property
    def figures(self) -> dict[str, Any]:
        """What `class_figures` says of these rows."""
        return class_figures(self.y, self.found, self.classes)

    @property
    def confusion(self) -> Ints:
        """int64[classes, classes]: rows by label and class found; for few classes."""
        size = len(self.classes)
        return np.bincount(self.y * size + self.found, minlength=size * size).reshape(size, size)

    def confused(self, most: int) -> list[tuple[int, int, int]]:
        """(label, class found, rows) of the pairs of different classes with the most rows."""
        wrong = self.y != self.found
        pairs, rows = np.unique(self.y[wrong] * len(self.classes) + self.found[wrong], return_counts=True)
        order = np.argsort(-rows, kind="stable")[:most]
        return [(*divmod(int(pairs[k]), len(self.classes)), int(rows[k])) for k in order]

    def worst(self, most: int) -> list[int]:
        """The places of misclassified rows, those that the label's score misses by most first."""
        wrong = np.flatnonzero(self.y != self.found)
        missed = self.scores[wrong, self.found[wrong]] - self.scores[wrong, self.y[wrong]]
        return [int(place) for place in wrong[np.argsort(-missed, kind="stable")[:most]]]


def rows_for(subject: Subject, data: str | Held, label: str | None, max_memory: int | None) -> Rows:
    """The rows of `data` run by the subject's circuit: test rows, or those of training where there are no others.

    Raises BadInput for a circuit without classes, and for data that does not fit.
    """
    circuit = subject.circuit
    if circuit.head is None:
        raise BadInput("has no head, so it has no classes", where=subject.name, fix="leave out --data")
    names = circuit.head.names
    if isinstance(data, Held):
        x, y, notes = held_rows(data, circuit.encoder, subject.columns, names, label, max_memory)
        known = np.flatnonzero(y >= 0)
        if not len(known):
            raise BadInput("has no labels", where=str(data), fix="give the labels too")
        rows = features_for(circuit.encoder, x, str(data))[known]
        return _run(circuit, rows, y[known], "given", None, None, notes)
    dataset = _dataset(subject, data, label, max_memory)
    told, notes = summarise(dataset), dataset.notes
    train = dataset.x_train, labels_for(dataset.class_names, dataset.y_train, list(names), data)
    test = dataset.x_test, labels_for(dataset.class_names, dataset.y_test, list(names), data)
    if not len(test[1]):
        return _run(circuit, *train, "training", None, told, notes)
    accuracy = _run(circuit, *train, "training", None, None, ()).accuracy if len(train[1]) else None
    return _run(circuit, *test, "test", accuracy, told, notes)


def _dataset(subject: Subject, data: str, label: str | None, max_memory: int | None) -> Dataset:
    record = subject.training
    if what := training_fault(record, "training"):
        raise BadInput(what, where=data, fix="train it again")
    held_out = {key: record[key] for key in ("test_fraction", "seed") if key in record}
    return load_dataset(data, label=label, columns=subject.columns or None, max_memory=max_memory, **held_out)


def _run(
    circuit: Circuit,
    x: NDArray[Any],
    y: Ints,
    side: str,
    train_accuracy: float | None,
    told: dict[str, Any] | None,
    notes: tuple[str, ...],
) -> Rows:
    """At most MOST_ROWS of the rows, simulated."""
    assert circuit.head is not None
    number = np.unique(np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).round().astype(np.int64))
    chosen = features_for(circuit.encoder, x[number], side)
    scores, found = simulate(circuit, chosen)
    names = circuit.head.names
    return Rows(chosen, y[number], found, scores, number, side, len(y), train_accuracy, told, notes, names)
