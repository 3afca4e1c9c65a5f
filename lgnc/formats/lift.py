"""Model -> Program and Circuit: every gate is its logits' argmax, every pin its wiring's. Nothing is optimised here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.formats.lgn import FrontLayer, Model
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Head, Int32
from lgnc.ir.gates import OPCODE
from lgnc.ir.layers import Conv, Pool, Shape
from lgnc.ir.order import in_order
from lgnc.ir.program import Program, Stage, Window, check_program, kernel_inputs, unroll


def lift(model: Model) -> Circuit:
    """The circuit that the model deploys: one gate a neuron, in canonical order, with its layer as metadata.

    A model with a front is unrolled: a gate for each place where its kernel stands.
    """
    if model.front:
        return unroll(lift_program(model))
    fanin, op = _dense(model)
    layer = np.repeat(np.arange(len(model.layers), dtype=np.int16), [each.width for each in model.layers])
    outputs = (2 * model.head_nodes).astype(np.int32)
    return check(in_order(model.encoder, op, fanin[0], fanin[1], outputs, _head(model), (), layer))


def lift_in_place(model: Model) -> Circuit | None:
    """The same circuit with every gate where the model has it and all its pins; None for a model with a front.

    Neighbours stay neighbours, so that what is made of words of gates can be seen to be.
    """
    if model.front:
        return None
    fanin, op = _dense(model)
    outputs = (2 * model.head_nodes).astype(np.int32)
    return Circuit(model.encoder, op, fanin[0], fanin[1], outputs, _head(model))


def lift_program(model: Model) -> Program:
    """The program that the model deploys: a stage for each layer of its front, then one of one place for the rest."""
    found = model.shapes
    stages = [_stage(each, below, above) for each, below, above in zip(model.front, found, found[1:], strict=False)]
    below = found[-1]
    fanin, op = _dense(model)
    node = np.arange(below.nodes)
    place = node // below.channels
    reads = np.stack([node % below.channels, place // below.width, place % below.width], axis=1)
    names = _names(len(model.head_nodes))
    literals = (2 * model.head_nodes).astype(np.int32)
    kernel = in_order(kernel_inputs(below.nodes), op, fanin[0], fanin[1], literals, None, names)
    stages.append(Stage(kernel, Window(reads.astype(np.int32))))
    outputs = 2 * np.arange(len(model.head_nodes), dtype=np.int32)
    return check_program(Program(model.encoder, found[0], tuple(stages), outputs, _head(model)))


def _head(model: Model) -> Head:
    return Head(model.class_names, model.head_starts, np.zeros(len(model.class_names), np.int32), model.tau)


def _dense(model: Model) -> tuple[Int32, NDArray[np.uint8]]:
    """(int32[2, neurons], uint8[neurons]): fan-ins and gates of the dense layers."""
    fanin = np.concatenate([layer.fanin for layer in model.layers] or [np.zeros((2, 0), np.int32)], axis=1)
    return fanin, np.concatenate([layer.op for layer in model.layers] or [np.zeros(0, np.uint8)])


def _stage(each: FrontLayer, below: Shape, above: Shape) -> Stage:
    if isinstance(each.layer, Conv):
        return _conv_stage(each.layer, each, above)
    return _pool_stage(each.layer, below, above)


def _conv_stage(conv: Conv, each: FrontLayer, above: Shape) -> Stage:
    """Kernel k's gate j is a gate over its values 2 j and 2 j + 1: leaves first, then gates."""
    kernels, leaves, gates = conv.kernels, 1 << conv.depth, conv.gates
    reads, which = np.unique(each.leaves.reshape(-1, 3), axis=0, return_inverse=True)
    inputs = len(reads)
    own = inputs + np.arange(kernels * gates).reshape(kernels, gates)
    values = np.concatenate([which.reshape(kernels, leaves), own], axis=1)
    a, b = (values[:, pin : 2 * gates : 2].ravel().astype(np.int32) for pin in (0, 1))
    roots = (2 * values[:, -1]).astype(np.int32)
    kernel = in_order(kernel_inputs(inputs), each.op, a, b, roots, None, _names(kernels))
    window = Window(reads.astype(np.int32), conv.stride, conv.padding)
    return Stage(kernel, window, above.height, above.width)


def _pool_stage(pool: Pool, below: Shape, above: Shape) -> Stage:
    """Each channel is a balanced tree over size * size places of it."""
    channels, area = below.channels, pool.size * pool.size
    offsets = [(dy, dx) for dy in range(pool.size) for dx in range(pool.size)]
    reads = np.array([(channel, *offset) for channel in range(channels) for offset in offsets], np.int32)
    row = np.arange(channels * area).reshape(channels, area)
    nodes, first, second = channels * area, [], []
    while row.shape[1] > 1:
        pairs = row.shape[1] // 2
        first.append(row[:, 0 : 2 * pairs : 2].ravel())
        second.append(row[:, 1 : 2 * pairs : 2].ravel())
        made = nodes + np.arange(channels * pairs).reshape(channels, pairs)
        nodes += channels * pairs
        row = np.concatenate([made, row[:, 2 * pairs :]], axis=1)
    a, b = (np.concatenate(parts).astype(np.int32) for parts in (first, second))
    op = np.full(len(a), OPCODE[pool.op], np.uint8)
    outputs = (2 * row[:, 0]).astype(np.int32)
    kernel = in_order(kernel_inputs(channels * area), op, a, b, outputs, None, _names(channels))
    return Stage(kernel, Window(reads, pool.size), above.height, above.width)


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"k{index}" for index in range(count))
