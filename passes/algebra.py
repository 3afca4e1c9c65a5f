"""What a two-input gate becomes when something is known of its fan-ins: laws as data, tables as their consequence.

A law rereads the truth table. Column 2 * a + b of a gate's row in `lgnc.ir.gates.TABLE` is its value at (a, b); where a
law holds, only some columns can occur, and the gate may be any whose row agrees on those.

Inside passes a value is a literal, 2 * node + inverted, or one of the constants FALSE_LITERAL and TRUE_LITERAL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Int32
from lgnc.ir.gates import FALSE, FALSE_LITERAL, NOT_A, NOT_B, READS_A, READS_B, TABLE, TRUE, TRUE_LITERAL

Ops = NDArray[np.uint8]
Bools = NDArray[np.bool_]


class Law(NamedTuple):
    """Where `holds(a, b)` (literals, elementwise), gate k equals the gate whose columns are k's at `columns`."""

    name: str
    holds: Callable[[Int32, Int32], Bools]
    columns: tuple[int, int, int, int]

    @property
    def becomes(self) -> Ops:
        """uint8[16]: the gate that each gate becomes."""
        return row_gate(TABLE[:, list(self.columns)])


def row_gate(rows: NDArray[np.uint8]) -> Ops:
    """uint8[n]: the gate number of each truth-table row of uint8[n, 4]."""
    number: Ops = (rows << np.array([3, 2, 1, 0], np.uint8)).sum(axis=-1).astype(np.uint8)
    return number


# fmt: off
LAWS: tuple[Law, ...] = (
    Law("a is 0",      lambda a, _: a == FALSE_LITERAL, (0, 1, 0, 1)),  # k(0, b):  0 & b -> 0,   0 | b -> b
    Law("a is 1",      lambda a, _: a == TRUE_LITERAL,  (2, 3, 2, 3)),  # k(1, b):  1 & b -> b,   1 ^ b -> ~b
    Law("b is 0",      lambda _, b: b == FALSE_LITERAL, (0, 0, 2, 2)),  # k(a, 0):  a & 0 -> 0,   a ^ 0 -> a
    Law("b is 1",      lambda _, b: b == TRUE_LITERAL,  (1, 1, 3, 3)),  # k(a, 1):  a & 1 -> a,   a | 1 -> 1
    Law("b is a",      lambda a, b: a == b,             (0, 0, 3, 3)),  # k(a, a):  x & x -> x,   x ^ x -> 0
    Law("b is not a",  lambda a, b: a ^ b == 1,         (1, 1, 2, 2)),  # k(a, ~a): x & ~x -> 0,  x ^ ~x -> 1
)
# fmt: on

_BECOMES = [law.becomes for law in LAWS]


def apply_laws(op: Ops, a: Int32, b: Int32) -> Ops:
    """uint8[n]: the gates after every law that their fan-in literals a, b (int32[n], or constants) fulfil."""
    for law, becomes in zip(LAWS, _BECOMES, strict=True):
        where = law.holds(a, b)
        if where.any():
            op = np.where(where, becomes[op], op)
    return op


def value_of_one_input(op: Ops, a: Int32, b: Int32) -> Int32:
    """int32[n]: the literal or constant that each gate equals; the gates must read at most one of literals a, b."""
    value: Int32 = np.where(READS_A[op], a, b) ^ ((op == NOT_A) | (op == NOT_B))
    value[op == FALSE] = FALSE_LITERAL
    value[op == TRUE] = TRUE_LITERAL
    return value


def is_reduced(op: Ops) -> Bools:
    """bool[n]: the gate reads fewer than two fan-ins."""
    return ~(READS_A[op] & READS_B[op])
