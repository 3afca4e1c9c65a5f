"""`lgnc.compile`: a model or circuit to a target's folder, and what was written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput
from lgnc.flows.bitstream import add_bitstream
from lgnc.flows.compile import compile_circuit
from lgnc.flows.synthesis import add_report
from lgnc.flows.things import Thing, source_of, tell
from lgnc.folders import check_output_folder


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
    that it changed nothing, in `time_limit` seconds. stats: count look-up tables for the manifest. bitstream,
    report_synthesis ('xilinx', 'ecp5', 'ice40'): for Verilog. settings: the target's own, as in its docs page.

    Raises BadInput for what the target does not take and a folder that is not lgnc's, Failed when a proof or a tool
    fails, ToolMissing without the tools of `bitstream` and `report_synthesis`. A proof that ran out of time is warned
    about, and so are edited files that were kept.
    """
    target_of(target).given(settings)
    for option, wanted in (("bitstream", bitstream), ("report_synthesis", report_synthesis)):
        if wanted and not target_of(target).hardware:
            raise BadInput(f"target {target} has no such option", where=option, fix='use it with target "verilog"')
    folder = Path(output)
    check_output_folder(folder)
    origin = source_of(source)
    given = {key: value for key, value in settings.items() if value is not None}
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
        settings=given,
    )
    if bitstream:
        compiled = add_bitstream(compiled)
    if report_synthesis:
        compiled = add_report(compiled, origin, report_synthesis)
    kept = compiled.write(folder)
    passes = str(compiled.manifest["verified"]["passes"])
    tell(origin.notes)
    tell([f"{folder}: kept {', '.join(kept)}: edited, or of an older lgnc"] if kept else [])
    tell([f"{folder}: the passes were not proven: time was up"] if passes == "undecided" else [])
    return CompiledFolder(folder, target, name, tuple(sorted(compiled.files)), tuple(kept), compiled.manifest, passes)
