"""`lgnc.load`: a compiled folder called from Python."""

from __future__ import annotations

import multiprocessing
import pickle
import queue
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.diagnostics import BadInput, LgncError
from lgnc.formats.lift import lift
from lgnc.ir import Encoder, in_order, simulate
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.sim.load import Network, load
from lgnc.sim.rows import image_shape
from tests.backends.support import sealed, write
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
        network.predict([[0] * 12, [0]])
    with pytest.raises(BadInput, match="0 threads"):
        load(tmp_path, threads=0)


@needs("cc")
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("style", ["table", "straight"])
def test_one_row_at_a_time_gives_the_same(style: str, dtype: str, tmp_path: Path) -> None:
    circuit = lift(random_model(3, dtype=dtype))
    write("c", circuit, tmp_path, style=style)
    network, features = load(tmp_path), random_features(circuit, 50)
    expected = simulate(circuit, features)[1]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda row: network.predict(features[row : row + 1]), range(50)))
    assert all(each.dtype == np.int64 for each in found)
    assert np.array_equal(np.concatenate(found), expected)
    assert np.array_equal(np.concatenate([network.predict(row[None, ::-1][:, ::-1]) for row in features]), expected)
    if np.dtype(dtype).kind == "f":
        for value in (np.nan, np.inf, -np.inf):
            wrong = features[:1].copy()
            wrong[0, -1] = value
            with pytest.raises(BadInput, match=f"{value} in row 0"):
                network.predict(wrong)


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


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("threads", [1, 3])
def test_one_network_serves_many_threads(target: str, threads: int, tmp_path: Path) -> None:
    circuit = lift(random_model(3, features=60, width=400))
    write(target, circuit, tmp_path)
    network = load(tmp_path, threads=threads)
    batches = [random_features(circuit, rows, seed) for seed, rows in enumerate((1, 700, 1500, 4000))]
    expected = [simulate(circuit, features) for features in batches]

    def wrong(call: int) -> int:
        scores, classes = expected[call % 4]
        given = network.scores(batches[call % 4]), network.predict(batches[call % 4])
        return int((given[0] != scores).sum() + (given[1] != classes).sum())

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(wrong, range(200))) == 0


def _answer(network: Network, features: Any, answers: Any) -> None:
    answers.put(network.predict(features).tolist())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_after_use_answers(target: str, tmp_path: Path) -> None:
    circuit = lift(random_model(3))
    write(target, circuit, tmp_path)
    network = load(tmp_path, threads=3)
    features = random_features(circuit, 3000)
    classes = network.predict(features).tolist()
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_answer, args=(network, features, answers))
    child.start()
    try:
        assert answers.get(timeout=60) == classes
    except queue.Empty:
        pytest.fail("the forked process gave no answer")
    finally:
        child.kill()
        child.join()
    assert network.predict(features).tolist() == classes


@pytest.mark.parametrize("target", TARGETS)
def test_a_pickled_network_is_its_folder(target: str, tmp_path: Path) -> None:
    circuit = lift(random_model(3))
    folder = tmp_path / "net"
    folder.mkdir()
    write(target, circuit, folder)
    network = load(folder, threads=2)
    features = random_features(circuit, 100)
    stored = pickle.dumps(network)
    assert np.array_equal(pickle.loads(stored).predict(features), network.predict(features))
    write(target, lift(random_model(4)), folder)
    with pytest.raises(BadInput, match="not those that the pickled network"):
        pickle.loads(stored)
    shutil.rmtree(folder)
    with pytest.raises(BadInput, match=r"is not a (compiled )?folder"):
        pickle.loads(stored)


class Frame:
    """What a DataFrame is to lgnc: `columns`, and a column by its label."""

    def __init__(self, columns: dict[Any, Any]) -> None:
        self.columns = list(columns)
        self._column = columns

    def __getitem__(self, label: Any) -> Any:
        return self._column[label]


def _structured(columns: dict[str, Any]) -> Any:
    rows = np.zeros(len(next(iter(columns.values()))), [(name, "u1") for name in columns])
    for name, values in columns.items():
        rows[name] = values
    return rows


def _pandas(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def _arrow(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


@pytest.fixture
def by_name(tmp_path: Path) -> tuple[Network, dict[str, Any], Any]:
    """A numpy network, its rows as columns by name in another order, and its classes."""
    circuit = lift(random_model(3))
    write("numpy", circuit, tmp_path)
    features = random_features(circuit, 50)
    columns = {name: features[:, index] for index, name in enumerate(circuit.encoder.names)}
    return load(tmp_path), dict(reversed(columns.items())), simulate(circuit, features)[1]


@pytest.mark.parametrize("table", [Frame, dict, _structured, _pandas, _arrow])
def test_columns_go_by_name(table: Any, by_name: tuple[Network, dict[str, Any], Any]) -> None:
    network, columns, classes = by_name
    assert np.array_equal(network.predict(table(columns)), classes)
    with pytest.raises(BadInput, match="1 missing: 'x3'"):
        network.predict(table({name: values for name, values in columns.items() if name != "x3"}))
    with pytest.raises(BadInput, match="1 that the network does not know: 'label'"):
        network.predict(table({**columns, "label": classes}))
    with pytest.raises(BadInput, match="no column has a feature's name: columns 'X11', 'X10'"):
        network.predict(table({name.upper(): values for name, values in columns.items()}))


def test_columns_without_names_go_by_position(by_name: tuple[Network, dict[str, Any], Any]) -> None:
    network, columns, classes = by_name
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.stack([columns[f"x{index}"] for index in range(12)], axis=1))
    assert np.array_equal(network.predict(frame), classes)


def test_columns_of_unlike_types_lose_nothing(tmp_path: Path) -> None:
    """As one float64 array, 2**53 + 1 would become 2**53 without a word."""
    encoder = Encoder(("big", "small"), "int64", np.zeros(1, np.int32), np.array([2**53]))
    none = np.zeros(0, np.int32)
    circuit = in_order(encoder, none.astype(np.uint8), none, none, np.zeros(1, np.int32), None, ("above",))
    write("numpy", circuit, tmp_path)
    rows = {"small": np.array([0.0, 1.0]), "big": np.array([2**53, 2**53 + 1])}
    assert load(tmp_path).outputs(rows).tolist() == [[False], [True]]
    with pytest.raises(BadInput, match=r"0\.5 in row 1, feature 'small'"):
        load(tmp_path).outputs({**rows, "small": np.array([0.0, 0.5])})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x3": np.array(["a"] * 50)}, "column 'x3' is <U1"),
        ({"x3": np.zeros((50, 2))}, "column 'x3' is float64"),
        ({"x3": np.ma.masked_equal(np.arange(50), 7)}, "column 'x3' has masked values"),
        ({"x3": np.zeros(3, np.uint8)}, "different lengths"),
    ],
)
def test_columns_of_no_numbers_are_named(
    change: dict[str, Any], says: str, by_name: tuple[Network, dict[str, Any], Any]
) -> None:
    network, columns, _ = by_name
    with pytest.raises(BadInput, match=says):
        network.predict(Frame({**columns, **change}))


def test_masked_values_are_refused(by_name: tuple[Network, dict[str, Any], Any]) -> None:
    rows = np.ma.masked_equal(np.arange(24, dtype=np.uint8).reshape(2, 12), 7)
    with pytest.raises(BadInput, match="masked"):
        by_name[0].predict(rows)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_another_order_are_refused(channels: int, tmp_path: Path) -> None:
    circuit = lift(random_model(3, features=6 * 5 * channels))
    shape = (6, 5, channels)
    names = tuple("p" + "_".join(map(str, at if channels > 1 else at[:2])) for at in np.ndindex(shape))
    circuit = circuit.with_(encoder=replace(circuit.encoder, names=names))
    write("numpy", circuit, tmp_path)
    network, features = load(tmp_path), random_features(circuit, 20)
    images = features.reshape(20, *shape)
    assert np.array_equal(network.predict(images), simulate(circuit, features)[1])
    with pytest.raises(BadInput, match=rf"not rows x 6 x 5 x {channels} .*transpose\(0, 2, 3, 1\)"):
        network.predict(images.transpose(0, 3, 1, 2))
    with pytest.raises(BadInput, match="not rows x 6 x 5"):
        network.predict(images.transpose(0, 2, 1, 3))
    if channels == 1:
        assert np.array_equal(network.predict(images[..., 0]), simulate(circuit, features)[1])


def test_other_arrays_have_no_image_shape() -> None:
    assert image_shape(("a", "b")) is None
    assert image_shape(()) is None
    assert image_shape(("p0_0", "p0_1", "p1_1", "p1_0")) is None
    assert image_shape(("p0_0", "p999999_999999")) is None
    assert image_shape(("p0_0_0", "p0_0_1")) == (1, 1, 2)


@needs("onnxruntime")
def test_a_damaged_onnx_graph_is_one_line(tmp_path: Path) -> None:
    """The graph of a network whose gather reads outside its table: onnxruntime says so only when it runs."""
    circuit = lift(random_model(3))
    write("onnx", circuit, tmp_path)
    path, features = tmp_path / "net.onnx", random_features(circuit, 5)
    whole, said = path.read_bytes(), 0
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        sealed(tmp_path)
        lines: list[str] = []
        try:
            load(tmp_path).predict(features)
        except LgncError as error:
            lines = str(error).splitlines()
        said += len(lines)
        assert len(lines) < 2
    assert said > 10


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
