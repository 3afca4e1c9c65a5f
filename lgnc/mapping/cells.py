"""A whole design in an FPGA's own cells: the network's tables, the popcount's and the argmax's chains."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from lgnc.arithmetic.head import index_width, score_format, score_names
from lgnc.ir.builder import FALSE, TRUE
from lgnc.ir.circuit import Circuit
from lgnc.mapping.choosing import choose_highest
from lgnc.mapping.counting import count_bits
from lgnc.mapping.lut_map import LutNetwork, map_luts
from lgnc.mapping.netlist import PINS, Netlist, Table
from lgnc.mapping.pairing import pair_tables


@dataclass(frozen=True, eq=False)
class Mapped:
    """net: the cells. outputs: literals by name of port, lowest bit first, on wires or constant.

    classes: of the head, 0 without one.
    """

    net: Netlist
    outputs: dict[str, list[int]]
    classes: int = 0

    @property
    def circuit(self) -> Circuit:
        """The same as gates, as the cells were made from them: outputs named as `lower_head` names them."""
        literals, names = [], list[str]()
        for port, bits in self.outputs.items():
            literals += bits
            names += _names(port, bits, self.classes)
        inputs = tuple(f"b{k}" for k in range(self.net.build.inputs))
        return self.net.build.circuit(literals, inputs, tuple(names))

    @property
    def counts(self) -> dict[str, int]:
        """`tables`, those with two outputs counted once; `two_outputs`, how many these are, chains' left out; `places`
        of carry chains; `levels` of cells on the longest path.
        """
        tables = self.net.tables
        alone = [cell for cell in self.net.cells if isinstance(cell, Table)]
        chains = [cell for cell in self.net.cells if not isinstance(cell, Table)]
        return {
            "tables": len(tables),
            "two_outputs": sum(cell.lower is not None for cell in alone),
            "places": sum(len(chain.places) for chain in chains),
            "carry4": sum(-(-len(chain.places) // 4) for chain in chains),
            "carries_out": sum(
                chain.places[-1].carry is not None and chain.places[-1].total is not None for chain in chains
            ),
            "levels": max(self.net.level.values(), default=0),
        }


def _names(port: str, bits: list[int], classes: int) -> list[str]:
    if port == "scores":
        return list(score_names(classes, len(bits) // classes))
    stem = {"class_index": "class", "outputs": "outputs"}[port]
    return [f"{stem}_{bit}" for bit in range(len(bits))]


def map_cells(circuit: Circuit, outputs: str = "both") -> Mapped:
    """The circuit, from its encoder's bits on, in cells; outputs: 'both', 'class' or 'scores' of its head."""
    plain = circuit.with_(head=None, output_names=tuple(f"o{k}" for k in range(len(circuit.outputs))))
    network = map_luts(plain, PINS)
    net = Netlist(network.circuit.inputs)
    literals, cuts = _network(net, network, circuit.head is not None)
    if circuit.head is None:
        found = {"outputs": literals}
    else:
        head = circuit.head
        base, width = score_format(head)
        scores = []
        for (first, last), offset in zip(pairwise(head.starts.tolist()), head.offset.tolist(), strict=True):
            columns = [[TRUE] if offset - base >> bit & 1 else [] for bit in range(width)]
            columns[0] += literals[first:last]
            own = max(1, (last - first + offset - base).bit_length())
            scores.append(count_bits(net, columns[:own], cuts) + [FALSE] * (width - own))
        found = {}
        if outputs != "scores":
            found["class_index"] = choose_highest(net, scores, index_width(head.classes))
        if outputs != "class":
            found["scores"] = [bit for score in scores for bit in score]
    found = {port: [net.straight(bit) for bit in bits] for port, bits in found.items()}
    net.drop_unread([bit for bits in found.values() for bit in bits])
    pair_tables(net)
    return Mapped(net, found, 0 if circuit.head is None else circuit.head.classes)


def _network(net: Netlist, network: LutNetwork, absorb: bool) -> tuple[list[int], dict[int, tuple[int, ...]]]:
    """(the output literals, node -> what it reads for those that have no table yet): tables of the network.

    absorb: a table that one output alone reads is left to the head.
    """
    circuit = network.circuit
    at = list(range(0, 2 * circuit.inputs, 2))
    for op, a, b in zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True):
        at.append(net.build.gate(op, at[a], at[b]))
    outputs = circuit.outputs.tolist()
    read = Counter(literal >> 1 for literal in outputs)
    shown = {literal >> 1: literal & 1 for literal in reversed(outputs)}
    inside = {leaf for leaves in network.leaves.tolist() for leaf in leaves}
    cuts = {}
    for root, leaves in zip(network.root.tolist(), network.leaves.tolist(), strict=True):
        inputs = tuple(at[leaf] >> 1 for leaf in leaves if leaf < circuit.nodes)
        if absorb and root not in inside and read[root] == 1:
            cuts[at[root] >> 1] = inputs
        else:
            net.table(inputs, at[root] ^ shown.get(root, 0))
    return [at[literal >> 1] ^ (literal & 1) for literal in outputs], cuts
