"""Every setting of a training run, its TOML form, and the values that depend on the kind of data."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, unknown
from lgnc.files import read_file
from lgnc.ir.layers import Dense, Layer, layer_from, layer_table
from lgnc.train.engines import ENGINES, Work, check_engine
from lgnc.train.methods import method_of
from lgnc.train.presets import PRESETS
from lgnc.train.trees import TREES

CHOICES: dict[str, tuple[str, ...]] = {
    "wiring": ("random", "structured", "learned"),
    "candidates_from": ("all", "local"),
    "device": ("auto", "cpu", "cuda"),
    "engine": ("auto", *ENGINES),
    "schedule": ("cosine", "constant"),
    "inputs": ("bits", "real"),
    "node": tuple(TREES),
}
ENCODERS = ("thermometer", "quantile", "binary")
INITS = ("gaussian", "residual")


_MOST_TOML = 256 << 10
_MOST_DOTS = 100
"""On a line: the parser's memory is quadratic in the parts of a key `a.b.c`."""


def _toml_text(data: bytes, where: str) -> str:
    """The text of a settings file. Raises BadInput for what would take far more memory than its size."""
    if len(data) > _MOST_TOML:
        raise BadInput(f"is larger than settings are: {len(data):,} bytes", where=where, fix="give a TOML file")
    for number, line in enumerate(data.splitlines(), 1):
        if line.partition(b"#")[0].count(b".") > _MOST_DOTS:
            what = f"more than {_MOST_DOTS} dots in a line: no setting has so many parts"
            raise BadInput(what, where=f"{where}:{number}", fix="correct it")
    return data.decode("utf-8")


@dataclass(frozen=True)
class TrainConfig:
    """None means: from the data (`resolve`). Every field is a flag of `lgnc train`, with dashes for underscores.

    layers, width: so many layers of so many neurons; widths: one width a layer instead; layer: layers of several kinds
    (`lgnc.ir.layers`), from the encoder bits up; preset: a published network's layers and settings
    (`lgnc.train.presets`). node: what a neuron is
    (`lgnc.train.trees`). constants: whether the gates 0 and 15 can be chosen. wiring, candidates: see
    `lgnc.train.wiring`; candidates is K, per pin, for learned wiring; candidates_from is 'all' or 'local'; redraw:
    the share of training in which they change after each epoch (`lgnc.train.redraw`). encoder: 'thermometer:N',
    'quantile:N' or 'binary' (`lgnc.train.encoders`). inputs: 'real' trains on ramps between thresholds instead of
    bits, which leaves a computation gap. method, cage, temperature: `lgnc.train.reference`; temperature: of both
    passes, with cage of the forward pass of soft methods. group_tau: the GroupSum temperature, by default
    sqrt(neurons a class), for images of an eighth of them, in colour of a third. init: 'gaussian:DEVIATION' or
    'residual:STRENGTH' (the logit of gate A, the others 0). lr: Adam's peak, reached after the share `warmup` of all
    steps, then by `schedule` (cosine ends at zero). validation_fraction: of the training rows; the best epoch on them
    is kept. augment: the share of an image set's samples that is changed (`lgnc.train.augment`): moved by up to
    `shifts` pixels each way, mirrored or not with `flips`, turned by up to `rotate` degrees, zoomed and sheared by up
    to the share `zoom`, warped by up to `elastic` pixels. time_budget: seconds after which training has ended; the
    schedule is then by time where that is further on. threads: of the CPU engine, None for all cores.
    """

    layers: int | None = None
    width: int | None = None
    widths: tuple[int, ...] | None = None
    layer: tuple[Layer, ...] | None = None
    preset: str | None = None
    node: str = "tree2"
    constants: bool = True
    wiring: str | None = None
    candidates: int | None = None
    candidates_from: str | None = None
    redraw: float | None = None
    encoder: str | None = None
    inputs: str = "bits"
    method: str = "hard-st"
    cage: bool = True
    temperature: float = 1.0
    wiring_temperature: float = 1.0
    group_tau: float | None = None
    init: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    weight_decay: float | None = None
    warmup: float = 0.05
    schedule: str = "cosine"
    validation_fraction: float | None = None
    shifts: int | None = None
    flips: bool | None = None
    rotate: float | None = None
    zoom: float | None = None
    elastic: float | None = None
    augment: float | None = None
    seed: int = 0
    device: str = "auto"
    engine: str = "auto"
    threads: int | None = None
    time_budget: float | None = None
    test_fraction: float | None = None

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(TrainConfig).items():
            if name != "layer":
                object.__setattr__(self, name, _typed(name, getattr(self, name), hint, "training"))
        for name, valid in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in valid:
                raise unknown(name, str(value), valid)
        method_of(self.method)
        if self.engine != "auto":
            check_engine(self.engine, Work(self.method, ramps=self.inputs == "real", decay=bool(self.weight_decay)))
        if self.preset is not None and self.preset not in PRESETS:
            raise unknown("preset", str(self.preset), PRESETS)
        if self.encoder is not None:
            parse_encoder(self.encoder)
        if self.init is not None:
            parse_init(self.init)
        _check_ranges(self)

    @staticmethod
    def from_toml(path: Path, **overrides: Any) -> TrainConfig:
        """The configuration in the file at `path`; overrides that are not None win.

        Raises BadInput, with the closest name, for an unknown key, and for a value of the wrong type or range.
        """
        try:
            raw = tomllib.loads(_toml_text(read_file(path), str(path)))
        except (ValueError, RecursionError) as error:  # A number of 5,000 digits is no TOMLDecodeError.
            why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise BadInput(f"is not TOML that lgnc can use: {why}", where=str(path), fix="correct it") from None
        values = {key.replace("-", "_"): value for key, value in raw.items()}
        values |= {key: value for key, value in overrides.items() if value is not None}
        return TrainConfig.from_dict(values, where=str(path))

    @staticmethod
    def from_dict(values: dict[str, Any], where: str = "configuration") -> TrainConfig:
        """A configuration from JSON-like values. Raises BadInput as `from_toml` does."""
        hints = get_type_hints(TrainConfig)
        clean: dict[str, Any] = {}
        for key, value in values.items():
            if key not in hints:
                raise unknown("setting", key, hints, where=where)
            if key == "layer" and value is not None:
                clean[key] = _layers(value, where)
                continue
            clean[key] = _typed(key, value, hints[key], where)
        return TrainConfig(**clean)

    def as_dict(self) -> dict[str, Any]:
        """JSON data that `from_dict` reads back."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        if self.layer is not None:
            values["layer"] = [layer_table(each) for each in self.layer]
        return values

    @property
    def dense_widths(self) -> tuple[int, ...]:
        """The widths of the dense layers, convolutions below them or not."""
        if self.layer is None:
            return self.widths or ()
        return tuple(layer.width for layer in self.layer if isinstance(layer, Dense))


def _layers(tables: Any, where: str) -> tuple[Layer, ...]:
    if not isinstance(tables, list | tuple):
        fix = 'write each as [[layer]], then kind = "conv" and its settings'
        raise BadInput(f"setting 'layer' is {tables!r:.80}, not a list of tables", where=where, fix=fix)
    return tuple(layer_from(table, f"{where}, layer {index + 1}") for index, table in enumerate(tables))


def _typed(key: str, value: Any, hint: Any, where: str) -> Any:
    kinds = get_args(hint) if get_origin(hint) in (UnionType, Union) else (hint,)
    if value is None and type(None) in kinds:
        return None
    if tuple[int, ...] in kinds:
        if isinstance(value, list | tuple) and all(type(each) is int for each in value):
            return tuple(value)
    elif type(value) in kinds:
        return value
    elif float in kinds and type(value) is int and abs(value) < 1 << 64:
        return float(value)
    want = " or ".join("a list of integers" if kind == tuple[int, ...] else kind.__name__ for kind in kinds[:1])
    shown = f"{value!r:.60}" if not isinstance(value, int) or abs(value) < 1 << 64 else "a very large number"
    raise BadInput(f"setting '{key}' is {shown}, not {want}", where=where, fix=f"give {key} = {want}")


def _check_ranges(config: TrainConfig) -> None:
    def positive(name: str, value: float | None, least: float, most: float = 1e12) -> None:
        if value is not None and not least <= value <= most:
            flag = name.replace("_", "-")
            fix = f"give a number from {least:g} to {most:g}"
            shown = f"{value:g}" if isinstance(value, float) or abs(value) < 1 << 64 else "of so many digits"
            raise BadInput(f"--{flag} {shown} is out of range", where="training", fix=fix)

    for name in ("layers", "width", "candidates", "epochs", "batch_size", "threads"):
        positive(name, getattr(config, name), 1, 1 << 30)
    for name in ("temperature", "wiring_temperature", "group_tau", "lr"):
        positive(name, getattr(config, name), 1e-6)
    for name, most in (
        ("warmup", 1.0),
        ("validation_fraction", 0.9),
        ("augment", 1.0),
        ("redraw", 1.0),
        ("test_fraction", 0.9),
    ):
        positive(name, getattr(config, name), 0, most)
    positive("weight_decay", config.weight_decay, 0, 1)
    for name, most in (("shifts", 64), ("elastic", 64), ("rotate", 180), ("zoom", 0.9)):
        positive(name, getattr(config, name), 0, most)
    positive("time_budget", config.time_budget, 0.1)
    positive("seed", config.seed, 0, 2**63 - 1)
    for width in config.widths or ():
        positive("widths", width, 1, 1 << 30)
    if config.widths is not None and not config.widths:
        raise BadInput("--widths is empty", where="training", fix="give one width a layer, as in 4000,1000")
    if config.widths and (config.layers is not None or config.width is not None):
        raise BadInput("--widths excludes --layers and --width", where="training", fix="give the one or the others")
    if config.layer is not None:
        if not config.layer:
            raise BadInput("there are no layers", where="training", fix="give one [[layer]] or more")
        for name in ("layers", "width", "widths"):
            if getattr(config, name) is not None:
                fix = "give the one or the other"
                raise BadInput(f"--{name} excludes layers of several kinds", where="training", fix=fix)


def parse_encoder(spec: str) -> tuple[str, int]:
    """('thermometer' or 'quantile' or 'binary', thresholds a feature) of 'KIND:N'. Raises BadInput."""
    kind, colon, count = spec.partition(":")
    if kind not in ENCODERS:
        raise unknown("encoder", kind, ENCODERS)
    if kind == "binary":
        if colon:
            raise BadInput(f"encoder '{spec}' has a count", fix="a binary feature is one bit: give 'binary'")
        return kind, 1
    if not (count.isascii() and count.isdigit() and 1 <= int(count) <= 255):
        raise BadInput(f"encoder '{spec}' has no count of thresholds", fix=f"give '{kind}:3', with 1 to 255 thresholds")
    return kind, int(count)


def parse_init(spec: str) -> tuple[str, float]:
    """('gaussian', 1.0) or ('residual', strength) of 'KIND' or 'KIND:STRENGTH'. Raises BadInput."""
    kind, _, text = spec.partition(":")
    if kind not in INITS:
        raise unknown("initialisation", kind, INITS)
    try:
        strength = float(text) if text else {"gaussian": 1.0, "residual": 5.0}[kind]
    except ValueError:
        strength = -1.0
    if not 0 < strength <= 100:
        raise BadInput(f"initialisation '{spec}' has no usable strength", fix=f"give '{kind}:2', from above 0 to 100")
    return kind, strength


def data_kind(dataset: Dataset) -> str:
    """'image', 'colour-image', 'small-image' (below 20,000 training rows) or 'table': what the defaults depend on."""
    if dataset.shape is None:
        return "table"
    if len(dataset.x_train) < 20_000:
        return "small-image"
    return "colour-image" if dataset.shape[2] == 3 else "image"


DEFAULTS: dict[str, dict[str, Any]] = {
    "image": {
        "layers": 2,
        "width": 8000,
        "wiring": "learned",
        "candidates": 16,
        "candidates_from": "all",
        "redraw": 0.0,
        "encoder": "thermometer:3",
        "init": "gaussian",
        "epochs": 40,
        "batch_size": 128,
        "lr": 0.1,
        "validation_fraction": 0.05,
        "shifts": 1,
        "flips": False,
        "augment": 0.5,
        "group_share": 1 / 8,
    },
    "colour-image": {
        "layers": 1,
        "width": 64_000,
        "wiring": "learned",
        "candidates": 32,
        "candidates_from": "local",
        "redraw": 0.0,
        "encoder": "quantile:7",
        "init": "gaussian",
        "epochs": 25,
        "batch_size": 128,
        "lr": 0.1,
        "validation_fraction": 0.05,
        "shifts": 1,
        "flips": True,
        "augment": 1.0,
        "group_share": 1 / 3,
    },
    "small-image": {
        "layers": 2,
        "width": 1000,
        "wiring": "learned",
        "candidates": 16,
        "candidates_from": "all",
        "redraw": 0.0,
        "encoder": "thermometer:3",
        "init": "gaussian",
        "epochs": 40,
        "batch_size": 64,
        "lr": 0.1,
        "validation_fraction": 0.0,
        "shifts": 0,
        "flips": False,
        "augment": 0.5,
        "group_share": 1 / 8,
    },
    "table": {
        "layers": 2,
        "width": 1000,
        "wiring": "learned",
        "candidates": 8,
        "candidates_from": "all",
        "redraw": 0.0,
        "encoder": "quantile:8",
        "init": "gaussian",
        "epochs": 20,
        "batch_size": 128,
        "lr": 0.02,
        "validation_fraction": 0.1,
        "shifts": 0,
        "flips": False,
        "augment": 0.5,
        "group_share": 1,
    },
}
"""Chosen by accuracy on validation rows: `docs/training.md` has the figures. Pictures in colour are mirrored, for they
then show the same class; digits and letters do not. group_share: the group temperature is sqrt(group_share times the
neurons of a class)."""


LAYERED: dict[str, Any] = {
    "wiring": "random",
    "candidates": 1,
    "candidates_from": "all",
    "redraw": 0.0,
    "encoder": "thermometer:3",
    "init": "residual:5",
    "batch_size": 128,
    "lr": 0.02,
    "weight_decay": 0.002,
}
"""In place of `DEFAULTS`, for networks of layers of several kinds."""


def resolve(config: TrainConfig, dataset: Dataset) -> TrainConfig:
    """`config` with every None that training needs filled in for this kind of data; layers and width become widths.

    Raises BadInput where its layers are for images, or its preset for other images, than this data set's.
    """
    config = _with_preset(config, dataset)
    values = dict(DEFAULTS[data_kind(dataset)]) | {"weight_decay": 0.0}
    binary = dataset.x_train.dtype.kind == "b"
    layers = values.pop("layers") if config.layers is None else config.layers
    width = values.pop("width") if config.width is None else config.width
    if config.layer is not None:
        values |= LAYERED
        if dataset.shape is None:
            fix = "give a set of images, or --layers and --width"
            raise BadInput("is a table, and layers slide over images", where=dataset.name, fix=fix)
    else:
        values["widths"] = (width,) * layers if config.widths is None else config.widths
    if binary:
        values["encoder"] = "binary"
    last = (values.get("widths") or config.dense_widths or (1,))[-1]
    group_tau = round(math.sqrt(values.pop("group_share") * last / max(len(dataset.class_names), 1)), 3)
    values["group_tau"] = max(group_tau, 0.5)
    if config.wiring not in (None, "learned"):
        values |= {"candidates": 1, "candidates_from": "all", "redraw": 0.0}
    if config.wiring == "learned" and config.layer is not None:
        values["candidates"] = 8
    if config.candidates_from == "local":
        values["redraw"] = 0.0
    known = {field.name for field in fields(TrainConfig)}
    missing = {key: value for key, value in values.items() if key in known and getattr(config, key) is None} | {
        "layers": None,
        "width": None,
    }
    return replace(config, **missing)


def _with_preset(config: TrainConfig, dataset: Dataset) -> TrainConfig:
    """The preset's layers and settings where `config` leaves them open."""
    if config.preset is None:
        return config
    preset, where = PRESETS[config.preset], f"preset '{config.preset}'"
    if config.layers or config.width or config.widths:
        raise BadInput("has layers of its own", where=where, fix="leave out --layers, --width and --widths")
    if dataset.shape != preset.shape:
        want, have = (
            "a table" if shape is None else "images of " + " x ".join(map(str, shape))
            for shape in (preset.shape, dataset.shape)
        )
        raise BadInput(f"is for {want}, and {dataset.name} is {have}", where=where, fix="give data of that shape")
    settings = {"layer": preset.layers, **preset.settings}
    return replace(config, **{key: value for key, value in settings.items() if getattr(config, key) is None})
