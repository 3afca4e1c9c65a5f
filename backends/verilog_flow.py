"""Files for the tools around a Verilog design: a Makefile, yosys scripts, a FuseSoC core and a Vivado script."""

from __future__ import annotations

from lgnc.backends.verilog_testbench import filled

FAMILIES = ("ice40", "ecp5", "xilinx")


def flow_files(name: str, *, clocked: bool, axis: bool) -> dict[str, bytes]:
    """The files, for the design alone or for its stream wrapper."""
    top = f"{name}_axis" if axis else name
    sources = [f"{name}.v", *([f"{name}_axis.v"] if axis else [])]
    benches = [name, *([f"{name}_axis"] if axis else [])]
    clock = "aclk" if axis else "clk"
    words = {
        "NAME": name,
        "TOP": top,
        "SOURCES": " ".join(sources),
        "CORESOURCES": ", ".join(sources),
        "SIMULATIONS": "\n".join(
            f"\tiverilog -g2001 -o tb_{each}.vvp {' '.join(sources)} tb_{each}.v\n\tvvp -N tb_{each}.vvp"
            for each in benches
        ),
        "CONSTRAINT": f"create_clock -period $period [get_ports {clock}]"
        if clocked
        else "set_max_delay $period -from [all_inputs] -to [all_outputs]",
    }
    files = {
        "Makefile": filled("flow.mk.in", words),
        f"{name}.core": filled("flow.core.in", words),
        "vivado.tcl": filled("vivado.tcl.in", words),
        **{f"synth_{family}.ys": filled(f"synth_{family}.ys.in", words) for family in FAMILIES},
    }
    return {path: text.encode() for path, text in files.items()}
