"""The C target: NAME.h and NAME.c, C99, tables run by one small evaluator over blocks. See docs/targets-c.md."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.c_names import check_c_name, comment
from lgnc.backends.c_schedule import Schedule, schedule
from lgnc.backends.c_tables import Groups, check_scores, feature_groups
from lgnc.backends.thresholds import ELEMENT
from lgnc.ir.circuit import Circuit, Head

BLOCK = 512
"""Samples a block: one 512-bit row a node."""

CHUNK = 512
"""Literals counted together: their rows, 32 KB, fit a first-level cache."""

_TYPES = {
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


def emit(circuit: Circuit, options: Options) -> Artifact:
    """NAME.h and NAME.c. Raises BadInput for a name that C cannot use, or scores beyond 32 bits."""
    name = check_c_name(options.name)
    if circuit.head is not None:
        check_scores(circuit.head)
    groups = feature_groups(circuit.encoder)
    plan = schedule(circuit, groups.row, len(groups.threshold), CHUNK)
    header = _named(_header(circuit, plan), name)
    source = _named(_source(circuit, groups, plan), name).replace('"NAME.h"', f'"{name}.h"')
    details: dict[str, Any] = {
        "element": _TYPES[ELEMENT.get(circuit.encoder.dtype, circuit.encoder.dtype)][0],
        "workspace_bytes": _workspace(circuit, plan),
        "block": BLOCK,
        "entry": {
            "predict": None if circuit.head is None else f"{name}_predict_in",
            "scores": None if circuit.head is None else f"{name}_scores_in",
            "outputs": f"{name}_outputs_in" if circuit.head is None else None,
        },
        "output_count": len(circuit.outputs),
    }
    return Artifact({f"{name}.h": header.encode("ascii"), f"{name}.c": source.encode("ascii")}, details)


def runtime(name: str) -> str:
    """The text of a file of backends/runtime."""
    return (files("lgnc.backends") / "runtime" / name).read_text("ascii")


def _named(text: str, name: str) -> str:
    """NAME_MACRO and NAME_identifier with the real name."""
    return re.sub(r"\bNAME_(?=[A-Z])", f"{name.upper()}_", re.sub(r"\bNAME_(?=[a-z])", f"{name}_", text))


def _planes(head: Head) -> int:
    """Bit planes of a class score less the lowest offset: at least four, what one step of the adder makes."""
    highest = head.offset.astype(np.int64) - head.offset.min() + np.diff(head.starts)
    return max(4, int(highest.max()).bit_length())


def _workspace(circuit: Circuit, plan: Schedule) -> int:
    sums = 0 if circuit.head is None else circuit.head.classes * _planes(circuit.head)
    return (plan.rows + sums + 1) * (BLOCK // 8)


def _index_type(highest: int) -> str:
    return "uint16_t" if highest < 1 << 16 else "uint32_t"


def _literal(value: Any, element: str) -> str:
    """One feature threshold as a C constant."""
    if element in ("float", "double"):
        return f"{value!s}f" if element == "float" else repr(float(value))
    value = int(value)
    if value == -(2**63):
        return "(-INT64_C(9223372036854775807) - 1)"
    if element == "int64_t":
        return f"INT64_C({value})"
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def _table(declaration: str, values: list[str]) -> str:
    """`static const ... = {values}`, wrapped at 100 columns; one unused 0 stands for an empty table."""
    lines, line = [f"static const {declaration} = {{"], "   "
    for value in values or ["0"]:
        if len(line) + len(value) > 98:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return "\n".join([*lines, line, "};", ""])


def _numbers(declaration: str, values: NDArray[Any]) -> str:
    return _table(declaration, list(map(str, values.ravel().tolist())))


def _header(circuit: Circuit, plan: Schedule) -> str:
    enc, head = circuit.encoder, circuit.head
    element = _TYPES[ELEMENT.get(enc.dtype, enc.dtype)][0]
    names = [f"   feature {i}: {comment(name)}" for i, name in enumerate(enc.names[:32])]
    if len(enc.names) > 32:
        names.append(f"   ... {len(enc.names) - 32} more features")
    kind = "class" if head is not None else "output"
    listed = circuit.output_names if head is None else head.names
    names += [f"   {kind} {i}: {comment(name)}" for i, name in enumerate(listed[:256])]
    sizes = [
        f"#define NAME_FEATURES {len(enc.names)}u",
        f"#define NAME_GATES {circuit.gates}u",
        f"#define NAME_BLOCK {BLOCK}u /* samples evaluated together */",
        f"#define NAME_WORKSPACE {_workspace(circuit, plan)}u /* bytes */",
        f'#define NAME_CIRCUIT_SHA256 "{circuit.digest}"',
    ]
    if head is not None:
        sizes.insert(1, f"#define NAME_CLASSES {head.classes}u")
        api = runtime("head.h")
    else:
        sizes.insert(1, f"#define NAME_OUTPUTS {len(circuit.outputs)}u")
        api = runtime("outputs.h")
    parts = [
        "/* A logic gate network as C99, written by lgnc. MIT licence.",
        *names,
        "*/",
        "#ifndef NAME_H",
        "#define NAME_H",
        "",
        "#include <stddef.h>",
        "#include <stdint.h>",
        "",
        *sizes,
        "",
        api.replace("NAME_element", element).rstrip("\n"),
        "",
        "#endif",
    ]
    return "\n".join(parts) + "\n"


def _source(circuit: Circuit, groups: Groups, plan: Schedule) -> str:
    element, unsigned = _TYPES[ELEMENT.get(circuit.encoder.dtype, circuit.encoder.dtype)]
    steps = [f"{{{op}, {count}, {owner}}}" for op, count, owner in plan.steps.tolist()]
    parts = [
        "/* Written by lgnc; the header says what it is. MIT licence. */",
        '#include "NAME.h"',
        "",
        "#include <string.h>",
        "",
        f"#define NAME_GROUPS {len(groups.first)}u",
        f"#define NAME_ROWS {plan.rows}u",
        f"#define NAME_STEPS {len(plan.steps)}u",
        f"#define NAME_ALWAYS {len(groups.always)}",
        f"#define NAME_ELEMENT_BITS {8 * groups.threshold.dtype.itemsize}u",
        f"#define NAME_ELEMENT_SIGNED {int(groups.threshold.dtype.kind != 'u')}",
        f"typedef {element} NAME_element;",
        f"typedef {unsigned} NAME_unsigned;",
        f"typedef {_index_type(2 * plan.rows)} NAME_node;",
        "",
        "/* First feature of each group of consecutive features. */",
        _numbers("uint32_t NAME_group_first[]", groups.first),
        "/* A threshold for each feature of each group, which its bit is above. */",
        _table("NAME_element NAME_threshold[]", [_literal(t, element) for t in groups.threshold]),
    ]
    if len(groups.always):
        parts += ["/* Rows that are always true. */", _numbers("uint32_t NAME_always[]", groups.always)]
    parts += [
        "/* Steps: a gate number (f(0,0) f(0,1) f(1,0) f(1,1) in binary) and how many such gates come next; or 16 to",
        "   count literals, 17 to count inverted ones, how many, and for which class. */",
        _table("struct { uint32_t op, count, owner; } NAME_step[]", steps or ["{0, 0, 0}"]),
        "/* Gates: the row that each writes, and the two that it reads. */",
        _numbers("NAME_node NAME_gate[]", plan.gates),
        *_head_tables(circuit, plan),
        runtime("encode.c"),
        *([] if circuit.head is None else [runtime("count.c")]),
        runtime("evaluate.c"),
        runtime("outputs.c" if circuit.head is None else "head.c"),
    ]
    return "\n".join(parts)


def _head_tables(circuit: Circuit, plan: Schedule) -> list[str]:
    head = circuit.head
    if head is None:
        return ["/* Outputs: 2 * row + inverted. */", _numbers("NAME_node NAME_literal[]", plan.literals)]
    base = int(head.offset.min())
    start = [f"{int(offset) - base}u" for offset in head.offset]
    return [
        f"#define NAME_BASE ({base if base > -(2**31) else '-2147483647 - 1'})",
        f"#define NAME_PLANES {_planes(head)}u",
        f"#define NAME_INDEX_PLANES {max(1, (head.classes - 1).bit_length())}u",
        "",
        "/* Rows counted, in the order of the steps. */",
        _numbers("NAME_node NAME_literal[]", plan.literals),
        "/* Where each class's count starts: its offset less NAME_BASE. */",
        _table("uint32_t NAME_start[]", start),
    ]
