"""C identifiers of members, and C strings; `lgnc.backends.row_names` makes words of what users call things."""

from __future__ import annotations

from lgnc.backends.c.names import check_c_name
from lgnc.diagnostics import BadInput

_MACROS = "errno linux unix i386 arm mips sparc vax sun near far small hyper interface std"
"""What compilers and systems define in small letters."""


def as_field(word: str) -> str:
    """The word as a member of a struct: keywords and macros end in an underscore."""
    try:
        return f"{word}_" if word in _MACROS.split() else check_c_name(word)
    except BadInput:
        return f"{word}_"


def c_string(text: str) -> str:
    """A C string literal of the text in UTF-8; nothing in it is an escape that could run on."""
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in text.encode("utf-8")
    )
    return f'"{"".join(plain)}"'
