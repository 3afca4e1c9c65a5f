"""The encoder beat by beat: comparators of a beat's lanes, which all beats share, and the compared bits that are held.

A lane is the place of a feature in a beat. `NAME_lanes` compares each lane with every threshold that it has in any
beat; of what it gives, a beat's place holds the bits that the network reads. `NAME_coded` is the network behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from lgnc.backends.verilog.beats import beat_groups
from lgnc.backends.verilog.control import control_module
from lgnc.backends.verilog.encoder import encoder_module
from lgnc.backends.verilog.text import Port, bit, concatenation, vector
from lgnc.backends.verilog.top import Section, top_module
from lgnc.ir.circuit import Circuit, Encoder

LEAST_BEATS = 16
"""Of a packet, for each rank in or behind the comparators: it costs a clock between packets."""

_NEVER, _ALWAYS = -1, -2


class Coding(NamedTuple):
    """lanes: the comparisons of a beat, its features being the lanes; each of its bits is a column.
    held: (beat, column) of each bit that is held, in order. wired: for each bit of the network's encoder the held bit
    that it is, or _NEVER or _ALWAYS where it is a constant or nothing reads it. groups: of the beats.
    ranks: of registers in or behind the comparators; only where beats are in groups.
    """

    lanes: Encoder
    held: tuple[tuple[int, int], ...]
    wired: tuple[int, ...]
    groups: tuple[int, int]
    ranks: int = 0

    @property
    def port(self) -> Port:
        """The input of `NAME_coded`."""
        return Port("coded", len(self.held))

    @property
    def taken(self) -> Port:
        """The input of `NAME_lanes`: a beat."""
        return Port("features", len(self.lanes.names) * self.lanes.feature_bits)

    @property
    def columns(self) -> Port:
        """The output of `NAME_lanes`."""
        return Port("coded", self.lanes.bits)

    @property
    def copies(self) -> list[tuple[int, int]]:
        """(group, column) of the bits that groups have copies of, in order; none where there is one group."""
        groups, row = self.groups
        return sorted({(beat // row, column) for beat, column in self.held}) if groups > 1 else []

    def comparisons(self, encoder: Encoder) -> Encoder:
        """What the held bits are, over the features of `encoder`, the network's."""
        lanes = len(self.lanes.names)
        column = np.array([column for _, column in self.held], np.int64)
        beat = np.array([beat for beat, _ in self.held], np.int64)
        feature = (beat * lanes + self.lanes.feature[column]).astype(np.int32)
        return Encoder(encoder.names, encoder.dtype, feature, self.lanes.threshold[column])


def coding(circuit: Circuit, beat: int, ranks: int = 0) -> Coding | None:
    """How a circuit's encoder works on beats of so many bits; None where a feature is one bit, or lies in two beats,
    where nothing is compared, and where a packet is too short for so many ranks.
    """
    encoder, width = circuit.encoder, circuit.encoder.feature_bits if not circuit.encoder.is_float else 1
    beat = min(beat, width * len(encoder.names))
    if width == 1 or beat % width:
        return None
    low, high = map(int, encoder.range)
    lanes = beat // width
    within = (low <= encoder.threshold) & (encoder.threshold < high)
    used = within & (circuit.fanout[: circuit.inputs] > 0)
    if not used.any():
        return None
    feature, threshold = encoder.feature[used].astype(np.int64), encoder.threshold[used].astype(np.int64)
    pairs, column = np.unique(np.stack([feature % lanes, threshold]), axis=1, return_inverse=True)
    held, place = np.unique(np.stack([feature // lanes, column.reshape(-1)]), axis=1, return_inverse=True)
    wired = np.where(within | (encoder.threshold >= high), _NEVER, _ALWAYS)
    wired[used] = place.reshape(-1)
    names = tuple(f"lane {lane}" for lane in range(lanes))
    beats = -(-width * len(encoder.names) // beat)
    if beats < LEAST_BEATS * ranks:
        return None
    return Coding(
        Encoder(names, encoder.dtype, pairs[0].astype(np.int32), pairs[1]),
        tuple((int(at), int(which)) for at, which in held.T),
        tuple(wired.tolist()),
        beat_groups(beats),
        ranks,
    )


def saves(found: Coding, encoder: Encoder, ranks: int) -> bool:
    """Whether no more registers and tables are needed than for features as they come, so many ranks behind them."""
    held = found.comparisons(encoder)
    bits = _bits_read(held)
    lanes, row, width = len(found.lanes.names), found.groups[1], encoder.feature_bits
    read = {(int(f), k) for f, count in zip(held.feature, bits, strict=True) for k in range(width - count, width)}
    copies = {(f // lanes // row, f % lanes, k) for f, k in read} if found.copies else set()
    late = found.ranks * (found.lanes.bits + sum(found.groups))
    compared = len(found.held) + len(found.copies) + late + _tables(_bits_read(found.lanes))
    return compared <= len(read) + len(copies) + ranks * len(found.held) + _tables(bits)


def _bits_read(encoder: Encoder) -> list[int]:
    """Of a feature, the highest, that each comparison reads: not those below the lowest 0 of its threshold."""
    width = encoder.feature_bits
    ones = [int(each) & ((1 << width) - 1) for each in encoder.threshold]
    return [width - min(width - 1, (~each & (each + 1)).bit_length() - 1) for each in ones]


def _tables(bits: Sequence[int]) -> int:
    """Tables of six inputs of comparisons that read so many bits: one for each five after the first."""
    return sum(-(-(count - 1) // 5) for count in bits)


def lanes_module(name: str, found: Coding) -> list[str]:
    """The lines of `NAME_lanes`: a beat in, its columns out."""
    return encoder_module(f"{name}_lanes", found.lanes, found.taken, found.columns, found.ranks)


def coded_top(
    name: str, found: Coding, bits: Port, results: Sequence[Port], sections: Sequence[Section], encoder: int
) -> list[str]:
    """The lines of `NAME_coded`: `NAME` without its encoder, behind the bits that are held.

    encoder: ranks of that one. Where it has any, the handshake needs a module of its own, of fewer ranks.
    """
    fixed = {_NEVER: "1'b0", _ALWAYS: "1'b1"}
    values = [fixed.get(each) or bit(found.port, each) for each in found.wired]
    inside = [f"  wire {vector(bits.width)}{bits.name};", *concatenation(bits.name, values)]
    lines = [f"// {name} behind its encoder: bit k of `coded` is a comparison that {name}_lanes makes of a beat."]
    stages = sum(section.latency for section in sections)
    control = f"{name}_coded" if encoder else name
    lines = [*(control_module(control, results, stages) if encoder else []), *lines]
    return [
        *lines,
        *top_module(f"{name}_coded", found.port, results, sections, of=name, control=control, inside=inside),
    ]


def place_lines(name: str, found: Coding) -> str:
    """What compares a beat, and writes the compared bits to their places, by way of a copy in their group."""
    several, row = found.groups[0] > 1, found.groups[1]
    lines = [
        f"  wire {vector(found.columns.width)}coded;",
        f"  {name}_lanes lanes ({'.clk(aclk), ' if found.ranks else ''}.features(data), .coded(coded));",
        f"  reg [{len(found.held) - 1}:0] collected;",
    ]
    copies = found.copies
    at = {each: index for index, each in enumerate(copies)}
    lines += [f"  reg [{len(copies) - 1}:0] copy;"] if several else []
    first = 0
    for group, own in groupby(copies, lambda each: each[0]):
        values = [bit(found.columns, column) for _, column in own]
        lines += _written(f"{'there_group' if found.ranks else 'group'}[{group}]", "copy", first, values)
        first += len(values)
    first = 0
    for beat, own in groupby(found.held, lambda each: each[0]):
        columns = [column for _, column in own]
        group = beat // row
        if several:
            when, values = f"mine[{group}] & spot[{beat}]", [f"copy[{at[group, column]}]" for column in columns]
        else:
            when = f"slot[{beat}]" if beat else "slot[0] & take"
            values = [bit(found.columns, column) for column in columns]
        lines += _written(when, "collected", first, values)
        first += len(values)
    return "\n".join(lines)


def _written(when: str, target: str, low: int, values: Sequence[str]) -> list[str]:
    """Bits of a register from `low` on that take values, the first lowest, where `when` is high."""
    return [
        "  always @(posedge aclk)",
        f"    if ({when}) {target}[{low + len(values) - 1}:{low}] <= {{{', '.join(reversed(values))}}};",
    ]


def unread(found: Coding, beats: int) -> list[str]:
    """Signals of the groups that no place reads, since nothing of a beat or of a group is held."""
    groups, row = found.groups
    if groups == 1:
        return []
    have = {beat for beat, _ in found.held}
    rows = {beat // row for beat in have}
    return [
        *(f"spot[{beat}]" for beat in range(beats) if beat not in have),
        *(f"mine[{group}]" for group in range(groups) if group not in rows),
    ]


def told(found: Coding, latency: int) -> dict[str, Any]:
    """What the manifest says. latency: of `NAME_coded`."""
    return {"comparators": found.lanes.bits, "bits": len(found.held), "ranks": found.ranks, "latency": latency}
