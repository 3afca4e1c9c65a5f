"""Whether two programs are the same function: kernel by kernel where their windows are the same, else by unrolling."""

from __future__ import annotations

import time

import numpy as np

from lgnc.ir.program import Program, unroll
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Verdict


def prove_programs(first: Program, second: Program, *, time_limit: float = 60.0) -> Verdict:
    """The verdict on two programs: by `prove_kernels`, or else both are unrolled. time_limit: seconds, for all."""
    started = time.perf_counter()
    verdict = prove_kernels(first, second, time_limit=time_limit)
    if verdict is not None:
        return verdict
    left = time_limit - (time.perf_counter() - started)
    return prove(unroll(first), unroll(second), time_limit=max(left, 1.0))


def prove_kernels(first: Program, second: Program, *, time_limit: float = 60.0) -> Verdict | None:
    """That two programs are equal, kernel by kernel; None where that does not show it.

    Equal kernels at equal places are equal programs. Unequal ones prove nothing, since what differs may never be read
    or never occur; nor do other windows or ends.
    """
    if not _alike(first, second):
        return None
    started, verdicts = time.perf_counter(), []
    for one, other in zip(first.stages, second.stages, strict=True):
        left = time_limit - (time.perf_counter() - started)
        verdicts.append(prove(one.kernel, other.kernel, time_limit=max(left, 1.0)))
        if verdicts[-1].equal is not True:
            return None
    vectors = min((verdict.vectors for verdict in verdicts), default=0)
    how = "proven" if all(verdict.how != "tested" for verdict in verdicts) else "tested"
    detail = f"{len(verdicts)} kernels, each equal to the other's"
    return Verdict(True, how, vectors, None, time.perf_counter() - started, detail)


def _alike(first: Program, second: Program) -> bool:
    """Whether the programs have the same bits, grids, windows and ends."""

    def ends(program: Program) -> tuple[object, ...]:
        head, enc = program.head, program.encoder
        own = None if head is None else (head.names, head.tau, head.starts.tolist(), head.offset.tolist())
        bits = (enc.names, enc.dtype, enc.feature.tolist(), enc.threshold.tolist())
        return own, program.output_names, program.outputs.tolist(), bits, tuple(program.shapes)

    return ends(first) == ends(second) and all(
        (one.window.stride, one.window.padding) == (other.window.stride, other.window.padding)
        and np.array_equal(one.window.reads, other.window.reads)
        for one, other in zip(first.stages, second.stages, strict=True)
    )
