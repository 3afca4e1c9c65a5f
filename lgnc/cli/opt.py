"""`lgnc opt`: circuit in, optimised circuit out."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.output import check_output_file, json_option, percent, print_facts, print_json, print_table
from lgnc.cli.sections import SectionedCommand
from lgnc.diagnostics import BadInput

if TYPE_CHECKING:
    from lgnc.flows.calibrate import Calibration
    from lgnc.flows.optimise import Optimised
    from lgnc.ir.circuit import Circuit
    from lgnc.mapping.statistics import Statistics
    from lgnc.passes.manager import PassReport


def print_passes(reports: list[PassReport], statistics: Statistics | None) -> None:
    """A row per pass: what it left and how long it took; with statistics, fan-out and the whole's tables too."""
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
    """A row per part of the circuit, before and after, and one for all of them."""
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


@click.command(
    "opt",
    cls=SectionedCommand,
    examples=(
        "lgnc opt digits.lgn -o digits.lgir --prove",
        "lgnc opt adder.blif -o adder.aig -O3 --goal depth -v",
        "lgnc opt a.lgir -o b.lgir -p 'fold_constants,merge_duplicate_gates'",
    ),
)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The circuit file to write.")
@click.option("-O", "level", type=click.IntRange(0, 3), help="A level's pipeline (2 unless -p is given).")
@click.option("-p", "--passes", help="Passes to run, in order: 'pass,pass{option=value}'.")
@click.option("--goal", type=click.Choice(["area", "depth"]), default="area", show_default=True, help="What -O saves.")
@click.option("--stats", is_flag=True, help="Count gates, LUT4 and LUT6 of every part after every pass.")
@click.option("--prove/--no-prove", default=False, show_default=True, help="Prove each pass.")
@click.option("--check-each-pass", is_flag=True, help="Simulate each pass against its input.")
@click.option("-v", "--verbose", is_flag=True, help="Print a row per pass.")
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
    verbose: bool,
    print_after: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Run passes over a circuit (or the circuit of a model) and write the result.

    With an output in .lgprog a convolutional model, or a program, keeps its kernels; -O 0 only writes it down.
    """
    from lgnc.flows.optimise import optimise
    from lgnc.formats.source import check_circuit_path, load_source, save_circuit
    from lgnc.passes.manager import parse_pipeline

    if level is not None and passes is not None:
        raise click.UsageError("-O and -p exclude each other")
    if output.suffix.lower() == ".lgprog":
        check_output_file(output)
        _program(circuit, output, passes or (2 if level is None else level), as_json, goal, print_after, asked)
        return
    if passes is not None and goal != "area":
        raise click.UsageError("--goal is for -O; with -p name balance_depth")
    check_circuit_path(output)
    check_output_file(output)
    pipeline = parse_pipeline(passes) if passes is not None else 2 if level is None else level
    source = load_source(circuit)
    listener, workers = _print_circuit if print_after else None, os.cpu_count() or 1
    done = optimise(source, pipeline, goal=goal, after_pass=listener, workers=workers, **asked)
    save_circuit(done.after, output)
    if as_json:
        print_json({"output": str(output), **_result(done), "notes": list(source.notes)})
    else:
        _print_result(done, source.notes, verbose=verbose)


def _program(
    path: Path, output: Path, passes: int | str, as_json: bool, goal: str, print_after: bool, asked: dict[str, Any]
) -> None:
    """The program of a file, optimised with its kernels kept."""
    from lgnc.flows.optimise_program import COLUMNS, optimise_to_program, stage_table

    flags = {"--goal": goal != "area", "--stats": asked["stats"], "--print-after": print_after}
    flags |= {"--check-each-pass": asked["check_each_pass"], "--calibrate": asked["data"] is not None}
    for flag in (name for name, given in flags.items() if given):
        fix = "leave it out, or write a circuit (.lgir)"
        raise BadInput("is for circuits, and a .lgprog file is a program", where=flag, fix=fix)
    done = optimise_to_program(path, output, passes, prove=asked["prove"], workers=os.cpu_count() or 1)
    rows = stage_table(done.after)
    how = None if done.verdict is None else f"{done.verdict.how}: {done.verdict.detail}"
    if as_json:
        counts = {"applications_before": done.before.applications, "applications_after": done.after.applications}
        print_json({"output": str(output), **counts, "stages": rows, "proof": how, "seconds": round(done.seconds, 3)})
        return
    print_table([name.replace("_", " ") for name in COLUMNS], [list(row.values()) for row in rows], right=range(3, 7))
    gates = [sum(stage.kernel.gates for stage in each.stages) for each in (done.before, done.after)]
    print_facts(
        [
            ("kernel gates", f"{gates[0]:,} -> {gates[1]:,}"),
            ("applications", f"{done.before.applications:,} -> {done.after.applications:,}"),
            ("proof", how),
            ("seconds", f"{done.seconds:.2f}"),
        ]
    )


def _print_circuit(name: str, circuit: Circuit) -> None:
    from lgnc.formats.lgir import to_text

    sys.stderr.write(f"# after {name}\n{to_text(circuit)}")


def _result(done: Optimised) -> dict[str, Any]:
    result: dict[str, Any] = {
        "gates_before": done.before.gates,
        "gates_after": done.after.gates,
        "depth_before": done.before.depth,
        "depth_after": done.after.depth,
        "seconds": round(done.seconds, 3),
        "passes": [asdict(report) for report in done.reports],
    }
    if done.calibration is not None:
        names = [each.name for each in fields(done.calibration) if each.name != "circuit"]
        result["calibration"] = {name: getattr(done.calibration, name) for name in names}
    if done.statistics is not None:
        result["stats"] = done.statistics.as_json()
    return result


def _print_result(done: Optimised, notes: Sequence[str], *, verbose: bool) -> None:
    if verbose or done.statistics is not None:
        print_passes(done.reports, done.statistics)
    if done.statistics is not None:
        print_parts(done.statistics.before, done.statistics.after)
    if done.calibration is not None:
        print_facts(_calibration_facts(done.calibration))
    print_facts(
        [
            ("gates", f"{done.before.gates:,} -> {done.after.gates:,}"),
            ("depth", f"{done.before.depth} -> {done.after.depth}"),
            ("checked", _checks(done.reports)),
            ("seconds", f"{done.seconds:.2f}"),
            *(("note", note) for note in notes),
        ]
    )


def _checks(reports: Sequence[PassReport]) -> str | None:
    """How the passes were checked, where they were: '30 passes proven, 8 passes exhaustive'."""
    ways = Counter(report.verified for report in reports if report.verified != "no")
    return ", ".join(f"{count} pass{'es' * (count > 1)} {way}" for way, count in ways.items()) or None


def _calibration_facts(done: Calibration) -> list[tuple[str, object]]:
    return [
        ("calibrated", f"{done.gates_before:,} -> {done.gates_after:,} gates"),
        ("rows", f"{done.rows_used:,} used, {done.rows_unseen:,} unseen"),
        ("unseen", f"accuracy {percent(done.accuracy_before)} -> {percent(done.accuracy_after)}"),
        ("class changed", percent(done.changed)),
    ]
