"""Words for what users call their columns and categories: small letters for fields and ports, capitals for constants;
letters, digits and single underscores, as C and Verilog both take them.
"""

from __future__ import annotations

import re
import unicodedata

_SIGNS = {"<": " LT ", ">": " GT ", "=": " EQ ", "+": " PLUS ", "%": " PERCENT ", "&": " AND "}

_LONGEST = 60


def _word(text: str) -> str:
    """Letters, digits and single underscores; a sign that tells values apart becomes a word."""
    told = re.sub(r"^-(?=[0-9.])", "MINUS ", text.strip())
    for sign, word in _SIGNS.items():
        told = told.replace(sign, word)
    plain = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:_LONGEST].rstrip("_")


class Identifiers:
    """Gives each name once, and none of `taken`: a repeated one ends in _2, _3, ..."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)
        self._last: dict[str, int] = {}

    def of(self, wanted: str) -> str:
        name, number = wanted, self._last.get(wanted, 1)
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._last[wanted] = number
        self._taken.add(name)
        return name


def field_word(text: str, otherwise: str) -> str:
    """A column's name as a word in small letters, which starts with a letter. otherwise: where nothing is left."""
    word = _word(text).lower() or otherwise
    return word if word[0].isalpha() else f"x{word}"


def constant_word(text: str) -> str:
    """A category's or a class's name as a word in capitals."""
    return _word(text).upper() or "EMPTY"
