"""`lgnc show`: the gates behind an output or a class, as a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from lgnc.cli.output import check_output_file, json_option, print_facts, print_json
from lgnc.cli.sections import SectionedCommand


@click.command(
    "show",
    cls=SectionedCommand,
    examples=(
        "lgnc show digits.lgn --output 3 -o cone.svg",
        "lgnc show digits.lgn --output 3 --literal 7 --depth 6 -o literal.svg",
    ),
)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("--output", "of", required=True, metavar="NAME", help="The class, or the output where there are none.")
@click.option("--literal", type=click.IntRange(0), help="Of the literals that the class counts, this one, from 0.")
@click.option("--depth", type=click.IntRange(1, 30), default=4, show_default=True, help="Levels of gates to draw.")
@click.option("-o", "path", required=True, type=click.Path(path_type=Path), help="The .svg file to write.")
@json_option
def command(circuit: Path, of: str, literal: int | None, depth: int, path: Path, as_json: bool) -> None:
    """Draw the gates behind a class or an output of a model or circuit."""
    from lgnc.flows.show import show

    check_output_file(path)
    done = show(circuit, path, of=of, literal=literal, depth=depth)
    if as_json:
        print_json({**asdict(done), "path": str(done.path)})
        return
    cut = f" of {depth} (more do not fit)" if done.depth < depth else ""
    print_facts(
        [
            ("picture", done.path),
            ("gates", f"{done.gates:,}, {done.depth} levels{cut}"),
            ("literals", f"{done.literals:,} of {done.all_literals:,} that it counts (--literal N draws one)"),
        ]
    )
