"""Both circuits in one graph of AND and XOR nodes with inverted edges, hashed so that equal structure is one node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Words
from lgnc.ir.gates import TABLE
from lgnc.verify.space import live_nodes

LEAF, AND, XOR = range(3)
_SHIFT = 32


def _decompose() -> list[tuple[int, int, int, int]]:
    """(kind, invert a, invert b, invert the result) for each gate number; kind -1: a constant, -2: a, -3: b."""
    rows = []
    for table in TABLE.tolist():
        ones = sum(table)
        if ones in (0, 4):
            rows.append((-1, 0, 0, int(ones == 4)))
        elif table in ([0, 0, 1, 1], [1, 1, 0, 0]):
            rows.append((-2, 0, 0, table[0]))
        elif table in ([0, 1, 0, 1], [1, 0, 1, 0]):
            rows.append((-3, 0, 0, table[0]))
        elif ones == 2:
            rows.append((XOR, 0, 0, table[0]))
        else:
            odd = table.index(1 if ones == 1 else 0)
            rows.append((AND, 1 - (odd >> 1), 1 - (odd & 1), int(ones == 3)))
    return rows


_GATE = _decompose()


class Graph:
    """Node 0 is false, nodes 1..leaves the cuts of the space, then AND and XOR nodes; fan-ins come first.

    Literals are 2 * node + inverted. `kind`, `f0`, `f1` are lists, a node each; `table` maps a key to its literal.
    `origin` is the literal, among the cuts and then the gates of all circuits added, that first gave each node (-1 for
    none). plain: make no node of another kind than the gate asked for (an AND of ANDs that is an XOR stays one).
    """

    def __init__(self, leaves: int, plain: bool = False) -> None:
        self.leaves, self.plain, self.added = leaves, plain, leaves + 1
        self.origin = list(range(0, 2 * leaves + 2, 2))
        self.kind = [LEAF] * (leaves + 1)
        self.f0 = [0] * (leaves + 1)
        self.f1 = [0] * (leaves + 1)
        self.table: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.kind)

    def and_(self, x: int, y: int) -> int:
        """The literal of x & y."""
        if x > y:
            x, y = y, x
        if x < 2:
            return y if x else 0
        if x >> 1 == y >> 1:
            return x if x == y else 0
        key = (y << _SHIFT | x) << 1
        found = self.table.get(key)
        if found is not None:
            return found
        if x & y & 1 and not self.plain and (made := self._as_xor(x >> 1, y >> 1)) >= 0:
            self.table[key] = made
            return made
        if not self.plain and (made := self._simpler(x, y)) >= 0:
            self.table[key] = made
            return made
        return self._new(AND, x, y, key)

    def _simpler(self, x: int, y: int) -> int:
        """x & y when node y reads node x, else -1: x & (x & z) is x & z, x & (x ^ z) is x & ~z."""
        node = y >> 1
        own, other = self.f0[node], self.f1[node]
        if own >> 1 != x >> 1:
            own, other = other, own
            if own >> 1 != x >> 1:
                return -1
        if self.kind[node] == XOR:
            return self.and_(x, other ^ (x & 1) ^ (y & 1) ^ 1)
        if self.kind[node] != AND:
            return -1
        if own == x:
            return self.and_(x, other ^ 1) if y & 1 else y
        return x if y & 1 else 0

    def xor(self, x: int, y: int) -> int:
        """The literal of x ^ y."""
        flip = (x ^ y) & 1
        x, y = x & ~1, y & ~1
        if x > y:
            x, y = y, x
        if x == 0:
            return y ^ flip
        if x == y:
            return flip
        key = (y << _SHIFT | x) << 1 | 1
        found = self.table.get(key)
        if found is None:
            found = -1 if self.plain else self._absorbed(x, y)
            if found < 0:
                found = self._new(XOR, x, y, key)
            else:
                self.table[key] = found
        return found ^ flip

    def _absorbed(self, x: int, y: int) -> int:
        """x ^ y as an AND literal when node y is an AND that reads node x, else -1: x ^ (x & z) is x & ~z."""
        node = y >> 1
        if self.kind[node] != AND:
            return -1
        own, other = self.f0[node], self.f1[node]
        if own >> 1 != x >> 1:
            own, other = other, own
            if own >> 1 != x >> 1:
                return -1
        return self.and_(x, other ^ 1) if own == x else self.and_(x ^ 1, other ^ 1) ^ 1

    def _as_xor(self, x: int, y: int) -> int:
        """~x & ~y as an XOR literal when nodes x = p & q and y = ~p & ~q, else -1."""
        if self.kind[x] != AND or self.kind[y] != AND:
            return -1
        if self.f0[x] != self.f0[y] ^ 1 or self.f1[x] != self.f1[y] ^ 1:
            return -1
        return self.xor(self.f0[x], self.f1[x])

    def _new(self, kind: int, x: int, y: int, key: int) -> int:
        literal = 2 * len(self.kind)
        self.kind.append(kind)
        self.f0.append(x)
        self.f1.append(y)
        self.origin.append(-1)
        self.table[key] = literal
        return literal

    def alias(self, made: int, literal: int) -> None:
        """Let later requests for the node of literal `made` get `literal`, which is proven equal to `made`, instead."""
        node = made >> 1
        key = (self.f1[node] << _SHIFT | self.f0[node]) << 1 | (self.kind[node] == XOR)
        self.table[key] = literal ^ (made & 1)

    def make(self, kind: int, x: int, y: int) -> int:
        """The literal of an AND or XOR of two literals."""
        return self.and_(x, y) if kind == AND else self.xor(x, y)

    def add_circuit(self, circuit: Circuit, literal: NDArray[np.int64]) -> list[int]:
        """Add what the outputs depend on; `literal` gives the encoder bits. Returns the literal of every output."""
        at = self.add_gates(circuit, literal, {})
        return [at[x >> 1] ^ (x & 1) for x in circuit.outputs.tolist()]

    def add_gates(self, circuit: Circuit, literal: NDArray[np.int64], known: Mapping[int, int]) -> list[int]:
        """Add what the outputs depend on, but for gates whose literal is known, by node. Returns the literal of every
        node; 0 of those that no output depends on.
        """
        live = live_nodes(circuit)[circuit.inputs :]
        at = [*literal.tolist(), *([0] * circuit.gates)]
        and_, xor, gate, origin = self.and_, self.xor, _GATE, self.origin
        shift = self.added - circuit.inputs
        self.added += circuit.gates
        nodes = np.flatnonzero(live) + circuit.inputs
        rows = zip(nodes.tolist(), *(part[live].tolist() for part in (circuit.op, circuit.a, circuit.b)), strict=True)
        for node, op, a, b in rows:
            if node in known:
                at[node] = known[node]
                continue
            kind, flip_a, flip_b, flip = gate[op]
            if kind == AND:
                at[node] = and_(at[a] ^ flip_a, at[b] ^ flip_b) ^ flip
            elif kind == XOR:
                at[node] = xor(at[a], at[b]) ^ flip
            else:
                at[node] = (0, at[a], at[b])[-1 - kind] ^ flip
                continue
            made = at[node]
            if origin[made >> 1] < 0:
                origin[made >> 1] = 2 * (node + shift) ^ (made & 1)
        return at

    def cone(self, roots: Iterable[int]) -> list[int]:
        """The AND and XOR nodes that the literals depend on, in topological order."""
        live = bytearray(len(self.kind))
        for literal in roots:
            live[literal >> 1] = 1
        f0, f1 = self.f0, self.f1
        for node in range(len(self.kind) - 1, self.leaves, -1):
            if live[node]:
                live[f0[node] >> 1] = live[f1[node] >> 1] = 1
        return [node for node in range(self.leaves + 1, len(self.kind)) if live[node]]


class Simulator:
    """The nodes of a cone, grouped so that a level's equal nodes are simulated by one array operation."""

    def __init__(self, graph: Graph, nodes: Sequence[int]) -> None:
        self.nodes = len(graph)
        self.leaves = graph.leaves
        level = [0] * len(graph)
        f0, f1 = graph.f0, graph.f1
        for node in nodes:
            x, y = level[f0[node] >> 1], level[f1[node] >> 1]
            level[node] = (x if x > y else y) + 1
        chosen = np.array(nodes, np.int64)
        fanin = np.array([f0, f1], np.int64)[:, chosen]
        kind = np.array(graph.kind, np.int8)[chosen]
        group = 2 * np.array(level, np.int64)[chosen] + (kind == XOR)
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order])) + 1
        self.runs: list[tuple[bool, NDArray[np.int64], NDArray[np.int64], Words, Words, NDArray[np.int64]]] = []
        ones = ~np.uint64(0)
        for run in np.split(order, starts) if len(order) else []:
            x, y = fanin[:, run]
            invert_x, invert_y = ((part & 1).astype(np.uint64)[:, None] * ones for part in (x, y))
            self.runs.append((bool(kind[run[0]] == XOR), x >> 1, y >> 1, invert_x, invert_y, chosen[run]))

    def run(self, leaves: Words) -> Words:
        """uint64[nodes, w]: every node of the cone (others are 0), from uint64[leaves, w] packed cuts."""
        values = np.zeros((self.nodes, leaves.shape[1]), np.uint64)
        values[1 : self.leaves + 1] = leaves
        for is_xor, x, y, invert_x, invert_y, target in self.runs:
            if is_xor:
                values[target] = values[x] ^ values[y]
            else:
                values[target] = (values[x] ^ invert_x) & (values[y] ^ invert_y)
        return values
