"""The checker of certificates: replays a proof of equality with its own hashing, its own unit propagation, no search.

It shares with the prover only how two circuits' inputs and outputs are matched (`space`, `interface`) and the IR.
`docs/verification.md` specifies the format.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from lgnc.diagnostics import BadInput, Failed
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FLIP_A, FLIP_B, READS_A, READS_B, SWAP
from lgnc.verify.interface import lower_alike
from lgnc.verify.plan_head import plan_from
from lgnc.verify.planned_head import Plan, lower_by_plan
from lgnc.verify.simulate import output_order
from lgnc.verify.space import Space, joint_space

HEADER = "lgnc certificate 1"

_DAMAGED = "the file is damaged; make it again"
_VISITS = 100_000
"""Literals of visited clauses between two looks at the clock, some 20 ms."""

_FLIP_A, _FLIP_B, _SWAP = FLIP_A.tolist(), FLIP_B.tolist(), SWAP.tolist()
_READS_A, _READS_B = READS_A.tolist(), READS_B.tolist()

Lemma = tuple[int, list[int], list[list[int]]]
"""(the earlier literal that a node equals, the gates whose definitions prove it, the clauses learned on the way)."""


class TimeIsUp(Exception):
    """The deadline passed before the last step was checked."""


def claim_of(text: str) -> str:
    """What a certificate says it proves: 'scores', 'class', or '' when it says neither."""
    lines = text.splitlines()[3:4]
    return next((claim for claim in ("scores", "class") if lines == [f"goal {claim}"]), "")


class Checked(NamedTuple):
    """A certificate that was checked. a, b: the circuits, their interfaces made alike. lemmas: by node. one, two: the
    canonical literals of their outputs. order: for each output of a, without a head, b's equal one. claim: as it says.
    """

    a: Circuit
    b: Circuit
    lemmas: dict[int, Lemma]
    one: list[int]
    two: list[int]
    order: list[int] | None
    claim: str
    plan: Plan


def check_certificate(
    text: str, a: Circuit, b: Circuit, where: str = "certificate", *, deadline: float = math.inf
) -> int:
    """How many lemmas were checked; raises as `checked` does."""
    return len(checked(text, a, b, where, deadline=deadline).lemmas)


def checked(text: str, a: Circuit, b: Circuit, where: str = "certificate", *, deadline: float = math.inf) -> Checked:
    """What was checked. The certificate then proves that a and b are equal as `claim_of` it says.

    deadline: a time of `time.perf_counter`. Raises BadInput when it is malformed or about other circuits, Failed when
    a step does not follow, TimeIsUp.
    """
    lines = text.splitlines()
    wanted = [HEADER, f"a {a.digest}", f"b {b.digest}"]
    if lines[:3] != wanted:
        line = next((k for k, (x, y) in enumerate(zip(lines, wanted, strict=False)) if x != y), len(lines))
        raise BadInput("is not a certificate for these circuits", where=f"{where}:{line + 1}", fix="check the files")
    claim = claim_of(text)
    if len(lines) < 5 or not claim or lines[-1] != "end":
        raise BadInput("has no goal, or no end", where=where, fix=_DAMAGED)
    start = next(k for k in range(4, len(lines)) if lines[k][:2] not in ("s ", "t "))
    plan = plan_from(lines[4:start], where, 5)
    if plan:
        a = lower_by_plan(a, plan, b, where)
    a, b = lower_alike(a, b)
    order = output_order(a, b)
    checker = _Checker(a, b, _lemmas(lines, start, where), where, deadline)
    one, two = checker.run()
    found = Checked(a, b, checker.lemmas, one, two, None if order is None else order.tolist(), claim, plan)
    if found.order is not None:
        wrong = [k for k, other in enumerate(found.order) if one[k] != two[other]]
        if wrong:
            raise Failed(f"does not prove output {wrong[0]}", where=where, fix="the proof is incomplete")
        return found
    different = [_difference(a, b, one, two, k) for k in range(a.head.classes if a.head else 0)]
    target = different[0] if claim == "class" else (0, {})
    wrong = [k for k, each in enumerate(different) if each != target]
    if wrong:
        raise Failed(f"does not prove the score of class {wrong[0]}", where=where, fix="the proof is incomplete")
    return found


def _lemmas(lines: list[str], start: int, where: str) -> dict[int, Lemma]:
    """The lemmas of the file, from a line on, by the node that each is about."""
    lemmas: dict[int, Lemma] = {}
    current: Lemma | None = None
    for number, line in enumerate(lines[start:-1], start + 1):
        word, _, rest = line.partition(" ")
        try:
            numbers = [int(each) for each in rest.split()]
        except ValueError:
            numbers = [-1]
        if word == "m" and len(numbers) == 2 and numbers[0] not in lemmas:
            current = lemmas[numbers[0]] = (numbers[1], [], [])
        elif word == "w" and current is not None:
            current[1].extend(numbers)
        elif word == "c" and current is not None:
            current[2].append(numbers)
        else:
            numbers = [-1]
        if min(numbers, default=0) < 0:
            what = f"'{line[:40]}' is no step, or its node has had its lemma"
            raise BadInput(what, where=f"{where}:{number}", fix="the file is damaged")
    return lemmas


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

    def __init__(self, a: Circuit, b: Circuit, lemmas: dict[int, Lemma], where: str, deadline: float) -> None:
        self.space: Space
        self.space, left, right = joint_space(a, b)
        self.lemmas, self.where, self.deadline = lemmas, where, deadline
        self.leaves = len(self.space.feature)
        strange = [node for node in lemmas if not self.leaves < node <= self.leaves + a.gates + b.gates]
        if strange:
            raise BadInput(f"has a lemma about {strange[0]:.20g}, which is no gate", where=where, fix=_DAMAGED)
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
        key, literal, flip = normal_gate(op, p, q)
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
        clauses = _Clauses(self.deadline)
        clauses.add([1])
        for clause in self._definitions(window):
            clauses.add(clause)
        for clause in [*learned, [x ^ 1, y], [x, y ^ 1]]:
            if any(literal >> 1 >= len(self.canon) for literal in clause):
                raise Failed(f"the lemma of node {node} looks ahead", where=self.where, fix="the proof is wrong")
            own = [self.canon[literal >> 1] ^ (literal & 1) for literal in clause]
            if not clauses.holds(own):
                raise Failed(f"the lemma of node {node} does not follow", where=self.where, fix="the proof is wrong")
            clauses.add(own)

    def _definitions(self, window: list[int]) -> Iterator[list[int]]:
        """The clauses of every gate of the window, and the order of the cuts that they read."""
        cuts = set()
        for gate in dict.fromkeys(window):
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


def normal_gate(op: int, p: int, q: int) -> tuple[tuple[int, int, int] | None, int, int]:
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
    """Clauses of literals 2 * node + inverted, each once, with two watched literals, and unit propagation over them.

    `true` holds what follows from the clauses alone; `conflict` adds to it and takes its own additions away again.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline, self.visits = deadline, 0
        self.known: set[tuple[int, ...]] = set()
        self.true: set[int] = set()
        self.contradiction = False
        self.watch: dict[int, list[list[int]]] = {}

    def holds(self, literals: list[int]) -> bool:
        """Whether a clause is there already, or follows by unit propagation from its negation."""
        return tuple(sorted(set(literals))) in self.known or self.conflict([literal ^ 1 for literal in literals])

    def add(self, literals: list[int]) -> None:
        """Take a clause in, without the literals that are false for good."""
        key = tuple(sorted(set(literals)))
        if key in self.known:
            return
        self.known.add(key)
        if any(literal in self.true for literal in key):
            return
        clause = [literal for literal in key if literal ^ 1 not in self.true]
        if len(clause) < 2:
            self.contradiction = self.contradiction or not clause or self._propagate(clause, [])
            return
        for literal in clause[:2]:
            self.watch.setdefault(literal, []).append(clause)

    def conflict(self, assumed: list[int]) -> bool:
        """Whether unit propagation from the assumed literals meets a contradiction."""
        trail: list[int] = []
        found = self.contradiction or self._propagate(assumed, trail)
        self.true.difference_update(trail)
        return found

    def _propagate(self, literals: list[int], trail: list[int]) -> bool:
        """Make literals true, and what they force, noting them in `trail`; whether they contradict each other."""
        true, queue, done = self.true, list(literals), 0
        while done < len(queue):
            literal = queue[done]
            done += 1
            if literal ^ 1 in true:
                return True
            if literal not in true:
                true.add(literal)
                trail.append(literal)
                queue += self._visit(literal ^ 1)
        return False

    def _visit(self, false: int) -> list[int]:
        """Move the watches away from a literal that became false; the literals that must now be true."""
        true, forced, stay = self.true, [], []
        clauses = self.watch.pop(false, [])
        self._look_at_the_clock(sum(map(len, clauses)))
        for clause in clauses:
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

    def _look_at_the_clock(self, visits: int) -> None:
        self.visits += 1 + visits
        if self.visits > _VISITS:
            self.visits = 0
            if time.perf_counter() > self.deadline:
                raise TimeIsUp
