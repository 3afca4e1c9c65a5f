"""Class sums: literals that read near parts of the input stand together, so that an adder's wires are short."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import READS_A, READS_B


def order_head(circuit: Circuit) -> Circuit:
    """Each class's literals sorted by where they lie in the input. A circuit without a head is unchanged.

    A bit of the encoder lies at its feature's index, a gate in the middle of its fan-ins. The sums stay, and equal
    literals stay side by side; what is built from neighbouring literals, such as the compressors of `lower_head` and
    of the Verilog target, reads near nodes.

    Before::

        n8 = and n0 n1
        n9 = and n6 n7
        n10 = or n0 n2
        "even" = 0 n8 n9 n10

    After::

        n8 = and n0 n1
        n9 = and n6 n7
        n10 = or n0 n2
        "even" = 0 n8 n10 n9
    """
    if circuit.head is None:
        return circuit
    owner = circuit.head.owner
    order = np.lexsort((circuit.outputs, places(circuit)[circuit.outputs >> 1], owner))
    return circuit.with_(outputs=circuit.outputs[order])


def places(circuit: Circuit) -> NDArray[np.float64]:
    """float64[nodes]: where each node lies among the features; constants at 0."""
    place = np.zeros(circuit.inputs + circuit.gates)
    place[: circuit.inputs] = circuit.encoder.feature
    level = circuit.level[circuit.inputs :]
    for gates in np.split(np.argsort(level, kind="stable"), np.cumsum(np.bincount(level))[:-1]):
        reads_a, reads_b = READS_A[circuit.op[gates]], READS_B[circuit.op[gates]]
        summed = reads_a * place[circuit.a[gates]] + reads_b * place[circuit.b[gates]]
        place[circuit.inputs + gates] = summed / np.maximum(1, reads_a.astype(np.int64) + reads_b)
    return place
