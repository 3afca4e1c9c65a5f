"""BLIF, combinational only -> Circuit: a `.names` table of one or two inputs is one gate, a larger one several.

Follows "Berkeley Logic Interchange Format (BLIF)", University of California, 1992.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.formats.cover import Cover, cover_gates
from lgnc.formats.cycle import gate_on_cycle
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import FALSE, NOT_A, TRUE, TRUE_LITERAL, A
from lgnc.ir.order import in_order

_ADVICE = {
    ".latch": "lgnc reads combinational circuits; cut or unroll the latches",
    ".subckt": "flatten the design first",
    ".gate": "write the circuit before technology mapping",
    ".mlatch": "lgnc reads combinational circuits; cut or unroll the latches",
    ".search": "put the models into one file and flatten it",
}

_NO_MEANING = re.compile(
    r"\.(default_)?((input|output)_(arrival|required)|input_drive|output_load|max_input_load)"
    r"|\.wire(_load.*)?|\.area|\.delay|\.cycle|\.clock|\.clock_event|\.attr|\.param|\.cname|\.no_merge"
)
"""Delays, loads and clocks as BLIF has them, and what yosys writes beside a table. The function is the same without."""


@dataclass
class _Table:
    """One `.names`: its line, its signals (the last is the output), and its cover: (input pattern, output) rows."""

    line: int
    signals: list[str]
    cover: list[tuple[str, str]] = field(default_factory=list)


class _File:
    """The declarations of a file, in its own words."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.inputs: list[tuple[str, int]] = []
        self.outputs: list[tuple[str, int]] = []
        self.tables: list[_Table] = []
        self.notes: list[str] = []

    def error(self, line: int, what: str, fix: str = "the file is damaged, or not BLIF") -> BadInput:
        return BadInput(what, where=f"{self.where}:{line}", fix=fix)


def circuit_from_blif(data: bytes, where: str) -> Circuit:
    """The circuit of a BLIF file's bytes: inputs that are bits, no head, the file's names.

    Raises BadInput, with the line, for a damaged file, one that was cut short (without `.end`), and for latches,
    sub-circuits and mapped gates.
    """
    return read_blif(data, where)[0]


def read_blif(data: bytes, where: str) -> tuple[Circuit, tuple[str, ...]]:
    """`circuit_from_blif`, and what was left out of it, a line each: delays and the like, external don't-cares."""
    file = _parse(data, where)
    return _Builder(file).circuit(), tuple(file.notes)


def _lines(data: bytes, where: str) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of every line that has words, continuation lines joined, comments gone."""
    words: list[str] = []
    start, joined = 1, False
    for number, raw in enumerate(data.split(b"\n"), 1):
        raw = raw.partition(b"#")[0]
        if not raw.isascii():
            raise BadInput("is not ASCII", where=f"{where}:{number}", fix="rename what is not, or give a BLIF file")
        text = raw.decode().rstrip()
        if not joined:
            words, start = [], number
        joined = text.endswith("\\")
        words += text.removesuffix("\\").split()
        if words and not joined:
            yield start, words
    if words and joined:
        yield start, words


def _parse(data: bytes, where: str) -> _File:
    file = _File(where)
    seen_model = ended = dont_care = False
    unread: dict[str, None] = {}
    line = 1
    for line, words in _lines(data, where):
        word = words[0]
        if ended:
            raise file.error(line, f"'{word[:40]}' after '.end'", "lgnc reads files of one model; flatten it first")
        if word == ".end":
            ended = True
        elif word == ".exdc" or dont_care:
            dont_care = True
        elif word == ".model":
            if seen_model:
                raise file.error(line, "a second '.model'", "lgnc reads files of one model; flatten it first")
            seen_model = True
        elif _NO_MEANING.fullmatch(word):
            unread[word] = None
        else:
            _declaration(file, line, words)
    if not (seen_model or file.inputs or file.outputs or file.tables):
        raise file.error(1, "holds no '.model', '.inputs', '.outputs' or '.names'", "give a BLIF file")
    if not ended:
        what = "the file ends without '.end': it may have been cut short"
        raise file.error(line, what, "get it again; if it is whole, add a line '.end'")
    if unread:
        file.notes.append(f"left out, without meaning here: {', '.join(unread)}")
    if dont_care:
        file.notes.append("left out: external don't-cares (.exdc); the outputs count for all inputs")
    return file


def _declaration(file: _File, line: int, words: list[str]) -> None:
    """Inputs, outputs, the head of a table, or a row of the last one."""
    word = words[0]
    if word == ".inputs":
        file.inputs += [(name, line) for name in words[1:]]
    elif word == ".outputs":
        file.outputs += [(name, line) for name in words[1:]]
    elif word == ".names":
        if len(words) < 2:
            raise file.error(line, "'.names' without a signal")
        file.tables.append(_Table(line, words[1:]))
    elif word.startswith("."):
        raise file.error(line, f"'{word[:40]}' is not supported", _ADVICE.get(word, "leave it out"))
    else:
        _cover_row(file, line, words)


def _cover_row(file: _File, line: int, words: list[str]) -> None:
    if not file.tables:
        raise file.error(line, f"expected a line like '.model NAME', found '{words[0][:40]}'")
    table = file.tables[-1]
    pattern, value = ("", words[0]) if len(table.signals) == 1 else (words[0], words[-1])
    if len(words) != 1 + (len(table.signals) > 1) or len(pattern) != len(table.signals) - 1:
        raise file.error(
            line, f"expected {len(table.signals) - 1} of 0, 1 or -, and the output, found '{words[0][:40]}'"
        )
    if value not in ("0", "1"):
        raise file.error(line, f"the output of a row is 0 or 1, not '{value[:40]}'")
    if set(pattern) - set("01-"):
        raise file.error(line, f"'{' '.join(words)[:40]}' is not made of 0, 1 and -")
    if table.cover and table.cover[0][1] != value:
        raise file.error(line, "the rows of one table have different outputs")
    table.cover.append((pattern, value))


class _Builder:
    """Turns tables into gates. Gates are numbered as they come; `in_order` sorts them."""

    def __init__(self, file: _File) -> None:
        self.file = file
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.line: list[int] = []
        self.node: dict[str, int] = {}

    def circuit(self) -> Circuit:
        file = self.file
        for index, (name, line) in enumerate(file.inputs):
            if name in self.node:
                raise file.error(line, f"input '{name[:40]}' is declared twice")
            self.node[name] = index
        # a table's output is its first gate, so that other tables can read it before it is built
        for index, table in enumerate(file.tables):
            name = table.signals[-1]
            if name in self.node:
                raise file.error(table.line, f"'{name[:40]}' is defined twice")
            self.node[name] = len(file.inputs) + index
        count = len(file.tables)
        self.op, self.a, self.b = [FALSE] * count, [0] * count, [0] * count
        self.line = [table.line for table in file.tables]
        for index, table in enumerate(file.tables):
            self.op[index], self.a[index], self.b[index] = self.table(table)
        outputs = [2 * self.read(name, line) for name, line in file.outputs]
        seen: set[str] = set()
        for name, line in file.outputs:
            if name in seen:
                raise file.error(line, f"output '{name[:40]}' is declared twice")
            seen.add(name)
        op, a, b = np.array(self.op, np.uint8), np.array(self.a, np.int32), np.array(self.b, np.int32)
        gate = gate_on_cycle(len(file.inputs), op, a, b)
        if gate is not None:
            raise file.error(self.line[gate], "the table depends on itself", "a circuit must be acyclic")
        encoder = Encoder.binary(tuple(name for name, _ in file.inputs))
        names = tuple(name for name, _ in file.outputs)
        return check(in_order(encoder, op, a, b, np.array(outputs, np.int32), None, names), file.where)

    def read(self, name: str, line: int) -> int:
        if name not in self.node:
            raise self.file.error(line, f"'{name[:40]}' is not defined")
        return self.node[name]

    def gate(self, op: int, a: int, b: int, line: int) -> int:
        self.op.append(op)
        self.a.append(a)
        self.b.append(b)
        self.line.append(line)
        return len(self.file.inputs) + len(self.op) - 1

    def table(self, table: _Table) -> tuple[int, int, int]:
        """(op, a, b) of a table's last gate; what feeds it has been added."""
        fanin = [self.read(name, table.line) for name in table.signals[:-1]]
        rows = tuple(pattern for pattern, _ in table.cover)
        gates, literal = (_kept if len(rows) <= _FEW else cover_gates)(len(fanin), rows)
        if table.cover and table.cover[0][1] == "0":
            literal ^= 1
        if literal < 0:
            return (TRUE if literal == TRUE_LITERAL else FALSE), 0, 0
        inverted = literal & 1
        if not gates:
            return (NOT_A if inverted else A), fanin[literal >> 1], 0
        node = list(fanin)
        for op, a, b in gates[:-1]:
            node.append(self.gate(op, node[a], node[b], table.line))
        op, a, b = gates[-1]
        return (15 - op if inverted else op), node[a], node[b]


_FEW = 64
"""Rows of a table that may well occur again in the file, as those of mapped circuits do."""


@lru_cache(maxsize=4096)
def _kept(inputs: int, rows: tuple[str, ...]) -> Cover:
    return cover_gates(inputs, rows)
