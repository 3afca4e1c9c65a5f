"""Runs chosen tests on a copy of the checkout, each time in a fork of a process that has the libraries imported.

python benchmarks/mutant_tests.py COPY       then a line of test files for each run; exit code and CPU seconds of each
"""

from __future__ import annotations

import ast
import os
import resource
import signal
import sys
from pathlib import Path

CPU_SECONDS = 300
"""Of one process: a fault may make code go on for ever. It is killed by SIGXCPU, and the tests have failed."""

WALL_SECONDS = 1800
"""The same where code waits for ever."""

LIBRARIES = ("numpy", "pytest", "onnx", "pycparser", "networkx", "platformdirs")
"""Of other people: lgnc's own modules are imported anew, from the copy."""


def tests_of(copy: Path, file: str, room: str) -> list[str]:
    """Test files that may notice a fault in `file`: those of the room that are named like it or import it; the others
    of the room; and those of other rooms that import it, of `verify` and of the commands. Of each kind the shortest
    come first: they are mostly the quickest.
    """
    module = file.removesuffix(".py").replace("/", ".")
    module = module if module.startswith("lgnc.") else f"lgnc.{module}"
    every = sorted((copy / "tests").rglob("test_*.py"), key=lambda path: path.stat().st_size)
    rank = {}
    for path in every:
        test = str(path.relative_to(copy))
        here = test.startswith(f"{room}/")
        near = _is_near(path, module, here)
        if here or near or test in _LAST:
            rank[test] = 2 - here - (here and near)
    return sorted(rank, key=lambda test: rank[test])


_LAST = ("tests/flows/test_compare.py", "tests/cli/test_cli.py")


def _is_near(test: Path, module: str, here: bool) -> bool:
    """Whether a test file is named like a module, or like the folder that it is in, or imports it."""
    if here and any(f"{test.stem}_".startswith(f"test_{part}_") for part in module.split(".")[2:]):
        return True
    for node in ast.walk(ast.parse(test.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            if node.module == module or module in [f"{node.module}.{alias.name}" for alias in node.names]:
                return True
        elif isinstance(node, ast.Import) and module in [alias.name for alias in node.names]:
            return True
    return False


def main() -> None:
    """Serve until the input ends."""
    copy = Path(sys.argv[1])
    sys.path[0] = str(copy)
    os.chdir(copy)
    for library in LIBRARIES:
        __import__(library)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(line.split())
        _, status, used = os.wait4(child, 0)
        print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, flush=True)


def _run(tests: list[str]) -> None:
    """Run the tests and end the process: 0 where they pass."""
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.alarm(WALL_SECONDS)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    code = 70
    try:
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
