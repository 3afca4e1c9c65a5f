"""Channels of a program that are the same at every place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.program import Program, Stage, Window, kernel_inputs


def merge_equal_channels(program: Program) -> Program:
    """Of the channels of a stage that are one literal, the first is read by all; so is one of equal window bits.

    Nothing is removed but inputs of kernels: `drop_unread_channels` takes the channels out that nobody reads then.

    Before: a kernel with outputs `"k0" = n7`, `"k1" = n7`, above it a window that reads channels 0 and 1 of one place

    After: the window reads channel 0 once
    """
    stages: list[Stage] = []
    below = np.arange(program.shape.channels, dtype=np.int32)
    for stage in program.stages:
        stages.append(_with_reads(stage, below))
        _, first, same = np.unique(stages[-1].kernel.outputs, return_index=True, return_inverse=True)
        below = first[same.ravel()].astype(np.int32)
    node, channels = program.outputs >> 1, program.shapes[-1].channels
    outputs = 2 * (node - node % channels + below[node % channels]) + (program.outputs & 1)
    return replace(program, stages=tuple(stages), outputs=outputs.astype(np.int32))


def _with_reads(stage: Stage, channel: Int32) -> Stage:
    """The stage with channel c of its window replaced by channel[c], and equal window bits as one input."""
    reads = stage.window.reads.copy()
    reads[:, 0] = channel[reads[:, 0]]
    _, first, same = np.unique(reads, axis=0, return_index=True, return_inverse=True)
    return keep_inputs(replace(stage, window=replace(stage.window, reads=reads)), np.sort(first), first[same.ravel()])


def keep_inputs(stage: Stage, kept: NDArray[Any], instead: NDArray[Any]) -> Stage:
    """The stage with only the inputs in `kept` (sorted); input i is read as input instead[i], which is one of them."""
    kernel = stage.kernel
    new = np.concatenate([np.searchsorted(kept, instead), np.arange(kernel.gates) + len(kept)]).astype(np.int32)
    outputs = 2 * new[kernel.outputs >> 1] + (kernel.outputs & 1)
    parts = (kernel.op, new[kernel.a], new[kernel.b], outputs, None, kernel.output_names, kernel.layer)
    window = Window(stage.window.reads[kept], stage.window.stride, stage.window.padding)
    return replace(stage, kernel=Circuit(kernel_inputs(len(kept)), *parts), window=window)
