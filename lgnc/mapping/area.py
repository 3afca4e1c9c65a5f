"""What a whole classifier takes of an FPGA: look-up tables, carry cells and levels, with an estimate of its clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from lgnc.arithmetic.encoder import encoder_circuit
from lgnc.ir.circuit import Circuit
from lgnc.mapping.cells import Mapped, map_cells
from lgnc.mapping.costs import whole_circuit
from lgnc.mapping.families import FAMILIES, Family
from lgnc.mapping.lut_map import LutNetwork, map_luts
from lgnc.mapping.netlist import FABRICS, Netlist, gives, reads


@dataclass(frozen=True)
class Area:
    """Of encoder, gates, popcount and argmax, from the features' bits to the class.

    luts: tables, one with two outputs counted once; of iCE40 and ECP5 cells, places of chains among them. carry: CARRY4
    or CARRY8 cells; 0 elsewhere.
    levels: of tables and chains on the longest path. clock_mhz: an estimate from levels and fan-out, of the classifier
    between two ranks of registers. encoder: whether the encoder is counted, which float features compare outside.
    """

    luts: int
    carry: int
    levels: int
    clock_mhz: float
    encoder: bool


class _Path(NamedTuple):
    """The longest path to a wire. ns: with the wire's own delay."""

    levels: int
    ns: float


def classifier_area(circuit: Circuit, family: str) -> Area:
    """The area of a circuit with a head in a family of `FAMILIES`, by lgnc's own mapping.

    Where the Verilog target has a mapped form, it is that of this form, whose encoder is cells of its own; elsewhere
    all parts are mapped together.
    """
    kind = FAMILIES[family]
    inside = not circuit.encoder.is_float
    if family not in FABRICS:
        whole, inside = whole_circuit(circuit)
        network = map_luts(whole, kind.inputs)
        paths = _table_paths(network, kind, [_Path(0, 0.0)] * whole.inputs)
        luts, carry = network.count, 0
    else:
        mapped = map_cells(circuit, "class", family)
        luts, carry = _cells(mapped), mapped.counts.get(f"carry{FABRICS[family].carry}", 0)
        starts = [_Path(0, 0.0)] * circuit.inputs
        if inside and circuit.encoder.dtype != "bool":
            encoder = map_cells(encoder_circuit(circuit.encoder), family=family)
            found = _cell_paths(encoder.net, kind, [_Path(0, 0.0)] * encoder.net.build.inputs)
            starts = [found.get(literal >> 1, _Path(0, 0.0)) for literal in encoder.outputs["outputs"]]
            luts += _cells(encoder)
        paths = _cell_paths(mapped.net, kind, starts)
    longest = max(paths.values(), key=lambda path: path.ns, default=_Path(0, 0.0))
    levels = max((path.levels for path in paths.values()), default=0)
    return Area(luts, carry, levels, round(1000 / (kind.register + kind.wire + longest.ns), 1), inside)


def _cells(mapped: Mapped) -> int:
    """Tables, with the places of chains where these are cells beside them."""
    return mapped.counts.get("cells", mapped.counts["tables"])


def _table_paths(network: LutNetwork, kind: Family, starts: list[_Path]) -> dict[int, _Path]:
    """Node -> its longest path, of inputs and tables. starts: of the inputs."""
    none = network.circuit.nodes
    leaves = [[leaf for leaf in row if leaf < none] for row in network.leaves.tolist()]
    readers = Counter(leaf for row in leaves for leaf in row)
    paths = {node: _read(path, kind, readers[node]) for node, path in enumerate(starts)}
    for root, row in zip(network.root.tolist(), leaves, strict=True):
        paths[root] = _through([paths[leaf] for leaf in row], kind, readers[root])
    return paths


def _cell_paths(net: Netlist, kind: Family, starts: list[_Path]) -> dict[int, _Path]:
    """Node -> its longest path, of inputs and cells. A chain counts as one table."""
    readers = Counter(node for cell in net.cells for node in set(reads(cell)))
    paths = {node: _read(path, kind, readers[node]) for node, path in enumerate(starts)}
    for cell in net.cells:
        below = [paths[node] for node in reads(cell)]
        for literal in gives(cell):
            paths[literal >> 1] = _through(below, kind, readers[literal >> 1])
    return paths


def _through(below: list[_Path], kind: Family, readers: int) -> _Path:
    """The path behind a table, its wire to so many readers included."""
    levels = 1 + max((path.levels for path in below), default=0)
    ns = kind.table + max((path.ns for path in below), default=0.0)
    return _read(_Path(levels, ns), kind, readers)


def _read(path: _Path, kind: Family, readers: int) -> _Path:
    return path if readers == 0 else _Path(path.levels, path.ns + kind.wire_delay(readers))
