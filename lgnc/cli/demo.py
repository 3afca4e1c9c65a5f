"""`lgnc demo`: train on real handwritten digits, compile to every target, run each, verify each, one table."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click

from lgnc.cli.output import json_option, percent, print_facts, print_json, print_table, progress_bar, rate


@click.command("demo")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("lgnc-demo"), show_default=True)
@json_option
def command(output: Path, as_json: bool) -> None:
    """Train on 1,797 real handwritten digits, compile to all four targets, run and verify each."""
    from lgnc.flows.demo import demo

    started = time.perf_counter()
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("train", total=1, note="")
        done = demo(
            output, progress=lambda what, k, n: bar.update(task, description=f"{what:<16}", completed=k, total=n)
        )
    seconds = time.perf_counter() - started
    training = done.training
    if as_json:
        rows = [asdict(row) for row in done.rows]
        print_json({"output": str(output), "training": training, "targets": rows, "seconds": round(seconds, 2)})
        return
    print_facts(
        [
            ("trained", f"{training['gates']:,} gates in {training['seconds']:.1f} s"),
            ("test accuracy", f"{percent(training['test_accuracy'])} of a held-out fifth, every gate fixed"),
            ("selection gap", f"{100 * training['selection_gap']:.2f} points"),
        ]
    )
    click.echo()
    table = [
        (
            row.target,
            _files(Path(row.folder).name, row.files),
            f"{row.gates:,}",
            row.verified,
            percent(row.accuracy) or row.remark,
            "" if row.samples_per_second is None else rate(row.samples_per_second),
        )
        for row in done.rows
    ]
    print_table(("target", "files", "gates", "verified", "accuracy", "samples/s"), table, right=(2, 4, 5))
    click.echo()
    print_facts([("folder", output), ("seconds", f"{seconds:.1f}")])


_SHOWN = 2


def _files(folder: str, files: list[str]) -> str:
    """The files that carry the network's name, two of them at most, and how many others there are."""
    first = sorted(files, key=lambda name: not name.startswith("digits"))[:_SHOWN]
    more = len(files) - len(first)
    return f"{folder}/{{{', '.join(first)}}}" + (f" and {more} more" if more else "")
