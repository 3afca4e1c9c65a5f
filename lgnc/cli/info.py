"""`lgnc info`: what is in a model, a circuit or a compiled folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.figures import accuracy_text, class_rows, station_fact
from lgnc.cli.output import json_option, percent, print_facts, print_json, print_table
from lgnc.cli.sections import SectionedCommand

if TYPE_CHECKING:
    from lgnc.ir.quantiser import Quantiser


@click.command(
    "info",
    cls=SectionedCommand,
    examples=(
        "lgnc info iris.lgn",
        "lgnc info iris-c --json",
    ),
)
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@json_option
def command(path: Path, as_json: bool) -> None:
    """Show what is in a model (.lgn), a circuit, a program (.lgprog) or a compiled folder."""
    facts = _folder(path) if path.is_dir() else _program(path) if path.suffix.lower() == ".lgprog" else _file(path)
    if as_json:
        print_json(facts)
        return
    tables = [(facts.pop("network", None), (4, 5)), (facts.pop("stages", None), (3, 4, 5, 6))]
    print_facts(row for name, value in facts.items() for row in _rows(name, value))
    for rows, right in tables:
        if rows is not None:
            click.echo()
            header = [name.replace("_", " ") for name in rows[0]]
            print_table(header, ([_plain(key, value) for key, value in row.items()] for row in rows), right=right)


def _rows(name: str, value: object) -> Iterator[tuple[str, object]]:
    """A row for a fact, and one for each group of facts inside it."""
    if name == "verified" and isinstance(value, dict):
        yield name, f"passes {value['passes']}"
        yield from ((f"verified {own}", told) for own, told in map(station_fact, value.get("stations", ())))
        return
    if name == "training" and isinstance(value, dict) and "recall" in value:
        yield from _accuracy(value)
        value = {key: item for key, item in value.items() if key not in _FIGURES}
    inner = {key: item for key, item in value.items() if isinstance(item, dict)} if isinstance(value, dict) else {}
    if isinstance(value, dict):
        value = {key: _plain(key, item) for key, item in value.items() if key not in inner}
    yield name.replace("_", " "), _plain(name, value)
    for key, item in inner.items():
        yield from _rows(f"{name} {key}", item)


_FIGURES = ("test_accuracy", "train_accuracy", "standard_error", "majority_share", "balanced_accuracy", "recall")


def _accuracy(training: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """The rows of a model's accuracy on its test rows."""
    yield "test accuracy", accuracy_text(training["test_accuracy"], training)
    yield "training rows", percent(training.get("train_accuracy"))
    yield from class_rows(training)


def _plain(name: str, value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if name.endswith("accuracy") and isinstance(value, float):
        return percent(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items() if item is not None) or None
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:12]))
        return f"{shown}, ... ({len(value)})" if len(value) > 12 else shown
    return f"{value:,}" if isinstance(value, int) else value


def _folder(path: Path) -> dict[str, Any]:
    from lgnc.sim import load_manifest

    manifest = load_manifest(path, edited=True)
    apart = ("columns", "encoder", "files", "manifest_sha256", "stats")
    own = {key: value for key, value in manifest.facts.items() if key not in apart}
    return {
        "kind": "compiled folder",
        **own,
        "files": sorted(manifest.files),
        "edited": manifest.edited(path) or None,
        "whole": None if manifest.whole is None else dict(manifest.whole),
        "features": len(manifest.encoder.features),
        "feature_dtype": manifest.encoder.dtype,
        "fixed_point": _fixed_point(manifest.encoder.quantiser),
        "encoder_bits": manifest.encoder.bits,
    }


def _program(path: Path) -> dict[str, Any]:
    """What a program has, without unrolling it."""
    from lgnc.files import read_file, sha256
    from lgnc.flows.optimise_program import program_at, stage_table

    program = program_at(path)
    head = program.head
    return {
        "kind": "program",
        "sha256": sha256(read_file(path)),
        "features": len(program.encoder.names),
        "feature_dtype": program.encoder.dtype,
        "encoder_bits": program.encoder.bits,
        "kernel_gates": sum(stage.kernel.gates for stage in program.stages),
        "gate_applications": program.applications,
        "outputs": len(program.outputs),
        "classes": None if head is None else list(head.names),
        "tau": None if head is None else head.tau,
        "stages": stage_table(program),
    }


def _file(path: Path) -> dict[str, Any]:
    from lgnc.flows.network_table import network_table
    from lgnc.formats.source import load_source
    from lgnc.ir.gates import GATES

    source = load_source(path)
    circuit, model = source.circuit, source.model
    counts = {gate.name: int(count) for gate, count in zip(GATES, _histogram(circuit.op), strict=True) if count}
    facts: dict[str, Any] = {
        "kind": "circuit" if model is None else "model",
        "format": source.format,
        "sha256": source.sha256,
        "features": len(circuit.encoder.names),
        "feature_dtype": circuit.encoder.dtype,
        "fixed_point": _fixed_point(circuit.encoder.quantiser),
        "encoder_bits": circuit.inputs,
        "gates": circuit.gates,
        "depth": circuit.depth,
        "outputs": len(circuit.outputs),
        "classes": None if circuit.head is None else list(circuit.head.names),
        "tau": None if circuit.head is None else circuit.head.tau,
        "gates_by_function": counts,
        "notes": list(source.notes) or None,
    }
    if model is not None:
        facts["network"] = network_table(model)
        facts["layers"] = [layer.width for layer in model.layers]
        facts["candidates"] = [int(layer.candidates.shape[2]) for layer in model.layers]
        training = model.meta.get("training")
        if isinstance(training, dict):
            facts["training"] = {key: value for key, value in training.items() if not isinstance(value, list)}
    return facts


def _fixed_point(quantiser: Quantiser | None) -> str | None:
    """What a code's step is, at the least and the most, where features are codes of values."""
    if quantiser is None:
        return None
    from lgnc.ir.quantiser import CODES

    low, high = float(quantiser.scale.min()), float(quantiser.scale.max())
    steps = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"features are {CODES}, a scale is {steps}"


def _histogram(op: Any) -> list[int]:
    import numpy as np

    return [int(count) for count in np.bincount(op, minlength=16)]
