"""Why a row has its class: figures against the circuit, rows of every kind, and the pictures of gates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import lgnc
from lgnc.cli.main import run
from lgnc.data.features import ColumnPlan, Schema
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.explain_row import number_text
from lgnc.flows.things import source_of
from lgnc.formats.lgn import Model
from lgnc.ir.circuit import Encoder
from lgnc.ir.simulate import simulate
from lgnc.report.cone import MOST_NODES, cone_of
from lgnc.verify.flip import Flip, feature_space, point_of
from tests.cli.test_cli import Capture, call, call_json, refused
from tests.support import needs, random_circuit, random_features, random_model

HEADER = "size,colour,kind\n"
ROWS = ["1.5,red,class 0", "NA,blue,class 1", "0.25,green,class 2"]


def table_model(seed: int = 0) -> Model:
    """A model of a table: a number with missing cells, three colours, the label last."""
    plans = (ColumnPlan("size", 0.5, None, True), ColumnPlan("colour", 0, ("red", "green", "blue")))
    schema = Schema(True, "kind", 2, ("class 0", "class 1", "class 2"), "float64", plans)
    bare = random_model(seed, features=5, thresholds=4, layers=2, width=60, classes=3, dtype="float64")
    threshold = np.concatenate([[0.0, 0.5, 1.0, 2.0], np.full(16, 0.5)])
    encoder = Encoder(schema.feature_names, "float64", bare.encoder.feature, threshold)
    return replace(bare, encoder=encoder, meta={"columns": schema.to_json()})


@pytest.mark.filterwarnings("ignore::lgnc.LgncWarning")
@pytest.mark.parametrize("seed", range(6))
def test_what_carries_a_class(seed: int) -> None:
    model = table_model(seed)
    done = lgnc.explain(model, [1.5, "red"])
    circuit = source_of(model).circuit
    row = np.array([[1.5, 0, 1, 0, 0]])
    scores, classes = simulate(circuit, row)
    own = int(classes[0])
    assert (done.scores, done.found) == (
        dict(zip(model.class_names, scores[0].tolist(), strict=True)), model.class_names[own],
    )  # fmt: skip
    assert {name: votes[0] for name, votes in done.literals.items()} == done.scores
    others = [[1.5, 0, 0, 1, 0], [1.5, 0, 0, 0, 1]]
    margins = []
    for each in others:
        wide = simulate(circuit, np.array([each]))[0][0].astype(int)
        margins.append(int(wide[own] - np.delete(wide, own).max()))
    colour = next((each for each in done.carried if each.name == "colour"), None)
    assert (colour.supports if colour else 0) == max(done.margin - min(margins), 0)
    assert (colour.opposes if colour else 0) == max(max(margins) - done.margin, 0)
    if done.verdict == "proven":
        values: dict[str, object] = {"size": 1.5, "colour": "red"}
        for moved in done.change:
            if moved.name == "colour" or moved.after == "missing":
                values[moved.name] = moved.after.replace("missing", "NA")
            else:
                more = 1e-9 if moved.after.startswith("above ") else 0
                values[moved.name] = float(moved.after.removeprefix("above ")) + more
        again = lgnc.explain(model, values)
        assert (again.found, again.found != done.found) == (done.change_to, True)


@pytest.mark.filterwarnings("ignore::lgnc.LgncWarning")
def test_rows_are_given_in_many_ways(tmp_path: Path, capsys: Capture) -> None:
    path, table = lgnc.save(table_model(), tmp_path / "m.lgn"), tmp_path / "rows.csv"
    table.write_text(HEADER + "\n".join(ROWS) + "\n")
    wanted = lgnc.explain(path, ["NA", "blue"]).scores
    for given in ("NA,blue", "NA, blue, class 1", {"colour": "blue", "size": ""}, [None, "blue"]):
        assert lgnc.explain(path, given).scores == wanted, given
    by_file = lgnc.explain(path, data=table, number=1, split="file")
    assert (by_file.scores, by_file.label) == (wanted, "class 1")
    assert lgnc.explain(path, data=table, number=1, split="all").label in ("class 0", "class 1", "class 2")
    for words in (["NA,blue"], [table, "--row", 1], ["-1.5,red"]):
        code, found = call_json(capsys, "explain", path, *words)
        assert (code, set(found) > {"scores", "carried", "change", "verdict", "notes"}) == (0, True)
    code, text, err = call(capsys, "explain", path, "NA,purple")
    assert (code, err) == (0, "")
    assert "column 'colour': 'purple' is none of its categories" in text
    assert "smallest change" in text


def test_what_cannot_be_explained(tmp_path: Path, capsys: Capture) -> None:
    path = lgnc.save(table_model(), tmp_path / "m.lgn")
    table = tmp_path / "rows.csv"
    table.write_text(HEADER + "\n".join(ROWS) + "\n")
    for words, says in (
        (["1"], "has 1 values, and the model 2 columns"),
        ([table, "--row", 3], "has no row 3 (3 rows)"),
        ([table], "give its values, or --data DATA --row N"),
        (["--jsno"], "No such option"),
        ([], "give its values"),
    ):
        assert says in refused(capsys, 2, "explain", path, *words)
    with pytest.raises(BadInput, match="no classes"):
        lgnc.explain(random_circuit(0), [0] * 10)
    with pytest.raises(BadInput, match="is no number"):
        lgnc.explain(random_circuit(0, classes=3), "1,0,x,0,1,0,1,0,1,0")


@pytest.mark.parametrize("row", [5, object(), "1" * 200_000, np.zeros((1, 2))])
@pytest.mark.parametrize("tabular", [True, False])
def test_what_is_no_row_is_one_line(row: object, tabular: bool) -> None:
    model = table_model() if tabular else random_model(0, features=2)
    with pytest.raises(BadInput, match=r"^row: (is no row|has 2 dimensions)"):
        lgnc.explain(model, row)


def test_a_change_that_does_not_replay_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(0)
    circuit = source_of(model).circuit
    row = random_features(circuit, 1)[0]
    same = point_of(feature_space(circuit)[0], row)
    monkeypatch.setattr("lgnc.flows.explain.smallest_flip", lambda *_: Flip(1, same, (0,), 1, True, True, True))
    with pytest.raises(Failed, match="does not replay"):
        lgnc.explain(model, row)


def test_numbers_read_well() -> None:
    assert number_text(np.nextafter(np.float64(2.45), np.inf)) == "above 2.45"
    assert number_text(np.float32(0.1)) == "0.1"
    assert number_text(np.uint8(7)) == "7"
    assert number_text(np.finfo(np.float32).min) == "-3.4028235e+38"
    assert float(number_text(np.float64(1 / 3))) == 1 / 3


@needs("jinja2")
def test_a_picture_of_gates(tmp_path: Path, capsys: Capture) -> None:
    model = replace(random_model(0), class_names=("<script>", "b", "c&", "d", "e"))
    path, out = lgnc.save(model, tmp_path / "m.lgn"), tmp_path / "cone.svg"
    code, found = call_json(capsys, "show", path, "--output", "<script>", "-o", out)
    assert (code, found["all_literals"], found["depth"]) == (0, 12, 4)
    tree = ElementTree.parse(out)
    tags = [element.tag.rpartition("}")[2] for element in tree.iter()]
    assert "script" not in tags
    boxes = tags.count("rect")
    assert found["gates"] < boxes <= MOST_NODES
    assert any((element.text or "").startswith("sum: <script>") for element in tree.iter())
    assert call(capsys, "show", path, "--output", "b", "--literal", 3, "-o", out)[0] == 0
    for words, says in (
        (["--output", "<skript>", "-o", out], "did you mean '<script>'"),
        (["--output", "b", "--literal", 12, "-o", out], "give 0 to 11"),
        (["--output", "b", "-o", tmp_path / "a.png"], "ends in .svg"),
    ):
        assert says in refused(capsys, 2, "show", path, *words)


def test_the_cone_is_what_the_circuit_has() -> None:
    circuit = random_circuit(3, gates=400)
    for literal in circuit.outputs.tolist():
        cone = cone_of(circuit, [literal], "o", 3)
        assert len(cone.graph) <= MOST_NODES
        for node, kind in cone.graph.nodes(data="kind"):
            if kind == "gate":
                place, read = node - circuit.inputs, set(cone.graph.predecessors(node))
                assert read <= {int(circuit.a[place]), int(circuit.b[place])}
    deep = random_circuit(0, gates=100_000, reach=50_000, outputs=4)
    assert len(cone_of(deep, deep.outputs.tolist(), "o", 30).graph) <= MOST_NODES


def test_show_and_explain_are_commands(capsys: Capture) -> None:
    for name in ("show", "explain", "report"):
        assert run([name, "--help"]) == 0
    assert "smallest change" in capsys.readouterr().out
