"""AXI4-Lite registers beside the AXI4-Stream wrapper: `NAME_axil.v`, its bench, and the C header of its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc.backends.verilog.axis import Word, octets, wanted_word
from lgnc.backends.verilog.registers import (
    Register,
    address_bits,
    facts,
    header,
    index_bits,
    score_words,
)
from lgnc.backends.verilog.testbench import VECTORS, filled
from lgnc.backends.verilog.text import Port, wrapper_words


def axil_files(
    name: str, source: Port, results: Sequence[Port], axis: Mapping[str, Any], rows: Sequence[Register]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """(`NAME_axil.v`, `tb_NAME_axil.v` and `NAME_regs.h`, what the manifest says of them).

    axis: what the manifest says of `NAME_axis`. After AMBA AXI4-Lite (ARM IHI 0022E, part B).
    """
    words = {**axil_words(name, axis, rows), **_bench_words(source, results, axis, rows)}
    files = {
        f"{name}_axil.v": filled("axil.v.in", words),
        f"tb_{name}_axil.v": filled("testbench_axil.v.in", words),
        f"{name}_regs.h": header(name, rows, 1 << address_bits(len(axis["words"]))),
    }
    return {path: text.encode() for path, text in files.items()}, facts(axis, rows, name)


def axil_words(name: str, axis: Mapping[str, Any], rows: Sequence[Register]) -> dict[str, str]:
    """What the module's template and that of its assertions are filled with."""
    sent = [Word(**word) for word in axis["words"]]
    bits, index, padded = address_bits(len(sent)), index_bits(len(sent)), 8 * octets(axis["beat_width"])
    place = bits - 2
    words = {
        "NAME": name,
        "ADDRESSHIGH": str(bits - 1),
        "PLACE": str(place),
        "PLACEHIGH": str(place - 1),
        "PLACEBELOW": str(place - 2),
        "CONTROL": str(_row(rows, "CONTROL").offset // 4),
        "READS": "\n".join(f"        {place}'d{at // 4}: value = {read};" for at, read in _reads(rows)),
        "DATAHIGH": str(padded - 1),
        "KEEPHIGH": str(padded // 8 - 1),
        "SENT": str(len(sent)),
        "THERE": _there(len(sent), place),
        "INDEX": str(index),
        "INDEXHIGH": str(index - 1),
        "STOREHIGH": str(2 ** (index + 1) - 1),
    }
    return words | {"MARGIN": _margin(sent, words)}


def _there(sent: int, place: int) -> str:
    """Which places of the upper half are results; nothing where all are. place: bits of a place."""
    return f"      there = read_place[{place - 2}:0] < {place - 1}'d{sent};\n" if sent < 1 << place - 1 else ""


def _row(rows: Sequence[Register], name: str) -> Register:
    return next(row for row in rows if row.name == name)


def _reads(rows: Sequence[Register]) -> list[tuple[int, str]]:
    """(offset, what is read there, as Verilog) of the words below the results."""
    found = []
    for row in rows:
        found += [(offset, f"32'h{value:08x}") for offset, value in row.constants]
        found += [(row.offset, row.signal)] if row.signal else []
    return found


def _margin(sent: Sequence[Word], words: Mapping[str, str]) -> str:
    """The registers of the two highest scores, where scores go out."""
    scores = score_words(sent)
    if not scores:
        return ""
    first = sent[scores[0]]
    ends = first.base, first.base + 2**first.width - 1
    width = 1 + max((each if each >= 0 else ~each).bit_length() for each in ends)
    own = {
        "SCOREHIGH": str(width - 1),
        "FIRSTSCORE": str(scores[0]),
        "LOWEST": f"{{1'b1, {width - 1}'d0}}" if width > 1 else "1'b1",
        "MARGIN": f"{{{32 - width}'d0, lead}}" if width < 32 else "lead",
    }
    return filled("axil_margin.v.in", {**words, **own})


def _bench_words(
    source: Port, results: Sequence[Port], axis: Mapping[str, Any], rows: Sequence[Register]
) -> dict[str, str]:
    """What the bench knows beside the module's own words."""
    sent = [Word(**word) for word in axis["words"]]
    total = sum(port.width for port in results)
    scores = score_words(sent)
    fixed = [pair for row in rows for pair in row.constants]
    return {
        **wrapper_words(source, results, total),
        "COUNT": str(VECTORS),
        "BEATS": str(axis["beats"]),
        "BEAT": str(axis["beat_width"]),
        "TABLE": "\n".join(wanted_word(index, word, total) for index, word in enumerate(sent)),
        "CONSTANTS": "\n".join(f"    check({at}, 32'h{value:08x}, 2'd0);" for at, value in fixed),
        "RESULTBASE": str(_row(rows, "RESULT").offset),
        "MARGINOFFSET": str(_row(rows, "MARGIN").offset if scores else 0),
        "FIRSTSCORE": str(scores[0] if scores else 0),
        "HASMARGIN": "1" if scores else "0",
    }
