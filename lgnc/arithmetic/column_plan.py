"""Which compressor comes next when six-input tables are what counts: the cheapest way to add up whole columns."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter

LARGE = 20
"""A column of more bits than this takes six of them at a time: what is left over decides what is lost."""

_TABLE, _RIPPLE = 2, 3
"""The price of a table, and of a column that waits for the one below: a level is worth a table and a half."""


def outputs_of(ones: int, twos: int) -> int:
    """Output bits of a compressor of so many bits of weight 1 and of weight 2."""
    return (ones + 2 * twos).bit_length()


@lru_cache(maxsize=64)
def _shapes(columns: int) -> tuple[tuple[int, int], ...]:
    """(ones, twos) of at most six bits: three outputs at most, more only where the columns end and cut them off."""
    every = ((ones, twos) for ones in range(6, 1, -1) for twos in range(7 - ones))
    return tuple(
        (ones, twos)
        for ones, twos in every
        if (outputs_of(ones, twos) <= 3 or columns <= 2) and (columns > 1 or not twos)
    )


def next_shape(columns: int, here: int, above: int, beyond: int) -> tuple[int, int]:
    """(ones, twos) of the compressor to place in a column of `here` bits, at least two.

    columns: how many there are from this one up: carries out of the last are dropped. above, beyond: bits in the two
    columns after this one.
    """
    if here > LARGE:
        return 6, 0
    return min(_choices(columns, here, above, beyond), key=itemgetter(0))[1]


def _choices(columns: int, here: int, above: int, beyond: int) -> list[tuple[int, tuple[int, int]]]:
    """(price of this and all that follows, shape): the largest shape first."""
    found = []
    for ones, twos in _shapes(columns):
        if ones <= here and twos <= above:
            given = min(outputs_of(ones, twos), columns)
            rest = _price(columns, here - ones + 1, above - twos + (given > 1), beyond + (given > 2))
            found.append((_TABLE * given + rest, (ones, twos)))
    return found


@lru_cache(maxsize=1 << 19)
def _price(columns: int, here: int, above: int, beyond: int) -> int:
    """The least price of bringing this column and the ones after it to one bit each."""
    if here <= 1:
        if columns <= 1:
            return 0
        return _price(columns - 1, above, beyond if columns > 2 else 0, 0) + (_RIPPLE if above > 1 else 0)
    if here > LARGE:
        times = -(-(here - LARGE) // 5)
        more, most = times * (columns > 1), times * (columns > 2)
        return _TABLE * times * min(3, columns) + _price(columns, here - 5 * times, above + more, beyond + most)
    return min(price for price, _ in _choices(columns, here, above, beyond))
