"""Structural hashing: gates that compute the same of the same, or the complement of it, become one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import FLIP_OUT, READS_A, READS_B, SWAP, absorb_inversions
from lgnc.passes.algebra import Ops
from lgnc.passes.edit import keep_gates, own_literals, slices_of

Keys = NDArray[np.int64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4)."""


def normal_form(op: Ops, a: Int32, b: Int32) -> tuple[Ops, Int32, Int32, NDArray[np.bool_]]:
    """(op, a, b, inverted): gates on nodes a, b so that equal and complementary ones look alike.

    a <= b; a gate of one input reads it as a; unread pins are node 0; the value at (0, 0) is 0, else inverted.
    """
    swap = np.where(READS_A[op] & READS_B[op], a > b, READS_B[op])
    op = np.where(swap, SWAP[op], op)
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    inverted = op >= 8
    op = np.where(inverted, FLIP_OUT[op], op)
    return op, np.where(READS_A[op], a, 0), np.where(READS_B[op], b, 0), inverted


class _HashTable:
    """Key -> the lowest node that has it: open addressing, whole arrays of keys at a time."""

    def __init__(self, capacity: int) -> None:
        bits = max(4, (2 * capacity).bit_length())
        self.shift = np.uint64(64 - bits)
        self.mask = (1 << bits) - 1
        self.slot = np.full(1 << bits, -1, np.int32)
        self.keys = np.zeros(capacity, np.int64)

    def insert(self, first: int, keys: Keys) -> NDArray[np.int32]:
        """Add keys (int64[n]) of entries first, first + 1, ...; int32[n]: the lowest entry that has each key."""
        self.keys[first : first + len(keys)] = keys
        found = np.arange(first, first + len(keys), dtype=np.int32)
        place = ((keys.view(np.uint64) * _MULTIPLIER) >> self.shift).astype(np.int64)
        pending = np.arange(len(keys))
        while len(pending):
            spot = place[pending]
            free = np.flatnonzero(self.slot[spot] < 0)[::-1]
            self.slot[spot[free]] = first + pending[free]
            holder = self.slot[spot]
            same = self.keys[holder] == keys[pending]
            found[pending[same]] = holder[same]
            pending = pending[~same]
            place[pending] = (place[pending] + 1) & self.mask
        return found


def merge_duplicate_gates(circuit: Circuit) -> Circuit:
    """Of gates with the same function of the same fan-ins the first stays, and serves the complement too.

    Fan-ins are compared after merging, in either order and with inversions moved into the gate.

    Before::

        n2 = and n0 n1
        n3 = nand n1 n0
        n4 = xor n2 n3
        "y" = n3

    After::

        n2 = and n0 n1
        n3 = xnor n2 n2
        "y" = ~n2
    """
    op, a, b = circuit.op.copy(), circuit.a.copy(), circuit.b.copy()
    literal = own_literals(circuit)
    keep = np.ones(circuit.gates, np.bool_)
    flipped = np.zeros(circuit.gates, np.bool_)
    table = _HashTable(circuit.gates)
    for run in slices_of(circuit):
        la, lb = literal[a[run]], literal[b[run]]
        gate = absorb_inversions(op[run], la, lb)
        op[run], a[run], b[run] = gate, la >> 1, lb >> 1
        gate, na, nb, inverted = normal_form(gate, a[run], b[run])
        found = table.insert(run.start, na.astype(np.int64) << 33 | nb.astype(np.int64) << 3 | gate)
        at = np.flatnonzero(found != np.arange(run.start, run.stop))
        keep[run.start + at] = False
        flipped[run] = inverted
        literal[circuit.inputs + run.start + at] = 2 * (circuit.inputs + found[at]) + (
            inverted[at] ^ flipped[found[at]]
        )
    outputs = literal[circuit.outputs >> 1] ^ (circuit.outputs & 1)
    return keep_gates(circuit, keep, op, a, b, outputs)
