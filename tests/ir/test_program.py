"""Programs of kernels: their meaning against a loop over places that shares nothing with `unroll`."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir import Circuit, Encoder, Head, simulate
from lgnc.ir.layers import Shape
from lgnc.ir.program import Program, Stage, Window, check_program, kernel_inputs, unroll
from lgnc.ir.simulate import pack, simulate_outputs, unpack
from tests.support import random_circuit


def random_program(seed: int, dense: bool = True) -> Program:
    """A 3 x 3 stage over 2 channels with stride and padding drawn, a pool-like stage, and a stage of one place."""
    rng = np.random.default_rng(seed)
    shape = Shape(2, int(rng.integers(3, 6)), int(rng.integers(3, 6)))
    encoder = Encoder.binary(tuple(f"x{i}" for i in range(shape.nodes)))
    stages, below = [], shape
    for index in range(3 if dense else 2):
        inputs, channels = int(rng.integers(2, 9)), int(rng.integers(2, 5))
        kernel = random_circuit(seed * 10 + index, inputs=inputs, gates=int(rng.integers(3, 20)), outputs=channels)
        kernel = kernel.with_(encoder=kernel_inputs(inputs), layer=None)
        last = dense and index == 2
        size = (below.height, below.width) if last else (3, 3)
        reads = np.stack([rng.integers(0, n, inputs) for n in (below.channels, *size)], axis=1)
        window = Window(
            reads.astype(np.int32), *((1, 0) if last else (int(rng.integers(1, 3)), int(rng.integers(0, 3))))
        )
        places = (1, 1) if last else (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
        stages.append(Stage(kernel, window, *places))
        below = stages[-1].shape
    count = 6
    outputs = rng.integers(0, 2 * below.nodes, count).astype(np.int32)
    head = Head(("low", "high"), np.array([0, 2, count], np.int32), np.array([1, 0], np.int32), 2.0)
    return check_program(Program(encoder, shape, tuple(stages), outputs, head))


def outputs_of(circuit: Circuit, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return unpack(simulate_outputs(circuit, pack(bits)), len(bits))


def by_places(program: Program, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """int64[n, classes]: every kernel simulated place by place, its window read by two subtractions."""
    grid = bits.reshape(len(bits), program.shape.height, program.shape.width, program.shape.channels)
    for stage in program.stages:
        made = np.zeros((len(bits), stage.height, stage.width, stage.shape.channels), np.bool_)
        for y in range(stage.height):
            for x in range(stage.width):
                window = np.zeros((len(bits), stage.kernel.inputs), np.bool_)
                for i, (channel, dy, dx) in enumerate(stage.window.reads.tolist()):
                    row = y * stage.window.stride - stage.window.padding + dy
                    column = x * stage.window.stride - stage.window.padding + dx
                    if 0 <= row < grid.shape[1] and 0 <= column < grid.shape[2]:
                        window[:, i] = grid[:, row, column, channel]
                made[:, y, x] = outputs_of(stage.kernel, window)
        grid = made
    values = grid.reshape(len(bits), -1)[:, program.outputs >> 1] ^ (program.outputs & 1).astype(np.bool_)
    assert program.head is not None
    runs = zip(program.head.starts[:-1], program.head.starts[1:], program.head.offset, strict=True)
    return np.stack([values[:, first:last].sum(axis=1) + offset for first, last, offset in runs], axis=1)


def test_a_program_may_have_one_output_of_either_end_of_the_last_grid() -> None:
    program = random_program(0)
    nodes = program.shapes[-1].nodes
    for literal, right in ((0, True), (2 * nodes - 1, True), (-1, False), (2 * nodes, False)):
        one = replace(program, outputs=np.array([literal], np.int32), head=None, output_names=("o",))
        if right:
            assert check_program(one) is one
        else:
            with pytest.raises(BadInput, match="outside 0"):
                check_program(one)


@pytest.mark.parametrize("seed", range(30))
def test_unrolling_is_the_kernel_at_every_place(seed: int) -> None:
    program = random_program(seed, dense=seed % 2 == 0)
    bits = np.random.default_rng(seed).random((70, program.encoder.bits)) < 0.5
    circuit = unroll(program)
    assert circuit.gates == program.applications + 1
    assert (simulate(circuit, bits)[0] == by_places(program, bits)).all()


def test_a_window_beyond_the_border_reads_zero() -> None:
    kernel = Circuit(Encoder.binary(("w",)), *no_gates(), np.array([1], np.int32), None, ("not w",))
    window = Window(np.array([[0, 0, 0]], np.int32), 1, 1)
    shape = Shape(1, 1, 1)
    stage = Stage(kernel, window, 2, 2)
    outputs = 2 * np.arange(4, dtype=np.int32)
    names = tuple("abcd")
    program = check_program(Program(Encoder.binary(("x",)), shape, (stage,), outputs, None, names))
    values = outputs_of(unroll(program), np.array([[False], [True]]))
    assert values.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]


def no_gates() -> tuple[Any, Any, Any]:
    return np.zeros(0, np.uint8), np.zeros(0, np.int32), np.zeros(0, np.int32)


def test_a_malformed_program_names_the_stage() -> None:
    program = random_program(4)
    first = program.stages[0]
    own = first.kernel.encoder
    numbers = Encoder(own.names, "uint8", own.feature, own.threshold)
    wrong = [
        Stage(first.kernel, Window(first.window.reads[1:], 1, 0), 2, 2),
        Stage(first.kernel, first.window, 0, 2),
        Stage(first.kernel, Window(first.window.reads, 0, 0), 2, 2),
        Stage(first.kernel, Window(first.window.reads + np.int32(2), 1, 0), 2, 2),
        Stage(first.kernel.with_(encoder=numbers), first.window, 2, 2),
        Stage(first.kernel, first.window, 2**16, 2**16),
    ]
    for stage in wrong:
        with pytest.raises(BadInput, match="stage 1"):
            check_program(
                Program(program.encoder, program.shape, (stage, *program.stages[1:]), program.outputs, program.head)
            )
    with pytest.raises(BadInput, match="no grid"):
        check_program(Program(program.encoder, Shape(1, 1, 1), program.stages, program.outputs, program.head))
    with pytest.raises(BadInput, match="an output names a node"):
        check_program(
            Program(program.encoder, program.shape, program.stages, program.outputs + np.int32(10**6), program.head)
        )
    with pytest.raises(BadInput, match="output names"):
        check_program(Program(program.encoder, program.shape, program.stages, program.outputs, None, ("a",)))


def test_what_cannot_be_unrolled_takes_no_memory() -> None:
    program = random_program(4, dense=False)
    last = program.stages[-1]
    large = Program(
        program.encoder,
        program.shape,
        (*program.stages[:-1], Stage(last.kernel, last.window, 4096, 4096)),
        program.outputs,
        program.head,
    )
    tracemalloc.start()
    with pytest.raises(BadInput, match="at most 16,777,216 are unrolled"):
        unroll(check_program(large))
    assert tracemalloc.get_traced_memory()[1] < 1 << 22
    tracemalloc.stop()
