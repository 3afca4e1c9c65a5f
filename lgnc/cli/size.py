"""Sizes in memory as an option takes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click


class Size(click.ParamType[int]):
    """'800M', '8G' or '8.5GiB' in bytes; a number alone counts bytes."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)([KMGT]?)(?:i?B)?", str(value), re.IGNORECASE)
        size = int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ")) if match else 0
        if not 0 < size < 2**63:
            self.fail(f"'{value}' is not a size such as 800M or 8G", param, ctx)
        return size


def max_memory_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--max-memory`, the bytes that the data may take."""
    text = "Memory that the data may take, such as 8G (half of what is free, at most 2G)."
    return click.option("--max-memory", type=Size(), help=text)(command)
