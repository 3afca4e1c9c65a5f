"""What a mistake in a command's input costs: it is told before anything heavy is imported."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lgnc.formats.lgn import save_model
from tests.support import needs, random_model

MISTAKES = [
    "train nothing.csv -o m2.lgn",
    "train m.lgn -o m2.lgn",
    "train digits -o none/m2.lgn",
    "train digits -o m2.txt",
    "train digits -o m2.lgn --method hard-typo",
    "train digits -o m2.lgn --layers 0",
    "train digits -o m2.lgn --device zz",
    "train digits -o m2.lgn --config none.toml",
    "train digits -o m2.lgn --plot none/x.png",
    "search nothing.csv --target xilinx --max-luts 100 -o out",
    "search digits --target zz --max-luts 100 -o out",
    "search digits --target xilinx --max-luts 9 -o out",
    "sweep nothing.toml -o out",
    "sweep nothing.toml -o out --workers 2 --scheduler tcp://127.0.0.1:1",
    "experiment gap --data nothing.csv -o x.csv",
    "experiment gap --data digits -o none/x.csv",
    "experiment gap --data digits -o x.csv --methods hard-typo",
    "experiment gap --data digits -o x.csv --config none.toml",
    "compile nothing.lgn -t c -o out",
    "compile m.lgn -t zz -o out",
    "compile m.lgn -t c -o out --stages 2",
    "compile m.lgn -t numpy -o out --bitstream",
    "compile m.lgn -t c -o m.lgn",
    "simulate nothing --data digits",
    "simulate m.lgn --data nothing.csv",
    "verify m.lgn nothing",
    "verify m.lgn m.lgn --certificate none/x",
    "verify m.lgn m.lgn --claim area",
    "opt m.lgn -o none/x.lgir",
    "opt m.lgn -o x.txt",
    "opt m.lgn -o x.lgir -p no_such_pass",
    "opt m.lgn -o x.lgir --calibrate nothing.csv",
    "info nothing",
    "doctor --none",
    "demo --none",
    "no-such-command",
]


def run_counted(words: list[str], folder: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """What Python did with these words, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@needs("torch")
@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_costs_less_than_a_cpu_second(line: str, tmp_path: Path) -> None:
    """On a busy machine a CPU second does less: then four imports of numpy may be spent. Torch alone takes nine."""
    save_model(random_model(0), tmp_path / "m.lgn")
    done, seconds = run_counted(["-m", "lgnc", *line.split()], tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("lgnc: ")
    assert seconds < 1 or seconds < 4 * run_counted(["-c", "import numpy"], tmp_path)[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.lgn"]
