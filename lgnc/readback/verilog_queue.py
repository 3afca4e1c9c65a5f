"""A module that only carries whole words along, from an input to an output through registers and memories.

When each word moves is not read: that is the handshake. That the word which comes out is one that went in, bit for
bit, is: every assignment on its way is of a whole signal, or a whole place of a memory, of one width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def carried(items: Sequence[Any], output: str, inputs: Mapping[str, int], widths: Mapping[str, int]) -> str | None:
    """The input whose words come out of `output`; None when another value can.

    items: the module's assignments and clocked blocks, as pyverilog has them. widths: of every signal, or of a place
    of it where it is a memory.
    """
    sources: dict[str, list[Any]] = {}
    for item in items:
        for target, value in _assignments(item):
            sources.setdefault(target, []).append(value)
    found, waiting, seen = set(), [output], {output}
    while waiting:
        name = waiting.pop()
        if name in inputs:
            found.add(name)
            continue
        if name not in sources:
            return None
        for value in sources[name]:
            word = _word(value)
            if word is None or widths.get(word) != widths.get(output):
                return None
            if word not in seen:
                seen.add(word)
                waiting.append(word)
    return found.pop() if len(found) == 1 else None


def _assignments(node: Any) -> Iterator[tuple[str, Any]]:
    """(target, value) of every assignment in a statement; a value of None where a part alone is assigned."""
    kind = type(node).__name__
    if kind in ("Assign", "NonblockingSubstitution"):
        target = node.left.var
        word = _word(target)
        if word is not None:
            yield word, node.right.var
        else:
            yield from ((each, None) for each in _identifiers(target))
    elif node is not None:
        for child in node.children():
            yield from _assignments(child)


def _word(node: Any) -> str | None:
    """The signal, or the memory of which one place, that an expression is."""
    kind = type(node).__name__
    if kind == "Pointer" and type(node.ptr).__name__ == "Identifier":
        node, kind = node.var, type(node.var).__name__
    return node.name if kind == "Identifier" and node.scope is None else None


def _identifiers(node: Any) -> Iterator[str]:
    if type(node).__name__ == "Identifier":
        yield node.name
    for child in node.children():
        yield from _identifiers(child)
