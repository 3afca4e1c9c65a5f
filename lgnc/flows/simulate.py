"""`lgnc.simulate`: a model, circuit or compiled folder on rows, with scores and classes in the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.held import hold
from lgnc.flows.evaluate import measure, mismatches
from lgnc.flows.things import Thing, tell


@dataclass(frozen=True, eq=False)
class Simulation:
    """What a run gave, row by row.

    engine: what ran it. names: the classes' names. scores: int32[n, classes]. classes: int64[n], indices into names.
    outputs: bool[n, outputs] of a network without a head, whose scores and classes are None. labels: int64[n], -1
    where there is none. accuracy: the share of labelled rows whose class is the label; None without labels.
    mismatches: rows whose class or scores differ from what `reference` names; None where nothing was compared.
    seconds: the run alone.
    """

    engine: str
    names: tuple[str, ...]
    scores: NDArray[np.int32] | None
    classes: NDArray[np.int64] | None
    outputs: NDArray[np.bool_] | None
    labels: NDArray[np.int64]
    accuracy: float | None
    mismatches: int | None
    reference: str | None
    seconds: float

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        share = "" if self.accuracy is None else f", accuracy {self.accuracy:.4f}"
        against = "" if self.mismatches is None else f", {self.mismatches:,} mismatches with {self.reference}"
        return f"<{len(self):,} rows by {self.engine}{share}{against}>"


def simulate(
    thing: Thing,
    data: Any,
    y: Any = None,
    *,
    split: str = "test",
    limit: int | None = None,
    label: str | None = None,
    engine: str | None = None,
    model: Thing | None = None,
    threads: int = 1,
    max_memory: int | None = None,
) -> Simulation:
    """Run a Model, a Circuit, the path of one, or a compiled folder with its target's real tool.

    data: the name of a data set or the path of a file, of which `split` ('test', 'train' or 'all') is run, split as in
    training; or rows in memory as `lgnc.train` takes them, all of which are run in their order, with or without labels
    (`y`, or the column `label`). limit: the first so many rows. engine: what runs a folder. model: what a folder is
    compared with. threads: for the C target. max_memory: bytes that the data may take.

    A folder is compared with the circuit in it, a model's circuit with the model run neuron by neuron. What was left
    out or guessed is warned about. Raises BadInput for rows that do not fit, ToolMissing without the folder's engine,
    Failed when it fails.
    """
    rows = hold(data, y)
    found = measure(
        thing,
        rows,
        split=split,
        limit=limit,
        engine=engine,
        label=label,
        model=model,
        threads=threads,
        max_memory=max_memory,
    )
    tell(found.taken.notes)
    result, labels = found.result, found.taken.y
    known = labels >= 0
    accuracy = None
    if result.classes is not None and known.any():
        accuracy = float((result.classes[known] == labels[known]).mean())
    compared = found.against is not None and result.classes is not None
    return Simulation(
        engine=result.engine,
        names=tuple(found.taken.classes),
        scores=result.scores,
        classes=result.classes,
        outputs=result.outputs,
        labels=labels,
        accuracy=accuracy,
        mismatches=mismatches(result, found.against) if compared and found.against is not None else None,
        reference=found.reference if compared else None,
        seconds=result.seconds,
    )
