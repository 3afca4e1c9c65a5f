"""The exceptions that users see. Each says what is wrong, where, and what to do about it.

The command line prints them as one line and exits with `exit_code`; nothing else in lgnc calls `sys.exit`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

_LINE_BREAK = re.compile(r"\s*[\r\n]\s*")
"""A tool's words may have several lines; an error has one."""


def printable(text: str) -> str:
    """`text` as a terminal may show it: one line, in which nothing acts on the terminal or on the order of letters.

    Control characters, line breaks, marks that turn text round or are not seen, and halves of surrogate pairs become
    escapes as Python writes them (`\\x1b`, `\\u202e`). Letters of every script, and blanks, stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or unicodedata.category(letter) == "Zs" else ascii(letter)[1:-1]
        for letter in text
    )


class LgncError(Exception):
    """What is wrong (`what`), the file, line or option it concerns (`where`), and the remedy (`fix`).

    All three are made one line each that is safe to print, whatever names of a stranger's file they quote.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = (printable(_LINE_BREAK.sub(" ", text)) for text in (what, where, fix))
        super().__init__(": ".join(filter(None, (self.where, self.what))) + (f" ({self.fix})" if fix else ""))


class Failed(LgncError):
    """A check or a tool ran and said no: exit code 1."""


class Interrupted(Failed):
    """Ctrl-C ended the work, and what there was of it is kept: exit code 130."""

    exit_code = 130


class BadInput(LgncError):
    """A file, an option or a value is not usable: exit code 2."""

    exit_code = 2


class ToolMissing(LgncError):
    """An optional tool or package is not installed: exit code 3."""

    exit_code = 3


class LgncWarning(UserWarning):
    """What lgnc left out, guessed or converted, in one line: how the verbs of `import lgnc` say it."""


def unknown(kind: str, name: str, valid: Iterable[str], *, where: str = "") -> BadInput:
    """A `BadInput` for a name that is not in `valid`: lists the valid ones and offers the closest."""
    names, name = sorted(valid), name if len(name) <= 80 else f"{name[:77]}..."
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    listed = ", ".join(names[:50]) + (f" and {len(names) - 50} more" if len(names) > 50 else "")
    return BadInput(f"unknown {kind} '{name}'", where=where, fix=f"{hint}valid: {listed}")


def listed(names: Sequence[str], word: str = "or") -> str:
    """'a', 'a or b', 'a, b or c'."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
