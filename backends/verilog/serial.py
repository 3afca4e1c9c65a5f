"""Two pins for any network: a serial line (UART) around a pipelined design, a row in, its result out."""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.backends.verilog.testbench import VECTORS, filled
from lgnc.backends.verilog.text import Port, wrapper_words

DIVIDER = 104
"""Clocks a bit unless a board says otherwise: 115,200 baud at 12 MHz."""


def octets(width: int) -> int:
    """Bytes that hold so many bits."""
    return -(-width // 8)


def serial_files(name: str, source: Port, results: Sequence[Port], stages: int) -> dict[str, bytes]:
    """`NAME_serial.v` and `tb_NAME_serial.v`. `stages` is at least 1."""
    total = sum(port.width for port in results)
    bytes_in, bytes_out = octets(source.width), octets(total)
    counts = {
        "BIT": source.width.bit_length(),
        "BYTE": max(1, (bytes_in - 1).bit_length()),
        "OUT": max(1, (bytes_out - 1).bit_length()),
    }
    words = {
        "NAME": name,
        "COUNT": str(VECTORS),
        "ROWS": str(max(4, min(64, 1024 // bytes_in))),
        "LATENCY": str(stages),
        "DIVIDER": str(DIVIDER),
        "BYTES": str(bytes_in),
        "LASTBYTE": str(bytes_in - 1),
        "OUTBYTES": str(bytes_out),
        "LASTOUT": str(bytes_out - 1),
        "BITCOUNT": str(counts["BIT"]),
        "BITHIGH": str(counts["BIT"] - 1),
        "BYTECOUNT": str(counts["BYTE"]),
        "BYTEHIGH": str(counts["BYTE"] - 1),
        "OUTCOUNT": str(counts["OUT"]),
        "OUTCOUNTHIGH": str(counts["OUT"] - 1),
        "SHIFTED": f"{{was, collected[{source.width - 1}:1]}}" if source.width > 1 else "was",
        **wrapper_words(source, results, 8 * bytes_out),
    }
    return {
        f"{name}_serial.v": filled("serial.v.in", words).encode(),
        f"tb_{name}_serial.v": filled("testbench_serial.v.in", words).encode(),
    }
