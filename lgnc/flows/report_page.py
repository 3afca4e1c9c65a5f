"""The page of a report: its head line, its cards, and its sections in order."""

from __future__ import annotations

from collections.abc import Mapping

from lgnc.flows.report import unknown_lines
from lgnc.flows.report_rows import Rows
from lgnc.flows.report_sections import (
    accuracy_section,
    data_section,
    features_section,
    folders_section,
    gates_section,
    passes_section,
    training_section,
    verified_section,
    wrong_section,
)
from lgnc.flows.report_subject import Subject
from lgnc.report.page import Page
from lgnc.report.training import epochs_of, percent


def page_of(
    subject: Subject, rows: Rows | None, history: object, speeds: Mapping[str, tuple[str, str]], title: str | None
) -> Page:
    """The page of a subject. history: the epochs of its training, or anything else where there are none."""
    sections = [
        *data_section(subject, rows),
        *accuracy_section(subject, rows),
        *wrong_section(subject, rows),
        *training_section(subject, history),
        *gates_section(subject),
        *passes_section(subject),
        *features_section(subject),
        *folders_section(subject.folders, speeds),
        *verified_section(subject, rows, speeds),
    ]
    unknown = unknown_lines(subject, rows, len(epochs_of(history)) > 1, bool(speeds))
    return Page(title or subject.name, _lead(subject), _cards(subject, rows), sections, unknown)


def _lead(subject: Subject) -> str:
    circuit = subject.circuit
    kind = "A logic gate network" if subject.model is not None else "A circuit of two-input gates"
    ends = f"{len(circuit.outputs):,} outputs" if circuit.head is None else f"{circuit.head.classes:,} classes"
    data = subject.training.get("data")
    trained = f", trained on {data}" if isinstance(data, str) and data else ""
    return f"{kind}: {len(circuit.encoder.names):,} features, {ends}{trained}."


def _cards(subject: Subject, rows: Rows | None) -> list[tuple[str, str, str]]:
    cards = []
    record, circuit, whole = subject.training, subject.circuit, subject.costs["whole"]
    if rows is not None:
        figures = rows.figures
        spread = f"± {100 * figures['standard_error']:.2f}, {rows.side} rows"
        cards.append(("accuracy", percent(rows.accuracy), spread))
        majority = f"always the largest class: {percent(figures['majority_share'])}"
        cards.append(("balanced accuracy", percent(figures["balanced_accuracy"]), majority))
    elif type(record.get("test_accuracy")) in (int, float):
        cards.append(("accuracy", percent(record["test_accuracy"]), "test rows, by the model's record"))
    was = f"{subject.before:,} before the passes" if subject.optimised else "as they were trained"
    cards.append(("gates", f"{circuit.gates:,}", was))
    cards.append(("depth", f"{circuit.depth:,}", f"{whole['depth']:,} with encoder and head"))
    if "lut6" in whole:
        cards.append(("LUT6", f"{whole['lut6']:,}", "encoder and head included"))
    cards.append(("encoder", f"{circuit.inputs:,}", f"bits, of {len(circuit.encoder.names):,} features"))
    return cards
