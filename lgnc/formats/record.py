"""What the records of a model and of a compiled folder must be for commands to rely on them; see docs/model.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_LARGEST = 2**63 - 1


def _share(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def _recall(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(type(count) is int for count in pair)
        and 0 <= pair[0] <= pair[1] <= _LARGEST
        and pair[1] > 0
        for pair in value.values()
    )


Rule = tuple[Callable[[object], bool], str]

_RULES: dict[str, Rule] = {
    "data": (lambda value: isinstance(value, str), "text"),
    "seed": (lambda value: type(value) is int and 0 <= value <= _LARGEST, f"an integer of 0 to {_LARGEST}"),
    "test_fraction": (_share, "a number of 0 to 1"),
    **dict.fromkeys(
        ("test_accuracy", "train_accuracy", "standard_error", "majority_share", "balanced_accuracy"),
        (_share, "a number of 0 to 1"),
    ),
    "recall": (_recall, "[rows found, rows] for each class"),
}
_TOGETHER = {"test_accuracy", "standard_error", "majority_share", "balanced_accuracy", "recall"}
"""A record with one class's recall has the others too; older ones have the accuracy alone."""


def training_fault(record: Mapping[str, Any], at: str) -> str:
    """What is wrong with the record of a training, called `at`, or nothing."""
    for key, (good, wanted) in _RULES.items():
        if key in record and not good(record[key]):
            return f"'{at}.{key}' is {record[key]!r:.60}, not {wanted}"
    found = _TOGETHER & set(record)
    if found - {"test_accuracy"} and found != _TOGETHER:
        return f"'{at}' has no '{min(_TOGETHER - found)}'"
    return ""


def is_image_shape(value: object) -> bool:
    """Whether a record's 'shape' is height, width and channels."""
    return isinstance(value, list) and len(value) == 3 and all(type(n) is int and 0 < n <= _LARGEST for n in value)
