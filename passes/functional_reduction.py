"""SAT sweeping: gates that are the same function of the inputs, whatever their structure, become one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Words
from lgnc.ir.gates import FALSE, TRUE, absorb_inversions
from lgnc.ir.simulate import pack, simulate_nodes, unpack
from lgnc.passes.compare import bit_keys, stimulus
from lgnc.passes.equality import EqualityOracle, perturbed

_BATCH = 256
"""Counterexamples after which the classes are split anew."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def functional_reduction(circuit: Circuit, *, conflicts: int = 300, nodes: int = 1000) -> Circuit:
    """Users of a gate that always equals an earlier node, or its complement, read that; constant gates become so.

    Candidates agree in simulation; a SAT solver proves them, in topological order with what is proven as cut points,
    or gives a counterexample that is simulated to split further candidates. A try costs at most `conflicts` conflicts,
    and about `nodes` nodes of the two cones are looked at.
    Gates that lose their users are left to eliminate_dead_gates. The thresholds of one feature are known to be
    ordered. Follows Mishchenko et al., "FRAIGs: A Unifying Representation for Logic Synthesis and Verification", 2005.

    Before::

        n3 = and n0 n1
        n4 = and n3 n2
        n5 = and n1 n2
        n6 = and n0 n5
        "y" = n6
        "z" = n4

    After::

        n3 = and n0 n1
        n4 = and n3 n2
        n5 = and n1 n2
        n6 = and n0 n5
        "y" = n4
        "z" = n4
    """
    if not circuit.gates or not circuit.inputs:
        return circuit
    sweep = _Sweep(circuit, conflicts, nodes)
    try:
        while sweep.round():
            pass
    finally:
        sweep.oracle.close()
    return sweep.result()


class _Sweep:
    """substitute: the literal to read in place of each node. open: nodes that may yet be merged into another."""

    def __init__(self, circuit: Circuit, conflicts: int, nodes: int) -> None:
        self.circuit = circuit
        keys = bit_keys(circuit.encoder)
        distinct = list(dict.fromkeys(keys))
        row = {key: index for index, key in enumerate(distinct)}
        self.how, words = stimulus(distinct, circuit.nodes)
        words = words[[row[key] for key in keys]]
        self.base = unpack(words, 64 * words.shape[1])
        self.substitute = list(range(0, 2 * circuit.nodes, 2))
        self.oracle = EqualityOracle(circuit, self.substitute, conflicts, nodes)
        self.open = np.ones(circuit.nodes, np.bool_)
        self.value: dict[int, bool] = {}
        self.rng = np.random.default_rng(1)
        values = simulate_nodes(circuit, words)
        self.phase = (values[:, 0] & np.uint64(1)).astype(np.bool_)
        self.signature = np.zeros(circuit.nodes, np.uint64)
        self.learn(values)

    def learn(self, values: Words) -> None:
        """Take simulated values (uint64[nodes, w]) into the signatures: equal up to inversion, equal signature.

        The signature of a constant is 0.
        """
        flip = np.where(self.phase, ~np.uint64(0), np.uint64(0))
        for word in range(values.shape[1]):
            odd = self.rng.integers(0, 2**64, dtype=np.uint64) | np.uint64(1)
            mixed = (values[:, word] ^ flip) * odd
            self.signature = (self.signature ^ mixed ^ mixed >> np.uint64(29)) * _MULTIPLIER

    def candidates(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(gates, the first node of the same signature or -1 for constant), in topological order."""
        nodes = np.flatnonzero(self.open)
        signature = self.signature[nodes]
        order = np.argsort(signature, kind="stable")
        ordered = signature[order]
        first = order[np.searchsorted(ordered, signature)]
        leader = np.where(signature == 0, -1, nodes[first])
        wanted = (leader != nodes) & (nodes >= self.circuit.inputs)
        return nodes[wanted], leader[wanted]

    def round(self) -> bool:
        """Try the candidates; whether there may be more, for some were told apart."""
        examples: list[dict[int, bool]] = []
        gates, leaders = self.candidates()
        phase = self.phase[gates] ^ np.where(leaders < 0, False, self.phase[leaders])
        for node, leader, inverted in zip(gates.tolist(), leaders.tolist(), phase.tolist(), strict=True):
            literal = 2 * leader + inverted
            if leader < 0:
                answer = self.oracle.constant(node, inverted)
            else:
                answer = self.oracle.equal(node, literal)
            if isinstance(answer, dict):
                examples.append(answer)
                if len(examples) == _BATCH:
                    break
                continue
            self.open[node] = False
            if answer and leader < 0:
                self.value[node] = inverted
            elif answer:
                self.substitute[node] = self.substitute[literal >> 1] ^ (literal & 1)
        if not examples:
            return False
        rows = perturbed(examples, self.base, self.circuit.encoder.feature, len(examples))
        self.learn(simulate_nodes(self.circuit, pack(rows)))
        return True

    def result(self) -> Circuit:
        """The circuit with every merge made."""
        circuit, literal = self.circuit, np.array(self.substitute, np.int32)
        a, b = literal[circuit.a], literal[circuit.b]
        op = absorb_inversions(circuit.op, a, b)
        for node, value in self.value.items():
            op[node - circuit.inputs] = TRUE if value else FALSE
        outputs = literal[circuit.outputs >> 1] ^ (circuit.outputs & 1)
        return circuit.with_(op=op, a=a >> 1, b=b >> 1, outputs=outputs)
