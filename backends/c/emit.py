"""The C target: NAME.h and NAME.c, C99, a circuit as tables and a small evaluator. See docs/targets-c.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lgnc import __version__
from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.c.blob import blob_sources, facts_of, pack_blob
from lgnc.backends.c.boards import board_files, check_fits, chip_of, state_room
from lgnc.backends.c.codes import codes_files
from lgnc.backends.c.golden import golden
from lgnc.backends.c.host import Made, host_body, portable_body
from lgnc.backends.c.mcu import mcu_body, mcu_plan, straight_body, words_body
from lgnc.backends.c.mcu_budget import check_budget, check_features
from lgnc.backends.c.mcu_schedule import McuSchedule
from lgnc.backends.c.names import check_c_name
from lgnc.backends.c.packages import Library, package_files
from lgnc.backends.c.project import project_files
from lgnc.backends.c.row import row_files
from lgnc.backends.c.tables import check_scores
from lgnc.backends.c.target import TARGET, CSettings
from lgnc.backends.c.text import Body, element_types, header, named
from lgnc.backends.c.word_plan import find_words
from lgnc.backends.normal import normal_form
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit

_TABLES = ("auto", "table")
"""Styles of the mcu profile that have tables."""


def emit(circuit: Circuit, options: Options) -> Artifact:
    """NAME.h and NAME.c, a test of golden vectors, and project files.

    settings: those of `CSettings`. Raises BadInput for a name that C cannot use, a bad setting, scores beyond 32 bits,
    or features that the board cannot hold, and Failed when a budget or a board is too small.
    """
    name = check_c_name(options.name)
    settings = TARGET.read(options.settings)
    if circuit.head is not None:
        check_scores(circuit.head)
    made, form = _words(circuit, settings, options.trained), normal_form(circuit)
    plan = _plan(form, settings)
    body = _body(form, settings, made, plan)
    extra = _budget(circuit, body, settings)
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
    code = {f"{name}.h": header(circuit, body), f"{name}.c": source}
    code = {path: named(text, name) for path, text in code.items()}
    code |= codes_files(circuit, name)
    code |= row_files(circuit, options.row, name, settings.profile)
    blob = {f"{name}.bin": pack_blob(circuit, plan)} if settings.blob and plan is not None else {}
    code |= blob_sources(circuit, name) if blob else {}
    library = _library(circuit, name, code, settings)
    texts = {path: named(text, name) for path, text in project_files(circuit, vectors, library).items()}
    texts |= package_files(settings.package, library, circuit, body, code)
    files = {path: text.encode("ascii") for path, text in (code | texts).items()} | blob
    if settings.board is not None:
        files |= board_files(circuit, vectors, name, settings.board)
    return Artifact(
        files, {**_details(circuit, name, settings.profile, body), "golden": vectors.facts, **_told(blob), **extra}
    )


def _library(circuit: Circuit, name: str, code: Iterable[str], settings: CSettings) -> Library:
    """The folder for build systems. code: its files of C and C++."""
    about = f"A logic gate network: {len(circuit.encoder.names)} features, {circuit.gates} gates"
    sources = tuple(path for path in code if path.endswith(".c"))
    headers = tuple(path for path in code if not path.endswith(".c"))
    math = circuit.head is not None and settings.profile != "mcu"
    return Library(name, __version__, about, sources, headers, math)


def _words(circuit: Circuit, settings: CSettings, trained: Circuit | None) -> Made | None:
    """The circuit that is made of words of gates, and they, where the style wants them. Raises BadInput for none."""
    if settings.style not in ("auto", "words"):
        return None
    for made in (circuit, trained):
        plan = None if made is None else find_words(made)
        if made is not None and plan is not None:
            return made, plan
    if settings.style == "words":
        what = "the gates are not laid in words" + ("" if trained is not None else ", or passes have moved them")
        raise BadInput(
            what, where="--style words", fix="compile a model trained with --wiring words:32, or leave it out"
        )
    return None


def _plan(form: Circuit, settings: CSettings) -> McuSchedule | None:
    """The steps of the mcu profile's tables, where the style or a blob has them; None for another profile.

    Raises BadInput for features that the board's compiler cannot hold.
    """
    if settings.profile != "mcu":
        return None
    chip = chip_of(settings.board)
    check_features(form, chip)
    if not settings.blob and settings.style not in _TABLES:
        return None
    return mcu_plan(form, chip, state_room(form, settings.board, settings.max_ram), settings.max_flash)


def _body(form: Circuit, settings: CSettings, made: Made | None, plan: McuSchedule | None) -> Body:
    """The source of a profile, of a circuit in normal form.

    made: the circuit as words, where it is to be tried as such. plan: see `_plan`.
    """
    if settings.profile == "host":
        return host_body(form, settings.style, made)
    if settings.profile == "portable":
        return portable_body(form, settings.style, made)
    chip = chip_of(settings.board)
    room = state_room(form, settings.board, settings.max_ram)
    bodies = []
    if plan is not None and settings.style in _TABLES:
        bodies.append(mcu_body(form, plan, chip))
    if settings.style in ("auto", "straight"):
        bodies.append(straight_body(form, chip))
    if made is not None and (settings.style == "words" or not chip.bytewise):
        bodies.append(words_body(*made, chip))
    return min(bodies, key=lambda body: (room is not None and body.workspace + body.stack > room, body.flash))


def _told(blob: dict[str, bytes]) -> dict[str, Any]:
    """What the manifest says of NAME.bin."""
    return {"blob": facts_of(next(iter(blob.values())))} if blob else {}


def _budget(circuit: Circuit, body: Body, settings: CSettings) -> dict[str, Any]:
    """What the manifest says of flash and RAM, held to the budgets and the board. Raises Failed beyond them."""
    if body.code is None:
        return {}
    chip, board = chip_of(settings.board), settings.board
    needs = chip.footprint(circuit, code=body.code, tables=body.tables, workspace=body.workspace, stack=body.stack)
    check_budget(circuit, needs, settings.max_flash, settings.max_ram)
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
