"""Triton kernels for the parameters: Gumbel noise, the choice and the update of gates and pins, softmax, Adam, CAGE.

`state` is float64: c_ema, tau_b, beta1 ** step, beta2 ** step. `now` is float32: tau_b, Adam's rate, Adam's scale, what
weight decay leaves of a logit; it serves one step. `step` is int64[1], the steps done. All of them stay on the device.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import triton
import triton.language as tl

from lgnc.train.gpu.arguments import Clock, Gates, Wiring


@triton.jit
def begin_kernel(
    state: tl.tensor, now: tl.tensor, step: tl.tensor, confidence: tl.tensor, lr: tl.tensor, hyper: tl.tensor,
    neurons: tl.tensor, CAGE: tl.constexpr,
) -> None:  # fmt: skip
    """A step's start: CAGE's running confidence and temperature (`cage_temperature`), Adam's bias corrections.

    confidence: float64[1], the sum over all neurons of max softmax(z). hyper: float64 of cage_beta, tau_max, tau_min,
    temperature, beta1, beta2, weight_decay. lr: float32[1].
    """
    beta = tl.load(hyper)
    c_ema = beta * tl.load(state) + (1.0 - beta) * (tl.load(confidence) / neurons)
    tau_b = tl.load(hyper + 3)
    if CAGE:
        tau_max = tl.load(hyper + 1)
        part = tl.minimum(tl.maximum((c_ema - 0.0625) / 0.9375, 0.0), 1.0)
        tau_b = tau_max - (tau_max - tl.load(hyper + 2)) * part
    power1 = tl.load(state + 2) * tl.load(hyper + 4)
    power2 = tl.load(state + 3) * tl.load(hyper + 5)
    tl.store(state, c_ema)
    tl.store(state + 1, tau_b)
    tl.store(state + 2, power1)
    tl.store(state + 3, power2)
    tl.store(now, tau_b.to(tl.float32))
    tl.store(now + 1, (tl.load(lr).to(tl.float64) / (1.0 - power1)).to(tl.float32))
    tl.store(now + 2, tl.sqrt(1.0 - power2).to(tl.float32))
    tl.store(now + 3, (1.0 - tl.load(lr).to(tl.float64) * tl.load(hyper + 6)).to(tl.float32))
    tl.store(step, tl.load(step) + 1)


@triton.jit
def gumbel(seed: tl.tensor, stream: tl.tensor, step: tl.tensor, index: tl.tensor) -> tl.tensor:
    """float32 Gumbel(0, 1) noise, a value for each int32 `index`; a function of its four arguments alone.

    Finite, because the uniform sample has 23 bits and a half: it lies between 2 ** -24 and 1 - 2 ** -24, exactly.
    """
    zero = index * 0
    word, _, _, _ = tl.philox(seed, index, zero + step.to(tl.int32), zero + stream, zero)
    uniform = ((word >> 9).to(tl.int32).to(tl.float32) + 0.5) * 1.1920928955078125e-07
    return -tl.log(-tl.log(uniform))


@triton.jit
def best(values: tl.tensor) -> tl.tensor:
    """int32[n]: the lowest column with the largest value; NaN counts as -inf, so that the column always exists."""
    return tl.argmax(tl.where(values == values, values, float("-inf")), axis=1)


@triton.jit
def confidence(z: tl.tensor, live: tl.tensor) -> tl.tensor:
    """The sum over live rows of max softmax(z), z float32[n, 16]; NaN when a logit is not finite."""
    power = tl.exp(z - tl.max(z, axis=1)[:, None])
    found = 1.0 / tl.sum(power, axis=1)
    finite = tl.min(tl.where(tl.abs(z) < float("inf"), 1, 0), axis=1)
    return tl.sum(tl.where(live, tl.where(finite == 1, found, float("nan")), 0.0), axis=0)


@triton.jit
def adam(
    z: tl.tensor, m_at: tl.tensor, v_at: tl.tensor, grad: tl.tensor, now: tl.tensor, mask: tl.tensor,
    ADAM: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """The logits after one Adam step as in `lgnc.train.reference.adam`; the moments at the pointers are updated."""
    m = ADAM.beta1 * tl.load(m_at, mask=mask, other=0.0) + (1.0 - ADAM.beta1) * grad
    v = ADAM.beta2 * tl.load(v_at, mask=mask, other=0.0) + (1.0 - ADAM.beta2) * grad * grad
    tl.store(m_at, m, mask=mask)
    tl.store(v_at, v, mask=mask)
    return z * tl.load(now + 3) - tl.load(now + 1) * m / (tl.sqrt(v) / tl.load(now + 2) + ADAM.epsilon)


@triton.jit
def pick_pin(
    logits: tl.tensor, candidates: tl.tensor, pick: tl.tensor, src: tl.tensor, pin: tl.tensor, live: tl.tensor,
    K: tl.constexpr, KP: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """Store each pin's best candidate and its source; 0, or NaN when a logit of a live pin is not finite.

    logits: float32[n, KP], of pins `pin` (int[n]); candidates: int32[pins, K].
    """
    inside = (tl.arange(0, KP) < K)[None, :]
    chosen = best(tl.where(inside, logits, float("-inf")))
    tl.store(pick + pin, chosen, mask=live)
    tl.store(src + pin, tl.load(candidates + pin.to(tl.int64) * K + chosen, mask=live, other=0), mask=live)
    finite = tl.min(tl.where(tl.abs(logits) < float("inf"), 1, 0), axis=1)
    return tl.sum(tl.where(live & (finite == 0), float("nan"), 0.0), axis=0)


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
    sums: tl.tensor, p: tl.tensor, index: tl.tensor, row: tl.tensor, live: tl.tensor, done: tl.tensor, gates: Gates,
    clock: Clock, NOISE: tl.constexpr, ADAM: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """One Adam step on the gate logits; the next gates, with the noise of step `done`.

    sums: four float32[n], of the gradient over all columns, where a is 1, where b is 1, and where both are. p:
    float32[n, 16], the gates' probabilities. Gives the sum of `confidence` over the rows.
    """
    s, sa, sb, sab = sums
    d00, d01, d10 = s - sa - sb + sab, sb - sab, sa - sab
    d_p = tl.where(is_one(3), d00[:, None], 0.0) + tl.where(is_one(2), d01[:, None], 0.0)
    d_p += tl.where(is_one(1), d10[:, None], 0.0) + tl.where(is_one(0), sab[:, None], 0.0)
    d_z = p * (d_p - tl.sum(p * d_p, axis=1)[:, None]) / tl.load(clock.now)
    logits = tl.load(gates.z + index, mask=live[:, None], other=0.0)
    logits = adam(logits, gates.m + index, gates.v + index, d_z, clock.now, live[:, None], ADAM)
    tl.store(gates.z + index, logits, mask=live[:, None])
    noisy = logits
    if NOISE:
        noisy += gumbel(clock.seed, clock.stream, done, index)
    tl.store(gates.op + row, best(noisy), mask=live)
    return confidence(logits, live)


@triton.jit
def update_pin(
    sums: tl.tensor, row: tl.tensor, live: tl.tensor, now: tl.tensor, wiring: Wiring, PIN: tl.constexpr,
    K: tl.constexpr, KP: tl.constexpr, ADAM: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """One Adam step on a pin's wiring logits from its candidates' sums; see `pick_pin` for what is stored and given."""
    pin = row * 2 + PIN
    column = tl.arange(0, KP)
    at = pin.to(tl.int64)[:, None] * K + column[None, :]
    mask = live[:, None] & (column < K)[None, :]
    logits = tl.load(wiring.z + at, mask=mask, other=0.0)
    scaled = tl.where((column < K)[None, :], logits / wiring.tau, float("-inf"))
    power = tl.exp(scaled - tl.max(scaled, axis=1)[:, None])
    q = power / tl.sum(power, axis=1)[:, None]
    gradient = q * (sums - tl.sum(q * sums, axis=1)[:, None]) / wiring.tau
    logits = adam(logits, wiring.m + at, wiring.v + at, gradient, now, mask, ADAM)
    tl.store(wiring.z + at, logits, mask=mask)
    return pick_pin(logits, wiring.candidates, wiring.pick, wiring.src, pin, live, K, KP)


@triton.jit
def choose_kernel(
    z: tl.tensor, op: tl.tensor, part: tl.tensor, step: tl.tensor, width: tl.tensor, seed: tl.tensor,
    stream: tl.tensor, NOISE: tl.constexpr, ROWS: tl.constexpr,
) -> None:  # fmt: skip
    """op: int32[width], the gate argmax of the logits (with the noise of `stream` at the current step)."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    live = row < width
    index = row[:, None] * 16 + tl.arange(0, 16)[None, :]
    logits = tl.load(z + index, mask=live[:, None], other=0.0)
    tl.store(part + tl.program_id(0), confidence(logits, live))
    if NOISE:
        logits += gumbel(seed, stream, tl.load(step), index)
    tl.store(op + row, best(logits), mask=live)


@triton.jit
def choose_pins_kernel(
    z: tl.tensor, candidates: tl.tensor, pick: tl.tensor, src: tl.tensor, part: tl.tensor, pins: tl.tensor,
    K: tl.constexpr, KP: tl.constexpr, ROWS: tl.constexpr,
) -> None:  # fmt: skip
    """pick, src: int32[pins], the best candidate of each pin and its source; see `pick_pin`."""
    pin = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, KP)
    live = pin < pins
    mask = live[:, None] & (column < K)[None, :]
    logits = tl.load(z + pin.to(tl.int64)[:, None] * K + column[None, :], mask=mask, other=0.0)
    tl.store(part + tl.program_id(0), pick_pin(logits, candidates, pick, src, pin, live, K, KP))


@triton.jit
def edges_kernel(
    start: tl.tensor, degree: tl.tensor, slots: tl.tensor, pick: tl.tensor, src: tl.tensor, count: tl.tensor,
    edge: tl.tensor, other: tl.tensor, nodes: tl.tensor, K: tl.constexpr, ROWS: tl.constexpr,
    COLS: tl.constexpr,
) -> None:  # fmt: skip
    """The fan-out of each node under the chosen candidates, in the fixed order of its slots.

    Node i may be read in the slots start[i] to start[i] + degree[i]; slot f is candidate f % K of pin f // K. Of those
    chosen, count[i] go to the front of the node's part of `edge` (the pin) and `other` (the source of the pin beside
    it).
    """
    node = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    known = node < nodes
    first = tl.load(start + node, mask=known, other=0)
    slots_here = tl.load(degree + node, mask=known, other=0)
    found = tl.zeros([ROWS], tl.int32)
    for base in range(0, tl.max(slots_here, axis=0), COLS):
        column = base + tl.arange(0, COLS)
        live = column[None, :] < slots_here[:, None]
        slot = tl.load(slots + first[:, None] + column[None, :], mask=live, other=0)
        pin = slot // K
        chosen = live & (tl.load(pick + pin, mask=live, other=-1) == slot - pin * K)
        place = first[:, None] + found[:, None] + tl.cumsum(chosen.to(tl.int32), axis=1) - 1
        tl.store(edge + place, pin, mask=chosen)
        tl.store(other + place, tl.load(src + (pin ^ 1), mask=chosen, other=0), mask=chosen)
        found += tl.sum(chosen.to(tl.int32), axis=1)
    tl.store(count + node, found, mask=known)
