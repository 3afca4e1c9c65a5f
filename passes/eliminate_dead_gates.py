"""Gates that no output reads, directly or through others, and constants that the head can add by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FALSE, READS_A, READS_B, TRUE
from lgnc.ir.order import in_order
from lgnc.passes.edit import cut_head, keep_gates, slices_of


def eliminate_dead_gates(circuit: Circuit) -> Circuit:
    """Only the gates in the outputs' fan-in cones stay, in canonical order; constant literals become head offsets.

    Encoder bits stay as they are, read or not.

    Before::

        n2 = true
        n3 = and n0 n1
        n4 = xor n0 n1
        "class" = 0 n2 n3

    After::

        n2 = and n0 n1
        "class" = 1 n2
    """
    circuit = _constants_to_offset(circuit)
    kept = keep_gates(circuit, live_gates(circuit), circuit.op, circuit.a, circuit.b, circuit.outputs)
    parts = (kept.op, kept.a, kept.b, kept.outputs, kept.head, kept.output_names, kept.layer)
    return in_order(kept.encoder, *parts)


def live_gates(circuit: Circuit) -> NDArray[np.bool_]:
    """bool[gates]: whether an output depends on the gate's value, as far as the wiring tells."""
    live = np.zeros(circuit.nodes, np.bool_)
    live[circuit.outputs >> 1] = True
    for run in reversed(list(slices_of(circuit))):
        at = run.start + np.flatnonzero(live[circuit.inputs + run.start : circuit.inputs + run.stop])
        op = circuit.op[at]
        live[circuit.a[at[READS_A[op]]]] = True
        live[circuit.b[at[READS_B[op]]]] = True
    return live[circuit.inputs :]


def _constants_to_offset(circuit: Circuit) -> Circuit:
    """Class sums without constant literals: the ones among them are in the offset."""
    head = circuit.head
    if head is None:
        return circuit
    op = np.full(circuit.nodes, FALSE + 1, np.uint8)
    op[circuit.inputs :] = circuit.op
    driver = op[circuit.outputs >> 1]
    constant = (driver == FALSE) | (driver == TRUE)
    if not constant.any():
        return circuit
    ones = constant & ((driver == TRUE) ^ (circuit.outputs & 1 == 1))
    return circuit.with_(outputs=circuit.outputs[~constant], head=cut_head(head, ~constant, ones))
