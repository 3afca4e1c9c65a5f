"""`lgnc report`: one HTML page about a model, a circuit and compiled folders."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import click

from lgnc.cli.output import check_output_file, json_option, print_facts, print_json, progress_bar
from lgnc.cli.sections import SectionedCommand
from lgnc.cli.size import max_memory_option


@click.command(
    "report",
    cls=SectionedCommand,
    examples=(
        "lgnc report iris.lgn -o iris.html --data iris",
        "lgnc report iris.lgn iris-c iris-rtl -o iris.html",
        "lgnc report everything -o all.html --run --data iris",
    ),
)
@click.argument("things", type=click.Path(path_type=Path), metavar="MODEL_OR_DIR...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The HTML file to write.")
@click.option("--data", help="A named data set or a file: confusion, misclassified rows, classes with counts.")
@click.option("--label", help="The label's column (the last unless given).")
@click.option("--log", type=click.Path(path_type=Path), help="The file of 'lgnc train --log', where a model has none.")
@click.option("--run", is_flag=True, help="Run the code in the compiled folders on DATA, for their speeds.")
@click.option("--title", help="The page's heading (the file's name unless given).")
@max_memory_option
@json_option
def command(
    things: tuple[Path, ...],
    output: Path,
    data: str | None,
    label: str | None,
    log: Path | None,
    run: bool,
    title: str | None,
    max_memory: int | None,
    as_json: bool,
) -> None:
    """Write one self-contained HTML page: data, accuracy, training, gates, passes, features, folders, proofs.

    MODEL_OR_DIR: a model or circuit, folders that were compiled from it, or a folder with all of them.
    """
    from lgnc.flows.report import report

    check_output_file(output)
    with progress_bar(quiet=as_json) as bar, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        task = bar.add_task("read", total=None, note="")
        report(
            list(things),
            output,
            data=data,
            label=label,
            log=log,
            run=run,
            title=title,
            max_memory=max_memory,
            progress=lambda what: bar.update(task, description=what),
        )
    notes, size = [str(each.message) for each in told], os.path.getsize(output)
    if as_json:
        print_json({"output": str(output), "bytes": size, "notes": notes})
    else:
        print_facts([("report", output), ("bytes", f"{size:,}"), *(("note", note) for note in notes)])
