"""Growing a circuit gate by gate over literals, with constants folded and inversions absorbed as it grows."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import AND, FALSE_LITERAL, FLIP_A, FLIP_B, TRUE_LITERAL
from lgnc.ir.order import in_order

FALSE, TRUE = FALSE_LITERAL, TRUE_LITERAL
"""The constant literals of a builder."""

_FLIP_A, _FLIP_B = FLIP_A.tolist(), FLIP_B.tolist()


class Builder:
    """Literals are 2 * node + inverted, inputs first; `level` says how many gates lie under each node.

    arrival: how many lie under each input, 0 where it is not given.
    """

    def __init__(self, inputs: int, arrival: Sequence[int] | None = None) -> None:
        self.inputs = inputs
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.level = [0] * inputs if arrival is None else list(arrival)

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
        """Gates on the longest path to a literal; 0 for constants."""
        return self.level[literal >> 1] if literal >= 0 else 0

    def circuit(self, outputs: Sequence[int], input_names: tuple[str, ...], output_names: tuple[str, ...]) -> Circuit:
        """The headless circuit over one bit per input, in canonical order, of the gates that the outputs need.

        Constant outputs become gate 0.
        """
        literals = list(outputs)
        if any(literal < 0 for literal in literals):
            self.op.append(0)
            self.a.append(0)
            self.b.append(0)
            self.level.append(0)
            zero = 2 * (len(self.level) - 1)
            literals = [literal if literal >= 0 else zero + (literal == TRUE) for literal in literals]
        live = self._live(literals)
        place = np.cumsum(live, dtype=np.int32) - 1
        place[: self.inputs] = np.arange(self.inputs)
        place[self.inputs :] += self.inputs
        kept = live[self.inputs :]
        op = np.array(self.op, np.uint8)[kept]
        a, b = (place[np.array(pins, np.int32)[kept]] for pins in (self.a, self.b))
        at = np.array(literals, np.int32)
        moved = 2 * place[at >> 1] + (at & 1)
        return in_order(Encoder.binary(input_names), op, a, b, moved.astype(np.int32), None, output_names)

    def _live(self, literals: Sequence[int]) -> NDArray[np.bool_]:
        """bool[nodes]: the gates that the literals depend on; False for inputs."""
        live = bytearray(len(self.level))
        for literal in literals:
            live[literal >> 1] = 1
        for gate in range(len(self.op) - 1, -1, -1):
            if live[self.inputs + gate]:
                live[self.a[gate]] = live[self.b[gate]] = 1
        found = np.frombuffer(live, np.bool_).copy()
        found[: self.inputs] = False
        return found


def joined(build: Builder, op: int, literals: Iterable[int]) -> int:
    """AND or OR of many literals, the earliest two joined first; of none TRUE or FALSE."""
    heap = [(build.depth_of(literal), serial, literal) for serial, literal in enumerate(literals)]
    if not heap:
        return TRUE if op == AND else FALSE
    heapq.heapify(heap)
    serial = len(heap)
    while len(heap) > 1:
        literal = build.gate(op, heapq.heappop(heap)[2], heapq.heappop(heap)[2])
        serial += 1
        heapq.heappush(heap, (build.depth_of(literal), serial, literal))
    return heap[0][2]
