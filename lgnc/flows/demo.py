"""The whole road on data that needs no download: train on the digits of scikit-learn, compile, run, verify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lgnc.backends.table import TARGETS, target_of
from lgnc.data import load_dataset
from lgnc.diagnostics import Failed, ToolMissing
from lgnc.files import make_folder
from lgnc.flows.compare import verify
from lgnc.flows.compile import compile_circuit
from lgnc.flows.evaluate import evaluate, measure
from lgnc.formats.lgn import save_model
from lgnc.formats.source import load_source
from lgnc.train import TrainConfig, train

SEED = 0


@dataclass
class Row:
    """One target: its files, its gates, how it was verified, and what it did on the test rows.

    remark: why it was not run, when a tool is missing.
    """

    target: str
    folder: str
    files: list[str]
    gates: int
    verified: str = "not run"
    accuracy: float | None = None
    mismatches: int | None = None
    samples_per_second: float | None = None
    remark: str = ""


@dataclass
class Demo:
    """What the demo did: the training report and a row for each target."""

    training: dict[str, Any]
    rows: list[Row] = field(default_factory=list)


def demo(folder: Path, *, progress: Callable[[str, int, int], None] = lambda *_: None) -> Demo:
    """Run the whole road, leaving the model and a folder for each target in `folder`.

    progress is told (what, done, total). Raises Failed when a target gives a wrong answer.
    """
    make_folder(folder)
    dataset = load_dataset("digits", seed=SEED)
    config = TrainConfig(seed=SEED)
    result = train(dataset, config, on_epoch=lambda e: progress("train", int(e["epoch"]), int(e["epochs"])))
    model = folder / "digits.lgn"
    save_model(result.model, model)
    done = Demo(result.report)
    for index, target in enumerate(TARGETS):
        progress(f"{target}: compile", 3 * index, 3 * len(TARGETS))
        compiled = compile_circuit(load_source(model), target, name="digits")
        output = folder / target
        compiled.write(output)
        row = Row(target, str(output), sorted(compiled.files), compiled.circuit.gates)
        done.rows.append(row)
        if not target_of(target).engines:
            row.remark = "nothing runs it"
            continue
        try:
            progress(f"{target}: run", 3 * index + 1, 3 * len(TARGETS))
            ran = evaluate(measure(output, "digits", model=model))
            row.accuracy, row.mismatches = ran.accuracy, ran.mismatches
            row.samples_per_second = ran.samples_per_second
            progress(f"{target}: verify", 3 * index + 2, 3 * len(TARGETS))
            verdict = verify(model, output)
        except ToolMissing as error:
            row.remark = str(error)
            continue
        if ran.mismatches or not verdict.equal:
            raise Failed(f"target {target} differs from the model", where=str(output), fix="please report this")
        how = next((each.how for each in verdict.stations if each.name == "function"), verdict.how)
        row.verified = how if how != "tested" else f"{verdict.vectors:,} vectors"
    return done
