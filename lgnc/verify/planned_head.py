"""A circuit whose head is lowered by a plan: scores and class as outputs of the names that the other circuit has.

Nothing of the plan is trusted. A step keeps the sum of the bits modulo a power of two, whatever bits it takes; what is
checked here is that each bit is taken once, that the constants add up to the offset, and that no sum leaves its range.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lgnc.arithmetic.head import argmax_circuit, score_format
from lgnc.diagnostics import BadInput
from lgnc.ir.builder import FALSE, TRUE, Builder
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import AND, OR, XNOR, XOR
from lgnc.verify.head_plan import AFTER, AHEAD, Stage
from lgnc.verify.question import placed
from lgnc.verify.scan import index_places, scan_circuit

Plan = list[list[Stage]]
"""For each class the stages of its sum."""

_SCORE = re.compile(r"(?:score([0-9]{1,6})_|scores_)([0-9]{1,9})")


def words_of(circuit: Circuit, classes: int) -> tuple[list[list[int]], list[int], bool] | None:
    """(places of each class's score bits, places of the index's bits, whether scores are whole, two's complement).

    Scores named `scores_0`, `scores_1` ..., class after class, are less the lowest offset. None for other outputs.
    """
    found: dict[tuple[int, int], int] = {}
    whole = any(name.startswith("score0_") for name in circuit.output_names)
    width = sum(name.startswith("score") for name in circuit.output_names) // max(classes, 1)
    for place, name in enumerate(circuit.output_names):
        if match := _SCORE.fullmatch(name):
            number = int(match[2])
            key = (int(match[1]), number) if match[1] else divmod(number, max(width, 1))
            found[key] = place
    if set(found) != {(c, bit) for c in range(classes) for bit in range(width)} or not found:
        return None
    scores = [[found[c, bit] for bit in range(width)] for c in range(classes)]
    index = index_places(circuit.output_names, sorted(set(range(len(circuit.outputs))) - set(found.values())))
    if index is None or (index and classes > 1 << len(index)):
        return None
    return scores, index, whole


def lower_by_plan(circuit: Circuit, plan: Plan, like: Circuit, where: str) -> Circuit:
    """`circuit`, its head lowered by a plan, with the outputs of `like`. Raises BadInput when the plan does not fit."""
    head = circuit.head
    places = None if head is None else words_of(like, head.classes)
    if head is None or places is None or len(plan) != head.classes:
        raise BadInput("has a plan for another head", where=where, fix="check the files")
    scores, index, whole = places
    base, width = 0 if whole else score_format(head).base, len(scores[0])
    work = _Gates(circuit)
    words, before = [], list[list[Total]]()
    for c, stages in enumerate(plan):
        literals = circuit.outputs[head.starts[c] : head.starts[c + 1]].tolist()
        low = int(head.offset[c]) - base
        totals = work.totals(literals, stages, low, width if whole else 0)
        if not totals or len(totals[-1].word) > width:
            raise BadInput(f"has a plan that does not add class {c} up", where=where, fix="the file is damaged")
        words.append(totals[-1].word + [FALSE] * (width - len(totals[-1].word)))
        before.append(totals[:-1])
    keys = _early_keys(before)
    if keys is None:
        signed = whole and int(head.offset.min()) < 0
        used = _used(words, signed)
        keys = [[*word[: used - 1], word[used - 1] ^ signed] for word in words]
    chosen = _chosen(work, keys, tournament="class_0" in like.output_names)
    outputs = [FALSE] * len(like.outputs)
    for own, word in zip(scores, words, strict=True):
        for place, literal in zip(own, word, strict=True):
            outputs[place] = literal
    for bit, place in enumerate(index):
        outputs[place] = chosen[bit] if bit < len(chosen) else FALSE
    return work.behind(outputs, like.output_names)


def _early_keys(totals: Sequence[Sequence[Total]]) -> list[list[int]] | None:
    """The words that a text compares before it adds the same constant to each: one of every class's sum, all of which
    lack as much. None where there are none.
    """
    for lacks in [each.lacks for each in totals[0]]:
        found = [next((each.word for each in own if each.lacks == lacks), None) for own in totals]
        words = [word for word in found if word is not None]
        if len(words) == len(totals):
            width = max(map(len, words))
            return [word + [FALSE] * (width - len(word)) for word in words]
    return None


def _chosen(work: _Gates, keys: list[list[int]], tournament: bool) -> list[int]:
    """The index of the highest key, the lowest index winning a tie: by a tournament, or by a scan."""
    circuit = (argmax_circuit if tournament else scan_circuit)(len(keys), len(keys[0]))
    return placed(work, circuit, [bit for key in keys for bit in key])


def _used(words: Sequence[Sequence[int]], signed: bool) -> int:
    """The lowest bits of all words that tell them apart: the rest is 0, or repeats the sign."""
    used = len(words[0])
    while used > 1 and all(word[used - 1] == (word[used - 2] if signed else FALSE) for word in words):
        used -= 1
    return used


class Total(NamedTuple):
    """A number after a stage: its bits, from 0 up, and what has still to be added for the score."""

    word: list[int]
    lacks: int


class _Gates(Builder):
    """Gates put behind a circuit's, whose nodes are the inputs."""

    def __init__(self, circuit: Circuit) -> None:
        super().__init__(circuit.nodes)
        self.before = circuit

    def totals(self, literals: list[int], stages: Sequence[Stage], low: int, whole: int) -> list[Total] | None:
        """The literals' sum plus `low`, stage by stage; None where the stages do not add that up.

        whole: the width of a two's complement word, or 0 where only numbers from 0 on fit.
        """
        bits, least = [(0, literal) for literal in literals], 0
        found = []
        for stage in stages:
            word = self._stage(bits, stage)
            least += stage.constant
            last = stage is stages[-1]
            if last and whole and stage.width == whole:
                least, fits = low, (least - low) % (1 << whole) == 0
                fits = fits and -(1 << whole - 1) <= low and low + len(literals) < 1 << whole - 1
            else:
                fits = least + len(literals) < 1 << stage.width
            if word is None or not fits:
                return None
            bits = list(enumerate(word))
            found.append(Total(word, low - least))
        return found if least == low else None

    def _stage(self, bits: list[tuple[int, int]], stage: Stage) -> list[int] | None:
        """The bits of the sum of `bits`, (column, literal) each, and the constant, modulo 2 ** width."""
        there: list[tuple[int, int] | None] = list(bits)
        constant = stage.constant
        for column, taken, one in stage.steps:
            if not 0 <= column < stage.width or not 0 < len(taken) + bool(one) < 4 or len(set(taken)) != len(taken):
                return None
            if any(number >= len(there) or (there[number] or (-1,))[0] != column for number in taken):
                return None
            own = [bit[1] for number in taken if (bit := there[number]) is not None]
            for number in taken:
                there[number] = None
            constant -= bool(one) << column
            low, high = self._adder([TRUE] * (one == AHEAD) + own + [TRUE] * (one == AFTER))
            there.append((column, low))
            if column + 1 < stage.width:
                there.append((column + 1, high))
        return self._word(there, constant % (1 << stage.width), stage.width)

    def _adder(self, bits: list[int]) -> tuple[int, int]:
        """(sum, carry) of one, two or three bits."""
        if len(bits) == 1:
            return bits[0], FALSE
        x, y = bits[:2]
        half, both = self.gate(XOR, x, y), self.gate(AND, x, y)
        if len(bits) == 2:
            return half, both
        if bits[2] == TRUE:
            return self.gate(XNOR, x, y), self.gate(OR, x, y)
        return self.gate(XOR, half, bits[2]), self.gate(OR, both, self.gate(AND, half, bits[2]))

    def _word(self, there: Sequence[tuple[int, int] | None], constant: int, width: int) -> list[int] | None:
        """The bits that are left, at most one a column, where the constant has none."""
        word = [TRUE if constant >> bit & 1 else FALSE for bit in range(width)]
        for bit in there:
            if bit is None or bit[1] == FALSE:
                continue
            if bit[0] >= width or word[bit[0]] != FALSE:
                return None
            word[bit[0]] = bit[1]
        return word

    def behind(self, outputs: Sequence[int], names: tuple[str, ...]) -> Circuit:
        """The whole circuit with these outputs: a gate more where one is a constant."""
        before, op, a, b = self.before, [*self.op], [*self.a], [*self.b]
        constant = 2 * (before.nodes + len(op))
        if min(outputs, default=0) < 0:
            op, a, b = [*op, 0], [*a, 0], [*b, 0]
        literals = [constant ^ (literal & 1) if literal < 0 else literal for literal in outputs]
        return before.with_(
            op=np.append(before.op, np.array(op, np.uint8)),
            a=np.append(before.a, np.array(a, np.int32)),
            b=np.append(before.b, np.array(b, np.int32)),
            outputs=np.array(literals, np.int32),
            output_names=names,
            head=None,
            layer=None,
        )
