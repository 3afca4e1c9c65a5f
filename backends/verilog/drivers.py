"""What drives the AXI4-Stream wrapper: a PYNQ overlay with its block design, and a header for bare metal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc.backends.verilog.axis import layout, octets
from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port
from lgnc.ir.circuit import Encoder

DMA_WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024)
"""Bits of a beat that Xilinx' AXI DMA sends."""


def driver_files(
    name: str,
    encoder: Encoder,
    source: Port,
    axis: Mapping[str, Any],
    sources: Sequence[str],
    registers: Mapping[str, int] | None = None,
) -> dict[str, bytes]:
    """`NAME_overlay.py` and `NAME_dma.h`, and `pynq_z2.tcl` where a DMA has beats of that width.

    axis: what the manifest says of the wrapper. sources: what Xilinx' tools read. registers: name -> offset of the
    AXI4-Lite registers, where the wrapper has them.
    """
    wide = octets(axis["beat_width"])
    dtype = "bool" if encoder.is_float else encoder.dtype
    names = [word["name"] for word in axis["words"]]
    words = {
        "NAME": name,
        "GUARD": name.upper(),
        "BEATS": str(axis["beats"]),
        "BEAT": str(axis["beat_width"]),
        "OCTETS": str(wide),
        "TOTAL": str(source.width),
        "DTYPE": repr(dtype),
        "WORDS": repr(names),
        "SENT": str(len(names)),
        "LAYOUT": layout(names),
        "SOURCES": " ".join(sources),
        "DMAWIDTH": str(8 * wide),
        "LENGTHBITS": str(max(16, (axis["beats"] * wide).bit_length())),
        "MEMWIDTH": str(max(32, 8 * wide)),
        "MODULE": f"{name}_axil" if registers else f"{name}_axis",
        "BUSES": " ps/M_AXI_GP0 net/s_axil" if registers else "",
        "REGISTERS": repr(dict(registers or {})),
        "INCLUDE": f'#include "{name}_regs.h"\n' if registers else "",
        "OPEN": filled("dma_open.h.in", {"NAME": name}) if registers else "",
    }
    files = {f"{name}_overlay.py": "overlay.py.in", f"{name}_dma.h": "dma.h.in"}
    files |= {"pynq_z2.tcl": "pynq_z2.tcl.in"} if 8 * wide in DMA_WIDTHS else {}
    return {path: filled(template, words).encode() for path, template in files.items()}
