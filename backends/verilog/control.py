"""The handshake of a pipelined design: valid bits beside free-running ranks, and a queue of results behind them."""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port, vector

QUEUED = 2
"""Clocks from the last rank of registers through the queue to the output."""


def queue_bits(stages: int) -> int:
    """Bits of the queue's pointers: a vector every clock needs room for what is in `stages` ranks and around them."""
    return (stages + 4).bit_length()


def control_registers(results: Sequence[Port], stages: int) -> dict[str, int]:
    """Flip-flops of the module, as the manifest has them; the queue itself is memory."""
    return {"valid": stages, "handshake": 4 * (1 + queue_bits(stages)), "held": sum(port.width for port in results)}


def control_module(name: str, results: Sequence[Port], stages: int) -> list[str]:
    """The lines of `NAME_control`."""
    bits = queue_bits(stages)
    words = {
        "NAME": name,
        "STAGES": str(stages),
        "WORD": vector(sum(port.width for port in results)),
        "VALIDS": vector(stages),
        "BITS": str(bits),
        "HIGH": str(bits - 1),
        "LAST": str(2**bits - 1),
        "ARRIVE": f"valid[{stages - 1}]" if stages > 1 else "valid",
        "MOVED": f"{{valid[{stages - 2}:0], take}}" if stages > 1 else "take",
    }
    return [*filled("control.v.in", words).splitlines(), ""]
