"""Packed backward pass of one chunk of 64 samples, a layer at a time from the top: rows of 64 float gradients.

For a neuron with corners T of its soft table: dL/da = g (T10 - T00) where b is 0, g (T11 - T01) where it is 1, and
likewise for b. A neuron's own gradient is gathered from its consumers' rows; the table's gradient needs only the sums
of g over all samples and over those with a, with b, and with both set.
"""

from __future__ import annotations

from typing import Any

from lgnc.train.cpu.bits import add_scaled, add_sums, prefetch_row, scaled, selected_sums
from lgnc.train.cpu.jit import compiled, inlined
from lgnc.train.cpu.vector import int_at, load8, load64, store, zeros64

AHEAD = 16
"""So many edges before its turn, a row is asked for: edges end with as many that are not used."""


@inlined
def candidate_sums(g: Any, slot: int, pin: int, task: Any, state: Any, fresh: bool) -> None:
    """Adds, for each candidate of a pin, the sum of the pin's gradient over the samples where the candidate is 1."""
    acts, pairs, slopes, candidates, sums = state
    first, slots, padded, offset = task
    row = scaled(g, pairs, 2 * slot + 1 - pin, slopes, 4 * slot + 2 * pin)
    base = offset + (pin * slots + slot - first) * padded
    for k in range(base, base + padded, 8):
        found = selected_sums(row, acts, candidates, k)
        if not fresh:
            found = found + load8(sums, k)
        store(sums, k, found)


@inlined
def gathered(edges: Any, first: int, last: int, slopes: Any, pairs: Any, rows: Any) -> Any:
    """The sum over edges first .. last - 1 of the consumer's row, times the slope of the pin."""
    g = zeros64()
    for e in range(first, last):
        pin = int_at(edges, 2 * e)
        prefetch_row(rows, int_at(edges, 2 * (e + AHEAD) + 1))
        g = add_scaled(g, rows, int_at(edges, 2 * e + 1), pairs, pin ^ 1, slopes, 2 * pin)
    return g


@compiled
def gather_rows(order: Any, edges: Any, ptr: Any, slopes: Any, pairs: Any, rows: Any, out: Any, at: int) -> None:
    """out[at + 64 n] onwards = the gradient of node n, gathered from its consumers' rows; in the order given."""
    for n in order:
        store(out, at + 64 * n, gathered(edges, ptr[n], ptr[n + 1], slopes, pairs, rows))


@compiled
def backward(
    layer: Any,
    begin: int,
    end: int,
    top: bool,
    head: Any,
    edges: Any,
    ptr: Any,
    slopes: Any,
    acts: Any,
    pairs: Any,
    rows: Any,
    candidates: Any,
    table_sums: Any,
    wiring_sums: Any,
    fresh: bool,
) -> None:
    """Neurons begin .. end - 1 of one layer. Reads rows of the layer above (the classes' for the top one), writes its
    own, the first of them for neuron `begin`, and its sums.

    layer: int64[9], a row of `Plan.layers`. head: int32[width], each top neuron's class. edges: int32[2 n], pairs of
    (2 consumer + pin, offset of its row); ptr: the first edge of each slot. slopes: float32[slots * 4], for pin a then
    b, dL/dpin per g where the other input is 0 and 1. table_sums: float32[slots * 4]. fresh: the sums start at zero.
    """
    first, slots, padded, offset, target = layer[0], layer[2], layer[5], layer[6], layer[7]
    for n in range(begin, end):
        slot = first + n
        if top:
            g = load64(rows, 64 * head[n])
        else:
            g = gathered(edges, ptr[slot], ptr[slot + 1], slopes, pairs, rows)
            if target >= 0:
                store(rows, target + 64 * (n - begin), g)
        add_sums(table_sums, 4 * slot, g, pairs, 2 * slot, fresh)
        if padded:
            for pin in range(2):
                task, state = (first, slots, padded, offset), (acts, pairs, slopes, candidates, wiring_sums)
                candidate_sums(g, slot, pin, task, state, fresh)
