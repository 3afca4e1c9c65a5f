"""What `lgnc search` chooses for the network of a trial: its size around the limit, its wiring and its training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lgnc.data.dataset import Dataset
from lgnc.mapping.families import FAMILIES
from lgnc.train.config import TrainConfig
from lgnc.train.resolve import data_kind, learned, resolve

TREES = {4: "tree4", 6: "tree6"}
"""Inputs of a family's tables -> the neuron that fills one."""

SPACE: dict[str, tuple[Any, ...]] = {
    "candidates": (None, 8, 32),
    "redraw": (0.9, 0.0),
    "init": ("residual:2", "gaussian"),
    "epochs": (40, 20, 80),
    "lr": (0.05, 0.02, 0.1),
    "group_tau": (1.0, 0.7, 1.4),
    "fixed_point": ("int8", "int16"),
}
"""What is chosen, beside nodes, layers and widths, where it was not asked for; the first trials take the first of each.
group_tau: as a multiple of what it is by default. fixed_point: of float features alone, so that hardware compares them.
"""

ENCODERS = {
    "image": ("thermometer:1", "thermometer:3"),
    "table": ("quantile:3", "quantile:1", "quantile:2", "quantile:7"),
}
"""The one threshold of a byte is its highest bit, a wire; thresholds between a pixel's quarters are a gate each."""

PRICE, CARRY_PRICE = {4: 4.5, 6: 2.6}, 1.6
"""Tables for a neuron that fills one and its share of the sums: by inputs of a table, and with Xilinx' carry chains."""

FIRST = (1, 2, 4, 8)
"""The first trials are as large as the limit may allow, half as large, and so on."""

_LEAST, _MOST = 16, 2
"""The last layer has between the limit over _LEAST and _MOST times the limit of neurons."""


def open_settings(dataset: Dataset, base: TrainConfig) -> dict[str, tuple[Any, ...]]:
    """The settings that trials choose, with their values."""
    kind = dataset.x_train.dtype.kind
    settled = set() if kind == "f" else {"fixed_point"}
    if not learned(resolve(base, dataset).wiring):
        settled |= {"candidates", "redraw"}
    if base.steps is not None:
        settled.add("epochs")
    own = dict(SPACE)
    if kind != "b":
        own["encoder"] = ENCODERS["image" if "image" in data_kind(dataset) else "table"]
    return {name: values for name, values in own.items() if getattr(base, name) is None and name not in settled}


def widths_from(dataset: Dataset, max_luts: int) -> tuple[int, int]:
    """The fewest and the most neurons of the last layer."""
    least = max(len(dataset.class_names), max_luts // _LEAST)
    return least, max(_MOST * max_luts, least)


def first_trials(dataset: Dataset, base: TrainConfig, family: str, max_luts: int) -> list[dict[str, Any]]:
    """The parameters of the first trials: neurons that fill tables, of sizes that are likely to fit."""
    least, most = widths_from(dataset, max_luts)
    firsts = {name: values[0] for name, values in open_settings(dataset, base).items()}
    firsts["node"] = TREES[FAMILIES[family].inputs]
    price = CARRY_PRICE if family in ("xilinx", "xilinxup") else PRICE[FAMILIES[family].inputs]
    sizes = [min(max(round(max_luts / (price * share)), least), most) for share in FIRST]
    return [firsts | {"outputs": size} for size in dict.fromkeys(sizes)]


def suggest(trial: Any, dataset: Dataset, base: TrainConfig, family: str, max_luts: int) -> dict[str, Any]:
    """The settings that a trial of Optuna's chooses, as `TrainConfig` names them."""
    chosen = {name: trial.suggest_categorical(name, each) for name, each in open_settings(dataset, base).items()}
    chosen["node"] = trial.suggest_categorical("node", (TREES[FAMILIES[family].inputs], "tree2"))
    last = trial.suggest_int("outputs", *widths_from(dataset, max_luts), log=True)
    layers = trial.suggest_categorical("layers", (1, 2)) if chosen["node"] == "tree2" else 1
    chosen["widths"] = (last,) * layers
    return chosen


def settled(base: TrainConfig, chosen: dict[str, Any], dataset: Dataset) -> TrainConfig:
    """`base` with what a trial chose."""
    plain = {name: value for name, value in chosen.items() if name != "group_tau" and value is not None}
    config = replace(base, **plain)
    if "group_tau" not in chosen:
        return config
    return replace(config, group_tau=round(chosen["group_tau"] * resolve(config, dataset).group_tau, 3))
