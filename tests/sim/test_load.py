"""`lgnc.load`: a compiled folder called from Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lgnc.diagnostics import BadInput, LgncError
from lgnc.formats.lift import lift
from lgnc.ir import simulate
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.sim.load import load
from tests.backends.support import write
from tests.support import needs, random_circuit, random_features, random_model

TARGETS = [pytest.param("c", marks=needs("cc")), "numpy", pytest.param("onnx", marks=needs("onnxruntime"))]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("target", TARGETS)
def test_predict_and_scores(target: str, tmp_path: Path) -> None:
    circuit = lift(random_model(3))
    write(target, circuit, tmp_path)
    network = load(tmp_path)
    features = random_features(circuit, 700)
    scores, classes = simulate(circuit, features)
    assert np.array_equal(network.scores(features), scores)
    assert np.array_equal(network.predict(features.astype(np.float64)), classes)
    assert np.array_equal(network.predict(np.asfortranarray(features)[::-1]), classes[::-1])
    assert circuit.head is not None
    assert network.classes == circuit.head.names
    with pytest.raises(BadInput):
        network.outputs(features)
    with pytest.raises(BadInput, match="rows x 12"):
        network.predict(features[:, :5])
    with pytest.raises(BadInput, match="different lengths"):
        network.predict([[0] * 12, [0]])  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="0 threads"):
        load(tmp_path, threads=0)


@pytest.mark.parametrize("target", TARGETS)
def test_outputs(target: str, tmp_path: Path) -> None:
    circuit = random_circuit(3)
    write(target, circuit, tmp_path)
    network = load(tmp_path)
    features = random_features(circuit, 100)
    expected = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, features))), 100)
    assert np.array_equal(network.outputs(features), expected)
    with pytest.raises(BadInput, match="no head"):
        network.predict(features)


@needs("cc")
@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_give_the_same(threads: int, tmp_path: Path) -> None:
    circuit = lift(random_model(3))
    write("c", circuit, tmp_path)
    network = load(tmp_path, threads=threads)
    for n in (0, 1, 512, 513, 5000):
        features = random_features(circuit, n)
        scores, classes = simulate(circuit, features)
        assert np.array_equal(network.scores(features), scores)
        assert np.array_equal(network.predict(features), classes)


@needs("cc")
@pytest.mark.parametrize("profile", ["host", "portable"])
@pytest.mark.parametrize("features", [5, 64, 71, 200])
def test_packed_bits_give_the_same(features: int, profile: str, tmp_path: Path) -> None:
    circuit = lift(random_model(3, dtype="bool", features=features))
    write("c", circuit, tmp_path, target_profile=profile)
    network = load(tmp_path, threads=2)
    for n in (0, 1, 65, 1200):
        x = random_features(circuit, n)
        scores, classes = simulate(circuit, x)
        rows = np.packbits(x.astype(np.bool_), axis=1, bitorder="little")
        assert np.array_equal(network.predict(rows, packed=True), classes)
        assert np.array_equal(network.scores(rows, packed=True), scores)
    with pytest.raises(BadInput, match="packbits"):
        network.predict(random_features(circuit, 3), packed=True)


@needs("cc")
def test_packed_bits_without_a_head(tmp_path: Path) -> None:
    circuit = random_circuit(3)
    write("c", circuit, tmp_path)
    x = random_features(circuit, 100)
    expected = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, x))), 100)
    assert np.array_equal(
        load(tmp_path).outputs(np.packbits(x.astype(np.bool_), axis=1, bitorder="little"), packed=True), expected
    )


@needs("cc")
@pytest.mark.parametrize("settings", [{}, {"target_profile": "mcu"}])
def test_packed_bits_are_refused_where_there_are_none(settings: dict[str, str], tmp_path: Path) -> None:
    circuit = lift(random_model(3, dtype="bool" if settings else "uint8"))
    write("c", circuit, tmp_path, **settings)
    with pytest.raises(BadInput, match="does not take packed bits"):
        load(tmp_path).predict(np.zeros((3, 2), np.uint8), packed=True)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LgncError):
        load(tmp_path)
