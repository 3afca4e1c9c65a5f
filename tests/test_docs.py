"""Every command and snippet of the README and the docs is run, in the order in which it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lgnc
from lgnc.formats import from_text, to_text
from lgnc.formats.lgprog import program_from_text, program_text
from lgnc.passes.manager import PASSES
from tests.support import needs

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = {"text", "verilog", "c", "json", "toml"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of a page's fenced blocks."""
    return BLOCK.findall(page.read_text())


def run(words: list[str], folder: Path) -> None:
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def check_console(text: str, folder: Path) -> None:
    """Run each line that begins with `$ `; what stands below it must be among the lines that it printed.

    `...` in them is any text.
    """
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}", COLUMNS="500")
    for part in text.split("$ ")[1:]:
        command, *wanted = part.splitlines()
        words = ["bash", "-c", f"{command} 2>&1"]
        said = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=600).stdout
        assert wanted, f"{command}: nothing is expected of it"
        for line in wanted:
            pattern = re.compile(".*".join(map(re.escape, line.split("..."))))
            assert any(map(pattern.fullmatch, said.splitlines())), f"{command} printed\n{said}\nand not\n{line}"


TOOLS: dict[str, tuple[str, ...]] = {
    "sweep.md": ("distributed",),
    "targets-onnx.md": ("onnxruntime",),
    "tour-fpga.md": ("iverilog", "yosys", "nextpnr-ice40", "icepack"),
    "tour-firmware.md": (
        "arm-none-eabi-gcc",
        "qemu-system-arm",
        "riscv64-unknown-elf-gcc",
        "qemu-system-riscv32",
        "make",
    ),
    "targets-verilog.md": ("iverilog", "yosys", "nextpnr-ice40", "icepack"),
}
"""What a page's commands need, beside what every page needs."""


@needs("torch")
@needs("cc")
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[needs(tool) for tool in TOOLS.get(page.name, ())], id=page.name) for page in PAGES],
)
def test_the_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    for language, text in blocks(page):
        if language == "sh" and text.startswith("make ") and not text.startswith("make -C"):
            run(["make", "-n", "-C", str(ROOT), *text.split()[1:]], tmp_path)
        elif language == "sh":
            run(["bash", "-euo", "pipefail", "-c", text], tmp_path)
        elif language == "python":
            run([sys.executable, "-W", "error", "-c", text], tmp_path)
        elif language == "console":
            check_console(text, tmp_path)
        elif language == "lgir":
            assert to_text(from_text(text)) == text
        elif language == "lgprog":
            assert program_text(program_from_text(text)) == text
        else:
            assert language in NOT_RUN, f"{page.name}: a block of '{language}' is neither run nor known"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_pass_has_a_section_and_every_verb_a_row() -> None:
    passes, verbs = ((ROOT / "docs" / page).read_text() for page in ("passes.md", "python.md"))
    assert [name for name in PASSES if f"\n## {name}\n" not in passes] == []
    assert [name for name in lgnc.__all__ if name.islower() and name[0] != "_" and f"\n| `{name}` |" not in verbs] == []


def test_a_message_that_is_not_printed_is_noticed(tmp_path: Path) -> None:
    check_console("$ echo one; echo two\ntwo\n", tmp_path)
    for wrong in ("$ echo one\ntwo\n", "$ echo one\n"):
        with pytest.raises(AssertionError):
            check_console(wrong, tmp_path)


def test_every_verb_and_what_it_gives_is_in_the_reference() -> None:
    listed = re.findall(r"^::: \S+\.(\w+)$", (ROOT / "docs/reference.md").read_text(), re.MULTILINE)
    assert {name for name in lgnc.__all__ if name != "__version__"} <= set(listed)


def test_every_page_has_a_place_in_the_site() -> None:
    listed = re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_figures_come_from_scripts_that_take_these_options() -> None:
    commands = re.findall(r"^(?:\w+=\S+ )*python (benchmarks/\S+)(.*)$", (ROOT / "docs/figures.md").read_text(), re.M)
    assert len(commands) > 10
    for script, options in commands:
        source = (ROOT / script).read_text()
        assert [each for each in re.findall(r"--[\w-]+", options) if each not in source] == [], script


@needs("mkdocs-material")
def test_the_site_is_built_strictly_and_fetches_nothing(tmp_path: Path) -> None:
    site, words = tmp_path / "site", [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    run(["env", "NO_MKDOCS_2_WARNING=1", *words, "-f", str(ROOT / "mkdocs.yml"), "-d", str(site)], tmp_path)
    pages = [page.read_text() for page in site.glob("*.html")]
    assert len(pages) > len(list((ROOT / "docs").glob("*.md")))
    fetched = re.compile(r"<(?:script|img|iframe)[^>]+src=[\"']?(?:https?:)?//|<link[^>]+href=[\"']?(?:https?:)?//")
    assert [found for page in pages for found in fetched.findall(page)] == []
    assert "validation_fraction" in (site / "reference.html").read_text()
