"""The one table of targets: a new one is a folder with a `target.py`, and a row here."""

from __future__ import annotations

import importlib
from typing import Any

from lgnc.backends.setting import Setting
from lgnc.backends.target import Target
from lgnc.diagnostics import unknown

TARGETS = {
    "c": "lgnc.backends.c.target",
    "numpy": "lgnc.backends.numpy.target",
    "onnx": "lgnc.backends.onnx.target",
    "verilog": "lgnc.backends.verilog.target",
}
"""Name -> the module whose TARGET says what it is."""


def target_of(name: str) -> Target[Any]:
    """The target of a name. Raises BadInput that lists the targets when there is no such one."""
    if name not in TARGETS:
        raise unknown("target", name, TARGETS)
    found: Target[Any] = importlib.import_module(TARGETS[name]).TARGET
    return found


def all_targets() -> list[Target[Any]]:
    """Every target, in the order of the table."""
    return [target_of(name) for name in TARGETS]


def all_settings() -> dict[str, dict[str, Setting]]:
    """Setting -> target -> what it is there: several targets may have a setting of one name."""
    found: dict[str, dict[str, Setting]] = {}
    for target in all_targets():
        for name, setting in target.own_settings.items():
            found.setdefault(name, {})[target.name] = setting
    return found
