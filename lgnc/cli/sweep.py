"""`lgnc sweep`: a grid of trainings on the cores of this machine, or on a cluster of Dask's."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from lgnc.cli.output import json_option, percent, print_facts, print_json, print_table, progress_bar
from lgnc.cli.sections import COMMON, SectionedCommand, section
from lgnc.diagnostics import BadInput

_common = section(COMMON)


def check_where(workers: int | None, scheduler: str | None) -> int:
    """How many workers to start: all cores unless given. Raises BadInput when a scheduler has its own."""
    if workers is not None and scheduler is not None:
        fix = "leave out --workers"
        raise BadInput("the scheduler has workers of its own", where=f"--scheduler {scheduler}", fix=fix)
    if workers is not None:
        return workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def dashboard_lines(client: Any) -> list[tuple[str, str]]:
    """Where the cluster can be watched, and who trains."""
    count = len(client.nthreads())
    waits = " (cells wait for the first one)" if not count else ""
    return [("dashboard", dashboard_of(client) or "the scheduler has none"), ("workers", f"{count}{waits}")]


def dashboard_of(client: Any) -> str | None:
    """The dashboard's address, or None for a scheduler without one."""
    try:
        return str(client.dashboard_link)
    except KeyError:
        return None


@click.command(
    "sweep",
    cls=SectionedCommand,
    examples=(
        "lgnc sweep grid.toml -o results",
        "lgnc sweep grid.toml -o results --workers 4",
        "lgnc sweep grid.toml -o /shared/results --scheduler tcp://10.0.0.5:8786",
    ),
)
@click.argument("file", metavar="FILE.toml", type=click.Path(path_type=Path))
@_common("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder; it is resumed if there.")
@_common("--workers", type=click.IntRange(1, 256), help="Cells trained at a time on this machine (all cores).")
@_common("--scheduler", metavar="ADDRESS", help="A Dask scheduler that is there, in place of local workers.")
@json_option
def command(file: Path, output: Path, workers: int | None, scheduler: str | None, as_json: bool) -> None:
    """Train every cell of a grid: `data`, [settings], lists in [grid]. Started again, it goes on where it stopped."""
    from lgnc.toolchain import require_package

    count = check_where(workers, scheduler)
    require_package("torch")
    require_package("distributed")
    from lgnc.train.cluster import cluster_client
    from lgnc.train.grid import read_grid
    from lgnc.train.sweep import kept, missing, plan, run_sweep, summarise

    grid = read_grid(file)
    sweep = plan(grid, str(file))
    done = kept(sweep, output)
    todo = len(missing(sweep, done))
    with ExitStack() as stack:
        client = stack.enter_context(cluster_client(min(count, todo), scheduler)) if todo else None
        link = None if client is None else dashboard_of(client)
        if not as_json:
            lines = [] if client is None else dashboard_lines(client)
            print_facts([("cells", f"{len(sweep.tasks):,}, {todo:,} to train"), *lines])
        elif link:
            click.echo(f"dashboard  {link}", err=True)
        bar = stack.enter_context(progress_bar(quiet=as_json))
        task = bar.add_task("cells", total=todo, note="")

        def on_cell(row: dict[str, Any]) -> None:
            bar.update(task, advance=1, note=row["error"] or percent(row["test_accuracy"]) or "")

        rows = run_sweep(sweep, output, client, on_cell, done=done)
    means, failed = summarise(sweep.axes, rows), [row for row in rows if row["error"]]
    if as_json:
        whole = {"output": str(output), "dashboard": link, "cells": rows, "summary": means, "failed": len(failed)}
        print_json(whole)
    else:
        _print(sweep.axes, means)
        told = [("failed", f"{_place(sweep.axes, row)}: {row['error']}") for row in failed[:3]]
        print_facts([("results", output / "results.csv"), ("next", _next(rows, output)), *told])
    if failed:
        click.get_current_context().exit(1)


def _place(axes: tuple[str, ...], row: dict[str, Any]) -> str:
    from lgnc.train.grid import shown

    return shown({axis: row[axis] for axis in axes}) or "the only cell"


def _next(rows: list[dict[str, Any]], output: Path) -> str | None:
    """A command for the cell of the highest accuracy."""
    done = [row for row in rows if row["test_accuracy"] is not None]
    best = max(done, key=lambda row: float(row["test_accuracy"]), default=None)
    return None if best is None else f"lgnc compile {output / best['model']} -t c -o DIR"


def _print(axes: tuple[str, ...], means: list[dict[str, Any]]) -> None:
    """A line for each combination of values, over its seeds."""
    from lgnc.train.grid import shown

    kept = [axis for axis in axes if axis != "seed"]
    header = (*kept, "runs", "accuracy, %", "balanced, %", "gap, points", "gates")
    lines = []
    for each in means:
        accuracy, spread = _points(each["test_accuracy"]), _points(each["deviation"])
        lines.append((
            *(shown(each[axis]) for axis in kept), each["runs"], f"{accuracy} +- {spread}" if spread else accuracy,
            _points(each["balanced_accuracy"]), _points(each["selection_gap"]),
            "" if each["gates"] is None else f"{each['gates']:,.0f}",
        ))  # fmt: skip
    print_table(header, lines, right=range(len(kept), len(header)))


def _points(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"
