"""Flash and RAM of the MCU form of the C target, foretold, and the budgets that they are held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lgnc.diagnostics import BadInput, Failed
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import AND, GT, OR, XOR

COMPILER = "arm-none-eabi-gcc 12.2 -O2 -mcpu=cortex-m3 -mthumb"
"""What the constants below were fitted to, over networks of every feature type and set of gate functions."""

_BASE, _HEAD, _ONE_CLASS = 307, 210, -55
_LOOP = {AND: 196, GT: 162, XOR: 196, OR: 196}
_SUM = {AND: 172, GT: 250, XOR: 172, OR: 172}
_PLAIN_LOOP, _PLAIN_SUM, _COMPARE, _COUNT = 107, 121, 192, 92
"""Bytes of code: what every network has; then what each kind of step that it uses adds."""

_COMPARE_LESS = {"int32": 83, "float32": 175, "float64": 243}
"""Bytes that comparing features of these types takes less."""

_WIDE = 9
"""Added to each kind of gate step when more than 255 values live at a time."""

_STACK = 88
"""Bytes that the calls take beside the workspace and the scores."""


@dataclass(frozen=True)
class Footprint:
    """Bytes of a network: code and tables in flash; RAM with the workspace, the scores and the stack of a call."""

    code: int
    tables: int
    ram: int

    @property
    def flash(self) -> int:
        """Bytes of flash."""
        return self.code + self.tables


def code_bytes(circuit: Circuit, kinds: Iterable[int], wide: bool) -> int:
    """Bytes of machine code on a Cortex-M3. kinds: the step numbers in use (`c_mcu_schedule`)."""
    total = _BASE
    if circuit.head is not None:
        total += _HEAD + _ONE_CLASS * (circuit.head.classes == 1)
    for kind in kinds:
        if kind < 16:
            total += _LOOP.get(kind, _PLAIN_LOOP) + _WIDE * (wide and kind in _LOOP)
        elif kind < 32:
            total += _SUM.get(kind - 16, _PLAIN_SUM) + _WIDE * (wide and kind - 16 in _SUM)
        else:
            total += _COMPARE - _COMPARE_LESS.get(circuit.encoder.dtype, 0) if kind == 32 else _COUNT
    return total


def footprint(circuit: Circuit, *, code: int, tables: int, workspace: int) -> Footprint:
    """The footprint on a Cortex-M3 of a network with so many bytes of code, tables and workspace."""
    classes = 0 if circuit.head is None else circuit.head.classes
    return Footprint(code, tables, workspace + 4 * classes + _STACK)


def check_budget(circuit: Circuit, needs: Footprint, settings: Mapping[str, Any]) -> None:
    """Hold `needs` to the settings `max_flash` and `max_ram`, in bytes.

    Raises BadInput when one is not a positive integer, and Failed with the figures and what would help when it is
    exceeded.
    """
    for setting, have, what, remedy in (
        ("max_flash", needs.flash, "flash", _smaller(circuit, needs, settings.get("max_flash"))),
        ("max_ram", needs.ram, "RAM", "fewer values would live at a time with narrower layers or fewer thresholds"),
    ):
        limit = settings.get(setting)
        option = "--" + setting.replace("_", "-")
        if limit is None:
            continue
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise BadInput(f"{limit!r} is not a number of bytes", where=option, fix="give a positive integer")
        if have > limit:
            over = f"needs {have:,} bytes of {what}, {have - limit:,} more than {limit:,}"
            raise Failed(over, where=option, fix=remedy)


def _smaller(circuit: Circuit, needs: Footprint, limit: Any) -> str:
    """What would fit `limit` bytes of flash."""
    figures = f"code {needs.code:,}, tables {needs.tables:,} for {circuit.gates:,} gates and {circuit.inputs:,} inputs"
    room = limit - needs.code if isinstance(limit, int) else 0
    if room <= 0:
        return f"{figures}; the code alone is too much"
    fits = circuit.gates * room // max(1, needs.tables)
    return f"{figures}; about {fits:,} gates fit: compile with -O3, or train with a smaller --width"
