"""Commands whose `--help` lists options by subject, the common ones first, and shows examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

COMMON = "Common options"


class SectionOption(click.Option):
    """An option that is listed under `section`."""

    def __init__(self, *names: Any, section: str = COMMON, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.section = section


def section(title: str) -> Callable[..., Decorator]:
    """`click.option` for the options of one section."""

    def option(*names: str, **settings: Any) -> Decorator:
        return click.option(*names, cls=SectionOption, section=title, **settings)

    return option


class SectionedCommand(click.Command):
    """examples: command lines, shown above the options. Sections come in the order in which options name them, after the
    common ones; what names no section is listed last.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.examples = tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, then a list of options for each section."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        found: dict[str, list[tuple[str, str]]] = {COMMON: []}
        others = "Other options" if any(isinstance(each, SectionOption) for each in self.params) else "Options"
        last: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = None if isinstance(param, click.Argument) else param.get_help_record(ctx)
            if record is not None:
                rows = found.setdefault(param.section, []) if isinstance(param, SectionOption) else last
                rows.append(record)
        for title, rows in {**found, others: last}.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
