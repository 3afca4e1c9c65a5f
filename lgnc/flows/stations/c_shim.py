"""A C program of lgnc's own, and the files of a folder that it calls, as one library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lgnc.backends.c.text import named
from lgnc.flows.stations.visit import Visit
from lgnc.toolchain import require_tool, run


def shim_library(
    visit: Visit, at: Path, text: str, endings: Sequence[str], words: Mapping[str, Any], flags: Sequence[str] = ()
) -> Path:
    """The library, in the folder `at`.

    text: NAME is the network's, `T *` points at its features' type, `@WORD@` is what `words` has for WORD.
    endings: of the folder's files that it needs; those in `.c` are compiled with it.
    """
    facts = visit.manifest.c
    assert facts is not None
    text = named(text, visit.name).replace("T *", f"{facts.element} *")
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    (at / "shim_of_lgnc.c").write_text(text, "ascii")
    sources = [file for file in visit.copy(at, *(f"{visit.name}{ending}" for ending in endings)) if file.endswith(".c")]
    library = at / "shim.so"
    build = [require_tool("cc"), "-std=c99", "-O0", "-shared", "-fPIC"]
    run([*build, "-o", library, "shim_of_lgnc.c", *sources, *flags], cwd=at)
    return library
