"""Programs: circuits of shared kernels above the flat circuit. `docs/program.md` is the specification.

A program is a list of stages. Each makes a grid of nodes from the grid below it (the first one from the encoder's
bits) by one kernel, a headless Circuit that stands at every place of the grid: its outputs are the channels of that
place, its inputs are what a window around the place shows. What a window reads beyond the border is 0. A dense network
is a program of stages of one place. Grids are numbered as in `lgnc.ir.layers`: node (y, x, c) is
(y * width + x) * channels + c.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Encoder, Head, Int32
from lgnc.ir.gates import FALSE, FLIP_A, FLIP_B
from lgnc.ir.layers import Shape
from lgnc.ir.order import in_order

_MOST_NODES = 2**30

MOST_UNROLLED = 2**24
"""Gates that a program may have when it is unrolled, about 100 bytes each while that is done."""


@dataclass(frozen=True, eq=False)
class Window:
    """Input i of a kernel at place (y, x) reads channel reads[i, 0] of the place below at

    (y * stride - padding + reads[i, 1], x * stride - padding + reads[i, 2]), or 0 where there is no such place.

    reads: int32[inputs, 3].
    """

    reads: Int32
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        reads = np.array(self.reads, np.int32, copy=None, order="C").view()
        reads.flags.writeable = False
        object.__setattr__(self, "reads", reads)


@dataclass(frozen=True, eq=False)
class Stage:
    """kernel: headless, over binary features, one output per channel. height, width: of the grid that it makes."""

    kernel: Circuit
    window: Window
    height: int = 1
    width: int = 1

    @property
    def shape(self) -> Shape:
        return Shape(len(self.kernel.outputs), self.height, self.width)

    @property
    def applications(self) -> int:
        """Gates that one sample passes through."""
        return self.kernel.gates * self.shape.places


@dataclass(frozen=True, eq=False)
class Program:
    """encoder: its bits are the first grid, `shape`. head, output_names: as a Circuit's.

    outputs: int32[n], literals (2 * node + inverted) of the last grid.
    """

    encoder: Encoder
    shape: Shape
    stages: tuple[Stage, ...]
    outputs: Int32
    head: Head | None = None
    output_names: tuple[str, ...] = ()

    @property
    def shapes(self) -> list[Shape]:
        """The grid below the first stage and after each one."""
        return [self.shape, *(stage.shape for stage in self.stages)]

    @property
    def applications(self) -> int:
        """Gates of the unrolled circuit."""
        return sum(stage.applications for stage in self.stages)


def check_program(program: Program, where: str = "program") -> Program:
    """The program itself, when it is well formed. Raises BadInput that names the stage and the rule."""

    def refuse(what: str, stage: int | None = None) -> BadInput:
        place = where if stage is None else f"{where}, stage {stage + 1}"
        return BadInput(what, where=place, fix="the file or the pass that made it is wrong")

    if min(program.shape) < 1 or program.shape.nodes != program.encoder.bits:
        raise refuse(f"{program.encoder.bits} encoder bits are no grid of {program.shape}")
    total = program.encoder.bits
    for index, (stage, below) in enumerate(zip(program.stages, program.shapes, strict=False)):
        kernel, window = stage.kernel, stage.window
        check(kernel, f"{where}, stage {index + 1}")
        if kernel.head is not None or kernel.encoder.dtype != "bool" or not _plain(kernel.encoder):
            raise refuse("its kernel has a head or an encoder of its own", index)
        if window.reads.shape != (kernel.inputs, 3):
            raise refuse(f"its window has {len(window.reads)} bits, its kernel {kernel.inputs} inputs", index)
        if stage.height < 1 or stage.width < 1 or window.stride < 1 or window.padding < 0:
            raise refuse("a size of its grid, its stride or its padding is out of range", index)
        if len(window.reads) and not 0 <= window.reads[:, 0].min() <= window.reads[:, 0].max() < below.channels:
            raise refuse(f"its window reads a channel outside 0..{below.channels - 1}", index)
        total += stage.applications
        if max(total, stage.shape.nodes) > _MOST_NODES:
            raise refuse(f"it has more than {_MOST_NODES:,} nodes", index)
    last = program.shapes[-1].nodes
    outputs = program.outputs
    if len(outputs) and not 0 <= outputs.min() <= outputs.max() < 2 * last:
        raise refuse(f"an output names a node outside 0..{last - 1} of the last grid")
    empty = np.zeros(0, np.int32)
    # The rules of names, runs and heads are the circuit's: a circuit of what the outputs read has to keep them.
    read, place = np.unique(outputs >> 1, return_inverse=True)
    literals = (2 * place.ravel() + (outputs & 1)).astype(np.int32)
    ends = (literals, program.head, program.output_names)
    check(Circuit(kernel_inputs(len(read)), empty.astype(np.uint8), empty, empty, *ends), where)
    check(Circuit(program.encoder, empty.astype(np.uint8), empty, empty, empty), where)
    return program


def _plain(encoder: Encoder) -> bool:
    """Whether the encoder's bits are its features, one each."""
    return encoder.bits == len(encoder.names) and bool((encoder.feature == np.arange(encoder.bits)).all())


def kernel_inputs(count: int) -> Encoder:
    """What a kernel has in the place of an encoder: its inputs, by number."""
    return Encoder.binary(tuple(f"w{index}" for index in range(count)))


def window_nodes(window: Window, below: Shape, above: Shape) -> NDArray[np.int64]:
    """int64[inputs, places]: the node of the grid below that each input reads at each place; -1 beyond the border."""
    channel, dy, dx = window.reads.T.astype(np.int64)[:, :, None]
    place = np.arange(above.places, dtype=np.int64)
    row = place // above.width * window.stride - window.padding + dy
    column = place % above.width * window.stride - window.padding + dx
    inside = (0 <= row) & (row < below.height) & (0 <= column) & (column < below.width)
    return np.where(inside, (row * below.width + column) * below.channels + channel, -1)


def unroll(program: Program) -> Circuit:
    """The flat circuit that a program means: every kernel at every place, in canonical order, unoptimised.

    The layer of a gate is the number of its stage. Work and memory are linear in the gates' applications. Raises
    BadInput for more than MOST_UNROLLED of them: a file of a few bytes can ask for them.
    """
    if program.applications > MOST_UNROLLED or max(shape.nodes for shape in program.shapes) > MOST_UNROLLED:
        what = f"has {program.applications:,} gate applications, and at most {MOST_UNROLLED:,} are unrolled"
        raise BadInput(what, where="program", fix="use fewer kernels, or a smaller image")
    bits = program.encoder.bits
    zero = bits  # The first gate: constant 0, what lies beyond every border.
    ops: list[NDArray[np.uint8]] = [np.array([FALSE], np.uint8)]
    first, second, layers = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)], [0]
    counts = [1]
    literals = 2 * np.arange(bits, dtype=np.int64)
    nodes = bits + 1
    for index, (stage, below) in enumerate(zip(program.stages, program.shapes, strict=False)):
        kernel, above = stage.kernel, stage.shape
        reads = window_nodes(stage.window, below, above)
        given = np.where(reads < 0, 2 * zero, literals[reads])
        own = nodes + np.arange(above.places) * kernel.gates + np.arange(kernel.gates)[:, None]
        values = np.concatenate([given, 2 * own])  # Literals of the kernel's nodes, at each place.
        a, b = values[kernel.a], values[kernel.b]
        op = np.broadcast_to(kernel.op[:, None], a.shape)
        op = np.where(a & 1, FLIP_A[op], op)
        op = np.where(b & 1, FLIP_B[op], op)
        ops.append(op.T.ravel().astype(np.uint8))
        first.append((a >> 1).T.ravel())
        second.append((b >> 1).T.ravel())
        layers.append(index)
        counts.append(stage.applications)
        literals = (values[kernel.outputs >> 1] ^ (kernel.outputs & 1)[:, None]).T.ravel()
        nodes += stage.applications
    outputs = literals[program.outputs >> 1] ^ (program.outputs & 1)
    layer = np.repeat(np.array(layers, np.int16), counts)
    a, b = (np.concatenate(parts).astype(np.int32) for parts in (first, second))
    ends = (outputs.astype(np.int32), program.head, program.output_names)
    return check(in_order(program.encoder, np.concatenate(ops), a, b, *ends, layer))
