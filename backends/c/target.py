"""What the C target is, and its settings."""

from __future__ import annotations

from dataclasses import dataclass

from lgnc.backends.c.boards import BOARDS
from lgnc.backends.c.packages import PACKAGES
from lgnc.backends.setting import choice, flag, size
from lgnc.backends.target import Engine, Target
from lgnc.diagnostics import BadInput

PROFILES = ("host", "mcu", "portable")
STYLES = ("auto", "table", "straight", "words", "unrolled")


@dataclass(frozen=True)
class CSettings:
    """Raises BadInput for values that do not go together. `profile` is the one that is compiled for."""

    target_profile: str | None = choice(
        PROFILES,
        "the most samples a second; the least flash and RAM for one sample; 64 samples in plain C99",
        unless="host, and mcu with a board",
    )
    style: str = choice(
        STYLES,
        "tables and one evaluator; straight code for a sample, by gates or words; rows unrolled; or the smaller",
        default="auto",
    )
    board: str | None = choice(tuple(BOARDS), "adds a project for a microcontroller board, profile mcu", unless="none")
    blob: bool = flag("profile mcu: adds the tables as NAME.bin, and code that reads such files")
    package: str | None = choice(PACKAGES, "adds a header with all code, or what an ecosystem asks for", unless="none")
    max_flash: int | None = size("profile mcu: refuse to write more than this", unless="no limit")
    max_ram: int | None = size("profile mcu: refuse to need more than this", unless="no limit")

    @property
    def profile(self) -> str:
        return self.target_profile or ("host" if self.board is None else "mcu")

    def __post_init__(self) -> None:
        if self.profile == "mcu":
            if self.style == "unrolled":
                fix = "use straight or table, or another profile"
                raise BadInput("the mcu form takes one sample at a time", where="--style", fix=fix)
            return
        if self.board is not None:
            fix = "use it with --target-profile mcu"
            raise BadInput(f"board {self.board} runs the MCU form", where="--board", fix=fix)
        if self.blob:
            fix = "use --target-profile mcu"
            raise BadInput("only the mcu form reads its tables from a blob", where="--blob", fix=fix)
        for option, budget in (("--max-flash", self.max_flash), ("--max-ram", self.max_ram)):
            if budget is not None:
                raise BadInput("only the mcu form has a budget", where=option, fix="use --target-profile mcu")


TARGET = Target(
    "c",
    CSettings,
    "lgnc.backends.c.emit",
    endings=(".c", ".h"),
    engines=(Engine("cc", tools=("cc",)),),
    threads=True,
    loadable=True,
    read_back=True,
)
