"""FPGA boards: what they hold, the top module that fits their pins, constraints, and the commands to a bitstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lgnc.backends.verilog.testbench import filled

BAUD = 115_200


@dataclass(frozen=True)
class FpgaBoard:
    """family: 'ice40' or 'ecp5'. device: what nextpnr and the packer are told. cells: LUT4s, each with a flip-flop.

    clock: Hz of its oscillator. pins: package pins of clk, rx (into the FPGA) and tx.
    """

    family: str
    device: str
    package: str
    cells: int
    clock: int
    pins: tuple[str, str, str]
    program: str


_ULX3S = ("G2", "M1", "L4")

FPGA_BOARDS: Mapping[str, FpgaBoard] = {
    "icebreaker": FpgaBoard("ice40", "up5k", "sg48", 5_280, 12_000_000, ("35", "6", "9"), "iceprog"),
    "hx8k": FpgaBoard("ice40", "hx8k", "ct256", 7_680, 12_000_000, ("J3", "B10", "B12"), "iceprog -S"),
    "ulx3s-12f": FpgaBoard("ecp5", "12k", "CABGA381", 24_288, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
    "ulx3s-25f": FpgaBoard("ecp5", "25k", "CABGA381", 24_288, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
    "ulx3s-45f": FpgaBoard("ecp5", "45k", "CABGA381", 43_848, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
    "ulx3s": FpgaBoard("ecp5", "85k", "CABGA381", 83_640, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
}
"""hx8k is Lattice's iCE40HX-8K breakout board; ulx3s is the 85F, as the others are named."""


@dataclass(frozen=True)
class Flow:
    """Files of a board flow, all beside the sources. route, pack: arguments of nextpnr and of the packer."""

    script: str
    constraints: str
    bitstream: str
    route: tuple[str, ...]
    pack: tuple[str, ...]


def board_flow(name: str, board: str) -> Flow:
    """What takes a compiled folder to `NAME_board.bin` or `NAME_board.bit`."""
    chosen = FPGA_BOARDS[board]
    json = f"{name}_{chosen.family}.json"
    mhz = str(chosen.clock // 10**6)
    fixed = (f"--{chosen.device}", "--package", chosen.package, "--json", json, "--freq", mhz)
    if chosen.family == "ice40":
        route = (*fixed, "--pcf", f"{name}.pcf", "--asc", f"{name}_board.asc")
        bitstream = f"{name}_board.bin"
        return Flow("synth_ice40.ys", f"{name}.pcf", bitstream, route, (f"{name}_board.asc", bitstream))
    route = (*fixed, "--lpf", f"{name}.lpf", "--textcfg", f"{name}_board.config")
    bitstream = f"{name}_board.bit"
    pack = ("--compress", f"{name}_board.config", bitstream)
    return Flow("synth_ecp5.ys", f"{name}.lpf", bitstream, route, pack)


def board_files(name: str, board: str) -> dict[str, bytes]:
    """`NAME_board.v`, the top, and its constraints, `NAME.pcf` or `NAME.lpf`."""
    chosen = FPGA_BOARDS[board]
    divider = round(chosen.clock / BAUD)
    words = {"NAME": name, "BOARD": board, "BAUD": f"{BAUD:,}", "DIVIDER": str(divider)}
    lines = []
    for port, pin in zip(("clk", "rx", "tx"), chosen.pins, strict=True):
        if chosen.family == "ice40":
            lines.append(f"set_io {port} {pin}")
        else:
            lines.append(f'LOCATE COMP "{port}" SITE "{pin}";\nIOBUF PORT "{port}" IO_TYPE=LVCMOS33;')
    if chosen.family == "ecp5":
        lines.append(f'FREQUENCY PORT "clk" {chosen.clock / 1e6:.0f} MHZ;')
    return {
        f"{name}_board.v": filled("board.v.in", words).encode(),
        board_flow(name, board).constraints: "".join(f"{line}\n" for line in lines).encode(),
    }


def make_rules(name: str, board: str) -> str:
    """Rules `bitstream` and `program` for the folder's Makefile."""
    chosen, flow = FPGA_BOARDS[board], board_flow(name, board)
    packer = {"ice40": "icepack", "ecp5": "ecppack"}[chosen.family]
    return "\n".join(
        [
            "",
            ".PHONY: bitstream program",
            f"bitstream: {flow.bitstream}",
            f"{flow.bitstream}: $(SOURCES) {flow.constraints}",
            f"\tyosys -q {flow.script}",
            f"\tnextpnr-{chosen.family} {' '.join(flow.route)}",
            f"\t{packer} {' '.join(flow.pack)}",
            "",
            f"program: {flow.bitstream}",
            f"\t{chosen.program} {flow.bitstream}",
            "",
        ]
    )
