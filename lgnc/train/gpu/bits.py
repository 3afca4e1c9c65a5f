"""Triton kernels on packed bits: the batch transposed, the gates, the popcount and the cross-entropy.

Bits are int32[nodes, words], 32 samples a word, words a multiple of 4 (a batch is padded to groups of 128 samples).
Sample s is bit s % 32 of word s // 32. Floats are [rows, columns], a column a sample, in *column order*: within a group
of 128, sample s is column 4 * (s % 32) + s // 32 % 4. So four neighbouring columns are one bit of four neighbouring
words, and a thread that holds them reads those words with one 16-byte load. The backward pass takes a group as four
quarters, tiles [n, 32], so that eight threads hold a row of a tile: a row's sum is then three shuffles, and one load of
words serves all four quarters.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def transpose_kernel(
    rows: tl.tensor, out: tl.tensor, samples: tl.tensor, inputs: tl.tensor, ROW_WORDS: tl.constexpr,
    WORDS: tl.constexpr,
) -> None:  # fmt: skip
    """out: int32[inputs, WORDS] of sample rows int32[samples, ROW_WORDS]. Grid (ceil(inputs / 32), WORDS)."""
    column, word = tl.program_id(0), tl.program_id(1)
    lane = tl.arange(0, 32)
    sample = word * 32 + lane
    found = tl.load(rows + sample.to(tl.int64) * ROW_WORDS + column, mask=sample < samples, other=0)
    packed = tl.sum(((found[:, None] >> lane[None, :]) & 1) << lane[:, None], axis=0)
    bit = column * 32 + lane
    tl.store(out + bit.to(tl.int64) * WORDS + word, packed, mask=bit < inputs)


@triton.jit
def gate_words(gate: tl.tensor, x: tl.tensor, y: tl.tensor) -> tl.tensor:
    """int32: gate `gate`, a number or of a shape that fits, of the words x and y, by algebraic normal form."""
    t00, t01, t10, t11 = (gate >> 3) & 1, (gate >> 2) & 1, (gate >> 1) & 1, gate & 1
    value = -t00 ^ (-(t00 ^ t10) & x) ^ (-(t00 ^ t01) & y)
    return value ^ (-(t00 ^ t01 ^ t10 ^ t11) & x & y)


@triton.jit
def gates_kernel(
    below: tl.tensor, out: tl.tensor, op: tl.tensor, src: tl.tensor, width: tl.tensor, WORDS: tl.constexpr,
    ROWS: tl.constexpr, COLS: tl.constexpr,
) -> None:  # fmt: skip
    """out: int32[width, WORDS], gate op[n] of rows src[2 n] and src[2 n + 1] of `below`."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLS + tl.arange(0, COLS)
    live = row < width
    mask = live[:, None] & (column < WORDS)[None, :]
    gate = tl.load(op + row, mask=live, other=0)
    a = tl.load(src + 2 * row, mask=live, other=0).to(tl.int64) * WORDS
    b = tl.load(src + 2 * row + 1, mask=live, other=0).to(tl.int64) * WORDS
    x = tl.load(below + a[:, None] + column[None, :], mask=mask, other=0)
    y = tl.load(below + b[:, None] + column[None, :], mask=mask, other=0)
    value = gate_words(gate[:, None], x, y)
    tl.store(out + row.to(tl.int64)[:, None] * WORDS + column[None, :], value, mask=mask)


@triton.jit
def bits_at(words: tl.tensor, row: tl.tensor, live: tl.tensor, group: tl.tensor, WORDS: tl.constexpr) -> tl.tensor:
    """int32[n, 128] of 0 and 1: group `group` of the packed rows `row` (int[n]), in column order."""
    column = tl.arange(0, 128)
    at = row.to(tl.int64) * WORDS + group * 4
    found = tl.load(words + at[:, None] + (column % 4)[None, :], mask=live[:, None], other=0)
    return (found >> (column // 4)[None, :]) & 1


@triton.jit
def popcount_kernel(
    bits: tl.tensor, starts: tl.tensor, scores: tl.tensor, WORDS: tl.constexpr, CHUNK: tl.constexpr,
    ROWS: tl.constexpr,
) -> None:  # fmt: skip
    """Adds to scores, int32[classes, 32 * WORDS], in column order. Grid (chunks of CHUNK neurons, groups, classes)."""
    group, label = tl.program_id(1), tl.program_id(2)
    first = tl.load(starts + label) + tl.program_id(0) * CHUNK
    end = tl.minimum(tl.load(starts + label + 1), first + CHUNK)
    total = tl.zeros([128], tl.int32)
    for at in range(first, end, ROWS):
        row = at + tl.arange(0, ROWS)
        total += tl.sum(bits_at(bits, row, row < end, group, WORDS), axis=0)
    if first < end:
        tl.atomic_add(scores + label.to(tl.int64) * (32 * WORDS) + group * 128 + tl.arange(0, 128), total)


@triton.jit
def loss_kernel(
    scores: tl.tensor, y: tl.tensor, grad: tl.tensor, part: tl.tensor, samples: tl.tensor, classes: tl.tensor,
    tau: tl.tensor, COLUMNS: tl.constexpr, COLS: tl.constexpr, CLASSES: tl.constexpr,
) -> None:  # fmt: skip
    """The cross-entropy of scores / tau, summed a block of COLS columns into part, and its gradient by the scores.

    grad: float32[classes, COLUMNS], 0 in the columns past the batch. Loss and gradient are of the mean over `samples`.
    """
    column = tl.program_id(0) * COLS + tl.arange(0, COLS)
    label = tl.arange(0, CLASSES)
    inside = column % 128
    sample = column // 128 * 128 + inside % 4 * 32 + inside // 4
    live = sample < samples
    at = label.to(tl.int64)[:, None] * COLUMNS + column[None, :]
    known = (label < classes)[:, None]
    score = tl.load(scores + at, mask=known, other=0).to(tl.float32) / tau
    score = tl.where(known, score, float("-inf"))
    score = score - tl.max(score, axis=0)[None, :]
    power = tl.exp(score)
    total = tl.sum(power, axis=0)
    truth = label[:, None] == tl.load(y + sample, mask=live, other=0)[None, :]
    loss = tl.log(total) - tl.sum(tl.where(truth, score, 0.0), axis=0)
    tl.store(part + tl.program_id(0), tl.sum(tl.where(live, loss, 0.0), axis=0) / samples)
    found = (power / total[None, :] - tl.where(truth, 1.0, 0.0)) / (tau * samples)
    tl.store(grad + at, tl.where(live[None, :], found, 0.0), mask=known)
