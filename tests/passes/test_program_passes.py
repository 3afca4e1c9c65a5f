"""Passes over programs: the same classifier after each, proven by unrolling, and each does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lgnc.diagnostics import Failed
from lgnc.ir import Circuit, Encoder
from lgnc.ir.layers import Shape
from lgnc.ir.program import Program, Stage, Window, check_program, unroll
from lgnc.passes.drop_unread_channels import drop_unread_channels
from lgnc.passes.fold_constant_channels import fold_constant_channels
from lgnc.passes.merge_equal_channels import merge_equal_channels
from lgnc.passes.optimise_program import optimise_program
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Verdict
from tests.ir.test_program import random_program

PASSES = [drop_unread_channels, fold_constant_channels, merge_equal_channels]


def with_twins(seed: int) -> Program:
    """A random program whose stages have equal, constant and unread channels."""
    program, rng = random_program(seed), np.random.default_rng(seed)
    stages = []
    for stage in program.stages:
        kernel = stage.kernel
        outputs = kernel.outputs.copy()
        outputs[rng.integers(len(outputs))] = outputs[0]
        op = kernel.op.copy()
        op[outputs[-1] // 2 - kernel.inputs] = rng.choice([0, 15]) if outputs[-1] // 2 >= kernel.inputs else op[0]
        stages.append(replace(stage, kernel=kernel.with_(outputs=outputs, op=op)))
    return check_program(replace(program, stages=tuple(stages)))


def assert_equal(before: Program, after: Program) -> None:
    verdict = prove(unroll(before), unroll(after))
    assert verdict.equal is True, verdict


@pytest.mark.parametrize("step", PASSES, ids=lambda step: str(step.__name__))
@pytest.mark.parametrize("seed", range(12))
def test_a_pass_keeps_the_function(step: object, seed: int) -> None:
    program = with_twins(seed)
    kernels = [stage.kernel.digest for stage in program.stages]
    after = check_program(step(program))  # type: ignore[operator]
    assert_equal(program, after)
    assert kernels == [stage.kernel.digest for stage in program.stages]


@pytest.mark.parametrize("seed", range(12))
def test_a_program_shrinks_and_stays_equal(seed: int) -> None:
    program = with_twins(seed)
    after = optimise_program(program, prove=prove)
    assert_equal(program, after)
    assert after.applications < program.applications


def one_gate(op: int, reads: list[list[int]], padding: int = 0) -> Stage:
    names = tuple(f"w{i}" for i in range(len(reads)))
    pins = np.zeros(1, np.int32), np.full(1, len(reads) - 1, np.int32)
    kernel = Circuit(
        Encoder.binary(names), np.array([op], np.uint8), *pins, np.array([2 * len(reads)], np.int32), None, ("k",)
    )
    return Stage(kernel, Window(np.array(reads, np.int32), 1, padding), 2, 2)


@pytest.mark.parametrize(("constant", "padding", "folded"), [(0, 0, True), (0, 1, True), (15, 0, True), (15, 1, False)])
def test_a_constant_one_is_zero_beyond_the_border(constant: int, padding: int, folded: bool) -> None:
    first = one_gate(constant, [[0, 0, 0]])
    second = one_gate(3, [[0, 0, 0]], padding)
    names = tuple("abcd")
    encoder = Encoder.binary(tuple(f"x{i}" for i in range(4)))
    program = check_program(
        Program(encoder, Shape(1, 2, 2), (first, second), 2 * np.arange(4, dtype=np.int32), None, names)
    )
    after = fold_constant_channels(program)
    assert_equal(program, after)
    assert (after.stages[1].kernel.op[-1] in (0, 15)) == folded


def test_equal_kernels_are_one() -> None:
    program = random_program(4)
    first = program.stages[0]
    twice = first.kernel.with_(outputs=np.repeat(first.kernel.outputs[:1], len(first.kernel.outputs)))
    program = replace(program, stages=(replace(first, kernel=twice), *program.stages[1:]))
    after = drop_unread_channels(merge_equal_channels(program))
    assert after.stages[0].shape.channels == 1
    assert_equal(program, after)


def test_a_kernel_that_changed_is_noticed() -> None:
    def no(_: Circuit, __: Circuit) -> Verdict:
        return Verdict(False, "tested", 1, None, 0.0)

    with pytest.raises(Failed, match="stage 1"):
        optimise_program(with_twins(2), prove=no)
