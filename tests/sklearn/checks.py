"""scikit-learn's own checks of an estimator, none of them skipped."""

from __future__ import annotations

import warnings
from typing import Any

import pytest


def all_checks(estimator: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many checks there are. Raises what a check raises, and AssertionError when one was skipped."""
    from sklearn.utils.estimator_checks import check_estimator

    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # Without it a check is skipped.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, on_skip=None)
    left = [f"{each['check_name']}: {each['status']}" for each in found if each["status"] != "passed"]
    assert not left, left
    return len(found)
