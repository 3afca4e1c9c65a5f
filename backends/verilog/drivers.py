"""What drives the AXI4-Stream wrapper: a PYNQ overlay with its block design, and a header for bare metal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port
from lgnc.ir.circuit import Encoder

DMA_WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024)
"""Bits of a beat that Xilinx' AXI DMA sends."""


def driver_files(name: str, encoder: Encoder, source: Port, axis: Mapping[str, Any]) -> dict[str, bytes]:
    """`NAME_overlay.py` and `NAME_dma.h`, and `pynq_z2.tcl` where a DMA has beats of that width.

    axis: what the manifest says of the wrapper.
    """
    octets = -(-axis["beat_width"] // 8)
    dtype = "bool" if encoder.is_float else encoder.dtype
    names = [word["name"] for word in axis["words"]]
    words = {
        "NAME": name,
        "GUARD": name.upper(),
        "BEATS": str(axis["beats"]),
        "BEAT": str(axis["beat_width"]),
        "OCTETS": str(octets),
        "TOTAL": str(source.width),
        "DTYPE": repr(dtype),
        "WORDS": repr(names),
        "SENT": str(len(names)),
        "LAYOUT": ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]} to {names[-1]}",
        "DMAWIDTH": str(8 * octets),
        "MEMWIDTH": str(max(32, 8 * octets)),
    }
    files = {f"{name}_overlay.py": "overlay.py.in", f"{name}_dma.h": "dma.h.in"}
    files |= {"pynq_z2.tcl": "pynq_z2.tcl.in"} if 8 * octets in DMA_WIDTHS else {}
    return {path: filled(template, words).encode() for path, template in files.items()}
