"""Networks with convolutions from a data set to a model: encoders, pictures as rows of bits, settings and refusals."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Failed
from lgnc.formats import lift
from lgnc.formats.lgn import load_model, model_bytes, save_model
from lgnc.ir.layers import Conv, Dense, Pool, Shape, applications, shapes
from lgnc.ir.simulate import simulate
from lgnc.train import TrainConfig, train
from lgnc.train.build import to_model
from lgnc.train.config import config_data
from lgnc.train.cpu.crop_rows import crop_rows, mirror_rows
from lgnc.train.cpu.engine import PackedEngine
from lgnc.train.encoders import encode_rows, fit_grid_encoder
from lgnc.train.prepare import prepare
from lgnc.train.presets import PRESETS
from tests.train.convolutions import CASES

# --- Pictures as rows of bits. ---


@pytest.mark.parametrize("shape", [(8, 8, 1), (6, 11, 3)])
def test_cropped_rows_are_those_of_the_moved_pictures(shape: tuple[int, int, int]) -> None:
    """Shifting and mirroring bits is the same as encoding the shifted and mirrored picture."""
    height, width, channels = shape
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (20, height * width * channels)).astype(np.uint8)
    x[0, 0] = 0
    names = tuple(f"p{i}" for i in range(x.shape[1]))
    encoder = fit_grid_encoder("thermometer:3", x, names, shape)
    grid = (height, width, channels * 3)
    chosen, flips = np.arange(20), rng.random(20) < 0.5
    shifts = rng.integers(-4, 5, (20, 2))
    rows = encode_rows(encoder, x)
    found = crop_rows(rows, mirror_rows(rows, *grid), chosen, shifts, flips, grid)
    want = np.zeros((20, height, width, channels), np.uint8)
    for n in range(20):
        picture = x[n].reshape(shape)[:, ::-1] if flips[n] else x[n].reshape(shape)
        for i in range(height):
            for j in range(width):
                y, z = i + shifts[n, 0], j + shifts[n, 1]
                if 0 <= y < height and 0 <= z < width:
                    want[n, i, j] = picture[y, z]
    np.testing.assert_array_equal(found, encode_rows(encoder, want.reshape(20, -1)))


@pytest.mark.parametrize("spec", ["thermometer:3", "quantile:5"])
def test_a_grid_encoder_has_the_same_bits_for_every_pixel(spec: str) -> None:
    """A channel that takes two values beside one of many, and a pixel that is constant, have as many bits as all."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (50, 4 * 4, 2)).astype(np.uint8)
    x[:, :, 1] = np.where(x[:, :, 1] > 99, 7, 5)
    x[:, 3, 0] = 9
    encoder = fit_grid_encoder(spec, x.reshape(50, -1), tuple(map(str, range(32))), (4, 4, 2))
    count = encoder.bits // 32
    np.testing.assert_array_equal(encoder.feature, np.repeat(np.arange(32), count))
    thresholds = encoder.threshold.reshape(16, 2, count)
    assert (thresholds == thresholds[0]).all()
    assert (np.diff(thresholds[0, 0]) > 0).all()


# --- From a data set to a model. ---


LAYERS = (Conv(12, 3, 2, padding=1), Pool(), Dense(120), Dense(60))


def pictures(side: int = 8, channels: int = 1) -> Dataset:
    """Two classes: a bright square of 3 x 3 somewhere, or a bright line of nine."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 60, (600, side, side, channels)), np.arange(600) % 2
    for n in range(600):
        row, column = rng.integers(0, side - 2, 2)
        if y[n]:
            x[n, row : row + 3, column : column + 3] += 180
        else:
            x[n, row, :] += 180
    values = x.reshape(600, -1).astype(np.uint8)
    names = tuple(f"x{i}" for i in range(values.shape[1]))
    return Dataset("pictures", values[:400], y[:400], values[400:], y[400:], names, ("line", "square"), {}, x.shape[1:])


def settings(**changed: Any) -> TrainConfig:
    given: dict[str, Any] = {"layer": LAYERS, "epochs": 12, "batch_size": 50, "lr": 0.1, "threads": 1} | changed
    return TrainConfig(**given)


@pytest.mark.parametrize("engine", ["packed", "torch"])
def test_a_convolution_learns_and_is_deployed_as_trained(engine: str, tmp_path: Path) -> None:
    dataset = pictures()
    result = train(dataset, settings(engine=engine))
    assert result.report["test_accuracy"] > 0.9
    assert result.report["selection_gap"] == 0.0
    assert result.report["computation_gap"] == 0.0
    save_model(result.model, tmp_path / "m.lgn")
    _, classes = simulate(lift(load_model(tmp_path / "m.lgn")), dataset.x_test)
    assert (classes == dataset.y_test).mean() == result.report["test_accuracy"]


def test_the_written_out_network_scores_as_the_engine() -> None:
    """Every kind of layer, unrolled gate by gate: the sums of the circuit are the engine's."""
    for name, (shape, layers) in CASES.items():
        side = (shape.height, shape.width, shape.channels)
        dataset = replace(pictures(), shape=side, name=name)
        rng = np.random.default_rng(1)
        x = rng.integers(0, 256, (90, shape.nodes)).astype(np.uint8)
        fields: dict[str, Any] = {
            "x_train": x[:60],
            "x_test": x[60:],
            "feature_names": tuple(map(str, range(shape.nodes))),
        }
        dataset = replace(dataset, **fields, y_train=np.arange(60) % 2, y_test=np.arange(30) % 2)
        config = settings(layer=(*layers, Dense(50)), encoder="thermometer:1", init="gaussian:3", shifts=0)
        problem = prepare(dataset, config)
        engine = PackedEngine(problem.network, problem.estimator, 0, threads=1)
        model = to_model(problem.network, engine.logits(), problem.encoder, dataset, {})
        scores, _ = simulate(lift(model), dataset.x_test)
        found = engine.scores(encode_rows(problem.encoder, dataset.x_test), hard=True)
        np.testing.assert_array_equal(scores, found, err_msg=name)


def test_resuming_a_run_gives_the_same_file(tmp_path: Path) -> None:
    dataset, config, saved = pictures(), settings(epochs=6, flips=True, shifts=1, weight_decay=0.01), tmp_path / "c"
    whole = model_bytes(train(dataset, config).model)
    stopped = threading.Event()

    def stop(step: int, _total: int) -> None:
        if step == 21:
            signal.raise_signal(signal.SIGINT)
            stopped.set()

    with pytest.raises(Failed, match="interrupted after 21"):
        train(dataset, config, checkpoint=saved, on_step=stop)
    assert stopped.is_set()
    assert model_bytes(train(dataset, config, checkpoint=saved, resume=True).model) == whole


def test_layers_in_a_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text('lr = 0.1\n[[layer]]\nkind = "conv"\nkernels = 8\n[[layer]]\nkind = "dense"\nwidth = 20\n')
    config = TrainConfig.from_toml(path)
    assert config.layer == (Conv(8), Dense(20))
    assert TrainConfig.from_dict(config_data(config)) == config
    path.write_text('[[layer]]\nkind = "conv"\nkernels = 8\nwindw = 3\n')
    with pytest.raises(BadInput, match=r"net\.toml, layer 1: unknown setting of a conv layer 'windw'.*'window'"):
        TrainConfig.from_toml(path)
    path.write_text("layer = 3\n")
    with pytest.raises(BadInput, match="not a list of tables"):
        TrainConfig.from_toml(path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"layer": (Conv(4, 9), Dense(20))}, r"layer 1 \(conv\): a window of 9 x 9 is larger than the 8 x 8"),
        ({"layer": (Conv(4, 2), Pool(), Dense(20))}, r"layer 2 \(pool\): a pool of 2 x 2 does not divide 7 x 7"),
        ({"layer": (Conv(4, 1, 2), Dense(20))}, r"layer 1 \(conv\): depth 2 has 4 leaves, and the window has 2 bits"),
        ({"layer": (Conv(4),)}, r"layer 1 \(conv\): is the last layer"),
        ({"layer": (Dense(9), Conv(4), Dense(20))}, r"layer 2 \(conv\): a window of 3 x 3 is larger"),
        ({"layer": (Dense(9), Pool(), Dense(20))}, r"layer 2 \(pool\): a pool"),
        ({"layer": (Conv(4), Dense(1))}, "the last layer has 1 neurons for 2 classes"),
        ({"layer": ()}, "setting 'layer' is empty"),
        ({"widths": (30,)}, "--widths excludes layers"),
        ({"preset": "logictreenet-s", "layer": None}, "images of 32 x 32 x 3, and pictures is images of 8 x 8 x 1"),
        ({"preset": "logictrenet-s", "layer": None}, "did you mean 'logictreenet-s'"),
        ({"method": "soft-mix", "engine": "packed"}, "trains no convolutions by 'soft-mix'"),
        ({"layer": (Conv(1 << 22), Dense(1 << 20))}, "training needs about"),
        ({"layer": (Conv(4, leaves="learned", candidates=20), Dense(9))}, r"layer 1 \(conv\): 20 candidates per leaf"),
        (
            {"layer": (Conv(4, 8), Dense(9, candidates=5), Dense(9))},
            r"layer 2 \(dense\): 5 candidates per pin, and the layer below has 4 nodes",
        ),
        ({"layer": [{"kind": "conv", "kernels": 4, "candidates": 5}, {"kind": "dense", "width": 9}]}, "learned leaves"),
        ({"layer": [{"kind": "dense", "width": 9, "init": "gausian"}]}, "layer 1: unknown init.*mean 'gaussian'"),
        ({"layer": [{"kind": "dense", "width": 9, "init": 3}]}, "layer 1: init is 3, not a text"),
        ({"layer": [{"kind": "dense", "width": 9, "wiring": "randm"}]}, "layer 1: unknown wiring 'randm'.*'random'"),
        ({"layer": [{"kind": "dense", "width": 9, "lr": 0}]}, "layer 1: lr is 0"),
        ({"layer": [{"kind": "dense", "width": 9, "lr": True}]}, "layer 1: lr is True"),
        (
            {"layer": [{"kind": "dense", "width": 9, "wiring": "random", "candidates": 4}]},
            "layer 1: candidates are for learned wiring",
        ),
        ({"layer": (Dense(30, lr=2.0),), "weight_decay": 0.0, "engine": "triton"}, "one rate for all layers"),
        ({"layer": LAYERS, "redraw": 0.5}, "--redraw: candidates are redrawn"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        prepare(pictures(), settings(**changed))


def test_layers_of_images_need_images() -> None:
    with pytest.raises(BadInput, match="pictures: is a table, and layers slide over images"):
        prepare(replace(pictures(), shape=None), settings())
    with pytest.raises(BadInput, match=r"is for images of 32 x 32 x 3, and pictures is a table"):
        prepare(replace(pictures(), shape=None), TrainConfig(preset="logictreenet-s"))


APPLICATIONS = {
    "logictreenet-s": 874_496,
    "logictreenet-m": 6_995_968,
    "logictreenet-mnist": 185_024,
    "compactlogic-s": 145_536,
    "compactlogic-m": 291_072,
    "compactlogic-b": 582_144,
    "compactlogic-l": 2_328_576,
    "compactlogic-mnist": 260_352,
}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_fit_their_images(name: str) -> None:
    """The published counts of gate applications per image."""
    preset = PRESETS[name]
    shape = (28, 28, 1) if "mnist" in name else (32, 32, 3)
    grid = Shape(3 * shape[2], *shape[:2])
    counts = [applications(*pair) for pair in zip(preset.layers, shapes(preset.layers, grid)[1:], strict=True)]
    assert preset.shape == shape
    assert sum(counts) == APPLICATIONS[name]


def test_compactlogic_takes_steps() -> None:
    """All layers learn: gates, and every leaf and pin among 16 candidates. (On noise the first steps lower no loss.)"""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (60, 28 * 28)).astype(np.uint8)
    names = tuple(map(str, range(28 * 28)))
    y = np.arange(60) % 10
    dataset = Dataset("digits", x, y, x, y, names, tuple("0123456789"), {}, (28, 28, 1))
    problem = prepare(dataset, TrainConfig(preset="compactlogic-mnist", validation_fraction=0.0))
    engine = PackedEngine(problem.network, problem.estimator, 0, threads=1)
    before, rows = engine.logits(), encode_rows(problem.encoder, x)
    losses = [engine.step(rows, y, 0.02) for _ in range(3)]
    assert np.isfinite(losses).all()
    for old, new in zip(before, engine.logits(), strict=True):
        assert old.wiring is not None
        assert new.wiring is not None
        assert old.wiring.shape[-1] == 16
        assert (old.wiring != new.wiring).any()
        assert (old.gate != new.gate).any()


@pytest.mark.parametrize(
    ("name", "value", "shape"), [("candidates", 5, 5), ("candidates_from", "local", 8), ("redraw", 0.5, 8)]
)
def test_one_learned_layer_takes_the_settings_of_learned_wiring(name: str, value: Any, shape: int) -> None:
    layers = (Conv(12), Dense(30, wiring="random"), Dense(60, wiring="learned"))
    problem = prepare(pictures(), settings(layer=layers, **{name: value}))
    fixed, chosen = problem.network.layers
    assert (fixed.candidates.shape, chosen.candidates.shape) == ((2, 30, 1), (2, 60, shape))
    assert chosen.candidates.max() < fixed.candidates.shape[1]
    assert TrainConfig.from_dict(problem.config.record()).layer == layers
    with pytest.raises(BadInput, match="learned"):
        prepare(pictures(), settings(layer=layers[:2], **{name: value}))


LEARNED = (
    Conv(12, 3, 2, padding=1, leaves="learned", candidates=4, init="gaussian:2"), Pool(),
    Dense(120, wiring="learned", candidates=6), Dense(60, init="gaussian", lr=0.5),
)  # fmt: skip


def test_layers_have_settings_of_their_own() -> None:
    problem = prepare(pictures(), settings(layer=LEARNED))
    conv, (first, second) = problem.network.front[0], problem.network.layers
    assert conv.wiring_logits is not None
    assert conv.wiring_logits.shape == (12, 4, 4)
    assert (first.candidates.shape, second.candidates.shape) == ((2, 120, 6), (2, 60, 1))
    assert (first.lr, second.lr) == (1.0, 0.5)
    assert len(np.unique(conv.gate_logits)) > 2 < len(np.unique(second.gate_logits))
    assert len(np.unique(first.gate_logits)) == 2, "the others' start is the training's"
    assert TrainConfig.from_dict(config_data(settings(layer=LEARNED))) == settings(layer=LEARNED)
    assert set(config_data(settings())["layer"][0]) == {
        "kind", "kernels", "window", "depth", "stride", "padding", "group", "leaves",
    }, "what checkpoints of older runs are told by"  # fmt: skip


@pytest.mark.parametrize("engine", ["packed", "torch"])
def test_learned_leaves_are_redrawn_resumed_and_deployed_as_trained(engine: str, tmp_path: Path) -> None:
    dataset, saved = pictures(), tmp_path / "c"
    config = settings(layer=LEARNED, epochs=4, redraw=0.7, engine=engine)
    result = train(dataset, config)
    assert result.report["selection_gap"] == 0.0
    layer = result.model.front[0].layer
    assert layer == replace(LEARNED[0], candidates=0, init="")
    started = prepare(dataset, config).network.front[0].candidates
    read = (started == result.model.front[0].leaves[:, :, None]).all(axis=3).any(axis=2)
    assert not read.all(), "a leaf has chosen what it was not given at first"
    stopped = threading.Event()

    def stop(step: int, _total: int) -> None:
        if step == 21 and not stopped.is_set():
            stopped.set()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Failed, match="interrupted after 21"):
        train(dataset, config, checkpoint=saved, on_step=stop)
    assert model_bytes(train(dataset, config, checkpoint=saved, resume=True).model) == model_bytes(result.model)
    save_model(result.model, tmp_path / "m.lgn")
    _, classes = simulate(lift(load_model(tmp_path / "m.lgn")), dataset.x_test)
    assert (classes == dataset.y_test).mean() == result.report["test_accuracy"]
