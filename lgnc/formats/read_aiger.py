"""AIGER, binary (`.aig`) and ASCII (`.aag`), combinational only -> Circuit.

Follows A. Biere, "The AIGER And-Inverter Graph (AIG) Format", version 20070427, and the header of AIGER 1.9 (2011).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.formats.cycle import gate_on_cycle
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Encoder, Int32
from lgnc.ir.gates import AND, FALSE, absorb_inversions
from lgnc.ir.order import in_order

_MAX_NODES = 1 << 29
_FREE_INPUTS = 1 << 20
"""A binary file may have so many inputs without a byte for each: they take no room in it, but they do here."""

Literals = NDArray[np.int64]


class _Reader:
    """The bytes of a file, read a line at a time; knows the line for error messages."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where = data, where
        self.at = self.line = 0

    def error(self, what: str, fix: str = "the file is damaged, or not AIGER") -> BadInput:
        return BadInput(what, where=f"{self.where}:{self.line}", fix=fix)

    def next(self, wanted: str) -> bytes:
        """The next line, without its end. Raises BadInput when there is none."""
        if self.at >= len(self.data):
            self.line += 1
            raise self.error(f"the file ends where {wanted} should be")
        end = self.data.find(b"\n", self.at)
        self.line += 1
        if end < 0:
            raise self.error(f"the file ends inside {wanted}: it was cut short", "get the whole file")
        line = self.data[self.at : end]
        self.at = end + 1
        return line.removesuffix(b"\r")

    def numbers(self, count: int, wanted: str, limit: int) -> list[int]:
        """The `count` numbers of the next line, each at most `limit`."""
        words = self.next(wanted).split(b" ")
        if len(words) != count:
            raise self.error(f"expected {wanted}: {count} number{'s' * (count != 1)}, found {len(words)}")
        return [self.number(word, wanted, limit) for word in words]

    def number(self, word: bytes, wanted: str, limit: int) -> int:
        if not word.isdigit():
            raise self.error(f"expected {wanted}, found {_shown(word)}")
        if len(word) > 20 or int(word) > limit:
            raise self.error(f"{_shown(word)} in {wanted} is more than {limit}")
        return int(word)


def _shown(word: bytes) -> str:
    return repr(word[:40].decode("ascii", "backslashreplace"))


def circuit_from_aiger(data: bytes, where: str) -> Circuit:
    """The circuit of an AIGER file's bytes: AND gates of inputs that are bits, no head, the file's names.

    Inputs and outputs without a symbol are called i0, i1, ... and o0, o1, ... Raises BadInput, with the line or the
    byte, for a damaged file, and for latches, bad-state properties and the like, which have no place in a Circuit.
    """
    return read_aiger(data, where)[0]


def read_aiger(data: bytes, where: str) -> tuple[Circuit, tuple[str, ...]]:
    """`circuit_from_aiger`, and a note when some of its names are missing: nothing else tells a file that was cut."""
    reader = _Reader(data, where)
    binary, most, inputs, outputs, ands = _header(reader)
    if binary:
        ends = np.array([reader.numbers(1, "an output literal", 2 * most + 1)[0] for _ in range(outputs)], np.int64)
        left, right = _binary_ands(reader, inputs, ands)
        lines = None
    else:
        ends, left, right, lines = _ascii_body(reader, most, inputs, outputs, ands)
    names = _symbols(reader, inputs, outputs)
    named = sum(map(len, names.values()))
    notes = [f"only {named} of {inputs + outputs} inputs and outputs have names; the others are i0 ... and o0 ..."]
    circuit = _circuit(where, inputs, left, right, ends, names, lines)
    return circuit, tuple(notes if 0 < named < inputs + outputs else ())


def _header(reader: _Reader) -> tuple[bool, int, int, int, int]:
    """(binary, M, I, O, A). Every count is held against the size of the file before anything is made of it."""
    words = reader.next("the header").split(b" ")
    if words[0] not in (b"aig", b"aag"):
        raise reader.error(f"starts with {_shown(words[0])}, not 'aig' or 'aag'", "give an AIGER file")
    if not 6 <= len(words) <= 10:
        raise reader.error(f"expected '{words[0].decode()} M I L O A', found {len(words) - 1} numbers")
    most, inputs, latches, outputs, ands, *more = (reader.number(word, "the header", 1 << 62) for word in words[1:])
    if latches:
        raise reader.error(f"has latches ({latches})", "lgnc reads combinational circuits; cut or unroll the latches")
    if any(more):
        raise reader.error("has bad-state, constraint, justice or fairness properties", "leave them out")
    binary, room = words[0] == b"aig", len(reader.data) - reader.at
    if 2 * outputs > room + 1 or (2 if binary else 6) * ands > room + 1:
        raise reader.error(f"claims {outputs} outputs and {ands} gates, and {room} bytes follow")
    if inputs > (room + _FREE_INPUTS if binary else room // 2 + 1) or inputs + ands > _MAX_NODES:
        raise reader.error(f"claims {inputs} inputs and {ands} gates, and {room} bytes follow")
    if most < inputs + ands or (binary and most != inputs + ands):
        raise reader.error(f"claims {most} variables, but {inputs} inputs and {ands} gates")
    return binary, most, inputs, outputs, ands


def _binary_ands(reader: _Reader, inputs: int, ands: int) -> tuple[Literals, Literals]:
    """The fan-in literals of the gates: two differences each, little-endian groups of seven bits."""
    octets = np.frombuffer(reader.data, np.uint8)[reader.at :]

    def error(position: int, what: str) -> BadInput:
        return BadInput(what, where=f"{reader.where}, byte {reader.at + position}", fix="the file is damaged")

    last = np.flatnonzero(octets[: 10 * ands] < 128)[: 2 * ands]
    if len(last) < 2 * ands:
        raise error(len(octets), f"the file ends in gate {len(last) // 2} of {ands}")
    first = np.concatenate([[0], last[:-1] + 1]).astype(np.int64) if ands else last
    size = last - first + 1
    if ands and size.max() > 5:
        at = int((size > 5).argmax())
        raise error(int(first[at]), f"a difference of gate {at // 2} takes more than 5 bytes")
    value = np.zeros(2 * ands, np.int64)
    for group in range(int(size.max(initial=0))):
        more = np.flatnonzero(size > group)
        value[more] |= (octets[first[more] + group] & 127).astype(np.int64) << (7 * group)
    own = 2 * np.arange(inputs + 1, inputs + ands + 1, dtype=np.int64)
    left = own - value[0::2]
    right = left - value[1::2]
    wrong = np.flatnonzero((value[0::2] == 0) | (right < 0))
    if len(wrong):
        gate = int(wrong[0])
        raise error(int(first[2 * gate]), f"gate {gate} reads a literal that does not come before it")
    reader.at += int(last[-1]) + 1 if ands else 0
    return left, right


def _ascii_body(
    reader: _Reader, most: int, inputs: int, outputs: int, ands: int
) -> tuple[Literals, Literals, Literals, list[int]]:
    """(outputs, left, right) as literals of the binary format's numbering, and the line of every gate."""
    limit = 2 * most + 1
    variable = {0: 0}

    def define(literal: int, what: str) -> None:
        if literal & 1 or literal >> 1 in variable:
            problem = "is inverted" if literal & 1 else "is constant" if literal == 0 else "is defined twice"
            raise reader.error(f"{what} {literal} {problem}")
        variable[literal >> 1] = len(variable)

    for _ in range(inputs):
        define(reader.numbers(1, "an input literal", limit)[0], "input")
    first_output = reader.line + 1
    ends = [reader.numbers(1, "an output literal", limit)[0] for _ in range(outputs)]
    first_gate = reader.line + 1
    gates = []
    for _ in range(ands):
        gate = reader.numbers(3, "a gate", limit)
        define(gate[0], "gate")
        gates.append(gate)
    lines = [first_gate + index for index in range(ands)]

    def renamed(literals: list[int], first_line: int) -> Literals:
        try:
            return np.array([2 * variable[each >> 1] + (each & 1) for each in literals], np.int64)
        except KeyError:
            index = next(index for index, each in enumerate(literals) if each >> 1 not in variable)
            reader.line = first_line + index
            raise reader.error(f"literal {literals[index]} is not defined") from None

    left, right = (renamed([gate[pin] for gate in gates], first_gate) for pin in (1, 2))
    return renamed(ends, first_output), left, right, lines


def _symbols(reader: _Reader, inputs: int, outputs: int) -> dict[str, dict[int, str]]:
    """Names by kind ('i', 'o') and position; what follows a line 'c' is comment."""
    counts = {"i": inputs, "o": outputs}
    names: dict[str, dict[int, str]] = {"i": {}, "o": {}}
    while reader.at < len(reader.data):
        if reader.data[reader.at : reader.at + 2] in (b"c", b"c\n", b"c\r"):
            break
        line = reader.next("a symbol")
        head, space, name = line.partition(b" ")
        kind = head[:1].decode("ascii", "replace")
        if kind not in counts or not space:
            raise reader.error(f"expected a symbol such as 'i0 NAME', or 'c', found {_shown(line)}")
        index = reader.number(head[1:], "a symbol's position", counts[kind] - 1)
        if not name.isascii():
            raise reader.error(f"the name {_shown(name)} is not ASCII", "rename it")
        if index in names[kind]:
            raise reader.error(f"{kind}{index} has two names")
        names[kind][index] = name.decode()
    return names


def _complete(prefix: str, count: int, given: dict[int, str]) -> tuple[str, ...]:
    """`given`, with PREFIX0, PREFIX1, ... where there is no name; underscores keep those apart from given ones."""
    taken = set(given.values())
    names = []
    for index in range(count):
        name = given.get(index, f"{prefix}{index}")
        while index not in given and name in taken:
            name += "_"
        names.append(name)
    return tuple(names)


def _circuit(
    where: str,
    inputs: int,
    left: Literals,
    right: Literals,
    ends: Literals,
    names: dict[str, dict[int, str]],
    lines: list[int] | None,
) -> Circuit:
    """AIGER literals (variable 0 is constant false, then inputs, then gates) as a Circuit in canonical order."""
    constant = bool((left < 2).any() or (right < 2).any() or (ends < 2).any())
    start = inputs if constant else inputs - 1

    def node(literals: Literals) -> Int32:
        variable = literals >> 1
        moved = np.where(variable > inputs, variable + start - inputs, np.where(variable == 0, inputs, variable - 1))
        return moved.astype(np.int32)

    op = absorb_inversions(np.full(len(left), AND, np.uint8), left, right)
    a, b = node(left), node(right)
    if constant:
        op = np.concatenate([np.array([FALSE], np.uint8), op])
        a, b = (np.concatenate([np.zeros(1, np.int32), each]) for each in (a, b))
    encoder = Encoder.binary(_complete("i", inputs, names["i"]))
    literals = (2 * node(ends) + (ends & 1)).astype(np.int32)
    if lines is not None:
        gate = gate_on_cycle(inputs, op, a, b)
        if gate is not None:
            place = f"{where}:{lines[gate - constant]}"
            raise BadInput("the gate depends on itself", where=place, fix="a circuit must be acyclic")
    return check(in_order(encoder, op, a, b, literals, None, _complete("o", len(ends), names["o"])), where)
