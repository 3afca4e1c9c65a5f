"""What is done for a neuron's logits before and after the passes over the batch, in blocks of 16 neurons or pins.

Logits and Adam's moments are float32[blocks * choices * 16]: element (block, choice, lane). One pass over them after a
batch makes the gradient, the Adam step, the new argmax and CAGE's confidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lgnc.ir.gates import TABLE
from lgnc.train.cpu.jit import compiled, inlined
from lgnc.train.cpu.math import exp16, gumbel16
from lgnc.train.cpu.vector import (
    fma,
    greater,
    lane_numbers,
    less_int,
    load16,
    load_column0,
    load_column1,
    load_column2,
    load_column3,
    splat16,
    splat16i,
    sqrt,
    store,
    store_columns,
    total16,
    where,
    where_int,
)

F = np.float32
ZERO = F(0.0)
GATE = TABLE.astype(np.float32)


@inlined
def largest(z: Any, base: int, choices: int) -> Any:
    """Of z[base + 16 k + lane], k < choices: each lane's largest, and the lowest k that has it."""
    top, best = load16(z, base), splat16i(np.int32(0))
    for k in range(1, choices):
        value = load16(z, base + 16 * k)
        higher = greater(value, top)
        top, best = where(higher, value, top), where_int(higher, splat16i(np.int32(k)), best)
    return top, best


@inlined
def powers(z: Any, base: int, choices: int, over_tau: Any, e: Any) -> Any:
    """e[16 k + lane] = softmax(z * over_tau) but for its denominator, whose reciprocal is returned."""
    top, _ = largest(z, base, choices)
    total = splat16(ZERO)
    for k in range(choices):
        power = exp16((load16(z, base + 16 * k) - top) * over_tau)
        store(e, 16 * k, power)
        total = total + power
    return splat16(F(1.0)) / total


@inlined
def corners(e: Any, scale: Any) -> Any:
    """The soft table T00, T01, T10, T11 of the gate mixture e * scale, in sums over ever shorter lists of gates."""
    t00, t01, t10, t11 = splat16(ZERO), splat16(ZERO), splat16(ZERO), splat16(ZERO)
    for k in range(0, 16, 4):
        e1, e2, e3 = load16(e, 16 * k + 16), load16(e, 16 * k + 32), load16(e, 16 * k + 48)
        four = (load16(e, 16 * k) + e1) + (e2 + e3)
        t11, t10 = t11 + (e1 + e3), t10 + (e2 + e3)
        t01, t00 = fma(four, GATE[k, 1], t01), fma(four, GATE[k, 0], t00)
    return t00 * scale, t01 * scale, t10 * scale, t11 * scale


@compiled
def prepare(
    first: int, last: int, z: Any, over_tau: Any, slopes: Any, floors: Any, op: Any, noisy: Any, keys: Any
) -> None:
    """Blocks first .. last - 1: from softmax(z * over_tau) every pin's slopes (see `backward`), and floors = T00.

    With noise (len(noisy) > 0): noisy = z + Gumbel(keys), int32[2], takes the place of z, and op becomes its argmax.
    """
    e = np.empty(256, np.float32)
    for block in range(first, last):
        base, source = 256 * block, z
        if len(noisy):
            source = noisy
            counter = (lane_numbers() + np.int32(16 * block)) * np.int32(16)
            for k in range(16):
                noise = gumbel16(counter + np.int32(k), keys[0], keys[1])
                store(noisy, base + 16 * k, load16(z, base + 16 * k) + noise)
            store(op, 16 * block, largest(noisy, base, 16)[1])
        t00, t01, t10, t11 = corners(e, powers(source, base, 16, over_tau, e))
        store(floors, 16 * block, t00)
        store_columns(slopes, 64 * block, t10 - t00, t11 - t01, t01 - t00, t11 - t10)


@inlined
def adam(z: Any, m: Any, v: Any, at: int, g: Any, rates: Any) -> Any:
    """One AdamW step at z[at : at + 16] for the gradient g. Returns the new z.

    rates, at step t: beta1, beta2, lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t), epsilon, 1 - lr * decay.
    """
    momentum = fma(load16(m, at) - g, rates[0], g)
    square = g * g
    second = fma(load16(v, at) - square, rates[1], square)
    store(m, at, momentum)
    store(v, at, second)
    value = load16(z, at) * rates[5] - momentum * rates[2] / fma(sqrt(second), rates[3], splat16(rates[4]))
    store(z, at, value)
    return value


@inlined
def table_gradient(sums: Any, block: int, parts: Any) -> Any:
    """The block's gradient by its soft tables, over 00, 01, 10, 11, from the sums of `add_sums` of all groups in order.

    parts[16 k + lane], k < 4: the gradient by a gate's first two table bits k; k >= 4: by its last two, k - 4.
    """
    g, ga, gb, g11 = splat16(ZERO), splat16(ZERO), splat16(ZERO), splat16(ZERO)
    for group in range(len(sums)):
        part = sums[group]
        g, ga = g + load_column0(part, 64 * block), ga + load_column1(part, 64 * block)
        gb, g11 = gb + load_column2(part, 64 * block), g11 + load_column3(part, 64 * block)
    g10, g01 = ga - g11, gb - g11
    g00 = g - ga - g01
    for k in range(4):
        store(parts, 16 * k, g00 * GATE[k, 2] + g01 * GATE[k, 3])
        store(parts, 64 + 16 * k, g10 * GATE[k, 2] + g11 * GATE[k, 3])
    return g00, g01, g10, g11


@compiled
def update_gates(
    first: int,
    last: int,
    z: Any,
    m: Any,
    v: Any,
    noisy: Any,
    over_tau: Any,
    sums: Any,
    live: Any,
    rates: Any,
    op: Any,
    confidence: Any,
) -> None:
    """Blocks first .. last - 1: z by one Adam step, op int32[slots] = argmax z, and the blocks' confidence.

    sums: float32[groups, slots * 4] of `add_sums`, added in order. live: int32[blocks], the neurons of each block (the
    rest is padding). confidence: float32[blocks], the sum of max softmax(z); NaN when a logit is not finite.
    """
    e, parts = np.empty(256, np.float32), np.empty(128, np.float32)
    for block in range(first, last):
        base = 256 * block
        scale = powers(noisy if len(noisy) else z, base, 16, over_tau, e)
        t00, t01, t10, t11 = corners(e, scale)
        g00, g01, g10, g11 = table_gradient(sums, block, parts)
        mean, scale = t00 * g00 + t01 * g01 + t10 * g10 + t11 * g11, scale * over_tau
        finite = splat16(ZERO)
        for high in range(4):
            above = load16(parts, 16 * high) - mean
            for low in range(4):
                at = 64 * high + 16 * low
                gradient = load16(e, at) * scale * (above + load16(parts, 64 + 16 * low))
                finite = fma(adam(z, m, v, base + at, gradient, rates), ZERO, finite)
        top, best = largest(z, base, 16)
        total = splat16(ZERO)
        for k in range(16):
            total = total + exp16(load16(z, base + 16 * k) - top)
        store(op, 16 * block, best)
        kept = where(less_int(lane_numbers(), splat16i(live[block])), splat16(F(1.0)) / total, splat16(ZERO))
        confidence[block] = total16(kept + finite)
