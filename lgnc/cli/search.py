"""`lgnc search`: networks that fit a device, the front of accuracy against look-up tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.output import json_option, percent, print_facts, print_json, print_table, progress_bar
from lgnc.cli.sections import COMMON, SectionedCommand, section
from lgnc.cli.size import max_memory_option
from lgnc.cli.train import Duration
from lgnc.diagnostics import unknown

if TYPE_CHECKING:
    from lgnc.flows.search import Front

_common, _data = section(COMMON), section("Data")
PLOT = "front.png"


@click.command(
    "search",
    cls=SectionedCommand,
    examples=(
        "lgnc search digits --target ice40 --max-luts 2000 -o front",
        "lgnc search mnist --target xilinx --max-luts 4000 --max-levels 18 --time 2h -o front",
        "lgnc search data.csv --target ecp5 --max-luts 500 --config settings.toml -o front",
    ),
)
@click.argument("data", metavar="DATA")
@_common("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder; it is gone on with.")
@_common("--target", "family", required=True, help="xilinx, xilinxup, ice40, ecp5, gowin, gatemate or generic.")
@_common("--max-luts", required=True, type=click.IntRange(10, 10_000_000), help="Most look-up tables, all in.")
@_common("--max-levels", type=click.IntRange(1, 10_000), help="Most levels of them.")
@_common(
    "--time", "seconds", type=Duration(), default="10m", show_default=True, help="Begin no network after this time."
)
@_common("--trials", type=click.IntRange(1), help="End after so many networks, if that is sooner.")
@_common("--config", type=click.Path(path_type=Path), help="Settings of training that every network has, as TOML.")
@_common("--seed", type=int, help="Of everything random.")
@_common("--storage", metavar="URL", help="The database of the study (SQLite: search.db in the folder).")
@_data("--label", help="The label's column (the last unless given).")
@_data("--test", "test_file", metavar="FILE", help="The test rows, from a file of their own.")
@_data("--keep", multiple=True, metavar="COLUMN", help="Train on this column whatever it looks like.")
@_data("--drop", multiple=True, metavar="COLUMN", help="Leave this column out.")
@_data("--na", multiple=True, metavar="TEXT", help="A text that means a missing cell, beside NA, null, ...")
@max_memory_option
@json_option
def command(
    data: str,
    output: Path,
    family: str,
    max_luts: int,
    max_levels: int | None,
    seconds: float,
    trials: int | None,
    config: Path | None,
    seed: int | None,
    storage: str | None,
    label: str | None,
    test_file: str | None,
    keep: tuple[str, ...],
    drop: tuple[str, ...],
    na: tuple[str, ...],
    max_memory: int | None,
    as_json: bool,
) -> None:
    """Train networks of many sizes on DATA, map each to look-up tables, and keep those that nothing else beats."""
    from lgnc.mapping.families import FAMILIES
    from lgnc.toolchain import require_package

    if family not in FAMILIES:
        raise unknown("family", family, FAMILIES, where="--target")
    from lgnc.train import TrainConfig

    given: dict[str, Any] = {} if seed is None else {"seed": seed}
    base = TrainConfig.from_toml(config, **given) if config else TrainConfig(**given)
    for package in ("torch", "optuna", "matplotlib"):
        require_package(package)
    from lgnc.data import Choices, load_dataset
    from lgnc.data.summary import summary_lines

    share: dict[str, Any] = {} if base.test_fraction is None else {"test_fraction": base.test_fraction}
    choices = Choices(keep, drop, test=test_file)
    dataset = load_dataset(data, label=label, seed=base.seed, choices=choices, na=na, max_memory=max_memory, **share)
    if not as_json:
        print_facts(summary_lines(dataset))
    from lgnc.flows.search import Limits, search
    from lgnc.report.front_plot import plot_front

    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("search", total=trials, note="")

        def on_trial(count: int, accuracy: float, luts: int) -> None:
            bar.update(task, completed=count, note=f"{percent(accuracy)} in {luts:,} LUTs")

        front = search(
            dataset,
            base,
            family,
            Limits(max_luts, max_levels),
            output,
            seconds=seconds,
            storage=storage or f"sqlite:///{output / 'search.db'}",
            trials=trials,
            on_trial=on_trial,
        )
    points = [(net.area.luts, net.accuracy) for net in front.nets]
    plot_front(front.tried, points, output / PLOT, limit=max_luts, title=f"{dataset.name}, {family}")
    if as_json:
        print_json({"output": str(output), "plot": str(output / PLOT), **front.as_json()})
        return
    _print(front, output)


def _print(front: Front, output: Path) -> None:
    """The front as a table, and a command for its best network."""
    carry = {"xilinx": "CARRY4", "xilinxup": "CARRY8"}.get(front.family)
    header = ("file", "validation, %", "test, %", "LUTs", *((carry,) if carry else ()), "levels", "clock, MHz")
    lines = [
        (
            net.file,
            f"{100 * net.accuracy:.2f}",
            f"{100 * net.test_accuracy:.2f}",
            f"{net.area.luts:,}",
            *((net.area.carry,) if carry else ()),
            net.area.levels,
            f"{net.area.clock_mhz:.0f}",
        )
        for net in front.nets
    ]
    print_table(header, lines, right=range(1, len(header)))
    best = output / front.nets[-1].file
    print_facts(
        [
            ("trials", f"{len(front.tried)}, compared on {front.validation_rows:,} rows; {front.test_rows:,} for test"),
            ("clock", "an estimate from levels and fan-out, without ranks in between"),
            ("next", f"lgnc compile {best} -t verilog --family {front.family} -o DIR"),
        ]
    )
