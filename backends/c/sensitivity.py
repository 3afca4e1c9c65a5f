"""Which rows of a gate's truth table an input of the circuit brings to an output, all gates at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import TABLE
from lgnc.ir.simulate import encode, pack, simulate_nodes, unpack


def rows_shown(circuit: Circuit, rows: NDArray[np.generic]) -> NDArray[np.bool_]:
    """bool[n, 4 * gates]: whether row `2 * a + b` of a gate is the one that a sample takes, and its output is seen.

    rows: [n, features]. A change is followed backwards from the outputs through each gate's sensitivity to one fan-in
    (critical path tracing): where paths meet again it may be wrong, and it takes one simulation instead of one for
    each gate.
    """
    values = simulate_nodes(circuit, pack(encode(circuit.encoder, rows)))
    seen = np.zeros_like(values)
    seen[circuit.outputs >> 1] = ~np.uint64(0)
    table = np.where(TABLE, ~np.uint64(0), np.uint64(0))
    level = circuit.level[circuit.inputs :]
    order = np.argsort(level, kind="stable")
    bounds = np.searchsorted(level[order], np.arange(int(level.max(initial=-1)) + 2))
    for at in range(len(bounds) - 2, -1, -1):
        gates = order[bounds[at] : bounds[at + 1]]
        f = table[circuit.op[gates]]
        a, b = circuit.a[gates], circuit.b[gates]
        own, x, y = seen[circuit.inputs + gates], values[a], values[b]
        by_a = (y & (f[:, 1] ^ f[:, 3])[:, None]) | (~y & (f[:, 0] ^ f[:, 2])[:, None])
        by_b = (x & (f[:, 2] ^ f[:, 3])[:, None]) | (~x & (f[:, 0] ^ f[:, 1])[:, None])
        np.bitwise_or.at(seen, a, own & by_a)
        np.bitwise_or.at(seen, b, own & by_b)
    own, x, y = seen[circuit.inputs :], values[circuit.a], values[circuit.b]
    taken = np.stack([own & ~x & ~y, own & ~x & y, own & x & ~y, own & x & y], axis=1)
    return unpack(taken.reshape(4 * circuit.gates, -1), len(rows))
