"""What an error says: one line, whatever the names in it, and nothing that acts on a terminal."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from lgnc.diagnostics import BadInput, printable, unknown

HOSTILE = "\x1b]0;title\x07\x1b[2Jred\r\nlgnc: ok\u202egnp.exe\u2066\u200b\u2028\x85\x7f\ud800"


def test_a_message_is_one_line_that_a_terminal_shows_as_it_is() -> None:
    error = BadInput(f"class '{HOSTILE}'", where=f"{HOSTILE}.lgir", fix=f"rename {HOSTILE}")
    for text in (str(error), error.what, error.where, error.fix):
        assert text.isprintable()
        assert text.encode().splitlines() == [text.encode()]
    assert r"\x1b]0;title\x07\x1b[2Jred lgnc: ok\u202egnp.exe\u2066\u200b\u2028\x85\x7f\ud800" in error.what
    assert str(unknown("pass", HOSTILE, ["fold"])).isprintable()


@pytest.mark.parametrize("name", ["größe", "身長 cm", "a\u00a0b", "C:\\new\\table", "naïve 🌍", "العمر", "", "  two  "])
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert printable(name) == name


def test_no_control_character_gets_through() -> None:
    for code in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(code))
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            assert printable(chr(code)).isascii(), hex(code)
    assert printable(printable(HOSTILE)) == printable(HOSTILE)
