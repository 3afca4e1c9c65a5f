"""`lgnc simulate`: accuracy, mismatches against the model, samples per second."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from lgnc.cli.figures import accuracy_text, class_rows
from lgnc.cli.output import json_option, print_facts, print_json, progress_bar, rate, stderr_console
from lgnc.cli.sections import SectionedCommand
from lgnc.cli.size import max_memory_option


@click.command(
    "simulate",
    cls=SectionedCommand,
    examples=(
        "lgnc simulate iris.lgn --data iris",
        "lgnc simulate iris-c --data new.csv --split all",
    ),
)
@click.argument("path", type=click.Path(path_type=Path), metavar="DIR_OR_MODEL")
@click.option("--data", required=True, help="A named data set, or a CSV, JSON lines, ARFF, NPZ or Parquet file.")
@click.option("--label", help="The label's column (the last unless given).")
@click.option("--split", default="test", show_default=True, help="test, train or all.")
@click.option("--limit", type=click.IntRange(1), help="Use the first N rows.")
@click.option("--engine", help="What runs a compiled folder: the quickest for so many rows unless given.")
@click.option("--model", type=click.Path(path_type=Path), help="Compare with this model file.")
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="For the C target.")
@max_memory_option
@json_option
def command(
    path: Path,
    data: str,
    label: str | None,
    split: str,
    limit: int | None,
    engine: str | None,
    model: Path | None,
    threads: int,
    max_memory: int | None,
    as_json: bool,
) -> int:
    """Run a compiled folder with its target's real tool, or a model, on labelled rows.

    Exit code 0 when every answer agrees with the reference, else 1.
    """
    from lgnc.flows.evaluate import evaluate, measure

    with progress_bar(quiet=as_json) as bar:
        bar.add_task("simulate", total=None, note="")
        found = measure(
            path,
            data,
            split=split,
            limit=limit,
            engine=engine,
            label=label,
            model=model,
            threads=threads,
            max_memory=max_memory,
            tell=lambda line: stderr_console().print(line),
        )
        done = evaluate(found)
    if as_json:
        result = asdict(done)
        print_json({**result, **result.pop("figures")})
    else:
        against = f"{done.mismatches} (against {done.reference})" if done.mismatches is not None else None
        print_facts(
            [
                ("engine", done.engine),
                ("samples", f"{done.samples:,}"),
                *(("note", note) for note in done.notes),
                ("accuracy", accuracy_text(done.accuracy, done.figures)),
                *class_rows(done.figures),
                ("mismatches", against),
                ("samples/s", rate(done.samples_per_second)),
                ("build", f"{done.built_seconds:.2f} s" if done.built_seconds else None),
            ]
        )
    return 1 if done.mismatches else 0
