"""The printable form of a program, `.lgprog`: stable text that parses back exactly. `docs/program.md` specifies it.

Encoder, gates and outputs are printed as in `.lgir`; a stage adds the size of its grid and what its window reads.
"""

from __future__ import annotations

import re

import numpy as np

from lgnc.formats.lgir import (
    LineReader,
    decoded,
    encoder_lines,
    gate_lines,
    output_lines,
    read_encoder,
    read_gates,
    read_outputs,
)
from lgnc.ir.circuit import Circuit
from lgnc.ir.layers import Shape
from lgnc.ir.program import Program, Stage, Window, check_program, kernel_inputs

VERSION = 1

_MOST = 2**20
"""The largest side, stride, padding or channel; windows reach as far to either side."""


def program_text(program: Program) -> str:
    """The `.lgprog` text of a program, ending in a newline."""
    channels, height, width = program.shape
    lines = [f"lgprog {VERSION}", *encoder_lines(program.encoder), f"grid {channels} {height} {width}"]
    lines.append(f"stages {len(program.stages)}")
    for stage in program.stages:
        kernel, window = stage.kernel, stage.window
        lines.append(f"stage {stage.height} {stage.width} stride {window.stride} padding {window.padding}")
        lines.append(f"window {kernel.inputs}")
        lines += [f"n{node} = c{c} y{y} x{x}" for node, (c, y, x) in enumerate(window.reads.tolist())]
        lines += gate_lines(kernel)
        lines += output_lines(kernel.outputs, None, kernel.output_names)
    lines += output_lines(program.outputs, program.head, program.output_names)
    return "\n".join([*lines, "end"]) + "\n"


def program_from_text(text: str, where: str = "program") -> Program:
    """The program of an `.lgprog` text, checked. Raises BadInput that names the line."""
    reader = LineReader(text, where)
    reader.version("lgprog", VERSION)
    encoder = read_encoder(reader)
    fields = reader.header("grid")
    if len(fields) != 3:
        raise reader.error("expected 'grid CHANNELS HEIGHT WIDTH'")
    shape = below = Shape(*(reader.integer(field, "", _MOST) for field in fields))
    stages = []
    for _ in range(reader.count(" ".join(reader.header("stages")))):
        stages.append(_stage(reader))
        below = stages[-1].shape
    if below.nodes > 2**30:
        raise reader.error("the last grid has more than 1,073,741,824 nodes")
    head, names, outputs = read_outputs(reader, below.nodes)
    reader.end()
    return check_program(Program(encoder, shape, tuple(stages), np.array(outputs, np.int32), head, names), where)


def _stage(reader: LineReader) -> Stage:
    fields = reader.header("stage")
    if len(fields) != 6 or fields[2] != "stride" or fields[4] != "padding":
        raise reader.error("expected 'stage HEIGHT WIDTH stride STRIDE padding PADDING'")
    height, width, stride, padding = (reader.integer(fields[index], "", _MOST) for index in (0, 1, 3, 5))
    count = reader.count(" ".join(reader.header("window")))
    reads = np.array([_read(reader, node) for node in range(count)], np.int32).reshape(count, 3)
    op, a, b, _ = read_gates(reader, count)
    head, names, outputs = read_outputs(reader, count + len(op))
    if head is not None:
        raise reader.error("a kernel has named outputs, not a head")
    first, second, ends = (np.array(values, np.int32) for values in (a, b, outputs))
    kernel = Circuit(kernel_inputs(count), np.array(op, np.uint8), first, second, ends, None, names)
    return Stage(kernel, Window(reads, stride, padding), height, width)


_PLACE = re.compile(r"n([0-9]{1,9}) = c([0-9]{1,7}) y(-?[0-9]{1,7}) x(-?[0-9]{1,7})")


def _read(reader: LineReader, node: int) -> tuple[int, int, int]:
    line = reader.next()
    found = _PLACE.fullmatch(line)
    if found is None or int(found[1]) != node:
        raise reader.error(f"expected 'n{node} = cCHANNEL yROW xCOLUMN'")
    values = int(found[2]), int(found[3]), int(found[4])
    if max(map(abs, values)) >= _MOST:
        raise reader.error(f"'{line[:60]}' reads beyond {_MOST}")
    return values


def program_bytes(program: Program) -> bytes:
    """The bytes of the program's `.lgprog` file."""
    return program_text(program).encode()


def program_from_bytes(data: bytes, where: str) -> Program:
    """The program of an `.lgprog` file's bytes. Raises BadInput that names the line, or the byte that is not UTF-8."""
    return program_from_text(decoded(data, where, ".lgprog"), where)
