"""The one bit that the assertions about the AXI4-Stream wrapper are about: any of those that it hands to the design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lgnc.backends.verilog.beats import beat_groups
from lgnc.backends.verilog.coded import Coding
from lgnc.backends.verilog.encoder import sized
from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port


class Picked(NamedTuple):
    """words: what the templates say of the bit. copied: bits of the groups' copies together."""

    words: Mapping[str, str]
    copied: int


def picked_bit(source: Port, beats: int, beat: int, coded: Coding | None) -> Picked:
    """A bit of the input as it comes or, where beats are compared as they come, a bit that is held of them."""
    groups, row = beat_groups(beats)
    words = {"PICKBEATHIGH": _high(beats), "PICKBITHIGH": _high(beat)}
    if coded is not None:
        return _held_bit(words, beat, coded)
    ports = [f"input wire [{words['PICKBEATHIGH']}:0] pick_beat", f"input wire [{words['PICKBITHIGH']}:0] pick_bit"]
    words |= {
        "PICKPORTS": ",\n  ".join(ports),
        "PICKS": "pick_beat and pick_bit any one bit of it",
        "HELD": "N*BEAT",
        "PICKED": filled("props_bit.sv.in", words | {"SOURCE": source.name}).rstrip("\n"),
        "PICK": "beat <= pick_beat < N ? pick_beat : 0;\n      column <= pick_bit < BEAT ? pick_bit : 0;",
        "PICKOK": "beat < N & column < BEAT",
        "COPIED": "1'b0",
        "COPY": f"\n      if (at % {row} == 0 && at <= beat) copied = inside_copy[(at / {row}) * BEAT + column];",
    }
    return Picked(words, groups * beat)


def _held_bit(words: dict[str, str], beat: int, coded: Coding) -> Picked:
    copies = {each: index for index, each in enumerate(coded.copies)}
    row = coded.groups[1]
    pick = _high(len(coded.held))
    own = words | {
        "PICKHIGH": pick,
        "PICKBITHIGH": _high(coded.lanes.bits),
        "COLUMNHIGH": str(coded.lanes.bits - 1),
        "BEATHIGH": str(beat - 1),
        "COMPARED": ",\n      ".join(reversed(_comparisons(coded))),
        "COPYAT": f"  reg [{_high(len(copies))}:0] copied_at;\n" if copies else "",
        "COPYNONE": "        copied_at = 0;\n" if copies else "",
    }
    table = []
    for k, (at, column) in enumerate(coded.held):
        copy = f" copied_at = {copies[at // row, column]};" if copies else ""
        table.append(f"      {k}: begin beat = {at}; column = {column};{copy} end")
    own["WHERE"] = "\n".join(table)
    words |= {
        "PICKPORTS": f"input wire [{pick}:0] pick",
        "PICKS": "pick any one comparison that is held of it",
        "HELD": str(len(coded.held)),
        "PICKED": filled("props_coded.sv.in", own).rstrip("\n"),
        "PICK": f"picked <= pick < {len(coded.held)} ? pick : 0;",
        "PICKOK": f"picked < {len(coded.held)}",
        "COPIED": "inside_copy[copied_at]",
        "COPY": "",
    }
    return Picked(words, len(copies))


def _comparisons(coded: Coding) -> list[str]:
    """The comparisons of a beat `lanes` with the thresholds of its lanes, the first lowest."""
    width, low = coded.lanes.feature_bits, int(coded.lanes.range[0])
    rows = zip(coded.lanes.feature.tolist(), coded.lanes.threshold.tolist(), strict=True)
    values = [(f"lanes[{(lane + 1) * width - 1}:{lane * width}]", sized(t, width, low)) for lane, t in rows]
    return [f"{f'$signed({part})' if low < 0 else part} > {threshold}" for part, threshold in values]


def _high(count: int) -> str:
    """The highest bit of a number below `count`."""
    return str(max(1, (count - 1).bit_length()) - 1)
