"""Runs chosen tests on a copy of the checkout, each time in a fork of a process that has the libraries imported.

python benchmarks/mutant_tests.py COPY     then a line of JSON for each run: the tests, the CPU seconds that they may
take, and whether the lines that each runs are asked for; a line of JSON comes back
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

WALL = 4
"""Wall seconds that a run may take for each CPU second: a fault may make code wait for ever."""

BROKEN = 70
"""The exit code where pytest raised."""

LIBRARIES = ("numpy", "onnx", "onnxruntime", "pycparser", "networkx", "platformdirs", "pysat", "torch")
"""Of other people, where they are installed: lgnc's own modules are imported anew, from the copy."""


class Served:
    """Runs tests of a copy. seconds: CPU seconds so far."""

    def __init__(self, copy: Path) -> None:
        words = [sys.executable, str(Path(__file__).resolve()), str(copy)]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(copy), *os.environ.get("PYTHONPATH", "").split()])}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        self.server = subprocess.Popen(words, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seconds = 0.0

    def run(self, tests: list[str], limit: float, *, lines: bool = False) -> dict[str, Any]:
        """code: pytest's, or less than 0 where a signal, the clock's too, ended the run. failed: the first test that
        did. ran: where lines are asked for, the tests that passed, each with its CPU seconds and lines.
        """
        given, answers = self.server.stdin, self.server.stdout
        assert given is not None
        assert answers is not None
        given.write(json.dumps({"tests": tests, "limit": limit, "lines": lines}) + "\n")
        given.flush()
        told: dict[str, Any] = json.loads(answers.readline())
        if told["code"] == BROKEN:
            raise SystemExit(f"pytest itself fails with {tests[:3]} ...")
        self.seconds += told["seconds"]
        return told

    def close(self) -> None:
        assert self.server.stdin is not None
        self.server.stdin.close()
        self.server.wait()


def main() -> None:
    """Serve until the input ends."""
    copy = Path(sys.argv[1]).resolve()
    sys.path[0] = str(copy)
    os.chdir(copy)
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            __import__(library)
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            child = os.fork()
            if not child:
                _run(copy, Path(file.name), asked["tests"], asked["limit"], asked["lines"])
            _, status, used = os.wait4(child, 0)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            told = json.loads(Path(file.name).read_text() or "{}")
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps({"failed": "", "code": code, "seconds": used.ru_utime + used.ru_stime, **told}), flush=True)


def _run(copy: Path, told: Path, tests: list[str], limit: float, lines: bool) -> None:
    """Run the tests and end the process: 0 where they pass."""
    os.setpgrp()
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 6))
    signal.alarm(WALL * int(limit) + 30)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    code = BROKEN
    try:
        watch = Lines(copy) if lines else First(told)
        code = int(pytest.main(["-q", "-p", "no:cacheprovider", *([] if lines else ["-x"]), *tests], plugins=[watch]))
        if isinstance(watch, Lines):
            told.write_text(json.dumps({"ran": watch.ran()}))
    finally:
        os._exit(code)


class First:
    """Writes down the first test, or test file, that fails."""

    def __init__(self, told: Path) -> None:
        self.told = told

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._see(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._see(report)

    def _see(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and not self.told.read_text():
            self.told.write_text(json.dumps({"failed": report.nodeid}))


class Lines:
    """Which lines of the copy each test runs, by the package coverage; what is run by an import belongs to no test."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        self.seconds: dict[str, float] = {}
        self.bad: set[str] = set()
        rooms = [str(copy / room) for room in ("lgnc", "passes", "backends")]
        self.coverage = importlib.import_module("coverage").Coverage(data_file=None, config_file=False, source=rooms)
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with self._timed(item.nodeid):
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.bad.add(report.nodeid)

    @contextmanager
    def _timed(self, test: str) -> Iterator[None]:
        started = _used()
        self.coverage.switch_context(test)
        yield
        self.coverage.switch_context("")
        self.seconds[test] = round(_used() - started, 3)

    def ran(self) -> list[dict[str, Any]]:
        """Each test that passed, with its CPU seconds and the lines of each file; '' is what ran outside of tests."""
        self.coverage.stop()
        data = self.coverage.get_data()
        lines: dict[str, dict[str, list[int]]] = {}
        for path in data.measured_files():
            file = str(Path(path).resolve().relative_to(self.copy))
            for line, tests in data.contexts_by_lineno(path).items():
                for test in tests:
                    lines.setdefault(test, {}).setdefault(file, []).append(line)
        return [
            {"test": test, "seconds": seconds, "lines": lines.get(test, {})}
            for test, seconds in {"": 0.0, **self.seconds}.items()
            if test not in self.bad
        ]


def _used() -> float:
    return time.process_time() + os.times().children_user + os.times().children_system


if __name__ == "__main__":
    main()
