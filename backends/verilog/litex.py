"""`NAME_litex.py`: the AXI4-Stream wrapper as a core of LiteX: streams, CSRs, and its registers on the bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc.backends.verilog.axis import layout, octets
from lgnc.backends.verilog.registers import Register, span_bits
from lgnc.backends.verilog.testbench import filled

_BUS = """
`bus` has the registers: `soc.bus.add_slave("net", net.bus, SoCRegion(size={span:#x}, cached=False))`."""
_DROPPED = """
The CSR `dropped` counts packets of a wrong length, or in error."""


def litex_files(
    name: str, axis: Mapping[str, Any], sources: Sequence[str], registers: Sequence[Register]
) -> dict[str, bytes]:
    """The core. axis: what the manifest says of the wrapper. registers: the map of the wrapper with a bus, or none."""
    names = [word["name"] for word in axis["words"]]
    bits = span_bits(registers) if registers else 0
    words = {
        "NAME": name,
        "MODULE": f"{name}_axil" if registers else f"{name}_axis",
        "BEATS": str(axis["beats"]),
        "BEAT": str(axis["beat_width"]),
        "DATABITS": str(8 * octets(axis["beat_width"])),
        "SENT": str(len(names)),
        "LAYOUT": layout(names),
        "SOURCES": repr(tuple(sources)),
        "IMPORTS": "axi, " if registers else "",
        "ADD": _BUS.format(span=1 << bits) if registers else _DROPPED,
    }
    words["SIDE"] = filled("litex_bus.py.in" if registers else "litex_dropped.py.in", {"ADDRESSBITS": str(bits)})
    return {f"{name}_litex.py": filled("litex.py.in", words).encode()}
