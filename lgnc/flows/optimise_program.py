"""A program, or a convolutional model's, through a level or passes: kernels stay kernels, and are proven one by one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lgnc.diagnostics import BadInput, Failed
from lgnc.files import write_file
from lgnc.formats.lgprog import program_bytes
from lgnc.formats.source import load_program
from lgnc.ir.program import Program
from lgnc.passes.optimise_program import optimise_program, run_program_passes
from lgnc.verify.programs import prove_programs
from lgnc.verify.prove import prove as prove_equal
from lgnc.verify.verdict import Verdict


@dataclass(frozen=True, eq=False)
class OptimisedProgram:
    """The program before and after. verdict: on both, where a proof was asked for. seconds: all of it."""

    before: Program
    after: Program
    verdict: Verdict | None
    seconds: float = field(compare=False)


def program_at(path: Path) -> Program:
    """The program in a file. Raises BadInput where there is none: for a flat circuit, and a dense model."""
    program = load_program(path)
    if program is None:
        fix = "write a circuit (.lgir), or give a model with convolutions"
        raise BadInput("is a dense model: it has no kernels to share", where=str(path), fix=fix)
    return program


def optimise_to_program(
    path: Path, output: Path, passes: int | str, *, prove: bool = False, workers: int = 1
) -> OptimisedProgram:
    """Run a level, or passes by name, on the program in the file `path`, and write it to `output`, a `.lgprog` file.

    prove: prove each kernel that changed, and the whole program where passes of stages changed its windows, which
    unrolls it. Raises BadInput for unusable files and passes, Failed when something is not shown to be what it was.
    """
    started = time.perf_counter()
    before = program_at(path)
    checked = partial(prove_equal, workers=workers) if prove else None
    if isinstance(passes, int):
        after = optimise_program(before, passes, prove=checked)
    else:
        after = run_program_passes(before, passes, prove=checked)
    verdict = prove_programs(before, after) if prove else None
    if verdict is not None and verdict.equal is not True:
        fix = "leave --prove out, or the passes of stages"
        raise Failed(f"is not shown to be what it was: {verdict.detail}", where=str(path), fix=fix)
    write_file(output, program_bytes(after))
    return OptimisedProgram(before, after, verdict, time.perf_counter() - started)


def stage_table(program: Program) -> list[dict[str, object]]:
    """A row for each stage, and one for all: what it reads and makes, its kernel, and how often that is used."""
    rows: list[dict[str, object]] = []
    for number, (stage, below) in enumerate(zip(program.stages, program.shapes, strict=False), 1):
        kernel = (stage.kernel.inputs, stage.kernel.gates, stage.shape.places, stage.applications)
        rows.append(dict(zip(COLUMNS, (str(number), str(below), str(stage.shape), *kernel), strict=True)))
    last, gates = program.shapes[-1], sum(stage.kernel.gates for stage in program.stages)
    total = ("all", str(program.shape), str(last), program.shape.nodes, gates, 1, program.applications)
    return [*rows, dict(zip(COLUMNS, total, strict=True))]


COLUMNS = ("stage", "shape_in", "shape_out", "kernel_inputs", "kernel_gates", "places", "gate_applications")
