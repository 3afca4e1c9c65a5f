"""Mapping to look-up tables of K inputs: as shallow as can be with the cuts at hand, then as few as can be at that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput, Failed
from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import FALSE, TRUE
from lgnc.ir.order import runs
from lgnc.ir.simulate import simulate_nodes
from lgnc.mapping.cuts import State, choose_cuts, first_state
from lgnc.mapping.exact_area import ExactArea
from lgnc.mapping.tables import truth_tables
from lgnc.passes.absorb_inverters import absorb_inverters
from lgnc.passes.eliminate_dead_gates import eliminate_dead_gates
from lgnc.passes.fold_constants import fold_constants

_CHUNK = 2048
"""Gates whose cuts are joined at a time, so that the candidates stay in cache."""

_FLOW_ROUNDS = 2
_EXACT_ROUNDS = 2


@dataclass(frozen=True, eq=False)
class LutNetwork:
    """Tables that compute the nodes of `circuit`, the circuit without constants, inverters and dead gates.

    root: int32[n], ascending: the gate that each table computes. leaves: int32[n, k]: what it reads, nodes of the
    circuit, `circuit.nodes` in unused places. table: uint64[n]: bit m is the value when leaf i has bit i of m.
    depth: tables on the longest path to an output. An output's inversion is not counted.
    """

    circuit: Circuit
    root: Int32
    leaves: Int32
    table: NDArray[np.uint64]
    depth: int

    @property
    def count(self) -> int:
        return len(self.root)


def map_luts(circuit: Circuit, k: int) -> LutNetwork:
    """The circuit's gates in tables of at most k inputs, 2 <= k <= 6; the head, where there is one, stays outside.

    Depth first, then area flow and exact local area where the depth allows. Raises Failed when a table does not
    say what its gate says in simulation.
    """
    if not 2 <= k <= 6:
        raise BadInput(f"tables of {k} inputs", where="LUT mapping", fix="give 2 to 6")
    circuit = eliminate_dead_gates(absorb_inverters(fold_constants(circuit)))
    state = first_state(circuit, k)
    _round(circuit, state, by_depth=True)
    ends = np.unique(circuit.outputs >> 1).astype(np.int32)
    ends = ends[ends >= circuit.inputs]
    ends = ends[~np.isin(circuit.op[ends - circuit.inputs], (FALSE, TRUE))]
    depth = int(state.arrival[ends].max(initial=0))
    for _ in range(_FLOW_ROUNDS):
        _look_back(circuit, state, ends, depth)
        _round(circuit, state, by_depth=False)
    for _ in range(_EXACT_ROUNDS):
        _look_back(circuit, state, ends, depth)
        exact = ExactArea(circuit, state, ends)
        exact.improve()
        exact.store()
    used = _look_back(circuit, state, ends, depth)
    root = np.flatnonzero(used).astype(np.int32)
    leaves = state.best[root]
    network = LutNetwork(circuit, root, leaves, truth_tables(circuit, root, leaves), depth)
    check_tables(network)
    return network


def _slices(circuit: Circuit) -> Iterator[Int32]:
    """Nodes of gates of two inputs, in order, none of which reads another of the same slice."""
    for first, last in runs(circuit.inputs, circuit.op, circuit.a, circuit.b):
        for start in range(first, last, _CHUNK):
            gate = np.arange(start, min(start + _CHUNK, last), dtype=np.int32)
            gate = gate[~np.isin(circuit.op[gate], (FALSE, TRUE))]
            if len(gate):
                yield gate + np.int32(circuit.inputs)


def _round(circuit: Circuit, state: State, by_depth: bool) -> None:
    for node in _slices(circuit):
        gate = node - circuit.inputs
        choose_cuts(state, node, circuit.a[gate], circuit.b[gate], by_depth)


def _look_back(circuit: Circuit, state: State, ends: Int32, depth: int) -> NDArray[np.bool_]:
    """bool[nodes]: the gates that have a table in the cover of the chosen cuts; required times and readers follow."""
    none = circuit.nodes
    count = np.zeros(none + 1, np.int64)
    required = np.full(none + 1, np.iinfo(np.int32).max, np.int32)
    count[ends] = 1
    required[ends] = depth
    for node in reversed(list(_slices(circuit))):
        at = node[count[node] > 0]
        leaves = state.best[at]
        np.add.at(count, leaves, 1)
        np.minimum.at(required, leaves, required[at, None] - np.int32(1))
    count[none] = 0
    state.required[:] = required
    state.required[none] = np.iinfo(np.int32).max
    state.readers[:] = np.maximum(1, (2 * state.readers + count) / 3)
    used: NDArray[np.bool_] = count[:none] > 0
    used[: circuit.inputs] = False
    return used


def check_tables(network: LutNetwork, words: int = 16) -> None:
    """Raise Failed when a table, fed with what its leaves are in simulation, does not give what its root is."""
    circuit = network.circuit
    inputs = np.random.default_rng(1).integers(0, 1 << 64, (circuit.inputs, words), np.uint64)
    values = simulate_nodes(circuit, inputs)
    values = np.concatenate([values, np.zeros((1, words), np.uint64)])
    one = np.uint64(1)
    for bit in range(0, 64, 7):
        sample = (values >> np.uint64(bit)) & one
        row = np.zeros((network.count, words), np.uint64)
        for pin in range(network.leaves.shape[1]):
            row |= sample[network.leaves[:, pin]] << np.uint64(pin)
        wrong = ((network.table[:, None] >> row) & one) != sample[network.root]
        if wrong.any():
            node = int(network.root[wrong.any(axis=1).argmax()])
            raise Failed(f"the table of node {node} is wrong", where="LUT mapping", fix="report it")
