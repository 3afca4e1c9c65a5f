"""Circuits of unlike interfaces made alike: a head lowered as passes lower it, bare bits taken as encoder bits."""

from __future__ import annotations

from dataclasses import replace

from lgnc.arithmetic.head import argmax_circuit, popcount_circuit, score_format
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.ir.compose import compose


def lower_alike(a: Circuit, b: Circuit) -> tuple[Circuit, Circuit]:
    """The two circuits with the same kind of inputs and outputs.

    When one has bits for features (as a file of gates has) and the other thresholds, its features are the other's
    encoder bits, in order. When one has a head and the other none, the head is lowered to class bits, score bits or
    both, whichever the other's outputs are called, or count. Raises BadInput when neither fits.
    """
    a, b = _encoded(a, b), _encoded(b, a)
    if (a.head is None) == (b.head is None):
        return a, b
    if a.head is None:
        b, a = lower_alike(b, a)
        return a, b
    return _lowered(a, b), b


def _encoded(circuit: Circuit, like: Circuit) -> Circuit:
    """`circuit` on the encoder of `like`, when the former's features are the latter's encoder bits."""
    own, other = circuit.encoder, like.encoder
    if own.dtype != "bool" or other.dtype == "bool":
        return circuit
    if len(own.names) != other.bits:
        raise BadInput(
            f"the interfaces differ: {len(own.names)} bits and {other.bits} encoder bits",
            fix="compare a file of gates with the circuit that it was written from",
        )
    constant = own.threshold != 0
    if constant.any():
        raise BadInput("the interfaces differ: a bit is compared with a threshold other than 0", fix="drop that bit")
    return circuit.with_(
        encoder=replace(other, feature=other.feature[own.feature], threshold=other.threshold[own.feature])
    )


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
