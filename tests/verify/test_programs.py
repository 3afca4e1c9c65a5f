"""Programs proven kernel by kernel, and by unrolling where that is not enough; a changed gate is refuted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lgnc.ir.program import Program, unroll
from lgnc.ir.simulate import simulate
from lgnc.passes.manager import run_pipeline
from lgnc.passes.optimise_program import optimise_program
from lgnc.verify import programs
from lgnc.verify.programs import prove_programs
from tests.ir.test_program import random_program


def optimised_kernels(program: Program) -> Program:
    stages = tuple(replace(stage, kernel=run_pipeline(stage.kernel, 2)[0]) for stage in program.stages)
    return replace(program, stages=stages)


@pytest.mark.parametrize("seed", range(8))
def test_kernels_are_enough_where_windows_are_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program = random_program(seed)
    monkeypatch.setattr(programs, "unroll", lambda _: pytest.fail("unrolled"))
    verdict = prove_programs(program, optimised_kernels(program))
    assert verdict.equal is True
    assert "3 kernels" in verdict.detail


@pytest.mark.parametrize("seed", range(8))
def test_other_windows_are_unrolled(seed: int) -> None:
    program = random_program(seed)
    assert prove_programs(program, optimise_program(program)).equal is True


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_gate_is_refuted_or_harmless(seed: int) -> None:
    program, rng = random_program(seed), np.random.default_rng(seed)
    index = int(rng.integers(3))
    stage = program.stages[index]
    op = stage.kernel.op.copy()
    op[rng.integers(len(op))] ^= 1 << rng.integers(4)
    stages = list(program.stages)
    stages[index] = replace(stage, kernel=stage.kernel.with_(op=op))
    other = replace(program, stages=tuple(stages))
    verdict = prove_programs(program, other)
    assert verdict.equal is not None
    bits = rng.random((4000, program.encoder.bits)) < 0.5
    one, two = (simulate(unroll(each), bits)[0] for each in (program, other))
    if (one != two).any():
        assert verdict.equal is False
