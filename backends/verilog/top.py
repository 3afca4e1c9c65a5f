"""The top module: its sections joined by wires, and the handshake of a pipelined design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from lgnc.backends.verilog.text import Port, clock, header, vector

HANDSHAKE = {"clk": "in", "rst": "in", "in_valid": "in", "in_ready": "out", "out_valid": "out", "out_ready": "in"}
"""Ports of a clocked design, beside its input and its results -> 'in' or 'out'."""

HANDSHAKE_PORTS = tuple(f"{way}put wire {name}" for name, way in HANDSHAKE.items())
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


def instance(module: str, name: str, ports: Sequence[tuple[str, str]]) -> list[str]:
    """`MODULE NAME (.port(signal), ...);`, a port a line."""
    joined = [f"    .{port}({signal}){',' if i + 1 < len(ports) else ''}" for i, (port, signal) in enumerate(ports)]
    return [f"  {module} {name} (", *joined, "  );"]


def top_module(
    name: str,
    source: Port,
    results: Sequence[Port],
    sections: Sequence[Section],
    *,
    of: str = "",
    control: str = "",
    inside: Sequence[str] = (),
) -> list[str]:
    """The top module. A result made before the last section waits in registers until the last one is there.

    of: what the names of its sections' modules begin with, unless its own; control: that of the handshake's, unless
    of. inside: lines in front of the sections.
    """
    of = of or name
    stages = sum(section.latency for section in sections)
    clocked = stages or any(section.handshake for section in sections)
    shown = [source.declared("input")] + [port.declared("output") for port in results]
    lines = header(name, [*(HANDSHAKE_PORTS if clocked else ()), *shown])
    made = {
        port.name: f"{port.name}_made" if stages and port in results else port.name
        for s in sections
        for port in s.given
    }
    lines += [
        f"  wire {vector(port.width)}{made[port.name]};"
        for section in sections
        for port in section.given
        if stages or port not in results
    ]
    lines += inside
    for section in sections:
        joined = [("clk", "clk")] if section.latency else []
        joined += [(each, each) for each in HANDSHAKE] if section.handshake else []
        joined += [(port.name, made.get(port.name, port.name)) for port in (*section.taken, *section.given)]
        lines += instance(f"{of}_{section.name}", section.name, joined)
    if stages:
        lines += _queued(control or of, results, made, _late(results, sections))
    return [*lines, "endmodule", ""]


def _queued(name: str, results: Sequence[Port], made: Mapping[str, str], late: Mapping[Port, int]) -> list[str]:
    """The results, all of one moment, through the queue of `NAME_control` to the ports."""
    lines, ready, at = [], [], 0
    for port in results:
        chain = [made[port.name], *(f"{port.name}_r{k + 1}" for k in range(late.get(port, 0)))]
        lines += [f"  reg {vector(port.width)}{each};" for each in chain[1:]]
        lines += clock([f"    {after} <= {before};" for before, after in pairwise(chain)])
        ready.append(chain[-1])
    word = vector(sum(port.width for port in results))
    lines += [f"  wire {word}made = {{{', '.join(reversed(ready))}}};", f"  wire {word}result;"]
    joined = [*((each, each) for each in HANDSHAKE), ("made", "made"), ("result", "result")]
    lines += instance(f"{name}_control", "control", joined)
    for port in results:
        part = f"result[{at + port.width - 1}:{at}]" if port.width > 1 else f"result[{at}]"
        lines.append(f"  assign {port.name} = {part if word else 'result'};")
        at += port.width
    return lines


def _late(results: Sequence[Port], sections: Sequence[Section]) -> dict[Port, int]:
    """Results that are there before the last section is done, and by how many ranks."""
    late = {}
    for index, section in enumerate(sections):
        behind = sum(each.latency for each in sections[index + 1 :])
        late.update({port: behind for port in section.given if port in results and behind})
    return late
