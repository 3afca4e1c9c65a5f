"""iCE40's cells in text: SB_LUT4 and SB_CARRY, so that a place of a chain, or a link, is one logic cell.

A logic cell's carry is the majority of the pins I1 and I2 of its table and the carry in, which is pin I3. A packer
joins the two where they read the same: so does every place here, and a link, whose bit is on I1 and I2 both, shows the
carry that came before. The first link of a chain has nothing to show.
"""

from __future__ import annotations

from lgnc.backends.verilog.cells import CellText
from lgnc.mapping.netlist import Chain, Place, Table

_PINS = 4
_SUM, _CARRY_IN = 0xC33C, 0xFF00
"""I1 ^ I2 ^ I3, and I3."""


class Ice40Text(CellText):
    """Tables of four inputs, and a carry cell for each place of a chain."""

    def table(self, name: str, table: Table, segment: int, upper: str, lower: str | None) -> None:
        assert lower is None
        pins = [self.read(node, segment) for node in table.inputs]
        rows, truth = 1 << len(pins), self.net.truth(table.upper, table.inputs)
        truth *= 0xFFFF // ((1 << rows) - 1)  # whatever the pins that are left open
        self._lut(name, truth, upper, [*pins, *["1'b0"] * (_PINS - len(pins))])

    def _lut(self, name: str, truth: int, output: str, pins: list[str]) -> None:
        joined = ", ".join(f".I{pin}({signal})" for pin, signal in enumerate(pins))
        self.lines.append(f"  SB_LUT4 #(.LUT_INIT(16'h{truth:04x})) {name} (.O({output}), {joined});")

    def chain(self, cell: Chain, segment: int) -> None:
        stem, before = self.stem_of_chain(cell), self.literal(cell.start, segment)
        for at, place in enumerate(cell.places):
            one, two = self._operands(place, segment)
            if place.total is not None and place.total >= 0:
                total = self.name[place.total >> 1]
                truth = _SUM if len(place.adds) > 1 else _CARRY_IN
                self.lines.append(f"  wire {total};")
                self._lut(f"{stem}_{at}_t", truth, total, ["1'b0", one, two, before])
            if at + 1 < len(cell.places):
                after = f"{stem}_{at}"
                self.lines.append(f"  wire {after};")
                self.lines.append(f"  SB_CARRY {after}_c (.CO({after}), .I0({one}), .I1({two}), .CI({before}));")
                before = after

    def _operands(self, place: Place, segment: int) -> tuple[str, str]:
        """What a place adds, or twice what a link carries."""
        wires = [self.literal(each, segment) for each in place.adds] or ["1'b0"]
        return wires[0], wires[-1]
