"""Words of gates, found in the wiring of a circuit: as many gates as a register has bits, computed at once.

A word of nodes is 32 or 64 neighbours, from a multiple of that on. A word of gates reads one word of nodes for pin a
and one for pin b, each rotated: gate i reads bit (i + turn) of it, round the end. Every gate may have a function of its
own. Nothing says that a circuit is made so: it is what its fan-ins are that is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import READS_A, READS_B

WIDTHS = (32, 64)
"""Bits of a word."""


class Pin(NamedTuple):
    """Bit i is bit (i + turn) of the word numbered `word`, round the end. Words of encoder bits are numbered first."""

    word: int
    turn: int


@dataclass(frozen=True, eq=False)
class WordGate:
    """A word of gates. op: uint8[width], the gates' numbers. a, b: None where no gate of it reads that pin."""

    op: NDArray[np.uint8]
    a: Pin | None
    b: Pin | None


@dataclass(frozen=True, eq=False)
class WordPlan:
    """width: bits of a word. gates: words number `inputs` and on. classes: of each, (word, inverted) that it counts."""

    width: int
    inputs: int
    gates: tuple[WordGate, ...]
    classes: tuple[tuple[tuple[int, bool], ...], ...]

    def reads(self, word: int) -> list[int]:
        """The words that a word of gates reads; none for one of encoder bits."""
        if word < self.inputs:
            return []
        gate = self.gates[word - self.inputs]
        return [pin.word for pin in (gate.a, gate.b) if pin is not None]

    def needed(self, words: list[int]) -> list[int]:
        """These words and what they are made of, what is read before what reads it."""
        done: dict[int, None] = {}
        stack = words[::-1]
        while stack:
            wait = [each for each in self.reads(stack[-1]) if each not in done]
            if wait:
                stack += wait
            else:
                done.setdefault(stack.pop())
        return list(done)

    @property
    def order(self) -> list[int]:
        """All words that a class needs."""
        return self.needed([word for counted in self.classes for word, _ in counted])


def find_words(circuit: Circuit) -> WordPlan | None:
    """The words that a circuit with a head is made of, of the wider kind where it is made of both; else None."""
    plans = (_find(circuit, width) for width in reversed(WIDTHS))
    return next((plan for plan in plans if plan is not None), None)


def _find(circuit: Circuit, width: int) -> WordPlan | None:
    head, inputs = circuit.head, circuit.inputs // width
    if head is None or not circuit.gates or circuit.inputs % width or circuit.gates % width:
        return None
    cuts = np.split(circuit.outputs, head.starts[1:-1])
    classes = [_counted(literals, width) for literals in cuts]
    if any(counted is None for counted in classes):
        return None
    gates = []
    for first in range(0, circuit.gates, width):
        gate = _gate(circuit, slice(first, first + width), width)
        if gate is None:
            return None
        gates.append(gate)
    return WordPlan(width, inputs, tuple(gates), tuple(counted for counted in classes if counted is not None))


def _counted(literals: NDArray[np.int32], width: int) -> tuple[tuple[int, bool], ...] | None:
    """The words that a class counts, where its literals are whole words in order."""
    if len(literals) % width:
        return None
    found = literals.reshape(-1, width)
    start = found[:, :1]
    whole = (start >> 1) % width == 0
    if not (whole.all() and (found == start + 2 * np.arange(width)).all()):
        return None
    return tuple((int(literal) // (2 * width), bool(literal & 1)) for literal in start[:, 0])


def _gate(circuit: Circuit, at: slice, width: int) -> WordGate | None:
    """The word of gates there, or None where pins do not read as a word's do."""
    op = circuit.op[at]
    pins: list[Pin | None] = []
    for reads, fanin in ((READS_A[op], circuit.a[at]), (READS_B[op], circuit.b[at])):
        gates = np.flatnonzero(reads)
        if not len(gates):
            pins.append(None)
            continue
        word, turn = fanin[gates] // width, (fanin[gates] - gates) % width
        if (word != word[0]).any() or (turn != turn[0]).any():
            return None
        if int(word[0]) * width >= circuit.inputs + at.start:
            return None
        pins.append(Pin(int(word[0]), int(turn[0])))
    return WordGate(op, *pins)
