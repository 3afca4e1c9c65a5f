"""From what was asked to what a run trains with: what was left open is chosen by the kind of data."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.ir.layers import CANDIDATES, Conv, Dense, Layer, Pool
from lgnc.train.config import TrainConfig, config_data, parse_wiring
from lgnc.train.engines import Work, choose_device, choose_engine
from lgnc.train.fixed_point import check_floats
from lgnc.train.methods import method_of
from lgnc.train.presets import PRESETS
from lgnc.train.ranks import world_size


@dataclass(frozen=True)
class ResolvedConfig:
    """The settings of `TrainConfig` under the same names, none of them open. Made by `resolve` alone.

    layer: () for dense layers alone. widths: of the dense layers, those above the convolutions where there are any.
    preset: '' for none. device: 'cpu' or 'cuda'. engine: a name in `lgnc.train.engines.ENGINES`. None is an answer for
    four: no time budget, no share held out for testing, as many threads as there are cores, and epochs that were not
    asked for as steps. With steps, `lgnc.train.prepare` sets the epochs that they take.
    """

    widths: tuple[int, ...]
    layer: tuple[Layer, ...]
    preset: str
    node: str
    constants: bool
    wiring: str
    opcodes: str
    candidates: int
    candidates_from: str
    redraw: float
    encoder: str
    fixed_point: str | None
    inputs: str
    method: str
    cage: bool
    temperature: float
    wiring_temperature: float
    group_tau: float
    init: str
    epochs: int
    steps: int | None
    batch_size: int
    lr: float
    weight_decay: float
    warmup: float
    schedule: str
    validation_fraction: float
    shifts: int
    flips: bool
    rotate: float
    zoom: float
    elastic: float
    augment: float
    seed: int
    device: str
    engine: str
    threads: int | None
    time_budget: float | None
    test_fraction: float | None
    balance: bool
    members: int

    @property
    def dense(self) -> tuple[Dense, ...]:
        """The dense layers, with every setting that they may have of their own; candidates is 1 for fixed wiring."""
        own = [layer for layer in self.layer if isinstance(layer, Dense)] or [Dense(width) for width in self.widths]
        return tuple(self._settled(layer) for layer in own)

    def _settled(self, layer: Dense) -> Dense:
        own = "learned" if layer.candidates > 1 or learned(self.wiring) else self.wiring
        wiring = layer.wiring or own
        usual = self.candidates if learned(self.wiring) or self.candidates > 1 else CANDIDATES
        candidates = (layer.candidates or usual) if wiring == "learned" else 1
        return replace(layer, wiring=wiring, candidates=candidates, init=layer.init or self.init)

    @property
    def learns(self) -> bool:
        """Whether any wiring or leaf is learned."""
        leaves = any(isinstance(layer, Conv) and layer.leaves == "learned" for layer in self.layer)
        return leaves or any(layer.wiring == "learned" for layer in self.dense)

    @property
    def word(self) -> int:
        """Gates that share their wiring: 1 but for words."""
        return parse_wiring(self.wiring)[1]

    def one_gate(self, layer: int) -> bool:
        """Whether the gates of a word of a dense layer are one function."""
        return self.word > 1 and (self.opcodes == "word" or (self.opcodes == "hidden" and layer < len(self.widths) - 1))

    @property
    def augments(self) -> bool:
        """Whether pictures are changed in any way."""
        return bool(self.shifts or self.flips or self.rotate or self.zoom or self.elastic)

    @property
    def convolves(self) -> bool:
        """Whether there are convolutions or pools below the dense layers."""
        return any(not isinstance(layer, Dense) for layer in self.layer)

    def record(self) -> dict[str, Any]:
        """What a model's file says of its training: JSON data from which `TrainConfig.from_dict` makes a configuration
        that resolves to this one. How many threads ran changes nothing, and is not in it.
        """
        values = config_data(self)
        values.pop("threads")
        values.pop("widths" if self.layer else "layer")
        values.pop("steps" if self.steps is None else "epochs")
        return {key: value for key, value in values.items() if value is not None and (key != "preset" or value)}


def learned(wiring: str) -> bool:
    """Whether pins have candidates."""
    return parse_wiring(wiring)[0] in ("learned", "words")


def data_kind(dataset: Dataset) -> str:
    """What the defaults depend on: 'image', 'colour-image' or 'small-image' (below 20,000 training rows), 'table' or
    'small-table' (below 5,000).
    """
    if dataset.shape is None:
        return "small-table" if len(dataset.x_train) < 5000 else "table"
    if len(dataset.x_train) < 20_000:
        return "small-image"
    return "colour-image" if dataset.shape[2] == 3 else "image"


_ALWAYS: dict[str, Any] = {
    "layer": (),
    "preset": "",
    "wiring": "learned",
    "candidates_from": "all",
    "redraw": 0.0,
    "init": "gaussian",
    "steps": None,
    "weight_decay": 0.0,
    "shifts": 0,
    "flips": False,
    "rotate": 0.0,
    "zoom": 0.0,
    "elastic": 0.0,
    "augment": 0.5,
    "threads": None,
    "time_budget": None,
    "fixed_point": None,
    "test_fraction": None,
    "members": 1,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "image": _ALWAYS
    | {
        "layers": 2,
        "width": 8000,
        "candidates": 16,
        "encoder": "thermometer:3",
        "epochs": 40,
        "batch_size": 128,
        "lr": 0.1,
        "validation_fraction": 0.05,
        "shifts": 1,
        "group_share": 1 / 8,
    },
    "colour-image": _ALWAYS
    | {
        "layers": 1,
        "width": 64_000,
        "candidates": 32,
        "candidates_from": "local",
        "encoder": "quantile:7",
        "epochs": 25,
        "batch_size": 128,
        "lr": 0.1,
        "validation_fraction": 0.05,
        "shifts": 1,
        "flips": True,
        "augment": 1.0,
        "group_share": 1 / 3,
    },
    "small-image": _ALWAYS
    | {
        "layers": 2,
        "width": 1000,
        "candidates": 16,
        "encoder": "thermometer:3",
        "epochs": 40,
        "batch_size": 64,
        "lr": 0.1,
        "validation_fraction": 0.0,
        "group_share": 1 / 8,
    },
    "table": _ALWAYS
    | {
        "layers": 2,
        "width": 1000,
        "candidates": 8,
        "encoder": "quantile:8",
        "epochs": 20,
        "batch_size": 128,
        "lr": 0.02,
        "validation_fraction": 0.1,
        "group_share": 1,
    },
    "small-table": _ALWAYS
    | {
        "layers": 2,
        "width": 2400,
        "candidates": 16,
        "encoder": "quantile:32",
        "epochs": 250,
        "batch_size": 128,
        "lr": 0.05,
        "validation_fraction": 0.0,
        "group_share": 1 / 4,
        "members": 10,
    },
}
"""Chosen by accuracy on validation rows: `docs/training.md` has the figures. Small tables hold no rows out: the best of
many epochs on twenty rows is chance. Pictures in colour are mirrored, for they
then show the same class; digits and letters do not. group_share: the group temperature is sqrt(group_share times the
neurons of a class and member)."""

_MEMBER_NEURONS = 80
"""A network has so many neurons of its last layer for each class and member, or fewer members."""

_WORDS_OF_CLASS = 2

WORDS: dict[str, Any] = {"layers": 1, "candidates": 64, "candidates_from": "all", "group_share": 1 / 28, "members": 1}
"""In place of `DEFAULTS`, for words of gates; a class has so many words."""

FIXED: dict[str, Any] = {"candidates": 1, "candidates_from": "all"}
"""What wiring has that is not learned."""

LAYERED: dict[str, Any] = {
    "wiring": "random",
    "encoder": "thermometer:3",
    "candidates": 8,
    "candidates_from": "all",
    "init": "edges:5",
    "batch_size": 128,
    "lr": 0.02,
    "weight_decay": 0.002,
}
"""In place of `DEFAULTS`, for networks of layers of several kinds."""


def resolve(asked: TrainConfig, dataset: Dataset) -> ResolvedConfig:
    """What `asked` is on this data set: what it leaves open is chosen by the kind of data.

    Raises BadInput for settings that this data set, this machine or the engine cannot have. How many candidates there
    may be at most is known when the encoder is: `lgnc.train.prepare` sees to that.
    """
    asked = _with_preset(asked, dataset)
    device = choose_device(asked.device, asked.engine)
    values = _defaults(asked, dataset, device)
    names = {field.name for field in fields(ResolvedConfig)}
    values |= {key: value for key, value in vars(asked).items() if value is not None}
    config = ResolvedConfig(**{key: value for key, value in values.items() if key in names})
    _check_asked(asked, config, dataset)
    work = Work(
        config.method,
        ramps=config.inputs == "real",
        decay=config.weight_decay > 0,
        rates=any(not isinstance(layer, Pool) and layer.lr != 1 for layer in config.layer),
        convolves=config.convolves,
        processes=world_size(),
        weighs=config.balance,
        members=config.members,
        words=config.word > 1,
        leaves=any(isinstance(layer, Conv) and layer.leaves == "learned" for layer in config.layer),
    )
    return replace(config, device=device, engine=choose_engine(config.engine, work, device))


def _with_preset(asked: TrainConfig, dataset: Dataset) -> TrainConfig:
    """The preset's layers and settings where `asked` leaves them open."""
    if asked.preset is None:
        return asked
    preset, where = PRESETS[asked.preset], f"preset '{asked.preset}'"
    if asked.layers or asked.width or asked.widths:
        raise BadInput("has layers of its own", where=where, fix="leave out --layers, --width and --widths")
    if dataset.shape != preset.shape:
        want, have = (
            "a table" if shape is None else "images of " + " x ".join(map(str, shape))
            for shape in (preset.shape, dataset.shape)
        )
        raise BadInput(f"is for {want}, and {dataset.name} is {have}", where=where, fix="give data of that shape")
    settings = {"layer": preset.layers, **preset.settings}
    if asked.steps is not None:
        settings.pop("epochs", None)
    return replace(asked, **{key: value for key, value in settings.items() if getattr(asked, key) is None})


def _defaults(asked: TrainConfig, dataset: Dataset, device: str) -> dict[str, Any]:
    """A value for every setting that `asked` may leave open, and the network's widths."""
    values = dict(DEFAULTS[data_kind(dataset)])
    word = parse_wiring(asked.wiring or values["wiring"])[1]
    if word > 1:
        values |= WORDS | {"width": _WORDS_OF_CLASS * word * max(len(dataset.class_names), 1)}
    if asked.layer is not None:
        values |= LAYERED
        values["widths"] = tuple(layer.width for layer in asked.layer if isinstance(layer, Dense))
    elif asked.widths is None:
        layers, width = asked.layers or values["layers"], asked.width or values["width"]
        values["widths"] = (width,) * layers
    if dataset.x_train.dtype.kind == "b":
        values["encoder"] = "binary"
    widths = asked.widths or values["widths"] or (1,)
    classes = max(len(dataset.class_names), 1)
    members = 1 if device == "cuda" else min(values["members"], widths[-1] // (_MEMBER_NEURONS * classes))
    values["members"] = max(members, 1)
    share = values["group_share"] * widths[-1] / (classes * (asked.members or values["members"]))
    values["group_tau"] = max(round(math.sqrt(share), 3), 0.5)
    if not learned(asked.wiring or values["wiring"]):
        values |= FIXED
    return values


def _check_asked(asked: TrainConfig, config: ResolvedConfig, dataset: Dataset) -> None:
    """Raise BadInput for what was asked and cannot be had with what the other settings came to be."""
    if asked.layer is not None and dataset.shape is None:
        fix = "give a set of images, or --layers and --width"
        raise BadInput("is a table, and layers slide over images", where=dataset.name, fix=fix)
    choosing = learned(config.wiring) or any(layer.wiring == "learned" for layer in config.dense)
    for name, fixed in FIXED.items():
        if not choosing and getattr(config, name) != fixed:
            what, where = f"candidates are for learned wiring, not {config.wiring}", f"--{name}".replace("_", "-")
            raise BadInput(what, where=where, fix="leave it out, or use --wiring learned")
    if config.redraw and (not config.learns or config.candidates_from != "all"):
        fix = "leave it out, or use --wiring learned and --candidates-from all"
        raise BadInput("candidates are redrawn from the whole layer below", where="--redraw", fix=fix)
    _check_words(config, len(dataset.class_names))
    if config.fixed_point is not None:
        check_floats(dataset)
    runs = len(dataset.class_names) * config.members
    if config.widths and config.widths[-1] < runs:
        what = f"the last layer has {config.widths[-1]} neurons for {len(dataset.class_names)} classes"
        what += f" of {config.members} members" if config.members > 1 else ""
        raise BadInput(what, where="--width", fix=f"give a last width of {runs} or more")
    if dataset.shape is None and config.augments:
        fix = "leave out --shifts, --flips, --rotate, --zoom and --elastic"
        raise BadInput("changes of pictures are for images", where="training", fix=fix)


def _check_words(config: ResolvedConfig, classes: int) -> None:
    """Raise BadInput for what words of gates cannot be, and for what only they are."""
    word, wiring = config.word, f"--wiring {config.wiring}"
    if word == 1:
        if config.opcodes != "gate":
            raise BadInput("opcodes are for words", where="--opcodes", fix="leave it out, or use --wiring words:32")
        return
    if any(width % word for width in config.widths) or config.widths[-1] < word * classes:
        what = f"widths are {', '.join(map(str, config.widths))}, in words of {word} gates, one or more for each class"
        raise BadInput(what, where=wiring, fix=f"give multiples of {word}, the last {word * classes} or more")
    if config.layer or config.node != "tree2" or config.members > 1 or config.candidates_from != "all":
        what = "is for dense layers of plain gates and one member, with candidates from all"
        raise BadInput(what, where=wiring, fix="leave out [[layer]], --preset, --node, --members and --candidates-from")
    if config.inputs == "real":
        raise BadInput("takes bits", where=wiring, fix="leave out --inputs real")
    if config.opcodes != "gate" and method_of(config.method).noisy:
        what = f"method {config.method} draws noise for each gate, and the gates of a word are one function"
        raise BadInput(what, where=f"--opcodes {config.opcodes}", fix="use a method without noise, or --opcodes gate")
