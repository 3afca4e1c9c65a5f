"""The host forms of the C target: tables run by one small evaluator over blocks of samples."""

from __future__ import annotations

import numpy as np

from lgnc.backends.c.schedule import COUNT, Schedule, schedule, unroll
from lgnc.backends.c.straight import Straight, straight
from lgnc.backends.c.tables import Groups, feature_groups
from lgnc.backends.c.text import Body, constant, element_types, index_type, numbers, runtime, table, table_bytes
from lgnc.backends.c.word_plan import WordPlan
from lgnc.backends.c.words import words
from lgnc.ir.circuit import Circuit, Head, Int32

Made = tuple[Circuit, WordPlan]
"""A circuit of the same function that is made of words of gates, and they."""

WORDS = 8
"""64-bit words of a row: a node's value for 512 samples, one cache line."""

CHUNK = 1024
"""Literals counted together: the rows that they are made from fit a first-level cache."""

FEW = 16
"""Fewer samples than these are taken one by one by straight code: a block takes about as long as so many."""

MOST_STRAIGHT = 2048
"""Statements and comparisons of straight code that style auto adds to the tables: about 30 KB, a second of gcc."""

PART = 128
"""Gates of a function of straight code: gcc takes linear time."""


def host_body(circuit: Circuit, style: str, made: Made | None = None) -> Body:
    """The tables of a circuit, and the evaluator for the vectors of each processor. style: of `CSettings`."""
    return _body(circuit, style, WORDS, made, portable=False)


def portable_body(circuit: Circuit, style: str, made: Made | None = None) -> Body:
    """The tables of a circuit, and the evaluator in plain C99, on 64-bit words. style: of `CSettings`."""
    return _body(circuit, style, 1, made, portable=True)


def _body(circuit: Circuit, style: str, width: int, made: Made | None, *, portable: bool) -> Body:
    groups = feature_groups(circuit.encoder)
    plan = schedule(circuit, groups.row, len(groups.threshold), CHUNK)
    parts: list[Int32] = []
    if style == "unrolled":
        plan, parts = unroll(plan, PART)
    planes = (
        0 if circuit.head is None else circuit.head.classes * _planes(circuit.head, plan) + _index_planes(circuit.head)
    )
    element, _ = element_types(circuit)
    node = _node_type(plan)
    tables = table_bytes(
        (groups.stretches.size + plan.steps.size, "uint32_t"),
        (len(groups.threshold), element),
        (plan.gates.size + 3, node),
        (len(plan.literals), node),
    )
    before = [*_tables(circuit, groups, plan, width), *_head_tables(circuit, plan)]
    text, state = _row(circuit, style, made)
    if text:
        before += [f"#define NAME_FEW {FEW}u", text]
    names = ("outputs.c", "stack_outputs.c") if circuit.head is None else ("head.c", "stack_head.c")
    head = "".join(map(runtime, names))
    kernel = "".join(
        [runtime("vectors.c"), runtime("encode.c"), "\n", *_unrolled(parts), runtime("evaluate.c")],
    )
    if portable:
        sections = [*before, runtime("plain.c"), kernel, runtime("plain_choice.c"), head]
    else:
        sections = ["#ifndef NAME_FN", *before, runtime("dispatch.c"), head, "\n#else", kernel, "#endif\n"]
    workspace = max((plan.rows + planes + 1) * 8 * width, state)
    return Body("\n".join(sections), 64 * width, workspace, tables, packed=circuit.encoder.dtype == "bool")


def _row(circuit: Circuit, style: str, made: Made | None) -> tuple[str, int]:
    """The text of what takes a few samples one by one, and its bytes of workspace; '' for none."""
    if made is not None:
        return words(*made).text, 1
    rows = _straight(circuit, style)
    return ("", 0) if rows is None else (rows.text, rows.state)


def _straight(circuit: Circuit, style: str) -> Straight | None:
    """What takes a few samples one by one, where the style has it."""
    if style not in ("auto", "straight"):
        return None
    if style == "auto" and circuit.gates + circuit.inputs > MOST_STRAIGHT:
        return None
    rows = straight(circuit)
    return rows if style == "straight" or rows.statements + rows.bits <= MOST_STRAIGHT else None


def _unrolled(parts: list[Int32]) -> list[str]:
    """The text of straight-code parts, int32[gates, 4] each: (gate number, row written, rows read)."""
    if not parts:
        return []
    text = [runtime("unrolled.c")]
    for number, gates in enumerate(parts):
        text.append(f"static NAME_TARGET void NAME_FN(NAME_part{number})(uint64_t *v)\n{{\n    size_t part;\n")
        text += [f"    NAME_GATE{op}({out}, {a}, {b})\n" for op, out, a, b in gates.tolist()]
        text.append("}\n\n")
    calls = ", ".join(f"NAME_FN(NAME_part{number})" for number in range(len(parts)))
    text += ["#define NAME_PARTS_CALLED(number) NAME_FN(NAME_parts)[number](v);\n"]
    text += [f"static void (*const NAME_FN(NAME_parts)[])(uint64_t *) = {{{calls}}};\n\n"]
    return text


def _node_type(plan: Schedule) -> str:
    return index_type(2 * plan.rows, 16)


def _planes(head: Head, plan: Schedule) -> int:
    """Bit planes of a class score less the lowest offset, with what fills up its literals: four at least, what one step
    of the adder makes.
    """
    counts = plan.steps[plan.steps[:, 0] >= COUNT]
    literals = np.bincount(counts[:, 2], counts[:, 1], head.classes).astype(np.int64)
    highest = head.offset.astype(np.int64) - head.offset.min() + literals
    return max(4, int(highest.max()).bit_length())


def _index_planes(head: Head) -> int:
    return max(1, (head.classes - 1).bit_length())


def _tables(circuit: Circuit, groups: Groups, plan: Schedule, words: int) -> list[str]:
    element, unsigned = element_types(circuit)
    size = groups.threshold.dtype.itemsize
    node = _node_type(plan)
    steps = [f"{{{op}, {count}, {owner}}}" for op, count, owner in plan.steps.tolist()]
    stretches = [f"{{{first}, {count}}}" for first, count in groups.stretches.tolist()]
    return [
        f"#define NAME_WORDS {words}u",
        f"#define NAME_WIDE {8 // size}u",
        f"#define NAME_SPAN {groups.width}u",
        f"#define NAME_STRETCHES {len(groups.stretches)}u",
        f"#define NAME_GROUPS {int(groups.stretches[:, 1].sum())}u",
        f"#define NAME_ROWS {plan.rows}u",
        f"#define NAME_STEPS {len(plan.steps)}u",
        f"#define NAME_DUE {max(1, int(plan.steps[:, 1].sum()))}u",
        f"#define NAME_ELEMENT_BITS {8 * size}u",
        f"#define NAME_ELEMENT_SIGNED {int(groups.threshold.dtype.kind != 'u')}",
        f"#define NAME_NODE_BITS {16 if node == 'uint16_t' else 32}",
        f"typedef {element} NAME_element;",
        f"typedef {unsigned} NAME_unsigned;",
        f"typedef {node} NAME_node;",
        "",
        "/* Groups of NAME_SPAN consecutive features: the first feature, and how many groups have it. */",
        table("struct { uint32_t first, groups; } NAME_stretch[]", stretches or ["{0, 0}"]),
        "/* A threshold for each feature of each group, which its bit is above: the first rows, in this order. */",
        table("NAME_element NAME_threshold[]", [constant(t, element) for t in groups.threshold]),
        "/* Steps: a gate number (f(0,0) f(0,1) f(1,0) f(1,1) in binary), 16 to count rows of NAME_literal for a",
        "   class, or 16 + 2 * k to count gates k, which have no row; 1 more inverts them. How many; the class. */",
        table("struct { uint32_t op, count, owner; } NAME_step[]", steps or ["{0, 0, 0}"]),
        "/* Gates: the row that each writes, and the two that it reads; then an entry that is none. */",
        numbers("NAME_node NAME_gate[]", np.append(plan.gates, np.zeros((1, 3), np.int32))),
    ]


def _head_tables(circuit: Circuit, plan: Schedule) -> list[str]:
    head = circuit.head
    if head is None:
        return ["/* Outputs: 2 * row + inverted. */", numbers("NAME_node NAME_literal[]", plan.literals)]
    base = int(head.offset.min())
    start = [f"{int(offset) - base}u" for offset in head.offset]
    return [
        f"#define NAME_BASE ({base if base > -(2**31) else '-2147483647 - 1'})",
        f"#define NAME_CONSTANT {plan.constant}u /* a row of zeros, then one of ones */",
        f"#define NAME_PLANES {_planes(head, plan)}u",
        f"#define NAME_INDEX_PLANES {_index_planes(head)}u",
        "",
        "/* Rows counted, in the order of the steps. */",
        numbers("NAME_node NAME_literal[]", plan.literals),
        "/* Where each class's count starts: its offset less NAME_BASE. */",
        table("uint32_t NAME_start[]", start),
    ]
