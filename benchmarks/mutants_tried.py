"""Faults drawn in lgnc's core, each against the tests that run its line, the quickest first."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from mutant_tests import Served
from mutants_drawn import Drawn, drawn

ROOT = Path(__file__).resolve().parent.parent

BATCHES = (1.5, 6.0, 40.0)
"""CPU seconds, as measured without a fault, of the tests of each run of one fault; tests beyond them are not run."""

USAGE = 4
"""pytest's exit code where a test is not there."""

FILE_SECONDS = 900.0
"""CPU seconds that the tests of a file may take while their lines are written down."""


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the checkout, for as long as it is used."""
    with tempfile.TemporaryDirectory(prefix="lgnc-mutation-") as place:
        copy = Path(place).resolve() / "lgnc"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(".*", "*.egg-info", "__pycache__"))
        yield copy


def test_files() -> list[str]:
    """The test files of the rooms whose tests run the core."""
    found = sorted((ROOT / "tests").glob("*/test_*.py"))
    return [str(path.relative_to(ROOT)) for path in found if path.parent.name not in ("train", "data", "sklearn")]


def write_lines(log: Path, tests: list[str], seconds: float) -> int:
    """Add to `log` which lines each test runs and its CPU seconds; one run of pytest for each of `tests`."""
    if importlib.util.find_spec("coverage") is None:
        raise SystemExit("the lines of tests need the package coverage: pip install coverage")
    known = {entry["asked"] for entry in _entries(log)}
    with copied() as copy, closing(Served(copy)) as served:
        for test in tests:
            if test not in known and served.seconds < seconds:
                told = served.run(test.split(), FILE_SECONDS, lines=True)
                with log.open("a") as file:
                    file.writelines(json.dumps({"asked": test, **each}) + "\n" for each in told.get("ran", []))
                print(f"{test[:80]}: {len(told.get('ran', []))} tests passed, {told['seconds']:.1f} CPU s", flush=True)
    return 0


class Tests:
    """The tests of a log of lines. seconds: of each test. lines: those that it runs in each file; '' are imports."""

    def __init__(self, log: Path) -> None:
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[str, set[int]]] = {"": {}}
        for each in _entries(log):
            self.seconds[each["test"]] = each["seconds"]
            for file, lines in each["lines"].items():
                self.lines.setdefault(each["test"], {}).setdefault(file, set()).update(lines)
        self.imports = {
            file: imported(ROOT / file) for file in {test.partition("::")[0] for test in self.seconds} - {""}
        }

    def of(self, fault: Drawn) -> list[str]:
        """The tests that run one of the lines, the quickest first; of the many rows of one test a few come early.

        What runs once, with an import, may be noticed by all tests that run a line of the file, or import it.
        """
        once = not fault.lines.isdisjoint(self.lines[""].get(fault.file, ()))
        module = fault.file.removesuffix(".py").replace("/", ".").removeprefix("lgnc.")
        rank: Counter[str] = Counter()
        price = {}
        for test in sorted(self.seconds.keys() - {""}, key=lambda test: (self.seconds[test], test)):
            lines = self.lines.get(test, {}).get(fault.file, set())
            near = once and f"lgnc.{module}" in self.imports[test.partition("::")[0]]
            if near or (lines if once else lines & fault.lines):
                name = test.partition("[")[0]
                rank[name] += 1
                price[test] = (self.seconds[test] + 0.02) * rank[name] * (0.2 if near else 1)
        return sorted(price, key=price.__getitem__)


def imported(path: Path) -> set[str]:
    """The modules, and names of modules, that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def draw(faults: int, seed: int, only: str, seconds: float, lines: Path, log: Path | None) -> int:
    """Try each drawn fault on the tests that run its line; 1 when one survives them all.

    seconds: of CPU time, after which no further fault is tried. log: what is known, 'harmless: why' by hand among it;
    no test runs again that passed.
    """
    tests, known = Tests(lines), {entry["told"]: entry for entry in _entries(log)}
    chosen = [fault for fault in drawn(ROOT, faults, seed) if only in fault.file]
    killers = []
    with copied() as copy, closing(Served(copy)) as served:
        for number, fault in enumerate(chosen):
            before = known.get(fault.told, {"told": fault.told, "answer": "", "passed": [], "seconds": 0.0})
            if before["answer"].startswith(("killed", "ended", "harmless")) or served.seconds >= seconds:
                continue
            left = [test for test in tests.of(fault) if test not in set(before["passed"])]
            if before["answer"] and not left:
                continue
            started = served.seconds
            answer, passed = _tried(copy, fault, left, tests.seconds, served, number)
            entry = {**before, "answer": answer, "passed": before["passed"] + passed}
            known[fault.told] = {**entry, "seconds": round(before["seconds"] + served.seconds - started, 2)}
            print(f"{answer}: {fault.told}", flush=True)
            killers += [answer.removeprefix("killed by ")] if answer.startswith("killed") else []
            if log is not None:
                with log.open("a") as file:
                    file.write(json.dumps(known[fault.told]) + "\n")
        _see_right(killers, served)
    return _told([known[fault.told] for fault in chosen if fault.told in known], len(chosen))


def _told(entries: list[dict[str, Any]], chosen: int) -> int:
    """Print how many faults have each answer, and those that no test noticed."""
    for entry in entries:
        if not entry["answer"].startswith("killed"):
            print(f"  {entry['answer']}: {entry['told']}")
    words = Counter(entry["answer"].partition(":")[0].partition(" by ")[0] for entry in entries)
    spent = sum(entry["seconds"] for entry in entries)
    print(f"{len(entries)} of {chosen} faults tried, {spent:.0f} CPU s: {dict(words)}")
    return int(words["killed"] < len(entries))


def _tried(
    copy: Path, fault: Drawn, left: list[str], cost: dict[str, float], served: Served, number: int
) -> tuple[str, list[str]]:
    """The answer, and the tests that passed with the fault."""
    passed: list[str] = []
    for batch in BATCHES:
        tests, price = [], 0.0
        for test in left[len(passed) :]:
            if price + cost[test] <= batch:
                tests.append(test)
                price += cost[test]
            else:
                break
        if not tests:
            continue
        with planted(copy, fault, number):
            told = served.run(tests, 2 * price + 8)
            if told["code"] == USAGE and not told["failed"]:  # Rows of a test may have other names with a fault.
                told = served.run(sorted({test.partition("::")[0] for test in tests}), FILE_SECONDS)
        if told["code"] < 0:
            return f"ended by signal {-told['code']}", passed
        if told["code"] not in (0, 5):
            return f"killed by {told['failed'] or tests[0]}", passed
        passed += tests
    if not left:
        return "no test runs it", passed
    return ("survived" if len(passed) == len(left) else "not decided"), passed


def _see_right(told: list[str], served: Served) -> None:
    """Refuse tests that are said to have noticed a fault, and fail without one."""
    tests = sorted(set(told))
    while tests and (seen := served.run(tests, FILE_SECONDS))["code"] not in (0, 5):
        bad = seen["failed"]
        print(f"FAILS WITHOUT A FAULT, take what it killed out of the log: {bad}")
        tests = [test for test in tests if bad and test != bad and not test.startswith(f"{bad}::")]


@contextmanager
def planted(copy: Path, fault: Drawn, number: int) -> Iterator[None]:
    """The fault is in the copy, for as long as it is used."""
    path = copy / fault.file
    text = path.read_text()
    path.write_text(text[: fault.first] + fault.new + text[fault.last :])
    os.utime(path, (1e9 + number, 1e9 + number))  # Bytecode is kept by time and size.
    try:
        yield
    finally:
        path.write_text(text)


def _entries(log: Path | None) -> Iterable[dict[str, Any]]:
    if log is None or not log.is_file():
        return []
    return [json.loads(line) for line in log.read_text().splitlines()]
