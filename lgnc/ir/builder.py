"""Growing a circuit gate by gate over literals, with constants folded and inversions absorbed as it grows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import FLIP_A, FLIP_B
from lgnc.ir.order import in_order

FALSE, TRUE = -2, -1
"""The constant literals of a builder: like every literal they invert by `^ 1`, and no node has them."""

_FLIP_A, _FLIP_B = FLIP_A.tolist(), FLIP_B.tolist()


class Builder:
    """Literals are 2 * node + inverted, inputs first; `level` says how many gates lie under each node."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.level = [0] * inputs

    def gate(self, op: int, a: int, b: int) -> int:
        """The literal of gate `op` on two literals: a new gate, unless it is a constant or one of them."""
        if a >= 0 and b >= 0 and a >> 1 != b >> 1:
            if a & 1:
                op = _FLIP_A[op]
            if b & 1:
                op = _FLIP_B[op]
            self.op.append(op)
            self.a.append(a >> 1)
            self.b.append(b >> 1)
            self.level.append(1 + max(self.level[a >> 1], self.level[b >> 1]))
            return 2 * (len(self.level) - 1)
        if a < 0:
            free, low, high = b, op >> (3 - 2 * (a + 2)) & 1, op >> (2 - 2 * (a + 2)) & 1
        elif b < 0:
            free, low, high = a, op >> (3 - (b + 2)) & 1, op >> (1 - (b + 2)) & 1
        else:
            other = a ^ b
            free, low, high = a, op >> (3 - other) & 1, op >> other & 1
        if low == high:
            return TRUE if low else FALSE
        return free ^ low

    def depth_of(self, literal: int) -> int:
        """Gates on the longest path to a literal; 0 for inputs and constants."""
        return self.level[literal >> 1] if literal >= 0 else 0

    def circuit(self, outputs: Sequence[int], input_names: tuple[str, ...], output_names: tuple[str, ...]) -> Circuit:
        """The headless circuit over one bit an input, in canonical order; constant outputs become gate 0."""
        literals = list(outputs)
        if any(literal < 0 for literal in literals):
            self.op.append(0)
            self.a.append(0)
            self.b.append(0)
            self.level.append(0)
            zero = 2 * (len(self.level) - 1)
            literals = [literal if literal >= 0 else zero + (literal == TRUE) for literal in literals]
        arrays = np.array(self.op, np.uint8), np.array(self.a, np.int32), np.array(self.b, np.int32)
        return in_order(Encoder.binary(input_names), *arrays, np.array(literals, np.int32), None, output_names)
