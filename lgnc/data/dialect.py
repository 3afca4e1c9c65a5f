"""How a text file separates its cells, and which lines at its start are not rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lgnc.data.numbers import parse_number, written

_SAMPLE = 1 << 17
_ROWS = 100
_SEPARATORS = ",;\t|"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_SEP_LINE = re.compile(r"sep=(.)", re.IGNORECASE)

BLANKS = " "
"""The separator of cells that runs of blanks and tabs separate."""


@dataclass(frozen=True)
class Dialect:
    """separator: one character; BLANKS means runs of white space. width: cells of most rows.

    skipped: lines before the first row. header: the names where they do not stand in the first row, else None.
    """

    separator: str
    width: int
    skipped: int
    header: tuple[str, ...] | None
    notes: tuple[str, ...]
    quote: str = '"'


def split_lines(lines: Iterable[str], separator: str, quote: str = '"', *, strict: bool) -> Any:
    """A csv reader of the lines; it raises csv.Error for bad quotes when strict."""
    if separator == BLANKS:
        lines = (" ".join(line.split()) + "\n" for line in lines)
    return csv.reader(lines, delimiter=separator, quotechar=quote, skipinitialspace=True, strict=strict)


def find_dialect(data: bytes) -> Dialect:
    """The dialect of a text, from its first lines. The width is below 2 when the rows have one cell only."""
    lines = [line.decode("utf-8", "ignore") for line in _first_lines(data)]
    at, given, comments = 0, None, list[int]()
    while at < len(lines):
        line = lines[at].strip()
        if line.startswith(("#", "%")):
            comments.append(at)
        elif match := _SEP_LINE.fullmatch(line):
            given = match[1]
        elif line:
            break
        at += 1
    if at == len(lines) or (comments and all(line.startswith(lines[comments[0]][0]) for line in lines if line.strip())):
        at, comments = 0, []
    separator, width, rows = _choose(lines[at:], given)
    title = _title_rows(rows, width)
    notes = []
    header = None
    if comments and comments[-1] == at - 1 and not title:
        header = _header_in(lines[at - 1], separator, width, rows)
    left_out = comments[: len(comments) - (header is not None)]
    if left_out:
        notes.append(f"{len(left_out)} comment line{'s' * (len(left_out) > 1)} at the start left out")
    if title:
        notes.append(f"{len(title)} title line{'s' * (len(title) > 1)} left out: {title[0][1][:60]!r}")
        at += title[-1][0]
    if header is not None:
        notes.append("the names of the columns are read from a comment line")
    if separator in "|" + BLANKS:
        notes.append(f"cells are separated by {'blanks' if separator == BLANKS else repr(separator)}")
    return Dialect(separator, width, at, header, tuple(notes))


def _first_lines(data: bytes) -> list[bytes]:
    """The lines of the first part of a text, without one that is cut off there, if there are others."""
    lines = _LINE_END.split(data[:_SAMPLE])
    if len(data) > _SAMPLE and len(lines) > 1:
        lines.pop()
    return lines[: 2 * _ROWS]


def _choose(lines: list[str], given: str | None) -> tuple[str, int, list[tuple[int, list[str]]]]:
    """The separator that splits the lines most evenly, the width of most rows, and the rows with their last line.

    Between two that do, it is the one with more cells that are numbers, then the one with more cells.
    """
    best: tuple[tuple[float, float, int], str, int, list[tuple[int, list[str]]]] | None = None
    for separator in [given] if given is not None else [*_SEPARATORS, BLANKS]:
        rows = _rows(lines, separator)
        widths = Counter(len(row) for _, row in rows if len(row) > 1)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        numbers = _number_share([row for _, row in rows[1:] or rows if len(row) == width], separator)
        even = round(count / max(len(rows), 1), 2)
        if separator == BLANKS and (numbers < 0.25 or even < 0.8):
            continue
        score = (even, round(numbers, 2), width)
        if best is None or score > best[0]:
            best = score, separator, width, rows
    return best[1:] if best else (",", 1, [])


def _rows(lines: list[str], separator: str) -> list[tuple[int, list[str]]]:
    reader = split_lines(lines, separator, strict=False)
    rows = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, row))
    except csv.Error:
        pass
    return rows[:_ROWS]


def _number_share(rows: list[list[str]], separator: str) -> float:
    cells = [cell.strip() for row in rows for cell in row[:200]]
    cells = [cell for cell in cells[:2000] if cell]

    def is_number(cell: str) -> bool:
        if separator == BLANKS and cell[-1] in ",;":
            return False
        return parse_number(cell) is not None or written(cell) is not None

    return sum(map(is_number, cells)) / max(len(cells), 1)


def _title_rows(rows: list[tuple[int, list[str]]], width: int) -> list[tuple[int, str]]:
    """The rows before the first of the usual width, when they are short and all after them are not."""
    start = next((index for index, (_, row) in enumerate(rows) if len(row) == width), 0)
    after = rows[start:]
    short = all(2 * sum(1 for cell in row if cell.strip()) <= width for _, row in rows[:start])
    even = sum(len(row) == width for _, row in after) >= 0.9 * len(after)
    if not start or width < 2 or not short or not even or len(after) < 2:
        return []
    return [(line, " ".join(row).strip()) for line, row in rows[:start]]


def _header_in(line: str, separator: str, width: int, rows: list[tuple[int, list[str]]]) -> tuple[str, ...] | None:
    """The names in a comment line just above the first row, when they are as many as its cells and it holds numbers."""
    names = _rows([line.strip().lstrip("#%")], separator)
    numbers = rows and any(parse_number(cell.strip()) is not None for cell in rows[0][1])
    if not names or len(names[0][1]) != width or not numbers or any(not cell.strip() for cell in names[0][1]):
        return None
    return tuple(names[0][1])
