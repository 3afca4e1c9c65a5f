"""Damaged and hostile files given to every command, for a few seconds; `benchmarks/faults.py` is the campaign."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.flows.compile import compile_circuit
from lgnc.formats import Source, lift
from lgnc.formats.lgn import Model, model_bytes, model_from_bytes
from lgnc.sim.folder import load_manifest
from lgnc.train.checkpoint import Progress, checkpoint_bytes
from tests.support import random_model

ROOT = Path(__file__).resolve().parent.parent
SECONDS = os.environ.get("LGNC_FAULT_SECONDS", "10")
"""A minute or a night find more: LGNC_FAULT_SECONDS=60."""


def damage() -> Any:
    """`benchmarks/fault_damage.py` as a module."""
    spec = importlib.util.spec_from_file_location("fault_damage", ROOT / "benchmarks" / "fault_damage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changed(model: Model, value: int) -> bytes:
    """The bytes of a model whose first candidate is another one, its checksum left as it was."""
    data = bytearray(model_bytes(model))
    candidates = model.layers[0].candidates.astype(np.int32).tobytes()
    at = bytes(data).index(candidates)
    data[at : at + 4] = value.to_bytes(4, "little")
    return bytes(data)


def test_damage_reaches_what_the_checksum_of_a_model_hides() -> None:
    model = random_model(3)
    bad = changed(model, 10**6)
    with pytest.raises(BadInput, match="its checksum"):
        model_from_bytes(bad, "m.lgn")
    with pytest.raises(BadInput, match=r"holds 0\.\.1000000, outside"):
        model_from_bytes(damage().resigned(bad), "m.lgn")


def told(data: bytes) -> dict[str, str]:
    """What a safetensors file's metadata say."""
    found: dict[str, str] = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    return found


def test_damage_reaches_what_the_checksum_of_a_checkpoint_hides() -> None:
    data = checkpoint_bytes(Progress(), {"steps": np.array([3])}, "run")
    bad = data.replace((3).to_bytes(8, "little"), (5).to_bytes(8, "little"))
    assert bad != data
    assert told(damage().resigned(bad)) == told(checkpoint_bytes(Progress(), {"steps": np.array([5])}, "run"))
    assert told(bad) == told(data)


def test_damage_reaches_what_the_seal_of_a_folder_hides(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    compile_circuit(Source(lift(random_model(3)), "0" * 64), "numpy", name="net").write(folder)
    path = folder / "manifest.json"
    facts = json.loads(path.read_text())
    facts["source_sha256"] = "1" * 64
    path.write_text(json.dumps(facts))
    with pytest.raises(BadInput, match="edited"):
        load_manifest(folder)
    path.write_text(json.dumps(damage().sealed(facts, folder)))
    assert load_manifest(folder).source_sha256 == "1" * 64


def campaign(*options: str) -> tuple[int, str]:
    command = [sys.executable, "benchmarks/faults.py", *options]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_no_damaged_file_gives_more_than_one_line() -> None:
    code, text = campaign("--seconds", SECONDS, "--seed", os.environ.get("LGNC_FAULT_SEED", "0"))
    assert code == 0, text[-5000:]
    assert "inputs " in text
    assert "inputs 0," not in text


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("traceback", "traceback"),
        ("crash", "signal 11"),
        ("hang", "more than 3 s"),
        ("memory", "GB"),
        ("escape", "control characters"),
    ],
)
def test_a_planted_fault_is_noticed(fault: str, said: str) -> None:
    limit = "3" if fault == "hang" else "30"
    code, text = campaign("--inputs", "1", "--only", "circuit", "--limit", limit, "--plant", fault)
    assert code == 1
    assert f"circuit: {said}" in text or (fault == "memory" and "GB: lgnc" in text), text
