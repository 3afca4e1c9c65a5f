"""The host form of the C target: tables run by one small evaluator over blocks of samples, in vector code."""

from __future__ import annotations

import numpy as np

from lgnc.backends.c_schedule import Schedule, schedule
from lgnc.backends.c_tables import Groups, feature_groups
from lgnc.backends.c_text import Body, constant, element_types, index_type, numbers, runtime, table, table_bytes
from lgnc.ir.circuit import Circuit, Head

BLOCK = 512
"""Samples a block: one 512-bit row a node."""

CHUNK = 256
"""Literals counted together: their rows, 16 KB, fit a first-level cache beside what they are made from."""


def host_body(circuit: Circuit) -> Body:
    """The tables of a circuit and the evaluator."""
    groups = feature_groups(circuit.encoder)
    plan = schedule(circuit, groups.row, len(groups.threshold), CHUNK)
    sums = 0 if circuit.head is None else circuit.head.classes * _planes(circuit.head)
    element, _ = element_types(circuit)
    node = _node_type(plan)
    tables = table_bytes(
        (len(groups.first) + plan.steps.size, "uint32_t"),
        (len(groups.threshold), element),
        (plan.gates.size, node),
        (len(plan.literals), node),
    )
    return Body(_source(circuit, groups, plan), BLOCK, (plan.rows + sums + 1) * (BLOCK // 8), tables)


def _node_type(plan: Schedule) -> str:
    return index_type(2 * plan.rows, 16)


def _planes(head: Head) -> int:
    """Bit planes of a class score less the lowest offset: at least four, what one step of the adder makes."""
    highest = head.offset.astype(np.int64) - head.offset.min() + np.diff(head.starts)
    return max(4, int(highest.max()).bit_length())


def _source(circuit: Circuit, groups: Groups, plan: Schedule) -> str:
    element, unsigned = element_types(circuit)
    steps = [f"{{{op}, {count}, {owner}}}" for op, count, owner in plan.steps.tolist()]
    parts = [
        f"#define NAME_GROUPS {len(groups.first)}u",
        f"#define NAME_ROWS {plan.rows}u",
        f"#define NAME_STEPS {len(plan.steps)}u",
        f"#define NAME_ELEMENT_BITS {8 * groups.threshold.dtype.itemsize}u",
        f"#define NAME_ELEMENT_SIGNED {int(groups.threshold.dtype.kind != 'u')}",
        f"typedef {element} NAME_element;",
        f"typedef {unsigned} NAME_unsigned;",
        f"typedef {_node_type(plan)} NAME_node;",
        "",
        "/* First feature of each group of consecutive features. */",
        numbers("uint32_t NAME_group_first[]", groups.first),
        "/* A threshold for each feature of each group, which its bit is above. */",
        table("NAME_element NAME_threshold[]", [constant(t, element) for t in groups.threshold]),
        "/* Steps: a gate number (f(0,0) f(0,1) f(1,0) f(1,1) in binary) and how many such gates come next; or 16 to",
        "   count literals, 17 to count inverted ones, how many, and for which class. */",
        table("struct { uint32_t op, count, owner; } NAME_step[]", steps or ["{0, 0, 0}"]),
        "/* Gates: the row that each writes, and the two that it reads. */",
        numbers("NAME_node NAME_gate[]", plan.gates),
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
        return ["/* Outputs: 2 * row + inverted. */", numbers("NAME_node NAME_literal[]", plan.literals)]
    base = int(head.offset.min())
    start = [f"{int(offset) - base}u" for offset in head.offset]
    return [
        f"#define NAME_BASE ({base if base > -(2**31) else '-2147483647 - 1'})",
        f"#define NAME_PLANES {_planes(head)}u",
        f"#define NAME_INDEX_PLANES {max(1, (head.classes - 1).bit_length())}u",
        "",
        "/* Rows counted, in the order of the steps. */",
        numbers("NAME_node NAME_literal[]", plan.literals),
        "/* Where each class's count starts: its offset less NAME_BASE. */",
        table("uint32_t NAME_start[]", start),
    ]
