"""A module that only carries whole words along, from an input to an output through registers and memories.

When each word moves is not read: that is the handshake. That the word which comes out is one that went in, bit for
bit, is: every assignment on its way is of a whole signal, or a whole place of a memory, of one width.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from lgnc.readback.verilog_netlist import Net


def carried(items: Sequence[Any], output: str, inputs: Container[str], signals: Mapping[str, Net]) -> str | None:
    """The input whose words come out of `output`; None when another value can.

    items: the module's assignments and clocked blocks, as pyverilog has them.
    """
    sources: dict[str, list[str | None]] = {}
    for item in items:
        for target, word in _assignments(item, signals):
            sources.setdefault(target, []).append(word)
    found, waiting, seen = set(), [output], {output}
    while waiting:
        name = waiting.pop()
        if name in inputs:
            found.add(name)
            continue
        if name not in sources:
            return None
        for word in sources[name]:
            if word is None or signals[word].width != signals[output].width:
                return None
            if word not in seen:
                seen.add(word)
                waiting.append(word)
    return found.pop() if len(found) == 1 else None


def _assignments(node: Any, signals: Mapping[str, Net]) -> Iterator[tuple[str, str | None]]:
    """(target, the word that it takes) of every assignment in a statement; no word where it is not whole.

    A statement that is neither a block, a condition nor an assignment may do anything to the names in it.
    """
    kind = type(node).__name__
    if kind in ("Assign", "NonblockingSubstitution"):
        target = _word(node.left.var, signals)
        if target is not None:
            yield target, _word(node.right.var, signals)
        else:
            yield from ((each, None) for each in _identifiers(node.left))
    elif kind == "IfStatement":
        for branch in (node.true_statement, node.false_statement):
            if branch is not None:
                yield from _assignments(branch, signals)
    elif kind == "Block" and node.scope is None:
        for each in node.statements:
            yield from _assignments(each, signals)
    else:
        yield from ((each, None) for each in _identifiers(node))


def _word(node: Any, signals: Mapping[str, Net]) -> str | None:
    """The signal, or the memory of which one place, that an expression is; `v[i]` of any other signal is a bit."""
    place = type(node).__name__ == "Pointer" and type(node.ptr).__name__ == "Identifier"
    named = node.var if place else node
    if type(named).__name__ != "Identifier" or named.scope is not None or named.name not in signals:
        return None
    return str(named.name) if signals[named.name].memory == place else None


def _identifiers(node: Any) -> Iterator[str]:
    if type(node).__name__ == "Identifier":
        yield node.name
    for child in node.children():
        yield from _identifiers(child)
