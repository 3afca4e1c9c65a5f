"""Making a circuit of what a pass leaves: some gates changed in place, some taken out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Head, Int32
from lgnc.ir.gates import READS_A, READS_B
from lgnc.ir.order import runs


def slices_of(circuit: Circuit) -> Iterator[slice]:
    """Slices of gates, in topological order; within one, no gate reads another."""
    for first, last in runs(circuit.inputs, circuit.op, circuit.a, circuit.b):
        yield slice(first, last)


def own_literals(circuit: Circuit) -> Int32:
    """int32[nodes]: every node as its own literal, 2 * node."""
    return np.arange(0, 2 * circuit.nodes, 2, dtype=np.int32)


def keep_gates(
    circuit: Circuit,
    keep: NDArray[np.bool_],
    op: NDArray[np.uint8],
    a: Int32,
    b: Int32,
    outputs: Int32,
) -> Circuit:
    """`circuit` with gates op, a, b and the given output literals, less the gates not in keep (bool[gates]).

    op, a, b and outputs use the circuit's node ids; what is kept must not read what is not. The order of the gates and
    their layer metadata stay. Pins that a gate does not read become node 0.
    """
    new = np.zeros(circuit.nodes, np.int32)
    new[: circuit.inputs] = np.arange(circuit.inputs)
    new[circuit.inputs :] = circuit.inputs + np.cumsum(keep, dtype=np.int32) - 1
    op = op[keep]
    a = np.where(READS_A[op], new[a[keep]], np.int32(0))
    b = np.where(READS_B[op], new[b[keep]], np.int32(0))
    outputs = 2 * new[outputs >> 1] + (outputs & 1)
    layer = None if circuit.layer is None else circuit.layer[keep]
    return circuit.with_(op=op, a=a, b=b, outputs=outputs, layer=layer)


def cut_head(head: Head, keep: NDArray[np.bool_], ones: NDArray[np.bool_]) -> Head:
    """The head over the literals in keep (bool[outputs]); every one in ones (the same) adds 1 to its class's offset."""

    def before(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        total: NDArray[np.int64] = np.concatenate([[0], np.cumsum(mask, dtype=np.int64)])
        return total[head.starts]

    offset = head.offset + np.diff(before(ones))
    return Head(head.names, before(keep).astype(np.int32), offset.astype(np.int32), head.tau)
