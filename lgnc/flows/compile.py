"""Circuit -> optimised circuit -> a target's files, with the manifest that says what they are and what was proven."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lgnc import __version__
from lgnc.backends.artifact import MANIFEST, Artifact, Options
from lgnc.backends.table import target_of
from lgnc.diagnostics import Failed
from lgnc.flows.row_columns import row_columns
from lgnc.folders import write_folder
from lgnc.formats.lgir import to_text
from lgnc.formats.lift import lift_in_place
from lgnc.formats.source import Source
from lgnc.ir.circuit import Circuit
from lgnc.mapping.statistics import Statistics, pass_sizes
from lgnc.passes.manager import PassReport, run_pipeline
from lgnc.passes.order_head import order_head
from lgnc.toolchain import find_tool, package_version
from lgnc.verify.prove import prove as prove_equal
from lgnc.verify.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Compiled:
    """What `compile_circuit` made: the optimised circuit, the files with their manifest, and how it was checked."""

    circuit: Circuit
    files: Mapping[str, bytes]
    manifest: dict[str, Any]
    reports: list[PassReport]
    verdict: Verdict | None
    seconds: float = field(compare=False)

    def write(self, folder: Path) -> list[str]:
        """Write the folder, whole or not at all; gives the files of the user's that were kept: see `lgnc.folders`."""
        return write_folder(folder, self.files)


def encoder_facts(circuit: Circuit) -> dict[str, Any]:
    """What a caller of the compiled network needs to know of its features."""
    enc = circuit.encoder
    facts: dict[str, Any] = {"dtype": enc.dtype, "features": list(enc.names), "bits": enc.bits}
    if enc.quantiser is not None:
        facts["quantiser"] = {"scale": enc.quantiser.scale.tolist(), "offset": enc.quantiser.offset.tolist()}
    return facts


def compile_circuit(
    source: Source,
    target: str,
    *,
    name: str = "lgn",
    level: int = 2,
    prove: bool = True,
    goal: str = "area",
    stats: bool = False,
    check_each_pass: bool = False,
    time_limit: float = 60.0,
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Compiled:
    """Optimise `source` at -O `level` for `goal`, prove the result equal to what went in (when `prove`), emit `target`.

    settings: the target's own, as docs/targets-*.md list them; dashes and underscores are the same, None is not given.
    stats: count the look-up tables of every part after every pass, for the manifest.

    The proof covers the passes; what covers the emitted files is said by `lgnc verify`. Raises BadInput
    for an unknown target and for settings that it does not have or that have wrong values, before anything is done;
    Failed when the optimised circuit differs; and the target's own errors.
    """
    started = time.perf_counter()
    chosen = target_of(target)
    given = chosen.given(settings)
    progress("optimise")
    statistics = Statistics(source.circuit) if stats else None
    circuit, reports = run_pipeline(
        source.circuit, level, goal=goal, check_each_pass=check_each_pass, print_after=statistics
    )
    if chosen.hardware and level:
        circuit = order_head(circuit)
    counted = pass_sizes(source.circuit, circuit, reports) if statistics is None else statistics.as_json()
    verdict = None
    if prove:
        progress("prove")
        verdict = prove_equal(source.circuit, circuit, time_limit=time_limit)
        if verdict.equal is False:
            example = f"they differ at {verdict.counterexample}"
            raise Failed("the optimised circuit is not the one that went in", where=f"-O{level}", fix=example[:400])
    progress(f"emit {target}")
    record = source.model.meta.get("columns") if source.model else None
    row = row_columns(circuit, record or {}, "the model")
    about = {"source_sha256": source.sha256, "passes": passes_word(verdict)}
    trained = None if source.model is None else lift_in_place(source.model)
    artifact = chosen.emit(circuit, Options(name, given, row=row, about=about, trained=trained))
    manifest = manifest_facts(source, circuit, target, name, {"level": level, "goal": goal, **given}, verdict)
    manifest |= {"stats": counted, "rewriter": rewriter(reports)}
    files = {**artifact.files, f"{name}.lgir": to_text(circuit).encode()}
    files[MANIFEST] = Artifact(files, artifact.details).manifest_bytes(**manifest)
    seconds = time.perf_counter() - started
    return Compiled(circuit, files, {**manifest, **artifact.details}, reports, verdict, seconds)


def rewriter(reports: Sequence[PassReport]) -> str | None:
    """The outside engine that a pipeline's rewriting used, with its version, or None: `-O3` takes what is installed."""
    names = {report.name for report in reports}
    if "rewrite_with_abc" in names and find_tool("yosys-abc") is not None:
        return "yosys-abc"
    version = package_version("aigverse")
    return f"aigverse {version}" if "rewrite_with_aigverse" in names and version is not None else None


def with_files(compiled: Compiled, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> Compiled:
    """The same with more files, and more facts in its manifest."""
    kept = {path: data for path, data in compiled.files.items() if path != MANIFEST} | dict(files)
    manifest = {**compiled.manifest, **facts}
    told = {key: value for key, value in manifest.items() if key not in ("lgnc_manifest", "files")}
    return replace(compiled, files={**kept, MANIFEST: Artifact(kept).manifest_bytes(**told)}, manifest=manifest)


def passes_word(verdict: Verdict | None) -> str:
    """How it is known that the passes changed nothing."""
    return "not checked" if verdict is None else verdict.how if verdict.equal else "undecided"


def manifest_facts(
    source: Source,
    circuit: Circuit,
    target: str,
    name: str,
    options: Mapping[str, Any],
    verdict: Verdict | None,
) -> dict[str, Any]:
    """What every target's manifest says: where the circuit came from, its features and classes, and its proof."""
    head, meta = circuit.head, source.model.meta if source.model else {}
    training = meta.get("training") or {}
    return {
        "lgnc": __version__,
        "target": target,
        "name": name,
        "source_sha256": source.sha256,
        "circuit_sha256": circuit.digest,
        "options": dict(options),
        "encoder": encoder_facts(circuit),
        "columns": meta.get("columns") or {},
        "training": {key: value for key, value in training.items() if key in ("data", "seed", "test_fraction")},
        "classes": None if head is None else list(head.names),
        "tau": None if head is None else head.tau,
        "outputs": list(circuit.output_names),
        "costs": {
            "gates_before": source.circuit.gates,
            "gates": circuit.gates,
            "depth": circuit.depth,
            "head_literals": len(circuit.outputs),
        },
        "verified": {
            "passes": passes_word(verdict),
        },
    }
