"""Cuts: sets of at most K nodes through which a gate sees the inputs, the best few of them for every gate.

Follows A. Mishchenko, S. Cho, S. Chatterjee, R. Brayton, "Combinational and Sequential Mapping with Priority Cuts",
ICCAD 2007. Whole slices of gates at a time: the fan-ins' cuts are joined, ranked and thinned out as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.simulate import bits_set

KEPT = 11
"""Cuts kept of a gate, its own node as a cut among them."""

_RANKED = KEPT + 4
"""Cuts of a gate that are compared with each other for dominance."""

_CANDIDATES = KEPT * KEPT + 1
_INDEX_BITS = 7
_HASH_BITS = 14
_NEVER = np.iinfo(np.int64).max

Floats = NDArray[np.float32]
Signatures = NDArray[np.uint64]


@dataclass
class State:
    """What a round of mapping knows of each node. The node numbered `nodes` stands for the unused places of a cut.

    leaves: int32[nodes, KEPT, k], ascending, filled up with `nodes`. size: int8[nodes, KEPT], 0 where there is no cut.
    best: int32[nodes + 1, k]: the cut chosen. arrival: int32[nodes + 1], tables on the longest path to the node.
    flow: float32[nodes + 1], the tables that a reader of the node pays for it. required: int32[nodes + 1], the
    latest arrival that the depth allows. readers: float32[nodes + 1], how many tables are expected to read the node.
    """

    leaves: NDArray[np.int32]
    size: NDArray[np.int8]
    signature: Signatures
    best: Int32
    arrival: Int32
    flow: Floats
    required: Int32
    readers: Floats
    mark: Signatures
    code: NDArray[np.int64]

    @property
    def k(self) -> int:
        return int(self.leaves.shape[2])


def first_state(circuit: Circuit, k: int) -> State:
    """Every node with the one cut that is itself; fan-out as the expected readers."""
    nodes = circuit.nodes
    leaves = np.full((nodes, KEPT, k), nodes, np.int32)
    leaves[:, 0, 0] = np.arange(nodes)
    size = np.zeros((nodes, KEPT), np.int8)
    size[:, 0] = 1
    mark = np.uint64(1) << (np.arange(nodes + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(58))
    mark[nodes] = 0
    signature = np.zeros((nodes, KEPT), np.uint64)
    signature[:, 0] = mark[:nodes]
    code = np.random.default_rng(0).integers(1, 1 << 62, nodes + 1)
    code[nodes] = 0
    best = np.full((nodes + 1, k), nodes, np.int32)
    arrival = np.zeros(nodes + 1, np.int32)
    arrival[nodes] = -1
    readers = np.ones(nodes + 1, np.float32)
    readers[:nodes] = np.maximum(circuit.fanout, 1)
    required = np.full(nodes + 1, np.iinfo(np.int32).max, np.int32)
    return State(leaves, size, signature, best, arrival, np.zeros(nodes + 1, np.float32), required, readers, mark, code)


def choose_cuts(state: State, node: Int32, a: Int32, b: Int32, by_depth: bool) -> None:
    """Cuts and the best one of gates `node` (int32[g]) with fan-ins a and b, none of which reads another.

    by_depth: the earliest first, then the cheapest; else the cheapest first of those that are early enough, the cut
    chosen last time among them.
    """
    gate, leaves, size = _joined(state, a, b)
    place = np.empty(len(gate), np.int64)
    count = np.bincount(gate, minlength=len(node))
    place[:] = np.arange(len(gate)) - np.repeat(np.cumsum(count) - count, count)
    if not by_depth:
        gate, leaves, size, place = _with_last_choice(state, node, gate, leaves, size, place, count)
    arrival = 1 + state.arrival[leaves].max(axis=1)
    flow = np.float32(1) + state.flow[leaves].sum(axis=1)
    key = np.full((len(node), _CANDIDATES), _NEVER, np.int64)
    row = np.full((len(node), _CANDIDATES), -1, np.int64)
    row[gate, place] = np.arange(len(gate))
    code = state.code[leaves].sum(axis=1) >> 20 & ((1 << _HASH_BITS) - 1)
    late = arrival > state.required[node[gate]]
    rank = _rank(arrival, flow, size, late, by_depth)
    key[gate, place] = (rank << _HASH_BITS | code) << _INDEX_BITS | place
    _keep(state, node, np.sort(key, axis=1), row, leaves, size)
    first = state.leaves[node, 1]
    state.best[node] = first
    state.arrival[node] = 1 + state.arrival[first].max(axis=1)
    state.flow[node] = (1 + state.flow[first].sum(axis=1)) / state.readers[node]


def _joined(state: State, a: Int32, b: Int32) -> tuple[NDArray[np.int64], Int32, NDArray[np.int64]]:
    """(gate, leaves, size) of the unions of at most k leaves of a cut of a and one of b; gate ascending."""
    k, none = state.k, len(state.arrival) - 1
    both = state.signature[a][:, :, None] | state.signature[b][:, None, :]
    there = (state.size[a] > 0)[:, :, None] & (state.size[b] > 0)[:, None, :]
    gate, one, two = np.nonzero(there & (bits_set(both) <= k))
    left, right = state.leaves[a[gate], one], state.leaves[b[gate], two]
    shared = left[:, :1] == right
    for pin in range(1, k):
        shared |= left[:, pin : pin + 1] == right
    right[shared] = none
    size = (left != none).sum(axis=1) + (right != none).sum(axis=1)
    fits = np.flatnonzero(size <= k)
    union = np.concatenate([left[fits], right[fits]], axis=1)
    union.sort(axis=1)
    return gate[fits], np.ascontiguousarray(union[:, :k]), size[fits]


def _with_last_choice(
    state: State,
    node: Int32,
    gate: NDArray[np.int64],
    leaves: Int32,
    size: NDArray[np.int64],
    place: NDArray[np.int64],
    count: NDArray[np.int64],
) -> tuple[NDArray[np.int64], Int32, NDArray[np.int64], NDArray[np.int64]]:
    """The candidates, and each gate's chosen cut as one more."""
    last = state.best[node]
    return (
        np.concatenate([gate, np.arange(len(node))]),
        np.concatenate([leaves, last]),
        np.concatenate([size, (last < len(state.arrival) - 1).sum(axis=1)]),
        np.concatenate([place, count]),
    )


def _rank(
    arrival: Int32, flow: Floats, size: NDArray[np.int64], late: NDArray[np.bool_], by_depth: bool
) -> NDArray[np.int64]:
    """int64[n] below 2^42: smaller is better. A positive float32 is ordered as its bits are."""
    cost = (flow.view(np.int32) >> 6).astype(np.int64)
    depth = np.minimum(arrival, 4095).astype(np.int64)
    if by_depth:
        return depth << 28 | size << 25 | cost >> 1
    return late.astype(np.int64) << 41 | cost << 15 | size << 12 | depth


def _keep(
    state: State,
    node: Int32,
    key: NDArray[np.int64],
    row: NDArray[np.int64],
    leaves: Int32,
    size: NDArray[np.int64],
) -> None:
    """Store each gate's best cuts after its own: key (ascending along axis 1) ranks them, row says where they are."""
    plain = key >> _INDEX_BITS
    fresh = key != _NEVER
    fresh[:, 1:] &= plain[:, 1:] != plain[:, :-1]
    order = np.cumsum(fresh, axis=1)
    gate, column = np.nonzero(fresh & (order <= _RANKED))
    slot = order[gate, column] - 1
    at = np.full((len(node), _RANKED), -1, np.int64)
    at[gate, slot] = row[gate, key[gate, column] & ((1 << _INDEX_BITS) - 1)]
    there = at >= 0
    signature = np.bitwise_or.reduce(state.mark[leaves], axis=1)[at]
    number = np.where(there, size[at], 99)
    alive = there.copy()
    for better in range(_RANKED - 1):
        inside = (signature[:, better, None] & ~signature[:, better + 1 :]) == 0
        inside &= (number[:, better, None] < number[:, better + 1 :]) & alive[:, better, None]
        alive[:, better + 1 :] &= ~inside
    order = np.cumsum(alive, axis=1)
    gate, column = np.nonzero(alive & (order < KEPT))
    slot, chosen = order[gate, column], at[gate, column]
    state.size[node, 1:] = 0
    state.size[node[gate], slot] = size[chosen]
    state.leaves[node[gate], slot] = leaves[chosen]
    state.signature[node[gate], slot] = signature[gate, column]
