"""What the commands print: one JSON object on stdout, or text and tables for people; progress goes to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from lgnc.diagnostics import BadInput, printable


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json` (parameter `as_json`): one JSON object on stdout, and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")(command)


def stdout_console() -> Console:
    """Where results for people go."""
    return Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


def stderr_console() -> Console:
    """Where progress and remarks go."""
    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def print_json(result: dict[str, Any]) -> None:
    """One line, keys in the order given; NaN and infinity are refused rather than printed as invalid JSON."""
    click.echo(json.dumps(result, allow_nan=False).replace("\x7f", "\\u007f"))


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Aligned `name  value` lines, each safe to print (`printable`); a value of None is left out."""
    shown = [(printable(name), printable(str(value))) for name, value in facts if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[int] = ()) -> None:
    """A table on stdout, its cells safe to print (`printable`); `right` lists the columns to align right."""
    table = Table(*header, box=None, pad_edge=False, header_style="bold")
    for index in right:
        table.columns[index].justify = "right"
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row))
    stdout_console().print(table)


def progress_bar(*, quiet: bool = False) -> Progress:
    """A progress display on stderr, where that is a terminal, that goes away when done; tasks may set `note`."""
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", markup=False),
    ]
    console = stderr_console()
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)


def check_output_file(path: Path | None) -> None:
    """Raise BadInput before any work is done unless a file of this name could be written, as far as that is known."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        problem = "is a folder" if path.is_dir() else "No such file or directory"
        raise BadInput(problem, where=str(path), fix="give a file name in a folder that exists")


def percent(share: float | None) -> str | None:
    """0.9642 as '96.42 %'."""
    return None if share is None else f"{100 * share:.2f} %"


def rate(per_second: float) -> str:
    """Samples a second with thousands separated, to three digits or so."""
    return f"{per_second:,.0f}" if per_second >= 100 else f"{per_second:.3g}"
