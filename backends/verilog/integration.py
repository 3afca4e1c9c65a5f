"""What other flows read of a design: timing constraints, an IP-XACT description, a VHDL declaration, an ASIC script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from lgnc.backends.verilog.memory_map import memory_map
from lgnc.backends.verilog.registers import Register, span_bits
from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port
from lgnc.backends.verilog.top import HANDSHAKE

PERIOD = 10.0
"""Nanoseconds of the clock in the constraints."""


class Pin(NamedTuple):
    """A port of the top module. way: 'in' or 'out'. width: 1 for a scalar."""

    name: str
    way: str
    width: int


class Top(NamedTuple):
    """The module that is put into a larger design. clock: its port, '' where there is none. asynchronous: its pins that
    no clock of the design knows. registers: the map of the bus `s_axil`, where there is one.
    """

    name: str
    sources: tuple[str, ...]
    pins: tuple[Pin, ...]
    clock: str
    asynchronous: tuple[str, ...] = ()
    registers: tuple[Register, ...] = ()


def design_top(name: str, source: Port, results: Sequence[Port], *, clocked: bool) -> Top:
    """The design itself."""
    pins = [Pin(each, way, 1) for each, way in HANDSHAKE.items()] if clocked else []
    pins.append(Pin(source.name, "in", max(source.width, 1)))
    pins += [Pin(port.name, "out", max(port.width, 1)) for port in results]
    return Top(name, (f"{name}.v",), tuple(pins), "clk" if clocked else "")


def stream_top(name: str, octets: int) -> Top:
    """The AXI4-Stream wrapper, TDATA of so many bytes."""
    sides = {"s": ("in", "out", 8 * octets), "m": ("out", "in", 32)}
    pins = [Pin("aclk", "in", 1), Pin("aresetn", "in", 1)]
    for side, (way, back, width) in sides.items():
        pins += [Pin(f"{side}_axis_tdata", way, width), Pin(f"{side}_axis_tkeep", way, width // 8)]
        pins += [Pin(f"{side}_axis_tvalid", way, 1), Pin(f"{side}_axis_tready", back, 1)]
        pins.append(Pin(f"{side}_axis_tlast", way, 1))
        pins += [Pin("s_axis_tuser", "in", 1)] if side == "s" else []
    pins.append(Pin("dropped", "out", 32))
    return Top(f"{name}_axis", (f"{name}.v", f"{name}_axis.v"), tuple(pins), "aclk")


def registers_top(name: str, octets: int, rows: Sequence[Register]) -> Top:
    """The AXI4-Stream wrapper with AXI4-Lite registers, whose map is `rows`."""
    stream, widths = stream_top(name, octets), {**_LITE_WIDTHS, "ADDR": span_bits(rows)}
    bus = [
        Pin(pin, _lite_way(channel, part), widths.get(part, 1))
        for (channel, part), (_, pin) in zip(_LITE, _LITE_PORTS, strict=True)
    ]
    pins = [*stream.pins[:2], *bus, *(pin for pin in stream.pins[2:] if pin.name != "dropped")]
    return Top(f"{name}_axil", (*stream.sources, f"{name}_axil.v"), tuple(pins), "aclk", registers=tuple(rows))


def _lite_way(channel: str, part: str) -> str:
    """Of a slave's pin: it drives the answers, and the ready of everything else."""
    return "out" if (channel in ("B", "R")) != (part == "READY") else "in"


def serial_top(name: str, *, board: bool) -> Top:
    """The wrapper of two pins, or the board's top."""
    pins = [Pin("clk", "in", 1), *([] if board else [Pin("rst", "in", 1)]), Pin("rx", "in", 1), Pin("tx", "out", 1)]
    sources = (f"{name}.v", f"{name}_serial.v", *([f"{name}_board.v"] if board else []))
    return Top(sources[-1].removesuffix(".v"), sources, tuple(pins), "clk", ("rx", "tx"))


def integration_files(top: Top) -> dict[str, bytes]:
    """`TOP.xdc` and `TOP.sdc`, `component.xml`, `TOP_component.vhd`, `asic.ys` and `cells.lib`."""
    constraints = _constraints(top)
    files = {
        f"{top.name}.xdc": f"# Vivado: read_xdc -mode out_of_context {top.name}.xdc\n{constraints}",
        f"{top.name}.sdc": f"# Quartus, OpenSTA and others.\n{constraints}",
        "component.xml": _component(top),
        f"{top.name}_component.vhd": _vhdl(top),
        "asic.ys": filled("asic.ys.in", {"SOURCES": " ".join(top.sources), "TOP": top.name}),
        "cells.lib": filled("cells.lib.in", {}),
    }
    return {path: text.encode() for path, text in files.items()}


def _ports(pins: Sequence[Pin]) -> str:
    names = [f"{pin.name}[*]" if pin.width > 1 else pin.name for pin in pins]
    return f"[get_ports {{{' '.join(names)}}}]"


def _constraints(top: Top) -> str:
    """The clock, and what other chips take of its period; for a design without one the longest path."""
    if not top.clock:
        inputs, outputs = (_ports([pin for pin in top.pins if pin.way == way]) for way in ("in", "out"))
        return f"set_max_delay {PERIOD:.3f} -from {inputs} -to {outputs}\n"
    clock, lines = top.clock, [f"create_clock -name {top.clock} -period {PERIOD:.3f} [get_ports {top.clock}]"]
    timed = [pin for pin in top.pins if pin.name not in (clock, *top.asynchronous)]
    for way, command in (("in", "set_input_delay"), ("out", "set_output_delay")):
        pins = [pin for pin in timed if pin.way == way]
        least, most = (0.05 * PERIOD, 0.3 * PERIOD) if way == "in" else (0.0, 0.3 * PERIOD)
        if pins:
            lines.append(f"{command} -clock {clock} -max {most:.3f} {_ports(pins)}")
            lines.append(f"{command} -clock {clock} -min {least:.3f} {_ports(pins)}")
    for pin in top.pins:
        if pin.name in top.asynchronous:
            lines.append(f"set_false_path -{'from' if pin.way == 'in' else 'to'} [get_ports {pin.name}]")
    return "\n".join(lines) + "\n"


def _component(top: Top) -> str:
    """IP-XACT (IEEE 1685-2014), with the clock, the reset and the streams as bus interfaces."""
    buses = "".join(_bus(top, *each) for each in _BUSES if any(pin.name == each[3][0][1] for pin in top.pins))
    words = {
        "TOP": top.name,
        "BUSES": f"  <ipxact:busInterfaces>\n{buses}  </ipxact:busInterfaces>\n" if buses else "",
        "MEMORY": memory_map(top.registers) if top.registers else "",
        "PORTS": "".join(map(_wire, top.pins)),
        "FILES": "".join(
            f"        <ipxact:file><ipxact:name>{escape(each)}</ipxact:name>"
            "<ipxact:fileType>verilogSource</ipxact:fileType></ipxact:file>\n"
            for each in top.sources
        ),
    }
    return filled("component.xml.in", words)


_STREAM = ("TDATA", "TKEEP", "TVALID", "TREADY", "TLAST", "TUSER")
_LITE = tuple(
    (channel, part)
    for channel, parts in (("AW", "ADDR PROT VALID READY"), ("W", "DATA STRB VALID READY"), ("B", "RESP VALID READY"),
                           ("AR", "ADDR PROT VALID READY"), ("R", "DATA RESP VALID READY"))
    for part in parts.split()
)  # fmt: skip
"""(channel, signal) of AXI4-Lite."""
_LITE_WIDTHS = {"PROT": 3, "DATA": 32, "STRB": 4, "RESP": 2}
_LITE_PORTS = tuple((f"{channel}{part}", f"s_axil_{channel}{part}".lower()) for channel, part in _LITE)
_BUSES = (
    ("s_axis", ("xilinx.com", "interface", "axis"), "slave", tuple((p, f"s_axis_{p.lower()}") for p in _STREAM)),
    ("m_axis", ("xilinx.com", "interface", "axis"), "master", tuple((p, f"m_axis_{p.lower()}") for p in _STREAM)),
    ("s_axil", ("xilinx.com", "interface", "aximm"), "slave", _LITE_PORTS),
    ("aclk", ("xilinx.com", "signal", "clock"), "slave", (("CLK", "aclk"),)),
    ("clk", ("xilinx.com", "signal", "clock"), "slave", (("CLK", "clk"),)),
    ("aresetn", ("xilinx.com", "signal", "reset"), "slave", (("RST", "aresetn"),)),
    ("rst", ("xilinx.com", "signal", "reset"), "slave", (("RST", "rst"),)),
)
"""(name, (vendor, library, bus), mode, (logical port, pin) each) of the bus interfaces that a top may have."""


def _bus(top: Top, name: str, kind: tuple[str, str, str], mode: str, ports: Sequence[tuple[str, str]]) -> str:
    have = {pin.name for pin in top.pins}
    maps = "".join(
        f"            <ipxact:portMap><ipxact:logicalPort><ipxact:name>{logical}</ipxact:name></ipxact:logicalPort>"
        f"<ipxact:physicalPort><ipxact:name>{pin}</ipxact:name></ipxact:physicalPort></ipxact:portMap>\n"
        for logical, pin in ports
        if pin in have
    )
    facts = (
        {
            "ASSOCIATED_BUSIF": "s_axis:m_axis:s_axil" if top.registers else "s_axis:m_axis",
            "ASSOCIATED_RESET": "aresetn",
        }
        if name == "aclk"
        else {}
    )
    facts |= {"POLARITY": "ACTIVE_LOW" if name == "aresetn" else "ACTIVE_HIGH"} if kind[2] == "reset" else {}
    told = "".join(
        f"        <ipxact:parameter><ipxact:name>{key}</ipxact:name><ipxact:value>&quot;{value}&quot;</ipxact:value>"
        "</ipxact:parameter>\n"
        for key, value in facts.items()
    )
    words = dict(zip(("VENDOR", "LIBRARY", "KIND"), kind, strict=True))
    words |= {"BUS": name, "MAPS": maps, "ABSTRACTION": f"{kind[2]}_rtl"}
    reference = '<ipxact:memoryMapRef memoryMapRef="s_axil"/>' if name == "s_axil" else ""
    words["ROLE"] = f"<ipxact:{mode}>{reference}</ipxact:{mode}>" if reference else f"<ipxact:{mode}/>"
    words["PARAMETERS"] = f"      <ipxact:parameters>\n{told}      </ipxact:parameters>\n" if told else ""
    return filled("bus.xml.in", words)


def _wire(pin: Pin) -> str:
    high = pin.width - 1
    vector = f"<ipxact:left>{high}</ipxact:left><ipxact:right>0</ipxact:right>"
    vectors = f"<ipxact:vectors><ipxact:vector>{vector}</ipxact:vector></ipxact:vectors>" if high else ""
    wire = f"<ipxact:wire><ipxact:direction>{pin.way}</ipxact:direction>{vectors}</ipxact:wire>"
    return f"      <ipxact:port><ipxact:name>{pin.name}</ipxact:name>{wire}</ipxact:port>\n"


def _vhdl(top: Top) -> str:
    """A package with the component: VHDL instantiates the Verilog module by it."""
    rows = [f"{_vhdl_name(pin.name)} : {pin.way} {_vhdl_type(pin.width)}" for pin in top.pins]
    return filled("component.vhd.in", {"TOP": _vhdl_name(top.name), "PORTS": ";\n      ".join(rows)})


def _vhdl_type(width: int) -> str:
    return "std_logic" if width == 1 else f"std_logic_vector({width - 1} downto 0)"


def _vhdl_name(name: str) -> str:
    """A basic identifier as it is; what VHDL does not take as one, between backslashes."""
    odd = name.startswith("_") or name.endswith("_") or "__" in name or name.lower() in _VHDL_WORDS
    return f"\\{name}\\" if odd else name


_WORDS = """
abs access after alias all and architecture array assert attribute begin block body buffer bus case component
configuration constant disconnect downto else elsif end entity exit file for function generate generic group guarded
if impure in inertial inout is label library linkage literal loop map mod nand new next nor not null of on open or
others out package port postponed procedure process protected pure range record register reject rem report return rol
ror select severity shared signal sla sll sra srl subtype then to transport type unaffected units until use variable
wait when while with xnor xor assume cover default fairness force parameter property release restrict sequence strong
vmode vprop vunit context
"""
_VHDL_WORDS = frozenset(_WORDS.split())
