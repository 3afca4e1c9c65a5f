"""Emitting a circuit to a folder, running it, and comparing with the IR's meaning: what the backends' tests share."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import MANIFEST, Artifact, Options
from lgnc.backends.table import target_of
from lgnc.flows.compile import manifest_facts
from lgnc.flows.stations.visit import Visit
from lgnc.flows.subject import Subject
from lgnc.formats.lgir import to_text
from lgnc.formats.lift import lift
from lgnc.formats.source import Source
from lgnc.ir import Circuit, Encoder, simulate
from lgnc.ir.circuit import FEATURE_DTYPES
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.sim import Manifest, RunResult, load_manifest
from tests.support import random_circuit, random_features, random_model

BATCHES = (0, 1, 63, 64, 65, 1000)


def shapes() -> Iterator[tuple[str, Circuit]]:
    """Circuits that a backend may trip over, with a name each."""
    yield "no head", random_circuit(1)
    yield "inverted literals, offsets, classes of unequal size", random_circuit(2, classes=3, outputs=13)
    yield "no gates, no head", random_circuit(3, gates=0)
    yield "no gates", random_circuit(4, gates=0, classes=4, outputs=5)
    yield "a class without literals", random_circuit(5, classes=3, outputs=2)
    yield "one class", random_circuit(6, classes=1)
    yield "no outputs", random_circuit(7, outputs=0)
    constant = random_circuit(8, classes=4)
    yield "only constants", constant.with_(op=np.where(np.arange(constant.gates) % 2, 0, 15).astype(np.uint8))
    yield "no literals", random_circuit(9, classes=3, outputs=0)
    yield "no encoder bits", without_bits()


def without_bits() -> Circuit:
    """A circuit with features that nothing reads."""
    circuit = random_circuit(10, inputs=0, gates=0, outputs=0, classes=2)
    none = np.zeros(0, np.int32)
    gates = np.array([15, 0], np.uint8)
    encoder = Encoder(("f0", "f1"), "uint8", none, np.zeros(0, np.int64))
    zeros = np.zeros(2, np.int32)
    outputs = np.array([0, 1, 2, 3], np.int32)
    assert circuit.head is not None
    head = replace(circuit.head, starts=np.array([0, 1, 4], np.int32))
    return Circuit(encoder, gates, zeros, zeros, outputs, head)


def extreme_thresholds(dtype: str) -> Circuit:
    """A model whose thresholds stand at, or past, the ends of its features' type."""
    model = random_model(5, dtype=dtype, features=9, thresholds=3)
    if dtype.startswith("float"):
        values = [-1e300, -0.1, 0.1] if dtype == "float64" else [-1e39, 0.1, 1e39]
    elif dtype == "bool":
        values = [-1, 0, 1]
    elif dtype == "int64":
        values = [-(2**63), 0, 2**63 - 1]
    else:
        info = np.iinfo(dtype)
        values = [int(info.min) - 1, int(info.min), int(info.max)]
    kind = "float64" if dtype.startswith("float") else "int64"
    threshold = np.resize(np.array(values, kind), model.encoder.bits)
    return lift(replace(model, encoder=replace(model.encoder, threshold=threshold)))


def models() -> Iterator[tuple[str, Circuit]]:
    """A random model of every feature type, and one with thresholds at the type's ends."""
    for index, dtype in enumerate(FEATURE_DTYPES):
        yield dtype, lift(random_model(index, dtype=dtype, features=70 if index % 2 else 11, classes=7))
        yield f"{dtype} ends", extreme_thresholds(dtype)


CASES = [*shapes(), *models()]
NAMES = [name for name, _ in CASES]
CIRCUITS = [circuit for _, circuit in CASES]


def emitted(target: str, circuit: Circuit, name: str = "net", **settings: Any) -> Artifact:
    """What a target's backend makes, checked to be the same when made twice."""
    emit = target_of(target).emit
    artifact: Artifact = emit(circuit, Options(name, settings))
    assert dict(emit(circuit, Options(name, settings)).files) == dict(artifact.files)
    return artifact


def write(target: str, circuit: Circuit, folder: Path, name: str = "net", **settings: Any) -> Manifest:
    """Emit a circuit into `folder`; gives the manifest."""
    artifact = emitted(target, circuit, name, **settings)
    files = {**artifact.files, f"{name}.lgir": to_text(circuit).encode()}
    facts = manifest_facts(Source(circuit, "0" * 64), circuit, target, name, settings, None)
    files[MANIFEST] = Artifact(files, artifact.details).manifest_bytes(**facts)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return load_manifest(folder)


def sealed(folder: Path) -> Manifest:
    """The manifest of a folder whose files were edited, written again as if lgnc had made them so."""
    facts = json.loads((folder / MANIFEST).read_text())
    files = {path: (folder / path).read_bytes() for path in facts["files"]}
    (folder / MANIFEST).write_bytes(Artifact(files).manifest_bytes(**{**facts, "files": None}))
    return load_manifest(folder)


def visit_of(folder: Path, circuit: Circuit, rows: int = 300) -> Visit:
    """What the stations of a folder are given, its files signed again: the circuit that lies in it, and random rows."""
    manifest = sealed(folder)
    return Visit(folder, manifest, circuit, Subject(folder, circuit, manifest, None), random_features(circuit, rows))


def plant(path: Path, old: str, new: str) -> None:
    """A fault: the first `old` of a file, which has to be there, becomes `new`."""
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new, 1))


def run(target: str, folder: Path, manifest: Manifest, features: NDArray[Any]) -> RunResult:
    """The target's runner."""
    result: RunResult = importlib.import_module(f"lgnc.sim.{target}").run(folder, manifest, features)
    return result


def mismatches(circuit: Circuit, features: NDArray[Any], result: RunResult) -> int:
    """How many samples differ from the circuit's meaning, in scores, class or outputs."""
    n = len(features)
    if circuit.head is None:
        assert result.outputs is not None
        assert result.scores is None
        assert result.classes is None
        expected = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, features))), n)
        assert result.outputs.dtype == np.bool_
        assert result.outputs.shape == expected.shape
        return int(np.count_nonzero(np.any(result.outputs != expected, axis=1)))
    assert result.scores is not None
    assert result.classes is not None
    scores, classes = simulate(circuit, features)
    assert result.scores.dtype == np.int32
    assert result.classes.dtype == np.int64
    assert result.scores.shape == scores.shape
    wrong = (result.scores != scores).any(axis=1) | (result.classes != classes)
    return int(np.count_nonzero(wrong))


def edge_features(circuit: Circuit, rows: int) -> NDArray[Any]:
    """Random features, some replaced by a threshold itself and the ends of the type."""
    x = np.array(random_features(circuit, rows, 7))
    enc = circuit.encoder
    if not x.size or enc.dtype == "bool":
        return x
    rng = np.random.default_rng(3)
    limits = np.finfo(x.dtype) if enc.is_float else np.iinfo(x.dtype)
    inside = enc.threshold[(enc.threshold >= limits.min) & (enc.threshold <= limits.max)]
    with np.errstate(all="ignore"):
        special = np.concatenate([inside.astype(x.dtype), np.array([limits.min, limits.max], x.dtype)])
    place = rng.random(x.shape) < 0.3
    x[place] = rng.choice(special, int(np.count_nonzero(place)))
    return x


def check(target: str, circuit: Circuit, folder: Path, batches: tuple[int, ...] = BATCHES, **settings: Any) -> None:
    """Emit, run at every batch size, and find no difference."""
    manifest = write(target, circuit, folder, **settings)
    features = edge_features(circuit, max(batches))
    for n in batches:
        assert mismatches(circuit, features[:n], run(target, folder, manifest, features[:n])) == 0, n
