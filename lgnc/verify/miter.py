"""The miter of two circuits as clauses: satisfiable exactly where an input shows that the two are not equal.

`docs/verification.md` specifies the numbering, which depends on what the circuits are made of alone, so that another
program gets the same bytes. A literal is a variable's number, negative where it is inverted, as in DIMACS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import READS_A, READS_B
from lgnc.verify.space import Side, Space, live_nodes

_READS_A, _READS_B = READS_A.tolist(), READS_B.tolist()

Clause = tuple[int, ...]


def gate_clauses(op: int, out: int, p: int, q: int) -> Iterator[Clause]:
    """out = op(p, q): the shortest clauses that say so, those of one fan-in first."""
    value = [op >> 3 & 1, op >> 2 & 1, op >> 1 & 1, op & 1]
    if len(set(value)) == 1:
        yield (out if value[0] else -out,)
        return
    said = set()
    for u in (0, 1):
        if value[2 * u] == value[2 * u + 1]:
            said |= {2 * u, 2 * u + 1}
            yield (-p if u else p, out if value[2 * u] else -out)
    for v in (0, 1):
        if value[v] == value[2 + v]:
            said |= {v, 2 + v}
            yield (-q if v else q, out if value[v] else -out)
    for row in range(4):
        if row not in said:
            yield (-p if row >> 1 else p, -q if row & 1 else q, out if value[row] else -out)


@dataclass
class Numbered:
    """One side's part. variable: of each node that an output depends on, as a literal; 0 of others. rows: (op, p, q) of
    the variables from `first` on, over literals.
    """

    variable: list[int]
    first: int
    rows: list[tuple[int, int, int]]

    def literal(self, literal: int) -> int:
        """The variable's literal of a circuit's literal."""
        found = self.variable[literal >> 1]
        return -found if literal & 1 else found


def number(circuit: Circuit, view: Side, first: int) -> Numbered:
    """Number the gates that outputs depend on from variable `first`: by level, then by (op, p, q). Equal gates
    are one.
    """
    live = live_nodes(circuit).tolist()
    variable = [_encoded(literal) for literal in view.literal.tolist()] + [0] * circuit.gates
    level = [0] * circuit.nodes
    waiting: dict[int, list[int]] = {}
    rows = list(zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True))
    for node, (op, a, b) in enumerate(rows, circuit.inputs):
        level[node] = 1 + max(level[a] if _READS_A[op] else 0, level[b] if _READS_B[op] else 0)
        if live[node]:
            waiting.setdefault(level[node], []).append(node)
    found: list[tuple[int, int, int]] = []
    for _, nodes in sorted(waiting.items()):
        own: dict[tuple[int, int, int], list[int]] = {}
        for node in nodes:
            op, a, b = rows[node - circuit.inputs]
            key = op, variable[a] if _READS_A[op] else 0, variable[b] if _READS_B[op] else 0
            own.setdefault(key, []).append(node)
        for key in sorted(own):
            for node in own[key]:
                variable[node] = first + len(found)
            found.append(key)
    return Numbered(variable, first, found)


def _encoded(literal: int) -> int:
    """An encoder bit's literal: variable 1 is false, the cuts come after it."""
    return (-1 if literal & 1 else 1) * (1 + (literal >> 1))


class Miter:
    """Variables: 1 is false, then the cuts by feature and threshold, a's gates, b's gates, and one per obligation,
    which may be true only where the obligation's two literals differ. At least one of them is true.

    `first[v]` is the number of the clause that starts the definition of gate variable v; clauses count from 1.
    """

    def __init__(self, views: tuple[Space, Side, Side]) -> None:
        self.space, *self.views = views
        feature = self.space.feature.tolist()
        self.cuts = len(feature)
        self.clauses: list[Clause] = [(-1,)]
        self.below: dict[int, int] = {}
        for low, (one, two) in enumerate(pairwise(feature), 2):
            if one == two:
                self.clauses.append((-(low + 1), low))
                self.below[low + 1] = len(self.clauses)
        self.first: dict[int, int] = {}
        self.row: dict[int, tuple[int, int, int]] = {}
        self.sides: list[Numbered] = []
        at = self.cuts + 2
        for view in self.views:
            side = number(view.circuit, view, at)
            for variable, row in enumerate(side.rows, at):
                self.first[variable], self.row[variable] = len(self.clauses) + 1, row
                self.clauses += gate_clauses(row[0], variable, row[1], row[2])
            at += len(side.rows)
            self.sides.append(side)
        self.gates = at - 1
        self.obligations: list[tuple[int, int]] = []

    def definition(self, variable: int) -> list[tuple[int, Clause]]:
        """(number, clause) of a gate's definition; none of a variable that is no gate."""
        if variable not in self.first:
            return []
        op, p, q = self.row[variable]
        return list(enumerate(gate_clauses(op, variable, p, q), self.first[variable]))

    def oblige(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Ask that the literals of each pair are equal. Called once, last."""
        self.obligations = list(pairs)
        for differ, (x, y) in enumerate(pairs, self.gates + 1):
            self.clauses += [(-differ, x, y), (-differ, -x, -y)]
        self.clauses.append(tuple(range(self.gates + 1, self.gates + 1 + len(pairs))))

    def dimacs(self) -> bytes:
        """The clauses as a DIMACS file."""
        head = f"p cnf {self.gates + len(self.obligations)} {len(self.clauses)}\n"
        return (head + "".join(" ".join(map(str, (*clause, 0))) + "\n" for clause in self.clauses)).encode()
