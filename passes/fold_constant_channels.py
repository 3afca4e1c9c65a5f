"""Window bits of a program that are the same at every place: constant channels, and what lies beyond every border."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import FALSE, TRUE
from lgnc.ir.program import Program, Stage, window_nodes
from lgnc.passes.fold_constants import fold_constants


def fold_constant_channels(program: Program) -> Program:
    """A kernel's input is a constant where it reads a channel that is 0, one that is 1 and no border, or borders alone.

    A channel that is 1 is still 0 beyond the border, so that a window over padding keeps reading it.

    Before: a kernel with the output `"k1" = n7`, `n7 = false`, and above it a kernel with `n9 = or n0 n1`, n1 channel 1

    After: the kernel above has `n9 = a n0`
    """
    stages, shapes = list(program.stages), program.shapes
    constant = np.full(program.shape.channels, -1)
    for index, stage in enumerate(stages):
        reads = window_nodes(stage.window, shapes[index], shapes[index + 1])
        value = constant[stage.window.reads[:, 0]]
        value = np.where((value == 1) & (reads < 0).any(axis=1), -1, value)
        value[(reads < 0).all(axis=1)] = 0
        if (value >= 0).any():
            stages[index] = _with_constants(stage, value)
        constant = constant_outputs(stages[index].kernel)
    return replace(program, stages=tuple(stages))


def constant_outputs(kernel: Circuit) -> NDArray[np.int64]:
    """int64[outputs]: 0 or 1 where an output is that constant, else -1."""
    value = np.full(kernel.nodes, -1)
    value[kernel.inputs :][kernel.op == FALSE] = 0
    value[kernel.inputs :][kernel.op == TRUE] = 1
    found = value[kernel.outputs >> 1]
    return np.where(found < 0, -1, found ^ (kernel.outputs & 1))


def _with_constants(stage: Stage, value: NDArray[np.int64]) -> Stage:
    """The stage whose input i is value[i] where that is 0 or 1; the inputs stay, unread."""
    kernel = stage.kernel
    first = kernel.inputs
    new: Int32 = np.arange(kernel.nodes, dtype=np.int32)
    new[first:] += 2
    new[:first] = np.where(value < 0, new[:first], first + value)
    op = np.concatenate([np.array([FALSE, TRUE], np.uint8), kernel.op])
    a, b = (np.concatenate([np.zeros(2, np.int32), new[pins]]) for pins in (kernel.a, kernel.b))
    outputs = 2 * new[kernel.outputs >> 1] + (kernel.outputs & 1)
    made = kernel.with_(op=op, a=a, b=b, outputs=outputs, layer=None)
    return replace(stage, kernel=fold_constants(made))
