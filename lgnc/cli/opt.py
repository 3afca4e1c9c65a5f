"""`lgnc opt`: circuit in, optimised circuit out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.output import json_option, percent, print_facts, print_json, print_table

if TYPE_CHECKING:
    from lgnc.flows.calibrate import Calibration
    from lgnc.formats.source import Source
    from lgnc.mapping.statistics import Statistics
    from lgnc.passes.manager import PassReport


def calibrated(source: Source, data: str, label: str | None, max_accuracy_drop: float) -> Calibration:
    """The calibration of a model or circuit on the training rows of DATA, split as the model was trained."""
    from lgnc.flows.calibrate import calibrate
    from lgnc.flows.evaluate import rows

    meta = {} if source.model is None else source.model.meta
    training, columns = meta.get("training"), meta.get("columns")
    classes = None if source.circuit.head is None else source.circuit.head.names
    taken = rows(data, "train", None, label=label, columns=columns, training=training, classes=classes)
    return calibrate(source.circuit, taken.x, taken.y, max_accuracy_drop=max_accuracy_drop)


def print_passes(reports: list[PassReport], statistics: Statistics | None) -> None:
    """A row a pass: what it left and how long it took; with statistics, fan-out and the whole circuit's tables too."""
    if statistics is None:
        rows: list[Sequence[object]] = [
            (r.name, f"{r.gates_before:,}", f"{r.gates_after:,}", r.depth_after, f"{r.seconds:.3f}", r.verified)
            for r in reports
        ]
        print_table(("pass", "gates before", "after", "depth", "seconds", "checked"), rows, right=(1, 2, 3, 4))
        return
    times = [("", "")] + [(f"{r.seconds:.3f}", r.verified) for r in reports]
    rows = []
    counted = [("", statistics.before), *statistics.after_pass]
    for (name, found), (seconds, verified) in zip(counted, times, strict=True):
        whole, gates = found["whole"], f"{found['gates']:,}"
        tables = f"{whole['lut4']:,}", f"{whole['lut6']:,}"
        rows.append((name, gates, found["depth"], found["max_fanout"], *tables, seconds, verified))
    print_table(("pass", "gates", "depth", "fan-out", "LUT4", "LUT6", "seconds", "checked"), rows, right=range(1, 7))


def print_parts(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A row a part of the circuit, before and after, and one for all of them."""
    columns = [("gates", before), ("gates", after), ("depth", after), ("max_fanout", after)]
    columns += [(kind, found) for kind in ("lut4", "lut6") for found in (before, after)]
    header = ["part", "gates before", "after", "depth", "fan-out", "LUT4 before", "after", "LUT6 before", "after"]
    names = list(dict.fromkeys([*before["parts"], *after["parts"]]))
    rows = [[name, *(f"{found['parts'].get(name, {}).get(kind, 0):,}" for kind, found in columns)] for name in names]
    rows.append(["whole", *(f"{found['whole'][kind]:,}" for kind, found in columns)])
    click.echo()
    print_table(header, rows, right=range(1, 9))
    click.echo()
    depths = [" -> ".join(str(each["whole"][kind]) for each in (before, after)) for kind in ("depth", *_TABLE_DEPTHS)]
    encoder = None if before["encoder_included"] else "compares floats: not counted in gates"
    print_facts(zip(("depth of the whole", "in LUT4", "in LUT6", "encoder"), [*depths, encoder], strict=True))
    click.echo()


_TABLE_DEPTHS = ("lut4_depth", "lut6_depth")


@click.command("opt")
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The circuit file to write.")
@click.option("-O", "level", type=click.IntRange(0, 3), help="A level's pipeline (2 unless -p is given).")
@click.option("-p", "--passes", help="Passes to run, in order: 'pass,pass{option=value}'.")
@click.option("--goal", type=click.Choice(["area", "depth"]), default="area", show_default=True, help="What -O saves.")
@click.option("--stats", is_flag=True, help="Count gates, LUT4 and LUT6 of every part after every pass.")
@click.option("--prove/--no-prove", default=False, show_default=True, help="Prove each pass.")
@click.option("--check-each-pass", is_flag=True, help="Simulate each pass against its input.")
@click.option("--print-after", is_flag=True, help="Print the circuit after each pass on stderr.")
@click.option("--calibrate", "data", metavar="DATA", help="First drop what the training rows of DATA do not need.")
@click.option("--label", help="DATA's label column (the last unless given).")
@click.option(
    "--max-accuracy-drop",
    type=click.FloatRange(0, 1),
    default=0.002,
    show_default=True,
    help="The share of held-out rows that calibration may lose.",
)
@json_option
def command(
    circuit: Path,
    output: Path,
    level: int | None,
    passes: str | None,
    goal: str,
    stats: bool,
    prove: bool,
    check_each_pass: bool,
    print_after: bool,
    data: str | None,
    label: str | None,
    max_accuracy_drop: float,
    as_json: bool,
) -> None:
    """Run passes over a circuit (or the circuit of a model) and write the result."""
    from lgnc.formats.lgir import to_text
    from lgnc.formats.source import check_circuit_path, load_source, save_circuit
    from lgnc.ir.circuit import Circuit
    from lgnc.mapping.statistics import Statistics
    from lgnc.passes.manager import parse_pipeline, run_pipeline
    from lgnc.verify.prove import prove as prove_equal

    if level is not None and passes is not None:
        raise click.UsageError("-O and -p exclude each other")
    if passes is not None and goal != "area":
        raise click.UsageError("--goal is for -O; with -p name balance_depth")

    def after_pass(name: str, circuit: Circuit) -> None:
        if print_after:
            sys.stderr.write(f"# after {name}\n{to_text(circuit)}")
        if statistics is not None:
            statistics(name, circuit)

    check_circuit_path(output)
    pipeline = parse_pipeline(passes) if passes is not None else 2 if level is None else level
    started = time.perf_counter()
    source = load_source(circuit)
    before = source.circuit
    calibration = None if data is None else calibrated(source, data, label, max_accuracy_drop)
    start = before if calibration is None else calibration.circuit
    statistics = Statistics(start) if stats else None
    after, reports = run_pipeline(
        start,
        pipeline,
        goal=goal,
        check_each_pass=check_each_pass,
        prove=partial(prove_equal, workers=os.cpu_count() or 1) if prove else None,
        print_after=after_pass,
    )
    save_circuit(after, output)
    seconds = time.perf_counter() - started
    result: dict[str, Any] = {
        "output": str(output),
        "gates_before": before.gates,
        "gates_after": after.gates,
        "depth_before": before.depth,
        "depth_after": after.depth,
        "seconds": round(seconds, 3),
        "passes": [asdict(report) for report in reports],
        "notes": list(source.notes),
    }
    if calibration is not None:
        result["calibration"] = {
            each.name: getattr(calibration, each.name) for each in fields(calibration) if each.name != "circuit"
        }
    if statistics is not None:
        result["stats"] = statistics.as_json()
    if as_json:
        print_json(result)
        return
    print_passes(reports, statistics)
    if statistics is not None:
        print_parts(statistics.before, statistics.after)
    if calibration is not None:
        print_facts(
            [
                ("calibrated", f"{calibration.gates_before:,} -> {calibration.gates_after:,} gates"),
                ("rows", f"{calibration.rows_used:,} used, {calibration.rows_unseen:,} unseen"),
                ("unseen", f"accuracy {percent(calibration.accuracy_before)} -> {percent(calibration.accuracy_after)}"),
                ("class changed", percent(calibration.changed)),
            ]
        )
    print_facts(
        [
            ("gates", f"{before.gates:,} -> {after.gates:,}"),
            ("depth", f"{before.depth} -> {after.depth}"),
            ("seconds", f"{seconds:.2f}"),
            *(("note", note) for note in source.notes),
        ]
    )
