"""Xilinx' cells in text: LUT1 to LUT6, LUT6_2, and CARRY4 or, of UltraScale+, CARRY8."""

from __future__ import annotations

from lgnc.backends.verilog.cells import CellText, constant
from lgnc.diagnostics import Failed
from lgnc.ir.builder import TRUE
from lgnc.mapping.netlist import Chain, Table


class XilinxText(CellText):
    """Tables with one or two outputs, and carry cells of as many places as the fabric's have."""

    def table(self, name: str, table: Table, segment: int, upper: str, lower: str | None) -> None:
        pins = [self.read(node, segment) for node in table.inputs]
        wide = self.net.truth(table.upper, table.inputs)
        count, kind, outputs = len(pins), f"LUT{len(pins)}", [("O", upper)]
        if lower is not None and table.lower is not None:
            kind, outputs, count = "LUT6_2", [("O6", upper), ("O5", lower)], 6
            low = self.net.truth(table.lower, table.inputs)
            if len(pins) < 6:
                wide = wide << 32 | low
                pins += ["1'b0"] * (5 - len(pins)) + ["1'b1"]
            elif (wide ^ low) & 0xFFFFFFFF:
                raise Failed("a table's second output is not half of its first", where="verilog", fix="report it")
        init = f"{1 << count}'h{wide:0{max(1, (1 << count) // 4)}x}"
        ports = [*outputs, *((f"I{pin}", signal) for pin, signal in enumerate(pins))]
        joined = ", ".join(f".{port}({signal})" for port, signal in ports)
        self.lines.append(f"  {kind} #(.INIT({init})) {name} ({joined});")

    def chain(self, cell: Chain, segment: int) -> None:
        """The carry cells of a chain, and the tables of their places."""
        stem, wide = self.stem_of_chain(cell), self.net.fabric.carry
        for first in range(0, len(cell.places), wide):
            part = f"{stem}_{first // wide}"
            before = f"{stem}_{first // wide - 1}_co[{wide - 1}]" if first else None
            carry, total = ["1'b0"] * wide, ["1'b0"] * wide
            for at in range(first, min(first + wide, len(cell.places))):
                last = at + 1 == len(cell.places) and cell.places[at].carry is None
                carry[at - first], total[at - first] = self.place(cell, at, f"{part}_{at - first}", segment, last)
            self.lines += [
                f"  wire [{wide - 1}:0] {part}_co, {part}_o;",
                f"  CARRY{wide} {part} (.CO({part}_co), .O({part}_o), {self.carry_in(cell, segment, before)}, "
                f".DI({{{', '.join(carry[::-1])}}}), .S({{{', '.join(total[::-1])}}}));",
            ]
            self.unread.setdefault(segment, []).extend(self.outputs(cell, first, part))

    def carry_in(self, cell: Chain, segment: int, before: str | None) -> str:
        """The pins of a carry cell for the carry of the one before, or the chain's start."""
        given = before or self.literal(cell.start, segment)
        if self.net.fabric.carry == 8:
            return f".CI({given}), .CI_TOP(1'b0)"
        return f".CI({given}), .CYINIT(1'b0)" if before else f".CI(1'b0), .CYINIT({given})"

    def place(self, cell: Chain, at: int, stem: str, segment: int, last: bool) -> tuple[str, str]:
        """(DI, S) of a place, whose table is written."""
        table = cell.places[at].table
        upper, lower = f"{stem}_s", f"{stem}_d"
        if table.upper < 0:
            upper, only = constant(table.upper == TRUE), table.lower
            if last or only is None or only < 0:
                return "1'b0" if last or only is None else constant(only == TRUE), upper
            self.lines.append(f"  wire {lower};")
            self.table(f"{stem}_t", Table(only, None, table.inputs), segment, lower, None)
            return lower, upper
        if last or table.lower is None or table.lower < 0:
            self.lines.append(f"  wire {upper};")
            self.table(f"{stem}_t", table, segment, upper, None)
            return "1'b0" if last or table.lower is None else constant(table.lower == TRUE), upper
        self.lines += [f"  wire {upper};", f"  wire {lower};"]
        self.table(f"{stem}_t", table, segment, upper, lower)
        return lower, upper

    def outputs(self, cell: Chain, first: int, part: str) -> list[str]:
        """Name what the outputs of a carry cell are; what is left unread."""
        unread, wide = [], self.net.fabric.carry
        for at in range(wide):
            place = cell.places[first + at] if first + at < len(cell.places) else None
            for literal, wire in (
                (place and place.total, f"{part}_o[{at}]"),
                (place and place.carry, f"{part}_co[{at}]"),
            ):
                if literal is not None and literal >= 0:
                    self.lines.append(f"  wire {self.name[literal >> 1]} = {wire};")
                elif not (wire.endswith(f"co[{wide - 1}]") and first + wide < len(cell.places)):
                    unread.append(wire)
        return unread
