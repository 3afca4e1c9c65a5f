"""The Triton kernel of a layer's backward pass: gather over the fan-out, table sums, softmax, Adam, the next gates.

A block of neurons is taken through all of it by one program, so that a neuron's gradient row is written once (and not
at all where nothing reads it: in the first layer) and read once by each consumer pin. Nothing is added with atomics,
so that a step gives the same bits each time.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import triton
import triton.language as tl

from lgnc.train.gpu.bits import is_set, masked, masked_sum, words_at
from lgnc.train.gpu.update import adam, best, confidence, gumbel, pick_pin


@triton.jit
def consumer(
    at: tl.tensor, live: tl.tensor, group: tl.tensor, edge: tl.tensor, other: tl.tensor, bits: tl.tensor,
    up_coef: tl.tensor, up_class: tl.tensor, WORDS: tl.constexpr, UP_TOP: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """Of one consumer pin a neuron, entry `at` of the edge list: what `sloped` and `quarter` take.

    int64[n], the start of the group in the consumer's gradient row; int32[n, 32], the words of its other pin;
    float32[n] twice, the slope of its soft table along this pin where the other pin's bit is 0, and 1.
    """
    pin = tl.load(edge + at, mask=live, other=0)
    beside = tl.load(other + at, mask=live, other=0)
    low = tl.load(up_coef + 2 * pin, mask=live, other=0.0)
    high = tl.load(up_coef + 2 * pin + 1, mask=live, other=0.0)
    row = pin >> 1
    if UP_TOP:
        row = tl.load(up_class + row, mask=live, other=0)
    return row.to(tl.int64) * (32 * WORDS) + group * 128, words_at(bits, beside, live, group, WORDS), low, high


@triton.jit
def quarter(rows: tl.tensor, start: tl.tensor, live: tl.tensor, QUARTER: tl.constexpr) -> tl.tensor:
    """float32[n, 32]: a quarter of the group that starts at `start` (int64[n]) of float rows."""
    column = QUARTER * 32 + tl.arange(0, 32)
    return tl.load(rows + start[:, None] + column[None, :], mask=live[:, None], other=0.0).to(tl.float32)


@triton.jit
def store_quarter(
    rows: tl.tensor, start: tl.tensor, live: tl.tensor, tile: tl.tensor, QUARTER: tl.constexpr
) -> None:  # fmt: skip
    """The opposite of `quarter`."""
    column = QUARTER * 32 + tl.arange(0, 32)
    tl.store(rows + start[:, None] + column[None, :], tile.to(rows.dtype.element_ty), mask=live[:, None])


@triton.jit
def sloped(tile: tl.tensor, words: tl.tensor, low: tl.tensor, high: tl.tensor, QUARTER: tl.constexpr) -> tl.tensor:
    """float32[n, 32]: a quarter times the row's slope: `high` where the other pin's bit is 1, else `low`."""
    return tile * tl.where(is_set(words, QUARTER), high[:, None], low[:, None])


@triton.jit
def is_one(SHIFT: tl.constexpr) -> tl.tensor:
    """bool[1, 16]: the gates that are 1 in a corner; SHIFT 3, 2, 1, 0 for (a, b) = 00, 01, 10, 11."""
    return ((tl.arange(0, 16) >> SHIFT) & 1)[None, :] == 1


@triton.jit
def corner(values: tl.tensor, SHIFT: tl.constexpr) -> tl.tensor:
    """float32[n]: the sum of float32[n, 16] over the gates that are 1 in a corner."""
    return tl.sum(tl.where(is_one(SHIFT), values, 0.0), axis=1)


@triton.jit
def update_gates(
    d00: tl.tensor, d01: tl.tensor, d10: tl.tensor, d11: tl.tensor, p: tl.tensor, index: tl.tensor, row: tl.tensor,
    live: tl.tensor, now: tl.tensor, z: tl.tensor, m: tl.tensor, v: tl.tensor, op: tl.tensor, seed: tl.tensor,
    stream: tl.tensor, done: tl.tensor, NOISE: tl.constexpr, BETA1: tl.constexpr, BETA2: tl.constexpr,
    EPSILON: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """One Adam step on the gate logits from the gradients of the soft table's corners; the next gates.

    Gives the sum of `confidence` over the rows.
    """
    d_p = tl.where(is_one(3), d00[:, None], 0.0) + tl.where(is_one(2), d01[:, None], 0.0)
    d_p += tl.where(is_one(1), d10[:, None], 0.0) + tl.where(is_one(0), d11[:, None], 0.0)
    d_z = p * (d_p - tl.sum(p * d_p, axis=1)[:, None]) / tl.load(now)
    logits = tl.load(z + index, mask=live[:, None], other=0.0)
    logits = adam(logits, m + index, v + index, d_z, now, live[:, None], BETA1, BETA2, EPSILON)
    tl.store(z + index, logits, mask=live[:, None])
    noisy = logits
    if NOISE:
        noisy += gumbel(seed, stream, done, index)
    tl.store(op + row, best(noisy), mask=live)
    return confidence(logits, live)


@triton.jit
def candidate_sums(
    sums: tl.tensor, g0: tl.tensor, g1: tl.tensor, g2: tl.tensor, g3: tl.tensor, row: tl.tensor, live: tl.tensor,
    group: tl.tensor, below: tl.tensor, candidates: tl.tensor, PIN: tl.constexpr, K: tl.constexpr, KP: tl.constexpr,
    WORDS: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """float32[n, KP]: `sums` plus, for each candidate of the pin, the sum over a group of the pin's gradient, given as
    quarters, times the candidate's bit."""
    for k in range(K):
        source = tl.load(candidates + (row.to(tl.int64) * 2 + PIN) * K + k, mask=live, other=0)
        found = masked_sum(g0, g1, g2, g3, words_at(below, source, live, group, WORDS))
        sums += tl.where((tl.arange(0, KP) == k)[None, :], found[:, None], 0.0)
    return sums


@triton.jit
def update_pin(
    sums: tl.tensor, row: tl.tensor, live: tl.tensor, now: tl.tensor, wz: tl.tensor, wm: tl.tensor,
    wv: tl.tensor, candidates: tl.tensor, pick: tl.tensor, src: tl.tensor, tau_w: tl.tensor, PIN: tl.constexpr,
    K: tl.constexpr, KP: tl.constexpr, BETA1: tl.constexpr, BETA2: tl.constexpr, EPSILON: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """One Adam step on a pin's wiring logits from its candidates' sums; see `pick_pin` for what is stored and given."""
    pin = row * 2 + PIN
    column = tl.arange(0, KP)
    at = pin.to(tl.int64)[:, None] * K + column[None, :]
    mask = live[:, None] & (column < K)[None, :]
    logits = tl.load(wz + at, mask=mask, other=0.0)
    scaled = tl.where((column < K)[None, :], logits / tau_w, float("-inf"))
    power = tl.exp(scaled - tl.max(scaled, axis=1)[:, None])
    q = power / tl.sum(power, axis=1)[:, None]
    gradient = q * (sums - tl.sum(q * sums, axis=1)[:, None]) / tau_w
    logits = adam(logits, wm + at, wv + at, gradient, now, mask, BETA1, BETA2, EPSILON)
    tl.store(wz + at, logits, mask=mask)
    return pick_pin(logits, candidates, pick, src, pin, live, K, KP)


@triton.jit
def backward_kernel(
    width: tl.tensor, now: tl.tensor, step: tl.tensor, seed: tl.tensor, stream: tl.tensor, tau_w: tl.tensor,
    z: tl.tensor, m: tl.tensor, v: tl.tensor, op: tl.tensor, coef: tl.tensor, part: tl.tensor, src: tl.tensor,
    below: tl.tensor, bits: tl.tensor, grad: tl.tensor, class_of: tl.tensor, head_grad: tl.tensor,
    start: tl.tensor, count: tl.tensor, edge: tl.tensor, other: tl.tensor, up_coef: tl.tensor,
    up_grad: tl.tensor, wz: tl.tensor, wm: tl.tensor, wv: tl.tensor, candidates: tl.tensor, pick: tl.tensor,
    WORDS: tl.constexpr, TOP: tl.constexpr, UP_TOP: tl.constexpr, STORE: tl.constexpr, NOISE: tl.constexpr,
    K: tl.constexpr, KP: tl.constexpr, ROWS: tl.constexpr, BETA1: tl.constexpr, BETA2: tl.constexpr,
    EPSILON: tl.constexpr,
) -> None:  # fmt: skip
    """Backward pass and update of ROWS neurons a program; float rows are in column order, 32 * WORDS columns.

    TOP: the gradient of neuron n is row class_of[n] of head_grad; else it is gathered over the edges
    start[n] : start[n] + count[n], each a pin of the layer above, with coefficients up_coef, float32[pins, 2] (slopes
    for the other pin's bit 0 and 1) and gradients up_grad (UP_TOP: rows of head_grad, by class). coef gets this layer's
    slopes. STORE: grad is written. K > 1: the pins are learned. step is already that of the next forward pass.
    """
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    live = row < width
    index = row[:, None] * 16 + tl.arange(0, 16)[None, :]
    tau_b = tl.load(now)
    done = tl.load(step)
    noisy = tl.load(z + index, mask=live[:, None], other=0.0)
    if NOISE:
        noisy += gumbel(seed, stream, done - 1, index)
    power = tl.exp((noisy - tl.max(noisy, axis=1)[:, None]) / tau_b)
    p = power / tl.sum(power, axis=1)[:, None]
    t00, t01, t10, t11 = corner(p, 3), corner(p, 2), corner(p, 1), corner(p, 0)
    a_low, a_high, b_low, b_high = t10 - t00, t11 - t01, t01 - t00, t11 - t10
    tl.store(coef + 4 * row, a_low, mask=live)
    tl.store(coef + 4 * row + 1, a_high, mask=live)
    tl.store(coef + 4 * row + 2, b_low, mask=live)
    tl.store(coef + 4 * row + 3, b_high, mask=live)

    a = tl.load(src + 2 * row, mask=live, other=0)
    b = tl.load(src + 2 * row + 1, mask=live, other=0)
    s, sa = tl.zeros([ROWS], tl.float32), tl.zeros([ROWS], tl.float32)
    sb, sab = tl.zeros([ROWS], tl.float32), tl.zeros([ROWS], tl.float32)
    sums_a, sums_b = tl.zeros([ROWS, KP], tl.float32), tl.zeros([ROWS, KP], tl.float32)
    if TOP:
        label = tl.load(class_of + row, mask=live, other=0).to(tl.int64)
    else:
        first = tl.load(start + row, mask=live, other=0)
        edges = tl.load(count + row, mask=live, other=0)
        longest = tl.max(edges, axis=0)
    for group in range(WORDS // 4):
        if TOP:
            at = label * (32 * WORDS) + group * 128
            g0, g1 = quarter(head_grad, at, live, 0), quarter(head_grad, at, live, 1)
            g2, g3 = quarter(head_grad, at, live, 2), quarter(head_grad, at, live, 3)
        else:
            g0, g1 = tl.zeros([ROWS, 32], tl.float32), tl.zeros([ROWS, 32], tl.float32)
            g2, g3 = tl.zeros([ROWS, 32], tl.float32), tl.zeros([ROWS, 32], tl.float32)
            for j in range(0, longest, 2):  # two consumers a turn: their rows travel at once
                x, y = j < edges, j + 1 < edges
                at_x, bit_x, low_x, high_x = consumer(
                    first + j, x, group, edge, other, bits, up_coef, class_of, WORDS, UP_TOP
                )
                at_y, bit_y, low_y, high_y = consumer(
                    first + j + 1, y, group, edge, other, bits, up_coef, class_of, WORDS, UP_TOP
                )
                g0 += sloped(quarter(up_grad, at_x, x, 0), bit_x, low_x, high_x, 0)
                g1 += sloped(quarter(up_grad, at_x, x, 1), bit_x, low_x, high_x, 1)
                g2 += sloped(quarter(up_grad, at_x, x, 2), bit_x, low_x, high_x, 2)
                g3 += sloped(quarter(up_grad, at_x, x, 3), bit_x, low_x, high_x, 3)
                g0 += sloped(quarter(up_grad, at_y, y, 0), bit_y, low_y, high_y, 0)
                g1 += sloped(quarter(up_grad, at_y, y, 1), bit_y, low_y, high_y, 1)
                g2 += sloped(quarter(up_grad, at_y, y, 2), bit_y, low_y, high_y, 2)
                g3 += sloped(quarter(up_grad, at_y, y, 3), bit_y, low_y, high_y, 3)
        if STORE:
            at = row.to(tl.int64) * (32 * WORDS) + group * 128
            store_quarter(grad, at, live, g0, 0)
            store_quarter(grad, at, live, g1, 1)
            store_quarter(grad, at, live, g2, 2)
            store_quarter(grad, at, live, g3, 3)
        bit_a, bit_b = words_at(below, a, live, group, WORDS), words_at(below, b, live, group, WORDS)
        s += tl.sum(g0 + g1 + g2 + g3, axis=1)
        sb += masked_sum(g0, g1, g2, g3, bit_b)
        a0, a1, a2, a3 = masked(g0, bit_a, 0), masked(g1, bit_a, 1), masked(g2, bit_a, 2), masked(g3, bit_a, 3)
        sa += tl.sum(a0 + a1 + a2 + a3, axis=1)
        sab += masked_sum(a0, a1, a2, a3, bit_b)
        if K > 1:
            sums_a = candidate_sums(
                sums_a, sloped(g0, bit_b, a_low, a_high, 0), sloped(g1, bit_b, a_low, a_high, 1),
                sloped(g2, bit_b, a_low, a_high, 2), sloped(g3, bit_b, a_low, a_high, 3),
                row, live, group, below, candidates, 0, K, KP, WORDS,
            )  # fmt: skip
            sums_b = candidate_sums(
                sums_b, sloped(g0, bit_a, b_low, b_high, 0), sloped(g1, bit_a, b_low, b_high, 1),
                sloped(g2, bit_a, b_low, b_high, 2), sloped(g3, bit_a, b_low, b_high, 3),
                row, live, group, below, candidates, 1, K, KP, WORDS,
            )  # fmt: skip

    tl.debug_barrier()  # no thread may still read what the others now update
    sure = update_gates(
        s - sa - sb + sab, sb - sab, sa - sab, sab, p, index, row, live, now, z, m, v, op, seed, stream, done,
        NOISE, BETA1, BETA2, EPSILON,
    )  # fmt: skip
    if K > 1:
        sure += update_pin(
            sums_a, row, live, now, wz, wm, wv, candidates, pick, src, tau_w, 0, K, KP, BETA1, BETA2, EPSILON
        )
        sure += update_pin(
            sums_b, row, live, now, wz, wm, wv, candidates, pick, src, tau_w, 1, K, KP, BETA1, BETA2, EPSILON
        )
    tl.store(part + tl.program_id(0), sure)
