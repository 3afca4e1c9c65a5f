"""The sections of a Verilog design from features to results, their ports, and where ranks of registers cut them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lgnc.arithmetic.head import argmax_circuit, index_width, popcount_circuit, score_format
from lgnc.backends.verilog.encoder import encoder_levels
from lgnc.backends.verilog.pipeline import Ranks, gate_ranks, place_cuts
from lgnc.backends.verilog.target import VerilogSettings
from lgnc.backends.verilog.text import Port
from lgnc.ir.circuit import Circuit, Encoder, Int32
from lgnc.mapping.levels import tables_apart
from lgnc.mapping.lut_map import map_luts


@dataclass(frozen=True)
class Interface:
    """The modules' ports. source: 'features', or 'bits' where the features are floats. results: the top's outputs."""

    source: Port
    bits: Port
    literals: tuple[Port, ...]
    scores: Port
    index: Port
    results: tuple[Port, ...]


def interface(circuit: Circuit, outputs: str) -> Interface:
    """The ports that a circuit needs, for the chosen outputs of its head."""
    encoder, head = circuit.encoder, circuit.head
    bits = Port("bits", encoder.bits)
    source = bits if encoder.is_float else Port("features", len(encoder.names) * encoder.feature_bits)
    if head is None:
        plain = (Port("outputs", len(circuit.outputs)),)
        return Interface(source, bits, plain, Port("scores", 0), Port("class_index", 0), plain)
    runs = (head.starts[1:] - head.starts[:-1]).tolist()
    literals = tuple(Port(f"literals_{c}", run) for c, run in enumerate(runs))
    scores = Port("scores", head.classes * score_format(head).width)
    index = Port("class_index", index_width(head.classes))
    results = {"both": (index, scores), "class": (index,), "scores": (scores,)}[outputs]
    return Interface(source, bits, literals, scores, index, results)


class Part(NamedTuple):
    """A section of the design: its module is `NAME_{name}`. circuit: its gates; None for the encoder's comparators.

    level: int32[nodes], what ranks of registers are placed by: levels of gates, or of tables.
    """

    name: str
    taken: Sequence[Port]
    given: Sequence[Port]
    circuit: Circuit | None
    level: Int32


def parts_of(circuit: Circuit, ports: Interface) -> list[Part]:
    """The sections from features to results."""
    parts = []
    if ports.source is not ports.bits:
        parts.append(Part("encoder", [ports.source], [ports.bits], None, np.zeros(0, np.int32)))
    parts.append(Part("gates", [ports.bits], ports.literals, circuit, circuit.level))
    if circuit.head is not None:
        counts = popcount_circuit(circuit.head)
        parts.append(Part("popcount", ports.literals, [ports.scores], counts, counts.level))
        if ports.index in ports.results:
            chosen = argmax_circuit(circuit.head.classes, score_format(circuit.head).width)
            parts.append(Part("argmax", [ports.scores], [ports.index], chosen, chosen.level))
    return parts


def pipeline(
    encoder: Encoder, parts: Sequence[Part], ports: Interface, settings: VerilogSettings
) -> tuple[list[Part], list[tuple[int, ...]]]:
    """The parts with their gates in tables, and the cuts of each: none unless the settings ask for stages.

    Ranks stand between tables; where more are asked for than there are levels of tables, between gates.
    """
    if not settings.clocked:
        return list(parts), [()] * len(parts)
    mapped = [_in_tables(part, settings.table_inputs) for part in parts]
    levels = encoder_levels(encoder, settings.table_inputs)
    if settings.pipeline_depth is not None:
        levels = min(levels, settings.pipeline_depth)  # no register stands inside a comparator
    ranks = _ranks(mapped, ports, encoder.bits, levels)
    places = sum(int((each.widths >= 0).sum()) for each in ranks)
    if settings.stages is not None and settings.stages > places:
        mapped, ranks = list(parts), _ranks(parts, ports, encoder.bits, encoder_levels(encoder, 2))
    return mapped, place_cuts(ranks, settings.stages, settings.pipeline_depth)


def _in_tables(part: Part, inputs: int) -> Part:
    """The part's gates, one for each table that they are in, with levels of tables."""
    if part.circuit is None:
        return part
    names = tuple(f"o{k}" for k in range(len(part.circuit.outputs)))  # with its head, constant literals would go
    circuit, level = tables_apart(map_luts(part.circuit.with_(head=None, output_names=names), inputs))
    return part._replace(circuit=circuit, level=level)


def _ranks(parts: Sequence[Part], ports: Interface, bits: int, levels: int) -> list[Ranks]:
    """Where each part can be cut: an encoder of so many bits at its end, which is so many levels away."""
    ranks = []
    for part in parts:
        if part.circuit is None:
            ranks.append(Ranks(levels, np.array([-1] * levels + [bits if levels else -1])))
        else:
            beside = part.name == "argmax" and ports.scores in ports.results
            ranks.append(gate_ranks(part.circuit, part.level, ports.scores.width if beside else 0))
    return ranks
