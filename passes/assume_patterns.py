"""Input patterns that a gate has not seen are don't-cares: for `lgnc opt --calibrate`, never in -O: meaning changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Words
from lgnc.ir.gates import FALSE, NOT_A, NOT_B, TABLE, TRUE, A, B
from lgnc.ir.simulate import bits_set, simulate_nodes

_SIMPLER = (FALSE, TRUE, A, NOT_A, B, NOT_B)
"""What a gate may become, best first."""

_NODE_WORDS = 1 << 23
"""Words of node values that are held at a time."""

Counts = NDArray[np.int64]


def _ones(words: Words) -> NDArray[np.int64]:
    """int64[rows]: the set bits of each row of uint64[rows, w]."""
    ones: NDArray[np.int64] = bits_set(words).sum(axis=1, dtype=np.int64)
    return ones


def count_patterns(circuit: Circuit, inputs: Words, rows: int) -> Counts:
    """int64[gates, 4]: for how many samples a gate's fan-ins (a, b) are 00, 01, 10 and 11.

    inputs: uint64[encoder bits, ceil(rows / 64)], packed encoder bits, of which the first `rows` samples count.
    """
    ones = np.zeros(circuit.nodes, np.int64)
    both = np.zeros(circuit.gates, np.int64)
    step = int(np.clip(_NODE_WORDS // max(1, circuit.nodes), 1, 64))
    for first in range(0, inputs.shape[1], step):
        values = simulate_nodes(circuit, inputs[:, first : first + step])
        spare = 64 * (first + values.shape[1]) - rows
        if spare > 0:
            values[:, -1] &= ~np.uint64(0) >> np.uint64(spare)
        ones += _ones(values)
        both += _ones(values[circuit.a] & values[circuit.b])
    only_a, only_b = ones[circuit.a] - both, ones[circuit.b] - both
    return np.stack([rows - both - only_a - only_b, only_b, only_a, both], axis=1)


def assume_patterns(circuit: Circuit, counts: Counts, tolerance: int = 0) -> Circuit:
    """Every gate that is a constant, a fan-in or its complement but for rare patterns becomes that.

    counts: int64[gates, 4] of `count_patterns`; a pattern seen at most `tolerance` times is taken to be none. With
    tolerance 0 every counted sample keeps every value; on other inputs the circuit may say something else.

    Before: `n2 = and n0 n1`, where n0 = 1 never meets n1 = 0

    After: `n2 = a n0`
    """
    op = circuit.op.copy()
    open_ = np.ones(circuit.gates, np.bool_)
    rare = counts <= tolerance
    for gate in _SIMPLER:
        fits = open_ & ((TABLE[circuit.op] == TABLE[gate]) | rare).all(axis=1)
        op[fits] = gate
        open_ &= ~fits
    return circuit.with_(op=op)
