"""The sixteen two-input Boolean functions: the one table of their numbers, names and spellings.

Gate number k in 0..15 is f(0,0) f(0,1) f(1,0) f(1,1) read as a binary number (the first argument is a, and f(0,0)
is the most significant bit), as in Petersen et al., "Deep Differentiable Logic Gate Networks", 2022. It is the opcode.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FALSE, AND, GT, A, LT, B, XOR, OR, NOR, XNOR, NOT_B, GE, NOT_A, LE, NAND, TRUE = range(16)

FALSE_LITERAL, TRUE_LITERAL = -2, -1
"""The constants where literals (2 * node + inverted) are worked on: `^ 1` inverts them too, and no node has them."""


class Gate(NamedTuple):
    """One function: its name in `.lgir` files, and its spelling over bits or words `a` and `b`.

    `words` is valid C and numpy for unsigned words (`~` inverts every bit); `verilog` for one-bit wires.
    """

    name: str
    words: str
    verilog: str


# fmt: off
GATES: tuple[Gate, ...] = (
    Gate("false", "0",          "1'b0"),        # 0000
    Gate("and",   "a & b",      "a & b"),       # 0001
    Gate("gt",    "a & ~b",     "a & ~b"),      # 0010
    Gate("a",     "a",          "a"),           # 0011
    Gate("lt",    "~a & b",     "~a & b"),      # 0100
    Gate("b",     "b",          "b"),           # 0101
    Gate("xor",   "a ^ b",      "a ^ b"),       # 0110
    Gate("or",    "a | b",      "a | b"),       # 0111
    Gate("nor",   "~(a | b)",   "~(a | b)"),    # 1000
    Gate("xnor",  "~(a ^ b)",   "~(a ^ b)"),    # 1001
    Gate("notb",  "~b",         "~b"),          # 1010
    Gate("ge",    "a | ~b",     "a | ~b"),      # 1011
    Gate("nota",  "~a",         "~a"),          # 1100
    Gate("le",    "~a | b",     "~a | b"),      # 1101
    Gate("nand",  "~(a & b)",   "~(a & b)"),    # 1110
    Gate("true",  "~0",         "1'b1"),        # 1111
)
# fmt: on

OPCODE: dict[str, int] = {gate.name: number for number, gate in enumerate(GATES)}

_k = np.arange(16, dtype=np.uint8)

TABLE: NDArray[np.uint8] = ((_k[:, None] >> np.array([3, 2, 1, 0], np.uint8)) & 1).astype(np.uint8)
"""uint8[16, 4]: TABLE[k, 2 * a + b] is the value of gate k."""

FLIP_A: NDArray[np.uint8] = ((_k & 3) << 2 | _k >> 2).astype(np.uint8)
"""FLIP_A[k](a, b) = k(not a, b)."""

FLIP_B: NDArray[np.uint8] = ((_k & 5) << 1 | (_k >> 1) & 5).astype(np.uint8)
"""FLIP_B[k](a, b) = k(a, not b)."""

FLIP_OUT: NDArray[np.uint8] = (15 - _k).astype(np.uint8)
"""FLIP_OUT[k](a, b) = not k(a, b)."""

SWAP: NDArray[np.uint8] = ((_k & 9) | (_k & 2) << 1 | (_k & 4) >> 1).astype(np.uint8)
"""SWAP[k](a, b) = k(b, a)."""

READS_A: NDArray[np.bool_] = FLIP_A != _k
"""READS_A[k]: the value of gate k depends on a."""

READS_B: NDArray[np.bool_] = FLIP_B != _k
"""READS_B[k]: the value of gate k depends on b."""


def absorb_inversions(op: NDArray[np.uint8], a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8[n]: the gates that read the nodes of literals a, b in place of the literals themselves.

    a, b: integers whose lowest bit says that the fan-in is inverted, or bools.
    """
    op = np.where(a & 1, FLIP_A[op], op)
    return np.where(b & 1, FLIP_B[op], op)


def evaluate(op: int, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Gate `op` on packed words of any shape, bit by bit: a fresh uint64 array of the same shape."""
    match op:
        case 0:
            return np.zeros_like(a)
        case 1:
            return a & b
        case 2:
            return a & ~b
        case 3:
            return a.copy()
        case 4:
            return ~a & b
        case 5:
            return b.copy()
        case 6:
            return a ^ b
        case 7:
            return a | b
    return ~evaluate(15 - op, a, b)
