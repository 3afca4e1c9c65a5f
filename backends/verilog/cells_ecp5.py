"""ECP5's cells in text: LUT4 and CCU2C, of which two places of a chain, or links, are one.

Half a CCU2C has a table of four inputs, A to D, which propagates the carry, and one of A and B, which generates it, in
the quarter of the other where C and D are 0. With D at 1 they are apart: three inputs, and two. With a signal on D the
two agree in that quarter (`_beside_a_bit` in `lgnc.mapping.adding`).
"""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.backends.verilog.cells_lut4 import Lut4Text, spread
from lgnc.diagnostics import Failed
from lgnc.ir.builder import FALSE
from lgnc.mapping.netlist import Chain, Place, Table

_PINS = "ABCD"


class Ecp5Text(Lut4Text):
    """Tables of four inputs, and a carry cell for two places of a chain."""

    def lut(self, name: str, truth: int, output: str, pins: Sequence[str]) -> None:
        joined = ", ".join(f".{pin}({signal})" for pin, signal in zip(_PINS, pins, strict=True))
        self.lines.append(f"  LUT4 #(.INIT(16'h{truth:04x})) {name} (.Z({output}), {joined});")

    def chain(self, cell: Chain, segment: int) -> None:
        stem, before, places = self.stem_of_chain(cell), self.literal(cell.start, segment), list(cell.places)
        shown = places[-1].total if len(places) % 2 and not places[-1].adds else None
        if shown is not None:
            del places[-1]  # the carry out of the last cell says it
        places += [Place(_NOTHING, None, None)] * (len(places) % 2)
        for at in range(0, len(places), 2):
            part, halves = f"{stem}_{at // 2}", places[at : at + 2]
            tables = [self._half(place.table) for place in halves]
            totals = [self._total(place, f"{part}_s{half}", segment) for half, place in enumerate(halves)]
            self.lines.append(f"  wire {part};")
            pins = [
                f".{pin}{half}({signal})"
                for half, place in enumerate(halves)
                for pin, signal in zip(_PINS, self._pins(place.table, segment), strict=True)
            ]
            contents = ", ".join(f".INIT{half}(16'h{truth:04x})" for half, truth in enumerate(tables))
            joined = ", ".join([*pins, *(f".S{half}({total})" for half, total in enumerate(totals))])
            self.lines += [
                f'  CCU2C #({contents}, .INJECT1_0("NO"), .INJECT1_1("NO")) {part}_c (',
                f"    .CIN({before}), {joined}, .COUT({part})",
                "  );",
            ]
            before = part
        if shown is None:
            self.unread.setdefault(segment, []).append(before)
        else:
            self.lines.append(f"  wire {self.name[shown >> 1]} = {before};")

    def _half(self, table: Table) -> int:
        """The contents of half a cell."""
        lower = FALSE if table.lower is None else table.lower
        inputs = table.inputs
        propagate, generate = (spread(self.net.truth(each, inputs), len(inputs)) for each in (table.upper, lower))
        if len(inputs) < len(_PINS):
            propagate = propagate & 0xFF00 | generate & 15
        if (generate ^ (generate & 15) * 0x1111) or (propagate ^ generate) & 15:
            raise Failed("a place of a chain reads too much", where="verilog", fix="report it")
        return propagate

    def _pins(self, table: Table, segment: int) -> list[str]:
        pins = [self.read(node, segment) for node in table.inputs]
        return pins if len(pins) == 4 else [*pins, *["1'b0"] * (3 - len(pins)), "1'b1"]

    def _total(self, place: Place, spare: str, segment: int) -> str:
        """The wire of a place's sum, which is declared."""
        if place.total is not None and place.total >= 0:
            spare = self.name[place.total >> 1]
        else:
            self.unread.setdefault(segment, []).append(spare)
        self.lines.append(f"  wire {spare};")
        return spare


_NOTHING = Table(FALSE, None, ())
