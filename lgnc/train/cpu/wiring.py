"""Learned wiring: the logits of every pin's candidates, the node that each pin reads, and who reads each neuron.

`layer` and `layers` are rows of `Plan.layers`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lgnc.train.cpu.jit import compiled
from lgnc.train.cpu.update import ZERO, adam, largest, powers
from lgnc.train.cpu.vector import all_equal, fma, load16, load16i, load_strided, splat16, store, total16

CHANGED, BROKEN = 1, 2
"""What `update_wiring` has to tell: a pin reads another node than before; a logit is not finite."""


@compiled
def update_wiring(
    first: int,
    last: int,
    layer: Any,
    z: Any,
    m: Any,
    v: Any,
    over_tau: Any,
    sums: Any,
    rates: Any,
    best: Any,
    candidates: Any,
    fanin: Any,
) -> int:
    """Blocks first .. last - 1 of 16 pins of one layer: wiring logits by one Adam step, and the wiring after it.

    sums: float32[groups, len(candidates)] of `candidate_sums`, added in order. best: int32[learned pins], the argmax of
    each; fanin: int32[2 * slots], changed where best is. Returns CHANGED and BROKEN, added up.
    """
    start, width, slots, pins = layer[0], layer[1], layer[2], layer[3]
    k, padded, listed, logits = layer[4], layer[5], layer[6], layer[8]
    q, slope = np.empty(16 * k, np.float32), np.empty(16 * k, np.float32)
    finite, flags = splat16(ZERO), 0
    for block in range(first, last):
        base = logits + 16 * k * block
        scale = powers(z, base, k, over_tau, q)
        mean = splat16(ZERO)
        for choice in range(k):
            s = splat16(ZERO)
            for group in range(len(sums)):
                s = s + load_strided(sums[group], listed + 16 * block * padded + choice, padded)
            store(slope, 16 * choice, s)
            mean = fma(s, load16(q, 16 * choice), mean)
        mean, scale = mean * scale, scale * over_tau
        for choice in range(k):
            gradient = load16(q, 16 * choice) * scale * (load16(slope, 16 * choice) - mean)
            finite = fma(adam(z, m, v, base + 16 * choice, gradient, rates), ZERO, finite)
        found = largest(z, base, k)[1]
        if not all_equal(found, load16i(best, pins + 16 * block)):
            store(best, pins + 16 * block, found)
            pin, n = 16 * block // slots, 16 * block % slots
            for at in range(16 * block, 16 * block + min(16, width - n)):
                code = 2 * (start + at - pin * slots) + pin
                node = candidates[listed + at * padded + best[pins + at]]
                flags |= CHANGED if fanin[code] != node else 0
                fanin[code] = node
    return flags + (0 if total16(finite) == ZERO else BROKEN)


@compiled
def rewire(layers: Any, candidates: Any, best: Any, fanin: Any) -> None:
    """fanin[2 slot + pin] = the pin's candidate `best`, for every learned pin.

    layers, candidates: see `Plan`. best: int32[learned pins].
    """
    for index in range(len(layers)):
        first, width, slots, pins = layers[index, 0], layers[index, 1], layers[index, 2], layers[index, 3]
        padded, start = layers[index, 5], layers[index, 6]
        if padded:
            for pin in range(2):
                for n in range(width):
                    at = pin * slots + n
                    fanin[2 * (first + n) + pin] = candidates[start + at * padded + best[pins + at]]


@compiled
def consumers(layers: Any, fanin: Any, head: Any, origin: int, home: Any, ptr: Any, edges: Any) -> None:
    """Fills ptr int64[slots + 1] and edges (see `backward`) from the wiring, by counting: consumers in rising order.

    home: int32[slots], which of its layer's gradient rows each neuron has.
    """
    ptr[:] = 0
    for index in range(1, len(layers)):
        for pin in range(2 * layers[index, 0], 2 * (layers[index, 0] + layers[index, 1])):
            ptr[fanin[pin] - origin + 1] += 1
    for slot in range(1, len(ptr)):
        ptr[slot] += ptr[slot - 1]
    at = ptr[:-1].copy()
    for index in range(1, len(layers)):
        first, top = layers[index, 0], index == len(layers) - 1
        for pin in range(2 * first, 2 * (first + layers[index, 1])):
            node = fanin[pin] - origin
            edges[2 * at[node]] = pin
            n = pin // 2 - first
            edges[2 * at[node] + 1] = 64 * head[n] if top else layers[index, 7] + 64 * home[pin // 2]
            at[node] += 1


@compiled
def readers(layer: Any, top: bool, fanin: Any, head: Any, nodes: int, home: Any, ptr: Any, edges: Any) -> None:
    """As `consumers`, for the nodes nodes .. nodes + len(ptr) - 2 that the first layer reads."""
    ptr[:] = 0
    first, last = 2 * layer[0], 2 * (layer[0] + layer[1])
    for pin in range(first, last):
        ptr[fanin[pin] - nodes + 1] += 1
    for node in range(1, len(ptr)):
        ptr[node] += ptr[node - 1]
    at = ptr[:-1].copy()
    for pin in range(first, last):
        node, n = fanin[pin] - nodes, pin // 2 - layer[0]
        edges[2 * at[node]] = pin
        edges[2 * at[node] + 1] = 64 * head[n] if top else layer[7] + 64 * home[pin // 2]
        at[node] += 1
