"""What a user decides about a table: which columns are features, what a class is, which rows are for test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lgnc.diagnostics import BadInput, unknown

if TYPE_CHECKING:
    from lgnc.data.held import Held

ORDERS = ("random", "last")


@dataclass(frozen=True)
class Choices:
    """keep: columns that stay features whatever they look like; drop: columns that do not become features.

    min_class_rows: a class with fewer training rows is left out; None: those with one row, unless fewer than two
    would stay or the test rows are given. bins: cut a measurement into so many classes of about as many rows each; 0
    takes each number as a class, None asks. match_case: labels that differ in case alone are different classes.
    split: 'random', by class, or 'last': the last rows are for test. group: rows that agree in this column lie on the
    same side. test: the file of the test rows, or test rows in memory.
    """

    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    min_class_rows: int | None = None
    bins: int | None = None
    match_case: bool = False
    split: str = "random"
    group: str | None = None
    test: str | Held | None = None

    def __post_init__(self) -> None:
        """Raise BadInput for a value out of range, or two ways to split at once."""
        if self.split not in ORDERS:
            raise unknown("split", self.split, ORDERS, where="--split")
        if self.min_class_rows is not None and self.min_class_rows < 1:
            what = f"{self.min_class_rows} is no number of rows"
            raise BadInput(what, where="--min-class-rows", fix="give 1 or more")
        if self.bins is not None and (self.bins == 1 or not 0 <= self.bins <= 1000):
            fix = "give a number of classes from 2 to 1000, or 0 to take each number as a class"
            raise BadInput(f"{self.bins} is no number of classes", where="--bins", fix=fix)
        asked = {"--split last": self.split == "last", "--group": self.group, "--test": self.test is not None}
        ways = [way for way, wanted in asked.items() if wanted]
        if len(ways) > 1:
            raise BadInput(f"{ways[0]} and {ways[1]} exclude each other", where="split", fix="give one of them")
        if both := sorted(set(self.keep) & set(self.drop)):
            raise BadInput(f"column '{both[0]}' is to be kept and dropped", where="--keep", fix="give one of them")
