"""iCE40's cells in text: SB_LUT4 and SB_CARRY, so that a place of a chain is one logic cell.

A logic cell's carry is the majority of the pins I1 and I2 of its table and the carry in, which is pin I3. A packer
joins table and carry where they read the same. The first cell of a chain makes a bit the carry: with 0 on the other
pin and 1 as the carry in. A link in the middle, the bit on both pins, would do that too and show the carry before it,
but nextpnr 0.4 routes one signal to both pins for ever; so adders share no chains (`FABRICS`).
"""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.backends.verilog.cells_lut4 import Lut4Text
from lgnc.diagnostics import Failed
from lgnc.mapping.netlist import Chain

_SUM = 0xC33C
"""I1 ^ I2 ^ I3."""


class Ice40Text(Lut4Text):
    """Tables of four inputs, and a carry cell for each place of a chain."""

    def lut(self, name: str, truth: int, output: str, pins: Sequence[str]) -> None:
        joined = ", ".join(f".I{pin}({signal})" for pin, signal in enumerate(pins))
        self.lines.append(f"  SB_LUT4 #(.LUT_INIT(16'h{truth:04x})) {name} (.O({output}), {joined});")

    def chain(self, cell: Chain, segment: int) -> None:
        stem, before = self.stem_of_chain(cell), "1'b1"
        for at, place in enumerate(cell.places):
            one, two = (*(self.literal(each, segment) for each in place.adds), "1'b0", "1'b0")[:2]
            if at and len(place.adds) == 1:
                raise Failed("a link stands inside a chain", where="verilog", fix="report it")
            if place.total is not None and place.total >= 0:
                total = self.name[place.total >> 1]
                self.lines.append(f"  wire {total};")
                self.lut(f"{stem}_{at}_t", _SUM, total, ["1'b0", one, two, before])
            if at + 1 < len(cell.places):
                after = f"{stem}_{at}"
                self.lines.append(f"  wire {after};")
                pins = f".I0({one}), .I1({two}), .CI({before})"
                self.lines.append(f"  (* keep *) SB_CARRY {after}_c (.CO({after}), {pins});")
                before = after
