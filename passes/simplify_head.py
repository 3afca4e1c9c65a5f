"""Class sums: literals that cancel, equal ones, and with the argmax alone to keep, literals that every class has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Head
from lgnc.passes.edit import cut_head


def simplify_head(circuit: Circuit, *, keep_scores: bool = True) -> Circuit:
    """A literal and its complement in one class sum become 1 in its offset. A circuit without a head is unchanged.

    A literal that a class has twice comes to stand beside itself: `lower_head` then adds both by one full adder, which
    is no gate, for x + x + y is y and a carry of x. keep_scores: when false only the argmax stays, so a literal that
    all classes have goes from each, and all literals of a class that cannot win: another one's offset is above all
    that it can reach.

    Before::

        n2 = and n0 n1
        "even" = 0 n2 n0 ~n2
        "odd" = 0 n0

    After::

        n2 = and n0 n1
        "even" = 1 n0
        "odd" = 0 n0
    """
    if circuit.head is None:
        return circuit
    head, outputs = circuit.head, circuit.outputs
    owner = head.owner.astype(np.int64)
    keep, ones = _cancel(owner, outputs)
    if not keep.all():
        head, outputs = cut_head(head, keep, ones), outputs[keep]
    if not keep_scores:
        keep = ~_shared(head, outputs)
        head, outputs = cut_head(head, keep, np.zeros(len(keep), np.bool_)), outputs[keep]
        keep = np.repeat(~_never_win(head), np.diff(head.starts))
        head, outputs = cut_head(head, keep, np.zeros(len(keep), np.bool_)), outputs[keep]
    return circuit.with_(head=head, outputs=_side_by_side(head, outputs))


def _never_win(head: Head) -> NDArray[np.bool_]:
    """bool[classes]: whose greatest score is below another class's least, or equal to that of an earlier class."""
    most = head.offset + np.diff(head.starts)
    below = most[:, None] < head.offset
    tie = np.tril(most[:, None] == head.offset, -1)
    never: NDArray[np.bool_] = (below | tie).any(axis=1)
    return never


def _side_by_side(head: Head, outputs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each class's literals by where each first stands."""
    owner = head.owner.astype(np.int64)
    _, first, place = np.unique(owner << 32 | outputs, return_index=True, return_inverse=True)
    return outputs[np.argsort(first[place], kind="stable")]


def _rank(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n]: how many equal keys stand before each."""
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    first = np.searchsorted(sorted_key, sorted_key)
    rank = np.empty(len(key), np.int64)
    rank[order] = np.arange(len(key)) - first
    return rank


def _count(key: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[len(wanted)]: how many of key equal each of wanted."""
    ordered = np.sort(key)
    count: NDArray[np.int64] = np.searchsorted(ordered, wanted, "right") - np.searchsorted(ordered, wanted, "left")
    return count


def _cancel(owner: NDArray[np.int64], outputs: NDArray[np.int32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(keep, ones): of each class's literals of one node as many go as have a partner; one of the two counts as 1."""
    key = owner << 32 | outputs
    gone = _rank(key) < np.minimum(_count(key, key), _count(key, key ^ 1))
    return ~gone, gone & (outputs & 1 == 0)


def _shared(head: Head, outputs: NDArray[np.int32]) -> NDArray[np.bool_]:
    """bool[outputs]: as many of each literal, in every class, as the class with the fewest has."""
    owner = head.owner.astype(np.int64)
    key = owner << 32 | outputs
    fewest = np.full(len(outputs), len(outputs), np.int64)
    for each in range(head.classes):
        fewest = np.minimum(fewest, _count(key, np.int64(each) << 32 | outputs.astype(np.int64)))
    return _rank(key) < fewest
