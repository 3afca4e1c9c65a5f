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


TOOLS = {"targets-verilog.md": ("iverilog", "yosys", "nextpnr-ice40", "icepack")}
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
