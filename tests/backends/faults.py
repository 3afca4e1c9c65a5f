"""Networks of unlike scales, and faults to plant in them: what golden vectors are tested and measured with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lgnc.flows.compile import compile_circuit
from lgnc.formats.lift import lift
from lgnc.formats.source import Source
from lgnc.ir import Circuit
from tests.support import random_model


def optimised(circuit: Circuit) -> Circuit:
    """At -O2: without gates that nothing can see."""
    return compile_circuit(Source(circuit, ""), "numpy", prove=False).circuit


def digits_like() -> Circuit:
    """64 features of one scale, ten classes."""
    return optimised(lift(random_model(1, width=500, layers=2, features=64, classes=10)))


def mixed_scale() -> Circuit:
    """Features whose thresholds lie a factor of ten apart from each other's, as lengths and counts do in a table."""
    model = random_model(2, dtype="float64", features=13, thresholds=4, width=200, layers=2, classes=3)
    scale = 10.0 ** (np.arange(13) - 6)
    threshold = model.encoder.threshold * scale[model.encoder.feature]
    return optimised(lift(replace(model, encoder=replace(model.encoder, threshold=threshold))))


def few_columns() -> Circuit:
    """Four columns of 40 thresholds each: few combinations of neighbouring ones can occur."""
    return optimised(lift(random_model(1, dtype="int16", width=500, layers=2, features=4, thresholds=40, classes=3)))


def pixels() -> Circuit:
    """784 features of three thresholds, more than the vectors may have values for."""
    return optimised(lift(random_model(1, width=8000, layers=2, features=784, thresholds=3, classes=10)))


def narrow() -> Circuit:
    """Integers with the thresholds of a feature close to each other, and of two features far apart."""
    model = random_model(3, dtype="int16", features=8, thresholds=6, width=200, layers=2, classes=4)
    threshold = (np.arange(48) % 6 + 1000 * (model.encoder.feature % 4) - 1500).astype(np.int64)
    return optimised(lift(replace(model, encoder=replace(model.encoder, threshold=threshold))))


def moved_threshold(circuit: Circuit, rng: np.random.Generator) -> Circuit:
    """A threshold that is read, one step up or down."""
    threshold = circuit.encoder.threshold.copy()
    at, up = rng.choice(np.flatnonzero(circuit.fanout[: circuit.inputs])), rng.choice([-1, 1])
    threshold[at] = np.nextafter(threshold[at], up * np.inf) if circuit.encoder.is_float else threshold[at] + up
    return circuit.with_(encoder=replace(circuit.encoder, threshold=threshold))


def other_gate(circuit: Circuit, rng: np.random.Generator) -> Circuit:
    """A gate of another number."""
    op = circuit.op.copy()
    at = rng.integers(circuit.gates)
    op[at] = (op[at] + rng.integers(1, 16)) % 16
    return circuit.with_(op=op)


def nearly_the_gate(circuit: Circuit, rng: np.random.Generator) -> Circuit:
    """A gate that is wrong in one row of its truth table."""
    op = circuit.op.copy()
    op[rng.integers(circuit.gates)] ^= 1 << rng.integers(4)
    return circuit.with_(op=op)
