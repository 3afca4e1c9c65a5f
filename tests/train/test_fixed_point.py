"""Fixed-point codes for float features: fitted, kept in every file, and the same for values and codes everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lgnc
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.flows.compare import verify
from lgnc.formats.lgir import from_text, to_text
from lgnc.formats.lgn import model_bytes, model_from_bytes
from lgnc.formats.lift import lift
from lgnc.ir.quantiser import Quantiser
from lgnc.ir.simulate import features_for, simulate
from lgnc.sim.folder import run_folder
from lgnc.train import TrainConfig
from lgnc.train.fixed_point import in_codes
from lgnc.train.resolve import resolve
from tests.flows.test_compare import resign
from tests.support import needs, random_model

RNG = np.random.default_rng(4)


def dataset(columns: dict[str, NDArray[Any]], dtype: str = "float64") -> Dataset:
    x = np.stack(list(columns.values()), axis=1).astype(dtype)
    y = np.arange(len(x)) % 2
    return Dataset("toy", x, y, x[:4], y[:4], tuple(columns), ("no", "yes"))


def fitted(column: NDArray[Any], dtype: str = "int16") -> tuple[float, int, NDArray[Any]]:
    """(scale, offset, codes) of one column."""
    made, quantiser = in_codes(dataset({"x": column}), dtype, np.arange(len(column)))
    assert made.x_train.dtype == dtype
    return float(quantiser.scale[0]), int(quantiser.offset[0]), made.x_train[:, 0]


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize(
    "column",
    [
        RNG.normal(size=500),
        1e6 + RNG.random(500),
        1e-30 * RNG.random(500),
        -5e20 * RNG.random(500),
        np.linspace(-1, 1, 500),
        RNG.integers(-(10**9), 10**9, 500).astype(float),
    ],
    ids=["normal", "far from zero", "small", "large", "even", "whole"],
)
def test_a_column_uses_at_least_half_of_its_codes(column: NDArray[Any], dtype: str) -> None:
    """And the order of values is kept, and each is within half a scale of its code."""
    scale, offset, codes = fitted(column, dtype)
    assert np.frexp(scale)[0] == 0.5
    info = np.iinfo(dtype)
    assert int(codes.max()) - int(codes.min()) >= (int(info.max) - int(info.min)) // 2 - 2
    assert (np.diff(codes[np.argsort(column)].astype(int)) >= 0).all()
    assert (np.abs((codes.astype(float) + offset) * scale - column) <= scale / 2 * (1 + 1e-9)).all()


def test_whole_numbers_that_fit_are_their_own_codes() -> None:
    for column in (np.arange(100.0) - 50, np.array([0.0, 1.0] * 9), np.full(9, 3.0), np.array([30000.0, 0.0])):
        scale, offset, codes = fitted(column)
        assert (scale, offset) == (1.0, 0)
        assert (codes == column).all()
    scale, offset, codes = fitted(np.array([0.25, 0.5, 7.75]))
    assert (scale, offset) == (0.25, 0)


def test_outliers_do_not_take_the_codes_of_the_others() -> None:
    column = np.concatenate([RNG.random(5000), [1e9, -1e12]])
    scale, _, codes = fitted(column)
    assert scale < 1e-4
    assert codes[-2] == 32767
    assert codes[-1] == -32768


def test_codes_do_not_depend_on_the_precision_of_the_caller() -> None:
    """Values that single precision has: divided by a power of two and rounded, they give the same code in both."""
    column = RNG.normal(size=4000).astype(np.float32).astype(np.float64)
    scale, offset, codes = fitted(column)
    single = np.rint(column.astype(np.float32) / np.float32(scale)).astype(np.int64) - offset
    assert (np.clip(single, -32768, 32767) == codes).all()


def test_what_cannot_be_coded_is_one_line() -> None:
    with pytest.raises(BadInput, match="column 'far' has values that fixed point cannot tell apart"):
        in_codes(dataset({"a": np.arange(9.0), "far": 1e18 + 512 * np.arange(9.0)}), "int16", np.arange(9))
    with pytest.raises(BadInput, match="features are uint8 as they are"):
        resolve(TrainConfig(fixed_point="int16"), dataset({"a": np.arange(9)}, "uint8"))
    with pytest.raises(BadInput, match="did you mean 'int16'"):
        TrainConfig(fixed_point="int61")


def quantised(dtype: str = "int16", features: int = 5) -> lgnc.Model:
    """A model of codes with scales and offsets of all kinds."""
    model = random_model(2, dtype=dtype, features=features, classes=3)
    scale = np.ldexp(1.0, np.arange(features) * 3 - 9)
    return replace(model, encoder=replace(model.encoder, quantiser=Quantiser(scale, np.arange(features) * 700 - 900)))


def values(model: lgnc.Model, rows: int = 300) -> NDArray[np.float64]:
    """Rows of values: on codes, between them, and beyond both ends."""
    quantiser, info = model.encoder.quantiser, np.iinfo(model.encoder.dtype)
    assert quantiser is not None
    spread = 1.2 * np.random.default_rng(9).uniform(info.min, info.max, (rows, len(model.encoder.names)))
    return np.asarray((spread + quantiser.offset) * quantiser.scale)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_every_file_keeps_it(dtype: str) -> None:
    model = quantised(dtype)
    quantiser, data = model.encoder.quantiser, model_bytes(model)
    assert quantiser is not None
    again = model_from_bytes(data, "x")
    assert quantiser.same(again.encoder.quantiser)
    assert model_bytes(again) == data
    circuit = lift(again)
    text = to_text(circuit)
    assert '"x1" scale 0.015625 offset -200' in text
    assert quantiser.same(from_text(text).encoder.quantiser)
    assert from_text(text).digest == circuit.digest
    plain = circuit.with_(encoder=replace(circuit.encoder, quantiser=None))
    assert plain.digest != circuit.digest


@pytest.mark.parametrize(
    ("was", "planted", "message"),
    [
        (" scale 0.015625 offset -200", "", "some features have a scale"),
        ("scale 0.015625", "scale 0.3", "not a power of two"),
        ("scale 0.015625", "scale nan", "not a scale"),
        ("scale 0.015625", "scale 1e300", "not a power of two"),
        ("offset -200", "offset 4503599627370496", "beyond"),
        ("features int16", "features int32", "codes of type int32"),
    ],
)
def test_a_damaged_one_is_refused(was: str, planted: str, message: str) -> None:
    text = to_text(lift(quantised()))
    assert was in text
    with pytest.raises(BadInput, match=message):
        from_text(text.replace(was, planted))


def test_a_damaged_model_is_refused() -> None:
    model = quantised()
    for scale, message in ((np.full(5, 0.3), "power of two"), (np.full(4, 0.5), "not float64 5")):
        broken = replace(model, encoder=replace(model.encoder, quantiser=Quantiser(scale, np.zeros(5, np.int64))))
        with pytest.raises(BadInput, match=message):
            model_from_bytes(model_bytes(broken), "x")


def test_rows_of_the_codes_type_are_codes_and_all_others_values() -> None:
    encoder = quantised().encoder
    x = values(quantised(), 50)
    codes = features_for(encoder, x)
    assert codes.dtype == np.int16
    assert features_for(encoder, codes) is codes
    single = features_for(encoder, x.astype(np.float32))
    assert (np.abs(single.astype(int) - codes) <= 1).all()
    whole = np.rint(x).clip(-(10**6), 10**6).astype(np.int64)
    assert (features_for(encoder, whole) == features_for(encoder, whole.astype(np.float64))).all()
    with pytest.raises(BadInput, match="must be finite"):
        features_for(encoder, np.full((1, 5), np.nan))


TARGETS = [
    pytest.param("c", {}, marks=needs("cc")),
    pytest.param("numpy", {}),
    pytest.param("onnx", {}, marks=needs("onnxruntime")),
    pytest.param("verilog", {}, marks=needs("iverilog")),
]


@pytest.mark.parametrize(("target", "settings"), TARGETS)
def test_every_target_takes_values_and_codes(target: str, settings: dict[str, Any], tmp_path: Path) -> None:
    """And the folder is proven to be the model: codes are its features."""
    model = quantised()
    lgnc.save(model, tmp_path / "m.lgn")
    lgnc.compile(tmp_path / "m.lgn", target, tmp_path / "out", name="net", **settings)
    x = values(model)
    codes = features_for(model.encoder, x)
    scores, classes = simulate(lift(model), codes)
    assert len(np.unique(scores, axis=0)) > 20
    for rows in (x, codes):
        result = run_folder(tmp_path / "out", rows)
        assert result.classes is not None
        assert result.scores is not None
        assert np.array_equal(result.classes, classes)
        assert np.array_equal(result.scores, scores)
    if target != "verilog":
        network: Any = lgnc.load(tmp_path / "out")
        names = model.encoder.names
        named = [dict(zip(names, table.T, strict=True)) for table in (x, codes)]
        for table in (x, codes, x.tolist(), *named):
            assert (network.predict(table) == classes).all()
        mixed: dict[str, Any] = dict(zip(names, x.T, strict=True))
        mixed[names[2]] = np.zeros(len(x), np.int16)  # Among values, whole ones are values too.
        zeroed = x.copy()
        zeroed[:, 2] = 0
        assert (network.predict(mixed) == network.predict(zeroed)).all()
    if target == "numpy":
        text, module = (tmp_path / "out" / "net.py").read_text(), dict[str, Any]()
        exec(compile(text, "net.py", "exec"), module)
        assert "quantise(values)" in module["__doc__"]
        assert (module["quantise"](x) == codes).all()
        assert (module["predict"](module["quantise"](x.tolist())) == classes).all()
        with pytest.raises(ValueError, match="not finite numbers"):
            module["quantise"](np.full((1, 5), np.inf))
    verdict = verify(tmp_path / "m.lgn", tmp_path / "out")
    assert verdict.equal
    if target == "c":
        header = tmp_path / "out" / "net.h"
        header.write_text(header.read_text().replace("offset -200", "offset -201"))
        resign(tmp_path / "out", "net.h")
        assert "feature list: 'x1 (scale 0.015625, offset -200)'" in str(verify(tmp_path / "m.lgn", tmp_path / "out"))
    assert next(station for station in verdict.stations if station.name == "function").how in ("proven", "exhaustive")


@pytest.mark.parametrize(
    ("target", "file", "was", "planted"),
    [
        pytest.param("onnx", "net.onnx", b"[-900, -200,", b"[-900, -201,", marks=needs("onnxruntime")),
        ("numpy", "net.py", b"np.rint(x / CODE_SCALE)", b"np.rint(x * CODE_SCALE)"),
        ("numpy", "net.py", b'CODE_OFFSET = _table("""', b'CODE_OFFSET = 1 + _table("""'),
    ],
)
def test_verify_sees_other_codes(target: str, file: str, was: bytes, planted: bytes, tmp_path: Path) -> None:
    model = quantised()
    lgnc.save(model, tmp_path / "m.lgn")
    lgnc.compile(tmp_path / "m.lgn", target, tmp_path / "out", name="net")
    data = (tmp_path / "out" / file).read_bytes()
    assert data.count(was) == 1
    (tmp_path / "out" / file).write_bytes(data.replace(was, planted))
    resign(tmp_path / "out", file)
    verdict = verify(tmp_path / "m.lgn", tmp_path / "out")
    assert verdict.equal is False
    assert f"{file} makes other codes of values" in str(verdict)


def test_another_quantiser_is_told() -> None:
    model = quantised()
    quantiser = model.encoder.quantiser
    assert quantiser is not None
    other = replace(model, encoder=replace(model.encoder, quantiser=Quantiser(2 * quantiser.scale, quantiser.offset)))
    verdict = verify(lift(model), lift(other))
    assert "fixed-point code differs" in verdict.detail


def test_the_files_say_scale_and_offset(tmp_path: Path) -> None:
    onnx, model = pytest.importorskip("onnx"), quantised()
    for target in ("onnx", "verilog", "c"):
        lgnc.compile(lift(model), target, tmp_path / target, name="net")
    metadata = {each.key: each.value for each in onnx.load(tmp_path / "onnx" / "net.onnx").metadata_props}
    assert metadata["scale"] == "[0.001953125, 0.015625, 0.125, 1.0, 8.0]"
    assert metadata["offset"] == "[-900, -200, 500, 1200, 1900]"
    head = (tmp_path / "verilog" / "net.v").read_text()
    assert "//   1: x1 (scale 0.015625, offset -200)" in head
    assert "codes of values: round(value / scale) - offset" in head
    header = (tmp_path / "c" / "net.h").read_text()
    assert "feature 1: x1 (scale 0.015625, offset -200)" in header
    assert "codes of values: round(value / scale) - offset, half to even, held within int16" in header
    assert "own unit" not in header
    lgnc.compile(lift(quantised(features=40)), "c", tmp_path / "wide", name="net")
    wide = (tmp_path / "wide" / "net.h").read_text()
    assert "feature 31: x31 (scale" in wide
    assert "manifest.json has the scale" in wide


def test_explain_shows_values(tmp_path: Path) -> None:
    model = quantised()
    lgnc.save(model, tmp_path / "m.lgn")
    quantiser, row = model.encoder.quantiser, values(model, 1)[0]
    assert quantiser is not None
    told = lgnc.explain(tmp_path / "m.lgn", row.tolist())
    shown = {each.name: float(each.value) for each in told.carried}
    codes = features_for(model.encoder, row[None])
    middle = dict(zip(model.encoder.names, quantiser.values(codes)[0], strict=True))
    assert shown
    assert all(value == pytest.approx(middle[name], rel=1e-5) for name, value in shown.items())


@needs("jinja2")
@needs("matplotlib")
def test_a_page_and_a_picture_show_values(tmp_path: Path) -> None:
    model = quantised(features=3)
    quantiser, encoder = model.encoder.quantiser, model.encoder
    assert quantiser is not None
    codes = features_for(encoder, values(model, 9)[:3])
    found = simulate(lift(model), codes)[1]
    wrong = [model.class_names[(each + 1) % 3] for each in found]
    page = lgnc.report(lift(model), tmp_path / "r.html", data=codes, y=wrong).read_text()
    middle = quantiser.values(codes)
    for value, code in zip(middle[:, 1], codes[:, 1], strict=True):
        assert f">{value:g}<" in page
        assert f">{code}<" not in page
    picture = lgnc.show(lift(model), tmp_path / "s.svg", of=model.class_names[0]).path.read_text()
    edges = {quantiser.edge(0, int(each)) for each in encoder.threshold[encoder.feature == 0]}
    assert any(f"x0 &gt; {each:g}" in picture for each in edges)
    step = Quantiser(quantiser.scale[:1], quantiser.offset[:1])
    for each in edges:
        around = step.codes(np.array([[each - 0.001], [each + 0.001]]), "int16").ravel()
        assert quantiser.edge(0, int(around[0])) == each
        assert around[1] == around[0] + 1


@needs("numba")
@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_training_loses_nothing(kind: str) -> None:
    """Thresholds are on the codes; the accuracy is that of values, of codes and of the compiled folder."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1200, 6)) * 10.0 ** np.arange(-3, 3) + 50
    y = (x[:, 3] - 50 > 0).astype(np.int64) + ((x[:, 0] - 50) * 1000 > 0.5)
    config: dict[str, Any] = {"layers": 1, "width": 120, "epochs": 8, "seed": 1}
    model = lgnc.train(x, y, fixed_point=kind, **config)
    plain = lgnc.train(x, y, **config)
    figures = [each.meta["training"]["test_accuracy"] for each in (model, plain)]
    assert figures[0] > figures[1] - 0.05
    encoder = model.encoder
    assert encoder.dtype == kind
    assert encoder.threshold.dtype == np.int64
    assert model.meta["training"]["config"]["fixed_point"] == kind
    circuit = lift(model)
    codes = features_for(encoder, x)
    assert (simulate(circuit, x)[1] == simulate(circuit, codes)[1]).all()
    result = lgnc.simulate(model, x, y)
    assert result.accuracy is not None
    assert result.accuracy > 0.6
