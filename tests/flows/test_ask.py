"""Questions to networks: every answer against all rows of small networks, and what cannot be asked."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lgnc
from lgnc.diagnostics import BadInput
from lgnc.flows.explain_row import columns_of
from lgnc.flows.questions.answer import Answer, Answers
from lgnc.flows.questions.rows import Rows
from lgnc.flows.things import source_of
from lgnc.formats.lgn import Model
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import simulate
from tests.cli.test_cli import Capture, call, call_json, refused
from tests.flows.test_explain import table_model
from tests.support import random_circuit, random_model

pytestmark = pytest.mark.filterwarnings("ignore::lgnc.LgncWarning")
SEEDS = range(8)


def small(seed: int, dtype: str = "uint8", classes: int = 3, features: int = 2) -> Model:
    return random_model(seed, features=features, thresholds=4, layers=2, width=30, classes=classes, dtype=dtype)


def classes_of(thing: Model | Circuit, rows: NDArray[Any]) -> NDArray[np.int64]:
    return simulate(source_of(thing).circuit, rows)[1]


def grid(thing: Model) -> NDArray[Any]:
    """A row for every combination of intervals between thresholds."""
    encoder = thing.encoder
    kind = np.dtype(encoder.dtype)
    values = []
    for feature in range(len(encoder.names)):
        own = np.unique(encoder.threshold[encoder.feature == feature]).astype(kind)
        above = own[-1:] + 1 if kind.kind != "f" else np.nextafter(own[-1:], kind.type(np.inf))
        values.append(np.concatenate([own, above]))
    return np.array(list(product(*values)), kind)


def legal_rows() -> NDArray[Any]:
    """All rows of `tests.flows.test_explain.table_model`, but for numbers between the same two thresholds."""
    colours = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    sizes = [(value, 0) for value in (-1.0, 0.25, 0.5, 0.75, 1.5, 3.0)] + [(0.5, 1)]
    return np.array([[*size, *colour] for size in sizes for colour in colours], np.float64)


def row_of(found: Answer, thing: Model, place: int = 0) -> NDArray[Any]:
    assert found.witness is not None
    return np.array(list(found.witness.rows[place].values()), thing.encoder.dtype)


def told(found: Answers) -> dict[str, str]:
    return {each.subject: each.word for each in found.answers}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("radius", [0, 3, 30, 90, 255])
def test_robust_against_every_value_of_the_type(seed: int, radius: int) -> None:
    model = small(seed)
    rows = np.random.default_rng(seed).integers(0, 255, (4, 2), np.uint8, endpoint=True)
    found = lgnc.ask(model, robust=rows, radius=radius)
    for row, answer in zip(rows.astype(int), found.answers, strict=True):
        axes = [np.arange(max(0, value - radius), min(255, value + radius) + 1) for value in row.tolist()]
        near = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2).astype(np.uint8)
        own = classes_of(model, row[None].astype(np.uint8))[0]
        assert answer.word == ("flipped" if (classes_of(model, near) != own).any() else "safe")
        assert answer.found == model.class_names[own]
        if answer.word == "flipped":
            changed = row_of(answer, model).astype(int)
            assert np.abs(changed - row).max() <= radius
            assert classes_of(model, changed[None].astype(np.uint8))[0] != own


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("steps", [0, 1, 2, 9])
@pytest.mark.parametrize("dtype", ["int8", "float32", "float64"])
def test_robust_in_steps_against_every_interval(seed: int, steps: int, dtype: str) -> None:
    model = small(seed, dtype)
    rows = Rows([source_of(model).circuit], columns_of(model.encoder, {}, "m"))
    given = rows.draw(5, np.random.default_rng(seed))
    found = lgnc.ask(model, robust=given, radius=steps, steps=True)
    every = rows.space.all_points(0, rows.space.size)
    first = np.concatenate([[0], np.cumsum(rows.space.count)[:-1]])
    values = rows.space.low[every + first].astype(dtype)
    for row, answer in zip(given, found.answers, strict=True):
        near = (np.abs(every - rows.point(row)) <= steps).all(axis=1)
        own = classes_of(model, row[None])[0]
        assert answer.word == ("flipped" if (classes_of(model, values[near]) != own).any() else "safe")
        if answer.word == "flipped":
            changed = row_of(answer, model)
            assert np.abs(rows.point(changed) - rows.point(row)).max() <= steps
            assert classes_of(model, changed[None])[0] != own


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_radius_is_exact_at_a_threshold(dtype: str) -> None:
    """A float threshold is crossed at the next float above it, whose distance is no round number."""
    flips, kind = 0, np.dtype(dtype).type
    for seed in range(4):
        model = small(seed, dtype)
        rows = Rows([source_of(model).circuit], columns_of(model.encoder, {}, "m"))
        for value in rows.space.low[1 : rows.space.count[0]].tolist():
            row = np.array([[np.nextafter(kind(value), kind(-np.inf)), 0.1]], dtype)
            moved = np.array([[value, 0.1]], dtype)
            step = Fraction(moved[0, 0].item()) - Fraction(row[0, 0].item())
            assert lgnc.ask(model, robust=row, radius=step * Fraction(999, 1000)).answers[0].word == "safe"
            if classes_of(model, row)[0] != classes_of(model, moved)[0]:
                assert lgnc.ask(model, robust=row, radius=step).answers[0].word == "flipped"
                flips += 1
    assert flips


@pytest.mark.parametrize("seed", range(12))
def test_reachable_classes(seed: int) -> None:
    model = small(seed, classes=5)
    given = set(classes_of(model, grid(model)).tolist())
    for c, name in enumerate(model.class_names):
        found = lgnc.ask(model, reachable=name).answers[0]
        assert (found.word, found.good) == (("reachable", True) if c in given else ("never", False))
        assert found.how == ("replayed" if c in given else "proven")
        if c in given:
            assert classes_of(model, row_of(found, model)[None])[0] == c


@pytest.mark.parametrize("seed", range(12))
def test_unused_columns(seed: int) -> None:
    model = random_model(seed, features=4, thresholds=2, layers=2, width=9, classes=3)
    rows = grid(model)
    classes = classes_of(model, rows)
    words = told(lgnc.ask(model, unused=True))
    for feature, name in enumerate(model.encoder.names):
        rest = [tuple(np.delete(row, feature)) for row in rows.tolist()]
        used = len({(row, c) for row, c in zip(rest, classes.tolist(), strict=True)}) > len(set(rest))
        assert words[f"column {name}"] == ("used" if used else "unused")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("of_class", [None, "class 1"])
def test_monotone_features(seed: int, of_class: str | None) -> None:
    model = random_model(seed, features=3, thresholds=2, layers=1, width=9, classes=3)
    rows = grid(model)
    classes = classes_of(model, rows)
    rank = classes if of_class is None else (classes == 1).astype(np.int64)
    for feature, name in enumerate(model.encoder.names):
        same = (np.delete(rows, feature, axis=1)[:, None] == np.delete(rows, feature, axis=1)[None]).all(axis=2)
        raised = same & (rows[:, feature][:, None] < rows[:, feature][None])
        falls = (raised & (rank[:, None] > rank[None])).any()
        rises = (raised & (rank[:, None] < rank[None])).any()
        found = lgnc.ask(model, monotone=name, of_class=of_class)
        assert [each.word for each in found.answers] == ["no" if bad else "yes" for bad in (falls, rises)]
        assert found.good == (not (falls and rises))
        for answer in found.answers:
            if answer.word == "no":
                low, high = row_of(answer, model), row_of(answer, model, 1)
                assert (np.flatnonzero(low != high).tolist(), bool(low[feature] < high[feature])) == ([feature], True)


@pytest.mark.parametrize("seed", range(12))
def test_equal_up_to_a_class(seed: int) -> None:
    one = small(seed, features=3)
    op = source_of(one).circuit.op.copy()
    op[seed % len(op)] ^= 1 << seed % 4
    two = source_of(one).circuit.with_(op=op)
    rows = grid(one)
    a, b = classes_of(one, rows), classes_of(two, rows)
    for c, name in enumerate(one.class_names):
        differs = ((a != b) & (a != c) & (b != c)).any()
        found = lgnc.ask(one, equal_up_to=name, other=two).answers[0]
        assert found.word == ("different" if differs else "equal")
        if found.witness is not None:
            row = row_of(found, one)[None]
            names = tuple(one.class_names[classes_of(each, row)[0]] for each in (one, two))
            assert (names, name in names, names[0] != names[1]) == (found.witness.classes, False, True)


def test_features_of_another_order_are_matched_by_name() -> None:
    one = source_of(small(3)).circuit
    turned = replace(one.encoder, names=one.encoder.names[::-1], feature=1 - one.encoder.feature)
    assert lgnc.ask(one, equal_up_to="class 0", other=one.with_(encoder=turned)).good


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_tables_are_legal_ones(seed: int) -> None:
    model = table_model(seed)
    circuit = source_of(model).circuit
    rows = legal_rows()
    classes = simulate(circuit, rows)[1]
    for c, name in enumerate(model.class_names):
        assert lgnc.ask(model, reachable=name).answers[0].word == ("reachable" if c in classes else "never")
    words = told(lgnc.ask(model, unused=True))
    for column, features in (("size", [0, 1]), ("colour", [2, 3, 4])):
        rest = [tuple(np.delete(row, features)) for row in rows]
        used = len(set(zip(rest, classes.tolist(), strict=True))) > len(set(rest))
        assert words[f"column {column}"] == ("used" if used else "unused")
    found = lgnc.ask(model, monotone="size").answers
    present = rows[:, 1] == 0
    pairs = [
        (int(classes[i]), int(classes[j]))
        for i in np.flatnonzero(present)
        for j in np.flatnonzero(present)
        if rows[i, 0] < rows[j, 0] and (rows[i, 2:] == rows[j, 2:]).all()
    ]
    wanted = [any(x > y for x, y in pairs), any(x < y for x, y in pairs)]
    assert [each.word for each in found] == ["no" if bad else "yes" for bad in wanted]


def test_categories_and_missing_cells_stay_under_a_radius() -> None:
    for seed in range(6):
        model = table_model(seed)
        missing = lgnc.ask(model, robust=["NA", "red"], radius=100).answers[0]
        assert missing.word == "safe"
        rows = legal_rows()
        blue = rows[(rows[:, 1] == 0) & (rows[:, 4] == 1)]
        several = len(set(simulate(source_of(model).circuit, blue)[1].tolist())) > 1
        moved = lgnc.ask(model, robust=[0.25, "blue"], radius=100).answers[0]
        assert moved.word == ("flipped" if several else "safe")
        assert moved.witness is None or [each.name for each in moved.witness.changed] == ["size"]


def test_the_command(tmp_path: Path, capsys: Capture) -> None:
    model = small(2)
    path, rows = lgnc.save(model, tmp_path / "m.lgn"), tmp_path / "rows.csv"
    values = np.random.default_rng(0).integers(0, 255, (12, 2), np.uint8, endpoint=True)
    names = [model.class_names[c] for c in classes_of(model, values)]
    lines = [",".join(map(str, [*row, name])) for row, name in zip(values.tolist(), names, strict=True)]
    rows.write_text("\n".join(["x0,x1,kind", *lines, ""]))
    code, found = call_json(capsys, "ask", path, "--robust", rows, "--split", "file", "--radius", "20", "--rows", 10)
    assert (code, found["rows"], found["right"], found["decided"]) == (1, 10, 1.0, 1.0)
    assert found["counts"]["safe"] + found["counts"]["flipped"] == 10
    assert found["right_and_safe"] == found["safe"] == found["counts"]["safe"] / 10
    assert {each["answer"] for each in found["answers"]} == {"safe", "flipped"}
    code, text, err = call(capsys, "ask", path, "--robust", rows, "--split", "file", "--radius", "20")
    assert (code, err) == (1, "")
    assert "right and safe" in text
    assert "row 11" in text
    code, text, _ = call(capsys, "ask", path, "--robust", "12,200", "--radius", "0")
    assert (code, "row 0  safe (proven" in text) == (0, True)
    code, found = call_json(capsys, "ask", path, "--robust", rows, "--split", "file", "--row", 3, "--radius", "0.5")
    assert (code, found["answers"][0]["subject"], found["answers"][0]["label"]) == (0, "row 3", names[3])
    code, found = call_json(capsys, "ask", path, "--unused")
    assert (code, found["unused"]) == (0, [])
    code, text, _ = call(capsys, "ask", path, "--reachable", "class 1")
    assert (code, "reachable (replayed" in text) == (0, True)
    code, text, _ = call(capsys, "ask", path, "--monotone", "x0")
    assert "class 0 < class 1 < class 2" in text
    assert ("shown by" in text) == (code == 1 or " no " in text)
    code, found = call_json(capsys, "ask", path, path, "--equal-up-to", "class 0")
    assert (code, found["counts"]) == (0, {"equal": 1})
    proofs = tmp_path / "proofs"
    for option in ("--certificate", "--check"):
        code, found = call_json(capsys, "ask", path, "--robust", "12,200", "--radius", "0", option, proofs)
        assert (code, found["counts"]) == (0, {"safe": 1})
    assert json.loads(json.dumps(found)) == found


def test_what_cannot_be_asked(tmp_path: Path, capsys: Capture) -> None:
    path = lgnc.save(small(2), tmp_path / "m.lgn")
    table = lgnc.save(table_model(0), tmp_path / "t.lgn")
    gates = lgnc.save(random_circuit(0), tmp_path / "gates.lgir")
    of_rows = ("--row", "--rows", "--split", "--label")
    wrong: list[tuple[list[Any], str]] = [
        ([path], "no question is asked"),
        ([path, "--unused", "--reachable", "class 1"], "--unused and --reachable are 2 questions"),
        ([path, "--reachable", "class 7"], "unknown class 'class 7'"),
        ([path, "--monotone", "x9"], "unknown feature 'x9'"),
        ([path, "--monotone", "x0", "--class", "none"], "unknown class 'none'"),
        ([path, "--unused", "--radius", 1], "--radius is not for --unused"),
        *[([path, "--unused", each, 3], f"{each} is not for --unused") for each in of_rows],
        *[([path, "--robust", "1,2", "--radius", 1, each, 3], f"{each} is for a data set") for each in of_rows],
        ([path, "--robust", "digits", "--radius", 1, "--row", 3, "--rows", 4], "--row and --rows exclude"),
        ([path, "--reachable", "class 1", "--class", "class 1"], "--class is not for --reachable"),
        ([path, path, "--unused"], "a second network is not for --unused"),
        ([path, "--equal-up-to", "class 1"], "the other network is not given"),
        ([path, table, "--equal-up-to", "class 1"], "features are uint8 and float64"),
        ([path, "--robust", "1,2"], "how far numbers may move is not given"),
        *[([path, "--robust", "1,2", f"--radius={bad}"], "is no radius") for bad in ("-1", "x", "nan", "inf", "1e999")],
        ([path, "--robust", "1,2", "--radius", "0.5", "--steps"], "give a whole number of thresholds"),
        ([path, "--robust", "1,2,3", "--radius", "1"], "features"),
        ([path, "--robust", tmp_path / "none.csv", "--radius", "1"], "none.csv"),
        ([table, "--monotone", "colour=red"], "which category a cell has"),
        ([table, "--monotone", "size missing"], "or that it is missing"),
        ([gates, "--unused"], "has no classes to choose from"),
        ([path, "--unused", "--check", tmp_path / "none"], "cannot read"),
        ([path, "--unused", "--certificate", tmp_path], "is a folder"),
        ([path, "--unused", "--certificate", tmp_path / "a", "--check", tmp_path / "b"], "exclude each other"),
    ]
    for words, says in wrong:
        assert says in refused(capsys, 2, "ask", *words), words


def test_a_row_of_one_feature_has_no_comma(tmp_path: Path, capsys: Capture) -> None:
    path = lgnc.save(small(3, features=1), tmp_path / "m.lgn")
    code, found = call_json(capsys, "ask", path, "--robust", "12", "--radius", 0)
    assert (code, found["counts"]) == (0, {"safe": 1})
    assert "data set 'twelve'" in refused(capsys, 2, "ask", path, "--robust", "twelve", "--radius", 0)


@pytest.mark.parametrize(("count", "rows"), [(0, 5), (3, 0), (1, -1)])
def test_no_row_is_not_all_rows_safe(count: int, rows: int) -> None:
    with pytest.raises(BadInput, match="no row to ask about"):
        lgnc.ask(small(2), robust=np.zeros((count, 2), np.uint8), radius=1, rows=rows)
