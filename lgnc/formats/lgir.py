"""The printable form of a circuit, `.lgir`: stable text that parses back exactly. `docs/ir.md` specifies it."""

from __future__ import annotations

import json
import re
from math import isfinite

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.check import check
from lgnc.ir.circuit import FEATURE_DTYPES, Circuit, Encoder, Head, Int32
from lgnc.ir.gates import GATES, OPCODE, READS_A, READS_B
from lgnc.ir.quantiser import Quantiser

VERSION = 1

_NUMBER = re.compile(r"[0-9]{1,18}")
"""A longer one is no count or node of anything, and Python refuses to read some thousand digits."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_REAL = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?(e[+-]?[0-9]{1,4})?")
"""Thresholds and tau as they are written; Python's own readers take '1_0', digits of other scripts and 'nan' too."""


def _literal(literal: int) -> str:
    return f"~n{literal >> 1}" if literal & 1 else f"n{literal >> 1}"


def to_text(circuit: Circuit) -> str:
    """The `.lgir` text of a circuit, ending in a newline."""
    parts = [encoder_lines(circuit.encoder), gate_lines(circuit)]
    parts.append(output_lines(circuit.outputs, circuit.head, circuit.output_names))
    return "\n".join([f"lgir {VERSION}", *(line for part in parts for line in part), "end"]) + "\n"


def encoder_lines(enc: Encoder) -> list[str]:
    """The features and the bits."""
    lines = [f"features {enc.dtype} {len(enc.names)}", *_feature_lines(enc), f"bits {enc.bits}"]
    compared = zip(enc.feature.tolist(), enc.threshold.tolist(), strict=True)
    return lines + [f"n{bit} = f{feature} > {threshold!r}" for bit, (feature, threshold) in enumerate(compared)]


def _feature_lines(enc: Encoder) -> list[str]:
    """The names, each with what makes codes of its values, if something does."""
    names = list(map(json.dumps, enc.names))
    if enc.quantiser is None:
        return names
    pairs = zip(names, enc.quantiser.scale.tolist(), enc.quantiser.offset.tolist(), strict=True)
    return [f"{name} scale {scale!r} offset {offset}" for name, scale, offset in pairs]


def gate_lines(circuit: Circuit) -> list[str]:
    """The gates."""
    layer = [""] * circuit.gates if circuit.layer is None else [f" @{n}" for n in circuit.layer.tolist()]
    rows = zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), layer, strict=True)
    reads_a, reads_b = READS_A.tolist(), READS_B.tolist()
    return [f"gates {circuit.gates}"] + [
        f"n{node} = {GATES[op].name}{f' n{a}' if reads_a[op] else ''}{f' n{b}' if reads_b[op] else ''}{tail}"
        for node, (op, a, b, tail) in enumerate(rows, circuit.inputs)
    ]


def output_lines(outputs: Int32, head: Head | None, names: tuple[str, ...]) -> list[str]:
    """The head, or the named outputs of what has none."""
    literals = [_literal(x) for x in outputs.tolist()]
    if head is None:
        named = zip(names, literals, strict=True)
        return [f"outputs {len(outputs)}", *(f"{json.dumps(name)} = {literal}" for name, literal in named)]
    lines, starts = [f"head {head.classes} tau {head.tau!r}"], head.starts.tolist()
    for index, (name, offset) in enumerate(zip(head.names, head.offset.tolist(), strict=True)):
        run = literals[starts[index] : starts[index + 1]]
        lines.append(" ".join([json.dumps(name), "=", str(offset), *run]))
    return lines


def lgir_bytes(circuit: Circuit) -> bytes:
    """The bytes of the circuit's `.lgir` file."""
    return to_text(circuit).encode()


class LineReader:
    """The lines of a text, with the number of the current one for error messages."""

    def __init__(self, text: str, where: str) -> None:
        self.lines = text.split("\n")
        self.where, self.at = where, 0

    def error(self, what: str) -> BadInput:
        return BadInput(what, where=f"{self.where}:{self.at}", fix="see docs/ir.md for the format")

    def next(self) -> str:
        if self.at >= len(self.lines):
            raise self.error("the file ends early")
        self.at += 1
        return self.lines[self.at - 1]

    def header(self, word: str) -> list[str]:
        """The fields after `word` on the next line."""
        fields = self.next().split(" ")
        if fields[0] != word:
            raise self.error(f"expected '{word}', found '{fields[0][:40]}'")
        return fields[1:]

    def version(self, word: str, known: int) -> None:
        """The first line: `word` and the one version that is known."""
        fields = self.header(word)
        if fields != [str(known)]:
            raise self.error(f"version {' '.join(fields)[:40]} is not {known}")

    def count(self, text: str) -> int:
        """A count, which may not exceed the lines that are left: a wrong one must not take memory."""
        if not _NUMBER.fullmatch(text) or int(text) > len(self.lines) - self.at:
            raise self.error(f"'{text[:40]}' is not a count of the lines that follow")
        return int(text)

    def name(self, line: str) -> tuple[str, str]:
        """A JSON string at the start of a line, and what follows it."""
        try:
            value, end = json.JSONDecoder().raw_decode(line) if line.startswith('"') else (None, 0)
        except ValueError:
            value = None
        if not isinstance(value, str):
            raise self.error("expected a name in double quotes")
        return value, line[end:]

    def integer(self, text: str, prefix: str, limit: int) -> int:
        """The number after `prefix`, in 0..limit - 1."""
        digits = text[len(prefix) :]
        if not (text.startswith(prefix) and _NUMBER.fullmatch(digits) and int(digits) < limit):
            raise self.error(f"'{text[:40]}' is not {prefix}0..{prefix}{limit - 1}")
        return int(digits)

    def end(self) -> None:
        """Nothing but the word 'end' is left."""
        if self.next() != "end" or any(self.lines[self.at :]):
            raise self.error("expected 'end' and nothing after it")


def from_text(text: str, where: str = "circuit") -> Circuit:
    """The circuit of an `.lgir` text, checked. Raises BadInput that names the line."""
    reader = LineReader(text, where)
    reader.version("lgir", VERSION)
    encoder = read_encoder(reader)
    op, a, b, layer = read_gates(reader, encoder.bits)
    head, names, outputs = read_outputs(reader, encoder.bits + len(op))
    reader.end()
    arrays = (np.array(op, np.uint8), np.array(a, np.int32), np.array(b, np.int32), np.array(outputs, np.int32))
    marks = None if layer is None else np.array(layer, np.int16)
    circuit = Circuit(encoder, *arrays, head, names, marks)
    return check(circuit, where)


def decoded(data: bytes, where: str, ending: str) -> str:
    """UTF-8 bytes as text. Raises BadInput that names the byte that is not, and the ending of what was expected."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"is not UTF-8 text at byte {error.start}", where=where, fix=f"give an {ending} file") from None


def circuit_from_lgir(data: bytes, where: str) -> Circuit:
    """The circuit of an `.lgir` file's bytes. Raises BadInput that names the line, or the byte that is not UTF-8."""
    return from_text(decoded(data, where, ".lgir"), where)


def read_encoder(reader: LineReader) -> Encoder:
    fields = reader.header("features")
    if len(fields) != 2 or fields[0] not in FEATURE_DTYPES:
        raise reader.error(f"expected 'features TYPE COUNT', TYPE one of {', '.join(FEATURE_DTYPES)}")
    names, steps = [], list[tuple[float, int]]()
    for _ in range(reader.count(fields[1])):
        name, rest = reader.name(reader.next())
        if rest:
            steps.append(_step(reader, rest))
        names.append(name)
    if steps and len(steps) != len(names):
        raise reader.error("some features have a scale and some have none")
    quantiser = None if not steps else Quantiser(*map(np.array, zip(*steps, strict=True)))
    is_float = fields[0].startswith("float")
    feature, threshold = [], []
    for bit in range(reader.count(" ".join(reader.header("bits")))):
        words = reader.next().split(" ")
        if len(words) != 5 or words[0] != f"n{bit}" or words[1] != "=" or words[3] != ">":
            raise reader.error(f"expected 'n{bit} = fFEATURE > THRESHOLD'")
        feature.append(reader.integer(words[2], "f", len(names)))
        if not (_REAL if is_float else _INTEGER).fullmatch(words[4]):
            raise reader.error(f"'{words[4][:40]}' is not a threshold for {fields[0]} features")
        value = float(words[4]) if is_float else int(words[4])
        if not (isfinite(value) if is_float else -(2**63) <= value < 2**63):
            raise reader.error(f"threshold {words[4][:40]} does not fit 64 bits")
        threshold.append(value)
    values = np.array(threshold, np.float64) if is_float else np.array(threshold, np.int64)
    return Encoder(tuple(names), fields[0], np.array(feature, np.int32), values, quantiser)


def _step(reader: LineReader, rest: str) -> tuple[float, int]:
    """(scale, offset) of what follows a feature's name."""
    words = rest.split(" ")
    if len(words) != 5 or words[:2] != ["", "scale"] or words[3] != "offset":
        raise reader.error(f"'{rest[:40]}' after a feature's name")
    if not _REAL.fullmatch(words[2]) or not _NUMBER.fullmatch(words[4].removeprefix("-")):
        raise reader.error(f"'{rest[:40]}' is not a scale and an offset")
    return float(words[2]), int(words[4])


def read_gates(reader: LineReader, inputs: int) -> tuple[list[int], list[int], list[int], list[int] | None]:
    count = reader.count(" ".join(reader.header("gates")))
    op, a, b = [0] * count, [0] * count, [0] * count
    layer: list[int] = []
    pins = [int(x) for x in READS_A + 2 * READS_B.astype(int)]
    for gate in range(count):
        words = reader.next().split(" ")
        node = inputs + gate
        number = OPCODE.get(words[2]) if len(words) > 2 else None
        if words[0] != f"n{node}" or number is None or words[1] != "=":
            raise reader.error(f"expected 'n{node} = GATE ...', GATE one of {', '.join(OPCODE)}")
        if words[-1].startswith("@"):
            layer.append(reader.integer(words.pop(), "@", 2**15))
        fanins = [reader.integer(word, "n", node) for word in words[3:]]
        if len(fanins) != (pins[number] & 1) + (pins[number] >> 1):
            raise reader.error(f"gate '{words[2]}' does not have {len(fanins)} fan-ins")
        op[gate] = number
        if pins[number] & 1:
            a[gate] = fanins[0]
        if pins[number] & 2:
            b[gate] = fanins[-1]
    if layer and len(layer) != count:
        raise reader.error("some gates have a layer and some have none")
    return op, a, b, layer or None


def read_outputs(reader: LineReader, nodes: int) -> tuple[Head | None, tuple[str, ...], list[int]]:
    """The head or the names, and the literals, of `nodes` nodes."""

    def literal(word: str) -> int:
        inverted = word.startswith("~")
        return 2 * reader.integer(word[inverted:], "n", nodes) + inverted

    line = reader.next().split(" ")
    names: list[str] = []
    outputs: list[int] = []
    if len(line) == 2 and line[0] == "outputs":
        for _ in range(reader.count(line[1])):
            name, rest = reader.name(reader.next())
            words = rest.split(" ")
            if len(words) != 3 or words[:2] != ["", "="]:
                raise reader.error("expected '\"NAME\" = LITERAL'")
            names.append(name)
            outputs.append(literal(words[2]))
        return None, tuple(names), outputs
    if len(line) != 4 or line[0] != "head" or line[2] != "tau":
        raise reader.error("expected 'outputs COUNT' or 'head CLASSES tau TAU'")
    classes = reader.count(line[1])
    if not _REAL.fullmatch(line[3]):
        raise reader.error(f"tau '{line[3][:40]}' is not a number")
    tau = float(line[3])
    starts, offset = [0], []
    for _ in range(classes):
        name, rest = reader.name(reader.next())
        words = rest.split(" ")
        if len(words) < 3 or words[:2] != ["", "="] or not re.fullmatch(r"-?[0-9]{1,9}", words[2]):
            raise reader.error("expected '\"CLASS\" = OFFSET LITERAL ...', OFFSET of at most nine digits")
        names.append(name)
        offset.append(int(words[2]))
        outputs += map(literal, words[3:])
        starts.append(len(outputs))
    head = Head(tuple(names), np.array(starts, np.int32), np.array(offset, np.int32), tau)
    return head, (), outputs
