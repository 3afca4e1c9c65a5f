"""What both forms of the C target are written with: types, constants, tables, names and the header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from numpy.typing import NDArray

from lgnc import __version__
from lgnc.backends.c.names import comment
from lgnc.backends.thresholds import ELEMENT
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.quantiser import CODES

TYPES = {
    "uint8": ("uint8_t", "uint8_t"),
    "int8": ("int8_t", "uint8_t"),
    "uint16": ("uint16_t", "uint16_t"),
    "int16": ("int16_t", "uint16_t"),
    "int32": ("int32_t", "uint32_t"),
    "int64": ("int64_t", "uint64_t"),
    "float32": ("float", "uint32_t"),
    "float64": ("double", "uint64_t"),
}
"""Feature type -> its C type and the unsigned type of the same width."""

SIZES = {f"{sign}int{8 * size}_t": size for sign in ("", "u") for size in (1, 2, 4, 8)} | {"float": 4, "double": 8}
"""C type -> bytes."""


@dataclass(frozen=True)
class Body:
    """A source file without its first lines: its text, and what the header and the manifest say of it.

    block: samples evaluated together. workspace: bytes that a call needs. tables: bytes of constant data. code: bytes
    of the chip's code, None where they are not foretold. packed: whether rows of packed bits are taken too.
    stack: bytes of stack at most, beside what every form of the mcu profile needs.
    """

    text: str
    block: int
    workspace: int
    tables: int
    code: int | None = None
    packed: bool = False
    stack: int = 0

    @property
    def flash(self) -> int:
        """Bytes of code and tables, foretold."""
        return self.tables + (self.code or 0)


def element_types(circuit: Circuit) -> tuple[str, str]:
    """The C type of the features, and the unsigned type of the same width."""
    return TYPES[ELEMENT.get(circuit.encoder.dtype, circuit.encoder.dtype)]


def table_bytes(*tables: tuple[int, str]) -> int:
    """Bytes of (how many, C type) constants; an empty table has one unused element."""
    return sum(max(1, count) * SIZES[kind] for count, kind in tables)


def runtime(name: str) -> str:
    """The text of a file of backends/c/runtime."""
    return (files("lgnc.backends.c") / "runtime" / name).read_text("ascii")


def filled(name: str, words: Mapping[str, object]) -> str:
    """The same with what `words` has for WORD in the place of each @WORD@."""
    return re.sub(r"@([A-Z]+)@", lambda match: str(words[match[1]]), runtime(name))


def macro_prefix(name: str) -> str:
    """What the macros of network `name` start with: other names, other prefixes, though they differ in case alone.

    `net` has NET_FEATURES, `NET` has net_FEATURES, and `Net` has Net_FEATURES.
    """
    return f"{name.swapcase() if name in (name.lower(), name.upper()) else name}_"


_KEPT = "\0"
"""Stands in a user's word that `named` would take for the network's name."""


def _said(name: str) -> str:
    """A feature's or a class's name in a comment, as the user wrote it."""
    return comment(name).replace("NAME", f"NAME{_KEPT}")


def named(text: str, name: str) -> str:
    """NAME_MACRO, NAME_identifier and NAME.h with the real name."""
    text = re.sub(r"\bNAME_(?=[A-Z])", macro_prefix(name), re.sub(r"\bNAME_(?=[a-z])", f"{name}_", text))
    return re.sub(r"\bNAME\.([ch])\b", rf"{name}.\1", text).replace(_KEPT, "")


def index_type(highest: int, narrowest: int = 8) -> str:
    """The unsigned C type of at least `narrowest` bits that holds 0..highest."""
    return next(f"uint{bits}_t" for bits in (8, 16, 32) if bits >= narrowest and highest < 1 << bits)


def constant(value: Any, element: str) -> str:
    """One feature threshold as a C constant."""
    if element in ("float", "double"):
        return f"{value!s}f" if element == "float" else repr(float(value))
    value = int(value)
    if value == -(2**63):
        return "(-INT64_C(9223372036854775807) - 1)"
    if element == "int64_t":
        return f"INT64_C({value})"
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def table(declaration: str, values: list[str]) -> str:
    """`static const ... = {values}`, wrapped at 100 columns; one unused 0 stands for an empty table."""
    lines, line = [f"static const {declaration} = {{"], "   "
    for value in values or ["0"]:
        if len(line) + len(value) > 98:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return "\n".join([*lines, line, "};", ""])


def numbers(declaration: str, values: NDArray[Any]) -> str:
    """`table` of integers."""
    return table(declaration, list(map(str, values.ravel().tolist())))


def _guard(element: str) -> list[str]:
    """Lines that stop a compiler whose `element` is narrower than the thresholds: it would round them."""
    if element not in ("float", "double"):
        return []
    prefix, bits = {"float": ("FLT", 24), "double": ("DBL", 53)}[element]
    return [
        "#include <float.h>",
        "",
        f"#if {prefix}_MANT_DIG < {bits}",
        f'#error "this compiler\'s {element} has fewer bits than the features: use another one, or train on integers"',
        "#endif",
    ]


def _features(enc: Encoder) -> list[str]:
    """The first features' names, each with what makes codes of its values, if something does."""
    names = [f"   feature {i}: {_said(name)}" for i, name in enumerate(enc.names[:32])]
    if enc.quantiser is not None:
        names = [f"{name} ({step})" for name, step in zip(names, enc.quantiser.texts(), strict=False)]
    if len(enc.names) > 32:
        names.append(f"   ... {len(enc.names) - 32} more features")
    if enc.quantiser is not None:
        names.append(f"   Features are {CODES}, half to even, held within {enc.dtype};")
        names.append("   manifest.json has the scale and the offset of each.")
    return names


def header(circuit: Circuit, body: Body) -> str:
    """The text of NAME.h."""
    enc, head = circuit.encoder, circuit.head
    element, _ = element_types(circuit)
    names = _features(enc)
    kind = "class" if head is not None else "output"
    listed = circuit.output_names if head is None else head.names
    names += [f"   {kind} {i}: {_said(name)}" for i, name in enumerate(listed[:256])]
    sizes = [
        f"#define NAME_FEATURES {len(enc.names)}u",
        f"#define NAME_GATES {circuit.gates}u",
        f"#define NAME_BLOCK {body.block}u /* samples evaluated together */",
        f"#define NAME_WORKSPACE {body.workspace}u /* bytes */",
        f'#define NAME_VERSION "{__version__}" /* of lgnc, which wrote this */',
        f'#define NAME_CIRCUIT_SHA256 "{circuit.digest}"',
    ]
    if head is not None:
        sizes.insert(1, f"#define NAME_CLASSES {head.classes}u")
        api = runtime("head.h")
    else:
        sizes.insert(1, f"#define NAME_OUTPUTS {len(circuit.outputs)}u")
        api = runtime("outputs.h")
    if body.packed:
        sizes.append(f"#define NAME_PACKED_BYTES {-(-len(enc.names) // 8)}u /* a row of packed bits */")
    values = "values, in the trained model's own unit" if enc.quantiser is None else "codes, as said above"
    parts = [
        "/* A logic gate network as C99, written by lgnc. MIT licence.",
        *names,
        "*/",
        "#ifndef NAME_H",
        "#define NAME_H",
        "",
        "#include <stddef.h>",
        "#include <stdint.h>",
        *_guard(element),
        "",
        *sizes,
        "",
        api.replace("@VALUES@", values).replace("NAME_element", element).rstrip("\n"),
        "",
        "#endif",
    ]
    return "\n".join(parts) + "\n"
