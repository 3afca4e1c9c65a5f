"""What a reader converted, guessed or left out, as lines for the user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lgnc.data.table import quoted

_SHOWN = 3


@dataclass(frozen=True)
class Remark:
    """`what` happened to a column, and to how many of its cells (None: to the column as a whole)."""

    column: str
    what: str
    cells: int | None


def notes_of(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """One line for each thing that happened, with the columns and the number of cells that it happened to."""
    by_what: dict[str, list[Remark]] = {}
    for remark in remarks:
        by_what.setdefault(remark.what, []).append(remark)
    lines = []
    for what, group in by_what.items():
        shown = ", ".join(quoted(remark.column) for remark in group[:_SHOWN])
        if len(group) > _SHOWN:
            shown += f" and {len(group) - _SHOWN} more"
        cells = [remark.cells for remark in group if remark.cells is not None]
        count = f"{sum(cells):,} cell{'s' * (sum(cells) != 1)} " if cells else ""
        lines.append(f"column{'s' * (len(group) > 1)} {shown}: {count}{what}")
    return tuple(lines)
