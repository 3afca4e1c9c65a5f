"""One setting of a target: a field of its settings dataclass, which says what values it takes and what for.

`choice`, `number`, `size` and `flag` make such fields:

    @dataclass(frozen=True)
    class RustSettings:
        edition: str = choice(("2018", "2021"), "the language's edition", default="2021")
        unroll: int | None = number("gates a function", unless="all in one")
"""

from __future__ import annotations

import operator
import re
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal

from lgnc.diagnostics import BadInput, unknown

LARGEST = 2**31 - 1
_SUFFIX = {"": 1, "k": 1 << 10, "m": 1 << 20}


@dataclass(frozen=True)
class Setting:
    """name: with underscores. help: what for, in a few words. choices: of kind 'choice'. default: what it is when it
    is not given, in words; '' where there is nothing to say. Numbers and sizes, in bytes, are 1 to LARGEST.
    """

    name: str
    kind: Literal["choice", "number", "size", "flag"]
    help: str
    choices: tuple[str, ...]
    default: str

    @property
    def option(self) -> str:
        """'--max-flash' of 'max_flash'."""
        return "--" + self.name.replace("_", "-")

    @property
    def values(self) -> str:
        """What it may be, in words."""
        told = {"number": "1 or more", "size": "bytes: 512, 16K or 1M", "flag": "given or not"}
        return ", ".join(self.choices) or told[self.kind]

    def check(self, value: object) -> str | int:
        """The value, as a plain str or int. Raises BadInput when it is of another type or out of range."""
        if self.kind == "choice":
            if not isinstance(value, str) or value not in self.choices:
                raise unknown(self.name.replace("_", " "), _shown(value), self.choices, where=self.option)
            return str(value)
        if self.kind == "flag":
            if type(value) is not bool:
                fix = "give True or False"
                raise BadInput(f"{self.name} is {_shown(value)}, not True or False", where=self.option, fix=fix)
            return value
        wanted, fix = {
            "number": ("a whole number above 0", "for instance 4"),
            "size": ("a number of bytes", "give a positive integer"),
        }[self.kind]
        number = _whole(value)
        if number is None or number < 1:
            raise BadInput(f"{self.name} is {_shown(value)}, not {wanted}", where=self.option, fix=fix)
        if number > LARGEST:
            raise BadInput(f"{self.name} is above {LARGEST:,}", where=self.option, fix=fix)
        return number

    def parse(self, text: str) -> str | int:
        """The value that a command line's word stands for. Raises BadInput as `check` does."""
        if self.kind == "choice":
            return self.check(text)
        match = re.fullmatch(r"([0-9]{1,10})([kKmM]?)" if self.kind == "size" else r"([0-9]{1,10})()", text)
        if match is None:
            wanted = "a size such as 512, 16K or 1M" if self.kind == "size" else "a whole number above 0"
            raise BadInput(f"{text[:60]!r} is not {wanted}", where=self.option, fix="give another value")
        return self.check(int(match[1]) * _SUFFIX[match[2].lower()])


def _whole(value: object) -> int | None:
    """A Python int of an int or a numpy integer, not of True."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def _shown(value: object) -> str:
    """A wrong value in a message: text as it is, numbers that Python may refuse to print as words."""
    if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        return "a number beyond 32 bits"
    return value[:60] if isinstance(value, str) else f"{value!r:.60}"


def choice(choices: tuple[str, ...], help: str, *, default: str | None = None, unless: str = "") -> Any:
    """A field that is one of `choices`. unless: what the default None means, in words."""
    return _field("choice", help, choices, default, unless)


def number(help: str, *, unless: str = "") -> Any:
    """A field that is a whole number above 0, or None."""
    return _field("number", help, (), None, unless)


def size(help: str, *, unless: str = "") -> Any:
    """A field that is a number of bytes above 0, or None; the command line takes 16K and 1M too."""
    return _field("size", help, (), None, unless)


def flag(help: str) -> Any:
    """A field that is False unless it is given."""
    return _field("flag", help, (), False, "")


def _field(kind: str, help: str, choices: tuple[str, ...], default: str | bool | None, unless: str) -> Any:
    return field(default=default, metadata={"kind": kind, "help": help, "choices": choices, "unless": unless})


def _setting(own: Field[Any]) -> Setting:
    told = own.metadata
    if own.default is MISSING or "kind" not in told:
        raise TypeError(f"field '{own.name}' is not made by choice, number or size")
    return Setting(own.name, told["kind"], told["help"], told["choices"], own.default or told["unless"])


def settings_in(kind: type[Any]) -> dict[str, Setting]:
    """Name -> setting of a target's settings dataclass, in the order of its fields."""
    return {own.name: _setting(own) for own in fields(kind)}
