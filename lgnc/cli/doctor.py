"""`lgnc doctor`: which optional tools and packages are here, what each enables, and how to install the others."""

from __future__ import annotations

import platform
import re
from typing import Any

import click

from lgnc import __version__
from lgnc.backends.table import all_targets
from lgnc.backends.target import Engine
from lgnc.cli.output import json_option, print_facts, print_json, print_table
from lgnc.toolchain import PACKAGES, TOOLS, find_tool, package_version, tool_version


def _short(version: str | None) -> str:
    """'12.2.0' of 'cc (Debian 12.2.0-14) 12.2.0'; tools print their versions in many ways."""
    if version is None:
        return "missing"
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", version)
    return found[0] if found else version[:20]


def _missing(engine: Engine) -> list[str]:
    """The tools and packages that an engine needs and that are not here."""
    tools = [tool for tool in engine.tools if find_tool(tool) is None]
    return tools + [package for package in engine.packages if package_version(package) is None]


def _targets() -> list[dict[str, Any]]:
    """What can be done with each target here. engines: each with what it lacks."""
    return [
        {
            "name": target.name,
            "engines": {engine.name: _missing(engine) for engine in target.engines},
            "loadable": target.loadable,
            "read_back": target.read_back,
            "settings": [setting.option for setting in target.own_settings.values()],
        }
        for target in all_targets()
    ]


def _target_row(row: dict[str, Any]) -> tuple[str, ...]:
    engines = [f"{name} (no {', '.join(lacks)})" if lacks else name for name, lacks in row["engines"].items()]
    checked = "tests, proof of its text" if row["read_back"] else "tests"
    return row["name"], " or ".join(engines), "yes" if row["loadable"] else "", checked if engines else ""


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
        print_json({"lgnc": __version__, "python": platform.python_version(), "tools": rows, "targets": _targets()})
        return
    print_facts([("lgnc", __version__), ("python", platform.python_version())])
    click.echo()
    table = [
        (row["name"], _short(row["version"]), row["enables"], "" if row["version"] else row["install"]) for row in rows
    ]
    print_table(("tool", "version", "to", "install with"), table)
    click.echo()
    print_table(("target", "runs with", "load", "verified by"), [_target_row(row) for row in _targets()])
