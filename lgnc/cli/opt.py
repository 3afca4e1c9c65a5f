"""`lgnc opt`: circuit in, optimised circuit out."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path

import click

from lgnc.cli.output import json_option, print_facts, print_json, print_table


@click.command("opt")
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The circuit file to write.")
@click.option("-O", "level", type=click.IntRange(0, 3), help="A level's pipeline (2 unless -p is given).")
@click.option("-p", "--passes", help="Passes to run, in order: 'pass,pass{option=value}'.")
@click.option("--prove/--no-prove", default=False, show_default=True, help="Prove each pass.")
@click.option("--check-each-pass", is_flag=True, help="Simulate each pass against its input.")
@click.option("--print-after", is_flag=True, help="Print the circuit after each pass on stderr.")
@json_option
def command(
    circuit: Path,
    output: Path,
    level: int | None,
    passes: str | None,
    prove: bool,
    check_each_pass: bool,
    print_after: bool,
    as_json: bool,
) -> None:
    """Run passes over a circuit (or the circuit of a model) and write the result."""
    from lgnc.compile import save_circuit
    from lgnc.frontend.source import load_source
    from lgnc.ir.circuit import Circuit
    from lgnc.ir.text import to_text
    from lgnc.passes.manager import parse_pipeline, run_pipeline
    from lgnc.verify.prove import prove as prove_equal

    if level is not None and passes is not None:
        raise click.UsageError("-O and -p exclude each other")

    def show(name: str, circuit: Circuit) -> None:
        sys.stderr.write(f"# after {name}\n{to_text(circuit)}")

    pipeline = parse_pipeline(passes) if passes is not None else 2 if level is None else level
    started = time.perf_counter()
    before = load_source(circuit).circuit
    after, reports = run_pipeline(
        before,
        pipeline,
        check_each_pass=check_each_pass,
        prove=prove_equal if prove else None,
        print_after=show if print_after else None,
    )
    save_circuit(after, output)
    seconds = time.perf_counter() - started
    result = {
        "output": str(output),
        "gates_before": before.gates,
        "gates_after": after.gates,
        "depth_before": before.depth,
        "depth_after": after.depth,
        "seconds": round(seconds, 3),
        "passes": [asdict(report) for report in reports],
    }
    if as_json:
        print_json(result)
        return
    rows = [
        (r.name, f"{r.gates_before:,}", f"{r.gates_after:,}", r.depth_after, f"{r.seconds:.3f}", r.verified or "-")
        for r in reports
    ]
    print_table(("pass", "gates before", "after", "depth", "seconds", "checked"), rows, right=(1, 2, 3, 4))
    print_facts(
        [
            ("gates", f"{before.gates:,} -> {after.gates:,}"),
            ("depth", f"{before.depth} -> {after.depth}"),
            ("seconds", f"{seconds:.2f}"),
        ]
    )
