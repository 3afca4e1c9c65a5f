"""Files for the tools around a Verilog design: a Makefile, yosys scripts, a FuseSoC core and a Vivado script."""

from __future__ import annotations

from collections.abc import Mapping

from lgnc.backends.verilog.boards import make_rules
from lgnc.backends.verilog.testbench import filled

SYNTHESIS: Mapping[str, tuple[str, str]] = {
    "ice40": ("synth_ice40 -nocarry", "json"),
    "ecp5": ("synth_ecp5 -noccu2 -nowidelut", "json"),
    "gowin": ("synth_gowin -noalu -nowidelut", "json"),
    "xilinx": ("synth_xilinx -flatten -nocarry -nowidelut", "edif"),
}
"""Family -> yosys' command, and what its script, `synth_FAMILY.ys`, writes.

No carry chains: on one a comparison with a constant takes as many cells as it has bits. No wide multiplexers, so that
what is counted are tables alone; `docs/targets-verilog.md` has what that costs.
"""


_FORMAL = """# Proves what the handshakes promise, by induction: the assertions are in the files that end in _props.sv.
formal:
"""


def flow_files(
    name: str, *, clocked: bool, wrapper: str | None = None, board: str | None = None, mapped: bool = False
) -> dict[str, bytes]:
    """The files, for the design alone, for its wrapper ('axis' or 'serial'), or for the wrapper on a board.

    mapped: `NAME_xilinx.v` is there, which Xilinx' tools read in place of `NAME.v`.
    """
    modules = [name, *([f"{name}_{wrapper}"] if wrapper else [])]
    sources = [f"{each}.v" for each in (*modules, *([f"{name}_board"] if board else []))]
    clock = "aclk" if wrapper == "axis" else "clk"
    proven = [each for each in modules if clocked and each != f"{name}_serial"]
    words = {
        "NAME": name,
        "TOP": sources[-1].removesuffix(".v"),
        "SOURCES": " ".join(sources),
        "CORESOURCES": ", ".join(sources),
        "SIMULATIONS": "\n".join(
            f"\tiverilog -g2001 -o tb_{each}.vvp {' '.join(sources)} tb_{each}.v\n\tvvp -N tb_{each}.vvp"
            for each in modules
        ),
        "FORMAL": _FORMAL + "".join(f"\tyosys -q {each}_props.ys\n" for each in proven) + "\n" if proven else "",
        "CONSTRAINT": f"create_clock -period $period [get_ports {clock}]"
        if clocked
        else "set_max_delay $period -from [all_inputs] -to [all_outputs]",
        "BOARDRULES": make_rules(name, board) if board else "",
        "ICE40": ", ".join(SYNTHESIS["ice40"][0].split()[1:]),
        "ECP5": ", ".join(SYNTHESIS["ecp5"][0].split()[1:]),
        "WRAPPERBENCH": filled("bench.core.in", {"NAME": name, "WRAPPER": wrapper}) if wrapper else "",
        "WRAPPERSIM": filled("sim.core.in", {"NAME": name, "WRAPPER": wrapper}) if wrapper else "",
    }
    if mapped:
        words["SIMULATIONS"] += (
            f"\n\tiverilog -g2001 -o tb_{name}_xilinx.vvp {name}_xilinx.v cells_xilinx.v tb_{name}_xilinx.v"
            f"\n\tvvp -N tb_{name}_xilinx.vvp"
        )
    files = {
        "Makefile": filled("flow.mk.in", words),
        f"{name}.core": filled("flow.core.in", words),
        "vivado.tcl": filled(
            "vivado.tcl.in", words | {"SOURCES": _mapped(words["SOURCES"], name)} if mapped else words
        ),
    }
    for family, (command, form) in SYNTHESIS.items():
        words |= {"COMMAND": command, "FORM": form, "FAMILY": family}
        if mapped and family == "xilinx":
            words["SOURCES"] = _mapped(words["SOURCES"], name)
        files[f"synth_{family}.ys"] = filled("synth_gowin.ys.in" if family == "gowin" else "synth.ys.in", words)
    return {path: text.encode() for path, text in files.items()}


def _mapped(sources: str, name: str) -> str:
    """Sources with the mapped form of the design in place of the portable one."""
    return " ".join(f"{name}_xilinx.v" if each == f"{name}.v" else each for each in sources.split())
