"""Lower the head: popcount and argmax become gates."""

from __future__ import annotations

import numpy as np

from lgnc.arithmetic.compressors import GOALS
from lgnc.arithmetic.head import absorbable, argmax_circuit, popcount_circuit, score_format
from lgnc.diagnostics import unknown
from lgnc.ir.circuit import Circuit
from lgnc.ir.compose import compose
from lgnc.ir.order import in_order

OUTPUTS = ("class", "scores", "both")


def lower_head(circuit: Circuit, outputs: str = "class", goal: str = "luts") -> Circuit:
    """A headless circuit on the same encoder whose outputs are what the head says, as bits, lowest first.

    outputs: 'class' for the index of the winning class (`class_0`, `class_1` ...), 'scores' for the bits of every
    class's score (`s{class}_{bit}`, see `lgnc.arithmetic.head.score_format`), 'both' for the class and then the scores.
    goal: 'luts' for adders that take few tables (the form of the Verilog target and of proofs), 'lut6' for the fewest
    six-input tables that ABC's `if -K 6` can map to (lower the head before the encoder), 'gates' for few two-input
    gates, 'depth' for few levels of them, by when each literal is ready. A circuit without a head is returned as it is.

    Before: `head`, "even" = 0 n7 ~n8, "odd" = 0 n9
    After:  `outputs 1`, "class_0" = ~n17, with n10..n17 adding up and comparing
    """
    if outputs not in OUTPUTS:
        raise unknown("choice of outputs", outputs, OUTPUTS, where="lower_head")
    if goal not in GOALS:
        raise unknown("goal", goal, GOALS, where="lower_head")
    if circuit.head is None:
        return circuit
    small = absorbable(circuit) if goal == "lut6" else None
    early = _arrival(circuit) if goal == "depth" else None
    shared = circuit.outputs.tolist() if goal in ("gates", "depth") else None
    scored = compose(circuit, popcount_circuit(circuit.head, goal, small=small, arrival=early, shared=shared))
    if outputs != "scores":
        keep, names = (scored.outputs, scored.output_names) if outputs == "both" else (np.zeros(0, np.int32), ())
        early = _arrival(scored) if goal == "depth" else None
        choice = argmax_circuit(circuit.head.classes, score_format(circuit.head).width, goal, early)
        scored = compose(scored, choice, keep=keep, names=names)
    return in_order(circuit.encoder, scored.op, scored.a, scored.b, scored.outputs, None, scored.output_names)


def _arrival(circuit: Circuit) -> list[int]:
    """The gates under each output."""
    levels: list[int] = circuit.level[circuit.outputs >> 1].tolist()
    return levels
