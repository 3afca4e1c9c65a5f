"""Circuits as software runs them best: gates that are 0 at (0, 0), thresholds in the features' own type."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lgnc.backends.thresholds import always_true
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FLIP_OUT, LT, NOR, SWAP, B, absorb_inversions
from lgnc.ir.order import gates_by_level, in_order


def normal_form(circuit: Circuit) -> Circuit:
    """The same function in the gates false, and, gt (a and not b), a, xor, or; in canonical order.

    A gate whose value at (0, 0) is 1 becomes its complement; what reads it takes up the inversion, in the gate's
    function or the output's literal. Before `n3 = nor n1 n2; n4 = lt n3 n1`; after `n3 = or n1 n2; n4 = and n3 n1`.
    An encoder bit that is true whatever its feature becomes one that never is, inverted.
    """
    always = always_true(circuit.encoder)
    never = np.where(always, circuit.encoder.range[1], circuit.encoder.threshold)
    encoder = replace(circuit.encoder, threshold=never)
    op = circuit.op.copy()
    inverted = np.concatenate([always, np.zeros(circuit.gates, np.bool_)])
    for gates in gates_by_level(circuit):
        own = absorb_inversions(op[gates], inverted[circuit.a[gates]], inverted[circuit.b[gates]])
        flip = own >= NOR
        op[gates] = np.where(flip, FLIP_OUT[own], own)
        inverted[circuit.inputs + gates] = flip
    swap = (op == LT) | (op == B)
    a, b = np.where(swap, circuit.b, circuit.a), np.where(swap, circuit.a, circuit.b)
    op = np.where(swap, SWAP[op], op)
    outputs = circuit.outputs ^ inverted[circuit.outputs >> 1]
    return in_order(encoder, op, a, b, outputs, circuit.head, circuit.output_names, circuit.layer)
