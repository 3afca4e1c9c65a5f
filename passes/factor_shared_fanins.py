"""The distributive laws: a gate of two gates that nobody else reads, and that share a fan-in, needs one of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import READS_A, READS_B, TABLE
from lgnc.passes.absorb_shared_fanins import triples

SPLITS = (("p", "q", "s"), ("q", "p", "s"), ("s", "p", "q"))
"""(outer, inner, inner): f = g(outer, h(inner, inner))."""


def _split_tables() -> NDArray[np.int16]:
    """int16[3, 256]: for each of SPLITS and each function of p, q, s (bit 4p + 2q + s of the index), 16 * g + h or -1.

    g and h read both their fan-ins.
    """
    rows = np.arange(8)
    leaf = {"p": rows >> 2, "q": rows >> 1 & 1, "s": rows & 1}
    real = np.flatnonzero(READS_A & READS_B)
    tables = np.full((len(SPLITS), 256), -1, np.int16)
    for index, (outer, one, two) in enumerate(SPLITS):
        for h in real[::-1].tolist():
            inner = TABLE[h, 2 * leaf[one] + leaf[two]]
            for g in real[::-1].tolist():
                value = TABLE[g, 2 * leaf[outer] + inner]
                tables[index, int((value << rows).sum())] = 16 * g + h
    return tables


_SPLIT = _split_tables()


def _functions() -> NDArray[np.uint8]:
    """uint8[4096]: f(k1(p, q), k2(p, s)) as a function of p, q, s, at index 256 * f + 16 * k1 + k2."""
    rows = np.arange(8)
    p, q, s = rows >> 2, rows >> 1 & 1, rows & 1
    f, k1, k2 = (np.arange(4096)[:, None] >> shift & 15 for shift in (8, 4, 0))
    value = TABLE[f, 2 * TABLE[k1, 2 * p + q] + TABLE[k2, 2 * p + s]].astype(np.int64)
    return np.asarray((value << rows).sum(axis=1), np.uint8)


_FUNCTION = _functions()


def factor_shared_fanins(circuit: Circuit) -> Circuit:
    """Of f(k1(p, q), k2(p, s)), where f alone reads the two gates, two gates are left if two can do.

    The later of the two fan-ins becomes the inner gate, with the layer of f; the other one is left to
    eliminate_dead_gates. Never deeper.

    Before::

        n3 = and n0 n1
        n4 = and n0 n2
        n5 = or n3 n4
        "y" = n5

    After::

        n3 = and n0 n1
        n4 = or n1 n2
        n5 = and n0 n4
        "y" = n5
    """
    op, a, b = circuit.op.copy(), circuit.a.copy(), circuit.b.copy()
    layer = None if circuit.layer is None else circuit.layer.copy()
    inputs = circuit.inputs
    alone = circuit.fanout == 1
    alone[:inputs] = False
    found = []
    for at, triple in triples(circuit):
        keep = np.flatnonzero(alone[triple.x] & alone[triple.y] & (triple.q != triple.s) & (triple.x != triple.p))
        key = triple.f[keep].astype(np.int64) << 8 | triple.k1[keep].astype(np.int64) << 4 | triple.k2[keep]
        split = _SPLIT[:, _FUNCTION[key]]
        which = (split >= 0).argmax(axis=0)
        gates = split[which, np.arange(len(keep))]
        good = np.flatnonzero(gates >= 0)
        pins = np.stack([triple.p[keep], triple.q[keep], triple.s[keep]])
        order = np.array([["pqs".index(name) for name in split] for split in SPLITS])[which[good]]
        chosen = np.take_along_axis(pins[:, good], order.T, axis=0)
        found.append((at[keep[good]], triple.x[keep[good]], triple.y[keep[good]], gates[good], *chosen))
    f, x, y, gates, outer, one, two = (np.concatenate(column) for column in zip(*found, strict=True))
    candidate = np.zeros(circuit.nodes, np.bool_)
    candidate[inputs + f] = True
    free = ~(candidate[x] | candidate[y])
    f, gates, outer, one, two = f[free], gates[free], outer[free], one[free], two[free]
    inner = np.maximum(x[free], y[free])
    at = inner - inputs
    op[at], a[at], b[at] = gates & 15, one, two
    op[f], a[f], b[f] = gates >> 4, outer, inner
    if layer is not None:
        layer[at] = layer[f]
    return circuit.with_(op=op, a=a, b=b, layer=layer) if len(f) else circuit
