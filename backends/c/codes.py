"""NAME_codes.h and NAME_codes.c: codes of measured values, for a network whose features are fixed-point codes.

`lgnc.ir.quantiser.Quantiser.codes` is their twin in Python.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np

from lgnc.backends.c.text import element_types, filled, named
from lgnc.ir.circuit import Circuit

_NARROW = 1 << 29
"""Offsets below it are added to steps in 32 bits, others in 64."""

_MOST = {32: 30, 64: 54}
"""Bits of a step -> the power of two that steps are held at: beyond every code, and no sum with an offset overflows."""

_REALS = (
    {"CALL": "", "REAL": "float", "BITS": "uint32_t", "FRACTION": 23, "EXPONENTS": 255, "BIAS": 150},
    {"CALL": "_double", "REAL": "double", "BITS": "uint64_t", "FRACTION": 52, "EXPONENTS": 2047, "BIAS": 1075},
)
"""IEEE 754's single and double precision: a value is its fraction times 2^(exponent - BIAS)."""


def codes_files(circuit: Circuit, name: str) -> dict[str, str]:
    """Relative path -> text; nothing where features are not codes."""
    quantiser = circuit.encoder.quantiser
    if quantiser is None:
        return {}
    info = np.iinfo(circuit.encoder.dtype)
    width = 32 if int(np.abs(quantiser.offset).max(initial=0)) < _NARROW else 64
    exponents = quantiser.exponents
    words: dict[str, object] = {"WIDTH": width, "LOW": int(info.min), "HIGH": int(info.max)}
    words["EXPONENTS"] = _listed(list(map(str, exponents.tolist())))
    words["OFFSETS"] = _listed([f"INT64_C({each})" if width == 64 else str(each) for each in quantiser.offset.tolist()])
    texts = {"h": filled("codes.h", words), "c": _source(words, width)}
    element = element_types(circuit)[0]
    texts = {ending: named(text.replace("NAME_element", element), name) for ending, text in texts.items()}
    return {f"{name}_codes.{ending}": text for ending, text in texts.items()}


def _source(words: Mapping[str, object], width: int) -> str:
    """NAME_codes.c. width: bits that a step of a float's code is computed in; 64 for a double's."""
    held = {each: filled("codes_held.c", {"WIDTH": each, "MOST": _MOST[each]}) for each in (32, 64)}
    parts = [filled("codes.c", words), held[width], filled("codes_reading.c", words)]
    parts += [filled("codes_real.c", {"WIDTH": width, **_REALS[0]}), "#if DBL_MANT_DIG == 53\n"]
    parts += [held[64] if width == 32 else "", filled("codes_real.c", {"WIDTH": 64, **_REALS[1]})]
    return "".join([*parts, "#endif\n"])


def _listed(values: list[str]) -> str:
    """Values of an initialiser, over the lines of a macro."""
    lines = textwrap.wrap(", ".join(values), 96, break_long_words=False)
    return lines[0] if len(lines) == 1 else " \\\n    ".join(["", *lines]) + " \\\n   "
