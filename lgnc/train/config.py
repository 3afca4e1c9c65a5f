"""Every setting of a training run as it is asked for, its TOML form, and what each may be."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from lgnc.diagnostics import BadInput, unknown
from lgnc.files import read_file
from lgnc.ir.layers import Conv, Dense, Layer, Pool, layer_from, layer_table
from lgnc.ir.quantiser import CODE_DTYPES
from lgnc.train.engines import ENGINES, Work, check_engine
from lgnc.train.methods import method_of
from lgnc.train.presets import preset_of
from lgnc.train.trees import TREES

ENCODERS = ("thermometer", "quantile", "binary")
INITS = ("gaussian", "residual", "edges")
WIRINGS = ("random", "structured", "learned", "words")
WORDS = (32, 64)
"""Gates of a word."""


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


def toml_settings(path: Path) -> dict[str, Any]:
    """The settings in the file at `path`, dashes in their names as underscores, not yet checked.

    Raises BadInput for what is not TOML, and for what would take far more memory than its size.
    """
    try:
        raw = tomllib.loads(_toml_text(read_file(path), str(path)))
    except (ValueError, RecursionError) as error:  # A number of 5,000 digits is no TOMLDecodeError.
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError | UnicodeDecodeError) else "a number is too long"
        why = "it is nested too deeply" if isinstance(error, RecursionError) else why
        raise BadInput(f"is not TOML that lgnc can use: {why}", where=str(path), fix="correct it") from None
    return {key.replace("-", "_"): value for key, value in raw.items()}


@dataclass(frozen=True)
class TrainConfig:
    """None means: choose for me (`lgnc.train.resolve`). Every field but `layer` is a flag of `lgnc train`.

    layers, width: so many layers of so many neurons; widths: one width per layer instead; layer: layers of several
    kinds (`lgnc.ir.layers`), from the encoder bits up; preset: a published network's layers and settings
    (`lgnc.train.presets`). node: what a neuron is (`lgnc.train.trees`). constants: whether the gates 0 and 15 can be
    chosen. wiring: 'random', 'structured', 'learned', or 'words:32' or 'words:64', learned for so many gates together.
    opcodes: of words: of each 'gate', one for each 'word', or one for each word of the 'hidden' layers. candidates: see
    `lgnc.train.wiring`; it is K, per pin, for learned wiring; candidates_from is 'all' or 'local'; redraw:
    the share of training in which they change after each epoch (`lgnc.train.redraw`). encoder: 'thermometer:N',
    'quantile:N' or 'binary' (`lgnc.train.encoders`). fixed_point: 'int8' or 'int16' codes for float features, fitted on
    the training rows (`lgnc.train.fixed_point`). inputs: 'real' trains on ramps between thresholds instead of
    bits, which leaves a computation gap. method, cage, temperature: `lgnc.train.reference`; temperature: of both
    passes, with cage of the forward pass of soft methods. group_tau: the GroupSum temperature, by default
    sqrt(neurons per class), for images of an eighth of them, in colour of a third, for tables below 5,000 training rows
    of a quarter of those of a member. epochs: passes over the training rows; steps: so many batches in place of them.
    init: 'gaussian:DEVIATION' or 'residual:STRENGTH' (the logit of gate A, the others 0), or 'edges:STRENGTH' (the
    same, but the last gate of each convolution's tree is one of a & b, a & ~b, ~a & b).
    lr: Adam's peak, reached after the share `warmup` of all steps, then by `schedule` (cosine ends at zero).
    validation_fraction: of the training rows; the best epoch on them is kept. augment: the share of an image set's
    samples that is changed (`lgnc.train.augment`): moved by up to `shifts` pixels each way, mirrored or not with
    `flips`, turned by up to `rotate` degrees, zoomed and sheared by up to the share `zoom`, warped by up to `elastic`
    pixels. time_budget: seconds after which training has ended; the schedule is then by time where that is further on.
    threads: of the CPU engine, None for all cores.

    members: so many networks side by side, each with a loss of its own; a class's score is the sum of theirs. balance:
    every class weighs the same in the loss, however many rows it has.

    Raises BadInput, with the closest name, for a value of the wrong type, out of range, or that is none of a choice.
    """

    layers: int | None = None
    width: int | None = None
    widths: tuple[int, ...] | None = None
    layer: tuple[Layer, ...] | None = None
    preset: str | None = None
    node: str = "tree2"
    constants: bool = True
    wiring: str | None = None
    opcodes: str = "gate"
    candidates: int | None = None
    candidates_from: str | None = None
    redraw: float | None = None
    encoder: str | None = None
    fixed_point: str | None = None
    inputs: str = "bits"
    method: str = "hard-st"
    cage: bool = True
    temperature: float = 1.0
    wiring_temperature: float = 1.0
    group_tau: float | None = None
    init: str | None = None
    epochs: int | None = None
    steps: int | None = None
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
    balance: bool = False
    members: int | None = None

    def __post_init__(self) -> None:
        for name, hint in _HINTS.items():
            object.__setattr__(self, name, _checked(name, getattr(self, name), hint))
        _check_together(self)

    @staticmethod
    def from_toml(path: Path, **overrides: Any) -> TrainConfig:
        """The configuration in the file at `path`; overrides that are not None win.

        Raises BadInput for what is not TOML, for an unknown key, and as TrainConfig does.
        """
        values = toml_settings(path)
        values |= {key: value for key, value in overrides.items() if value is not None}
        return TrainConfig.from_dict(values, where=str(path))

    @staticmethod
    def from_dict(values: dict[str, Any], where: str = "training") -> TrainConfig:
        """A configuration from JSON-like values. Raises BadInput, at `where`, as `from_toml` does."""
        for key in values:
            if key not in _HINTS:
                raise unknown("setting", key, _HINTS, where=where)
        try:
            return TrainConfig(**values)
        except BadInput as error:
            place = ", ".join(filter(None, (where, error.where if error.where != "training" else "")))
            raise BadInput(error.what, where=place, fix=error.fix) from None


def config_data(config: Any) -> dict[str, Any]:
    """The fields of a configuration as JSON data, which `TrainConfig.from_dict` reads back.

    Tuples become lists, layers tables.
    """
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}
    if config.layer is not None:
        values["layer"] = [layer_table(each) for each in config.layer]
    return values


# --- What each setting may be. ---


def parse_encoder(spec: str) -> tuple[str, int]:
    """('thermometer' or 'quantile' or 'binary', thresholds a feature) of 'KIND:N'. Raises BadInput."""
    kind, colon, count = spec.partition(":")
    if kind not in ENCODERS:
        raise unknown("encoder", kind, ENCODERS)
    if kind == "binary":
        if colon:
            raise BadInput(f"encoder '{spec:.40}' has a count", fix="a binary feature is one bit: give 'binary'")
        return kind, 1
    if not (count.isascii() and count.isdigit() and len(count) <= 3 and 1 <= int(count) <= 255):
        fix = f"give '{kind}:3', with 1 to 255 thresholds"
        raise BadInput(f"encoder '{spec:.40}' has no count of thresholds", fix=fix)
    return kind, int(count)


def parse_init(spec: str) -> tuple[str, float]:
    """(one of INITS, strength) of 'KIND' or 'KIND:STRENGTH'. Raises BadInput."""
    kind, _, text = spec.partition(":")
    if kind not in INITS:
        raise unknown("initialisation", kind, INITS)
    try:
        strength = float(text) if text else {"gaussian": 1.0, "residual": 5.0, "edges": 5.0}[kind]
    except ValueError:
        strength = -1.0
    if not 0 < strength <= 100:
        fix = f"give '{kind}:2', from above 0 to 100"
        raise BadInput(f"initialisation '{spec:.40}' has no usable strength", fix=fix)
    return kind, strength


def parse_wiring(spec: str) -> tuple[str, int]:
    """('random' or 'structured' or 'learned', 1), or ('words', gates of a word) of 'words:N'. Raises BadInput."""
    kind, colon, count = spec.partition(":")
    if kind not in WIRINGS:
        raise unknown("wiring", kind, WIRINGS)
    if kind != "words" and not colon:
        return kind, 1
    if kind != "words":
        raise BadInput(f"wiring '{kind}' takes no number", fix=f"give {kind}")
    if count not in map(str, WORDS):
        what, fix = f"wiring '{spec:.40}' has no usable width of words", " or ".join(f"words:{each}" for each in WORDS)
        raise BadInput(what, fix=f"give {fix}")
    return kind, int(count)


CHOICES: dict[str, tuple[str, ...]] = {
    "opcodes": ("gate", "word", "hidden"),
    "candidates_from": ("all", "local"),
    "device": ("auto", "cpu", "cuda"),
    "engine": ("auto", *ENGINES),
    "schedule": ("cosine", "constant"),
    "inputs": ("bits", "real"),
    "node": tuple(TREES),
    "fixed_point": CODE_DTYPES,
}
PARSED: dict[str, Callable[[str], object]] = {
    "encoder": parse_encoder,
    "init": parse_init,
    "wiring": parse_wiring,
    "method": method_of,
    "preset": preset_of,
}
"""Settings that are read by a function of their own, which raises BadInput."""

MOST_LAYERS = 10_000
"""A gate's layer is an int16 in the circuit, and a layer of neurons is up to three of gates."""

_COUNT = (1, 1 << 30)
_ABOVE_ZERO = (1e-6, 1e12)
RANGES: dict[str, tuple[float, float]] = {
    "layers": (1, MOST_LAYERS),
    "width": _COUNT,
    "widths": _COUNT,
    "candidates": _COUNT,
    "members": (1, 1000),
    "redraw": (0, 1),
    "temperature": _ABOVE_ZERO,
    "wiring_temperature": _ABOVE_ZERO,
    "group_tau": _ABOVE_ZERO,
    "epochs": _COUNT,
    "steps": _COUNT,
    "batch_size": _COUNT,
    "lr": _ABOVE_ZERO,
    "weight_decay": (0, 1),
    "warmup": (0, 1),
    "validation_fraction": (0, 0.9),
    "shifts": (0, 64),
    "rotate": (0, 180),
    "zoom": (0, 0.9),
    "elastic": (0, 64),
    "augment": (0, 1),
    "seed": (0, 2**63 - 1),
    "threads": (1, 4096),
    "time_budget": (0.1, 1e12),
    "test_fraction": (0, 0.9),
}
"""The least and the greatest value of a number, or of each number of a list; neither NaN nor infinity is in a range."""

_HINTS = get_type_hints(TrainConfig)
FIELDS = tuple(_HINTS)
"""The names of all settings."""


def _checked(name: str, value: Any, hint: Any) -> Any:
    """`value` as the type of the field `name`. Raises BadInput for another type, and for a value that it may not be."""
    kinds = get_args(hint) if get_origin(hint) in (UnionType, Union) else (hint,)
    if value is None and type(None) in kinds:
        return None
    kind = kinds[0]
    if get_origin(kind) is tuple:
        return _checked_list(name, value, get_args(kind)[0])
    value = _typed(name, value, kind)
    if name in RANGES:
        _check_range(name, value)
    if name in CHOICES and value not in CHOICES[name]:
        raise unknown(name, value, CHOICES[name])
    if name in PARSED:
        PARSED[name](value)
    return value


def _typed(name: str, value: Any, kind: type) -> Any:
    """`value` as `kind`: a number may be of any type of numbers, as far as nothing is lost."""
    if kind is int and isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if kind is float and isinstance(value, Real) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    if type(value) is kind:
        return value
    want = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[kind]
    raise BadInput(f"setting '{name}' is {_shown(value)}, not {want}", where="training", fix=f"give {want}")


def _shown(value: Any) -> str:
    """A value as messages show it: Python writes no whole number of more than 4,300 digits, and no deep list."""
    try:
        return f"{value:g}" if isinstance(value, float) else f"{value!r:.60}"
    except (ValueError, RecursionError):
        return "a very large number" if isinstance(value, int) else "something very large"


def _check_range(name: str, value: float) -> None:
    least, most = RANGES[name]
    if not least <= value <= most:
        fix = f"give a number from {_shown(least)} to {_shown(most)}"
        raise BadInput(f"setting '{name}' is {_shown(value)}, which is out of range", where="training", fix=fix)


def _checked_list(name: str, value: Any, item: Any) -> tuple[Any, ...]:
    """`value` as a tuple of numbers, or of layers where `item` is no type of numbers."""
    want = "a list of whole numbers" if item is int else "a list of tables"
    if not isinstance(value, list | tuple):
        fix = f"give {want}" if item is int else 'write each as [[layer]], then kind = "conv" and its settings'
        raise BadInput(f"setting '{name}' is {_shown(value)}, not {want}", where="training", fix=fix)
    if not 1 <= len(value) <= MOST_LAYERS:
        what = f"setting '{name}' has {len(value):,} layers" if value else f"setting '{name}' is empty"
        raise BadInput(what, where="training", fix=f"give 1 to {MOST_LAYERS:,} of them")
    if item is not int:
        return tuple(_checked_layer(each, f"layer {index}") for index, each in enumerate(value, 1))
    numbers = tuple(_typed(name, each, int) for each in value)
    for number in numbers:
        _check_range(name, number)
    return numbers


def _checked_layer(value: Any, where: str) -> Layer:
    """A layer, or the layer of a table. Raises BadInput at `where`."""
    layer = value if isinstance(value, Dense | Conv | Pool) else layer_from(value, where)
    if not isinstance(layer, Pool) and layer.init:
        try:
            parse_init(layer.init)
        except BadInput as error:
            raise BadInput(error.what, where=where, fix=error.fix) from None
    return layer


def _check_together(config: TrainConfig) -> None:
    """Raise BadInput for settings that exclude each other."""
    if config.widths is not None and (config.layers is not None or config.width is not None):
        raise BadInput("--widths excludes --layers and --width", where="training", fix="give the one or the others")
    if config.epochs is not None and config.steps is not None:
        raise BadInput("--steps excludes --epochs", where="training", fix="give the one or the other")
    for name in ("layers", "width", "widths"):
        if config.layer is not None and getattr(config, name) is not None:
            fix = "give the one or the other"
            raise BadInput(f"--{name} excludes layers of several kinds", where="training", fix=fix)
    if config.engine != "auto":
        rates = any(not isinstance(layer, Pool) and layer.lr != 1 for layer in config.layer or ())
        work = Work(
            config.method,
            ramps=config.inputs == "real",
            decay=bool(config.weight_decay),
            rates=rates,
            weighs=config.balance,
            members=config.members or 1,
        )
        check_engine(config.engine, work)
