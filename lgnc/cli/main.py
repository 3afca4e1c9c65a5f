"""The `lgnc` command: finds the subcommand, runs it, and turns every error into one line and an exit code.

Exit codes: 0 done or equal, 1 not equal or failed, 2 bad use or bad input, 3 a tool is missing, 70 a fault in lgnc,
130 interrupted, 128 + n ended by signal n.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import click

from lgnc import __version__
from lgnc.diagnostics import LgncError, printable
from lgnc.processes import Terminated, raise_on_signals

resource: ModuleType | None
try:
    import resource
except ImportError:  # Windows
    resource = None

# fmt: off
COMMANDS = (
    "train", "search", "sweep", "experiment", "compile", "simulate", "verify", "certificate", "ask", "opt", "info",
    "show", "explain", "report", "doctor", "demo", "completion",
)
# fmt: on


class _Lazy(click.Group):
    """Imports a subcommand's module when it is used: `lgnc doctor` must not wait for anything else."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"lgnc.cli.{cmd_name}").command
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lgnc")
@click.option("--debug", is_flag=True, expose_value=False, help="Print the traceback of an error.")
def cli() -> None:
    """Train logic gate networks, compile them to C, numpy, Verilog and ONNX, and check it by proof or by test."""


class _Report(NamedTuple):
    """An exit code, and what is printed: what is wrong, where, and the remedy. on_stderr: stdout cannot be written."""

    code: int
    what: str
    where: str = ""
    fix: str = ""
    on_stderr: bool = False

    def print(self, *, as_json: bool) -> None:
        """A JSON object on stdout, or one line on stderr."""
        if as_json and not self.on_stderr:
            from lgnc.cli.output import print_json

            print_json({"error": self.what, "where": self.where, "fix": self.fix})
            return
        said = ": ".join(filter(None, ("lgnc", self.where, self.what)))
        click.echo(printable(" ".join(f"{said}{f' ({self.fix})' if self.fix else ''}".split())), err=True)


_NO_MEMORY = (
    "out of memory",
    "cannot allocate memory",
    "can't allocate memory",
    "can't start new thread",
    "failed to map segment",
)


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, as Python, the operating system, an import or a library says it."""
    if error is None:
        return False
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    if isinstance(error, ImportError | RuntimeError | OSError):
        found = any(words in str(error).lower() for words in _NO_MEMORY)
        return found or _is_out_of_memory(error.__cause__ or error.__context__)
    return isinstance(error, SystemError) and _memory_is_limited()


def _memory_is_limited() -> bool:
    """Whether the process has a limit of its own: extension modules then fail in ways that do not say why."""
    return resource is not None and resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _explain(error: BaseException) -> _Report:
    """What is said of an error that ended a command."""
    if isinstance(error, LgncError):
        return _Report(error.exit_code, error.what, error.where, error.fix)
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "lgnc"
        return _Report(2, error.format_message(), path.removeprefix("lgnc").strip(), f"see '{path} --help'")
    if isinstance(error, click.ClickException):
        return _Report(2, error.format_message())
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return _Report(130, "interrupted")
    if isinstance(error, Terminated):
        return _Report(128 + error.number, f"ended by signal {error.number}")
    if _is_out_of_memory(error):
        return _Report(1, "out of memory", fix="use a smaller network, a smaller batch, or a larger machine")
    if isinstance(error, OSError) and error.errno is not None:
        return _explain_os_error(error)
    if isinstance(error, ImportError):
        return _Report(3, f"a Python package does not load: {error}", fix="see 'lgnc doctor', and install it again")
    what = f"a fault in lgnc: {type(error).__name__}: {error}"
    return _Report(70, what[:500], fix="please report it in the issues of lgnc's repository, with what --debug prints")


def _explain_os_error(error: OSError) -> _Report:
    what = error.strerror or str(error)
    if error.filename is None:
        _drop_stdout()
        return _Report(1, what, "standard output", "free space, or write elsewhere", on_stderr=True)
    return _Report(2, what, os.fsdecode(str(error.filename)), "check the path and its permissions")


def _drop_stdout() -> None:
    """What is still to be written to stdout goes nowhere: nobody can read it."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        sys.stdout = io.StringIO()


def _words(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The arguments without `--debug`, which may stand anywhere before `--`, and whether it was there."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [word for word in arguments[:end] if word != "--debug"]
    return [*kept, *arguments[end:]], len(kept) < end


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code."""
    words, debug = _words(list(arguments))
    try:
        result = cli.main(words, prog_name="lgnc", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 2
    except BrokenPipeError:
        _drop_stdout()
        return 1
    except (Exception, KeyboardInterrupt, Terminated) as error:
        report = _explain(error)
        if debug and report.code < 128:
            traceback.print_exception(error)
        report.print(as_json="--json" in words)
        return report.code


def _open_closed_streams() -> None:
    """Standard streams that were closed lead nowhere: else the next file that is opened takes their place."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _print_anything() -> None:
    """What the terminal's encoding does not have is printed as an escape rather than refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> None:
    """Entry point of the installed command."""
    _open_closed_streams()
    _print_anything()
    raise_on_signals()
    sys.exit(run(sys.argv[1:]))
