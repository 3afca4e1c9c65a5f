"""The record of a table's columns, after JSON: what it gives back, and every way it can be wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from lgnc.data.features import ColumnPlan, Schema, distinct_names
from lgnc.data.leave_out import MAX_CATEGORIES
from lgnc.diagnostics import BadInput


def schema(dtype: str = "float64", median: float = 0, values: tuple[str, ...] | None = None) -> Schema:
    plans = (ColumnPlan("a", median, None, True), ColumnPlan("b", 0, values or ("u", "v")))
    return Schema(True, "class", 1, ("yes", "no"), dtype, plans)


@pytest.mark.parametrize("median", [0, -1.5, 2.0**63, -(2.0**63), 2**64, 10**300, 1e308, 5e-324])
def test_medians_of_float_columns_may_be_any_finite_number(median: float) -> None:
    data = json.loads(json.dumps(schema("float64", median).to_json()))
    assert Schema.from_json(data, "x").columns[0].median == float(median)


@pytest.mark.parametrize("median", [-(2**63), 2**63 - 1, 1234567890123456789, 3.0])
def test_medians_of_integer_columns_may_be_any_int64(median: int) -> None:
    again = Schema.from_json(json.loads(json.dumps(schema("int64", median).to_json())), "x")
    assert again.columns[0].median == median
    assert np.array(again.columns[0].median).astype(np.int64) == median


@pytest.mark.parametrize(
    ("dtype", "changes"),
    [
        ("int64", {"median": 2**63}),
        ("int64", {"median": 0.5}),
        ("int64", {"median": float("inf")}),
        ("float64", {"median": float("nan")}),
        ("float64", {"median": 10**400}),
        ("float64", {"median": "3"}),
        ("float64", {"median": None}),
        ("float64", {"values": ["u", "u"]}),
        ("float64", {"values": [str(k) for k in range(MAX_CATEGORIES + 1)]}),
        ("float64", {"values": [], "missing": False}),
        ("float64", {"values": 3}),
        ("float64", {"name": None, "missing": None, "median": []}),
    ],
)
def test_columns_that_no_training_wrote_are_refused(dtype: str, changes: dict[str, Any]) -> None:
    data = schema(dtype).to_json()
    data["columns"][0] |= changes
    with pytest.raises(BadInput, match=r"^x: the model's record of its columns is damaged"):
        Schema.from_json(data, "x")


@pytest.mark.parametrize(
    "changes",
    [{"position": p} for p in (-1, 3, 1.0, True, float("inf"), "1", None)]
    + [{"dtype": d} for d in ("complex64", None, 3, ["int64"])]
    + [{"shape": s} for s in ([1], [1, 2, float("inf")], "abc", 3)]
    + [{"columns": c} for c in (None, 3, [3], [None], "ab")]
    + [{"classes": None}],
)
def test_records_that_no_training_wrote_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="record of its columns is damaged"):
        Schema.from_json(schema().to_json() | changes, "x")


def test_repeated_names_are_numbered_in_linear_time() -> None:
    assert distinct_names(["a", "a (2)", "a", "a", "a (2)", "b"]) == ("a", "a (2)", "a (3)", "a (4)", "a (2) (2)", "b")
    began = time.process_time()
    names = distinct_names(["v"] * 60_000 + [f"v ({k})" for k in range(2, 60_000)] + ["v"] * 60_000)
    assert len(set(names)) == len(names) == 179_998
    assert time.process_time() - began < 5.0
