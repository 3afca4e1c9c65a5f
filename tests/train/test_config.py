"""Settings: what each may be, where they come from, and what a run makes of those that were left open."""

from __future__ import annotations

import math
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.ir.layers import Conv, Dense, Layer, Pool
from lgnc.train import TrainConfig
from lgnc.train.config import CHOICES, MOST_LAYERS, PARSED, RANGES, config_data
from lgnc.train.resolve import DEFAULTS, ResolvedConfig, resolve
from lgnc.train.trees import gate_widths

HINTS = get_type_hints(TrainConfig)
NUMBERS = [name for name, hint in HINTS.items() if hint in (int, float, int | None, float | None)]
TEXTS = [name for name, hint in HINTS.items() if hint in (str, str | None)]
FLAGS = [name for name, hint in HINTS.items() if hint in (bool, bool | None)]


def test_toml_reads_every_kind_of_field(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('widths = [40, 20]\nbatch-size = 64\nlr = 1\ncage = false\nencoder = "quantile:5"\n')
    config = TrainConfig.from_toml(path, seed=3, epochs=None)
    assert (config.widths, config.batch_size, config.lr, config.cage, config.seed) == ((40, 20), 64, 1.0, False, 3)
    assert TrainConfig.from_dict(config_data(config)) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "did you mean 'epochs'"),
        ("epochs = 'three'", "not a whole number"),
        ("epochs = true", "not a whole number"),
        ("epochs = 0", "out of range"),
        ("lr = nan", "out of range"),
        ("method = 'hard'", "did you mean 'hard-st'"),
        ("encoder = 'thermo:3'", "did you mean 'thermometer'"),
        ("encoder = 'thermometer'", "count of thresholds"),
        ("encoder = 'binary:2'", "one bit"),
        ("init = 'residual:-1'", "strength"),
        ("widths = []", "empty"),
        ("widths = [4]\nlayers = 2", "excludes"),
        ("widths = 'x'", "not a list of whole numbers"),
        ("inputs = 'real'\nengine = 'packed'", "not bits"),
        ("lr = = 3", "not TOML"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        TrainConfig.from_toml(path)


def test_every_field_has_its_check() -> None:
    """A number has a range and a text a choice or a reader; there are no fields of other kinds but these."""
    assert set(NUMBERS) | {"widths"} == set(RANGES)
    assert set(TEXTS) == set(CHOICES) | set(PARSED)
    assert {*NUMBERS, *TEXTS, *FLAGS, "widths", "layer"} == set(HINTS)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_of_its_type_and_in_its_range(name: str) -> None:
    least, most = RANGES[name]
    whole = HINTS[name] in (int, int | None)
    good: list[Any] = [least, most, np.int16(least) if whole else np.float64(most)]
    for value in good:
        found = getattr(TrainConfig(**{name: value}), name)
        assert found == value
        assert type(found) is (int if whole else float)
    wrong: list[Any] = ["3", "", True, [3], (), {}, 3j, b"3", object(), type, float("nan"), float("inf"), -float("inf")]
    wrong += [-(10**5000), 10**5000, 10**400, least - 1e-3, most * 2 + 1, -1]
    wrong += [1.5, 1.0, Fraction(1, 2)] if whole else []
    for value in wrong:
        with pytest.raises(BadInput, match=f"^training: setting '{name}' is "):
            TrainConfig(**{name: value})


@pytest.mark.parametrize("name", [*TEXTS, *FLAGS])
def test_a_text_or_a_flag_is_of_its_type(name: str) -> None:
    for value in (
        3,
        1.5,
        [],
        ("bits",),
        {},
        b"bits",
        10**5000,
        *(("no-such", "") if name in TEXTS else ("true", 0, 1)),
    ):
        with pytest.raises(BadInput):
            TrainConfig(**{name: value})


@pytest.mark.parametrize(
    "values",
    [
        {"widths": "40,20"},
        {"widths": 40},
        {"widths": []},
        {"widths": [40, 0]},
        {"widths": [40, "20"]},
        {"widths": [40, 20.0]},
        {"widths": [40, True]},
        {"widths": [[40]]},
        {"widths": [10**5000]},
        {"widths": [4] * (MOST_LAYERS + 1)},
        {"layers": 32_767},
        {"layer": "conv"},
        {"layer": [3]},
        {"layer": [{"kind": "dense", "width": 4}] * (MOST_LAYERS + 1)},
        {"encoder": "thermometer:" + "9" * 5000},
        {"encoder": "thermometer:\u0663"},
        {"init": "residual:nan"},
        {"init": "residual:1e999"},
    ],
)
def test_lists_and_texts_that_cannot_be_are_bad_input(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        TrainConfig(**values)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000 + "]" * 5000,
        "seed = " + "9" * 5000,
        "a" * 5000 + ".b" * 3000 + " = 1",
        "widths = " + "[" * 300 + "]" * 300,
        "[[layer]]\nkind = 'dense'\nwidth = " + "[" * 300 + "]" * 300,
        "lr = inf",
        "lr = -inf",
        "lr = 1e999",
        "seed = 0x" + "f" * 5000,
        "epochs = 1979-05-27",
        "\ud800",
    ],
)
def test_a_file_that_is_no_settings_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadInput, match=r"c\.toml") as caught:
        TrainConfig.from_toml(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 10_000


# --- What was left open. ---


def made(rows: int = 20_000, shape: tuple[int, int, int] | None = None, dtype: str = "uint8") -> Dataset:
    x, y = np.zeros((rows, 12), dtype), np.zeros(rows, np.int64)
    return Dataset("made", x, y, x[:1], y[:1], tuple(map(str, range(12))), tuple("0123456789"), shape=shape)


KINDS = [made(shape=(3, 4, 1)), made(shape=(2, 2, 3)), made(30, (3, 4, 1)), made(), made(30), made(dtype="bool")]
ASKED = [
    TrainConfig(),
    TrainConfig(wiring="random", engine="torch", threads=2, seed=7, constants=False),
    TrainConfig(widths=(40, 20), redraw=0.5, candidates_from="all", time_budget=9.0, test_fraction=0.3),
    TrainConfig(layer=(Conv(4, 2, 2), Pool(), Dense(20)), device="cpu"),
    TrainConfig(layer=(Dense(30), Dense(20)), wiring="learned"),
]
LAYERED = [config for config in ASKED if config.layer is not None]


@pytest.mark.parametrize("dataset", KINDS, ids=["image", "colour", "small", "table", "small-table", "bits"])
@pytest.mark.parametrize("asked", ASKED)
def test_nothing_is_left_open_and_the_record_says_all_of_it(asked: TrainConfig, dataset: Dataset) -> None:
    if asked in LAYERED and dataset.shape is None:
        with pytest.raises(BadInput, match="is a table"):
            resolve(asked, dataset)
        return
    config = resolve(asked, dataset)
    hints = get_type_hints(ResolvedConfig)
    for field in fields(config):
        value, hint = getattr(config, field.name), hints[field.name]
        kind = {
            tuple[int, ...]: tuple,
            tuple[Layer, ...]: tuple,
            int | None: int,
            float | None: float,
            str | None: str,
        }.get(hint, hint)
        assert type(value) is kind or (
            value is None and field.name in ("steps", "threads", "time_budget", "test_fraction", "fixed_point")
        )
    for name, value in vars(asked).items():
        if value is not None and name not in ("layers", "width", "device", "engine"):
            assert getattr(config, name) == value, name
    assert config.device == "cpu"
    assert config.engine in ("packed", "torch")
    record = config.record()
    assert "threads" not in record
    assert None not in record.values()
    again = resolve(TrainConfig.from_dict(record), dataset)
    assert again.record() == record
    assert {field.name for field in fields(config) if getattr(again, field.name) != getattr(config, field.name)} <= {
        "threads"
    }


def test_a_small_table_has_members_and_holds_no_rows_out() -> None:
    """As many members as leave 80 neurons of the last layer for each class; the group temperature is of one member."""
    small = resolve(TrainConfig(), made(30))
    assert (small.validation_fraction, small.epochs, small.members, small.widths) == (0.0, 250, 3, (2400, 2400))
    assert small.group_tau == pytest.approx(math.sqrt(2400 / 30) / 2, abs=1e-3)
    assert resolve(TrainConfig(members=1), made(30)).group_tau == pytest.approx(math.sqrt(240) / 2, abs=1e-3)
    assert resolve(TrainConfig(width=300), made(30)).members == 1
    large = resolve(TrainConfig(), made(5000))
    assert (large.validation_fraction, large.members) == (0.1, 1)
    with pytest.raises(BadInput, match="300 neurons for 10 classes of 31 members"):
        resolve(TrainConfig(width=300, members=31), made(30))


def test_the_defaults_are_settings() -> None:
    """Each kind of data gives a value that could have been asked for, and all kinds the same settings."""
    assert len({tuple(sorted(values)) for values in DEFAULTS.values()}) == 1
    for values in DEFAULTS.values():
        TrainConfig(**{key: value for key, value in values.items() if key in HINTS and value not in ((), "")})


def test_an_engine_and_a_device_fit_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    for engine, device, want in (
        ("packed", "auto", ("packed", "cpu")),
        ("torch", "auto", ("torch", "cuda")),
        ("auto", "cpu", ("packed", "cpu")),
        ("triton", "auto", ("triton", "cuda")),
    ):
        config = resolve(TrainConfig(engine=engine, device=device), made())
        assert (config.engine, config.device) == want
    with pytest.raises(BadInput, match="--engine packed: trains on the CPU"):
        resolve(TrainConfig(engine="packed", device="cuda"), made())


@pytest.mark.parametrize(
    ("rows", "shape", "expected"),
    [
        (20_000, (2, 2, 3), ("local", True, 1.0, 8.165)),
        (20_000, (3, 4, 1), ("all", False, 0.5, 5.0)),
        (19_999, (2, 2, 3), ("all", False, 0.5, 5.0)),
        (20_000, None, ("all", False, 0.5, 14.142)),
    ],
)
def test_defaults_follow_the_kind_of_data(rows: int, shape: tuple[int, int, int] | None, expected: object) -> None:
    x, y = np.zeros((rows, 12), np.uint8), np.zeros(rows, np.int64)
    dataset = Dataset("made", x, y, x[:1], y[:1], tuple(map(str, range(12))), tuple("0123456789"), shape=shape)
    found = resolve(TrainConfig(width=2000), dataset)
    assert (found.candidates_from, found.flips, found.augment, found.group_tau) == expected


def test_the_benchmark_of_8000_gates_has_8000_gates() -> None:
    config = TrainConfig.from_toml(Path(__file__).parents[2] / "benchmarks" / "mnist_8000_gates.toml")
    assert sum(gate_widths(config.node, config.widths or ())) == 8000
