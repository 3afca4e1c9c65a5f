"""Faults of lgnc's core drawn at random from its syntax trees: an operator, a number or a condition is changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOMS = ("lgnc/ir", "passes", "lgnc/verify", "lgnc/readback", "backends")
"""Where faults are planted."""

_SWAPS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "|"),
    ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"), ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip


class Drawn(NamedTuple):
    """In `file` the characters first ... last - 1 are replaced by `new`. told: the line, before and after.

    lines: those whose tests may notice it, of the statement; of the function for its defaults; else all.
    """

    file: str
    first: int
    last: int
    new: str
    told: str
    lines: frozenset[int]


def drawn(root: Path, count: int, seed: int) -> list[Drawn]:
    """`count` faults, each file as often as it has places for them."""
    found = []
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            found += list(_places(path, str(path.relative_to(root))))
    return Random(seed).sample(found, min(count, len(found)))


def _places(path: Path, file: str) -> Iterator[Drawn]:
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
        told = f"{file}:{line + 1}: {before.strip()}  ->  {after.strip()}"
        return Drawn(file, first, last, new, told, lines[line + 1])

    def between(left: ast.expr, right: ast.expr, operator: ast.AST) -> Iterator[Drawn]:
        """The operator between two operands."""
        old, new = _SWAPS.get(type(operator), ("", ""))
        first = at(left.end_lineno or 0, left.end_col_offset or 0)
        place = text.find(old, first, at(right.lineno, right.col_offset)) if old else -1
        if place >= 0:
            yield made(place, place + len(old), new)

    tree = ast.parse(text)
    lines = _lines(tree, len(starts))
    for node in _code(tree):
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
    """The nodes below, without annotations, assertions (zip's strict is one) and what is raised, which is a message."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            if isinstance(child, ast.AST) and not isinstance(child, (ast.Assert, ast.Raise)):
                yield child
                yield from _code(child)


def _lines(tree: ast.Module, count: int) -> list[frozenset[int]]:
    """For each line those whose tests may notice a fault in it: see Drawn."""
    every = frozenset(range(1, count + 1))
    found = [every] * (count + 1)

    def fill(body: list[ast.stmt], *, run: bool) -> None:
        for node in body:
            first, last = node.lineno, node.end_lineno or node.lineno
            inner = [part for name in ("body", "handlers", "orelse", "finalbody") for part in getattr(node, name, [])]
            inner += [part for case in getattr(node, "cases", []) for part in case.body]
            is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            if inner and not is_function:
                last = max(first, min(part.lineno for part in inner) - 1)
            if run or is_function:
                found[first : last + 1] = [frozenset(range(first, last + 1))] * (last + 1 - first)
            fill(inner, run=run or is_function)

    fill(tree.body, run=False)
    return found
