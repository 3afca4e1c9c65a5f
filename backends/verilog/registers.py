"""The map of the AXI4-Lite registers, as rows: Verilog, C, IP-XACT and the bench are written from them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lgnc.backends.verilog.axis import Word
from lgnc.backends.verilog.testbench import filled
from lgnc.ir.circuit import Circuit, Encoder

IDENTITY = int.from_bytes(b"LGNC", "little")
MAP_VERSION = 1
LEAST_ADDRESS_BITS = 12
"""Of the span: 4 KiB is the least that Xilinx' interconnects give a slave."""


class Field(NamedTuple):
    """Bits [low, low + width) of a register, and what they mean."""

    name: str
    low: int
    width: int
    text: str


class Register(NamedTuple):
    """So many `words` of 32 bits, the first at `offset` bytes. fixed: what they always read, or nothing. signal: the
    Verilog that a single one reads, where that changes.
    """

    name: str
    offset: int
    text: str
    fixed: tuple[int, ...] = ()
    signal: str = ""
    writable: bool = False
    fields: tuple[Field, ...] = ()
    words: int = 1

    @property
    def constants(self) -> list[tuple[int, int]]:
        """(offset, what is read there) of each word that never changes."""
        return [(self.offset + 4 * k, value) for k, value in enumerate(self.fixed)]


CONTROL = (
    Field("ENABLE", 0, 1, "packets are taken; when it falls, the one that has begun still is (1 after a reset)"),
    Field("RESET", 1, 1, "write 1 for a soft reset; reads 1 until it is done"),
    Field("HOLD", 2, 1, "NUMBER, MARGIN and RESULT stay as they are"),
)
STATUS = (
    Field("OPEN", 0, 1, "packets are taken"),
    Field("RECEIVING", 1, 1, "a packet has begun"),
    Field("WAITING", 2, 1, "a word of a result waits to be taken"),
)


class Identity(NamedTuple):
    """What constants say of the network. model, circuit: SHA-256 in hexadecimal, '' where not known."""

    model: str
    circuit: str
    thresholds: int


def identity(circuit: Circuit, about: Mapping[str, str]) -> Identity:
    """Of a circuit, and of the model's file that it came from."""
    return Identity(about.get("source_sha256", ""), circuit.digest, thresholds_version(circuit.encoder))


def thresholds_version(encoder: Encoder) -> int:
    """CRC-32 of each bit's feature as int32, then of each bit's threshold as int64 or float64, little-endian."""
    kind = "<f8" if encoder.is_float else "<i8"
    return zlib.crc32(encoder.threshold.astype(kind).tobytes(), zlib.crc32(encoder.feature.astype("<i4").tobytes()))


def address_bits(words: int) -> int:
    """Bits of a byte's address: the upper half is results."""
    return max(LEAST_ADDRESS_BITS, index_bits(words) + 3)


def span_bits(rows: Sequence[Register]) -> int:
    """`address_bits` of a map."""
    return address_bits(rows[-1].words)


def index_bits(words: int) -> int:
    """Bits of the number of a result's word."""
    return max(1, (words - 1).bit_length())


def score_words(sent: Sequence[Word]) -> list[int]:
    """The numbers of the words that are scores, where there are two or more, and so a margin."""
    found = [index for index, word in enumerate(sent) if word.name.startswith("score ")]
    return found if len(found) > 1 else []


def register_map(axis: Mapping[str, Any], known: Identity) -> list[Register]:
    """The registers, the lowest first. axis: what the manifest says of the AXI4-Stream wrapper."""
    sent = [Word(**word) for word in axis["words"]]
    rows = [
        Register("ID", 0x00, "the letters LGNC, the first lowest", (IDENTITY,)),
        Register("MAP", 0x04, "version of this map", (MAP_VERSION,)),
        Register("CONTROL", 0x08, "", signal="{29'd0, hold, resetting, enable}", writable=True, fields=CONTROL),
        Register("STATUS", 0x0C, "", signal="{29'd0, m_axis_tvalid, mid, open}", fields=STATUS),
        Register("PACKETS", 0x10, "packets that came in", signal="packets"),
        Register("RESULTS", 0x14, "results that went out", signal="results"),
        Register("DROPPED", 0x18, "packets dropped: of a wrong length, or with TUSER", signal="dropped"),
        Register("STALLED_IN", 0x1C, "clocks in which a beat waited", signal="stalled_in"),
        Register("STALLED_OUT", 0x20, "clocks in which a word of a result waited", signal="stalled_out"),
        Register("THRESHOLDS", 0x24, "CRC-32 of the thresholds in use", (known.thresholds,)),
        Register("BEATS", 0x28, "beats of a packet", (axis["beats"],)),
        Register("BEAT_BITS", 0x2C, "bits of a beat", (axis["beat_width"],)),
        Register("WORDS", 0x30, "words of a result", (len(sent),)),
        Register("NUMBER", 0x34, "which result RESULT is of: RESULTS as it went out; 0 for none", signal="number"),
    ]
    if score_words(sent):
        rows.append(Register("MARGIN", 0x38, "its highest score less the next", signal="margin"))
    for name, at, digest, of in (
        ("MODEL", 0x40, known.model, "model's file"),
        ("CIRCUIT", 0x60, known.circuit, "circuit"),
    ):
        words = tuple(int(digest[8 * k : 8 * k + 8] or "0", 16) for k in range(8))
        rows.append(Register(name, at, f"SHA-256 of the {of}, the first digits highest", words, words=8))
    base = 1 << address_bits(len(sent)) - 1
    rows.append(Register("RESULT", base, "the words of the last result", words=len(sent)))
    return rows


def facts(axis: Mapping[str, Any], rows: Sequence[Register], name: str) -> dict[str, Any]:
    """What the manifest says of the registers."""
    told = {row.name: row.offset for row in rows}
    return {"top": f"{name}_axil", "address_bits": address_bits(len(axis["words"])), "registers": told}


def header(name: str, rows: Sequence[Register], span: int) -> str:
    """`NAME_regs.h`: offsets in bytes, bits, what constants read, and the functions that a driver begins with."""
    lines = []
    for row in rows:
        told = row.text or ", ".join(field.name for field in row.fields)
        lines.append(f"#define {name}_REG_{row.name} 0x{row.offset:02x}u /* {told} */")
        for field in row.fields:
            lines.append(f"#define {name}_{row.name}_{field.name} {1 << field.low}u /* {field.text} */")
    fixed = [pair for row in rows for pair in row.constants]
    table = ",\n".join(f"        {{0x{offset:02x}u, 0x{value:08x}u}}" for offset, value in fixed)
    words = {"NAME": name, "GUARD": name.upper(), "DEFINES": "\n".join(lines), "CONSTANTS": table, "SPAN": hex(span)}
    return filled("regs.h.in", words)
