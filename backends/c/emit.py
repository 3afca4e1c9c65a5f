"""The C target: NAME.h and NAME.c, C99, a circuit as tables and a small evaluator. See docs/targets-c.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgnc import __version__
from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.c.boards import board_files, check_fits, chip_of, chosen_board, state_room
from lgnc.backends.c.golden import golden
from lgnc.backends.c.host import STYLES, host_body, portable_body
from lgnc.backends.c.mcu import mcu_body
from lgnc.backends.c.mcu_budget import check_budget, check_features
from lgnc.backends.c.names import check_c_name
from lgnc.backends.c.project import project_files
from lgnc.backends.c.tables import check_scores
from lgnc.backends.c.text import Body, element_types, header, named
from lgnc.backends.normal import normal_form
from lgnc.diagnostics import BadInput, unknown
from lgnc.ir.circuit import Circuit

PROFILES = ("host", "mcu", "portable")
"""--target-profile: the most samples a second; the least flash and RAM for one sample; 64 samples in plain C99."""


def emit(circuit: Circuit, options: Options) -> Artifact:
    """NAME.h and NAME.c, a test of golden vectors, and project files.

    Settings: `target_profile`, one of PROFILES, `host` by default; `style`, one of STYLES; `board`, one of BOARDS,
    whose project is added (the profile is then mcu); `max_flash`, `max_ram`, bytes that the MCU form may need. Raises
    BadInput for a name that C cannot use, unknown settings, scores beyond 32 bits, or features that the board cannot
    hold, and Failed when a budget or a board is too small.
    """
    name = check_c_name(options.name)
    board = chosen_board(options.settings)
    profile = options.settings.get("target_profile", "mcu" if board else "host")
    if profile not in PROFILES:
        raise unknown("target profile", str(profile), PROFILES, where="--target-profile")
    if circuit.head is not None:
        check_scores(circuit.head)
    style = options.settings.get("style", "auto")
    if style not in STYLES:
        raise unknown("style", str(style), STYLES, where="--style")
    body = _body(circuit, profile, style, board, options.settings)
    extra = _budget(circuit, body, board, options.settings)
    source = "\n".join(
        [
            "/* Written by lgnc; NAME.h says what it is. MIT licence. */",
            '#include "NAME.h"',
            "",
            "#include <string.h>",
            "",
            body.text,
        ]
    )
    vectors = golden(circuit)
    texts = {f"{name}.h": header(circuit, body), f"{name}.c": source}
    texts |= project_files(circuit, vectors, name, __version__)
    files = {path: named(text, name).encode("ascii") for path, text in texts.items()}
    if board is not None:
        files |= board_files(circuit, vectors, name, board)
    return Artifact(files, {**_details(circuit, name, profile, body), "golden": vectors.facts, **extra})


def _body(circuit: Circuit, profile: str, style: str, board: str | None, settings: Mapping[str, Any]) -> Body:
    """The source of a profile, in normal form. Raises BadInput for features that the board's compiler cannot hold."""
    form = normal_form(circuit)
    if profile != "mcu":
        return host_body(form, style) if profile == "host" else portable_body(form, style)
    chip, flash = chip_of(board), settings.get("max_flash")
    check_features(circuit, chip)
    room = state_room(circuit, board, settings.get("max_ram"))
    return mcu_body(form, style, chip, room=room, flash=flash if isinstance(flash, int) else None)


def _budget(circuit: Circuit, body: Body, board: str | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest says of flash and RAM, held to the budgets and the board. Raises Failed beyond them."""
    if body.code is None:
        for setting in ("max_flash", "max_ram"):
            if settings.get(setting) is not None:
                option = "--" + setting.replace("_", "-")
                raise BadInput("only the mcu form has a budget", where=option, fix="use --target-profile mcu")
        return {}
    chip = chip_of(board)
    needs = chip.footprint(circuit, code=body.code, tables=body.tables, workspace=body.workspace)
    check_budget(circuit, needs, settings)
    facts = {"flash_bytes": needs.flash, "ram_bytes": needs.ram, "flash_and_ram_of": chip.compiler}
    if board is None:
        return facts
    check_fits(circuit, needs, board)
    return {**facts, "board": board}


def _details(circuit: Circuit, name: str, profile: str, body: Body) -> dict[str, Any]:
    calls: tuple[str, ...] = ("outputs",) if circuit.head is None else ("predict", "scores")
    if body.packed:
        calls += tuple(f"{call}_packed" for call in calls)
    return {
        "target_profile": profile,
        "element": element_types(circuit)[0],
        "workspace_bytes": body.workspace,
        "table_bytes": body.tables,
        "block": body.block,
        "entry": {call: f"{name}_{call}_in" for call in calls},
        "output_count": len(circuit.outputs),
    }
