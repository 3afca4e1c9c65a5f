"""Which gate to name when a file's gates form a cycle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Int32
from lgnc.ir.gates import READS_A, READS_B
from lgnc.ir.order import levels


def gate_on_cycle(inputs: int, op: NDArray[np.uint8], a: Int32, b: Int32) -> int | None:
    """The index of a gate that depends on itself, or None. Fan-ins are node ids; the gates stand in any order."""
    try:
        levels(inputs, op, a, b)
    except BadInput:
        return _find(inputs, op, a, b)
    return None


def _find(inputs: int, op: NDArray[np.uint8], a: Int32, b: Int32) -> int:
    """Takes out, one by one, the gates whose fan-ins are all known; from any that is left, back along those left."""
    fanin = [
        [pin - inputs for pin, reads in ((x, READS_A[k]), (y, READS_B[k])) if reads and pin >= inputs]
        for k, x, y in zip(op.tolist(), a.tolist(), b.tolist(), strict=True)
    ]
    users: list[list[int]] = [[] for _ in fanin]
    for gate, pins in enumerate(fanin):
        for pin in pins:
            users[pin].append(gate)
    waiting = [len(pins) for pins in fanin]
    ready = [gate for gate, count in enumerate(waiting) if not count]
    while ready:
        for gate in users[ready.pop()]:
            waiting[gate] -= 1
            if not waiting[gate]:
                ready.append(gate)
    at, seen = next(gate for gate, count in enumerate(waiting) if count), set[int]()
    while at not in seen:
        seen.add(at)
        at = next(pin for pin in fanin[at] if waiting[pin])
    return at
