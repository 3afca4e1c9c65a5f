"""Circuits of unlike interfaces made alike: a head lowered as passes lower it, bare bits taken as encoder bits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgnc.arithmetic.compressors import add_up
from lgnc.arithmetic.head import argmax_circuit, popcount_circuit, score_format
from lgnc.diagnostics import BadInput
from lgnc.ir.builder import TRUE, Builder
from lgnc.ir.circuit import Circuit, Head
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


def headed(circuit: Circuit, lowered: Circuit) -> Circuit | None:
    """A circuit with a head on the encoder of what `lower_alike` made of it; None where it was not lowered."""
    if circuit.head is None or lowered.head is not None:
        return None
    return circuit.with_(encoder=lowered.encoder)


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
    if widths := word_widths(like.output_names, head.classes):
        return _as_words(circuit, *widths)
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


_WORD = re.compile(r"(score[0-9]{1,6}|index)_[0-9]{1,3}")


def word_widths(names: Sequence[str], classes: int) -> tuple[int, int] | None:
    """(bits of a score, bits of an index) where outputs are `score0_0` ... `index_0` ..., as programs give them.

    A score is two's complement, an index unsigned. None where the names are others.
    """
    bits = Counter(match[1] for name in names if (match := _WORD.fullmatch(name)))
    width, index = bits["score0"], bits["index"]
    whole = {f"score{c}_{bit}" for c in range(classes) for bit in range(width)} | {f"index_{k}" for k in range(index)}
    return (width, index) if whole == set(names) and len(names) == len(whole) else None


def _as_words(circuit: Circuit, width: int, index: int) -> Circuit:
    """The circuit's scores and class as whole words. Raises BadInput when they do not fit."""
    head = circuit.head
    assert head is not None
    low, high = int(head.offset.min()), int((np.diff(head.starts).astype(np.int64) + head.offset).max())
    used = max(low.bit_length() if low >= 0 else (-low - 1).bit_length(), high.bit_length()) + 1
    choice = argmax_circuit(head.classes, used)
    if used > width or len(choice.outputs) > index:
        raise BadInput(f"the interfaces differ: scores of {used} bits and words of {width}", fix="use a wider type")
    scores = compose(circuit, _two_complement(head, used))
    top = np.arange(len(scores.outputs)) % used == used - 1
    chosen = compose(scores.with_(outputs=scores.outputs ^ top.astype(np.int32)), choice, keep=scores.outputs)
    count = len(choice.outputs)
    words = [[count + used * c + min(bit, used - 1) for bit in range(width)] for c in range(head.classes)]
    literals = [int(chosen.outputs[place]) for word in words for place in word]
    literals += [int(chosen.outputs[k]) if k < count else 2 * chosen.nodes for k in range(index)]
    names = [f"score{c}_{bit}" for c in range(head.classes) for bit in range(width)]
    names += [f"index_{bit}" for bit in range(index)]
    return chosen.with_(
        op=np.append(chosen.op, np.uint8(0)),
        a=np.append(chosen.a, np.int32(0)),
        b=np.append(chosen.b, np.int32(0)),
        outputs=np.array(literals, np.int32),
        output_names=tuple(names),
    )


def _two_complement(head: Head, width: int) -> Circuit:
    """Output literals in, every class's score in `width` bits out, two's complement."""
    build = Builder(int(head.starts[-1]))
    bits: list[int] = []
    for c, offset in enumerate(head.offset.tolist()):
        columns = [[TRUE] if offset >> bit & 1 else [] for bit in range(width)]
        columns[0] += range(2 * int(head.starts[c]), 2 * int(head.starts[c + 1]), 2)
        bits += add_up(build, columns)
    names = tuple(f"s{c}_{bit}" for c in range(head.classes) for bit in range(width))
    return build.circuit(bits, tuple(f"y{i}" for i in range(build.inputs)), names)
