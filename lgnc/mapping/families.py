"""FPGA families: inputs of their look-up tables, and the delays that estimates of the clock are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """inputs: of a look-up table. Delays in ns: `table` through one, `wire` to one reader, `fanout` more for every
    doubling of the readers, `register` a flip-flop's clock to output and its setup together.
    """

    inputs: int
    table: float
    wire: float
    fanout: float
    register: float

    def wire_delay(self, readers: int) -> float:
        """ns of a wire with so many readers."""
        return self.wire + self.fanout * math.log2(max(readers, 1))


FAMILIES: dict[str, Family] = {
    "generic": Family(6, 0.15, 0.60, 0.10, 0.50),
    "xilinx": Family(6, 0.15, 0.60, 0.10, 0.50),
    "xilinxup": Family(6, 0.15, 0.60, 0.10, 0.50),
    "ice40": Family(4, 0.40, 0.85, 0.10, 0.85),
    "ecp5": Family(4, 0.24, 0.80, 0.10, 0.55),
    "gowin": Family(4, 0.55, 0.80, 0.10, 0.70),
    "gatemate": Family(4, 0.60, 1.60, 0.10, 0.70),
}
"""Tables and registers: of the order that data sheets give (Artix-7, iCE40 HX, ECP5, GW1NR, slow grades); wires: of
what routed designs show: `docs/costs.md` holds estimates against them. UltraScale+ has Artix-7's: it is quicker.
GateMate's are all of a routed design."""
