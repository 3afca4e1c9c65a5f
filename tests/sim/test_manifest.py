"""Manifests whose every field is deleted, retyped, made extreme or renamed: each reader refuses in one line or runs."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import MANIFEST, manifest_digest
from lgnc.cli.info import _folder, _rows
from lgnc.cli.output import print_facts, print_json
from lgnc.diagnostics import BadInput, LgncError
from lgnc.flows.compile import compile_circuit
from lgnc.flows.evaluate import measure
from lgnc.flows.subject import load_subject
from lgnc.formats.lift import lift
from lgnc.formats.source import Source
from lgnc.ir import Circuit
from lgnc.sim import load_manifest
from lgnc.sim.load import load
from tests.support import needs, random_circuit, random_features, random_model


def small(seed: int = 1, dtype: str = "uint8") -> Circuit:
    return lift(random_model(seed, dtype=dtype, features=4, thresholds=1, layers=1, width=12, classes=3))


CASES: dict[str, tuple[str, Circuit]] = {
    "c": ("c", small(dtype="bool")),
    "c without a head": ("c", random_circuit(2, inputs=4, gates=6, outputs=3)),
    "numpy": ("numpy", small()),
    "onnx": ("onnx", small()),
    "verilog": ("verilog", small()),
    "verilog of floats": ("verilog", small(dtype="float64")),
    "verilog without a head": ("verilog", random_circuit(2, inputs=4, gates=6, outputs=3)),
}

NUMBERS: list[Any] = [True, 0, -1, 1, 2**31, 2**70, 0.5, -0.0, 1e308]
OTHERS: list[Any] = [None, "x", "", "../x", "system", "\ud800", [], {}, [1], [[]], {"a": 1}]
EXTREME = NUMBERS + OTHERS

RAW = ["1e999", "NaN", "-Infinity", "9" * 5000, '"\\ud800"', "[" * 5000 + "]" * 5000, '{"a":1,"a":2}', "tru", "1 2"]
"""JSON, or not quite, that Python's own types cannot hold."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def compiled(case: str, folder: Path) -> dict[str, Any]:
    """A folder, and its manifest's facts."""
    target, circuit = CASES[case]
    compile_circuit(Source(circuit, "0" * 64), target, name="net", prove=False).write(folder)
    facts: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    facts["training"] = {"data": "x", "seed": 1, "test_fraction": 0.5}
    facts["columns"] = {"columns": []}
    return facts


def seal(facts: dict[str, Any], folder: Path) -> None:
    """Write a manifest with the digest that it should have, so that the fields' own checks have to hold."""
    if "manifest_sha256" in facts:
        facts = {**facts, "manifest_sha256": manifest_digest(facts)}
    (folder / MANIFEST).write_text(json.dumps(facts))


def version_1(facts: dict[str, Any]) -> dict[str, Any]:
    old = {key: value for key, value in facts.items() if key != "manifest_sha256"}
    return {**old, "lgnc_manifest": 1, "files": sorted(facts["files"])}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something is in a JSON value: every key, and the first two entries of a list."""
    if at:
        yield at
    keys = list(value) if isinstance(value, dict) else range(min(2, len(value))) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], (*at, key))


def mutants(facts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each place deleted, renamed, and given some of the extreme values, others at the next place."""
    for index, (*above, key) in enumerate(places(facts)):
        for change in ("delete", "rename", *range(index % 7, len(EXTREME), 7)):
            mutant = copy.deepcopy(facts)
            inner = mutant
            for step in above:
                inner = inner[step]
            if isinstance(change, int):
                inner[key] = EXTREME[change]
            else:
                value = inner.pop(key)
                if change == "rename" and isinstance(inner, dict):
                    inner[f"{key}x"] = value
            yield f"{[*above, key]} {change if isinstance(change, str) else repr(EXTREME[change])}", mutant


def reads(folder: Path, circuit: Circuit, *, run: bool) -> bool:
    """Whether every reader takes the folder; anything but LgncError is an error of the test."""
    taken, lines = True, []
    readers: list[Callable[[], object]] = [lambda: _shown(folder), lambda: load_subject(folder)]
    if run:
        readers.append(lambda: _called(folder, circuit))
    for reader in readers:
        try:
            reader()
        except LgncError as error:
            taken = False
            lines.append(str(error))
    assert not any("\n" in line for line in lines)
    return taken


def _shown(folder: Path) -> None:
    facts = _folder(folder)
    print_json(facts)
    print_facts(row for name, value in facts.items() for row in _rows(name, value))


def _called(folder: Path, circuit: Circuit) -> None:
    network = load(folder)
    x = random_features(circuit, 700)
    for call in (network.outputs,) if network.classes is None else (network.predict, network.scores):
        call(x)


@needs("cc")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_every_mutant_is_refused_or_runs(
    case: str, version: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    folder, circuit = tmp_path / "out", CASES[case][1]
    facts = compiled(case, folder)
    facts = version_1(facts) if version == 1 else facts
    seal(facts, folder)
    run = CASES[case][0] in ("c", "numpy")
    assert reads(folder, circuit, run=run)
    taken = refused = 0
    for _, mutant in mutants(facts):
        seal(mutant, folder)
        good = reads(folder, circuit, run=run and case != "numpy")
        taken, refused = taken + good, refused + (not good)
        capsys.readouterr()
    assert taken > 20
    assert refused > 200


@pytest.mark.parametrize("case", ["numpy", "verilog of floats"])
def test_any_edit_of_a_manifest_is_seen(case: str, tmp_path: Path) -> None:
    facts = compiled(case, tmp_path)
    seal(facts, tmp_path)
    load_manifest(tmp_path)
    sealed = json.loads((tmp_path / MANIFEST).read_text())
    for what, mutant in mutants(sealed):
        if json.dumps(mutant, sort_keys=True) != json.dumps(sealed, sort_keys=True):
            (tmp_path / MANIFEST).write_text(json.dumps(mutant))
            with pytest.raises(BadInput):
                print(what, load_manifest(tmp_path))


@pytest.mark.parametrize("raw", RAW)
def test_what_json_cannot_say_is_one_line(raw: str, tmp_path: Path) -> None:
    facts = compiled("numpy", tmp_path)
    text = json.dumps({**facts, "tau": "HERE"}).replace('"HERE"', raw)
    for whole in (text, raw, "", text[:-3]):
        (tmp_path / MANIFEST).write_text(whole)
        for edited in (True, False):
            with pytest.raises(BadInput):
                load_manifest(tmp_path, edited=edited)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block": 0}, "'block' is 0, not an integer of 1 to"),
        ({"workspace_bytes": 1}, "says 1 workspace, and net.h says"),
        ({"workspace_bytes": -5}, "'workspace_bytes' is -5"),
        ({"workspace_bytes": 10**15}, "'workspace_bytes' is 10000"),
        ({"entry": {}}, "'entry' is {}, not functions for predict, scores"),
        ({"entry": {"predict": "system", "scores": "system"}}, "'entry.predict' is 'system'"),
        ({"entry": {"predict": "nope", "scores": 5}}, "'entry.predict' is 'nope'"),
        ({"classes": ["a"]}, "says 1 classes, and net.h says 3"),
        ({"encoder": {"dtype": "bool", "features": ["a"], "bits": 4}}, "says 1 features, and net.h says"),
        ({"tau": 0}, "'tau' is 0, not a positive number"),
        ({"tau": None}, "'tau' is None, not a positive number"),
        ({"stats": {}}, "has no 'stats.before'"),
        ({"name": "a-b"}, "'name' is 'a-b', not a name"),
        ({"target": "cobol"}, "unknown target 'cobol'"),
        ({"board": "zx81"}, "unknown board 'zx81'"),
        ({"training": {"seed": "a"}}, "'training.seed' is 'a'"),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_the_line_names_the_field(change: dict[str, Any], message: str, version: int, tmp_path: Path) -> None:
    facts = {**compiled("c", tmp_path), **change}
    seal(version_1(facts) if version == 1 else facts, tmp_path)
    for edited in (True, False):
        with pytest.raises(BadInput) as refused:
            load_manifest(tmp_path, edited=edited)
        assert message in str(refused.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["net.py", "net.lgir", "/etc/passwd"], "outside the folder"),
        (["net.py", "net.lgir", "a/../../x"], "outside the folder"),
        (["net.py", "net.lgir", "net.py"], "one where capitals do not count"),
        (["net.py", "net.lgir", "NET.py"], "one where capitals do not count"),
        (["net.py", "net.lgir", 3], "outside the folder"),
        (["net.py", "net.lgir", "none"], "file 'none' of the manifest is missing"),
        (["net.py"], "does not list 'net.lgir'"),
        (["net.lgir"], "does not list 'net.py'"),
        (["net.py", "net.lgir", "sub"], "'sub' is a link, a folder or a device"),
        (["net.py", "net.lgir", "link"], "'link' is a link, a folder or a device"),
        (["net.py", "net.lgir", "linked/x"], "'linked' is no folder, or a link"),
        (["net.py", "net.lgir", "n" * 5000], "outside the folder"),
    ],
)
def test_files_lie_in_the_folder(files: list[Any], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    facts = version_1(compiled("numpy", folder))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("")
    (folder / "sub").mkdir()
    (folder / "link").symlink_to(tmp_path / "other" / "x")
    (folder / "linked").symlink_to(tmp_path / "other")
    seal({**facts, "files": files}, folder)
    with pytest.raises(BadInput) as refused:
        load_manifest(folder)
    assert message in str(refused.value)


@pytest.mark.parametrize("case", ["c", "numpy", "onnx", "verilog"])
def test_an_edited_file_is_named_before_it_is_loaded(case: str, tmp_path: Path) -> None:
    compiled(case, tmp_path)
    for name, data in {path: (tmp_path / path).read_bytes() for path in load_manifest(tmp_path).files}.items():
        middle = len(data) // 2
        (tmp_path / name).write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        for reader in (lambda: load_manifest(tmp_path), lambda: load(tmp_path), lambda: load_subject(tmp_path)):
            with pytest.raises(BadInput, match=f"file '{name}' was edited since it was compiled"):
                reader()
        assert _folder(tmp_path)["edited"] == [name]
        (tmp_path / name).write_bytes(data)
    assert _folder(tmp_path)["edited"] is None


def test_another_circuit_in_the_folder_is_seen(tmp_path: Path) -> None:
    """Version 1 has no hashes: its .lgir is held against the digest of its circuit."""
    facts = compiled("numpy", tmp_path / "a")
    compile_circuit(Source(small(2), "0" * 64), "numpy", name="net").write(tmp_path / "b")
    seal(version_1(facts), tmp_path / "a")
    (tmp_path / "a" / "net.lgir").write_bytes((tmp_path / "b" / "net.lgir").read_bytes())
    with pytest.raises(BadInput, match="not the circuit of the folder's manifest"):
        load_subject(tmp_path / "a")
    table = tmp_path / "t.csv"
    table.write_text("".join(f"1,2,3,4,{name}\n" for name in facts["classes"]))
    seal({**version_1(facts), "training": {}, "columns": {}}, tmp_path / "a")
    with pytest.raises(BadInput, match="not the circuit of the folder's manifest"):
        measure(tmp_path / "a", str(table), split="all")


def test_version_1_is_read_and_run(tmp_path: Path) -> None:
    circuit = CASES["numpy"][1]
    facts = compiled("numpy", tmp_path)
    x = random_features(circuit, 50)
    seal(facts, tmp_path)
    expected = load(tmp_path).scores(x)
    seal(version_1(facts), tmp_path)
    assert load_manifest(tmp_path).files == {"net.lgir": None, "net.py": None}
    assert np.array_equal(load(tmp_path).scores(x), expected)
