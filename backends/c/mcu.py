"""The MCU forms of the C target: one sample at a time, as tables in constant memory or as straight code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.mcu_budget import Chip
from lgnc.backends.c.mcu_schedule import NEGATE, McuSchedule, mcu_schedule
from lgnc.backends.c.straight import straight
from lgnc.backends.c.text import Body, constant, element_types, index_type, numbers, runtime, table, table_bytes
from lgnc.backends.c.word_plan import WordPlan
from lgnc.backends.c.words import words
from lgnc.ir.circuit import Circuit

CHUNKS = (2**30, 128, 32, 8, 1)
"""How many outputs may be finished together: many make for few steps, few for little state."""

STATE = 896
"""Bytes of state that leave a 1 KB part room for the scores and a stack."""

STEP = 4
"""Bytes of tables that a step more is worth: it takes as long as three gates."""

FLASH = """/* Where tables lie: avr-gcc must be told. */
#ifdef __FLASH
#define NAME_FLASH __flash
#else
#define NAME_FLASH
#endif
"""


def mcu_body(circuit: Circuit, plan: McuSchedule, chip: Chip) -> Body:
    """The tables of a circuit, in the order of `plan`, and the evaluator. chip: what its code is foretold for."""
    return Body(_source(circuit, plan), 1, max(1, plan.rows), _tables(circuit, plan), _code(circuit, plan, chip))


def mcu_plan(circuit: Circuit, chip: Chip, room: int | None = None, flash: int | None = None) -> McuSchedule:
    """An order of steps with small tables, few steps, and state that fits STATE or twice the least.

    chip: what its code is foretold for. room: bytes of RAM that there are for the state, where that is known; it goes
    before. flash: bytes for code and tables, likewise.
    """
    plans = [mcu_schedule(circuit, chunk) for chunk in CHUNKS]
    limit = max(STATE, 2 * min(plan.rows for plan in plans))
    if room is not None:
        limit = min(limit, room)

    def cost(plan: McuSchedule) -> tuple[int, int, int]:
        tables = _tables(circuit, plan)
        beyond = 0 if flash is None else max(0, _code(circuit, plan, chip) + tables - flash)
        return max(plan.rows, limit), beyond, tables + STEP * len(plan.steps)

    return min(plans, key=cost)


def _code(circuit: Circuit, plan: McuSchedule, chip: Chip) -> int:
    """Bytes of code, as they are foretold."""
    return chip.code(circuit, _kinds(plan), _types(circuit, plan)[0] != "uint8_t")


def _kinds(plan: McuSchedule) -> list[int]:
    """The step numbers in use, without their sign."""
    kinds: list[int] = np.unique(plan.steps[:, 0] & ~NEGATE).tolist()
    return kinds


def _tables(circuit: Circuit, plan: McuSchedule) -> int:
    """Bytes of constant data."""
    node, place, step = _types(circuit, plan)
    return table_bytes(
        (2 * len(plan.steps), "uint8_t"),
        (len(plan.steps), step),
        (plan.gates.size, node),
        (len(plan.literals), node),
        (len(plan.feature), place),
        (len(plan.threshold), element_types(circuit)[0]),
        (len(plan.offset), "int32_t"),
    )


def _types(circuit: Circuit, plan: McuSchedule) -> tuple[str, str, str]:
    """C types of a byte's index, a feature's and a step's target."""
    highest = 2 * plan.rows if circuit.head is None else plan.rows
    target = int(plan.steps[:, 2].max(initial=0))
    return index_type(highest), index_type(len(circuit.encoder.names)), index_type(target)


def _source(circuit: Circuit, plan: McuSchedule) -> str:
    element, unsigned = element_types(circuit)
    value = key_type(circuit)
    node, place, target = _types(circuit, plan)
    kinds = sum(1 << kind for kind in _kinds(plan))
    steps = [f"{{{kind}, {count}, {out}}}" for kind, count, out in plan.steps.tolist()]
    parts = [
        f"#define NAME_ROWS {plan.rows}u",
        f"#define NAME_STEPS {len(plan.steps)}u",
        f"#define NAME_STEP_KINDS 0x{kinds:x}u",
        *([f"#define NAME_FLOAT {unsigned}"] if circuit.encoder.is_float else []),
        f"typedef {element} NAME_element;",
        f"typedef {value} NAME_value;",
        f"typedef {node} NAME_node;",
        f"typedef {place} NAME_place;",
        "",
        "/* Steps: 0..7 compute gates of that number (f(0,0) f(0,1) f(1,0) f(1,1) in binary); 16 + k add gates k to a",
        "   class, 24 + k subtract them; 32 compares features; 33 adds bytes to a class, 41 subtracts them. How many;",
        "   the first byte written, or the class. */",
        table(f"struct {{ uint8_t kind, count; {target} out; }} NAME_step[]", steps or ["{0, 0, 0}"]),
        "/* Gates, in the order of the steps: the two bytes that each reads. */",
        numbers("NAME_node NAME_gate[]", plan.gates),
    ]
    if len(plan.feature):
        parts += [
            "/* Encoder bits, in the order of the steps: feature and the threshold that it is above. */",
            numbers("NAME_place NAME_feature[]", plan.feature),
            table("NAME_value NAME_threshold[]", [constant(t, value) for t in order_keys(plan.threshold)]),
        ]
    if circuit.head is None:
        parts += ["/* Outputs: 2 * byte + inverted. */", numbers("NAME_node NAME_literal[]", plan.literals)]
    else:
        if len(plan.literals):
            parts += ["/* Bytes that steps 33 and 41 count. */", numbers("NAME_node NAME_literal[]", plan.literals)]
        parts.append(table("int32_t NAME_offset[]", [constant(t, "int32_t") for t in plan.offset]))
    parts += [runtime("mcu.c"), *_calls(circuit, "rows", "mcu", "stack")]
    return "\n".join([FLASH, *(part.replace("static const ", "static const NAME_FLASH ") for part in parts)])


def key_type(circuit: Circuit) -> str:
    """The C type of `order_keys` of the thresholds."""
    element, unsigned = element_types(circuit)
    return unsigned.removeprefix("u") if circuit.encoder.is_float else element


def order_keys(threshold: NDArray[Any]) -> NDArray[Any]:
    """Floats as integers of the same order; integers as they are. Minus zero is zero: nothing lies between them."""
    if threshold.dtype.kind != "f":
        return threshold
    bits: NDArray[Any] = (threshold + 0.0).view(f"int{8 * threshold.dtype.itemsize}")
    bits ^= np.where(bits < 0, np.iinfo(bits.dtype).max, 0).astype(bits.dtype)
    return bits


def _calls(circuit: Circuit, *kinds: str) -> list[str]:
    """The runtime's files of so many kinds, for scores and classes or for outputs."""
    return [runtime(f"{kind}_{'outputs' if circuit.head is None else 'head'}.c") for kind in kinds]


def _called(circuit: Circuit, text: str) -> str:
    """The source around functions for one sample."""
    return f"typedef {element_types(circuit)[0]} NAME_element;\n\n{text}{''.join(_calls(circuit, 'mcu', 'stack'))}"


def straight_body(circuit: Circuit, chip: Chip) -> Body:
    """A circuit as straight code. chip: what its code is foretold for."""
    plan = straight(circuit, bytewise=chip.bytewise)
    text, code = _called(circuit, plan.text), chip.straight_code(circuit, plan)
    return Body(text, 1, plan.state, 0, code, stack=chip.straight_stack(circuit, plan))


def words_body(circuit: Circuit, plan: WordPlan, chip: Chip) -> Body:
    """A circuit of words as code for them. chip: what its code is foretold for."""
    made = words(circuit, plan, bytewise=chip.bytewise)
    return Body(_called(circuit, made.text), 1, 1, 0, chip.words_code(circuit, made), stack=2 * made.stack)
