"""Labels that are measurements: telling them from classes, and cutting them into classes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from lgnc.data.table import Ints

Number = int | float


def is_measurement(counts: Mapping[Number, int]) -> bool:
    """Whether labels that are all numbers measure something rather than name classes. counts: rows of each number.

    More than ten different fractions do unless each has ten rows on average; more than twenty whole numbers do when one
    in ten stands in a single row.
    """
    distinct, rows = len(counts), sum(counts.values())
    if any(value != int(value) for value in counts):
        return distinct > 10 and rows < 10 * distinct
    return distinct > 20 and 10 * sum(count == 1 for count in counts.values()) >= distinct


def quantile_edges(values: Sequence[Number], counts: Ints, bins: int) -> tuple[Number, ...]:
    """At most bins - 1 of the values, rising: a class ends with each, and has about as many rows as the others.

    values: rising and different; counts: the rows of each. Ties make fewer classes.
    """
    upto = np.cumsum(counts)
    wanted = np.arange(1, bins) * (int(upto[-1]) / bins)
    places = np.unique(np.searchsorted(upto, wanted - 1e-9))
    return tuple(values[place] for place in places.tolist() if place < len(values) - 1)


def bin_names(edges: Sequence[Number]) -> tuple[str, ...]:
    """The classes that edges make: '<= 2', '(2, 3.5]', '> 3.5'."""
    inner = [f"({low}, {high}]" for low, high in pairwise(edges)]
    return (f"<= {edges[0]}", *inner, f"> {edges[-1]}")


def bin_of(value: Number, edges: Sequence[Number]) -> int:
    """The index of the class that holds a number."""
    return bisect_left(edges, value)
