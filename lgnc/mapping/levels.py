"""A mapped circuit with the gates of every level of tables to themselves, and the level that each gate is in."""

from __future__ import annotations

import numpy as np

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import FALSE, READS_A, READS_B, TRUE
from lgnc.mapping.lut_map import LutNetwork


def tables_apart(network: LutNetwork) -> tuple[Circuit, Int32]:
    """The circuit of a mapping, a gate once for every level of tables that it is in; and int32[nodes], that level.

    Inputs and constants have level 0, a table one more than the highest that it reads. A gate reads
    gates of its own level, or what tables of lower ones, inputs and constants give: so a register behind every node
    that is read at a higher level cuts no table in two. Tables of one level share gates that read the same.
    """
    circuit = network.circuit
    inputs = circuit.inputs
    reads_a, reads_b = READS_A[circuit.op].tolist(), READS_B[circuit.op].tolist()
    op, a, b = circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist()
    made: list[tuple[int, int, int]] = []
    known: dict[tuple[int, int, int, int], int] = {}
    level = [0] * inputs
    place = {node: node for node in range(inputs)}

    def add(kind: int, left: int, right: int, at: int) -> int:
        key = kind, left, right, at
        if key not in known:
            known[key] = len(level)
            made.append(key[:3])
            level.append(at)
        return known[key]

    for node in np.flatnonzero((circuit.op == FALSE) | (circuit.op == TRUE)).tolist():
        place[inputs + node] = add(op[node], 0, 0, 0)
    for root, leaves in zip(network.root.tolist(), network.leaves.tolist(), strict=True):
        own = {leaf: place[leaf] for leaf in leaves if leaf < circuit.nodes}
        at = 1 + max((level[each] for each in own.values()), default=0)
        stack = [root]
        while stack:
            node = stack[-1]
            gate = node - inputs
            below = [pin[gate] for pin, read in ((a, reads_a), (b, reads_b)) if read[gate]]
            missing = [each for each in below if each not in own]
            if missing:
                stack += missing
                continue
            stack.pop()
            if node not in own:
                left = own[a[gate]] if reads_a[gate] else 0
                right = own[b[gate]] if reads_b[gate] else 0
                own[node] = add(op[gate], left, right, at)
        place[root] = own[root]
    outputs = [2 * place[literal >> 1] + (literal & 1) for literal in circuit.outputs.tolist()]
    kinds, lefts, rights = (np.array(each, np.int32) for each in zip(*made, strict=True)) if made else _NONE
    apart = circuit.with_(op=kinds, a=lefts, b=rights, outputs=outputs, layer=None)
    return apart, np.array(level, np.int32)


_NONE = (np.zeros(0, np.int32),) * 3
