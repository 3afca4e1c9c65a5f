"""`lgnc experiment`: grids of training runs."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from lgnc.cli.output import check_output_file, json_option, print_facts, print_json, print_table, progress_bar
from lgnc.cli.sections import SectionedCommand
from lgnc.cli.sweep import check_where, dashboard_lines
from lgnc.diagnostics import BadInput


@click.group("experiment")
def command() -> None:
    """Run an experiment of many training runs."""


def _numbers(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = (0.0,)
    if not all(1e-6 <= value <= 1e6 for value in values):
        raise BadInput(
            f"'{text:.40}' is not a list of temperatures above 0", where="--temperatures", fix="as in 0.1,0.5,1"
        )
    return values


@command.command(
    "gap",
    cls=SectionedCommand,
    examples=(
        "lgnc experiment gap --data digits -o gap.csv --plot gap.png",
        "lgnc experiment gap --data mnist -o gap.csv --methods hard-st,gumbel-st --seeds 1 --workers 4",
    ),
)
@click.option("--data", required=True, help="The data set or file.")
@click.option("--preset", help="paper, the published settings, or paper-small: mnist, mnist-binary or cifar10.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The CSV; it is resumed if there.")
@click.option("--temperatures", default="0.05,0.1,0.5,1,2", show_default=True, help="Gate temperatures.")
@click.option("--methods", help="Some of hard-st,gumbel-st,soft-mix,soft-gumbel (all unless given).")
@click.option("--cage/--no-cage", default=True, help="Whether each method is also run with CAGE.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Runs per cell.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="The other settings, as TOML; they win over a preset's."
)
@click.option("--workers", type=click.IntRange(1, 256), help="Cells trained at a time (1, without Dask).")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler whose workers train the cells.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw accuracy and gap to this .png, .svg or .pdf.")
@json_option
def gap(
    data: str,
    preset: str | None,
    output: Path,
    temperatures: str,
    methods: str | None,
    cage: bool,
    seeds: int,
    config: Path | None,
    workers: int | None,
    scheduler: str | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Accuracy and selection gap of every method at every temperature: the paper's experiment."""
    from lgnc.report.gap_plot import plot_gap
    from lgnc.report.gap_table import spreads
    from lgnc.report.learning_curve import check_plot_path
    from lgnc.toolchain import require_package

    values = _numbers(temperatures)
    check_output_file(output)
    check_output_file(plot)
    if plot is not None:
        check_plot_path(plot)
    require_package("torch")
    count = check_where(workers or (None if scheduler else 1), scheduler)
    clustered = scheduler is not None or count > 1
    if clustered:
        require_package("distributed")
    from lgnc.data import load_dataset
    from lgnc.train import TrainConfig
    from lgnc.train.cluster import cluster_client
    from lgnc.train.config import toml_settings
    from lgnc.train.experiment import grid, missing, run_gap
    from lgnc.train.methods import METHODS, method_of
    from lgnc.train.paper import check_preset, paper_config

    chosen = list(METHODS) if methods is None else methods.split(",")
    for name in chosen:
        method_of(name, where="--methods")
    own = toml_settings(config) if config else {}
    base = TrainConfig.from_dict(own, str(config) if config else "training")
    if preset is not None:
        check_preset(preset, data)
    dataset = load_dataset(data)
    if preset is not None:
        base = paper_config(preset, data, dataset, own, str(config) if config else "training")
    cells = grid(values, seeds, methods=chosen, cage=cage)
    todo = len(missing(dataset, base, cells, output))
    with ExitStack() as stack:
        client = stack.enter_context(cluster_client(min(count, todo), scheduler)) if clustered and todo else None
        if client is not None and not as_json:
            print_facts(dashboard_lines(client))
        bar = stack.enter_context(progress_bar(quiet=as_json))
        task = bar.add_task("cells", total=len(cells), note="")

        def on_cell(row: dict[str, str]) -> None:
            bar.update(task, advance=1, note=f"{row['method']} {row['temperature']}: {row['test_accuracy']}")

        rows = run_gap(dataset, base, cells, output, client=client, on_cell=on_cell)
    if plot is not None:
        plot_gap([{**row, "method": METHODS[row["method"]].label} for row in rows], plot, title=data)
    if as_json:
        print_json(
            {"output": str(output), "cells": _cells(rows), "spreads": [each._asdict() for each in spreads(rows)]}
        )
    else:
        _print_tables(rows)


def _cells(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What `--json` says of each method and temperature: the means over seeds."""
    from lgnc.report.gap_plot import summarise

    selection, peak = summarise(rows, "selection_gap"), summarise(rows, "peak_gap")
    return [
        {"method": m, "temperature": t, "runs": runs, "test_accuracy": mean, "deviation": spread,
         "selection_gap": selection[m, t][0], "peak_gap": peak[m, t][0] if (m, t) in peak else None}
        for (m, t), (mean, spread, runs) in summarise(rows, "test_accuracy").items()
    ]  # fmt: skip


def _print_tables(rows: list[dict[str, str]]) -> None:
    """The table of the cells, then the published one: how much the temperature matters to each method."""
    from lgnc.report.gap_plot import summarise
    from lgnc.report.gap_table import spreads
    from lgnc.train.methods import METHODS

    def points(found: tuple[float, float, int] | None) -> str:
        return "" if found is None else f"{100 * found[0]:.2f} +- {100 * found[1]:.2f}"

    selection, peak = summarise(rows, "selection_gap"), summarise(rows, "peak_gap")
    lines = [
        (*key, found[2], points(found), points(selection[key]), points(peak.get(key)))
        for key, found in summarise(rows, "test_accuracy").items()
    ]
    header = ("method", "temperature", "runs", "accuracy, %", "selection gap, points", "its peak")
    print_table(header, lines, right=(2, 3, 4, 5))
    found = [
        (METHODS[each.method].label + (" + CAGE" if each.cage else ""),
         *("" if share is None else f"{100 * share:.2f}" for share in each[2:]))
        for each in spreads(rows)
    ]  # fmt: skip
    over = ("over all temperatures", "worst accuracy, %", "range", "greatest gap", "greatest peak")
    print_table(over, found, right=(1, 2, 3, 4))
