"""A circuit, or a model's, through a pipeline of passes: calibrated first where that is asked, proven, counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from lgnc.flows.calibrate import Calibration, calibrate
from lgnc.flows.evaluate import rows
from lgnc.formats.source import Source
from lgnc.ir.circuit import Circuit
from lgnc.mapping.statistics import Statistics
from lgnc.passes.manager import PassReport, Step, run_pipeline
from lgnc.verify.prove import prove as prove_equal


@dataclass(frozen=True, eq=False)
class Optimised:
    """The circuit before and after, what each pass did, and, where they were asked for, the calibration that came
    first and the counts by part and pass. seconds: all of it.
    """

    before: Circuit
    after: Circuit
    reports: list[PassReport]
    calibration: Calibration | None
    statistics: Statistics | None
    seconds: float = field(compare=False)


def optimise(
    source: Source,
    pipeline: int | str | Sequence[str | Step],
    *,
    goal: str = "area",
    data: str | None = None,
    label: str | None = None,
    max_accuracy_drop: float = 0.002,
    prove: bool = False,
    check_each_pass: bool = False,
    workers: int = 1,
    stats: bool = False,
    after_pass: Callable[[str, Circuit], None] | None = None,
) -> Optimised:
    """Run a pipeline, or the one of a -O level for `goal`, over the circuit of `source`.

    data: first drop what its training rows do not need, losing at most `max_accuracy_drop` of the held-out rows. prove:
    prove each pass, on `workers` processes; check_each_pass: simulate each. stats: count gates and tables of every part
    after every pass. after_pass: told each pass's name and circuit. Raises BadInput for an unknown pass or unusable
    data, Failed when a check says no.
    """
    started = time.perf_counter()
    calibration = None if data is None else calibrated(source, data, label, max_accuracy_drop)
    start = source.circuit if calibration is None else calibration.circuit
    statistics = Statistics(start) if stats else None

    def tell(name: str, circuit: Circuit) -> None:
        for listener in (after_pass, statistics):
            if listener is not None:
                listener(name, circuit)

    after, reports = run_pipeline(
        start,
        pipeline,
        goal=goal,
        check_each_pass=check_each_pass,
        prove=partial(prove_equal, workers=workers) if prove else None,
        print_after=tell,
    )
    return Optimised(source.circuit, after, reports, calibration, statistics, time.perf_counter() - started)


def calibrated(source: Source, data: str, label: str | None, max_accuracy_drop: float) -> Calibration:
    """The calibration of a model or circuit on the training rows of DATA, split as the model was trained."""
    meta = {} if source.model is None else source.model.meta
    training, columns = meta.get("training"), meta.get("columns")
    classes = None if source.circuit.head is None else source.circuit.head.names
    taken = rows(data, "train", None, label=label, columns=columns, training=training, classes=classes)
    return calibrate(source.circuit, taken.x, taken.y, max_accuracy_drop=max_accuracy_drop)
