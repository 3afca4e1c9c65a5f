"""Faults of lgnc's core drawn at random from its syntax trees: an operator, a number or a condition is changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOMS = {
    "lgnc/ir": "tests/ir",
    "passes": "tests/passes",
    "lgnc/verify": "tests/verify",
    "lgnc/readback": "tests/readback",
    "backends": "tests/backends",
}
"""Where faults are planted -> the tests of that room."""

_SWAPS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "|"),
    ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"), ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip


class Drawn(NamedTuple):
    """In `file` the characters first ... last - 1 are replaced by `new`. told: the line, before and after."""

    file: str
    first: int
    last: int
    new: str
    told: str
    room: str


def drawn(root: Path, count: int, seed: int) -> list[Drawn]:
    """`count` faults, each file as often as it has places for them."""
    found = []
    for folder, room in ROOMS.items():
        for path in sorted((root / folder).rglob("*.py")):
            found += list(_places(path, str(path.relative_to(root)), room))
    return Random(seed).sample(found, min(count, len(found)))


def _places(path: Path, file: str, room: str) -> Iterator[Drawn]:
    """Every fault of a file."""
    text = path.read_text()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def at(line: int, column: int) -> int:
        return starts[line - 1] + len(text[starts[line - 1] : starts[line]].encode()[:column].decode())

    def made(first: int, last: int, new: str) -> Drawn:
        line = text.count("\n", 0, first)
        before = text[starts[line] : starts[line + 1]].rstrip()
        offset = first - starts[line]
        after = before[:offset] + new + before[offset + last - first :]
        return Drawn(file, first, last, new, f"{file}:{line + 1}: {before.strip()}  ->  {after.strip()}", room)

    def between(left: ast.expr, right: ast.expr, operator: ast.AST) -> Iterator[Drawn]:
        """The operator between two operands."""
        old, new = _SWAPS.get(type(operator), ("", ""))
        first = at(left.end_lineno or 0, left.end_col_offset or 0)
        place = text.find(old, first, at(right.lineno, right.col_offset)) if old else -1
        if place >= 0:
            yield made(place, place + len(old), new)

    for node in _code(ast.parse(text)):
        if isinstance(node, ast.BinOp):
            yield from between(node.left, node.right, node.op)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from between(left, right, node.op)
        elif isinstance(node, ast.Compare):
            for left, right, operator in zip([node.left, *node.comparators], node.comparators, node.ops, strict=False):
                yield from between(left, right, operator)
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            first, last = at(node.lineno, node.col_offset), at(node.end_lineno or 0, node.end_col_offset or 0)
            yield made(first, last, str(not node.value) if isinstance(node.value, bool) else str(node.value + 1))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            first = at(node.lineno, node.col_offset)
            yield made(first, first + len("not "), "")


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below, without annotations and assertions."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.Assert):
                yield child
                yield from _code(child)
