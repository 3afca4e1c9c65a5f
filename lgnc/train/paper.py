"""The published gap experiment (arXiv 2603.14157) as settings, whole and scaled down, for `lgnc experiment gap`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, unknown
from lgnc.train.config import TrainConfig
from lgnc.train.resolve import resolve

DEPTHS = (4, 5, 6)
"""The published numbers of layers; the settings have the last."""


@dataclass(frozen=True)
class Task:
    """A data set as published. width: neurons a layer. settings: further fields of `TrainConfig`."""

    width: int
    lr: float
    steps: int
    settings: dict[str, Any]


TASKS = {
    "mnist": Task(64_000, 0.01, 50_000, {"encoder": "thermometer:1", "inputs": "real"}),
    "mnist-binary": Task(64_000, 0.01, 50_000, {"encoder": "binary"}),
    "cifar10": Task(128_000, 0.05, 60_000, {"encoder": "thermometer:31"}),
}
"""Raw pixels are ramps from 0 to 1; deployed, they are one bit each. CIFAR-10 has 31 thresholds a channel."""

_COMMON: dict[str, Any] = {
    "layers": DEPTHS[-1], "wiring": "random", "init": "gaussian", "batch_size": 512, "schedule": "constant",
    "warmup": 0.0, "weight_decay": 0.0, "shifts": 0, "flips": False, "validation_fraction": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """What a preset makes of a task: its width and its steps are divided by these."""

    width: int
    steps: int


SCALES = {"paper": Scale(1, 1), "paper-small": Scale(16, 25)}


def group_temperature(width: int, classes: int) -> float:
    """The published GroupSum temperature: 1.42 sqrt(k) / (ln(C - 1) + 0.7) for k neurons of each of C classes."""
    return 1.42 * math.sqrt(width / classes) / (math.log(classes - 1) + 0.7)


def check_preset(preset: str, data: str) -> None:
    """Raise BadInput for an unknown preset, and for data that presets are not for."""
    if preset not in SCALES:
        raise unknown("preset", preset, SCALES, where="--preset")
    if data not in TASKS:
        raise BadInput(f"preset '{preset}' is for {', '.join(TASKS)}", where=f"--data {data}", fix="give one of them")


def paper_config(preset: str, data: str, dataset: Dataset, own: dict[str, Any], where: str = "training") -> TrainConfig:
    """The settings of `preset` on the data set called `data`; those in `own`, found at `where`, win.

    The group temperature follows from the width that comes of it. Raises BadInput as `check_preset` and `TrainConfig`
    do.
    """
    check_preset(preset, data)
    task, scale = TASKS[data], SCALES[preset]
    sizes = {"width": task.width // scale.width, "lr": task.lr, "steps": task.steps // scale.steps}
    values = _COMMON | sizes | task.settings
    for given, replaced in (("epochs", ("steps",)), ("widths", ("layers", "width"))):
        if given in own:
            values = {key: value for key, value in values.items() if key not in replaced}
    config = TrainConfig.from_dict(values | own, where)
    if config.group_tau is not None:
        return config
    tau = group_temperature(resolve(config, dataset).widths[-1], len(dataset.class_names))
    return replace(config, group_tau=round(tau, 6))
