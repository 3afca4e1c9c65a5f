"""Damaged and hostile files given to every command, for a few seconds; `benchmarks/faults.py` is the campaign."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS = os.environ.get("LGNC_FAULT_SECONDS", "10")
"""Two minutes or a night find more: LGNC_FAULT_SECONDS=120."""


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
