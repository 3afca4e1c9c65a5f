"""The serial popcount: a counter per class, which takes one literal per clock from a shift register of the class."""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.arithmetic.head import score_format
from lgnc.backends.verilog.text import Port, header, unused, vector
from lgnc.backends.verilog.top import HANDSHAKE_PORTS
from lgnc.ir.circuit import Head


def counting_clocks(head: Head) -> int:
    """Clocks from a vector taken to its scores, less one: the literals of the class that has most, at least 1."""
    return max(1, int((head.starts[1:] - head.starts[:-1]).max()))


def counter_registers(head: Head) -> dict[str, int]:
    """Flip-flops of the module, as the manifest has them."""
    counters = head.classes * score_format(head).width
    clocks = counting_clocks(head).bit_length()
    return {"literals": int(head.starts[-1]), "popcount": counters + clocks, "valid": 2}


def counters_module(name: str, head: Head, literals: Sequence[Port], scores: Port) -> list[str]:
    """The module, which has the design's handshake. A class of fewer literals than the longest counts zeros at the end.

    A taken vector loads all shift registers, and each counter with its class's offset. A shift register is empty when
    the counting ends, so that its counter stands still until the next vector.
    """
    base, width = score_format(head)
    clocks = counting_clocks(head)
    left = clocks.bit_length()
    ports = [*HANDSHAKE_PORTS, *(port.declared("input") for port in literals), scores.declared("output")]
    lines = [
        *header(name, ports),
        f"  reg {vector(left)}left;",
        "  reg valid, ready;",
        f"  wire counting = left != {left}'d0;",
        "  assign in_ready = ready;",
        "  assign out_valid = valid;",
        "  wire take = in_valid & in_ready;",
        "  always @(posedge clk)",
        "    if (rst) begin",
        f"      left <= {left}'d0;",
        "      valid <= 1'b0;",
        "      ready <= 1'b0;",
        "    end else begin",
        f"      left <= take ? {left}'d{clocks} : counting ? left - {left}'d1 : left;",
        f"      valid <= left == {left}'d1 | (valid & ~out_ready);",
        "      ready <= ~(take | counting | (valid & ~out_ready));",
        "    end",
    ]
    for c, (port, offset) in enumerate(zip(literals, (head.offset - base).tolist(), strict=True)):
        lines.append(f"  reg {vector(width)}count_{c};")
        added = f"count_{c}"
        if port.width:
            lines.append(f"  reg {vector(port.width)}shift_{c};")
            bit = f"shift_{c}[0]" if port.width > 1 else f"shift_{c}"
            added += f" + {{{width - 1}'d0, {bit}}}" if width > 1 else f" + {bit}"
        lines += [
            "  always @(posedge clk) begin",
            *([f"    shift_{c} <= take ? {port.name} : {_shifted(c, port.width)};"] if port.width else []),
            f"    count_{c} <= take ? {width}'d{offset} : {added};",
            "  end",
        ]
    counts = ", ".join(f"count_{c}" for c in reversed(range(head.classes)))
    idle = unused([port.name for port in literals if not port.width], "idle")
    return [*lines, f"  assign {scores.name} = {{{counts}}};", *idle, "endmodule", ""]


def _shifted(c: int, width: int) -> str:
    """The shift register of class c one literal on."""
    return f"{{1'b0, shift_{c}[{width - 1}:1]}}" if width > 1 else "1'b0"
