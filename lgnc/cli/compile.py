"""`lgnc compile`: a model or circuit to a target's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.backends.setting import Setting
from lgnc.backends.table import TARGETS, all_settings
from lgnc.cli.figures import station_fact
from lgnc.cli.output import json_option, print_facts, print_json, print_table, progress_bar
from lgnc.cli.sections import COMMON, SectionedCommand, section
from lgnc.diagnostics import listed

if TYPE_CHECKING:
    from lgnc.flows.compile import Compiled


class _Value(click.ParamType[str | int]):
    """The value of a setting; several targets may each have one of this name. It is left as it is, to be refused with
    the setting, where the chosen target has none.
    """

    def __init__(self, owners: dict[str, Setting]) -> None:
        self._owners = owners
        kinds = {"number": "NUMBER", "size": "BYTES"}
        self.name = "|".join(dict.fromkeys(kinds.get(own.kind, "|".join(own.choices)) for own in owners.values()))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:  # noqa: ARG002
        return f"[{self.name}]" if "|" in self.name else self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | int:  # noqa: ARG002
        own = self._owners.get(str(ctx.params.get("target")) if ctx is not None else "")
        return str(value) if own is None else own.parse(str(value))


def setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the settings of every target as options, in the order of the tables."""
    for name, owners in reversed(all_settings().items()):
        told = "; ".join(f"{target}: {own.help}" for target, own in owners.items())
        first = next(iter(owners.values()))
        told, option = first.help if len(owners) == 1 else told, first.option
        title = f"Settings of {next(iter(owners))}" if len(owners) == 1 else "Settings of several targets"
        kind: dict[str, Any] = {"type": _Value(owners)}
        if first.kind == "flag":
            kind = {"is_flag": True, "flag_value": True, "default": None, "type": click.UNPROCESSED}
        command = section(title)(option, name, help=f"{told}.", **kind)(command)
    return command


def tables_of(whole: dict[str, int]) -> str | None:
    """The look-up tables of a circuit with encoder and head, where they were counted."""
    return f"{whole['lut4']:,} LUT4 or {whole['lut6']:,} LUT6, encoder and head included" if "lut6" in whole else None


_common, _proof, _hardware = map(section, (COMMON, "Optimisation and proof", "Settings of verilog"))


@click.command(
    "compile",
    cls=SectionedCommand,
    examples=(
        "lgnc compile digits.lgn -t c -o digits-c",
        "lgnc compile digits.lgn -t verilog -o digits-rtl --goal depth --stats",
        "lgnc compile digits.lgn -t numpy -o digits-numpy --name digits",
    ),
)
@click.argument("source", type=click.Path(path_type=Path), metavar="MODEL_OR_CIRCUIT")
@_common("-t", "--target", required=True, is_eager=True, help=f"{listed(list(TARGETS))}.")
@_common("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@_common("-O", "level", type=click.IntRange(0, 3), default=2, show_default=True, help="Optimisation level.")
@_common("--name", default="lgn", show_default=True, help="What the files and identifiers are called.")
@_proof("--goal", type=click.Choice(["area", "depth"]), default="area", show_default=True, help="What -O saves.")
@_proof("--stats", is_flag=True, help="Count LUT4 and LUT6 of every part after every pass, for the manifest.")
@_proof("--prove/--no-prove", default=True, show_default=True, help="Prove that the passes changed nothing.")
@_proof("--check-each-pass", is_flag=True, help="Also simulate each pass against its input.")
@_proof("--time-limit", type=click.FloatRange(0), default=60.0, show_default=True, help="Seconds for the proof.")
@setting_options
@_hardware("--bitstream", is_flag=True, help="synthesise, place and route for --board.")
@_hardware("--report-synthesis", type=click.Choice(["xilinx", "xilinxup", "ecp5", "ice40"]), help="LUTs by module.")
@json_option
def command(
    source: Path,
    target: str,
    output: Path,
    level: int,
    goal: str,
    stats: bool,
    name: str,
    prove: bool,
    check_each_pass: bool,
    time_limit: float,
    bitstream: bool,
    report_synthesis: str | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Compile a model (.lgn) or circuit to C, numpy, Verilog or ONNX."""
    from lgnc.flows.compile import compile_circuit
    from lgnc.flows.compile_folder import add_hardware, check_options
    from lgnc.flows.stations.record import add_stations
    from lgnc.folders import check_output_folder
    from lgnc.formats.source import load_source

    hardware: dict[str, Any] = {"bitstream": bitstream, "report_synthesis": report_synthesis}
    settings = {setting: value for setting, value in asked.items() if value is not None}
    check_options(target, settings, **hardware)
    check_output_folder(output)
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("read", total=None, note="")
        progress = lambda what: bar.update(task, description=what)  # noqa: E731
        origin = load_source(source)
        compiled = compile_circuit(
            origin,
            target,
            name=name,
            level=level,
            prove=prove,
            goal=goal,
            stats=stats,
            check_each_pass=check_each_pass,
            time_limit=time_limit,
            settings=settings,
            progress=progress,
        )
        compiled = add_hardware(compiled, origin, progress=progress, **hardware)
        if prove:
            bar.update(task, description="read back")
            compiled = add_stations(compiled, origin, time_limit=time_limit)
        kept = compiled.write(output)
    result = _result(compiled, output, kept, origin.notes)
    if as_json:
        print_json(result)
        return
    facts = _facts(compiled, result)
    facts.append(("next", f"lgnc simulate {output} --data DATA   or   lgnc verify {source} {output}"))
    print_facts(facts)
    if report_synthesis:
        click.echo()
        _print_report(compiled.manifest["synthesis"])


def _result(compiled: Compiled, output: Path, kept: list[str], notes: Sequence[str]) -> dict[str, Any]:
    """What `--json` prints."""
    costs = compiled.manifest["costs"]
    result = {
        "target": compiled.manifest["target"],
        "output": str(output),
        "files": sorted(compiled.files),
        "kept": kept,
        "gates_before": costs["gates_before"],
        "gates_after": costs["gates"],
        "depth": costs["depth"],
        "verified": compiled.manifest["verified"]["passes"],
        "stations": compiled.manifest["verified"].get("stations", []),
        "seconds": round(compiled.seconds, 3),
        "passes": [asdict(report) for report in compiled.reports],
        "notes": list(notes),
    }
    return result | {key: compiled.manifest[key] for key in ("bitstream", "synthesis") if key in compiled.manifest}


def _facts(compiled: Compiled, result: dict[str, Any]) -> list[tuple[str, object]]:
    """What people read of it."""
    kept, level = result["kept"], compiled.manifest["options"]["level"]
    seconds = "" if compiled.verdict is None else f" in {compiled.verdict.seconds:.1f} s"
    return [
        ("target", result["target"]),
        ("folder", result["output"]),
        ("files", ", ".join(result["files"])),
        ("kept", f"{', '.join(kept)}: edited, or of an older lgnc" if kept else None),
        ("gates", f"{result['gates_before']:,} -> {result['gates_after']:,} (-O{level})"),
        ("depth", result["depth"]),
        ("tables", tables_of(compiled.manifest["stats"]["after"]["whole"])),
        ("passes", result["verified"] + seconds),
        *(station_fact(row) for row in result["stations"] if row["how"] != "not checked"),
        ("not checked", ", ".join(row["station"] for row in result["stations"] if row["how"] == "not checked") or None),
        *_hardware_facts(compiled.manifest.get("bitstream")),
        *(("note", note) for note in result["notes"]),
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
