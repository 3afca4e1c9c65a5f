"""The AXI4-Lite registers as IP-XACT's memory map (IEEE 1685-2014)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from lgnc.backends.verilog.registers import Register, span_bits
from lgnc.backends.verilog.testbench import filled


def memory_map(rows: Sequence[Register]) -> str:
    """The element `memoryMaps`: one map, `s_axil`, of one block."""
    words = {"SPAN": hex(1 << span_bits(rows)), "REGISTERS": "".join(map(_register, rows))}
    return filled("memory_map.xml.in", words)


def _element(name: str, value: object, indent: int) -> str:
    return f"{' ' * indent}<ipxact:{name}>{escape(str(value))}</ipxact:{name}>\n"


def _register(row: Register) -> str:
    """A register, or an array of them, in the order of elements that the schema asks for."""
    inner = _element("name", row.name, 10)
    inner += _element("description", row.text, 10) if row.text else ""
    inner += _element("dim", row.words, 10) if row.words > 1 else ""
    inner += _element("addressOffset", hex(row.offset), 10) + _element("size", 32, 10)
    inner += _element("volatile", "true", 10) if not row.fixed else ""
    inner += _element("access", "read-write" if row.writable else "read-only", 10)
    if row.fields:
        inner += "".join(_field(each.name, each.text, each.low, each.width, None) for each in row.fields)
    else:
        inner += _field("value", "", 0, 32, row.fixed[0] if len(row.fixed) == 1 else None)
    return f"        <ipxact:register>\n{inner}        </ipxact:register>\n"


def _field(name: str, text: str, low: int, width: int, value: int | None) -> str:
    inner = _element("name", name, 12) + (_element("description", text, 12) if text else "")
    inner += _element("bitOffset", low, 12)
    if value is not None:
        reset = f"<ipxact:reset><ipxact:value>{value:#x}</ipxact:value></ipxact:reset>"
        inner += f"            <ipxact:resets>{reset}</ipxact:resets>\n"
    inner += _element("bitWidth", width, 12)
    return f"          <ipxact:field>\n{inner}          </ipxact:field>\n"
