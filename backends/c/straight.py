"""Straight code for one sample: a local variable per gate, functions of bounded size, no tables.

A value is a word whose top bit alone counts, so that an encoder bit is a subtraction (`threshold - feature`, whose sign
is the answer), a gate one instruction, and a count one shifted addition. An 8-bit chip has bytes of 0 or 1 instead.
What outlives its function lies in the workspace, a byte each; encoder bits are compared anew in each function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lgnc.backends.c.mcu_schedule import score_offsets
from lgnc.backends.c.text import constant, element_types, runtime
from lgnc.backends.thresholds import native_thresholds
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import AND, FALSE, GT, OR, READS_A, READS_B, XOR, A

PART = 256
"""Statements of a function: compilers take more than linear time for longer ones."""

_TEXT = {FALSE: "0u", AND: "{a} & {b}", GT: "{a} & ~{b}", A: "{a}", XOR: "{a} ^ {b}", OR: "{a} | {b}"}
"""Gates of normal form."""

_WIDE = ("int32", "int64")
"""Integer feature types whose differences may not fit 32 bits."""

_SMALL = 255
"""A number that an instruction of 16 or 32 bits holds, to subtract from."""

_FEW = 8
"""So many features may stay in registers, or on the stack, while a function compares them."""


@dataclass(frozen=True, eq=False)
class Straight:
    """text: the functions; `NAME_row_classes` and `NAME_row_scores`, or `NAME_row_outputs`, are what callers need.

    state: bytes of workspace, one per value kept for a later function. statements: gates and counts. bits: encoder
    bits, as often as they are compared. kept: stores and loads of what a later function reads. parts: functions. live:
    values that are alive at a time, at most.
    """

    text: str
    state: int
    statements: int
    bits: int
    kept: int
    parts: int
    live: int


class _Statement(NamedTuple):
    """Compute gate `node`, or, with an output's number, give its literal to the class or the output array."""

    node: int
    output: int = -1


def straight(circuit: Circuit, *, bytewise: bool = False) -> Straight:
    """The straight code of a circuit in normal form. bytewise: a value is a byte of 0 or 1."""
    statements = _order(circuit)
    parts = [statements[first : first + PART] for first in range(0, len(statements), PART)]
    slots = _slots(circuit, parts)
    known = circuit.head is not None and len(parts) == 1 and bool(np.diff(circuit.head.starts).all())
    writer = _Writer(circuit, slots, better=known, bytewise=bytewise)
    bodies = [writer.lines_of(part) for part in parts]
    head = runtime("rows_outputs.c" if circuit.head is None else "rows_head.c")
    classes = 0 if circuit.head is None else circuit.head.classes
    constants = writer.constants()
    if len(bodies) == 1:
        functions = [row_text([*bodies[0], *constants], classes, known=known)]
    else:
        calls = [f"NAME_part{number}(x, v, out);" for number in range(len(bodies))]
        functions = [*map(_part, range(len(bodies)), bodies), row_text([*constants, *calls], classes)]
    text = "\n".join([*prelude(circuit, bytewise), runtime("straight.c"), *functions, head])
    state = 1 + max(slots.values(), default=0)
    live = max((_live(circuit, part) for part in parts), default=0)
    return Straight(text, state, len(statements), writer.bits, len(slots) + writer.loads, len(parts), live)


def _part(number: int, lines: list[str]) -> str:
    signature = f"static NAME_APART void NAME_part{number}(const NAME_element *x, uint8_t *v, NAME_out *out)"
    return function_text(signature, [*lines, "(void)x;", "(void)v;", "(void)out;"])


def row_text(lines: list[str], classes: int, *, known: bool = False) -> str:
    """`NAME_row`: the outputs, or the scores of so many classes, by these statements; then the class is returned.

    known: the statements have seen to `best` too, by `better`.
    """
    best = [] if known else [line for c in range(classes) for line in better(c, classes)]
    if classes:
        lines = ["int32_t best, top;", *lines, *best, "(void)x;", "(void)v;", "(void)top;", "return best;"]
    else:
        lines = [*lines, "(void)x;", "(void)v;", "(void)out;"]
    kind = "int32_t" if classes else "void"
    return function_text(f"static {kind} NAME_row(const NAME_element *x, uint8_t *v, NAME_out *out)", lines)


def better(c: int, classes: int) -> list[str]:
    """Statements after which `best` is the first class of the highest score, `top`, among classes 0 to c."""
    if c == 0:
        return ["best = 0;", "top = out[0];"]
    if c == classes - 1:
        return [f"if (out[{c}] > top) {{ best = {c}; }}"]
    return [f"if (out[{c}] > top) {{ best = {c}; top = out[{c}]; }} NAME_FENCE(best) NAME_FENCE(top)"]


def function_text(signature: str, lines: list[str]) -> str:
    """A C function of these statements."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"{signature}\n{{\n{body}}}\n"


def _order(circuit: Circuit) -> list[_Statement]:
    """Depth first, output by output, class by class, so that few values live at a time."""
    fanins = _fanins(circuit)
    done: set[int] = set()
    out: list[_Statement] = []
    outputs = np.arange(len(circuit.outputs))
    if circuit.head is not None:
        outputs = np.argsort(circuit.head.owner, kind="stable")
    for output in outputs.tolist():
        root = int(circuit.outputs[output]) >> 1
        stack = [root]
        while stack:
            node = stack[-1]
            wait = [] if node in done else [each for each in fanins.get(node, ()) if each not in done]
            if wait:
                stack += wait
                continue
            stack.pop()
            if node in fanins and node not in done:
                done.add(node)
                out.append(_Statement(node))
        out.append(_Statement(root, output))
    return out


def _fanins(circuit: Circuit) -> dict[int, list[int]]:
    """Gate node -> the gates that it reads, the one of more levels last: a stack takes it first."""
    found: dict[int, list[int]] = {}
    level = circuit.level.tolist()
    read_a, read_b = READS_A[circuit.op].tolist(), READS_B[circuit.op].tolist()
    for gate, (a, b) in enumerate(zip(circuit.a.tolist(), circuit.b.tolist(), strict=True)):
        read = {*([a] if read_a[gate] else []), *([b] if read_b[gate] else [])}
        gates = [fanin for fanin in read if fanin >= circuit.inputs]
        found[circuit.inputs + gate] = sorted(gates, key=lambda fanin: (level[fanin], fanin))
    return found


def _reads(circuit: Circuit, statement: _Statement) -> list[int]:
    """The nodes that a statement reads."""
    if statement.output >= 0:
        return [statement.node]
    gate = statement.node - circuit.inputs
    op = circuit.op[gate]
    pins = ((READS_A[op], circuit.a[gate]), (READS_B[op], circuit.b[gate]))
    return [int(fanin) for read, fanin in pins if read]


def _live(circuit: Circuit, part: list[_Statement]) -> int:
    """How many values a function has alive at a time, from where they are made, or first read, to where last read."""
    last = {node: at for at, statement in enumerate(part) for node in _reads(circuit, statement)}
    alive: set[int] = set()
    most = 0
    for at, statement in enumerate(part):
        reads = _reads(circuit, statement)
        alive |= {*reads, statement.node}
        most = max(most, len(alive))
        alive -= {node for node in (*reads, statement.node) if last.get(node, at) <= at}
    return most


def _slots(circuit: Circuit, parts: list[list[_Statement]]) -> dict[int, int]:
    """Gate node -> its byte of the workspace, of those that a later function reads; bytes are used again."""
    made: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, part in enumerate(parts):
        for statement in part:
            for node in _reads(circuit, statement):
                last[node] = number
            if statement.output < 0:
                made[statement.node] = number
    kept = {node: number for node, number in made.items() if last.get(node, number) > number}
    slots: dict[int, int] = {}
    free: list[int] = []
    ends: dict[int, list[int]] = {}
    used = 0
    for number in range(len(parts)):
        free += sorted((slots[node] for node in ends.get(number, ())), reverse=True)
        for statement in parts[number]:
            node = statement.node
            if statement.output < 0 and node in kept:
                if not free:
                    free.append(used)
                    used += 1
                slots[node] = free.pop()
                ends.setdefault(last[node] + 1, []).append(node)
    return slots


class _Writer:
    """Functions as text. bits: encoder bits that they compare. loads: of values that an earlier function made.

    better: they see to the best class as well.
    """

    def __init__(self, circuit: Circuit, slots: dict[int, int], *, better: bool, bytewise: bool) -> None:
        self.circuit, self.slots, self.bits, self.loads = circuit, slots, 0, 0
        self.better, self.bytewise = better, bytewise
        self.threshold = native_thresholds(circuit.encoder)
        self.start = score_offsets(circuit)
        self.begun: set[int] = set()
        self.known: set[int] = set()
        self.lines: list[str] = []

    def constants(self) -> list[str]:
        """Scores of classes that count nothing."""
        empty = (group for group in range(len(self.start)) if group not in self.begun)
        return [f"out[{group}] = {constant(self.start[group], 'int32_t')};" for group in empty]

    def lines_of(self, part: list[_Statement]) -> list[str]:
        """A part's statements: gates as local variables, literals added to the score `s` of one class after another."""
        self.known = set()
        self.inverted, self.lines = self._inverted(part)
        head, group = self.circuit.head, -1
        for statement in part:
            for node in _reads(self.circuit, statement):
                self._know(node)
            if statement.output < 0:
                self._gate(statement.node)
            elif head is None:
                flip = " ^ 1u" if self.circuit.outputs[statement.output] & 1 else ""
                self.lines.append(f"out[{statement.output}] = (uint8_t)(NAME_BIT(n{statement.node}){flip});")
            else:
                owner = int(head.owner[statement.output])
                if owner != group:
                    self._begin(owner, group)
                    group = owner
                sign = "-" if self.circuit.outputs[statement.output] & 1 else "+"
                self.lines.append(f"s {sign}= NAME_BIT(n{statement.node});")
        sums = [] if group < 0 else ["uint32_t s;"]
        self._end(group)
        return [*sums, *self.lines]

    def _begin(self, group: int, last: int) -> None:
        """Count for class `group` from here on, where it starts or where an earlier function left it."""
        self._end(last)
        start = f"(uint32_t)out[{group}]" if group in self.begun else f"{int(self.start[group]) % 2**32}u"
        self.begun.add(group)
        self.lines.append(f"s = {start};")

    def _end(self, group: int) -> None:
        """What has been counted is the score of class `group`, if there is one."""
        if group >= 0:
            self.lines += [f"out[{group}] = (int32_t)s;", *(better(group, len(self.start)) if self.better else [])]

    def _know(self, node: int) -> None:
        """A local variable of a value that this function has not: compared anew, or from the workspace."""
        if node in self.known:
            return
        self.known.add(node)
        if node >= self.circuit.inputs:
            self.loads += 1
            self.lines.append(f"const NAME_word n{node} = NAME_KEPT(v[{self.slots[node]}]);")
            return
        self.bits += 1
        feature, found = int(self.circuit.encoder.feature[node]), above(self.circuit, self.threshold[node], node)
        if feature in self.inverted:
            found = f"NAME_PAST(y{feature}, {int(self.threshold[node])})"
        self.lines.append(f"const NAME_word n{node} = {found};")

    def _inverted(self, part: list[_Statement]) -> tuple[set[int], list[str]]:
        """Features that a part is better off with inverted, and statements that invert them."""
        encoder = self.circuit.encoder
        bits = [node for statement in part for node in _reads(self.circuit, statement) if node < self.circuit.inputs]
        read = set(encoder.feature[bits].tolist())
        if self.bytewise or encoder.is_float or encoder.dtype in _WIDE or len(read) > _FEW:
            return set(), []
        found = {int(encoder.feature[bit]) for bit in bits if not 0 <= self.threshold[bit] <= _SMALL}
        return found, [
            f"int32_t y{feature} = ~(int32_t)x[{feature}]; NAME_OPAQUE(y{feature})" for feature in sorted(found)
        ]

    def _gate(self, node: int) -> None:
        gate = node - self.circuit.inputs
        text = _TEXT[int(self.circuit.op[gate])].format(a=f"n{self.circuit.a[gate]}", b=f"n{self.circuit.b[gate]}")
        self.known.add(node)
        self.lines.append(f"const NAME_word n{node} = (NAME_word)({text});")
        if node in self.slots:
            self.lines.append(f"v[{self.slots[node]}] = NAME_KEEP(n{node});")


def prelude(circuit: Circuit, bytewise: bool) -> list[str]:
    """What runtime/straight.c is told."""
    floats = [f"#define NAME_FLOAT {element_types(circuit)[1]}"] if circuit.encoder.is_float else []
    return [f"#define NAME_BYTEWISE {int(bytewise)}", *floats]


def above(circuit: Circuit, threshold: Any, bit: int) -> str:
    """Whether the feature of an encoder bit is above its threshold, given as the feature's own type has it."""
    encoder = circuit.encoder
    place = f"x[{encoder.feature[bit]}]"
    if encoder.is_float:
        return _float_above(place, threshold)
    form = "LONG" if encoder.dtype in _WIDE else "OVER"
    return f"NAME_{form}({place}, {constant(threshold, element_types(circuit)[0])})"


def _float_above(place: str, threshold: Any) -> str:
    """A float comparison by the bits. Minus zero, as a threshold, is zero: nothing lies between them."""
    size = threshold.dtype.itemsize * 8
    if threshold < 0:
        return f"NAME_above_negative({place}, UINT{size}_C(0x{int(threshold.view(f'uint{size}')):x}))"
    return f"NAME_above({place}, UINT{size}_C(0x{int(np.abs(threshold).view(f'uint{size}')):x}))"
