"""NAME_row.onnx: a table's cells as the CSV has them, run by onnxruntime against the model; and planted faults."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

import lgnc
from lgnc.backends.onnx.row import _another
from lgnc.backends.row import RowColumn
from lgnc.data import load_dataset
from lgnc.flows.compare import verify
from lgnc.flows.stations.onnx_rows import row_graph
from lgnc.flows.stations.visit import timed
from lgnc.formats.lgn import load_model
from lgnc.formats.lift import lift
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import features_for, simulate
from lgnc.sim import load_manifest
from lgnc.sim.onnx import session_of
from tests.backends.support import visit_of
from tests.backends.test_row import compiled, compiled_from
from tests.flows.test_stations import station
from tests.support import needs

pytestmark = needs("onnxruntime")


def answer(out: Path, cells: dict[str, list[str]]) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """Labels, classes and scores of a table's texts, by column; '' and '?' are missing numbers."""
    told = load_manifest(out).facts["row"]
    given = {}
    for each in told["inputs"]:
        texts: Any = cells[each["name"]]
        if each["type"] != "string":
            texts = np.array([np.nan if text in ("", "?") else float(text) for text in texts])
            texts = texts.astype({"double": "float64", "float": "float32"}[each["type"]])
        given[each["name"]] = np.array(texts, texts.dtype if isinstance(texts, np.ndarray) else object)[:, None]
    session = session_of((out / told["model"]).read_bytes(), "")
    label, classes, scores = session.run([told["outputs"][key] for key in ("label", "class", "scores")], given)
    return label.tolist(), classes, scores


def right(model: lgnc.Model, path: str) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """The same by the model, of a file read as its table was."""
    x = load_dataset(path, columns=model.meta["columns"], test_fraction=1.0).x_test
    scores, classes = simulate(lift(model), features_for(model.encoder, x))
    return [model.class_names[k] for k in classes], classes, scores


def texts_of(path: Path) -> dict[str, list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name].strip() for row in rows] for name in rows[0]}


def same(found: tuple[list[str], Any, Any], wanted: tuple[list[str], Any, Any]) -> None:
    assert found[0] == wanted[0]
    assert np.array_equal(found[1], wanted[1])
    assert np.array_equal(found[2], wanted[2])
    assert len(np.unique(wanted[1])) > 1


@pytest.mark.parametrize("kind", [{}, {"whole": True}, {"codes": "int16"}], ids=["float64", "int16", "codes"])
def test_every_row_of_the_file_gets_what_the_model_gives(kind: dict[str, Any], tmp_path: Path) -> None:
    path, out = compiled(tmp_path, target="onnx", **kind)
    model = load_model(path)
    same(answer(out, texts_of(tmp_path / "t.csv")), right(model, str(tmp_path / "t.csv")))
    graph = onnx.load(out / "net_row.onnx")
    onnx.checker.check_model(graph, full_check=True)
    assert {each.domain for each in graph.opset_import} == {"", "ai.onnx.ml"}
    verdict = verify(path, out)
    assert (verdict.equal, station(verdict, "rows").how, station(verdict, "function").how) == (True, "tested", "proven")
    assert "512 rows of 6 columns" in station(verdict, "rows").detail
    assert "the graph of net.onnx, node by node" in station(verdict, "rows").detail


@pytest.mark.skipif(not os.environ.get("LGNC_DATA"), reason="needs Adult in the folder that LGNC_DATA names")
def test_every_row_of_adult(tmp_path: Path) -> None:
    """16,281 rows with missing cells in three columns of categories, as the file has them."""
    path, out = compiled_from(Path("adult"), "net", "onnx", at=tmp_path, seed=3)
    model = load_model(path)
    with (Path(os.environ["LGNC_DATA"]) / "tabular" / "adult-test.csv").open() as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if len(row) == 15]
    names = [each["name"] for each in load_manifest(out).facts["row"]["inputs"]]
    found = answer(out, dict(zip(names, map(list, zip(*rows, strict=True)), strict=False)))
    x = load_dataset("adult").x_test
    scores, classes = simulate(lift(model), features_for(model.encoder, x))
    assert len(x) == 16_281
    same(found, ([model.class_names[k] for k in classes], classes, scores))


def test_names_that_the_graph_itself_has(tmp_path: Path) -> None:
    """Columns keep theirs, and outputs give way."""
    names = ["class", "features", "lgnc/n", "label", "scores", "n", "y"]
    rng = np.random.default_rng(1)
    lines = [",".join(names), *(",".join([*map(str, rng.integers(0, 60, 6)), "ab"[k % 2]]) for k in range(80))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    path, out = compiled_from(tmp_path / "t.csv", "net", "onnx", seed=3)
    told = load_manifest(out).facts["row"]
    assert [each["name"] for each in told["inputs"]] == names[:-1]
    assert told["outputs"] == {"label": "label_2", "class": "class_2", "scores": "scores_2"}
    model = load_model(path)
    same(answer(out, texts_of(tmp_path / "t.csv")), right(model, str(tmp_path / "t.csv")))


def test_numbers_are_held_within_the_features_type(tmp_path: Path) -> None:
    """Below, beyond and between whole numbers: as the nearest end, and without the fraction."""
    _, out = compiled(tmp_path, target="onnx", whole=True)
    cells = texts_of(tmp_path / "t.csv")
    some = {name: texts[:6] for name, texts in cells.items()}
    for name in ("Age", "float"):
        odd = {**some, name: ["1e9", "-1e9", "inf", "-inf", "30.9", "-30.9"]}
        plain = {**some, name: ["32767", "-32768", "32767", "-32768", "30", "-30"]}
        assert np.array_equal(answer(out, odd)[2], answer(out, plain)[2])


def whole_numbers(at: Path) -> Path:
    """A table of 64-bit integers with gaps."""
    rng = np.random.default_rng(5)
    cells = [["" if rng.random() < 0.2 else str(2**60 + int(v)) for v in rng.integers(0, 99, 2)] for _ in range(90)]
    lines = [f"{','.join(row)},{'ab'[k % 2]}" for k, row in enumerate(cells)]
    (at / "t.csv").write_text("\n".join(["one,two,y", *lines]) + "\n")
    return at / "t.csv"


def test_integers_of_64_bits_are_exact_and_have_a_gap_of_their_own(tmp_path: Path) -> None:
    """Beyond 2^53 a double would round them."""
    path, out = compiled_from(whole_numbers(tmp_path), "net", "onnx", seed=3)
    model = load_model(path)
    cells = texts_of(tmp_path / "t.csv")
    given = {name: np.array([int(cell or -(2**63)) for cell in cells[name]])[:, None] for name in ("one", "two")}
    session = session_of((out / "net_row.onnx").read_bytes(), "")
    labels, classes, scores = right(model, str(tmp_path / "t.csv"))
    assert session.run(["label"], given)[0].tolist() == labels
    assert np.array_equal(session.run(["scores"], given)[0], scores)
    assert len(np.unique(classes)) > 1
    assert station(verify(path, out), "rows").ok is True


def _constant(graph: Any, name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
    (found,) = [each for each in graph.initializer if each.name == f"lgnc/{name}"]
    found.CopyFrom(onnx.numpy_helper.from_array(change(onnx.numpy_helper.to_array(found)), found.name))


def _median(graph: Any) -> None:
    _constant(graph, "0.median", lambda value: value + 1)


def _names(graph: Any) -> None:
    _constant(graph, "class.names", lambda value: value[::-1])


def _attribute(graph: Any, name: str) -> Any:
    encoder = next(each for each in graph.node if each.op_type == "LabelEncoder")
    return next(each for each in encoder.attribute if each.name == name)


def _values(graph: Any) -> None:
    values = _attribute(graph, "values_int64s").ints
    values[0], values[1] = values[1], values[0]


def _gap(graph: Any) -> None:
    keys = _attribute(graph, "keys_strings").strings
    keys[list(keys).index(b"")] = b"gone"


def _order(graph: Any) -> None:
    concat = next(each for each in graph.node if each.name == "lgnc/features")
    concat.input[0], concat.input[1] = concat.input[1], concat.input[0]


def _floor(graph: Any) -> None:
    for each in graph.node:
        each.op_type = {"Round": "Floor"}.get(each.op_type, each.op_type)


def _gate(graph: Any) -> None:
    [each for each in graph.node if each.name.endswith(".xor")][-1].op_type = "BitwiseAnd"


def _input(graph: Any) -> None:
    graph.input[0].name = "age"
    for each in graph.node:
        each.input[:] = ["age" if name == "Age" else name for name in each.input]


FAULTS = [
    (_median, "features of row"),
    (_names, "label of row"),
    (_values, "features of row"),
    (_gap, "features of row"),
    (_order, "features of row"),
    (_floor, "features of row"),
    (_gate, "has another 'level"),
    (_input, "onnxruntime refuses"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("rows"), target="onnx", codes="int16")[1]


@pytest.mark.parametrize(("change", "told"), FAULTS, ids=[change.__name__ for change, _ in FAULTS])
def test_a_planted_fault_is_no(change: Callable[[Any], None], told: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    model = onnx.load(tmp_path / "net_row.onnx")
    change(model.graph)
    onnx.save(model, tmp_path / "net_row.onnx")
    circuit = lgnc.read(tmp_path / "net.lgir")
    assert isinstance(circuit, Circuit)
    found = timed("rows", partial(row_graph, visit_of(tmp_path, circuit, 99)))
    assert found.ok is False
    assert told in found.detail


def test_a_text_that_is_no_value_of_a_column() -> None:
    assert _another(RowColumn("k", values=("red",))) == "another"
    assert _another(RowColumn("k", values=("another", "red"), gaps=("another'",))) == "another''"
