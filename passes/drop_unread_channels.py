"""Channels of a program that nobody reads, and window bits that no kernel does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lgnc.ir.circuit import Int32
from lgnc.ir.gates import READS_A, READS_B
from lgnc.ir.program import Program, Stage
from lgnc.passes.eliminate_dead_gates import eliminate_dead_gates
from lgnc.passes.merge_equal_channels import keep_inputs


def drop_unread_channels(program: Program) -> Program:
    """From the last stage to the first: channels that are not read go, with their gates, then unread window bits.

    The encoder's bits stay, read or not.

    Before: a kernel with outputs `"k0" = n7`, `"k1" = n8`, and above it a window that reads channel 1 alone

    After: a kernel with the output `"k1" = n8`, and above it a window that reads channel 0
    """
    stages = list(program.stages)
    if not stages:
        return program
    node, channels = program.outputs >> 1, program.shapes[-1].channels
    kept = np.unique(node % channels)
    new = np.searchsorted(kept, node % channels)
    outputs = 2 * (node // channels * len(kept) + new) + (program.outputs & 1)
    for index in reversed(range(len(stages))):
        stages[index] = _with_channels(stages[index], kept)
        kept = np.unique(stages[index].window.reads[:, 0])
        if index:
            stages[index] = _renumbered(stages[index], kept)
    return replace(program, stages=tuple(stages), outputs=outputs.astype(np.int32))


def _with_channels(stage: Stage, kept: Int32) -> Stage:
    """The stage that makes only the channels in `kept`, with the window bits that these need."""
    kernel = stage.kernel
    names = tuple(kernel.output_names[c] for c in kept.tolist())
    kernel = eliminate_dead_gates(kernel.with_(outputs=kernel.outputs[kept], output_names=names))
    read = np.zeros(kernel.nodes, np.bool_)
    for readers in (kernel.a[READS_A[kernel.op]], kernel.b[READS_B[kernel.op]], kernel.outputs >> 1):
        read[readers] = True
    inputs = np.flatnonzero(read[: kernel.inputs])
    if not len(inputs) and kernel.inputs:
        inputs = np.zeros(1, np.int64)  # Unread pins name node 0.
    instead = np.where(read[: kernel.inputs], np.arange(kernel.inputs), inputs[:1].sum())
    return keep_inputs(replace(stage, kernel=kernel), inputs, instead)


def _renumbered(stage: Stage, kept: Int32) -> Stage:
    """The stage above one whose channels are those in `kept` alone."""
    reads = stage.window.reads.copy()
    reads[:, 0] = np.searchsorted(kept, reads[:, 0])
    return replace(stage, window=replace(stage.window, reads=reads))
