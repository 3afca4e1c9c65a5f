"""What a run of a folder is held against: its classes, and its scores where both sides have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lgnc.flows.compile import compile_circuit
from lgnc.flows.evaluate import mismatches
from lgnc.flows.simulate import simulate
from lgnc.formats.lgn import save_model
from lgnc.formats.source import load_source
from lgnc.sim.result import RunResult
from tests.flows.test_compare import edit
from tests.support import random_model


def result(scores: list[list[int]] | None, classes: list[int]) -> RunResult:
    made = None if scores is None else np.array(scores, np.int32)
    return RunResult("test", made, np.array(classes, np.int64), None, 0.0, 0.0)


def test_a_row_whose_scores_differ_is_a_mismatch() -> None:
    right = result([[3, 1], [0, 2], [5, 5]], [0, 1, 0])
    assert mismatches(result([[3, 1], [0, 2], [5, 5]], [0, 1, 0]), right) == 0
    assert mismatches(result([[3, 0], [0, 2], [5, 5]], [0, 1, 0]), right) == 1
    assert mismatches(result([[3, 0], [0, 2], [5, 5]], [0, 1, 1]), right) == 2
    assert mismatches(result(None, [0, 1, 0]), right) == 0


def test_simulate_counts_rows_whose_scores_alone_are_wrong(tmp_path: Path) -> None:
    """Every class gains one: the classes are right."""
    save_model(random_model(0), tmp_path / "m.lgn")
    compile_circuit(load_source(tmp_path / "m.lgn"), "numpy", name="net").write(tmp_path / "out")
    edit(tmp_path / "out" / "net.py", lambda text: text.replace("return total\n", "return total + 1\n"))
    x = np.random.default_rng(0).integers(0, 256, (40, 12)).astype(np.uint8)
    found = simulate(tmp_path / "out", x)
    assert found.mismatches == 40
