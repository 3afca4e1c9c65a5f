"""Files for the tools around a Verilog design: a Makefile, yosys scripts, a FuseSoC core and a Vivado script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lgnc.backends.verilog.boards import make_rules
from lgnc.backends.verilog.integration import Top
from lgnc.backends.verilog.testbench import filled

SYNTHESIS: Mapping[str, tuple[str, str]] = {
    "ice40": ("synth_ice40 -nocarry", "json"),
    "ecp5": ("synth_ecp5 -noccu2 -nowidelut", "json"),
    "gowin": ("synth_gowin -noalu -nowidelut", "json"),
    "gatemate": ("synth_gatemate -luttree -nomx8 -noaddf -nobram", "json"),
    "xilinx": ("synth_xilinx -flatten -nocarry -nowidelut", "edif"),
    "xilinxup": ("synth_xilinx -family xcup -flatten -nocarry -nowidelut", "edif"),
}
"""Family -> yosys' command, and what its script, `synth_FAMILY.ys`, writes.

No carry chains: on one a comparison with a constant takes as many cells as it has bits. No wide multiplexers, so that
what is counted are tables alone; `docs/targets-verilog.md` has what that costs. GateMate's router takes trees of
tables of two inputs, and multiplexers of four.
"""

_PADS: Mapping[str, tuple[str, str]] = {
    "gowin": ("-noiopads", "iopadmap -bits -inpad IBUF O:I -outpad OBUF I:O {top}"),
    "gatemate": (
        "-noiopad -noclkbuf",
        "iopadmap -bits -inpad CC_IBUF Y:I -outpad CC_OBUF A:O {top}\nclkbufmap -buf CC_BUFG O:I\nclean",
    ),
}
"""Family whose command would put pads around each section -> (what leaves them out, the commands that put them in)."""


def synthesis_steps(family: str, top: str) -> list[str]:
    """yosys' commands from Verilog to a family's cells, without pads where these would stand inside the design.

    GateMate: flip-flops of yosys 0.23 have no initial value, and a board's has the chip's reset; before tables are
    mapped there may be multiplexers left, which nothing else would map.
    """
    command = f"{SYNTHESIS[family][0]} -top {top}"
    if family in _PADS:
        command += f" {_PADS[family][0]}"
    if family != "gatemate":
        return [command]
    runs = [f"{command} -run {each}" for each in ("begin:map_regs", "map_regs:map_luts", "map_luts:")]
    return [runs[0], "setattr -unset init", runs[1], "simplemap", runs[2]]


_FORMAL = """# Proves what the handshakes promise, by induction: the assertions are in the files that end in _props.sv.
formal:
"""


def family_sources(name: str, sources: Sequence[str], family: str, mapped: str | None) -> list[str]:
    """The sources for a family's tools: where the mapped form is of it, `NAME_FAMILY.v` in place of `NAME.v`."""
    return [f"{name}_{family}.v" if mapped == family and each == f"{name}.v" else each for each in sources]


def flow_files(
    name: str, top: Top, *, board: str | None = None, mapped: str | None = None, row: bool = False, coded: bool = False
) -> dict[str, bytes]:
    """The files, for the design alone, for its wrapper, or for the wrapper on a board.

    mapped: the family of the mapped form, where there is one. row: `NAME_row.v` is there. coded: `NAME_coded` is.
    """
    modules = [each.removesuffix(".v") for each in top.sources if each != f"{name}_board.v"]
    sources = " ".join(top.sources)
    read = {family: family_sources(name, top.sources, family, mapped) for family in SYNTHESIS}
    proven = [each for each in modules if top.clock and each != f"{name}_serial"]
    proven += [f"{name}_coded"] if coded else []
    benches = [(f"tb_{each}", sources) for each in modules]
    benches += [(f"tb_{name}_{mapped}", f"{name}_{mapped}.v cells_{mapped}.v")] if mapped else []
    benches += [(f"tb_{name}_row", f"{name}.v {name}_row.v")] if row else []
    wrapped = [{"NAME": name, "WRAPPER": each.removeprefix(f"{name}_")} for each in modules[1:]]
    words = {
        "NAME": name,
        "TOP": top.name,
        "SOURCES": sources,
        "CORESOURCES": ", ".join(top.sources),
        "XILINX": " ".join(read["xilinxup" if mapped == "xilinxup" else "xilinx"]),
        "PART": "xczu3eg-sbva484-1-e" if mapped == "xilinxup" else "xc7a100tcsg324-1",
        **{f"CORE{family.upper()}": ", ".join(own) for family, own in read.items()},
        "COREVIVADO": ", ".join(read["xilinxup" if mapped == "xilinxup" else "xilinx"]),
        "SIMULATIONS": "\n".join(
            f"\tiverilog -g2001 -o {bench}.vvp {read} {bench}.v\n\tvvp -N {bench}.vvp" for bench, read in benches
        ),
        "LINTROW": f"\tverilator --lint-only -Wall --top-module {name}_row {name}.v {name}_row.v\n" if row else "",
        "FORMAL": _FORMAL + "".join(f"\tyosys -q {each}_props.ys\n" for each in proven) + "\n" if proven else "",
        "CONSTRAINT": f"create_clock -period $period [get_ports {top.clock}]"
        if top.clock
        else "set_max_delay $period -from [all_inputs] -to [all_outputs]",
        "BOARDRULES": make_rules(name, board, read) if board else "",
        "ICE40": ", ".join(SYNTHESIS["ice40"][0].split()[1:]),
        "ECP5": ", ".join(SYNTHESIS["ecp5"][0].split()[1:]),
        "WRAPPERBENCH": "".join(filled("bench.core.in", each) for each in wrapped),
        "WRAPPERSIM": "".join(filled("sim.core.in", each) for each in wrapped),
    }
    files = {
        "Makefile": filled("flow.mk.in", words),
        f"{name}.core": filled("flow.core.in", words),
        "vivado.tcl": filled("vivado.tcl.in", words),
    }
    for family, (command, form) in SYNTHESIS.items():
        own = {"COMMAND": command, "FORM": form, "FAMILY": family, "SOURCES": " ".join(read[family])}
        if family in _PADS:
            own["STEPS"] = "\n".join(synthesis_steps(family, top.name))
            own["PADS"] = _PADS[family][1].format(top=top.name)
        template = "synth_pads.ys.in" if family in _PADS else "synth.ys.in"
        files[f"synth_{family}.ys"] = filled(template, words | own)
    return {path: text.encode() for path, text in files.items()}
