"""Tables of four inputs in text, as iCE40 and ECP5 have them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from lgnc.backends.verilog.cells import CellText
from lgnc.mapping.netlist import Table

PINS = 4


def spread(truth: int, inputs: int) -> int:
    """The contents of a table of four inputs that is `truth` over the first so many, whatever the others are."""
    return truth * (0xFFFF // ((1 << (1 << inputs)) - 1))


class Lut4Text(CellText):
    """Tables of four inputs and one output."""

    @abstractmethod
    def lut(self, name: str, truth: int, output: str, pins: Sequence[str]) -> None:
        """A table of those contents whose output is the wire `output`; pins: its four signals, the lowest first."""

    def table(self, name: str, table: Table, segment: int, upper: str, lower: str | None) -> None:
        assert lower is None
        pins = [self.read(node, segment) for node in table.inputs]
        truth = spread(self.net.truth(table.upper, table.inputs), len(pins))
        self.lut(name, truth, upper, [*pins, *["1'b0"] * (PINS - len(pins))])
