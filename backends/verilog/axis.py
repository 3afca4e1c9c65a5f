"""AXI4-Stream around a pipelined design: features in beats, results in words of 32 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lgnc.backends.verilog.beats import beat_groups
from lgnc.backends.verilog.coded import Coding, place_lines, told, unread
from lgnc.backends.verilog.testbench import VECTORS, filled
from lgnc.backends.verilog.text import Port, wrapper_words
from lgnc.diagnostics import BadInput

MOST_BEAT = 4096
"""Bits of a beat."""


class Word(NamedTuple):
    """A word of a result: bits [low, low + width) of the results' ports, plus `base`, as a 32-bit integer."""

    name: str
    low: int
    width: int
    base: int = 0


def result_words(results: Sequence[Port], score: tuple[int, int] | None) -> list[Word]:
    """The words of a result, in the order in which they go out.

    score: (width, base) of a class's score. The class comes first, then a signed score of every class; without a
    head 32 outputs to a word, the first lowest.
    """
    words, low = [], 0
    for port in results:
        if port.name == "class_index":
            words.append(Word("class", low, port.width))
        elif port.name == "scores" and score is not None:
            width, base = score
            words += [Word(f"score {c}", low + c * width, width, base) for c in range(port.width // width)]
        else:
            parts = range(0, port.width, 32)
            words += [Word(f"outputs {at}..", low + at, min(32, port.width - at)) for at in parts]
        low += port.width
    return words


def axis_files(
    name: str,
    source: Port,
    results: Sequence[Port],
    latency: int,
    beat: int,
    interval: int = 1,
    score: tuple[int, int] | None = None,
    coded: Coding | None = None,
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """(`NAME_axis.v` and `tb_NAME_axis.v`, what the manifest says of them), after AMBA 4 AXI4-Stream (ARM IHI 0051A).

    latency: of the design that is inside, at least 1. beat: bits of a beat that are read. coded: how beats are compared
    as they come, if they are. Raises BadInput for a beat that is too wide.
    """
    if beat > MOST_BEAT:
        raise BadInput(f"beats of {beat} bits", where="beat_width", fix=f"at most {MOST_BEAT}")
    beats = -(-source.width // beat)
    beat = min(beat, source.width) if beats == 1 else beat
    padded, held = 8 * octets(beat), beats * beat
    sent = result_words(results, score)
    rest = [f"s_axis_tdata[{padded - 1}:{beat}]"] if padded > beat else []
    rest += [f"collected[{held - 1}:{source.width}]"] if held > source.width and not coded else []
    groups, row = beat_groups(beats)
    if groups * row > beats:
        rest.append(f"spot[{groups * row - 1}:{beats}]")
    rest += unread(coded, beats) if coded else []
    total = sum(port.width for port in results)
    ranks = coded.ranks if coded else 0
    period = max(beats + 2 * (groups > 1) + ranks, interval, len(sent))
    words = {
        "NAME": name,
        "COUNT": str(VECTORS),
        "LATENCY": str(latency + (len(sent) > 1) + (groups > 1) + ranks),
        "PERIOD": str(period),
        "BEAT": str(beat),
        "BEATS": str(beats),
        "BEATHIGH": str(beat - 1),
        "DATAHIGH": str(padded - 1),
        "KEEPHIGH": str(padded // 8 - 1),
        "HELDHIGH": str(held - 1),
        "WAITING": "" if groups == 1 else "  reg ended, waits;\n",
        "FREE": "(~full | in_ready)" if groups == 1 else "~waits",
        "UNUSED": "".join(f", {each}" for each in rest),
        "SENT": str(len(sent)),
        "TABLE": "\n".join(wanted_word(index, word, total) for index, word in enumerate(sent)),
        **wrapper_words(source, results, total),
        "LAYOUT": layout([word.name for word in sent]),
        "CORE": f"{name}_coded" if coded else name,
        "COREPORT": ".coded(collected)" if coded else f".{source.name}(collected[{source.width - 1}:0])",
    }
    words["SLOTS"] = _places(beats, beat, words, coded)
    words["WORDS"] = _sender(sent, words)
    files = {
        f"{name}_axis.v": filled("axis.v.in", words).encode(),
        f"tb_{name}_axis.v": filled("testbench_axis.v.in", words).encode(),
    }
    facts: dict[str, Any] = {"top": f"{name}_axis", "beat_width": beat, "beats": beats}
    facts |= {"words": [word._asdict() for word in sent], "interval": period}
    return files, facts | ({"coded": told(coded, latency)} if coded else {})


def _places(beats: int, beat: int, words: Mapping[str, str], coded: Coding | None) -> str:
    """What writes beats to their places, at once or by way of a copy in their group."""
    groups, row = beat_groups(beats)
    own = {
        **words,
        "LASTBEAT": str(beats - 1),
        "SHIFTED": f"{{slot[{beats - 2}:0], 1'b0}}" if beats > 1 else "1'd0",
        "GROUPS": str(groups),
        "GROUPHIGH": str(groups - 1),
        "GROUPBELOW": str(groups - 2),
        "ROW": str(row),
        "ROWHIGH": str(row - 1),
        "ROWBELOW": str(row - 2),
        "COPYHIGH": str(groups * beat - 1),
        "SPOTHIGH": str(groups * row - 1),
        "LASTPLACE": str((beats - 1) % row),
        **_late(coded, groups, row),
    }
    stem = "slots" if groups == 1 else "groups"
    parts = filled(f"axis_{stem}.v.in", own).rstrip("\n")
    held = place_lines(words["NAME"], coded) if coded else filled(f"axis_{stem}_plain.v.in", own).rstrip("\n")
    return f"{parts}\n\n{held}"


def _late(coded: Coding | None, groups: int, row: int) -> dict[str, str]:
    """Where a beat goes, as late as its comparisons are."""
    ranks = coded.ranks if coded else 0
    if not ranks:
        none = {"LATE": "", "LATERESET": "", "LATEMOVED": ""}
        return none | {"THEREEND": "good", "THERETAKE": "take", "THEREGROUP": "group", "THEREPLACE": "place"}
    own = {"RANKS": str(ranks), "RANKSHIGH": str(ranks - 1), "LATEGROUPHIGH": str(ranks * groups - 1)}
    own |= {"LATEPLACEHIGH": str(ranks * row - 1), "GROUPS": str(groups), "ROW": str(row)}
    for each, width, now in (
        ("TAKE", 1, "take"),
        ("END", 1, "good"),
        ("GROUP", groups, "group"),
        ("PLACE", row, "place"),
    ):
        before = f"late_{each.lower()}[{(ranks - 1) * width - 1}:0]"
        own[f"MOVED{each}"] = f"{{{before}, {now}}}" if ranks > 1 else now
    own |= {"GROUPHIGH": str(groups - 1), "ROWHIGH": str(row - 1)}
    found = {
        "LATE": filled("axis_late.v.in", own),
        "LATERESET": f"      late_take <= {ranks}'d0;\n      late_end <= {ranks}'d0;\n",
        "LATEMOVED": f"      late_take <= {own['MOVEDTAKE']};\n      late_end <= {own['MOVEDEND']};\n",
    }
    return found | {f"THERE{each}": f"there_{each.lower()}" for each in ("END", "TAKE", "GROUP", "PLACE")}


def octets(beat: int) -> int:
    """Bytes of TDATA for beats of so many bits."""
    return -(-beat // 8)


def layout(names: Sequence[str]) -> str:
    """The words of a result in a comment: all, or the first two and the last."""
    return ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]} to {names[-1]}"


def _integer(bits: str, width: int, base: int) -> str:
    """`bits`, unsigned, plus `base` as 32 bits."""
    wide = f"{{{32 - width}'d0, {bits}}}" if width < 32 else bits
    return f"{wide} + 32'd{base % 2**32}" if base else wide


def _sender(sent: Sequence[Word], words: dict[str, str]) -> str:
    """What takes results from the core: straight where one word is all, else word by word."""
    first, last = sent[0], sent[-1]
    low = f"result[{first.width - 1}:0]" if len(sent) > 1 or first.width > 1 else "result"
    if len(sent) == 1:
        return "\n".join(
            [
                f"  wire {words['OUT']}result = {words['RESULT']};",
                f"  assign m_axis_tdata = {_integer(low, first.width, first.base)};",
                "  assign m_axis_tvalid = out_valid;",
                "  assign m_axis_tlast = 1'b1;",
                "  assign out_ready = m_axis_tready;",
            ]
        )
    field, total = sent[1].width, last.low + last.width
    bits, count = total - first.width, (len(sent) - 1).bit_length()
    shifted, kept = max(bits, field), f"result[{total - 1}:{first.width}]"
    own = {
        **words,
        "FIELD": str(field),
        "RESTHIGH": str(shifted - 1),
        "COUNT": str(count),
        "COUNTHIGH": str(count - 1),
        "LASTWORD": str(len(sent) - 1),
        "FIRSTWORD": _integer(low, first.width, first.base),
        "RESTBITS": f"{{{shifted - bits}'d0, {kept}}}" if shifted > bits else kept,
        "NEXTWORD": _integer(f"rest[{field - 1}:0]", field, sent[1].base),
        "NEXTREST": f"{{{field}'d0, rest[{shifted - 1}:{field}]}}" if shifted > field else "rest",
    }
    return filled("axis_words.v.in", own).rstrip("\n")


def wanted_word(index: int, word: Word, total: int) -> str:
    """A case of the testbench: what a word must be, of the bits `whole`."""
    high = word.low + word.width - 1
    bits = f"whole[{high}:{word.low}]" if total > 1 else "whole"
    return f"        {index}: wanted = {_integer(bits, word.width, word.base)};"
