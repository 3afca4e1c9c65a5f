"""A toy target: a folder and a row in the table are all that it takes. It writes a function for each output's name."""

from __future__ import annotations

from dataclasses import dataclass

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.setting import choice, number, size
from lgnc.backends.target import Target
from lgnc.ir.circuit import Circuit


@dataclass(frozen=True)
class RustSettings:
    edition: str = choice(("2018", "2021"), "the language's edition", default="2021")
    unroll: int | None = number("gates a function", unless="all in one")
    max_flash: int | None = size("bytes of tables", unless="no limit")


def emit(circuit: Circuit, options: Options) -> Artifact:
    settings = TARGET.read(options.settings)
    text = f"// edition {settings.edition}, {settings.unroll or circuit.gates} of {circuit.gates} gates a function\n"
    return Artifact({f"{options.name}.rs": text.encode()}, {"crate": options.name})


TARGET = Target("rust", RustSettings, __name__, endings=(".rs",))
