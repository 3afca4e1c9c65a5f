"""Faults planted in emitted files and in lgnc's own core, and how many are noticed.

    python benchmarks/mutation.py artefacts [--faults 2000] [--seed 0]
    python benchmarks/mutation.py core [--only TEXT]
    python benchmarks/mutation.py drawn [--faults 200] [--seed 0] [--cpu-seconds 1800]

`artefacts`: a small network, compiled for every target and interface; a fault in one file, its manifest signed again;
`lgnc verify` against the model. Also whole folders of another circuit. `core`: lgnc with one place changed, against the
tests of that room, in a copy of the checkout. `drawn`: the same with faults drawn at random, until the time is up.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from mutants_drawn import Drawn, drawn
from mutants_of_core import MUTANTS, Mutant
from mutants_of_files import Fault, onnx_faults, text_faults

ROOT = Path(__file__).resolve().parent.parent
NAME = "net"
VALUES = 1 << 16
"""Of two uint8 features: all of them are tried where code is run."""

SECONDS = 60.0
"""For a proof, and for each run: a fault may make code go on for ever."""

SHOWN = ("missed", "undecided", "ended by the clock")

FOLDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "c host": ("c", {}),
    "c portable": ("c", {"target_profile": "portable"}),
    "c mcu": ("c", {"target_profile": "mcu"}),
    "c unrolled": ("c", {"style": "unrolled"}),
    "numpy": ("numpy", {}),
    "onnx": ("onnx", {}),
    "verilog": ("verilog", {}),
    "verilog stream": ("verilog", {"interface": "stream"}),
    "verilog axis": ("verilog", {"interface": "axis", "beat_width": 8}),
    "verilog serial": ("verilog", {"interface": "serial"}),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["artefacts", "core", "drawn"])
    parser.add_argument("--faults", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="folders or files whose name has this in it")
    parser.add_argument("--cpu-seconds", type=float, default=1e9, help="of 'drawn': no further fault after these")
    asked = parser.parse_args()
    started = used_seconds()
    if asked.what == "artefacts":
        code = artefacts(asked.faults, asked.seed, asked.only)
    elif asked.what == "core":
        code = core(asked.only)
    else:
        code = draw(asked.faults, asked.seed, asked.only, started + asked.cpu_seconds)
    print(f"{used_seconds() - started:.0f} CPU s")
    return code


def used_seconds() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    return time.process_time() + os.times().children_user + os.times().children_system


def artefacts(faults: int, seed: int, only: str) -> int:
    """Plant `faults` faults, as many in each folder; exit 1 when one was missed."""
    sys.path.insert(0, str(ROOT))
    from lgnc.formats.lgn import save_model
    from tests.support import random_model

    total: Counter[str] = Counter()
    chosen = {key: value for key, value in FOLDERS.items() if only in key}
    with tempfile.TemporaryDirectory(prefix="lgnc-mutation-") as place:
        at = Path(place)
        save_model(random_model(seed, features=2, thresholds=6, layers=2, width=40, classes=3), at / "m.lgn")
        for number, (key, (target, settings)) in enumerate(chosen.items()):
            here: Counter[str] = Counter()
            many = faults // len(chosen) + (number < faults % len(chosen))
            for kind, answer, told in tried(at, target, settings, many, Random(f"{seed} {key}")):
                here[answer] += 1
                if answer in SHOWN:
                    print(f"  {key}: {answer}: {kind}: {told}", flush=True)
            print(f"{key:<16} {', '.join(f'{count} {answer}' for answer, count in sorted(here.items()))}", flush=True)
            total += here
    print("all", dict(total))
    return 1 if total["missed"] else 0


def tried(at: Path, target: str, settings: dict[str, Any], many: int, random: Random) -> Iterator[tuple[str, str, str]]:
    """(kind, answer, what was changed) of `many` faults of one folder; an answer is one of those of `answer_of`."""
    from lgnc.flows.compile import compile_circuit
    from lgnc.formats.source import load_source

    source, right, out = load_source(at / "m.lgn"), at / "right", at / "out"
    shutil.rmtree(right, ignore_errors=True)
    compile_circuit(source, target, name=NAME, settings=settings).write(right)
    texts = onnx_faults(right, NAME, random) if target == "onnx" else text_faults(right, target, NAME, random)
    for number in range(many):
        fault = next(texts)
        if number % 8 == 7:
            fault = Fault("all files together", "one gate", _other(source, target, settings, number))
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(right, out)
        fault.plant(out)
        yield fault.kind, answer_of(at / "m.lgn", out, changed=_hashes(out) != _hashes(right)), fault.told


def _hashes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _other(source: Any, target: str, settings: dict[str, Any], k: int) -> Callable[[Path], None]:
    """Plants the whole folder of a circuit with one gate changed: source, .lgir and manifest agree with each other."""
    from lgnc.flows.compile import compile_circuit
    from lgnc.ir.gates import READS_A, READS_B

    def plant(folder: Path) -> None:
        rng = np.random.default_rng(k)
        op = source.circuit.op.copy()
        at = int(rng.integers(len(op)))
        reads = READS_A[op[at]], READS_B[op[at]]
        op[at] = rng.choice([o for o in range(16) if (READS_A[o], READS_B[o]) == reads and o != op[at]])
        shutil.rmtree(folder)
        wrong = replace(source, circuit=source.circuit.with_(op=op), model=None)
        compile_circuit(wrong, target, name=NAME, settings=settings).write(folder)

    return plant


def answer_of(model: Path, folder: Path, *, changed: bool) -> str:
    """'refuted' (NO, the folder is refused, or its code ends its process), 'ended by the clock' (its code went on for
    `SECONDS`), 'proven harmless' (proven, or every value was tried), 'named' (a station that was not checked names it),
    'missed' (yes, and no proof says so), or 'unchanged'.
    """
    if not changed:
        return "unchanged"
    from lgnc.diagnostics import LgncError
    from lgnc.flows.compare import verify
    from lgnc.toolchain import TookTooLong

    try:
        count = None if "verilog" in (folder / "manifest.json").read_text() else VALUES
        verdict = verify(model, folder, vectors=count, time_limit=SECONDS)
    except TookTooLong:
        return "ended by the clock"
    except LgncError:
        return "refuted"
    if verdict.equal is not True:
        return "refuted" if verdict.equal is False else "undecided"
    if verdict.unchecked:
        return "named"
    function = next(station for station in verdict.stations if station.name == "function")
    return "proven harmless" if function.how in ("proven", "exhaustive") else "missed"


def core(only: str) -> int:
    """Run the tests of each mutant's room; exit 1 when one survives."""
    survived = []
    chosen = [mutant for mutant in MUTANTS if only in mutant.file]
    with copied() as copy:
        for mutant in chosen:
            killed = _killed(copy, mutant)
            print(f"{'killed' if killed else 'SURVIVED'}: {mutant.file}: {mutant.new.strip()[:80]!r}", flush=True)
            survived += [] if killed else [mutant]
    print(f"{len(chosen) - len(survived)} of {len(chosen)} mutants are killed")
    return 1 if survived else 0


def draw(faults: int, seed: int, only: str, until: float) -> int:
    """Run the tests of each drawn fault's file, then of its room and of the commands; exit 1 when one survives."""
    killed = survived = 0
    with copied() as copy:
        for fault in drawn(ROOT, faults, seed):
            if only in fault.file and used_seconds() < until:
                dead = _dies(copy, fault)
                killed, survived = killed + dead, survived + (not dead)
                print(f"{'killed' if dead else 'SURVIVED'}: {fault.told}", flush=True)
    print(f"{killed} of {killed + survived} mutants are killed")
    return 1 if survived else 0


def _dies(copy: Path, fault: Drawn) -> bool:
    path = copy / fault.file
    text = path.read_text()
    own = sorted((copy / fault.room).glob(f"test_{path.stem}*.py"))
    stages = [str(each.relative_to(copy)) for each in own], [fault.room, "tests/cli/test_cli.py"]
    path.write_text(text[: fault.first] + fault.new + text[fault.last :])
    try:
        return any(_fail(copy, tests, fault.told) for tests in stages if tests)
    finally:
        path.write_text(text)


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the checkout, for as long as it is used."""
    with tempfile.TemporaryDirectory(prefix="lgnc-mutation-") as place:
        copy = Path(place) / "lgnc"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(".*", "*.egg-info", "__pycache__"))
        yield copy


def _killed(copy: Path, mutant: Mutant) -> bool:
    path = copy / mutant.file
    text = path.read_text()
    if mutant.old not in text:
        raise SystemExit(f"{mutant.file} does not have {mutant.old!r}: mend the table")
    path.write_text(text.replace(mutant.old, mutant.new, 1))
    try:
        return _fail(copy, mutant.tests.split(), mutant.file)
    finally:
        path.write_text(text)


def _fail(copy: Path, tests: list[str], told: str) -> bool:
    """Whether one of the tests fails, or they do not end in time. A test file that cannot be imported has failed."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(words, cwd=copy, env=env, capture_output=True, timeout=900, check=False)
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, 1, 2, 4):
        raise SystemExit(f"the tests of {told} do not run: {done.stdout.decode()[-300:]}")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
