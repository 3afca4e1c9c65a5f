"""Sums side by side in one integer, each in bits of its own: masks and shifts take some of them as they are."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from lgnc.readback.c_values import Linear


def masked(value: Linear, mask: int, width: int) -> Linear | None:
    """value & mask, where every run of equal bits of the mask is the place of a sum that stays within it; else None."""
    edges = [0, *(bit for bit in range(1, width) if (mask >> bit ^ mask >> (bit - 1)) & 1), width]
    fields = _split(value, edges)
    if fields is None:
        return None
    kept = [field for start, field in zip(edges, fields, strict=False) if mask >> start & 1]
    terms: dict[int, int] = {}
    for field in kept:
        for literal, times in field.items():
            terms[literal] = terms.get(literal, 0) + times
    return Linear(value.const & mask, terms)


def shifted(value: Linear, by: int, width: int) -> Linear | None:
    """value >> by, where the lowest `by` bits are the place of a sum that stays within them; else None."""
    fields = _split(value, [0, by, width]) if by else None
    return None if fields is None else Linear(value.const >> by, {key: times >> by for key, times in fields[1].items()})


def _split(value: Linear, edges: list[int]) -> list[dict[int, int]] | None:
    """The terms between each edge and the next one, where their sum, with the number's bits there, stays below that."""
    fields: list[dict[int, int]] = [{} for _ in edges[1:]]
    if value.const < 0 or any(times < 0 for times in value.terms.values()) or value.high >> edges[-1]:
        return None
    masks = [(1 << end) - (1 << start) for start, end in pairwise(edges)]
    for literal, times in value.terms.items():
        first, last = (
            bisect_right(edges, bit) - 1 for bit in ((times & -times).bit_length() - 1, times.bit_length() - 1)
        )
        for place in range(first, last + 1):
            if times & masks[place]:
                fields[place][literal] = times & masks[place]
    for mask, end, field in zip(masks, edges[1:], fields, strict=True):
        own = value.const & mask
        if own + sum(field.values()) >> end:
            return None
    return fields
