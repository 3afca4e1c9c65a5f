"""`lgnc explain`: why a row has its class, and the smallest change that gives it another."""

from __future__ import annotations

import re
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.output import json_option, print_facts, print_json, print_table
from lgnc.cli.sections import SectionedCommand
from lgnc.cli.size import max_memory_option
from lgnc.diagnostics import BadInput

if TYPE_CHECKING:
    from lgnc.flows.explain import Explanation

_SHOWN = 10
_TABLES = (("supported by", "margin falls by", "supports"), ("opposed by", "margin rises by", "opposes"))


@click.command(
    "explain",
    context_settings={"ignore_unknown_options": True},
    cls=SectionedCommand,
    examples=(
        "lgnc explain iris.lgn 5.1,3.5,1.4,0.2",
        "lgnc explain iris.lgn rows.csv --row 0",
        "lgnc explain digits.lgn --data digits --row 4",
    ),
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("row", required=False)
@click.option("--row", "number", type=click.IntRange(0), help="The row's number, from 0, in the file ROW or in --data.")
@click.option("--data", help="Take the row from this data set or file, split as in training.")
@click.option("--split", default="test", show_default=True, help="Of --data: test, train or all.")
@click.option("--label", help="The label's column (the last unless given).")
@click.option("--time-limit", type=click.FloatRange(0), default=10.0, show_default=True, help="Seconds for the search.")
@max_memory_option
@json_option
def command(
    model: Path,
    row: str | None,
    number: int | None,
    data: str | None,
    split: str,
    label: str | None,
    time_limit: float,
    max_memory: int | None,
    as_json: bool,
) -> None:
    """Say what carries the class of a row, and find the smallest change of its features that gives it another.

    ROW: values with commas between, or a file (with --row N). Or give --data DATA --row N.
    """
    from lgnc.flows.explain import explain

    if row is not None and re.match("--?[A-Za-z]", row):
        raise click.NoSuchOption(row.partition("=")[0])
    if row is not None and data is None and Path(row).is_file():
        row, data, split = None, row, "file"
    if (row is None) == (data is None) or (data is None) != (number is None):
        raise BadInput("the row is not given", where="ROW", fix="give its values, or --data DATA --row N")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        own: dict[str, Any] = {"split": split, "label": label, "time_limit": time_limit, "max_memory": max_memory}
        done = explain(model, row, data=data, number=number or 0, **own)
    notes = [str(each.message) for each in told]
    if as_json:
        print_json({**asdict(done), "notes": notes})
        return
    print_facts(("note", note) for note in notes)
    _print(done, time_limit)


def _print(done: Explanation, time_limit: float) -> None:
    votes = done.literals
    order = sorted(done.scores, key=lambda name: -done.scores[name])[:_SHOWN]
    scores = ", ".join(f"{name}: {done.scores[name]} ({votes[name][0]} of {votes[name][1]} literals)" for name in order)
    print_facts(
        [
            ("class", done.found),
            ("label", done.label),
            ("margin", f"{done.margin} ahead of {done.second}"),
            ("scores", scores + (f" and {len(done.scores) - _SHOWN} more" if len(done.scores) > _SHOWN else "")),
        ]
    )
    for heading, column, key in _TABLES:
        found = sorted((each for each in done.carried if getattr(each, key)), key=lambda each: -getattr(each, key))
        if found:
            click.echo()
            rows = [(each.name, each.value, getattr(each, key)) for each in found[:_SHOWN]]
            print_table((heading, "value", column), rows, right=(2,))
            if len(found) > _SHOWN:
                click.echo(f"and {len(found) - _SHOWN} more")
    click.echo()
    print_facts([("smallest change", _verdict(done, time_limit))])
    for each in done.change:
        print_facts([(f"  {each.name}", f"{each.before} -> {each.after}")])


def _verdict(done: Explanation, time_limit: float) -> str:
    """What is known of the smallest change, in a line."""
    if done.verdict == "impossible":
        return "none: no change of its features gives another class (proven)"
    if done.verdict == "undecided":
        return f"not decided in {time_limit:g} s (--time-limit)"
    columns = f"{len(done.change)} column{'s' * (len(done.change) != 1)}"
    steps = f", across {done.steps} threshold{'s' * (done.steps != 1)}" if done.steps else ""
    told = f"{columns}{steps}, to {done.change_to}; replayed"
    if done.verdict == "found":
        return f"{told}; whether {done.at_least} to {len(done.change) - 1} do is not decided in {time_limit:g} s"
    fewer = "" if done.steps_proven else f"; fewer thresholds: not decided in {time_limit:g} s"
    return f"{told}; proven: no fewer columns do{fewer}"
