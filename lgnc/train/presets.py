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


def _compact(k: int) -> tuple[Layer, ...]:
    """CompactLogic: convolutions of one gate per channel and place, no pools, all of it learned among candidates."""
    blocks = [
        Conv(kernels, 3, 1, stride=stride, padding=1, group=0, leaves="learned", candidates=16)
        for kernels, stride in ((k, 2), (k, 1), (4 * k, 2), (4 * k, 1))
    ]
    return (*blocks, Dense(625 * k), Dense(625 * k))


def _dense(k: int) -> tuple[Layer, ...]:
    return tuple(Dense(width * k) for width in (1280, 640, 320))


_COMMON: dict[str, Any] = {"wiring": "random", "init": "edges:5", "batch_size": 128}
_CIFAR = _COMMON | {"encoder": "thermometer:3", "lr": 0.05, "weight_decay": 0.002, "shifts": 4, "flips": True}

_COMPACT: dict[str, Any] = {
    "wiring": "learned", "candidates": 16, "redraw": 0.8, "init": "residual:2", "batch_size": 128, "lr": 0.02,
    "weight_decay": 0.0, "epochs": 200,
}  # fmt: skip
_COLOUR = _COMPACT | {"shifts": 4, "flips": True}

PRESETS: dict[str, Preset] = {
    "logictreenet-s": Preset((32, 32, 3), _cifar(32), _CIFAR | {"group_tau": 20.0, "epochs": 400}),
    "logictreenet-m": Preset((32, 32, 3), _cifar(256), _CIFAR | {"group_tau": 40.0, "epochs": 300}),
    "logictreenet-mnist": Preset(
        (28, 28, 1),
        _mnist(16),
        _COMMON
        | {
            "encoder": "thermometer:3",
            "init": "edges:3",
            "lr": 0.05,
            "weight_decay": 0.002,
            "group_tau": 6.5,
            "epochs": 100,
        },
    ),
    **{
        f"compactlogic-{size}": Preset(
            (32, 32, 3), _compact(k), _COLOUR | {"encoder": f"thermometer:{thresholds}", "group_tau": tau}
        )
        for size, k, thresholds, tau in (
            ("s", 64, 3, 20.0),
            ("m", 128, 3, 40.0),
            ("b", 256, 7, 63.0),
            ("l", 1024, 63, 160.0),
        )
    },
    "compactlogic-mnist": Preset(
        (28, 28, 1),
        _compact(128),
        _COMPACT | {"encoder": "thermometer:3", "group_tau": 40.0, "shifts": 3, "rotate": 15.0},
    ),
}


def preset_of(name: str) -> Preset:
    """The preset of that name. Raises BadInput that lists them when there is no such one."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]
