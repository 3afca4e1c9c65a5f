"""Optimising a program: every pass on every kernel as it is, and between rounds the few passes that know stages."""

from __future__ import annotations

from dataclasses import replace

from lgnc.diagnostics import Failed
from lgnc.ir.program import Program, check_program
from lgnc.passes.drop_unread_channels import drop_unread_channels
from lgnc.passes.fold_constant_channels import fold_constant_channels
from lgnc.passes.manager import Prove, run_pipeline
from lgnc.passes.merge_equal_channels import merge_equal_channels

_ROUNDS = 20


def optimise_program(program: Program, level: int = 2, *, prove: Prove | None = None) -> Program:
    """The program with its kernels at -O `level`, and without channels that are equal, constant or not read.

    prove: prove(before, after) of two circuits, called for each kernel that the level's passes changed. Stops when a
    round saves no gate and no window bit, or after 20 rounds. Raises Failed for a kernel that is not what it was.
    """
    for _ in range(_ROUNDS):
        before = _size(program)
        stages = []
        for index, stage in enumerate(program.stages):
            kernel, _ = run_pipeline(stage.kernel, level)
            if prove is not None and kernel is not stage.kernel and prove(stage.kernel, kernel).equal is not True:
                raise Failed("its kernel is not shown to be what it was", where=f"stage {index + 1}, -O{level}")
            stages.append(replace(stage, kernel=kernel))
        program = replace(program, stages=tuple(stages))
        if level:
            program = drop_unread_channels(merge_equal_channels(fold_constant_channels(program)))
        if _size(program) == before:
            break
    return check_program(program, f"program after -O{level}")


def _size(program: Program) -> tuple[int, int]:
    return program.applications, sum(stage.kernel.inputs for stage in program.stages)
