"""The Triton kernel of a layer's backward pass: gather over the fan-out, table sums, softmax, Adam, the next gates.

A block of neurons is taken through all of it by one program, so that a neuron's gradient row is written once (and not
at all where nothing reads it: in the first layer) and read once by each consumer pin. Nothing is added with atomics,
so that a step gives the same bits each time.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import triton
import triton.language as tl

from lgnc.train.gpu.arguments import Above, Clock, Gates, Head, Wiring
from lgnc.train.gpu.quarters import (
    masked_quarters,
    masked_sum,
    no_quarters,
    plus_sloped,
    quarters,
    sloped_quarters,
    store_quarters,
    words_at,
)
from lgnc.train.gpu.update import corner, gumbel, update_gates, update_pin


@triton.jit
def soft_gates(
    z: tl.tensor, index: tl.tensor, live: tl.tensor, tau_b: tl.tensor, done: tl.tensor, clock: Clock,
    NOISE: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """float32[n, 16]: the gates' probabilities at temperature tau_b, with the noise of the step before `done`."""
    noisy = tl.load(z + index, mask=live[:, None], other=0.0)
    if NOISE:
        noisy += gumbel(clock.seed, clock.stream, done - 1, index)
    power = tl.exp((noisy - tl.max(noisy, axis=1)[:, None]) / tau_b)
    return power / tl.sum(power, axis=1)[:, None]


@triton.jit
def table_slopes(p: tl.tensor, coef: tl.tensor, row: tl.tensor, live: tl.tensor) -> tl.tensor:
    """The slopes of the soft table along a where b is 0, and 1, and along b where a is 0, and 1; also stored in coef.

    Each is float32[n].
    """
    t00, t01, t10, t11 = corner(p, 3), corner(p, 2), corner(p, 1), corner(p, 0)
    a_low, a_high, b_low, b_high = t10 - t00, t11 - t01, t01 - t00, t11 - t10
    tl.store(coef + 4 * row, a_low, mask=live)
    tl.store(coef + 4 * row + 1, a_high, mask=live)
    tl.store(coef + 4 * row + 2, b_low, mask=live)
    tl.store(coef + 4 * row + 3, b_high, mask=live)
    return a_low, a_high, b_low, b_high


@triton.jit
def consumer(
    at: tl.tensor, live: tl.tensor, group: tl.tensor, above: Above, head: Head, bits: tl.tensor, WORDS: tl.constexpr,
    UP_TOP: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """Of one consumer pin a neuron, entry `at` of the edge list: what `plus_sloped` takes.

    int64[n], the start of the group in the consumer's gradient row; int32[n, 32], the words of its other pin;
    float32[n] twice, the slope of its soft table along this pin where the other pin's bit is 0, and 1.
    """
    pin = tl.load(above.edge + at, mask=live, other=0)
    beside = tl.load(above.other + at, mask=live, other=0)
    low = tl.load(above.coef + 2 * pin, mask=live, other=0.0)
    high = tl.load(above.coef + 2 * pin + 1, mask=live, other=0.0)
    row = pin >> 1
    if UP_TOP:
        row = tl.load(head.class_of + row, mask=live, other=0)
    return row.to(tl.int64) * (32 * WORDS) + group * 128, words_at(bits, beside, live, group, WORDS), low, high


@triton.jit
def gathered(
    first: tl.tensor, edges: tl.tensor, longest: tl.tensor, group: tl.tensor, above: Above, head: Head,
    bits: tl.tensor, WORDS: tl.constexpr, UP_TOP: tl.constexpr, ROWS: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """The gradient's quarters, summed over each neuron's consumers: the edges first : first + edges, int32[n]."""
    g = no_quarters(ROWS)
    for j in range(0, longest, 2):  # two consumers a turn: their rows travel at once
        x, y = j < edges, j + 1 < edges
        at_x, bit_x, low_x, high_x = consumer(first + j, x, group, above, head, bits, WORDS, UP_TOP)
        at_y, bit_y, low_y, high_y = consumer(first + j + 1, y, group, above, head, bits, WORDS, UP_TOP)
        g = plus_sloped(g, above.grad, at_x, x, bit_x, low_x, high_x)
        g = plus_sloped(g, above.grad, at_y, y, bit_y, low_y, high_y)
    return g


@triton.jit
def plus_table_sums(sums: tl.tensor, g: tl.tensor, bit_a: tl.tensor, bit_b: tl.tensor) -> tl.tensor:
    """`sums` plus those of a group's gradient: over all columns, where a is 1, where b is 1, and where both are.

    Each is float32[n].
    """
    s, sa, sb, sab = sums
    s += tl.sum(g[0] + g[1] + g[2] + g[3], axis=1)
    sb += masked_sum(g, bit_b)
    with_a = masked_quarters(g, bit_a)
    sa += tl.sum(with_a[0] + with_a[1] + with_a[2] + with_a[3], axis=1)
    sab += masked_sum(with_a, bit_b)
    return s, sa, sb, sab


@triton.jit
def plus_candidate_sums(
    sums: tl.tensor, g: tl.tensor, row: tl.tensor, live: tl.tensor, group: tl.tensor, below: tl.tensor,
    candidates: tl.tensor, PIN: tl.constexpr, K: tl.constexpr, KP: tl.constexpr, WORDS: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """float32[n, KP]: `sums` plus, for each candidate of the pin, the sum over a group of the pin's gradient, given as
    quarters, times the candidate's bit."""
    for k in range(K):
        source = tl.load(candidates + (row.to(tl.int64) * 2 + PIN) * K + k, mask=live, other=0)
        found = masked_sum(g, words_at(below, source, live, group, WORDS))
        sums += tl.where((tl.arange(0, KP) == k)[None, :], found[:, None], 0.0)
    return sums


@triton.jit
def backward_kernel(
    width: tl.tensor, clock: Clock, gates: Gates, wiring: Wiring, below: tl.tensor, bits: tl.tensor, grad: tl.tensor,
    head: Head, above: Above, WORDS: tl.constexpr, TOP: tl.constexpr, UP_TOP: tl.constexpr, STORE: tl.constexpr,
    NOISE: tl.constexpr, K: tl.constexpr, KP: tl.constexpr, ROWS: tl.constexpr, ADAM: tl.constexpr,
) -> None:  # fmt: skip
    """Backward pass and update of ROWS neurons a program; float rows are in column order, 32 * WORDS columns.

    below, bits: the packed rows that this layer read and gave. TOP: the gradient of neuron n is row class_of[n] of the
    head's; else it is gathered over its edges from the layer above (UP_TOP: whose gradients are the head's, by class).
    STORE: grad, this layer's gradient rows, is written. K > 1: the pins are learned.
    """
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    live = row < width
    index = row[:, None] * 16 + tl.arange(0, 16)[None, :]
    tau_b, done = tl.load(clock.now), tl.load(clock.step)
    p = soft_gates(gates.z, index, live, tau_b, done, clock, NOISE)
    a_low, a_high, b_low, b_high = table_slopes(p, gates.coef, row, live)

    a = tl.load(wiring.src + 2 * row, mask=live, other=0)
    b = tl.load(wiring.src + 2 * row + 1, mask=live, other=0)
    none = tl.zeros([ROWS], tl.float32)
    sums = (none, none, none, none)
    sums_a, sums_b = tl.zeros([ROWS, KP], tl.float32), tl.zeros([ROWS, KP], tl.float32)
    if TOP:
        label = tl.load(head.class_of + row, mask=live, other=0).to(tl.int64)
    else:
        first = tl.load(above.start + row, mask=live, other=0)
        edges = tl.load(above.fan_out + row, mask=live, other=0)
        longest = tl.max(edges, axis=0)
    for group in range(WORDS // 4):
        if TOP:
            g = quarters(head.grad, label * (32 * WORDS) + group * 128, live)
        else:
            g = gathered(first, edges, longest, group, above, head, bits, WORDS, UP_TOP, ROWS)
        if STORE:
            store_quarters(grad, row.to(tl.int64) * (32 * WORDS) + group * 128, live, g)
        bit_a, bit_b = words_at(below, a, live, group, WORDS), words_at(below, b, live, group, WORDS)
        sums = plus_table_sums(sums, g, bit_a, bit_b)
        if K > 1:
            along_a = sloped_quarters(g, bit_b, a_low, a_high)
            sums_a = plus_candidate_sums(
                sums_a, along_a, row, live, group, below, wiring.candidates, 0, K, KP, WORDS
            )  # fmt: skip
            along_b = sloped_quarters(g, bit_a, b_low, b_high)
            sums_b = plus_candidate_sums(
                sums_b, along_b, row, live, group, below, wiring.candidates, 1, K, KP, WORDS
            )  # fmt: skip

    tl.debug_barrier()  # no thread may still read what the others now update
    sure = update_gates(sums, p, index, row, live, done, gates, clock, NOISE, ADAM)
    if K > 1:
        sure += update_pin(sums_a, row, live, clock.now, wiring, 0, K, KP, ADAM)
        sure += update_pin(sums_b, row, live, clock.now, wiring, 1, K, KP, ADAM)
    tl.store(gates.part + tl.program_id(0), sure)
