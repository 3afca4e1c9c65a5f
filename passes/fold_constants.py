"""Constants and gates that read one value twice, or a value and its complement."""

from __future__ import annotations

import numpy as np

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FALSE, NOT_A, TRUE, A
from lgnc.passes.algebra import apply_laws, is_reduced, value_of_one_input
from lgnc.passes.edit import own_literals, slices_of


def fold_constants(circuit: Circuit) -> Circuit:
    """Every gate whose value is a constant, a node or its complement becomes that: gate 0, 15, A or NOT_A.

    Constants and complements are seen through chains of one-input gates. No gate is taken out.

    Before::

        n2 = false
        n3 = or n0 n2
        n4 = nota n0
        n5 = and n3 n4

    After::

        n2 = false
        n3 = a n0
        n4 = nota n0
        n5 = false
    """
    op, a, b = circuit.op.copy(), circuit.a.copy(), circuit.b.copy()
    literal = own_literals(circuit)
    for run in slices_of(circuit):
        la, lb = literal[a[run]], literal[b[run]]
        gate = apply_laws(op[run], la, lb)
        at = np.flatnonzero(is_reduced(gate))
        if not len(at):
            continue
        value = value_of_one_input(gate[at], la[at], lb[at])
        at += run.start
        literal[circuit.inputs + at] = value
        constant = value < 0
        op[at] = np.where(constant, np.where(value & 1, TRUE, FALSE), np.where(value & 1, NOT_A, A))
        a[at] = np.where(constant, 0, value >> 1)
        b[at] = 0
    return circuit.with_(op=op, a=a, b=b)
