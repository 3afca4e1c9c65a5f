"""The checker of certificates: replays a proof of equality with its own hashing, its own unit propagation, no search.

It shares with the prover only how two circuits' inputs and outputs are matched (`space`, `interface`) and the IR.
`docs/verification.md` specifies the format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from lgnc.diagnostics import BadInput, Failed
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FLIP_A, FLIP_B, READS_A, READS_B, SWAP
from lgnc.verify.interface import lower_alike
from lgnc.verify.simulate import output_order
from lgnc.verify.space import Space, joint_space

HEADER = "lgnc certificate 1"

_FLIP_A, _FLIP_B, _SWAP = FLIP_A.tolist(), FLIP_B.tolist(), SWAP.tolist()
_READS_A, _READS_B = READS_A.tolist(), READS_B.tolist()

Lemma = tuple[int, list[int], list[list[int]]]
"""(the earlier literal that a node equals, the gates whose definitions prove it, the clauses learned on the way)."""


def check_certificate(text: str, a: Circuit, b: Circuit, where: str = "certificate") -> int:
    """How many lemmas were checked. The certificate then proves that a and b are equal as its goal says.

    Raises BadInput when it is malformed or about other circuits, Failed when a step does not follow.
    """
    lines = text.splitlines()
    wanted = [HEADER, f"a {a.digest}", f"b {b.digest}"]
    if lines[:3] != wanted:
        line = next((k for k, (x, y) in enumerate(zip(lines, wanted, strict=False)) if x != y), len(lines))
        raise BadInput("is not a certificate for these circuits", where=f"{where}:{line + 1}", fix="check the files")
    if len(lines) < 5 or lines[3] not in ("goal scores", "goal class") or lines[-1] != "end":
        raise BadInput("has no goal, or no end", where=where, fix="the file is damaged; make it again")
    a, b = lower_alike(a, b)
    order = output_order(a, b)
    checker = _Checker(a, b, dict(_lemmas(lines, where)), where)
    one, two = checker.run()
    if order is not None:
        wrong = [k for k, other in enumerate(order.tolist()) if one[k] != two[other]]
        if wrong:
            raise Failed(f"does not prove output {wrong[0]}", where=where, fix="the proof is incomplete")
        return len(checker.lemmas)
    different = [_difference(a, b, one, two, k) for k in range(a.head.classes if a.head else 0)]
    target = different[0] if lines[3] == "goal class" else (0, {})
    wrong = [k for k, each in enumerate(different) if each != target]
    if wrong:
        raise Failed(f"does not prove the score of class {wrong[0]}", where=where, fix="the proof is incomplete")
    return len(checker.lemmas)


def _lemmas(lines: list[str], where: str) -> Iterator[tuple[int, Lemma]]:
    """The lemmas of the file by the node that each is about."""
    current: tuple[int, Lemma] | None = None
    for number, line in enumerate(lines[4:-1], 5):
        word, _, rest = line.partition(" ")
        try:
            numbers = [int(each) for each in rest.split()]
        except ValueError:
            numbers = [-1]
        if word == "m" and len(numbers) == 2:
            if current is not None:
                yield current
            current = numbers[0], (numbers[1], [], [])
        elif word == "w" and current is not None:
            current[1][1].extend(numbers)
        elif word == "c" and current is not None:
            current[1][2].append(numbers)
        else:
            numbers = [-1]
        if min(numbers, default=0) < 0:
            raise BadInput(f"'{line[:40]}' is no step", where=f"{where}:{number}", fix="the file is damaged")
    if current is not None:
        yield current


def _difference(a: Circuit, b: Circuit, one: list[int], two: list[int], index: int) -> tuple[int, dict[int, int]]:
    """(constant, node -> coefficient) of the difference of one class's scores."""
    constant, terms = 0, Counter[int]()
    for circuit, literals, sign in ((a, one, 1), (b, two, -1)):
        head = circuit.head
        assert head is not None
        constant += sign * int(head.offset[index])
        for literal in literals[head.starts[index] : head.starts[index + 1]]:
            constant += sign * (literal & 1)
            terms[literal >> 1] += -sign if literal & 1 else sign
    return constant, {node: times for node, times in terms.items() if times and node}


class _Checker:
    """Nodes: 0 is false, then the cuts of the space, then a's gates, then b's. `canon` is each node's literal."""

    def __init__(self, a: Circuit, b: Circuit, lemmas: dict[int, Lemma], where: str) -> None:
        self.space: Space
        self.space, left, right = joint_space(a, b)
        self.lemmas, self.where = lemmas, where
        self.leaves = len(self.space.feature)
        self.sides = ((a, left.literal.tolist()), (b, right.literal.tolist()))
        first = self.leaves + 1
        self.canon = list(range(0, 2 * first, 2))
        self.rows: list[tuple[int, int, int]] = [(0, 0, 0)] * first
        self.table: dict[tuple[int, int, int], int] = {}

    def run(self) -> tuple[list[int], list[int]]:
        """The canonical literals of both circuits' outputs, once every lemma is checked."""
        outputs = []
        for circuit, encoded in self.sides:
            rows = zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True)
            literal = [*encoded]
            for op, x, y in rows:
                p = literal[x] if _READS_A[op] else 0
                q = literal[y] if _READS_B[op] else 0
                self._gate(op, p, q)
                literal.append(self.canon[-1])
            outputs.append([literal[x >> 1] ^ (x & 1) for x in circuit.outputs.tolist()])
        return outputs[0], outputs[1]

    def _gate(self, op: int, p: int, q: int) -> None:
        """The next node: gate `op` on canonical literals. Equal structure is one node; a lemma makes it another's."""
        node = len(self.canon)
        self.rows.append((op, p, q))
        key, literal, flip = _normal(op, p, q)
        if key is not None:
            literal = self.table.setdefault(key, 2 * node ^ flip) ^ flip
        self.canon.append(literal)
        if node in self.lemmas:
            target, window, learned = self.lemmas[node]
            if target >> 1 >= node or not all(self.leaves < gate <= node for gate in window):
                raise Failed(f"the lemma of node {node} looks ahead", where=self.where, fix="the proof is wrong")
            equal = self.canon[target >> 1] ^ (target & 1)
            self._check(node, literal, equal, window, learned)
            self.canon[node] = equal
            if key is not None:
                self.table[key] = equal ^ flip

    def _check(self, node: int, x: int, y: int, window: list[int], learned: list[list[int]]) -> None:
        """x = y follows from the window's gates by unit propagation, each learned clause checked before its use."""
        clauses = _Clauses()
        clauses.add([1])
        for clause in self._definitions(window):
            clauses.add(clause)
        for clause in [*learned, [x ^ 1, y], [x, y ^ 1]]:
            if any(literal >> 1 >= len(self.canon) for literal in clause):
                raise Failed(f"the lemma of node {node} looks ahead", where=self.where, fix="the proof is wrong")
            own = [self.canon[literal >> 1] ^ (literal & 1) for literal in clause]
            if not clauses.conflict([literal ^ 1 for literal in own]):
                raise Failed(f"the lemma of node {node} does not follow", where=self.where, fix="the proof is wrong")
            clauses.add(own)

    def _definitions(self, window: list[int]) -> Iterator[list[int]]:
        """The clauses of every gate of the window, and the order of the cuts that they read."""
        cuts = set()
        for gate in window:
            op, p, q = self.rows[gate]
            out = self.canon[gate]
            cuts |= {literal >> 1 for literal in (p, q) if 0 < literal >> 1 <= self.leaves}
            value = [op >> 3 & 1, op >> 2 & 1, op >> 1 & 1, op & 1]
            for u in (0, 1):
                if value[2 * u] == value[2 * u + 1]:
                    yield [p ^ u, out ^ 1 ^ value[2 * u]]
                if value[u] == value[2 + u]:
                    yield [q ^ u, out ^ 1 ^ value[u]]
                for v in (0, 1):
                    yield [p ^ u, q ^ v, out ^ 1 ^ value[2 * u + v]]
        order = sorted((int(self.space.feature[cut - 1]), int(self.space.rank[cut - 1]), cut) for cut in cuts)
        for (feature, _, low), (other, _, high) in pairwise(order):
            if feature == other:
                yield [2 * high + 1, 2 * low]


def _normal(op: int, p: int, q: int) -> tuple[tuple[int, int, int] | None, int, int]:
    """(key, -, flip) of a gate that depends on two nodes; (None, literal, 0) of one that is a constant or a literal."""
    if p & 1:
        op = _FLIP_A[op]
    if q & 1:
        op = _FLIP_B[op]
    x, y = p >> 1, q >> 1
    one = None
    if x == y:
        one = (x, op >> 3, op)
    elif not x or not _READS_A[op]:
        one = (y, op >> 3, op >> 2)
    elif not y or not _READS_B[op]:
        one = (x, op >> 3, op >> 1)
    if one is not None:
        node, low, high = one[0], one[1] & 1, one[2] & 1
        high = low if not node else high
        return None, (low if low == high else 2 * node + low), 0
    if x > y:
        x, y, op = y, x, _SWAP[op]
    flip = int(op >= 8)
    return (15 - op if flip else op, x, y), 0, flip


class _Clauses:
    """Clauses of literals 2 * node + inverted, with two watched literals each, and unit propagation over them."""

    def __init__(self) -> None:
        self.units: list[int] = []
        self.watch: dict[int, list[list[int]]] = {}

    def add(self, literals: list[int]) -> None:
        clause = list(dict.fromkeys(literals))
        if len(clause) < 2:
            self.units += clause
            return
        for literal in clause[:2]:
            self.watch.setdefault(literal, []).append(clause)

    def conflict(self, assumed: list[int]) -> bool:
        """Whether unit propagation from the assumed literals meets a contradiction."""
        true: set[int] = set()
        queue = [*self.units, *assumed]
        while queue:
            literal = queue.pop()
            if literal in true:
                continue
            if literal ^ 1 in true:
                return True
            true.add(literal)
            queue += self._visit(literal ^ 1, true)
        return False

    def _visit(self, false: int, true: set[int]) -> list[int]:
        """Move the watches away from a literal that became false; the literals that must now be true."""
        forced, stay = [], []
        for clause in self.watch.pop(false, []):
            if clause[0] == false:
                clause[0], clause[1] = clause[1], false
            free = -1
            if clause[0] not in true:
                free = next((k for k in range(2, len(clause)) if clause[k] ^ 1 not in true), -1)
            if free > 0:
                clause[1], clause[free] = clause[free], false
                self.watch.setdefault(clause[1], []).append(clause)
                continue
            stay.append(clause)
            if clause[0] not in true:
                forced.append(clause[0])
        self.watch.setdefault(false, []).extend(stay)
        return forced
