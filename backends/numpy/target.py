"""What the numpy target is. It has no settings."""

from __future__ import annotations

from lgnc.backends.target import Engine, NoSettings, Target

TARGET = Target(
    "numpy",
    NoSettings,
    "lgnc.backends.numpy.emit",
    endings=(".py",),
    engines=(Engine("numpy"),),
    loadable=True,
    read_back=True,
)
