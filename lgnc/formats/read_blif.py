"""BLIF, combinational only -> Circuit: a `.names` table of one or two inputs is one gate, a larger one a few.

Follows "Berkeley Logic Interchange Format (BLIF)", University of California, 1992.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.formats.cycle import gate_on_cycle
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import AND, FALSE, FLIP_A, FLIP_B, NOT_A, OR, TRUE, A
from lgnc.ir.order import in_order

_ADVICE = {
    ".latch": "lgnc reads combinational circuits; cut or unroll the latches",
    ".subckt": "flatten the design first",
    ".gate": "write the circuit before technology mapping",
    ".mlatch": "lgnc reads combinational circuits; cut or unroll the latches",
}


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

    def error(self, line: int, what: str, fix: str = "the file is damaged, or not BLIF") -> BadInput:
        return BadInput(what, where=f"{self.where}:{line}", fix=fix)


def circuit_from_blif(data: bytes, where: str) -> Circuit:
    """The circuit of a BLIF file's bytes: inputs that are bits, no head, the file's names.

    Raises BadInput, with the line, for a damaged file, and for latches, sub-circuits and mapped gates.
    """
    file = _parse(data, where)
    return _Builder(file).circuit()


def _lines(data: bytes, where: str) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of every line that has words, continuation lines joined, comments gone."""
    words: list[str] = []
    start, joined = 1, False
    for number, raw in enumerate(data.split(b"\n"), 1):
        if not raw.isascii():
            raise BadInput("is not ASCII", where=f"{where}:{number}", fix="rename what is not, or give a BLIF file")
        text = raw.decode().partition("#")[0].rstrip()
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
    seen_model = ended = False
    for line, words in _lines(data, where):
        word = words[0]
        if ended:
            raise file.error(line, f"'{word[:40]}' after '.end'", "lgnc reads files of one model; flatten it first")
        if word == ".model":
            if seen_model:
                raise file.error(line, "a second '.model'", "lgnc reads files of one model; flatten it first")
            seen_model = True
        elif word == ".inputs":
            file.inputs += [(name, line) for name in words[1:]]
        elif word == ".outputs":
            file.outputs += [(name, line) for name in words[1:]]
        elif word == ".names":
            if len(words) < 2:
                raise file.error(line, "'.names' without a signal")
            file.tables.append(_Table(line, words[1:]))
        elif word == ".end":
            ended = True
        elif word.startswith("."):
            raise file.error(line, f"'{word[:40]}' is not supported", _ADVICE.get(word, "leave it out"))
        else:
            _cover_row(file, line, words)
    if not (seen_model or file.inputs or file.outputs or file.tables):
        raise file.error(1, "holds no '.model', '.inputs', '.outputs' or '.names'", "give a BLIF file")
    return file


def _cover_row(file: _File, line: int, words: list[str]) -> None:
    if not file.tables:
        raise file.error(line, f"expected a line like '.model NAME', found '{words[0][:40]}'")
    table = file.tables[-1]
    pattern, value = ("", words[0]) if len(table.signals) == 1 else (words[0], words[-1])
    if len(words) != 1 + (len(table.signals) > 1) or len(pattern) != len(table.signals) - 1:
        raise file.error(
            line, f"expected {len(table.signals) - 1} of 0, 1 or -, and the output, found '{words[0][:40]}'"
        )
    if set(pattern) - set("01-") or value not in ("0", "1"):
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
        if len(fanin) <= 2:
            return self.small(table, fanin)
        terms = [self.cube(pattern, fanin, table.line) for pattern, _ in table.cover]
        op, a, b = self.tree(OR, terms, table.line)
        inverted = bool(table.cover) and table.cover[0][1] == "0"
        return 15 - op if inverted else op, a, b

    @staticmethod
    def small(table: _Table, fanin: list[int]) -> tuple[int, int, int]:
        number = 0
        for x, y in ((0, 0), (0, 1), (1, 0), (1, 1)):
            covered = any(
                all(want in ("-", str(have)) for want, have in zip(pattern, (x, y), strict=False))
                for pattern, _ in table.cover
            )
            inverted = bool(table.cover) and table.cover[0][1] == "0"
            number = 2 * number + (covered ^ inverted)
        a, b, *_ = [*fanin, 0, 0]
        return number, a, b

    def cube(self, pattern: str, fanin: list[int], line: int) -> tuple[int, bool]:
        """(node, inverted) of the conjunction of a row of a cover."""
        literals = [(node, want == "0") for want, node in zip(pattern, fanin, strict=True) if want != "-"]
        if len(literals) == 1:
            return literals[0]
        return self.gate(*self.tree(AND, literals, line), line), False

    def tree(self, op: int, terms: list[tuple[int, bool]], line: int) -> tuple[int, int, int]:
        """(op, a, b) of the last gate of a balanced tree of ANDs or ORs over (node, inverted) terms."""
        if not terms:
            return (TRUE if op == AND else FALSE), 0, 0
        if len(terms) == 1:
            return (NOT_A if terms[0][1] else A), terms[0][0], 0
        level = terms
        while len(level) > 2:
            pairs = zip(level[0::2], level[1::2], strict=False)
            made = [(self.gate(*_with_inversions(op, one, two), line), False) for one, two in pairs]
            level = made + level[len(level) - len(level) % 2 :]
        return _with_inversions(op, level[0], level[1])


def _with_inversions(op: int, one: tuple[int, bool], two: tuple[int, bool]) -> tuple[int, int, int]:
    if one[1]:
        op = int(FLIP_A[op])
    if two[1]:
        op = int(FLIP_B[op])
    return op, one[0], two[0]
