"""`lgnc doctor`: which optional tools and packages are here, what each enables, and how to install the others."""

from __future__ import annotations

import platform
import re
from typing import Any

import click

from lgnc import __version__
from lgnc.cli.output import json_option, print_facts, print_json, print_table
from lgnc.toolchain import PACKAGES, TOOLS, find_tool, package_version, tool_version


def _short(version: str | None) -> str:
    """'12.2.0' of 'cc (Debian 12.2.0-14) 12.2.0'; tools print their versions in many ways."""
    if version is None:
        return "missing"
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", version)
    return found[0] if found else version[:20]


@click.command("doctor")
@json_option
def command(as_json: bool) -> None:
    """Show which optional tools are here, what each would enable, and how to install it."""
    rows: list[dict[str, Any]] = []
    for name, (enables, extra) in PACKAGES.items():
        install = f"pip install 'lgnc[{extra}]'"
        row = {"name": name, "version": package_version(name), "enables": enables, "install": install}
        rows.append({**row, "variable": None, "path": None})
    for tool in TOOLS.values():
        row = {"name": tool.name, "version": tool_version(tool.name), "enables": tool.enables, "install": tool.install}
        rows.append({**row, "variable": tool.variable, "path": find_tool(tool.name)})
    if as_json:
        print_json({"lgnc": __version__, "python": platform.python_version(), "tools": rows})
        return
    print_facts([("lgnc", __version__), ("python", platform.python_version())])
    click.echo()
    table = [
        (row["name"], _short(row["version"]), row["enables"], "" if row["version"] else row["install"]) for row in rows
    ]
    print_table(("tool", "version", "to", "install with"), table)
