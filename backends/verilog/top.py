"""The top module: its sections joined by wires, and the handshake of a pipelined design."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from lgnc.backends.verilog.text import Port, clock, header, vector

HANDSHAKE = ("clk", "rst", "in_valid", "in_ready", "out_valid", "out_ready")
"""Ports of a clocked design, beside its input and its results."""

HANDSHAKE_PORTS = tuple(
    f"{'output' if name in ('in_ready', 'out_valid') else 'input'} wire {name}" for name in HANDSHAKE
)
"""Their declarations. A port without `wire` is no net under `default_nettype none` for Vivado and ModelSim."""


class Section(NamedTuple):
    """An instance `NAME_{name}`, the ports that it reads and drives, and its ranks of registers.

    handshake: it has the design's handshake itself, and no other section has registers.
    """

    name: str
    taken: Sequence[Port]
    given: Sequence[Port]
    latency: int
    handshake: bool = False


def control_module(name: str, stages: int) -> list[str]:
    """A valid bit for every rank. All ranks move together, unless the last holds a result that nobody takes."""
    moved = f"{{valid[{stages - 2}:0], in_valid}}" if stages > 1 else "in_valid"
    last = f"valid[{stages - 1}]" if stages > 1 else "valid"
    return [
        *header(name, [*HANDSHAKE_PORTS, "output wire en"]),
        f"  reg {vector(stages)}valid;",
        f"  assign en = out_ready | ~{last};",
        "  assign in_ready = en & ~rst;",
        f"  assign out_valid = {last};",
        "  always @(posedge clk)",
        f"    if (rst) valid <= {stages}'d0;",
        f"    else if (en) valid <= {moved};",
        "endmodule",
        "",
    ]


def instance(module: str, name: str, ports: Sequence[tuple[str, str]]) -> list[str]:
    """`MODULE NAME (.port(signal), ...);`, a port a line."""
    joined = [f"    .{port}({signal}){',' if i + 1 < len(ports) else ''}" for i, (port, signal) in enumerate(ports)]
    return [f"  {module} {name} (", *joined, "  );"]


def top_module(name: str, source: Port, results: Sequence[Port], sections: Sequence[Section]) -> list[str]:
    """The top module. A result made before the last section waits in registers until the last one is there."""
    stages = sum(section.latency for section in sections)
    clocked = stages or any(section.handshake for section in sections)
    shown = [source.declared("input")] + [port.declared("output") for port in results]
    lines = header(name, [*(HANDSHAKE_PORTS if clocked else ()), *shown])
    if stages:
        lines.append("  wire en;")
        lines += instance(f"{name}_control", "control", [(each, each) for each in [*HANDSHAKE, "en"]])
    late = _late(results, sections)
    signal = {port.name: f"{port.name}_r0" if port in late else port.name for s in sections for port in s.given}
    lines += [
        f"  wire {vector(port.width)}{signal[port.name]};"
        for section in sections
        for port in section.given
        if port not in results or port in late
    ]
    for section in sections:
        joined = [("clk", "clk"), ("en", "en")] if section.latency else []
        joined += [(each, each) for each in HANDSHAKE] if section.handshake else []
        joined += [(port.name, signal.get(port.name, port.name)) for port in (*section.taken, *section.given)]
        lines += instance(f"{name}_{section.name}", section.name, joined)
    for port, ranks in late.items():
        chain = [f"{port.name}_r{k}" for k in range(ranks + 1)]
        lines += [f"  reg {vector(port.width)}{each};" for each in chain[1:]]
        lines += clock([f"      {after} <= {before};" for before, after in pairwise(chain)])
        lines.append(f"  assign {port.name} = {chain[-1]};")
    return [*lines, "endmodule", ""]


def _late(results: Sequence[Port], sections: Sequence[Section]) -> dict[Port, int]:
    """Results that are there before the last section is done, and by how many ranks."""
    late = {}
    for index, section in enumerate(sections):
        behind = sum(each.latency for each in sections[index + 1 :])
        late.update({port: behind for port in section.given if port in results and behind})
    return late
