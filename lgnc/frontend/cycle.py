"""Which gate to name when a file's gates form a cycle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Int32
from lgnc.ir.gates import READS_A, READS_B


def gate_on_cycle(inputs: int, op: NDArray[np.uint8], a: Int32, b: Int32) -> int | None:
    """The index of a gate that depends on itself, or None. Fan-ins are node ids; the gates stand in any order."""
    fanin_a = np.where(READS_A[op], a, -1)
    fanin_b = np.where(READS_B[op], b, -1)
    known = np.zeros(inputs + len(op) + 1, np.bool_)
    known[:inputs] = known[-1] = True
    while True:
        ready = known[fanin_a] & known[fanin_b] & ~known[inputs:-1]
        if not ready.any():
            break
        known[inputs:-1] |= ready
    stuck = np.flatnonzero(~known[inputs:-1])
    if not len(stuck):
        return None
    at, seen = int(stuck[0]), set[int]()
    while at not in seen:
        seen.add(at)
        at = int(fanin_b[at] if known[fanin_a[at]] else fanin_a[at]) - inputs
    return at
