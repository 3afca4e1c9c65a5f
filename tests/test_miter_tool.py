"""tools/miter.py writes the same miter as lgnc, byte for byte, and refuses pairs that show nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lgnc.flows.compare import write_certificate
from lgnc.flows.export import export_certificate
from lgnc.formats.lgn import Model, save_model
from lgnc.formats.lift import lift
from lgnc.formats.source import save_circuit
from lgnc.ir.quantiser import Quantiser
from lgnc.passes.manager import run_pipeline
from tests.support import random_model

TOOL = Path(__file__).parent.parent / "tools" / "miter.py"


def exported(model: Model, folder: Path) -> tuple[Path, Path, Path]:
    """A model, the circuit that it was optimised to, and the pairs of their exported certificate."""
    one, two = folder / "m.lgn", folder / "m.lgir"
    save_model(model, one)
    save_circuit(run_pipeline(lift(model), 2)[0], two)
    assert write_certificate(one, two, folder / "c").equal
    export_certificate(folder / "c", one, two, folder / "out")
    return one, two, folder / "out.pairs"


def raised(text: str, by: int) -> str:
    """A circuit's text with another offset of class 0."""
    return re.sub(r'"class 0" = (-?\d+)', lambda found: f'"class 0" = {int(found[1]) + by}', text, count=1)


def again(a: Path, b: Path, pairs: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", str(TOOL), str(a), str(b), str(pairs)]
    return subprocess.run(command, capture_output=True, check=False)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool", "float32", "float64"])
def test_the_second_writer_gets_the_same_bytes(tmp_path: Path, dtype: str) -> None:
    model = random_model(3, features=9, width=50, layers=3, classes=4, candidates=2, dtype=dtype)
    found = again(*exported(model, tmp_path))
    assert (found.returncode, found.stdout) == (0, (tmp_path / "out.cnf").read_bytes())


@pytest.mark.parametrize("second", [0.5, 0.25])
def test_codes_of_values_are_read_and_must_be_the_same(tmp_path: Path, second: float) -> None:
    model = random_model(3, features=9, width=50, layers=3, classes=4, dtype="int16")
    quantiser = Quantiser(np.full(9, 0.5), np.arange(9))
    coded = replace(model, encoder=replace(model.encoder, quantiser=quantiser))
    one, two, pairs = exported(coded, tmp_path)
    two.write_text(two.read_text().replace('"x3" scale 0.5 offset 3', f'"x3" scale {second} offset 3'))
    found = again(one, two, pairs)
    if second == 0.5:
        assert (found.returncode, found.stdout) == (0, (tmp_path / "out.cnf").read_bytes())
    else:
        assert (found.returncode, b"different codes" in found.stderr) == (1, True)


def test_pairs_that_do_not_show_the_scores_are_refused(tmp_path: Path) -> None:
    one, two, pairs = exported(random_model(3, features=9, width=50, layers=3, classes=4), tmp_path)
    lines = pairs.read_text().splitlines()
    place = next(k for k, line in enumerate(lines) if line.startswith("e "))
    for changed in (
        lines[:place] + lines[place + 1 :],
        [*lines, lines[place]],
        lines[: len(lines) // 2],
        ["e 0 0 0 0"],
    ):
        pairs.write_text("\n".join(changed) + "\n")
        assert again(one, two, pairs).returncode == 1
    two.write_text(raised(two.read_text(), 1))
    pairs.write_text("\n".join(lines) + "\n")
    found = again(one, two, pairs)
    assert (found.returncode, b"class 0" in found.stderr) == (1, True)


@pytest.mark.parametrize(
    ("by", "first", "second"),
    [(4, "k 0 {x} 5", "k 1 {y} 1"), (-2, "k -2 {x} 1", "k 1 {y} 1"), (2, "k 0 {x} 1", "k 2 {y} 1")],
)
def test_a_constant_counts_as_0_or_1_on_side_0_or_1(tmp_path: Path, by: int, first: str, second: str) -> None:
    one, two, pairs = exported(random_model(3, features=9, width=50, layers=3, classes=4), tmp_path)
    lines = pairs.read_text().splitlines()
    place = next(k for k, line in enumerate(lines) if line.startswith("e "))
    _, x, y = lines[place].split()
    two.write_text(raised(two.read_text(), by))
    lines[place : place + 1] = [first.format(x=x), second.format(y=y)]
    pairs.write_text("\n".join(lines) + "\n")
    found = again(one, two, pairs)
    assert (found.returncode, b"is no pair" in found.stderr) == (1, True)


def test_it_is_small_and_imports_nothing_of_lgnc() -> None:
    text = TOOL.read_text()
    assert len(text.splitlines()) < 300
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.M)) == {
        "__future__",
        "itertools",
        "json",
        "numpy",
        "pathlib",
        "sys",
        "typing",
    }
