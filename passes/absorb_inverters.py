"""Inverters and buffers: a two-input gate of the right kind needs neither."""

from __future__ import annotations

import numpy as np

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FALSE, TRUE, absorb_inversions
from lgnc.passes.algebra import is_reduced, value_of_one_input
from lgnc.passes.edit import keep_gates, own_literals, slices_of


def absorb_inverters(circuit: Circuit) -> Circuit:
    """Every one-input gate (A, B, NOT_A, NOT_B) goes; its users, gates and outputs, read what it read.

    Before::

        n2 = nota n0
        n3 = and n2 n1
        "y" = n2
        "z" = n3

    After::

        n2 = lt n0 n1
        "y" = ~n0
        "z" = n2
    """
    op, a, b = circuit.op.copy(), circuit.a.copy(), circuit.b.copy()
    literal = own_literals(circuit)
    keep = np.ones(circuit.gates, np.bool_)
    for run in slices_of(circuit):
        la, lb = literal[a[run]], literal[b[run]]
        gate = op[run]
        at = np.flatnonzero(is_reduced(gate) & (gate != FALSE) & (gate != TRUE))
        if len(at):
            literal[circuit.inputs + run.start + at] = value_of_one_input(gate[at], la[at], lb[at])
            keep[run.start + at] = False
        op[run] = absorb_inversions(gate, la, lb)
        a[run], b[run] = la >> 1, lb >> 1
    outputs = literal[circuit.outputs >> 1] ^ (circuit.outputs & 1)
    return keep_gates(circuit, keep, op, a, b, outputs)
