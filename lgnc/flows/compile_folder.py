"""`lgnc.compile`: a model or circuit to a target's folder, and what was written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lgnc.backends.table import all_targets, target_of
from lgnc.diagnostics import BadInput, listed
from lgnc.flows.bitstream import add_bitstream
from lgnc.flows.compile import Compiled, compile_circuit
from lgnc.flows.stations.record import add_stations
from lgnc.flows.synthesis import add_report
from lgnc.flows.things import Thing, source_of, tell
from lgnc.folders import check_output_folder
from lgnc.formats.source import Source


@dataclass(frozen=True, eq=False)
class CompiledFolder(os.PathLike[str]):
    """A folder that `compile` wrote; it stands for its path wherever a path is taken.

    target, name: as asked. files: what was written, by name. kept: files of an earlier compilation that may have been
    edited, by the names that they have now. manifest: as in its manifest.json (docs/manifest.md). passes: how the
    optimised circuit was proven equal to what went in.
    """

    path: Path
    target: str
    name: str
    files: tuple[str, ...]
    kept: tuple[str, ...]
    manifest: Mapping[str, Any]
    passes: str

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        costs = self.manifest["costs"]
        size = f"{costs['gates']:,} gates, depth {costs['depth']}"
        return f"<{self.target} in {str(self.path)!r}: {self.name}, {size}, passes {self.passes}>"


def check_options(target: str, settings: Mapping[str, Any], **hardware: object) -> None:
    """Before anything is done: raise BadInput for settings that the target does not take, and for `hardware` (the
    options `bitstream` and `report_synthesis`, by name) where it makes none.
    """
    target_of(target).given(settings)
    for option, wanted in hardware.items():
        if wanted and not target_of(target).hardware:
            fix = f"use it with target {listed([each.name for each in all_targets() if each.hardware])}"
            raise BadInput(f"target {target} has no such option", where=f"--{option.replace('_', '-')}", fix=fix)


def add_hardware(
    compiled: Compiled,
    source: Source,
    *,
    bitstream: bool,
    report_synthesis: str | None,
    progress: Callable[[str], None] = lambda _: None,
) -> Compiled:
    """The folder with a bitstream, and with the look-up tables of each module in its manifest, where asked for.

    Raises Failed when a design does not fit or a tool fails, ToolMissing without the tools.
    """
    if bitstream:
        progress("route")
        compiled = add_bitstream(compiled)
    if report_synthesis:
        progress("synthesise")
        compiled = add_report(compiled, source, report_synthesis)
    return compiled


def compile(
    source: Thing,
    target: str,
    output: str | os.PathLike[str],
    *,
    name: str = "lgn",
    level: int = 2,
    goal: Literal["area", "depth"] = "area",
    prove: bool = True,
    check_each_pass: bool = False,
    stats: bool = False,
    time_limit: float = 60.0,
    bitstream: bool = False,
    report_synthesis: str | None = None,
    **settings: Any,
) -> CompiledFolder:
    """Compile a Model, a Circuit or the path of one to the folder `output`, written whole or not at all.

    target: 'c', 'numpy', 'verilog' or 'onnx'. name: of the files and identifiers. level, goal: of the optimiser; prove:
    that it changed nothing, in `time_limit` seconds, and of small networks that the files read back are the same
    function. stats: count look-up tables for the manifest. bitstream,
    report_synthesis ('xilinx', 'xilinxup', 'ecp5', 'ice40'): for Verilog. settings: the target's own, as in its
    docs page.

    Raises BadInput for what the target does not take and a folder that is not lgnc's, Failed when a proof or a tool
    fails, ToolMissing without the tools of `bitstream` and `report_synthesis`. A proof that ran out of time is warned
    about, and so are edited files that were kept.
    """
    check_options(target, settings, bitstream=bitstream, report_synthesis=report_synthesis)
    folder = Path(output)
    check_output_folder(folder)
    origin = source_of(source)
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
    )
    compiled = add_hardware(compiled, origin, bitstream=bitstream, report_synthesis=report_synthesis)
    compiled = add_stations(compiled, origin, time_limit=time_limit) if prove else compiled
    kept = compiled.write(folder)
    passes = str(compiled.manifest["verified"]["passes"])
    tell(origin.notes)
    tell([f"{folder}: kept {', '.join(kept)}: edited, or of an older lgnc"] if kept else [])
    tell([f"{folder}: the passes were not proven: time was up"] if passes == "undecided" else [])
    return CompiledFolder(folder, target, name, tuple(sorted(compiled.files)), tuple(kept), compiled.manifest, passes)
