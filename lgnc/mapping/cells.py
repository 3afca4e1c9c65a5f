"""A whole design in an FPGA's own cells: the network's tables, the popcount's and the argmax's chains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lgnc.arithmetic.head import argmax_circuit, index_width, score_format, score_names
from lgnc.ir.builder import FALSE, TRUE, Builder
from lgnc.ir.circuit import Circuit
from lgnc.mapping.adding import add_bits
from lgnc.mapping.choosing import choose_highest
from lgnc.mapping.counting import count_bits
from lgnc.mapping.lut_map import LutNetwork, map_luts
from lgnc.mapping.netlist import FABRICS, Netlist, Table
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
        """`levels` of cells on the longest path, `places` of carry chains and, for Xilinx, `tables`, those with two
        outputs counted once, `two_outputs`, how many these are, chains' left out, `carry4` or `carry8`, and
        `carries_out`. For the others `tables`, those of chains left out, and `cells`, tables and places, of ECP5 with
        what fills the last cell of a chain and what nextpnr puts before it and behind it.
        """
        net, wide = self.net, self.net.fabric.carry
        alone = [cell for cell in net.cells if isinstance(cell, Table)]
        chains = [cell for cell in net.cells if not isinstance(cell, Table)]
        found = {"places": sum(len(chain.places) for chain in chains), "levels": max(net.level.values(), default=0)}
        if net.fabric.gates is None:
            return found | {
                "tables": len(net.tables),
                "two_outputs": sum(cell.lower is not None for cell in alone),
                f"carry{wide}": sum(-(-len(chain.places) // wide) for chain in chains),
                "carries_out": sum(
                    chain.places[-1].carry is not None and chain.places[-1].total is not None for chain in chains
                ),
            }
        in_chains = found["places"]
        if net.fabric.gates:
            ends = [bool(len(chain.places) % 2 and chain.places[-1].adds) for chain in chains]
            in_chains = sum(2 * (len(chain.places) // 2 + 2 + end) for chain, end in zip(chains, ends, strict=True))
        return found | {"tables": len(alone), "cells": len(alone) + in_chains}


def _names(port: str, bits: list[int], classes: int) -> list[str]:
    if port == "scores":
        return list(score_names(classes, len(bits) // classes))
    stem = {"class_index": "class", "outputs": "outputs"}[port]
    return [f"{stem}_{bit}" for bit in range(len(bits))]


def map_cells(circuit: Circuit, outputs: str = "both", family: str = "xilinx", longest: int | None = None) -> Mapped:
    """The circuit, from its encoder's bits on, in cells of a family of `FABRICS`.

    outputs: 'both', 'class' or 'scores' of its head. longest: places of a chain at most where adders share chains, if
    fewer than the family's.
    """
    fabric = FABRICS[family]
    if longest is not None:
        fabric = fabric._replace(longest=min(longest, fabric.longest))
    plain = circuit.with_(head=None, output_names=tuple(f"o{k}" for k in range(len(circuit.outputs))))
    network = map_luts(plain, fabric.pins)
    net = Netlist(network.circuit.inputs, fabric)
    inputs = range(0, 2 * network.circuit.inputs, 2)
    literals, cuts = _network(net, network, inputs, absorb=circuit.head is not None)
    if circuit.head is None:
        found = {"outputs": literals}
    else:
        head = circuit.head
        base, width = score_format(head)
        counts = []
        for (first, last), offset in zip(pairwise(head.starts.tolist()), head.offset.tolist(), strict=True):
            own = max(1, (last - first + offset - base).bit_length())
            columns = [[TRUE] if offset - base >> bit & 1 else [] for bit in range(own)]
            columns[0] += literals[first:last]
            counts.append(columns)
        if fabric.gates is None:
            sums = [count_bits(net, columns, cuts) for columns in counts]
        else:
            sums = add_bits(net, counts, cuts)
        scores = [each + [FALSE] * (width - len(each)) for each in sums]
        found = {}
        if outputs != "scores":
            choose = choose_highest if fabric.gates is None else _choose_by_tables
            found["class_index"] = choose(net, scores, index_width(head.classes))
        if outputs != "class":
            found["scores"] = [bit for score in scores for bit in score]
    found = {port: [net.straight(bit) for bit in bits] for port, bits in found.items()}
    net.drop_unread([bit for bits in found.values() for bit in bits])
    if fabric.two_outputs:
        pair_tables(net)
    return Mapped(net, found, 0 if circuit.head is None else circuit.head.classes)


def _choose_by_tables(net: Netlist, scores: Sequence[Sequence[int]], bits: int) -> list[int]:
    """What `choose_highest` gives, without chains: on one a comparison takes no fewer cells of four inputs."""
    width = len(scores[0])
    circuit = argmax_circuit(len(scores), width)
    flat = [literal for score in scores for literal in score]
    nodes = net.supports(flat)
    build, at = Builder(len(nodes)), dict(zip(nodes, range(0, 2 * len(nodes), 2), strict=True))
    inside = [literal if literal < 0 else at[literal >> 1] ^ (literal & 1) for literal in flat]
    for op, a, b in zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True):
        inside.append(build.gate(op, inside[a], inside[b]))
    index = [inside[literal >> 1] ^ (literal & 1) for literal in circuit.outputs.tolist()]
    names = tuple(f"s{k}" for k in range(len(nodes))), tuple(f"c{k}" for k in range(bits))
    network = map_luts(build.circuit(index, *names), net.fabric.pins)
    return _network(net, network, [2 * node for node in nodes], absorb=False)[0]


def _network(
    net: Netlist, network: LutNetwork, inputs: Sequence[int], *, absorb: bool
) -> tuple[list[int], dict[int, tuple[int, ...]]]:
    """(the output literals, node -> what it reads for those that have no table yet): tables of the network.

    inputs: its inputs' literals, not inverted. absorb: a table that one output alone reads is left to the head.
    """
    circuit = network.circuit
    at = list(inputs)
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
