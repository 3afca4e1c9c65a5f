"""A cocotb test of a clocked design, or of its stream wrapper: random back-pressure, resets, packets of any length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port

_TOP = {
    "CLOCK": "clk",
    "RESET": "rst",
    "RESETON": "1",
    "INVALID": "in_valid",
    "INREADY": "in_ready",
    "OUTVALID": "out_valid",
    "OUTREADY": "out_ready",
    "PACKETS": "",
    "DRIVELAST": "",
    "CHECKLAST": "",
    "NEXTLENGTH": "",
}
_AXIS = {
    "CLOCK": "aclk",
    "RESET": "aresetn",
    "RESETON": "0",
    "INVALID": "s_axis_tvalid",
    "INREADY": "s_axis_tready",
    "OUTVALID": "m_axis_tvalid",
    "OUTREADY": "m_axis_tready",
    "PACKETS": "some packets are too short or too long, ",
    "DRIVELAST": "dut.s_axis_tlast.value, dut.s_axis_tuser.value = int(beat == length - 1), 0",
    "CHECKLAST": 'assert int(dut.m_axis_tlast.value) == (word == len(WORDS) - 1), "TLAST is wrong"',
    "NEXTLENGTH": "length = BEATS if rng.random() < 0.8 else rng.randint(1, 2 * BEATS + 2)",
}


def cocotb_files(
    name: str, source: Port, results: Sequence[Port], axis: Mapping[str, Any] | None = None
) -> dict[str, bytes]:
    """`cocotb_NAME.py` for the design, or for `NAME_axis`, of which `axis` is what the manifest says."""
    total = sum(port.width for port in results)
    if axis is None:
        own = _TOP | {"TOP": name, "SOURCE": source.name, "BEATS": "1", "BEATWIDTH": str(source.width)}
        ports, table = [(port.name, port.width) for port in results], [(0, total, 0)]
        sources = [f"{name}.v"]
    else:
        own = _AXIS | {"TOP": f"{name}_axis", "SOURCE": "s_axis_tdata"}
        own |= {"BEATS": str(axis["beats"]), "BEATWIDTH": str(axis["beat_width"])}
        ports, table = [("m_axis_tdata", 32)], [(word["low"], word["width"], word["base"]) for word in axis["words"]]
        sources = [f"{name}.v", f"{name}_axis.v"]
    words = own | {"NAME": name, "RESULTS": repr(ports), "WORDS": repr(table), "SOURCES": repr(sources)}
    lines = [line for line in filled("cocotb.py.in", words).splitlines() if line.strip() or not line]
    return {f"cocotb_{name}.py": ("\n".join(lines) + "\n").encode()}
