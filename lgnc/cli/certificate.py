"""`lgnc certificate`: what other people's checkers make of a certificate."""

from __future__ import annotations

from pathlib import Path

import click

from lgnc.cli.output import check_output_file, json_option, print_facts, print_json
from lgnc.cli.sections import SectionedCommand


@click.group("certificate")
def command() -> None:
    """Hand a certificate on to checkers that are not lgnc's."""


@command.command(
    "export", cls=SectionedCommand, examples=("lgnc certificate export a-b.certificate a.lgn b.lgn -o a-b",)
)
@click.argument("certificate", type=click.Path(path_type=Path))
@click.argument("a", type=click.Path(path_type=Path), required=False)
@click.argument("b", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The files' PREFIX.")
@click.option("--time-limit", type=click.FloatRange(0), default=600.0, show_default=True, help="Seconds.")
@json_option
def export(certificate: Path, a: Path | None, b: Path | None, output: Path, time_limit: float, as_json: bool) -> None:
    """Write CERTIFICATE, about A and B, as PREFIX.cnf (the miter in DIMACS), PREFIX.lrat, PREFIX.clrat (binary LRAT),
    PREFIX.drat, and PREFIX.pairs for `tools/miter.py`.

    A and B are the two things that 'lgnc verify A B --certificate' was given; the certificate says where they lay. A
    folder has several pairs of circuits, the later ones as PREFIX-2 and so on.
    """
    from lgnc.files import read_file
    from lgnc.flows.certificates import subjects_of
    from lgnc.flows.export import export_certificate

    if (a is None) != (b is None):
        raise click.UsageError("give both A and B, or neither")
    check_output_file(output.with_name(output.name + ".cnf"))
    if a is None or b is None:
        a, b = subjects_of(read_file(certificate).decode(errors="replace"), certificate)
    found = export_certificate(certificate, a, b, output, time_limit=time_limit)
    if as_json:
        rows = [
            {
                "pair": each.pair,
                "files": [str(path) for path in each.files],
                "variables": each.variables,
                "clauses": each.clauses,
                "steps": each.steps,
            }
            for each in found
        ]
        print_json({"certificate": str(certificate), "pairs": rows})
        return
    for each in found:
        size = sum(path.stat().st_size for path in each.files)
        print_facts(
            [
                ("pair", each.pair),
                ("formula", f"{each.files[0]}: {each.variables:,} variables, {each.clauses:,} clauses"),
                ("proof", f"{each.files[1]}: {each.steps:,} steps"),
                ("bytes", f"{size:,} in {len(each.files)} files"),
            ]
        )
