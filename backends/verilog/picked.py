"""The one bit that the assertions about the AXI4-Stream wrapper are about: any of those that it hands to the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lgnc.arithmetic.head import index_width
from lgnc.backends.verilog.beats import beat_groups
from lgnc.backends.verilog.coded import Coding
from lgnc.backends.verilog.encoder import sized
from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port


class Picked(NamedTuple):
    """words: what the templates say of the bit. copied: bits of the groups' copies together. joined: signals of the
    assertions' module and those of the wrapper that they are, of beats that are being compared; declared: the former.
    """

    words: Mapping[str, str]
    copied: int
    joined: Sequence[tuple[str, str]] = ()
    declared: Sequence[str] = ()


_FLYING = """  wire ended = inside_ended, writing = written_now[beat];
  wire stored = writing ? copied : collected;"""


def picked_bit(source: Port, beats: int, beat: int, coded: Coding | None) -> Picked:
    """A bit of the input as it comes or, where beats are compared as they come, a bit that is held of them."""
    groups, row = beat_groups(beats)
    words = {"PICKBEATHIGH": _high(beats), "PICKBITHIGH": _high(beat), "FLYING": _FLYING, "LATELEMMAS": ""}
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
    groups, row = coded.groups
    pick = _high(len(coded.held))
    own = words | {
        "PICKHIGH": pick,
        "PICKBITHIGH": _high(coded.lanes.bits),
        "COLUMNHIGH": str(coded.lanes.bits - 1),
        "BEATHIGH": str(beat - 1),
        "COMPARED": ",\n      ".join(reversed(_comparisons(coded))),
        "COPYAT": f"  reg [{_high(len(copies))}:0] copied_at;\n" if copies else "",
        "COPYNONE": "        copied_at = 0;\n" if copies else "",
        "LATEAT": f"  reg [{_high(groups)}:0] group_at;\n  reg [{_high(row)}:0] place_at;\n" if coded.ranks else "",
        "LATENONE": "        group_at = 0;\n        place_at = 0;\n" if coded.ranks else "",
    }
    table = []
    for k, (at, column) in enumerate(coded.held):
        copy = f" copied_at = {copies[at // row, column]};" if copies else ""
        copy += f" group_at = {at // row}; place_at = {at % row};" if coded.ranks else ""
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
    return _with_ranks(words, len(copies), coded) if coded.ranks else Picked(words, len(copies))


def _with_ranks(words: dict[str, str], copied: int, coded: Coding) -> Picked:
    """The same where beats are on their way through ranks before they are copied."""
    groups, row = coded.groups
    ranks, columns = coded.ranks, coded.lanes.bits
    own = {"RANKS": str(ranks), "COLUMNS": str(columns), "GROUPS": str(groups), "ROW": str(row)}
    words["FLYING"] = filled("props_late.sv.in", own).rstrip("\n")
    words["LATELEMMAS"] = filled("props_late_lemmas.sv.in", own)
    parts = [(f"inside_compared[{(k + 1) * columns - 1}:{k * columns}]", f"lanes.coded_r{k + 1}") for k in range(ranks)]
    late = {"late_take": ranks, "late_end": ranks, "late_group": ranks * groups, "late_place": ranks * row}
    parts += [(f"inside_{each}", each) for each in late]
    widths = {"compared": ranks * columns, **late}
    lines = [f"  (* keep *) wire [{width - 1}:0] inside_{each};" for each, width in widths.items()]
    lines += ["`ifndef YOSYS", *(f"  assign {own} = dut.{other};" for own, other in parts), "`endif"]
    return Picked(words, copied, parts, lines)


def _comparisons(coded: Coding) -> list[str]:
    """The comparisons of a beat `lanes` with the thresholds of its lanes, the first lowest."""
    width, low = coded.lanes.feature_bits, int(coded.lanes.range[0])
    rows = zip(coded.lanes.feature.tolist(), coded.lanes.threshold.tolist(), strict=True)
    values = [(f"lanes[{(lane + 1) * width - 1}:{lane * width}]", sized(t, width, low)) for lane, t in rows]
    return [f"{f'$signed({part})' if low < 0 else part} > {threshold}" for part, threshold in values]


def _high(count: int) -> str:
    """The highest bit of a number below `count`."""
    return str(index_width(count) - 1)
