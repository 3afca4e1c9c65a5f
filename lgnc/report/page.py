"""A page of sections as one HTML file that needs nothing outside itself: no script, no font, no picture elsewhere.

Every text is escaped by the template; charts come from `lgnc.report.charts`, whose texts matplotlib escapes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from lgnc.diagnostics import printable
from lgnc.toolchain import require_package

MOST_ROWS = 60
"""Rows of a table that a page shows; a line says how many more there are."""

_LONGEST = 400


@dataclass(frozen=True)
class Bar:
    """A cell of a table: a text over a bar of `share` (0 to 1) of the cell."""

    text: str
    share: float


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows under a header. right: the columns aligned right. fold: it is shown when its `title` is clicked. half: it
    takes half of the page's width.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    right: Sequence[int] = ()
    title: str = ""
    fold: bool = False
    half: bool = False
    kind = "table"


@dataclass(frozen=True)
class Chart:
    """svg: markup that is put into the page as it is. wide: as wide as the page."""

    title: str
    svg: str
    caption: str = ""
    wide: bool = False
    kind = "chart"


@dataclass(frozen=True)
class Picture:
    """A PNG, and the texts under it."""

    png: bytes
    lines: Sequence[str]

    @property
    def url(self) -> str:
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side. width: of each, in pixels of the page."""

    pictures: Sequence[Picture]
    width: int = 84
    title: str = ""
    kind = "gallery"


Block = Text | Table | Chart | Gallery


@dataclass(frozen=True)
class Section:
    """A heading and what is under it."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in self.title.lower())


@dataclass(frozen=True)
class Page:
    """title; lead: the line under it; cards: (name, value, remark); sections; unknown: what is left out, and why."""

    title: str
    lead: str
    cards: Sequence[tuple[str, str, str]]
    sections: Sequence[Section]
    unknown: Sequence[str]


def render(page: Page) -> bytes:
    """The page as HTML. The same page gives the same bytes. Raises ToolMissing without the packages of lgnc[report]."""
    template = environment().get_template("report.html.j2")
    return str(template.render(page=page, most=MOST_ROWS)).encode("utf-8", errors="replace")


def environment() -> Any:
    """Where templates come from: this package's `templates`; every text in them is escaped."""
    require_package("jinja2")
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files("lgnc.report") / "templates"
    made = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["shown"] = shown
    return made


def shown(value: object) -> str:
    """A cell or a line as it is shown: printable, of a bounded length."""
    text = printable(str(value)[: 4 * _LONGEST])
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
