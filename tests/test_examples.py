"""Every example runs as its docstring says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import needs

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))


@needs("torch")
@needs("cc")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_example_runs(example: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-W", "error", str(example), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") >= 3


def test_there_are_examples() -> None:
    assert EXAMPLES
