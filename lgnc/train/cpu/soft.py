"""Soft methods: the same passes with values in [0, 1] for activations, 64 floats a node and chunk.

A neuron is the bilinear function with corners T of its soft table. Its slope by input a is T10 - T00 where b is 0 and
T11 - T01 where it is 1, linear in between; likewise for b. The slopes of the backward pass are of the table at tau_b,
those of the forward pass of that at the gate temperature: the same but for CAGE. Input bits stay packed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lgnc.train.cpu.bits import add_products, bits_row, weighted_sums
from lgnc.train.cpu.forward import loss_rows, transpose_rows
from lgnc.train.cpu.jit import compiled, inlined
from lgnc.train.cpu.vector import fma, int_at, load8, load64, splat64, store, zeros64


class SoftSpace(NamedTuple):
    """One thread's memory. acts: uint64[inputs]. values: float32[64 * nodes]. rows, counts[64 * runs]: float32."""

    acts: Any
    values: Any
    rows: Any
    counts: Any


@inlined
def slope(other: Any, slopes: Any, at: int) -> Any:
    """A pin's slopes where the other input has the values `other`; slopes[at] is the one at 0, the next that at 1."""
    return fma(other, slopes[at + 1] - slopes[at], splat64(slopes[at]))


@compiled
def soft_activate(plan: Any, wires: Any, space: Any, samples: Any, first: int, inputs: int) -> None:
    """The activations and class sums of samples first .. first + 63 of the rows `samples`, into `space`."""
    values, fanin, slopes = space.values, wires.fanin, wires.slopes
    transpose_rows(samples, first, inputs, space.acts)
    for i in range(inputs):
        store(values, 64 * i, bits_row(space.acts, i))
    for index in range(len(plan.layers)):
        for slot in range(plan.layers[index, 0], plan.layers[index, 0] + plan.layers[index, 1]):
            a, b = load64(values, 64 * fanin[2 * slot]), load64(values, 64 * fanin[2 * slot + 1])
            at_0 = fma(b, slopes[4 * slot + 2], splat64(wires.floors[slot]))
            store(values, 64 * (inputs + slot), fma(a, slope(b, slopes, 4 * slot), at_0))
    top = inputs + plan.layers[-1, 0]
    for c in range(len(plan.starts) - 1):
        total = zeros64()
        for i in range(plan.starts[c], plan.starts[c + 1]):
            total = total + load64(values, 64 * (top + i))
        store(space.counts, 64 * c, total)


@compiled
def soft_backward(
    layer: Any, top: bool, plan: Any, wires: Any, space: Any, table_sums: Any, wiring_sums: Any, fresh: bool
) -> None:
    """One layer, as `backward` does it."""
    first, width, slots, padded, offset, target = layer[0], layer[1], layer[2], layer[5], layer[6], layer[7]
    values, rows, fanin, slopes, edges = space.values, space.rows, wires.fanin, wires.slopes, wires.edges
    for n in range(width):
        s = first + n
        g = zeros64()
        if top:
            g = load64(rows, 64 * plan.head[n])
        else:
            for e in range(wires.ptr[s], wires.ptr[s + 1]):
                pin = int_at(edges, 2 * e)
                other = load64(values, 64 * fanin[pin ^ 1])
                g = fma(load64(rows, int_at(edges, 2 * e + 1)), slope(other, slopes, 2 * pin), g)
            if target >= 0:
                store(rows, target + 64 * n, g)
        a, b = load64(values, 64 * fanin[2 * s]), load64(values, 64 * fanin[2 * s + 1])
        add_products(table_sums, 4 * s, g, a, b, fresh)
        for pin in range(2 if padded else 0):
            row = g * slope(load64(values, 64 * fanin[2 * s + 1 - pin]), slopes, 4 * s + 2 * pin)
            base = offset + (pin * slots + n) * padded
            for k in range(base, base + padded, 8):
                found = weighted_sums(row, values, plan.candidates, k)
                if not fresh:
                    found = found + load8(wiring_sums, k)
                store(wiring_sums, k, found)


@compiled
def soft_train_chunks(
    group: int,
    groups: int,
    plan: Any,
    mixed: Any,
    wires: Any,
    space: Any,
    samples: Any,
    labels: Any,
    inputs: int,
    tau: float,
    table_sums: Any,
    wiring_sums: Any,
    losses: Any,
) -> None:
    """See `train_chunks`. mixed: the wires of the forward pass, at the gate temperature; wires: at tau_b."""
    runs, layers = len(plan.starts) - 1, plan.layers
    for chunk in range(group, len(losses), groups):
        soft_activate(plan, mixed, space, samples, 64 * chunk, inputs)
        here = labels[64 * chunk : 64 * chunk + 64]
        losses[chunk] = loss_rows(space.counts, runs, here, len(samples), tau, plan.weights, space.rows)
        for index in range(len(layers) - 1, -1, -1):
            top, fresh = index == len(layers) - 1, chunk == group
            soft_backward(layers[index], top, plan, wires, space, table_sums, wiring_sums, fresh)


@compiled
def soft_count_chunks(
    first: int, step: int, plan: Any, wires: Any, space: Any, samples: Any, inputs: int, out: Any
) -> None:
    """See `count_chunks`; out has sums of values."""
    for chunk in range(first, (len(samples) + 63) // 64, step):
        soft_activate(plan, wires, space, samples, 64 * chunk, inputs)
        for s in range(min(64, len(samples) - 64 * chunk)):
            for c in range(out.shape[1]):
                out[64 * chunk + s, c] = np.float32(space.counts[64 * c + s])
