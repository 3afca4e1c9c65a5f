"""Projects that run a network on a microcontroller board: start code, main program, Makefile, rows with answers.

`lgnc.sim.board` builds and runs what is written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.golden import Golden
from lgnc.backends.c.mcu_budget import CHIPS, Chip, Footprint
from lgnc.backends.c.project import answers
from lgnc.backends.c.text import SIZES, constant, element_types, filled, named, runtime, table
from lgnc.diagnostics import Failed
from lgnc.ir.circuit import Circuit


@dataclass(frozen=True)
class Board:
    """engine: what emulates it. flash, ram: bytes. ticks: what its counter counts. family: of CHIPS.

    reserve: bytes of (flash, RAM) that the start code, the main program and its stack take. sources: what board.c is
    made of; makefile, linker: the other files it has of its own, under `runtime/boards`. words: what stands for each
    word between @ in them.
    """

    engine: str
    flash: int
    ram: int
    ticks: str
    family: str
    reserve: tuple[int, int]
    sources: tuple[str, ...]
    makefile: str
    linker: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


def _qemu(machine: str, family: str, sources: tuple[str, ...], kib: tuple[int, int], **words: str) -> Board:
    """A machine of QEMU. kib: of flash and RAM. words: those of the makefile."""
    flash, ram = kib
    return Board(
        engine=words["QEMU"],
        flash=1024 * flash,
        ram=1024 * ram,
        ticks="instructions",
        family=family,
        reserve=(3072, 1024),
        sources=sources,
        makefile="qemu.mk",
        linker=f"{sources[0].removesuffix('.c')}.ld",
        words=words | {"MACHINE": machine, "FLASH": f"{flash}K", "RAM": f"{ram}K"},
    )


def _cortex_m(machine: str, family: str, timer: str, kib: tuple[int, int], cpu: str) -> Board:
    """A Cortex-M under QEMU. timer: the file that reads its counter. cpu: what the compiler is told of it."""
    return _qemu(
        machine,
        family,
        ("cortex-m.c", timer),
        kib,
        QEMU="qemu-system-arm",
        TOOLS="arm-none-eabi",
        SPECS="nano.specs",
        CPU=f"{cpu} -mthumb",
        SHIFT="6",
        CONSOLE="-serial none -chardev stdio,id=host -semihosting-config enable=on,target=native,chardev=host",
    )


BOARDS: Mapping[str, Board] = {
    "atmega328p": Board(
        engine="simavr",
        flash=32 * 1024,
        ram=2 * 1024,
        ticks="cycles",
        family="avr",
        reserve=(3072, 192),
        sources=("atmega328p.c",),
        makefile="atmega328p.mk",
    ),
    "microbit": _cortex_m("microbit", "cortex-m0", "nrf51_timer.c", (256, 16), "-mcpu=cortex-m0"),
    "mps2-an385": _cortex_m("mps2-an385", "cortex-m3", "mps2_timer.c", (4096, 4096), "-mcpu=cortex-m3"),
    "mps2-an386": _cortex_m(
        "mps2-an386",
        "cortex-m4f",
        "mps2_timer.c",
        (4096, 4096),
        "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16",
    ),
    "riscv32-virt": _qemu(
        "virt",
        "rv32imac",
        ("riscv32.c",),
        (4096, 4096),
        QEMU="qemu-system-riscv32",
        TOOLS="riscv64-unknown-elf",
        SPECS="picolibc.specs",
        SHIFT="0",
        CPU="-march=rv32imac -mabi=ilp32",
        CONSOLE="-bios none -serial stdio",
    ),
}

GOLDEN_BYTES = 1024
"""Flash for the rows that a project carries and their answers, one at least."""


def chip_of(board: str | None) -> Chip:
    """The family of a board's chip; a Cortex-M3 stands for a chip that is not known."""
    return CHIPS["cortex-m3" if board is None else BOARDS[board].family]


def state_room(circuit: Circuit, board: str | None, max_ram: int | None) -> int | None:
    """Bytes of RAM for the state alone that a board and a budget leave, or None when there is neither."""
    rooms = [] if max_ram is None else [max_ram]
    if board is not None:
        rooms.append(BOARDS[board].ram - _around(circuit) - BOARDS[board].reserve[1])
    rest = chip_of(board).footprint(circuit, code=0, tables=0, workspace=0).ram
    return min(rooms) - rest if rooms else None


def _around(circuit: Circuit) -> int:
    """Bytes of RAM of one row and its answer."""
    row = len(circuit.encoder.names) * SIZES[element_types(circuit)[0]]
    return row + (8 * circuit.head.classes if circuit.head is not None else len(circuit.outputs))


def check_fits(circuit: Circuit, needs: Footprint, board: str) -> None:
    """Raise Failed, with the figures, when a network and the program around it are more than a board holds."""
    chosen = BOARDS[board]
    flash = needs.flash + chosen.reserve[0] + GOLDEN_BYTES
    ram = needs.ram + _around(circuit) + chosen.reserve[1]
    for have, limit, what in ((flash, chosen.flash, "flash"), (ram, chosen.ram, "RAM")):
        if have > limit:
            raise Failed(
                f"needs about {have:,} bytes of {what} with the program around it; {board} has {limit:,}",
                where="--board",
                fix="compile with -O3, or train with a smaller --width or fewer thresholds",
            )


def board_files(circuit: Circuit, vectors: Golden, name: str, board: str) -> dict[str, bytes]:
    """The folder `board` beside NAME.c and NAME.h. Boards differ in board.c, board.ld and the Makefile alone."""
    element, _ = element_types(circuit)
    rows = golden_rows(circuit, vectors)
    texts = {
        "main.c": runtime("boards/main.c").replace("NAME_element", element),
        "NAME_rows.h": rows_header(element, rows, answers(circuit, rows)),
        **machine_files(board),
    }
    texts["Makefile"] = re.sub(r"\bNAME\.", f"{name}.", texts["Makefile"])
    return {f"board/{named(path, name)}": named(text, name).encode("ascii") for path, text in texts.items()}


def machine_files(board: str) -> dict[str, str]:
    """What a board has of its own: board.c, board.h, Makefile and, where it needs one, board.ld."""
    chosen = BOARDS[board]
    words = {"TICKS": chosen.ticks, **chosen.words}

    def text(*paths: str) -> str:
        return "".join(filled(f"boards/{path}", words) for path in paths)

    files = {"board.c": text(*chosen.sources), "board.h": text("board.h"), "Makefile": text(chosen.makefile)}
    return files | ({"board.ld": text(chosen.linker)} if chosen.linker else {})


def golden_rows(circuit: Circuit, vectors: Golden) -> NDArray[Any]:
    """[rows, features] in the encoder's type: the most telling ones, as many as small flash has room for."""
    columns = len(circuit.outputs) if circuit.head is None else circuit.head.classes
    width = len(circuit.encoder.names) * SIZES[element_types(circuit)[0]] + SIZES["int32_t"] * columns
    return vectors.rows[: max(1, GOLDEN_BYTES // max(1, width))]


def rows_header(element: str, rows: NDArray[Any], expected: NDArray[np.int32] | None) -> str:
    """The text of NAME_rows.h, before `named`: rows in flash for main.c to run and, unless None, their answers."""

    def flash(kind: str, title: str, values: NDArray[Any]) -> str:
        listed = [constant(value, kind) for value in values.ravel()]
        return table(f"BOARD_FLASH {kind} NAME_{title}[]", listed)

    parts = [
        "/* Rows that main.c runs, one after another. */",
        "#ifndef NAME_ROWS_H",
        "#define NAME_ROWS_H",
        "",
        '#include "board.h"',
        "",
        f"#define NAME_ROW_COUNT {len(rows)}",
        f"#define NAME_EXPECTED {0 if expected is None else 1}",
        "",
        flash(element, "rows", rows.view(np.uint8) if rows.dtype == np.bool_ else rows),
    ]
    if expected is not None:
        parts += ["/* The answer to each. */", flash("int32_t", "expected", expected)]
    return "\n".join([*parts, "#endif"]) + "\n"
