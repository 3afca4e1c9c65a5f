"""The import directions of the architecture, and what `import lgnc` may cost."""

from __future__ import annotations

import ast
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lgnc.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent

BASE = {"diagnostics", "files", "folders", "named_columns", "native", "ownership", "processes", "toolchain"}
MAY_IMPORT: dict[str, set[str]] = {
    "diagnostics": set(),
    "files": {"diagnostics"},
    "folders": {"diagnostics", "files", "ownership"},
    "named_columns": set(),
    "native": {"diagnostics", "toolchain"},
    "ownership": {"diagnostics", "files"},
    "processes": {"diagnostics"},
    "toolchain": {"diagnostics", "processes"},
    "ir": {"diagnostics"},
    "arithmetic": {"diagnostics", "ir"},
    "features": {"diagnostics"},
    "formats": {"diagnostics", "files", "ir"},
    "readback": {*BASE, "ir"},
    "passes": {"diagnostics", "ir", "arithmetic"},
    "backends": {"diagnostics", "ir", "arithmetic", "mapping"},
    "mapping": {"diagnostics", "ir", "arithmetic", "passes"},
    "verify": {*BASE, "ir", "arithmetic"},
    "sim": {*BASE, "ir", "formats", "backends", "data"},
    "report": {*BASE, "ir"},
    "data": {*BASE, "ir"},
    "train": {*BASE, "ir", "formats", "data", "report"},
    "flows": {
        *BASE, "ir", "arithmetic", "formats", "readback", "passes", "backends", "mapping", "verify", "sim", "data",
        "train", "report",
    },
    "sklearn": {*BASE, "ir", "formats", "data", "train", "verify", "flows"},
    "cli": {
        *BASE, "ir", "formats", "passes", "backends", "mapping", "verify", "sim", "data", "train", "report", "flows",
    },
}  # fmt: skip

OUTSIDE = {"rewrite_with_abc": {*BASE, "formats"}, "rewrite_with_aigverse": {*BASE, "formats"}}
"""Passes that are outside tools' work may start them and write their files; the pass manager knows both by name."""

MODULE = re.compile(r"lgnc(\.[a-z_]+)+")

EXTERNAL_BAN = {"ir": {"torch", "click", "rich"}, "passes": {"torch", "click"}, "backends": {"torch", "click"}}
"""Station -> packages that it imports nowhere. torch, numba and sklearn are for train alone; sklearn for data and its
own room too."""


def imports_of(source: str) -> list[str]:
    """Dotted names of every import in a module: inside functions too, and those named in strings for importlib."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE.fullmatch(node.value):
            names.append(node.value)
    return names


def wrong_imports(station: str, source: str, module: str = "") -> list[str]:
    """The imports of a station's module that its row does not allow."""
    allowed = MAY_IMPORT[station] | {station, "__version__"} | OUTSIDE.get(module, set())
    wrong = []
    for name in imports_of(source):
        parts = name.split(".")
        if parts[0] == "lgnc":
            other = parts[1] if len(parts) > 1 else ""
            if other not in allowed:
                wrong.append(name)
        elif parts[0] in EXTERNAL_BAN.get(station, set()) or (
            parts[0] in {"torch", "numba", "sklearn", "triton"} and station not in {"train", "data", "sklearn"}
        ):
            wrong.append(name)
    return wrong


def modules() -> list[tuple[str, Path]]:
    """(station, file) of every module of the package."""
    found = [("passes", path) for path in sorted((ROOT / "passes").glob("**/*.py"))]
    found += [("backends", path) for path in sorted((ROOT / "backends").glob("**/*.py"))]
    for path in sorted((ROOT / "lgnc").glob("**/*.py")):
        parts = path.relative_to(ROOT / "lgnc").parts
        station = parts[0].removesuffix(".py")
        if station not in ("passes", "backends", "__init__", "__main__"):
            found.append((station, path))
    return found


def test_every_import_goes_down() -> None:
    found = modules()
    assert len(found) > 30
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for s, path in found
        for name in wrong_imports(s, path.read_text(), path.stem)
    ]
    assert not wrong, "imports against the direction:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("station", "line"),
    [
        ("backends", "from lgnc.passes import manager"),
        ("ir", "import torch"),
        ("passes", "def f():\n    from lgnc.verify.prove import prove"),
        ("formats", "import lgnc.train.loop"),
        ("formats", "importlib.import_module('lgnc.backends.c.emit')"),
        ("verify", "import click, numba"),
    ],
)
def test_a_planted_import_is_caught(station: str, line: str) -> None:
    assert wrong_imports(station, line)


STARTERS = {
    "subprocess", "multiprocessing", "concurrent.futures.ProcessPoolExecutor", "os.fork", "os.posix_spawn",
    "distributed.LocalCluster",
}  # fmt: skip


def test_processes_are_started_in_one_place() -> None:
    """What is started elsewhere has no time limit, and may outlive lgnc."""
    allowed = {"processes", "toolchain"}
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for station, path in modules()
        if station not in allowed
        for name in imports_of(path.read_text())
        if any(name == each or name.startswith(f"{each}.") for each in STARTERS)
    ]
    assert not found, found


def test_import_lgnc_is_light() -> None:
    heavy = (
        "torch", "onnx", "networkx", "numba", "pyverilog", "pysat", "sklearn", "matplotlib", "numpy",
        "dask", "distributed", "optuna", "jinja2",
    )  # fmt: skip
    code = f"import lgnc, sys; print([m for m in {heavy} if m in sys.modules])"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.strip() == "[]"
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_compiling_needs_no_torch() -> None:
    names = ["lgnc.flows.compile", "lgnc.flows.compare", "lgnc.sim.network", "lgnc.cli.compile", "lgnc.cli.main"]
    names += [f"lgnc.cli.{command}" for command in COMMANDS]
    heavy = ("torch", "numba", "sklearn", "distributed", "optuna", "jinja2")
    code = f"import sys, {', '.join(names)}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_package_is_in_the_wheel() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    tops = ("lgnc", "passes", "backends")
    folders = {path.parent.relative_to(ROOT).parts for top in tops for path in ROOT.glob(f"{top}/**/*.py")}
    names = {".".join(("lgnc",) * (parts[0] != "lgnc") + parts) for parts in folders}
    assert names == set(listed)
