"""A circuit as a networkx graph, for people who want to look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import GATES, READS_A, READS_B

if TYPE_CHECKING:
    import networkx


def to_networkx(circuit: Circuit) -> networkx.DiGraph[Any]:
    """The graph that `Circuit.to_networkx` describes."""
    import networkx

    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    enc = circuit.encoder
    for bit, (feature, threshold) in enumerate(zip(enc.feature.tolist(), enc.threshold.tolist(), strict=True)):
        graph.add_node(bit, kind="input", feature=enc.names[feature], threshold=threshold, level=0)
    level = circuit.level[circuit.inputs :].tolist()
    columns = (circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), level)
    for node, (op, a, b, depth) in enumerate(zip(*columns, strict=True), circuit.inputs):
        graph.add_node(node, kind=GATES[op].name, level=depth)
        if READS_A[op]:
            graph.add_edge(a, node, pin="a")
        if READS_B[op]:
            graph.add_edge(b, node, pin="ab" if READS_A[op] and a == b else "b")
    if circuit.layer is not None:
        for node, layer in enumerate(circuit.layer.tolist(), circuit.inputs):
            graph.nodes[node]["layer"] = layer
    for index, (literal, name) in enumerate(zip(circuit.outputs.tolist(), _output_names(circuit), strict=True)):
        graph.add_node(("output", index), kind="output", name=name)
        graph.add_edge(literal >> 1, ("output", index), inverted=bool(literal & 1))
    return graph


def _output_names(circuit: Circuit) -> list[str]:
    """An output's own name, or that of the class that counts it."""
    head = circuit.head
    if head is None:
        return list(circuit.output_names)
    counts = np.diff(head.starts).tolist()
    return [name for name, count in zip(head.names, counts, strict=True) for _ in range(count)]
