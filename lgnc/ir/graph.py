"""A circuit as a networkx graph, for people who want to look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import GATES, READS_A, READS_B

if TYPE_CHECKING:
    import networkx


def to_networkx(circuit: Circuit) -> networkx.DiGraph[Any]:
    """A DiGraph: node ids are ints with `kind` ('input' or the gate's name); edges carry `pin` ('a' or 'b').

    Output literals are nodes ('output', i) with an edge from their node that carries `inverted`.
    """
    import networkx

    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    enc = circuit.encoder
    for bit, (feature, threshold) in enumerate(zip(enc.feature.tolist(), enc.threshold.tolist(), strict=True)):
        graph.add_node(bit, kind="input", feature=enc.names[feature], threshold=threshold)
    for gate in range(circuit.gates):
        node, op = circuit.inputs + gate, int(circuit.op[gate])
        graph.add_node(node, kind=GATES[op].name, level=int(circuit.level[node]))
        if READS_A[op]:
            graph.add_edge(int(circuit.a[gate]), node, pin="a")
        if READS_B[op]:
            both = READS_A[op] and circuit.a[gate] == circuit.b[gate]
            graph.add_edge(int(circuit.b[gate]), node, pin="ab" if both else "b")
    for index, literal in enumerate(circuit.outputs.tolist()):
        graph.add_node(("output", index), kind="output")
        graph.add_edge(literal >> 1, ("output", index), inverted=bool(literal & 1))
    return graph
