"""Two-level identities: a gate whose fan-ins have a fan-in in common, or read one another, reads less."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import READS_A, READS_B, SWAP, TABLE, A
from lgnc.passes.algebra import Bools, Ops, row_gate


class Triple(NamedTuple):
    """Gates f(x, y) with x = k1(p, q) and y = k2(p, s), one an element; all but f, k1, k2 are node ids."""

    f: Ops
    k1: Ops
    k2: Ops
    x: Int32
    y: Int32
    p: Int32
    q: Int32
    s: Int32


# fmt: off
PAIRS = (
    ("p", "q"),  # (p & q) | (p & ~q & s ...) that does not depend on s: the XOR of ~(p & q) & (p | q) among them
    ("p", "s"),  # the same without q
    ("q", "s"),  # (p ^ q) ^ (p ^ s)        -> q ^ s
    ("x", "s"),  # (p & q) & ~(p & s)       -> (p & q) & ~s
    ("y", "q"),  # ~(p & q) & (p & s)       -> (p & s) & ~q
)
# fmt: on
"""What a gate of a triple may read in place of x and y, best first: the first three need neither of the two."""


def _pair_tables() -> NDArray[np.int8]:
    """int8[5, 4096]: for each of PAIRS and each 256 * f + 16 * k1 + k2, the gate number that gives f, or -1."""
    rows = np.arange(8)
    p, q, s = rows >> 2, rows >> 1 & 1, rows & 1
    f, k1, k2 = (np.arange(4096)[:, None] >> shift & 15 for shift in (8, 4, 0))
    x, y = TABLE[k1, 2 * p + q], TABLE[k2, 2 * p + s]
    value = TABLE[f, 2 * x + y].astype(bool)
    leaf = {"p": p, "q": q, "s": s, "x": x, "y": y}
    tables = np.empty((len(PAIRS), 4096), np.int8)
    for index, (one, two) in enumerate(PAIRS):
        column = np.broadcast_to(2 * leaf[one] + leaf[two], value.shape)
        ones, zeros = (
            np.stack([((column == each) & (value == want)).any(axis=1) for each in range(4)], axis=1)
            for want in (True, False)
        )
        tables[index] = np.where((ones & zeros).any(axis=1), -1, row_gate(ones.astype(np.uint8)).astype(np.int8))
    return tables


_PAIR_GATE = _pair_tables()


def absorb_shared_fanins(circuit: Circuit) -> Circuit:
    """A gate that is a function of two nodes nearer to the inputs than its fan-ins reads those in place of them.

    Only fan-ins change, never the number of gates; fan-ins that nobody reads any more are left to
    eliminate_dead_gates. An XOR of three ANDs comes back as one gate.

    Before::

        n3 = nand n0 n1
        n4 = or n0 n1
        n5 = and n3 n4
        n6 = and n0 n2
        n7 = lt n6 n0

    After::

        n3 = nand n0 n1
        n4 = or n0 n1
        n5 = xor n0 n1
        n6 = and n0 n2
        n7 = gt n0 n2
    """
    op, a, b = circuit.op.copy(), circuit.a.copy(), circuit.b.copy()
    for at, triple in triples(circuit):
        key = triple.f.astype(np.int64) << 8 | triple.k1.astype(np.int64) << 4 | triple.k2
        same = triple.q == triple.s
        undone = np.ones(len(at), np.bool_)
        for (one, two), table in zip(PAIRS, _PAIR_GATE, strict=True):
            gate = table[key]
            now = np.flatnonzero(undone & (gate >= 0) & ~same)
            op[at[now]] = gate[now]
            a[at[now]], b[at[now]] = getattr(triple, one)[now], getattr(triple, two)[now]
            undone[now] = False
        both = np.flatnonzero(same)
        op[at[both]] = _of_two(triple.f[both], triple.k1[both], triple.k2[both])
        a[at[both]], b[at[both]] = triple.p[both], triple.q[both]
    return circuit.with_(op=op, a=a, b=b)


def _of_two(f: Ops, k1: Ops, k2: Ops) -> Ops:
    """uint8[n]: the gate number of f(k1(p, q), k2(p, q)) as a function of p and q."""
    column = 2 * TABLE[k1] + TABLE[k2]
    return row_gate(np.take_along_axis(TABLE[f], column.astype(np.int64), axis=1))


def triples(circuit: Circuit) -> list[tuple[NDArray[np.int64], Triple]]:
    """(gates, their triples) for every way in which the fan-ins of two-input gates can share one; a gate has one.

    A fan-in x that the other one reads is k1 = A of p = x, with q = s.
    """
    inputs = circuit.inputs
    binary = np.zeros(circuit.nodes, np.bool_)
    binary[inputs:] = READS_A[circuit.op] & READS_B[circuit.op]
    kind: Ops = np.concatenate([np.zeros(inputs, np.uint8), circuit.op])
    none = np.zeros(inputs, np.int32)
    pin_a: Int32 = np.concatenate([none, circuit.a])
    pin_b: Int32 = np.concatenate([none, circuit.b])
    found = []
    free = binary[inputs:].copy()

    def take(where: Bools) -> NDArray[np.int64]:
        at = np.flatnonzero(where)
        free[at] = False
        return at

    for swapped in (False, True):  # y reads x; then x reads y, seen with f's pins swapped
        x, y = (circuit.b, circuit.a) if swapped else (circuit.a, circuit.b)
        for first, second in ((pin_a, pin_b), (pin_b, pin_a)):
            at = take(free & binary[y] & (first[y] == x))
            f, k2 = circuit.op[at], kind[y[at]]
            other = second[y[at]]
            passing = np.full(len(at), A, np.uint8)
            found.append((at, Triple(
                SWAP[f] if swapped else f, passing, k2 if first is pin_a else SWAP[k2],
                x[at], y[at], x[at], other, other,
            )))  # fmt: skip
    x, y = circuit.a, circuit.b
    for x_first, x_second in ((pin_a, pin_b), (pin_b, pin_a)):
        for y_first, y_second in ((pin_a, pin_b), (pin_b, pin_a)):
            at = take(free & binary[x] & binary[y] & (x_first[x] == y_first[y]))
            k1, k2 = kind[x[at]], kind[y[at]]
            k1, k2 = k1 if x_first is pin_a else SWAP[k1], k2 if y_first is pin_a else SWAP[k2]
            p, q, s = x_first[x[at]], x_second[x[at]], y_second[y[at]]
            found.append((at, Triple(circuit.op[at], k1, k2, x[at], y[at], p, q, s)))
    return found
