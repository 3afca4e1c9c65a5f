"""What each table of a mapping computes, read off the gates between its leaves and its root."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import Failed
from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import READS_A, READS_B, evaluate

VARIABLES = np.array([sum(1 << m for m in range(64) if m >> pin & 1) for pin in range(6)], np.uint64)
"""The truth table of each of six variables: bit m is bit i of m."""


def truth_tables(circuit: Circuit, root: Int32, leaves: Int32) -> NDArray[np.uint64]:
    """uint64[n]: bit m is the value of root when leaf i has the value of bit i of m, over all 64 m.

    root: int32[n], gates. leaves: int32[n, k], k <= 6, `circuit.nodes` where there is none. Raises Failed when a gate
    between reads an input that is no leaf.
    """
    n, k, nodes = len(root), leaves.shape[1], circuit.nodes
    own = np.arange(n, dtype=np.int64) * (nodes + 1)
    at_leaf = (own[:, None] + leaves).ravel()
    by_leaf = np.argsort(at_leaf, kind="stable")
    edges, of_leaf = at_leaf[by_leaf], np.tile(VARIABLES[:k], n)[by_leaf]
    new, found = own + root, [own + root]
    while len(new):
        gate = new % (nodes + 1) - circuit.inputs
        if len(gate) and gate.min() < 0:
            wrong = int(new[gate < 0][0] // (nodes + 1))
            raise Failed(f"the table of node {root[wrong]} misses a leaf", where="LUT mapping", fix="report it")
        below = [
            (new - new % (nodes + 1) + pin[gate])[reads[circuit.op[gate]]]
            for pin, reads in ((circuit.a, READS_A), (circuit.b, READS_B))
        ]
        new = np.unique(np.concatenate(below))
        new = new[~_is_in(new, edges)]
        found.append(new)
    inside = np.unique(np.concatenate(found))
    places = np.concatenate([edges, inside])
    order = np.argsort(places, kind="stable")
    places = places[order]
    value = np.concatenate([of_leaf, np.zeros(len(inside), np.uint64)])[order]
    node = inside % (nodes + 1)
    op, level = circuit.op[node - circuit.inputs], circuit.level[node]
    by_kind = np.lexsort((op, level))
    cut = np.flatnonzero((np.diff(level[by_kind]) != 0) | (np.diff(op[by_kind].astype(int)) != 0)) + 1
    base = inside - node
    a, b = (base + pin[node - circuit.inputs] for pin in (circuit.a, circuit.b))
    for at in np.split(by_kind, cut) if len(by_kind) else []:
        kind = int(op[at[0]])
        x = value[np.searchsorted(places, a[at])] if READS_A[kind] else np.zeros(len(at), np.uint64)
        y = value[np.searchsorted(places, b[at])] if READS_B[kind] else np.zeros(len(at), np.uint64)
        value[np.searchsorted(places, inside[at])] = evaluate(kind, x, y)
    result: NDArray[np.uint64] = value[np.searchsorted(places, own + root)]
    return result


def _is_in(values: NDArray[np.int64], ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[place] == values
    return found
