"""A circuit with a head beside one without: the head lowered to the same outputs, by the lowering that passes use."""

from __future__ import annotations

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.ir.compose import compose
from lgnc.ir.lowering import argmax_circuit, popcount_circuit, score_format


def lower_alike(a: Circuit, b: Circuit) -> tuple[Circuit, Circuit]:
    """The two circuits, the one with a head lowered when the other has none.

    The lowered outputs are the class bits, the score bits or both, whichever the other's outputs are called, or count.
    Raises BadInput when they are none of these.
    """
    if (a.head is None) == (b.head is None):
        return a, b
    if a.head is None:
        b, a = lower_alike(b, a)
        return a, b
    return _lowered(a, b), b


def _lowered(circuit: Circuit, like: Circuit) -> Circuit:
    head = circuit.head
    assert head is not None
    scores = compose(circuit, popcount_circuit(head))
    choice = argmax_circuit(head.classes, score_format(head).width)
    for names in (choice.output_names, scores.output_names, choice.output_names + scores.output_names):
        if set(names) == set(like.output_names) or len(names) == len(like.outputs):
            if names == scores.output_names:
                return scores
            keep = scores.outputs if len(names) > len(choice.output_names) else None
            return compose(scores, choice, keep=keep, names=names[len(choice.output_names) :])
    raise BadInput(
        f"the interfaces differ: a head of {head.classes} classes and {len(like.outputs)} outputs",
        fix="compare with a circuit whose head is lowered to class bits, score bits or both",
    )
