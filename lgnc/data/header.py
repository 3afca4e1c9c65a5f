"""Whether the first row of a file names its columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from lgnc.data.cells import RawColumn, text_column
from lgnc.data.numbers import parse_number
from lgnc.data.table import MISSING, NUMERIC_SHARE, Ints, quoted
from lgnc.diagnostics import BadInput

_SAMPLE = 100
"""How many texts of a column are looked at."""

_MOST = 10
"""How many cells count that hold one text."""


@dataclass(frozen=True, eq=False)
class First:
    """A column's first cell beside what stands below it.

    new: no other cell of the column holds it. blank: the others are missing. numeric: they are numbers. repeated: each
    of their texts occurs again. below: how often each of `texts` does.
    """

    title: str
    new: bool
    blank: bool
    numeric: bool
    repeated: bool
    below: Ints
    texts: Sequence[str]

    @property
    def number(self) -> int | float | None:
        return parse_number(self.title)


def tidy(cell: str) -> str:
    """A cell on one line, white space at its ends dropped."""
    return " ".join(cell.split())


def titles_of(first: Sequence[str]) -> list[str]:
    """The names that a header gives: a blank one is 'column N'."""
    return [tidy(cell) or f"column {index + 1}" for index, cell in enumerate(first)]


def check_titles(titles: Sequence[str], where: str) -> None:
    """Raise BadInput when two columns have the same name."""
    seen: set[str] = set()
    for title in titles:
        if title in seen:
            raise BadInput(f"two columns are called {quoted(title)}", where=where, fix="rename one of them")
        seen.add(title)


def known_header(first: Sequence[str], label: str | None, names: Sequence[str] | None) -> bool:
    """Whether the first row holds the label's name, or at least half of the names known from training."""
    titles = set(titles_of(first))
    if label is not None and label in titles:
        return True
    return names is not None and 2 * len(titles & set(names)) >= len(names)


def looks_like_header(raw: Sequence[RawColumn], missing: Collection[str] = MISSING) -> bool:
    """Whether the first row, the first text of each column, names the columns, by its cells and those below.

    It does when it counts the columns from 0 and ends in a label that no other row has, when it is blank above row
    numbers, and when it has numbers as the axis of a table of counts does. Else, when the rows below have numeric
    columns: if it has text there and no number; or more texts than numbers; or a text that is new, or a label that is
    while others are not, beside numbers that only rise or only fall. Else, if none of its cells occurs again in its own
    column.
    """
    cells = [_first(one, missing) for one in raw]
    if len(raw[0].codes) < 2:
        return all(cell.number is None for cell in cells)
    counted = [cell.title for cell in cells[:-1] if cell.title]
    if len(counted) > 1 and counted == list(map(str, range(len(counted)))) and cells[-1].new:
        return True
    numeric = [cell for cell in cells if cell.numeric]
    if not numeric:
        return all(cell.new and not (cell.blank and cell.number is not None) for cell in cells)
    present = [cell for cell in numeric if cell.title not in missing]
    numbers = [cell.number for cell in present if cell.number is not None]
    texts = len(present) - len(numbers)
    if not cells[0].title and (_counts_rows(cells[0]) or _crosses(cells)):
        return True
    if not numbers:
        return texts > 0 or (not cells[0].title and len(cells[0].below) > 1 and bool((cells[0].below <= 1).all()))
    titles = [cell.title for cell in cells]
    if len(set(titles)) < len(titles):
        return False
    if texts > len(numbers):
        return True
    others = [cell for cell in cells if not cell.numeric]
    if not all(cell.new for cell in others):
        return False
    monotone = all(a < b for a, b in pairwise(numbers)) or all(a > b for a, b in pairwise(numbers))
    if texts:
        return all(cell.new for cell in present) and (monotone or texts >= len(numbers))
    return monotone and len(numbers) > 1 and any(cell.repeated for cell in others)


def _first(raw: RawColumn, missing: Collection[str]) -> First:
    below = np.bincount(raw.codes[1:], minlength=len(raw.texts))
    title = tidy(raw.texts[0])
    used = np.flatnonzero(below)
    new = not below[0] and title not in map(str.strip, islice(raw.texts, 1, None))
    sample = used[:_SAMPLE]
    share = None
    if len(sample):
        codes = np.repeat(np.arange(len(sample), dtype=np.int32), np.minimum(below[sample], _MOST))
        share = text_column("", codes, [raw.texts[int(index)] for index in sample]).numeric_share()
    repeated = bool((below > 1).any()) and all(raw.texts[int(index)] in missing for index in used[below[used] == 1])
    return First(title, new, share is None, share is not None and share >= NUMERIC_SHARE, repeated, below, raw.texts)


def _crosses(cells: Sequence[First]) -> bool:
    """Whether three or more columns are called by numbers that rise or fall, and the rows, below the blank corner, by
    names that are all different: a table of counts over two measurements.
    """
    numbers = [cell.number for cell in cells[1:]]
    steps = [b > a for a, b in pairwise(numbers) if a is not None and b is not None and a != b]
    ordered = len(steps) == len(numbers) - 1 > 1 and len(set(steps)) == 1
    return (
        ordered and all(cell.new for cell in cells[1:]) and np.count_nonzero(cells[0].below) == cells[0].below.sum() > 1
    )


def _counts_rows(cell: First) -> bool:
    """Whether the cells below are whole numbers that are all different and leave no gap, as row numbers are."""
    used = np.flatnonzero(cell.below)
    if (cell.below[used] > 1).any():
        return False
    numbers = [parse_number(cell.texts[int(index)]) for index in used]
    if not all(isinstance(number, int) for number in numbers):
        return False
    whole = sorted(number for number in numbers if number is not None)
    return whole[-1] - whole[0] == len(whole) - 1
