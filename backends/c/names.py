"""Names that can start C identifiers and name C files."""

from __future__ import annotations

import re

from lgnc.diagnostics import BadInput

_KEYWORDS = """auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    alignas alignof bool constexpr false nullptr static_assert thread_local true typeof asm
    and and_eq bitand bitor catch class compl concept const_cast decltype delete dynamic_cast explicit export friend
    mutable namespace new noexcept not not_eq operator or or_eq private protected public reinterpret_cast requires
    static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq main"""

_HEADERS = """assert complex ctype errno fenv float inttypes iso646 limits locale math memory setjmp signal stdalign
    stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings tgmath threads time uchar unistd
    wchar wctype"""

_TARGETS = """all clean edit_cache help install package package_source rebuild_cache test"""


def check_c_name(name: str) -> str:
    """`name`, when it can start C and C++ identifiers and name a file and a target of CMake.

    Raises BadInput that says why it cannot.
    """
    fix = "use letters, digits and '_', starting with a letter"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name):
        raise BadInput(f"'{name}' is not a C identifier", where="--name", fix=fix)
    if "__" in name:
        raise BadInput(f"'{name}' has two underscores in a row, which C++ reserves", where="--name", fix=fix)
    if name in _KEYWORDS.split():
        raise BadInput(f"'{name}' is a word of C or C++", where="--name", fix="choose another name")
    if name.lower() in _HEADERS.split():
        raise BadInput(f"'{name}.h' is a header of the C library", where="--name", fix="choose another name")
    if name in _TARGETS.split():
        raise BadInput(f"'{name}' is a target of CMake's own", where="--name", fix="choose another name")
    return name


def comment(text: str, limit: int = 60) -> str:
    """`text` made safe inside a C comment: one line of printable ASCII that cannot end or nest the comment."""
    cut = text[:limit] + ("..." if len(text) > limit else "")
    ascii_only = cut.encode("unicode_escape").decode("ascii")
    return re.sub(r"\*(?=/)|/(?=\*)|\?(?=\?)", r"\g<0> ", ascii_only)
