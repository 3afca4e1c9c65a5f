"""`lgnc compile`: a model or circuit to a target's folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.output import json_option, print_facts, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from lgnc.flows.compile import Compiled
    from lgnc.formats.source import Source


class Size(click.ParamType[int]):
    """'16K', '1M' or '512' in bytes."""

    name = "BYTES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"([0-9]{1,9})([kKmM]?)", str(value))
        if match is None:
            self.fail(f"'{value}' is not a size such as 512, 16K or 1M", param, ctx)
        return int(match[1]) * {"": 1, "k": 1 << 10, "m": 1 << 20}[match[2].lower()]


def tables_of(whole: dict[str, int]) -> str | None:
    """The look-up tables of a circuit with encoder and head, where they were counted."""
    return f"{whole['lut4']:,} LUT4 or {whole['lut6']:,} LUT6, encoder and head included" if "lut6" in whole else None


@click.command("compile")
@click.argument("source", type=click.Path(path_type=Path), metavar="MODEL_OR_CIRCUIT")
@click.option("-t", "--target", required=True, help="c, numpy, verilog or onnx.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("-O", "level", type=click.IntRange(0, 3), default=2, show_default=True, help="Optimisation level.")
@click.option("--goal", type=click.Choice(["area", "depth"]), default="area", show_default=True, help="What -O saves.")
@click.option("--stats", is_flag=True, help="Count LUT4 and LUT6 of every part after every pass, for the manifest.")
@click.option("--name", default="lgn", show_default=True, help="What the files and identifiers are called.")
@click.option("--prove/--no-prove", default=True, show_default=True, help="Prove that the passes changed nothing.")
@click.option("--check-each-pass", is_flag=True, help="Also simulate each pass against its input.")
@click.option("--time-limit", type=click.FloatRange(0), default=60.0, show_default=True, help="Seconds for the proof.")
@click.option("--target-profile", type=click.Choice(["host", "mcu", "portable"]), help="C: what for.")
@click.option("--board", help="C: mps2-an385, atmega328p. Verilog: icebreaker, hx8k, ulx3s.")
@click.option("--style", type=click.Choice(["table", "unrolled", "auto"]), help="C: how gates are written.")
@click.option("--max-flash", type=Size(), help="C, mcu: refuse to write more than this (16K).")
@click.option("--max-ram", type=Size(), help="C, mcu: refuse to need more than this (1K).")
@click.option("--stages", type=click.IntRange(1), help="Verilog: ranks of pipeline registers.")
@click.option("--pipeline-depth", type=click.IntRange(1), help="Verilog: the most gate levels between registers.")
@click.option("--outputs", type=click.Choice(["both", "class", "scores"]), help="Verilog: what the design puts out.")
@click.option("--interface", type=click.Choice(["parallel", "stream", "axis", "serial"]), help="Verilog.")
@click.option("--beat-width", type=click.IntRange(1), help="Verilog: bits of a beat of the stream (32).")
@click.option("--popcount", type=click.Choice(["parallel", "serial"]), help="Verilog: all at once, or a bit a clock.")
@click.option("--bitstream", is_flag=True, help="Verilog: synthesise, place and route for --board.")
@click.option("--report-synthesis", type=click.Choice(["xilinx", "ecp5", "ice40"]), help="Verilog: LUTs by module.")
@json_option
def command(
    source: Path,
    target: str,
    output: Path,
    bitstream: bool,
    report_synthesis: str | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Compile a model (.lgn) or circuit to C, numpy, Verilog or ONNX."""
    from lgnc.flows.compile import check_options
    from lgnc.folders import check_output_folder
    from lgnc.formats.source import load_source

    common = {name: asked.pop(name) for name in _COMMON}
    settings = {setting: value for setting, value in asked.items() if value is not None}
    after = {"bitstream": bitstream, "report_synthesis": report_synthesis}
    check_options(target, [*settings, *(name for name, wanted in after.items() if wanted)])
    check_output_folder(output)
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("read", total=None, note="")
        origin = load_source(source)
        compiled = _compile(
            origin,
            target,
            common,
            settings,
            bitstream,
            report_synthesis,
            lambda what: bar.update(task, description=what),
        )
        kept = compiled.write(output)
    if as_json:
        print_json(_result(compiled, origin, output, kept))
        return
    print_facts(_facts(compiled, origin, source, output, kept))
    if report_synthesis:
        click.echo()
        _print_report(compiled.manifest["synthesis"])


_COMMON = ("name", "level", "prove", "goal", "stats", "check_each_pass", "time_limit")
"""Options that are every target's."""


def _compile(
    origin: Source,
    target: str,
    common: dict[str, Any],
    settings: dict[str, Any],
    bitstream: bool,
    report_synthesis: str | None,
    progress: Callable[[str], None],
) -> Compiled:
    from lgnc.flows.bitstream import add_bitstream
    from lgnc.flows.compile import compile_circuit
    from lgnc.flows.synthesis import add_report

    compiled = compile_circuit(origin, target, **common, settings=settings, progress=progress)
    if bitstream:
        progress("route")
        compiled = add_bitstream(compiled)
    if report_synthesis:
        progress("synthesise")
        compiled = add_report(compiled, origin, report_synthesis)
    return compiled


def _result(compiled: Compiled, origin: Source, output: Path, kept: list[str]) -> dict[str, Any]:
    manifest = compiled.manifest
    result = {
        "target": manifest["target"],
        "output": str(output),
        "files": sorted(compiled.files),
        "kept": kept,
        "gates_before": manifest["costs"]["gates_before"],
        "gates_after": manifest["costs"]["gates"],
        "depth": manifest["costs"]["depth"],
        "verified": manifest["verified"]["passes"],
        "seconds": round(compiled.seconds, 3),
        "passes": [asdict(report) for report in compiled.reports],
        "notes": list(origin.notes),
    }
    return result | {key: manifest[key] for key in ("bitstream", "synthesis") if key in manifest}


def _facts(compiled: Compiled, origin: Source, source: Path, output: Path, kept: list[str]) -> list[tuple[str, object]]:
    manifest, verdict = compiled.manifest, compiled.verdict
    costs, level = manifest["costs"], manifest["options"]["level"]
    seconds = "" if verdict is None else f" in {verdict.seconds:.1f} s"
    return [
        ("target", manifest["target"]),
        ("folder", output),
        ("files", ", ".join(sorted(compiled.files))),
        ("kept", f"{', '.join(kept)}: edited, or of an older lgnc" if kept else None),
        ("gates", f"{costs['gates_before']:,} -> {costs['gates']:,} (-O{level})"),
        ("depth", costs["depth"]),
        ("tables", tables_of(manifest["stats"]["after"]["whole"])),
        ("passes", manifest["verified"]["passes"] + seconds),
        *_hardware_facts(manifest.get("bitstream")),
        *(("note", note) for note in origin.notes),
        ("next", f"lgnc simulate {output} --data DATA   or   lgnc verify {source} {output}"),
    ]


def _hardware_facts(made: dict[str, Any] | None) -> list[tuple[str, object]]:
    if made is None:
        return []
    cells = f"{made['cells']:,} of {made['cells_available']:,} cells"
    return [
        ("routed", f"{made['board']}: {made['luts']:,} LUT4, {made['flip_flops']:,} flip-flops, {cells}"),
        ("clock", f"at most {made['fmax_mhz']} MHz, needs {made['clock_mhz']:g} MHz"),
    ]


def _print_report(report: dict[str, Any]) -> None:
    keys = ("module", "luts", "raw_luts", "flip_flops", "raw_flip_flops", "depth", "raw_depth")
    header = (report["family"], "LUT", "raw", "flip-flops", "raw", "levels", "raw")
    print_table(header, [[row[key] for key in keys] for row in report["modules"]], right=range(1, len(keys)))
