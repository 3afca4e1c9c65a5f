"""Published networks by name: their layers, and the settings that train them here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lgnc.diagnostics import unknown
from lgnc.ir.layers import Conv, Dense, Layer, Pool


@dataclass(frozen=True)
class Preset:
    """shape: height, width and channels of the images that the layers are for. settings: fields of `TrainConfig`."""

    shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    settings: dict[str, Any]


def _cifar(k: int) -> tuple[Layer, ...]:
    """LogicTreeNet for pictures in colour (arXiv 2411.04732): k kernels at first, 27,328 k gate applications."""
    blocks: list[Layer] = []
    for kernels in (k, 4 * k, 16 * k, 32 * k):
        blocks += [Conv(kernels, 3, 3, padding=1, leaves="paired"), Pool()]
    return (*blocks, *_dense(k))


def _mnist(k: int) -> tuple[Layer, ...]:
    """LogicTreeNet for digits: 5 x 5 trees, then 3 x 3 twice."""
    blocks: tuple[Layer, ...] = (
        Conv(k, 5, 3), Pool(),
        Conv(3 * k, 3, 3, padding=1), Pool(),
        Conv(9 * k, 3, 3, padding=1), Pool(),
    )  # fmt: skip
    return (*blocks, *_dense(k))


def _dense(k: int) -> tuple[Layer, ...]:
    return tuple(Dense(width * k) for width in (1280, 640, 320))


_COMMON: dict[str, Any] = {"wiring": "random", "init": "residual:5", "batch_size": 128}
_CIFAR = _COMMON | {"encoder": "thermometer:3", "lr": 0.05, "weight_decay": 0.002, "shifts": 4, "flips": True}

PRESETS: dict[str, Preset] = {
    "logictreenet-s": Preset((32, 32, 3), _cifar(32), _CIFAR | {"group_tau": 20.0, "epochs": 400}),
    "logictreenet-m": Preset((32, 32, 3), _cifar(256), _CIFAR | {"group_tau": 40.0, "epochs": 300}),
    "logictreenet-mnist": Preset(
        (28, 28, 1),
        _mnist(16),
        _COMMON | {"encoder": "thermometer:3", "lr": 0.02, "weight_decay": 0.0, "group_tau": 6.5, "epochs": 100},
    ),
}


def preset_of(name: str) -> Preset:
    """The preset of that name. Raises BadInput that lists them when there is no such one."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]
