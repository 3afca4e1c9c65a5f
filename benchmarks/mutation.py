"""Faults planted in emitted files and in lgnc's own core, and how many are noticed.

    python benchmarks/mutation.py artefacts [--faults 2000] [--seed 0] [--log FILE]
    python benchmarks/mutation.py core [--only TEXT]
    python benchmarks/mutation.py lines --lines FILE [TEST ...]
    python benchmarks/mutation.py drawn --lines FILE [--faults 200] [--seed 0] [--log FILE] [--cpu-seconds 1800]

`artefacts`: small networks, compiled for every target and interface; a fault in one file, its manifest signed again;
`lgnc verify` against the model. Also whole folders of another circuit. `core`: lgnc with one place changed, against the
tests of that room, in a copy of the checkout. `lines`: which lines each test runs (needs the package coverage).
`drawn`: faults drawn at random in lgnc's core, each against the tests that run its line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from mutants_of_core import MUTANTS, Mutant
from mutants_tried import ROOT, copied, draw, test_files, write_lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["artefacts", "core", "lines", "drawn"])
    parser.add_argument("tests", nargs="*", help="of 'lines': test files; those of every room but training")
    parser.add_argument("--faults", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="folders or files whose name has this in it")
    parser.add_argument("--cpu-seconds", type=float, default=1e9, help="no further fault after these")
    parser.add_argument("--log", type=Path, help="a file of what is known; a campaign goes on with it")
    parser.add_argument("--lines", type=Path, help="the lines that each test runs, written by 'lines'")
    asked = parser.parse_intermixed_args()
    started = used_seconds()
    if asked.what == "artefacts":
        code = artefacts(asked.faults, asked.seed, asked.only, started + asked.cpu_seconds, asked.log)
    elif asked.what == "core":
        code = core(asked.only)
    elif asked.lines is None:
        parser.error("--lines: name the file of the lines that each test runs")
    elif asked.what == "lines":
        code = write_lines(asked.lines, asked.tests or test_files(), asked.cpu_seconds)
    else:
        code = draw(asked.faults, asked.seed, asked.only, asked.cpu_seconds, asked.lines, asked.log)
    print(f"{used_seconds() - started:.0f} CPU s")
    return code


def used_seconds() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    return time.process_time() + os.times().children_user + os.times().children_system


def artefacts(faults: int, seed: int, only: str, until: float, log: Path | None) -> int:
    """Plant `faults` faults, as many in each folder, one folder after the other; 1 when one was missed, or failed."""
    sys.path.insert(0, str(ROOT))
    from mutant_answers import SHOWN, read_log
    from mutated_folders import FOLDERS

    chosen = [key for key in FOLDERS if only in key]
    done = read_log(log)
    with tempfile.TemporaryDirectory(prefix="lgnc-mutation-") as place:
        runs = [tried(Path(place), key, seed, done) for key in chosen]
        for number in range(faults):
            if used_seconds() >= until:
                break
            told = next(runs[number % len(runs)])
            done[told["folder"], told["number"]] = told
            if told["answer"] in SHOWN or told["answer"].startswith("failed"):
                print("  {folder}: {answer}: {kind}: {told}".format(**told), flush=True)
            if log is not None and told.pop("new"):
                with log.open("a") as file:
                    file.write(json.dumps(told) + "\n")
    return _told(chosen, done)


def _told(chosen: list[str], done: dict[tuple[str, int], dict[str, Any]]) -> int:
    """Print how many faults of each folder have each answer."""
    for key in [*chosen, "all"]:
        here = Counter(each["answer"] for each in done.values() if key in (each["folder"], "all"))
        spent = sum(each["seconds"] for each in done.values() if key in (each["folder"], "all"))
        words = ", ".join(f"{count} {answer}" for answer, count in sorted(here.items()))
        print(f"{key:<16} {here.total()} faults, {spent:.0f} CPU s: {words}")
    return int(any(answer == "missed" or answer.startswith("failed") for answer in here))


def tried(at: Path, key: str, seed: int, done: dict[tuple[str, int], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """For each of endless faults of a folder its number, kind, answer, what was changed, and CPU seconds.

    done: what is known already. The right folder must be proven itself.
    """
    from mutant_answers import answer_apart
    from mutants_of_files import Fault, faults_of
    from mutated_folders import FOLDERS, MODELS, NAME

    from lgnc.flows.compare import verify
    from lgnc.flows.compile import compile_circuit
    from lgnc.formats.lgn import save_model
    from lgnc.formats.source import load_source

    target, settings, model = FOLDERS[key]
    path, right, out = at / f"{model}.lgn", at / f"{key} right", at / f"{key} out"
    if not path.is_file():
        save_model(MODELS[model](seed), path)
    source = load_source(path)
    compile_circuit(source, target, name=NAME, settings=settings).write(right)
    if target != "onnx" and verify(path, right).equal is not True:  # ONNX's engine starts threads, which do not fork.
        raise SystemExit(f"{key}: the folder without a fault is not right")
    random = Random(f"{seed} {key}")
    every = target != "verilog" and len(source.circuit.encoder.names) == 2
    for number, fault in enumerate(faults_of(right, target, NAME, random)):
        if number % 8 == 7:
            fault = Fault("all files together", "", "one gate", _other(source, target, settings, number))
        if known := done.get((key, number)):
            yield {**known, "new": False}
            continue
        started = used_seconds()
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(right, out)
        fault.plant(out)
        answer = answer_apart(path, out, right, fault.file, every=every)
        facts = {"folder": key, "number": number, "kind": fault.kind, "answer": answer, "told": fault.told}
        yield {**facts, "seconds": round(used_seconds() - started, 2), "new": True}


def _other(source: Any, target: str, settings: dict[str, Any], k: int) -> Callable[[Path], None]:
    """Plants the whole folder of a circuit with one gate changed: source, .lgir and manifest agree with each other."""
    from mutated_folders import NAME

    from lgnc.flows.compile import compile_circuit
    from lgnc.ir.gates import READS_A, READS_B

    # A circuit that came from no model has no words: it is compiled in the profile's own style.
    own = {name: value for name, value in settings.items() if (name, value) != ("style", "words")}

    def plant(folder: Path) -> None:
        rng = np.random.default_rng(k)
        op = source.circuit.op.copy()
        at = int(rng.integers(len(op)))
        reads = READS_A[op[at]], READS_B[op[at]]
        op[at] = rng.choice([o for o in range(16) if (READS_A[o], READS_B[o]) == reads and o != op[at]])
        shutil.rmtree(folder)
        wrong = replace(source, circuit=source.circuit.with_(op=op), model=None)
        compile_circuit(wrong, target, name=NAME, settings=own).write(folder)

    return plant


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
