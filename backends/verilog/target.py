"""What the Verilog target is, and its settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lgnc.backends.setting import choice, flag, number
from lgnc.backends.target import Engine, Target
from lgnc.backends.verilog.boards import FPGA_BOARDS
from lgnc.diagnostics import BadInput
from lgnc.mapping.families import FAMILIES

OUTPUTS = ("both", "class", "scores")
INTERFACES = ("parallel", "stream", "axis", "serial")
POPCOUNTS = ("parallel", "serial")
DEFAULT_BEAT = 32


@dataclass(frozen=True)
class VerilogSettings:
    """Raises BadInput for values that do not go together. `resolved` fills in what others imply."""

    stages: int | None = number("ranks of pipeline registers", unless="1 behind a handshake, else none")
    pipeline_depth: int | None = number("the most levels of look-up tables between registers", unless="no limit")
    outputs: str = choice(OUTPUTS, "what the design puts out", default="both")
    interface: str | None = choice(
        INTERFACES,
        "ports alone; a handshake; an AXI4-Stream wrapper; a wrapper of two pins",
        unless="parallel, and serial with a board",
    )
    beat_width: int | None = number("bits of a beat of the interface axis", unless=str(DEFAULT_BEAT))
    registers: bool = flag("AXI4-Lite registers beside the interface axis")
    family: str | None = choice(
        tuple(FAMILIES),
        "whose look-up tables ranks are placed between; xilinx, xilinxup, ice40 and ecp5 add a mapped form",
        unless="the board's, else generic",
    )
    portable: bool = flag("a board's build reads the portable text: no mapped form")
    board: str | None = choice(tuple(FPGA_BOARDS), "puts the serial wrapper on a board's pins", unless="none")
    popcount: str = choice(POPCOUNTS, "literals counted all at once, or one per clock", default="parallel")

    @property
    def clocked(self) -> bool:
        """Whether registers are asked for."""
        return self.stages is not None or self.pipeline_depth is not None

    @property
    def table_inputs(self) -> int:
        """Inputs of a look-up table of the family."""
        return FAMILIES[self.family or self._own_family or "generic"].inputs

    @property
    def _own_family(self) -> str | None:
        """The board's."""
        return None if self.board is None else FPGA_BOARDS[self.board].family

    @property
    def wrapping(self) -> str:
        """The interface that is emitted."""
        return self.interface or ("parallel" if self.board is None else "serial")

    def __post_init__(self) -> None:
        if self.board is not None and self.wrapping != "serial":
            raise BadInput("a board takes the serial interface", where="--board", fix="leave --interface out")
        if self.beat_width is not None and self.wrapping != "axis":
            raise BadInput("beat_width is for the interface 'axis'", where="verilog", fix="give interface=axis too")
        if self.registers and self.wrapping != "axis":
            raise BadInput("registers are for the interface 'axis'", where="--registers", fix="add --interface axis")
        if self.stages is not None and self.pipeline_depth is not None:
            raise BadInput("both stages and pipeline_depth are given", where="verilog", fix="give one of them")
        if self.family and self._own_family and self.family != self._own_family:
            fix = f"it is of the family {self._own_family}: leave --family out"
            raise BadInput(f"the board {self.board} is not of the family {self.family}", where="--family", fix=fix)
        if self.portable and (self.family or not self.board):
            fix = "leave --family out" if self.family else "leave it out: without --family there is no mapped form"
            raise BadInput("portable is for boards", where="--portable", fix=fix)
        if self.popcount == "serial" and self.clocked:
            what = "a serial popcount goes with no other registers"
            raise BadInput(what, where="--popcount", fix="leave --stages and --pipeline-depth out")
        if self.popcount == "serial" and self.wrapping == "parallel":
            fix = "add --interface stream, axis or serial"
            raise BadInput("a serial popcount needs an interface with a handshake", where="--popcount", fix=fix)

    def resolved(self) -> VerilogSettings:
        """The same with the interface and family that a board implies and, behind a handshake, one rank at least."""
        handshake = self.wrapping != "parallel" and self.popcount == "parallel"
        stages = 1 if handshake and not self.clocked else self.stages
        mapped = self._own_family != "ecp5" and not self.portable  # Its chains are slower than the portable adders.
        family = self.family or (self._own_family if mapped else None)
        return replace(self, interface=self.wrapping, stages=stages, family=family)


TARGET = Target(
    "verilog",
    VerilogSettings,
    "lgnc.backends.verilog.emit",
    endings=(".v",),
    engines=(
        Engine("iverilog", tools=("iverilog", "vvp")),
        Engine("verilator", tools=("verilator", "make", "c++"), from_rows=500),
    ),
    read_back=True,
    vectors=256,
    hardware=True,
)
