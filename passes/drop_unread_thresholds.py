"""The encoder's share: comparisons that nobody reads, or that are made twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import READS_A, READS_B


def drop_unread_thresholds(circuit: Circuit) -> Circuit:
    """Encoder bits that no gate and no output reads go, and of those with one feature and threshold the first stays.

    The features stay, read or not: they are the circuit's interface, and so are the bits when features are binary.

    Before: `n0 = f0 > 10`, `n1 = f0 > 20`, `n2 = f1 > 10`, `n3 = f1 > 10`, `n4 = and n2 n3`

    After: `n0 = f1 > 10`, `n1 = and n0 n0`
    """
    enc = circuit.encoder
    if enc.dtype == "bool":
        return circuit
    same = np.unique(np.stack([enc.feature, enc.threshold], axis=1), axis=0, return_index=True, return_inverse=True)
    first = same[1][same[2].ravel()]
    node = np.arange(circuit.nodes)
    node[: enc.bits] = first
    read = np.zeros(circuit.nodes, np.bool_)
    reads_a, reads_b = READS_A[circuit.op], READS_B[circuit.op]
    for readers in (circuit.a[reads_a], circuit.b[reads_b], circuit.outputs >> 1):
        read[node[readers]] = True
    kept = np.flatnonzero(read[: enc.bits])
    if len(kept) == enc.bits:
        return circuit
    new = node - (enc.bits - len(kept))
    new[kept] = np.arange(len(kept))
    new[: enc.bits] = new[first]
    return circuit.with_(
        encoder=replace(enc, feature=enc.feature[kept], threshold=enc.threshold[kept]),
        a=np.where(reads_a, new[circuit.a], 0),
        b=np.where(reads_b, new[circuit.b], 0),
        outputs=2 * new[circuit.outputs >> 1] + (circuit.outputs & 1),
    )
