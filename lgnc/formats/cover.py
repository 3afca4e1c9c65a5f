"""The cover of a table (rows of 0, 1 and -) as gates: rows that end alike, or differ in one place, share them.

A set of rows is split by its first column: f = x one + ~x zero + rest. Sets that occur again are built once, and
where `one` is the complement of `zero` the two are an XOR: the parity of n inputs takes n - 1 gates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from lgnc.ir.builder import FALSE, TRUE, Builder, joined
from lgnc.ir.gates import AND, OR, XOR

Rows = frozenset[str]

_MOST_WORK = 1 << 33
"""Characters that splitting may touch, some seconds of work; a wider table is a plain sum of products."""


class Cover(NamedTuple):
    """Gates as (op, a, b) over node ids, the table's inputs first; literal: 2 * node + inverted, FALSE or TRUE.

    The literal is of an input, a constant, or the last gate.
    """

    gates: tuple[tuple[int, int, int], ...]
    literal: int


class _Split(NamedTuple):
    """The rows with what they all have in common taken off, as literals, and cut in three by the next column.

    column: None where nothing is left to ask, the rows being true.
    """

    common: list[int]
    column: int | None
    one: Rows
    zero: Rows
    rest: Rows


def cover_gates(inputs: int, rows: Iterable[str]) -> Cover:
    """The gates of the disjunction of `rows`, each a pattern of `inputs` characters 0, 1 and -."""
    root = frozenset(rows)
    if not root:
        return Cover((), FALSE)
    build = _Sharing(inputs)
    if len(root) * inputs**2 > _MOST_WORK:
        return _live(build, joined(build, OR, [_conjunction(build, row) for row in root]))
    splits, readers = _plan(root, inputs)
    terms: dict[Rows, list[int]] = {}
    made: dict[Rows, int] = {frozenset(): FALSE}

    def literal(part: Rows) -> int:
        if part not in made:
            made[part] = joined(build, AND, [joined(build, OR, terms.pop(part)), *splits[part].common])
        return made[part]

    for part, split in splits.items():
        if readers[split.rest] == 1 and split.rest in terms and not splits[split.rest].common:
            terms[part] = terms.pop(split.rest)
        else:
            terms[part] = [literal(split.rest)] if split.column is not None else [TRUE]
        if split.column is not None:
            terms[part] += _choice(build, 2 * split.column, literal(split.one), literal(split.zero))
    return _live(build, literal(root))


def _conjunction(build: Builder, row: str) -> int:
    return joined(build, AND, [2 * column + (want == "0") for column, want in enumerate(row) if want != "-"])


def _plan(root: Rows, inputs: int) -> tuple[dict[Rows, _Split], Counter[Rows]]:
    """The splits of every set of rows that occurs, each after those that it reads; and how often each is read."""
    readers: Counter[Rows] = Counter()
    splits: dict[Rows, _Split] = {}
    done: dict[Rows, _Split] = {}
    stack = [root]
    while stack:
        rows = stack[-1]
        if rows not in splits:
            splits[rows] = split = _split(rows, inputs)
            parts = [part for part in split[2:] if part]
            readers.update(parts)
            stack += [part for part in parts if part not in splits]
        else:
            done.setdefault(rows, splits[rows])
            stack.pop()
    return done, readers


def _split(rows: Rows, inputs: int) -> _Split:
    common: list[int] = []
    left = len(next(iter(rows)))
    while left and "-" * left not in rows:
        column = inputs - left
        tails: dict[str, list[str]] = {"1": [], "0": [], "-": []}
        for row in rows:
            tails[row[0]].append(row[1:])
        one, zero, rest = map(frozenset, tails.values())
        if (bool(one), bool(zero), bool(rest)).count(True) > 1:
            return _Split(common, column, one, zero, rest)
        if not rest:
            common.append(2 * column + (not one))
        rows, left = one or zero or rest, left - 1
    return _Split(common, None, frozenset(), frozenset(), frozenset())


def _choice(build: Builder, x: int, one: int, zero: int) -> list[int]:
    """Literals whose disjunction is `one` where x holds, else `zero`."""
    if one == zero:
        return [one]
    if one == zero ^ 1:
        return [build.gate(XOR, x, zero)]
    if TRUE in (one, zero):
        return [x, zero] if one == TRUE else [x ^ 1, one]
    return [build.gate(AND, x, one), build.gate(AND, x ^ 1, zero)]


class _Sharing(Builder):
    """A builder that makes no gate twice, whichever of its forms is asked for. Only AND, OR and XOR are."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs)
        self.made: dict[tuple[int, int, int], int] = {}

    def gate(self, op: int, a: int, b: int) -> int:
        """The literal of AND, OR or XOR of two literals: OR is the AND of complements, XOR one of plain nodes."""
        if op == OR:
            return self.gate(AND, a ^ 1, b ^ 1) ^ 1
        flip = (a ^ b) & 1 if op == XOR else 0
        if op == XOR:
            a, b = a & ~1, b & ~1
        key = op, min(a, b), max(a, b)
        if key not in self.made:
            self.made[key] = super().gate(*key)
        return self.made[key] ^ flip


def _live(build: Builder, literal: int) -> Cover:
    """The gates that the literal needs, renumbered."""
    if literal < 0:
        return Cover((), literal)
    needed = {literal >> 1}
    for gate in range(len(build.op) - 1, -1, -1):
        if build.inputs + gate in needed:
            needed |= {build.a[gate], build.b[gate]}
    place = list(range(build.inputs))
    gates: list[tuple[int, int, int]] = []
    for gate, (op, a, b) in enumerate(zip(build.op, build.a, build.b, strict=True), build.inputs):
        place.append(build.inputs + len(gates))
        if gate in needed:
            gates.append((op, place[a], place[b]))
    return Cover(tuple(gates), 2 * place[literal >> 1] + (literal & 1))
