"""FPGA boards: what they hold, the top module that fits their pins, constraints, and the commands to a bitstream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lgnc.backends.verilog.testbench import filled

BAUD = 115_200


@dataclass(frozen=True)
class FpgaBoard:
    """family: 'ice40', 'ecp5', 'gowin' or 'gatemate'. device: what nextpnr and the packer are told. cells: LUT4s, each
    with a flip-flop (of Gowin three of four; of GateMate trees of two-input tables, four inputs in all). package: of
    Gowin the chip's own family, which the packer is told.

    clock: Hz of its oscillator. pins: package pins of clk, rx (into the FPGA) and tx.
    """

    family: str
    device: str
    package: str
    cells: int
    clock: int
    pins: tuple[str, str, str]
    program: str

    @property
    def divider(self) -> int:
        """Clocks of a bit on the serial line."""
        return round(self.clock / BAUD)


_ULX3S = ("G2", "M1", "L4")

FPGA_BOARDS: Mapping[str, FpgaBoard] = {
    "icebreaker": FpgaBoard("ice40", "up5k", "sg48", 5_280, 12_000_000, ("35", "6", "9"), "iceprog"),
    "hx8k": FpgaBoard("ice40", "hx8k", "ct256", 7_680, 12_000_000, ("J3", "B10", "B12"), "iceprog -S"),
    "ulx3s-12f": FpgaBoard("ecp5", "12k", "CABGA381", 24_288, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
    "ulx3s-25f": FpgaBoard("ecp5", "25k", "CABGA381", 24_288, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
    "ulx3s-45f": FpgaBoard("ecp5", "45k", "CABGA381", 43_848, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
    "tang-nano-9k": FpgaBoard(
        "gowin", "GW1NR-LV9QN88PC6/I5", "GW1N-9C", 8_640, 27_000_000, ("52", "18", "17"), "openFPGALoader -b tangnano9k"
    ),
    "gatemate-a1-evb": FpgaBoard(
        "gatemate",
        "CCGM1A1",
        "",
        40_960,
        10_000_000,
        ("IO_SB_A8", "IO_SA_A6", "IO_SA_B6"),
        "openFPGALoader -b olimex_gatemateevb",
    ),
    "ulx3s": FpgaBoard("ecp5", "85k", "CABGA381", 83_640, 25_000_000, _ULX3S, "openFPGALoader -b ulx3s"),
}
"""hx8k is Lattice's iCE40HX-8K breakout board; ulx3s is the 85F, as the others are named."""


@dataclass(frozen=True)
class Flow:
    """Files of a board flow, all beside the sources. router, packer: the tools. route, pack: their arguments."""

    script: str
    constraints: str
    bitstream: str
    route: tuple[str, ...]
    pack: tuple[str, ...]
    router: str
    packer: str


def board_flow(name: str, board: str) -> Flow:
    """What takes a compiled folder to `NAME_board.bin`, `NAME_board.bit` or `NAME_board.fs`."""
    chosen = FPGA_BOARDS[board]
    if chosen.family == "gowin":
        return _gowin_flow(name, chosen)
    if chosen.family == "gatemate":
        return _gatemate_flow(name, chosen)
    json = f"{name}_{chosen.family}.json"
    mhz = str(chosen.clock // 10**6)
    fixed = (f"--{chosen.device}", "--package", chosen.package, "--json", json, "--freq", mhz)
    if chosen.family == "ice40":
        route = (*fixed, "--pcf", f"{name}.pcf", "--asc", f"{name}_board.asc")
        bitstream = f"{name}_board.bin"
        pack: tuple[str, ...] = (f"{name}_board.asc", bitstream)
        return Flow("synth_ice40.ys", f"{name}.pcf", bitstream, route, pack, "nextpnr-ice40", "icepack")
    route = (*fixed, "--lpf", f"{name}.lpf", "--textcfg", f"{name}_board.config")
    bitstream = f"{name}_board.bit"
    pack = ("--compress", f"{name}_board.config", bitstream)
    return Flow("synth_ecp5.ys", f"{name}.lpf", bitstream, route, pack, "nextpnr-ecp5", "ecppack")


def _gowin_flow(name: str, chosen: FpgaBoard) -> Flow:
    """By nextpnr-himbaechel and apicula's packer."""
    routed, bitstream, constraints = f"{name}_routed.json", f"{name}_board.fs", f"{name}.cst"
    options = ("--vopt", f"family={chosen.package}", "--vopt", f"cst={constraints}")
    files = ("--json", f"{name}_gowin.json", "--write", routed)
    route = ("--device", chosen.device, *files, *options, "--freq", str(chosen.clock // 10**6))
    pack = ("-d", chosen.package, "-o", bitstream, routed)
    return Flow("synth_gowin.ys", constraints, bitstream, route, pack, "nextpnr-himbaechel-gowin", "gowin_pack")


def _gatemate_flow(name: str, chosen: FpgaBoard) -> Flow:
    """By nextpnr-himbaechel and peppercorn's packer."""
    routed, bitstream, constraints = f"{name}_routed.txt", f"{name}_board.bit", f"{name}.ccf"
    options = ("--vopt", f"ccf={constraints}", "--vopt", f"out={routed}", "--freq", str(chosen.clock // 10**6))
    route = ("--device", chosen.device, "--json", f"{name}_gatemate.json", *options)
    pack, nextpnr = (routed, bitstream), "nextpnr-himbaechel-gatemate"
    return Flow("synth_gatemate.ys", constraints, bitstream, route, pack, nextpnr, "gmpack")


_PIN: Mapping[str, str] = {
    "ice40": "set_io {port} {pin}",
    "ecp5": 'LOCATE COMP "{port}" SITE "{pin}";\nIOBUF PORT "{port}" IO_TYPE=LVCMOS33;',
    "gowin": 'IO_LOC "{port}" {pin};\nIO_PORT "{port}" IO_TYPE=LVCMOS33;',
    "gatemate": 'Pin_{way} "{port}" Loc = "{pin}";',
}
"""Family -> the lines that put a port on a pin."""


def board_files(name: str, board: str) -> dict[str, bytes]:
    """`NAME_board.v`, the top, and its constraints, `NAME.pcf`, `NAME.lpf`, `NAME.cst` or `NAME.ccf`."""
    chosen = FPGA_BOARDS[board]
    words = {"NAME": name, "BOARD": board, "BAUD": f"{BAUD:,}", "DIVIDER": str(chosen.divider)}
    ports = zip(("clk", "rx", "tx"), ("in", "in", "out"), chosen.pins, strict=True)
    lines = [_PIN[chosen.family].format(port=port, way=way, pin=pin) for port, way, pin in ports]
    if chosen.family == "ecp5":
        lines.append(f'FREQUENCY PORT "clk" {chosen.clock / 1e6:.0f} MHZ;')
    template = "board_gatemate.v.in" if chosen.family == "gatemate" else "board.v.in"
    return {
        f"{name}_board.v": filled(template, words).encode(),
        board_flow(name, board).constraints: "".join(f"{line}\n" for line in lines).encode(),
    }


def make_rules(name: str, board: str, sources: Mapping[str, Sequence[str]]) -> str:
    """Rules `bitstream` and `program` for the folder's Makefile. sources: family -> what its script reads."""
    chosen, flow = FPGA_BOARDS[board], board_flow(name, board)
    return "\n".join(
        [
            "",
            ".PHONY: bitstream program",
            f"bitstream: {flow.bitstream}",
            f"{flow.bitstream}: {' '.join(sources[chosen.family])} {flow.constraints}",
            f"\tyosys -q {flow.script}",
            f"\t{flow.router} {' '.join(flow.route)}",
            f"\t{flow.packer} {' '.join(flow.pack)}",
            "",
            f"program: {flow.bitstream}",
            f"\t{chosen.program} {flow.bitstream}",
            "",
        ]
    )
