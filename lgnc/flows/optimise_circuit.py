"""`lgnc.optimise`: a circuit through the passes of a level, or through passes named one by one."""

from __future__ import annotations

from typing import Literal

from lgnc.diagnostics import BadInput
from lgnc.flows import optimise as flow
from lgnc.flows.things import Thing, source_of, tell
from lgnc.ir.circuit import Circuit


def optimise(
    circuit: Thing,
    level: int | None = None,
    *,
    passes: str | None = None,
    goal: Literal["area", "depth"] = "area",
    prove: bool = False,
    check_each_pass: bool = False,
    workers: int = 1,
) -> Circuit:
    """A smaller circuit of the same function.

    circuit: a Circuit, a Model or the path of one. level: 0 to 3, 2 unless given; passes: 'pass,pass{option=value}'
    instead. goal: what a level saves, gates or levels. prove: prove each pass by SAT, on `workers` processes;
    check_each_pass: simulate each. Raises Failed when a pass changed the function, BadInput for unknown passes and
    levels; passes whose proof ran out of time are warned about.
    """
    if level is not None and passes is not None:
        raise BadInput("level and passes exclude each other", where="optimise", fix="give one of them")
    source = source_of(circuit)
    tell(source.notes)
    pipeline: int | str = passes if passes is not None else 2 if level is None else level
    done = flow.optimise(source, pipeline, goal=goal, prove=prove, check_each_pass=check_each_pass, workers=workers)
    undecided = sorted({report.name for report in done.reports if report.verified == "undecided"})
    tell(f"pass {name} was not proven: time was up" for name in undecided)
    return done.after
