"""`lgnc completion`: the lines that make a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from lgnc.cli.sections import SectionedCommand

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    cls=SectionedCommand,
    examples=(
        "lgnc completion bash >> ~/.bashrc",
        "lgnc completion zsh >> ~/.zshrc",
        "lgnc completion fish > ~/.config/fish/completions/lgnc.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print what completes lgnc's commands and options in a shell."""
    from lgnc.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None  # click has these three.
    completer = found(cli, {}, "lgnc", "_LGNC_COMPLETE")
    click.echo(completer.source_template % completer.source_vars())
