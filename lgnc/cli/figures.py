"""Accuracies and stations as several commands print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgnc.cli.output import percent

_SHOWN = 8


def accuracy_text(accuracy: float, figures: Mapping[str, Any]) -> str:
    """'96.42 % +- 0.97 (always the largest class: 10.28 %)'."""
    text = str(percent(accuracy))
    if "standard_error" not in figures:
        return text
    majority = percent(figures["majority_share"])
    return f"{text} +- {100 * figures['standard_error']:.2f} (always the largest class: {majority})"


def baseline_rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows for `print_facts`: what simple models reach on the same rows, where they were trained."""
    return [
        (each["name"], f"{percent(each['accuracy'])} +- {100 * each['standard_error']:.2f}, balanced "
         f"{percent(each['balanced_accuracy'])}, trained on {each['rows']:,} rows")
        for each in figures.get("baselines", ())
    ]  # fmt: skip


def class_rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows for `print_facts`: balanced accuracy, and each class's recall, of many classes the lowest."""
    recall = figures.get("recall")
    if not isinstance(recall, dict) or "balanced_accuracy" not in figures:
        return []
    order = list(recall.items())
    if few := len(order) > _SHOWN:
        order.sort(key=lambda item: item[1][0] / item[1][1])
    shown = ", ".join(f"{name}: {right:,} of {rows:,}" for name, (right, rows) in order[:_SHOWN])
    text = f"the lowest of {len(order):,}: {shown}" if few else shown
    facts = [("balanced", f"{percent(figures['balanced_accuracy'])}, the mean recall of the classes"), ("recall", text)]
    never = [name for name, (right, _) in recall.items() if not right]
    if never:
        names = ", ".join(map(repr, never[:_SHOWN])) + (
            f" and {len(never) - _SHOWN} more" if len(never) > _SHOWN else ""
        )
        facts.append(("warning", f"never found: {names}"))
    return facts


def station_fact(station: Mapping[str, Any]) -> tuple[str, str]:
    """A row for `print_facts`: 'function', 'proven: net.v, read back from its text (0.35 s)'."""
    answer = "NO, " if station["ok"] is False else "undecided, " if station["how"] != "not checked" else ""
    answer = "" if station["ok"] else answer
    seconds = f" ({station['seconds']:.2f} s)" if "seconds" in station else ""
    return station["station"], f"{answer}{station['how']}: {station['detail']}{seconds}"
