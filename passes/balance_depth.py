"""Trees of one associative function, rebuilt so that what comes late passes few gates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import AND, FLIP_OUT, READS_A, READS_B, TABLE, XNOR, XOR, A, absorb_inversions
from lgnc.ir.order import in_order
from lgnc.passes.algebra import Bools, Ops
from lgnc.passes.edit import slices_of

_ONES = TABLE.sum(axis=1)
_CONJUNCTION = _ONES % 2 == 1
"""bool[16]: out ^ ((a ^ in_a) & (b ^ in_b)) for some out, in_a, in_b: AND, OR and the like."""

_OUT = _CONJUNCTION & (_ONES == 3)
_COLUMN = np.where(_OUT, TABLE.argmin(axis=1), TABLE.argmax(axis=1))
_IN_A, _IN_B = _CONJUNCTION & (_COLUMN < 2), _CONJUNCTION & (_COLUMN % 2 == 0)
_PARITY = np.isin(np.arange(16), (XOR, XNOR))


class _Trees(NamedTuple):
    """Leaves by tree, a tree being named by its root gate: leaf literal `leaf` (int32[e]) is read by tree `tree`."""

    leaf: Int32
    tree: Int32
    inner: Bools
    inverted: Bools


def balance_depth(circuit: Circuit) -> Circuit:
    """ANDs of ANDs (ORs and inversions moved in), and XORs of XORs, that nobody else reads become trees by arrival.

    In each tree the two values that are there first are joined first, which makes it as shallow as any tree of
    two-input gates over them; the number of gates stays. A circuit that does not get shallower is returned as it is. A
    gate inside a tree has the layer of the tree's root.

    Before::

        n4 = and n0 n1
        n5 = nand n4 n2
        n6 = lt n5 n3
        "y" = n6

    After::

        n4 = and n0 n1
        n5 = and n2 n3
        n6 = and n4 n5
        "y" = n6
    """
    if circuit.depth < 3:
        return circuit
    built = _Rebuilt(circuit, _trees(circuit))
    built.run()
    after = built.circuit()
    return after if after.depth < circuit.depth else circuit


def _trees(circuit: Circuit) -> _Trees:
    """A gate belongs to its reader's tree when that is its only reader, of the same kind, with the inversions right."""
    op, inputs = circuit.op, circuit.inputs
    reader = np.full(circuit.nodes, -1, np.int32)
    wanted = np.zeros(circuit.nodes, np.bool_)
    own = np.arange(circuit.gates, dtype=np.int32)
    pins = ((circuit.a, READS_A[op], _IN_A[op]), (circuit.b, READS_B[op], _IN_B[op]))
    for pin, reads, inverted in pins:
        reader[pin[reads]] = own[reads]
        wanted[pin[reads]] = inverted[reads]
    single = (circuit.fanout[inputs:] == 1) & (reader[inputs:] >= 0)
    user = op[reader[inputs:]] if circuit.gates else op
    inner = single & (
        (_CONJUNCTION[op] & _CONJUNCTION[user] & (_OUT[op] == wanted[inputs:])) | (_PARITY[op] & _PARITY[user])
    )
    root = own.copy()
    for run in reversed(list(slices_of(circuit))):
        at = run.start + np.flatnonzero(inner[run])
        root[at] = root[reader[inputs + at]]
    is_inner = np.concatenate([np.zeros(inputs, np.bool_), inner])
    leaves, trees = [], []
    for pin, reads, inverted in pins:
        at = np.flatnonzero(reads & ~is_inner[pin])
        leaves.append(2 * pin[at] + inverted[at])
        trees.append(root[at])
    parity = np.bincount(root, weights=op == XNOR, minlength=circuit.gates).astype(np.int64) % 2 == 1
    flip = np.where(_PARITY[op], parity, _OUT[op])
    return _Trees(np.concatenate(leaves).astype(np.int32), np.concatenate(trees), inner, flip)


class _Rebuilt:
    """All trees at once, a level of gates at a time: what has arrived in a tree is joined in pairs."""

    def __init__(self, circuit: Circuit, trees: _Trees) -> None:
        self.before, self.trees = circuit, trees
        by_leaf = np.argsort(trees.leaf >> 1, kind="stable")
        self.literal, self.reader = trees.leaf[by_leaf], trees.tree[by_leaf]
        self.first = np.searchsorted(self.literal >> 1, np.arange(circuit.nodes + 1))
        self.left = np.bincount(trees.tree, minlength=circuit.gates)
        self.waiting = np.full(circuit.gates, -1, np.int32)
        self.place = np.full(circuit.nodes, -1, np.int32)
        self.place[: circuit.inputs] = np.arange(circuit.inputs)
        self.made: list[tuple[Ops, Int32, Int32, Int32]] = []
        self.nodes = circuit.inputs

    def run(self) -> None:
        """Build every tree."""
        constant = np.flatnonzero((self.left == 0) & ~self.trees.inner).astype(np.int32)
        self._add(self.before.op[constant], np.zeros(len(constant), np.int32), 0, constant)
        self.place[self.before.inputs + constant] = np.arange(self.before.inputs, self.nodes)
        done = np.flatnonzero(self.place >= 0).astype(np.int32)
        tree, item = np.zeros((2, 0), np.int32)
        while len(done) or len(tree):
            tree, item = self._arrived(done, tree, item)
            tree, item, done = self._join(tree, item)

    def _arrived(self, done: Int32, tree: Int32, item: Int32) -> tuple[Int32, Int32]:
        """(trees, literals): nodes `done` in all trees that read them, what was made inside trees, what waits there."""
        count = self.first[done + 1] - self.first[done]
        edge = np.repeat(self.first[done] - np.cumsum(count) + count, count) + np.arange(count.sum())
        literal = 2 * self.place[self.literal[edge] >> 1] + (self.literal[edge] & 1)
        tree = np.concatenate([tree, self.reader[edge]])
        item = np.concatenate([item, literal]).astype(np.int32)
        touched = np.unique(tree)
        touched = touched[self.waiting[touched] >= 0]
        tree, item = np.concatenate([tree, touched]), np.concatenate([item, self.waiting[touched]])
        self.waiting[touched] = -1
        order = np.lexsort((item, tree))
        return tree[order], item[order]

    def _join(self, tree: Int32, item: Int32) -> tuple[Int32, Int32, Int32]:
        """Pair the items of each tree: (trees, literals made inside them, the old nodes of roots now made)."""
        start = np.flatnonzero(np.diff(tree, prepend=-1))
        count = np.diff(start, append=len(tree))
        index = np.arange(len(tree)) - np.repeat(start, count)
        last = index == np.repeat(count, count) - 1
        alone = last & (index % 2 == 0)
        single = alone & (self.left[tree] == 1)
        waits = alone & ~single
        self.waiting[tree[waits]] = item[waits]
        one = np.flatnonzero((index % 2 == 0) & ~alone)
        at, x, y = tree[one], item[one], item[one + 1]
        np.subtract.at(self.left, at, 1)
        op = self._op(at, x, y)
        whole = self.left[at] == 1
        op = np.where(whole & self.trees.inverted[at], FLIP_OUT[op], op)
        first = self.nodes
        self._add(op, x >> 1, y >> 1, at)
        own = 2 * np.arange(first, self.nodes, dtype=np.int32)
        wire = tree[single]
        self._add(absorb_inversions(self._one_input(wire), item[single], item[single]), item[single] >> 1, 0, wire)
        roots = np.concatenate([at[whole], wire])
        made = np.concatenate([own[whole] >> 1, np.arange(self.nodes - len(wire), self.nodes)])
        done = (roots + self.before.inputs).astype(np.int32)
        self.place[done] = made
        return at[~whole], own[~whole], done

    def _op(self, tree: Int32, x: Int32, y: Int32) -> Ops:
        kind = np.where(_PARITY[self.before.op[tree]], np.uint8(XOR), np.uint8(AND))
        return absorb_inversions(kind, x, y)

    def _one_input(self, tree: Int32) -> Ops:
        """Buffers and inverters as gates of a, whichever pin they read."""
        return np.where(TABLE[self.before.op[tree], 0] == 1, np.uint8(15 - A), np.uint8(A))

    def _add(self, op: Ops, a: Int32, b: Int32 | int, tree: Int32) -> None:
        self.made.append((op, a, np.broadcast_to(np.asarray(b, np.int32), a.shape), tree))
        self.nodes += len(op)

    def circuit(self) -> Circuit:
        """What was built, in canonical order."""
        before = self.before
        op, a, b, tree = (np.concatenate(column) for column in zip(*self.made, strict=True))
        layer = None if before.layer is None else before.layer[tree]
        outputs = 2 * self.place[before.outputs >> 1] + (before.outputs & 1)
        parts = (op, a.astype(np.int32), b.astype(np.int32), outputs.astype(np.int32))
        return in_order(before.encoder, *parts, before.head, before.output_names, layer)
