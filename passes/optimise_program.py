"""Optimising a program: every pass on every kernel as it is, and between rounds the few passes that know stages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from lgnc.diagnostics import Failed
from lgnc.ir.program import Program, check_program
from lgnc.passes.drop_unread_channels import drop_unread_channels
from lgnc.passes.fold_constant_channels import fold_constant_channels
from lgnc.passes.manager import Prove, Step, parse_pipeline, run_pipeline
from lgnc.passes.merge_equal_channels import merge_equal_channels

_ROUNDS = 20

STAGE_PASSES: dict[str, Callable[[Program], Program]] = {
    "fold_constant_channels": fold_constant_channels,
    "merge_equal_channels": merge_equal_channels,
    "drop_unread_channels": drop_unread_channels,
}
"""The passes that know stages, by name, in the order in which a level runs them."""


def optimise_program(program: Program, level: int = 2, *, prove: Prove | None = None) -> Program:
    """The program with its kernels at -O `level`, and without channels that are equal, constant or not read.

    prove: prove(before, after) of two circuits, called for each kernel that the level's passes changed. Stops when a
    round saves no gate and no window bit, or after 20 rounds. Raises Failed for a kernel that is not what it was.
    """
    for _ in range(_ROUNDS):
        before = _size(program)
        program = _each_kernel(program, level, f"-O{level}", prove)
        for step in STAGE_PASSES.values() if level else ():
            program = step(program)
        if _size(program) == before:
            break
    return check_program(program, f"program after -O{level}")


def run_program_passes(program: Program, text: str, *, prove: Prove | None = None) -> Program:
    """The program after the passes of 'pass,pass{option=value}', once each: those of stages, others on every kernel.

    Raises BadInput for an unknown name and for what `lgnc.passes.manager.parse_pipeline` refuses, and as
    `optimise_program` does.
    """
    words = [word.strip() for word in re.split(r",(?![^{}]*\})", text)]
    known = [word if word in STAGE_PASSES else parse_pipeline(word) for word in words]
    for word, steps in zip(words, known, strict=True):
        if isinstance(steps, str):
            program = STAGE_PASSES[steps](program)
        else:
            program = _each_kernel(program, steps, word, prove)
        check_program(program, f"program after {word}")
    return program


def _each_kernel(program: Program, passes: int | tuple[Step, ...], what: str, prove: Prove | None) -> Program:
    stages = []
    for index, stage in enumerate(program.stages):
        kernel, _ = run_pipeline(stage.kernel, passes)
        if prove is not None and kernel is not stage.kernel and prove(stage.kernel, kernel).equal is not True:
            raise Failed("its kernel is not shown to be what it was", where=f"stage {index + 1}, {what}")
        stages.append(replace(stage, kernel=kernel))
    return replace(program, stages=tuple(stages))


def _size(program: Program) -> tuple[int, int]:
    return program.applications, sum(stage.kernel.inputs for stage in program.stages)
