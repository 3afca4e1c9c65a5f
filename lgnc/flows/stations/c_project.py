"""The stations of what stands beside the C source: its test of golden vectors, and a board's project."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lgnc.diagnostics import Failed
from lgnc.flows.stations.batches import answers
from lgnc.flows.stations.visit import Visit
from lgnc.sim.board import run_board
from lgnc.sim.folder import board_of
from lgnc.toolchain import TookTooLong, require_tool, run
from lgnc.verify.verdict import Station

_BOARD_ROWS = 16


def self_test(visit: Visit) -> Station:
    """The station 'self-test': `test/test_NAME.c` passes with the network, and fails with one that answers -1."""
    name, test = visit.name, f"test/test_{visit.name}.c"
    with tempfile.TemporaryDirectory(prefix="lgnc-self-test-") as place:
        at = Path(place)
        (at / "test").mkdir()
        visit.copy(at, f"{name}.c", f"{name}.h", test)
        (at / "stub.c").write_text(_stub(visit), "ascii")
        build = [require_tool("cc"), "-std=c99", "-O0", "-I."]
        run([*build, "-c", "-o", "test.o", test], cwd=at)
        run([*build, "-o", "right", "test.o", f"{name}.c"], cwd=at)
        run([at / "right"], cwd=at)
        run([*build, "-o", "wrong", "test.o", "stub.c"], cwd=at)
        try:
            run([at / "wrong"], cwd=at)
        except TookTooLong:
            raise
        except Failed:
            return Station("self-test", True, "tested", f"{test} passes, and fails with a network that answers -1")
    return Station("self-test", False, "tested", f"{test} passes with a network that answers -1")


def _stub(visit: Visit) -> str:
    """A network that answers -1 (or 255) whatever it is given."""
    facts = visit.manifest.c
    assert facts is not None
    lines = [f'#include "{visit.name}.h"', "#include <string.h>"]
    for kind, entry in facts.entry.items():
        element = "uint8_t" if kind.endswith("_packed") else facts.element
        base = kind.removesuffix("_packed")
        result = "uint8_t" if base == "outputs" else "int32_t"
        each = "1u" if base == "predict" else f"{facts.output_count}u"
        if base == "scores":
            each = f"{len(visit.manifest.classes or ())}u"
        for function, workspace in ((entry, "void *workspace, "), (entry.removesuffix("_in"), "")):
            lines.append(f"void {function}({workspace}const {element} *features, size_t n, {result} *out);")
            lines.append(f"void {function}({workspace}const {element} *features, size_t n, {result} *out)")
            used = "(void)workspace; " if workspace else ""
            lines.append(f"{{ {used}(void)features; memset(out, 255, n * {each} * sizeof *out); }}")
    return "\n".join(lines) + "\n"


def board(visit: Visit) -> Station:
    """The station 'board': the project's image, built and run on the board's emulator."""
    chosen = board_of(visit.manifest)
    assert chosen is not None
    rows = visit.rows[:_BOARD_ROWS]
    ran = run_board(visit.path, visit.manifest, rows).result
    right = answers(visit, rows)
    for kind, found in (("predict", ran.classes), ("scores", ran.scores), ("outputs", ran.outputs)):
        if found is not None and (found != right[kind]).any():
            return Station("board", False, "tested", f"the image gives wrong {kind} on {chosen.engine}")
    return Station("board", True, "tested", f"the image, built by its Makefile, is right on {len(rows)} rows")
