"""The `lgnc` command: finds the subcommand, runs it, and turns every error into one line and an exit code.

Exit codes: 0 done or equal, 1 not equal or failed, 2 bad use or bad input, 3 a tool is missing.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from lgnc import __version__
from lgnc.diagnostics import LgncError, printable

COMMANDS = ("train", "experiment", "compile", "simulate", "verify", "opt", "info", "doctor", "demo")


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
def cli() -> None:
    """Train logic gate networks, compile them to C, numpy, Verilog and ONNX, and check it by proof or by test."""


def _report(what: str, where: str, fix: str, *, as_json: bool) -> None:
    """One error: a JSON object on stdout, or one line on stderr."""
    if as_json:
        from lgnc.cli.output import print_json

        print_json({"error": what, "where": where, "fix": fix})
        return
    line = f"lgnc: {': '.join(filter(None, (where, what)))}{f' ({fix})' if fix else ''}"
    click.echo(printable(" ".join(line.split())), err=True)


def _drop_stdout() -> None:
    """What is still to be written to stdout goes nowhere: nobody can read it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code."""
    as_json = "--json" in arguments
    try:
        result = cli.main(list(arguments), prog_name="lgnc", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except LgncError as error:
        _report(error.what, error.where, error.fix, as_json=as_json)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 2
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "lgnc"
        _report(error.format_message(), path.removeprefix("lgnc").strip(), f"see '{path} --help'", as_json=as_json)
        return 2
    except click.ClickException as error:
        _report(error.format_message(), "", "", as_json=as_json)
        return 2
    except (click.Abort, KeyboardInterrupt):
        _report("interrupted; no output was written", "", "", as_json=as_json)
        return 1
    except MemoryError:
        _report("out of memory", "", "use a smaller network, a smaller batch, or a larger machine", as_json=as_json)
        return 1
    except BrokenPipeError:
        _drop_stdout()
        return 1
    except OSError as error:
        _drop_stdout()
        what = error.strerror or str(error)
        _report(what, str(error.filename or "standard output"), "free space, or write elsewhere", as_json=False)
        return 1


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))
