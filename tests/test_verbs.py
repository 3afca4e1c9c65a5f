"""The verbs of `import lgnc`: every kind of input, what is told, and what is refused."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lgnc
from lgnc.formats.source import load_source
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import simulate as meaning
from tests.support import needs, random_circuit, random_features, random_model

QUICK: dict[str, Any] = {"width": 60, "layers": 2, "epochs": 3, "members": 1, "engine": "packed", "threads": 1}
pytestmark = needs("torch")


def blobs(rows: int = 240) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Three clouds of points, [rows, 4] and their numbers."""
    rng = np.random.default_rng(0)
    y = np.arange(rows) % 3
    return rng.normal(size=(rows, 4)) + 3 * y[:, None], y


def same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    """Whether both are there, and equal."""
    return one is not None and other is not None and np.array_equal(one, other)


class Series:
    """A column as pandas has it: Python objects, text and missing cells among them."""

    def __init__(self, cells: list[Any]) -> None:
        self.cells = cells

    def __len__(self) -> int:
        return len(self.cells)

    def to_numpy(self) -> NDArray[Any]:
        return np.array(self.cells, dtype=object)


class Frame:
    """A table as pandas, polars and others have it."""

    def __init__(self, cells: dict[str, list[Any]]) -> None:
        self.cells, self.columns = cells, list(cells)

    def __getitem__(self, name: str) -> Series:
        return Series(self.cells[name])


def frame() -> Frame:
    """Numbers with gaps, text, and the label in the last column."""
    x, y = blobs()
    first: list[Any] = x[:, 0].tolist()
    first[:40:4] = [None] * 10
    colours = ["red", "blue", "green"]
    return Frame(
        {
            "a": first,
            "colour": [colours[each] for each in y],
            "b": x[:, 1].tolist(),
            "kind": [("low", "mid", "high")[each] for each in y],
        }
    )


@pytest.fixture(scope="module")
def model() -> lgnc.Model:
    """A model of the blobs."""
    return lgnc.train(*blobs(), **QUICK)


def test_the_whole_way(model: lgnc.Model, tmp_path: Path) -> None:
    x, y = blobs()
    circuit = lgnc.read(lgnc.save(model, tmp_path / "net.lgn"))
    small = lgnc.optimise(circuit, level=2, prove=True)
    assert small.gates < circuit.gates
    folder = lgnc.compile(model, "numpy", tmp_path / "out", name="net")
    assert set(folder.files) == {path.name for path in (tmp_path / "out").iterdir()}
    assert folder.manifest["source_sha256"] == load_source(tmp_path / "net.lgn").sha256
    for one, other in ((model, small), (circuit, folder), (folder, small), (model, str(tmp_path / "net.lgn"))):
        assert lgnc.verify(one, other).equal
    net = lgnc.load(folder)
    assert isinstance(net, lgnc.Network)
    scores, classes = meaning(circuit, x)
    assert classes is not None
    for thing in (model, circuit, small, folder, tmp_path / "net.lgn", str(tmp_path / "out")):
        ran = lgnc.simulate(thing, x, y)
        assert same(ran.scores, scores)
        assert same(ran.classes, classes)
        assert ran.accuracy == (classes == y).mean()
        assert not ran.mismatches
    assert same(net.predict(x), classes)


def test_a_difference_is_found(model: lgnc.Model, tmp_path: Path) -> None:
    circuit = lgnc.optimise(model)
    wrong = circuit.with_(outputs=circuit.outputs ^ np.eye(1, len(circuit.outputs), dtype=np.int32)[0])
    assert lgnc.verify(model, wrong).equal is False
    folder = lgnc.compile(wrong, "numpy", tmp_path / "wrong")
    assert lgnc.verify(model, folder).equal is False
    with pytest.raises(lgnc.BadInput, match="was not compiled from"):
        lgnc.simulate(folder, *blobs(), model=model)


def test_claims_are_told_apart(model: lgnc.Model) -> None:
    circuit = lgnc.optimise(model)
    assert circuit.head is not None
    head = circuit.head
    raised = circuit.with_(head=type(head)(head.names, head.starts, head.offset + 1, head.tau))
    assert lgnc.verify(circuit, raised, claim="class").equal
    assert lgnc.verify(circuit, raised).equal is False
    with pytest.raises(lgnc.BadInput, match=r"unknown claim 'clas'.*did you mean 'class'"):
        lgnc.verify(circuit, raised, claim="clas")  # type: ignore[arg-type]


def test_circuits_without_a_head(tmp_path: Path) -> None:
    circuit = random_circuit(3)
    folder = lgnc.compile(circuit, "numpy", tmp_path / "out")
    assert lgnc.verify(circuit, folder).equal
    x = random_features(circuit, 50)
    ran = lgnc.simulate(folder, x)
    assert ran.outputs is not None
    assert ran.classes is None
    assert ran.accuracy is None
    assert same(lgnc.simulate(circuit, x).outputs, ran.outputs)
    assert same(lgnc.load(folder).outputs(x), ran.outputs)


def test_a_data_set_by_name_is_split_as_in_training(tmp_path: Path) -> None:
    model = lgnc.train("iris", **QUICK)
    folder = lgnc.compile(model, "numpy", tmp_path / "out")
    ran = lgnc.simulate(folder, "iris")
    assert len(ran) == 30
    assert ran.accuracy == model.meta["training"]["test_accuracy"]
    assert len(lgnc.simulate(folder, "iris", split="all", limit=100)) == 100


def labelled(y: NDArray[np.int64]) -> list[tuple[Any, tuple[str, ...]]]:
    """Labels of every kind, and the classes that they name."""
    texts = np.array(["low", "mid", "high"])
    return [
        (y, ("0", "1", "2")),
        (y.astype(np.float32), ("0", "1", "2")),
        (y[:, None], ("0", "1", "2")),
        (y.tolist(), ("0", "1", "2")),
        (texts[y], ("high", "low", "mid")),
        (texts[y].astype(object), ("high", "low", "mid")),
        (texts[y].astype("S"), ("high", "low", "mid")),
        (texts[y].tolist(), ("high", "low", "mid")),
        (Series(texts[y].tolist()), ("high", "low", "mid")),
    ]


@pytest.mark.parametrize("kind", range(9))
def test_labels_of_every_kind(kind: int) -> None:
    x, y = blobs()
    labels, names = labelled(y)[kind]
    model = lgnc.train(x, labels, **QUICK | {"epochs": 1})
    assert model.class_names == names
    ran = lgnc.simulate(model, x, labels)
    assert [names[each] for each in ran.labels] == [
        ("012"[each], ("low", "mid", "high")[each])[len(names[0]) > 1] for each in y
    ]


def test_labels_are_never_taken_from_the_features() -> None:
    """The first column has few whole numbers and the labels are fractions: y is the label all the same."""
    x, y = blobs()
    x[:, 0] = y
    assert lgnc.train(x, y + 0.5, **QUICK).class_names == ("0.5", "1.5", "2.5")


def test_test_rows_of_their_own() -> None:
    x, y = blobs()
    model = lgnc.train((x[:180], y[:180]), x_test=x[180:], y_test=y[180:], **QUICK)
    same = lgnc.train(x[:180], y[:180], test=(x[180:], y[180:]), **QUICK)
    assert lgnc.verify(model, same).equal
    ran = lgnc.simulate(model, x[180:], y[180:])
    assert ran.accuracy == model.meta["training"]["test_accuracy"]


def test_images_keep_their_shape() -> None:
    rng = np.random.default_rng(1)
    y = np.arange(120) % 2
    images = (rng.integers(0, 100, (120, 6, 5)) + 120 * y[:, None, None]).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lgnc.LgncWarning)
        model = lgnc.train(images, y, **QUICK)
    assert model.meta["shape"] == [6, 5, 1]
    assert same(lgnc.simulate(model, images).classes, lgnc.simulate(model, images[..., None]).classes)
    with pytest.raises(lgnc.BadInput, match="trained on"):
        lgnc.simulate(model, images.transpose(0, 2, 1))


def test_a_frame_is_read_by_its_names(tmp_path: Path) -> None:
    table = frame()
    model = lgnc.train(table, **{**QUICK, "epochs": 20})
    assert model.class_names == ("high", "low", "mid")
    assert "colour=red" in model.encoder.names
    assert "a missing" in model.encoder.names
    folder = lgnc.compile(model, "numpy", tmp_path / "out")
    whole = lgnc.simulate(folder, table)
    assert whole.accuracy is not None
    assert whole.accuracy > 0.9
    others = Frame({name: table.cells[name] for name in ("b", "colour", "a")})
    assert same(lgnc.simulate(folder, others).classes, whole.classes)
    labels = table.cells["kind"]
    assert lgnc.simulate(model, others, labels).accuracy == whole.accuracy
    named = lgnc.train(Frame({name: table.cells[name] for name in ("kind", "a", "b")}), label="kind", **QUICK)
    assert named.class_names == model.class_names
    apart = lgnc.train(others, labels, **QUICK)
    assert apart.class_names == model.class_names


def test_the_same_as_from_a_file(tmp_path: Path) -> None:
    x, y = blobs()
    rows = [[*map(repr, map(float, row)), f"k{label}"] for row, label in zip(x, y, strict=True)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(",".join(row) for row in [["a", "b", "c", "d", "kind"], *rows]) + "\n")
    columns = {name: x[:, index] for index, name in enumerate("abcd")} | {"kind": [f"k{label}" for label in y]}
    assert lgnc.verify(lgnc.train(path, **QUICK), lgnc.train(columns, **QUICK)).equal
    assert lgnc.verify(lgnc.train(str(path), **QUICK), lgnc.train(x, [f"k{label}" for label in y], **QUICK)).detail


def test_what_is_left_out_is_told_where_the_verb_is_called() -> None:
    x, y = blobs()
    table = {"id": np.arange(len(x)), "a": x[:, 0], "b": np.where(np.arange(len(x)) == 3, np.nan, x[:, 1]), "kind": y}
    with pytest.warns(lgnc.LgncWarning) as told:
        lgnc.train(table, **QUICK)
    said = [str(each.message) for each in told]
    assert any("left out 'id'" in line for line in said)
    assert any("NaN read as missing" in line for line in said)
    assert {each.filename for each in told} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lgnc.train({name: table[name] for name in ("id", "a", "kind")}, drop="id", **QUICK)


def test_rows_without_a_label_stay_in_their_places(model: lgnc.Model) -> None:
    x, y = blobs()
    holes = y.astype(np.float64)
    holes[7] = np.nan
    with pytest.warns(lgnc.LgncWarning, match="1 rows have no label"):
        ran = lgnc.simulate(model, x, holes)
    assert len(ran) == len(x)
    assert ran.labels[7] == -1
    assert ran.classes is not None
    known = np.arange(len(x)) != 7
    assert ran.accuracy == (ran.classes == y)[known].mean()


def test_what_a_reader_left_out_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.blif"
    text = ".model m\n.inputs a b\n.outputs c\n.names a b c\n11 1\n.delay a 1 1\n.end\n"
    path.write_text(text)
    with pytest.warns(lgnc.LgncWarning):
        lgnc.read(path)


X, Y = blobs()
NET = random_model(0)
WRONG: list[tuple[Callable[[Path], Any], str]] = [
    (lambda _: lgnc.train(X, Y, widht=3), "unknown setting 'widht' .did you mean 'width'"),
    (lambda _: lgnc.train("iris", labl="class"), "unknown setting 'labl' .did you mean 'label'"),
    (lambda _: lgnc.train(X, Y, width="wide"), "setting 'width' is 'wide', not a whole number"),
    (lambda _: lgnc.train(X, Y[:5]), r"'x' is \[240, 4\] and 'y' \[5\]"),
    (lambda _: lgnc.train(X), "has no labels"),
    (lambda _: lgnc.train(X, X), r"'y' \[240, 4\]"),
    (lambda _: lgnc.train(Y, Y), "not rows of features"),
    (lambda _: lgnc.train(7), "is int, not rows of features"),
    (lambda _: lgnc.train([[1, 2], [3]], [0, 1]), "is no array of numbers"),
    (lambda _: lgnc.train(np.ma.masked_greater(X, 3), Y), "masked"),
    (lambda _: lgnc.train(np.where(X > 5, np.inf, X), Y), "holds inf"),
    (lambda _: lgnc.train({"a": [1, 2], "when": np.array(["2020", "2021"], "M8[D]"), "y": [0, 1]}), "'when' holds"),
    (lambda _: lgnc.train({"a": [1, 2, 3], "y": [0, 1]}), "'y' is .2., not 3 cells"),
    (lambda _: lgnc.train({"a": [], "y": []}), "has no rows"),
    (lambda _: lgnc.train({"a": [2**70, 1], "y": [0, 1]}), "too large for 64 bits"),
    (lambda _: lgnc.train({"a": [{}, 1], "y": [0, 1]}), "'a' holds dict"),
    (lambda _: lgnc.train(frame(), label="kinds"), "unknown label column 'kinds' .did you mean 'kind'"),
    (lambda _: lgnc.train("iris", Y), "has labels of its own"),
    (lambda _: lgnc.train(X, Y, x_test=X), "give both"),
    (lambda _: lgnc.train(X, Y, test=(X, Y), test_fraction=0.5), "the test rows are given"),
    (lambda _: lgnc.train("nope.csv"), "no such file"),
    (lambda _: lgnc.read("nope.lgn"), "no such file"),
    (lambda folder: lgnc.read(folder), "is a folder"),
    (lambda folder: lgnc.save(NET, folder / "net.lgir"), "a model file ends in .lgn"),
    (lambda _: lgnc.optimise(NET, 9), "unknown optimisation level '9'"),
    (lambda _: lgnc.optimise(NET, 1, passes="fold_constants"), "exclude each other"),
    (lambda folder: lgnc.compile(NET, "rust", folder / "out"), "unknown target 'rust'"),
    (lambda folder: lgnc.compile(7, "c", folder / "out"), "int is neither a model nor a circuit"),  # type: ignore[arg-type]
    (lambda folder: lgnc.compile(NET, "c", folder / "out", bitstream=True), "target c has no such option"),
    (lambda _: lgnc.simulate(NET, X[:, :2]), "features are 240 x 2, not rows x"),
    (lambda _: lgnc.simulate(NET, "iris", engine="cc"), "unknown engine"),
    (lambda folder: lgnc.load(folder), "is not a compiled folder"),
]


@pytest.mark.parametrize("index", range(len(WRONG)))
def test_bad_input_is_named(index: int, tmp_path: Path) -> None:
    call, says = WRONG[index]
    with pytest.raises(lgnc.BadInput, match=says):
        call(tmp_path)
    assert not (tmp_path / "out").exists()


def test_an_unknown_setting_costs_no_training() -> None:
    code = "import lgnc, sys\ntry: lgnc.train('iris', widht=3)\nexcept lgnc.BadInput: print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_a_malformed_circuit_is_refused() -> None:
    circuit = random_circuit(0)
    broken: Circuit = circuit.with_(a=np.full(circuit.gates, circuit.nodes, np.int32))
    with pytest.raises(lgnc.LgncError):
        lgnc.optimise(broken)


def test_the_package_is_a_table_of_names() -> None:
    assert {"train", "read", "optimise", "compile", "verify", "simulate", "load"} <= set(dir(lgnc)) == set(lgnc.__all__)
    for name in lgnc.__all__:
        assert getattr(lgnc, name) is not None
        assert name == "__version__" or inspect.getdoc(getattr(lgnc, name))
    with pytest.raises(AttributeError, match="trian"):
        lgnc.trian  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("first", ["import lgnc.train.config", "from lgnc.verify.prove import prove", "pass"])
def test_verbs_that_are_rooms_too_keep_both_uses(first: str) -> None:
    """Whatever was imported before, `lgnc.train` and `lgnc.verify` are called, and lead to their modules."""
    code = f"""
import lgnc
{first}
import inspect
import lgnc.train.config as config
import lgnc.verify.sat as sat
from lgnc import train, verify
from lgnc.train import TrainConfig
assert config.TrainConfig is TrainConfig and callable(sat.Oracle)
assert "y" in inspect.signature(lgnc.train).parameters and "claim" in inspect.signature(verify).parameters
for verb in (train, lgnc.train):
    try:
        verb("iris", widht=3)
    except lgnc.BadInput as error:
        assert "did you mean 'width'" in str(error)
    else:
        raise SystemExit("not called")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_results_read_well(model: lgnc.Model, tmp_path: Path) -> None:
    folder = lgnc.compile(model, "numpy", tmp_path / "out", name="net")
    shown = [repr(each) for each in (model, lgnc.optimise(model), folder, lgnc.simulate(folder, *blobs()))]
    assert all(len(text) < 200 and "\n" not in text for text in shown), shown
    assert shown[0] == "<model: 4 features, 128 bits, 120 gates, 3 classes>"
