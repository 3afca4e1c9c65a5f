"""The cheapest C of a word of gates: one operation where all are one function, else masks that choose among terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.gates import TABLE


class Expression(NamedTuple):
    """C text, how many operations it has, and how many constants it reads."""

    text: str
    steps: int
    masks: int


_LOAD = 1
"""Operations that a constant is worth."""

_BASES = (
    ("{a}", (0, 0, 1, 1), 0),
    ("{b}", (0, 1, 0, 1), 0),
    ("({a} & {b})", (0, 0, 0, 1), 1),
    ("({a} | {b})", (0, 1, 1, 1), 1),
    ("({a} ^ {b})", (0, 1, 1, 0), 1),
    ("({a} & ~{b})", (0, 0, 1, 0), 1),
    ("({b} & ~{a})", (0, 1, 0, 0), 1),
)
"""Text, f(0, 0) f(0, 1) f(1, 0) f(1, 1), operations."""


def constant_word(value: int, width: int) -> str:
    """A mask as a C constant."""
    return f"UINT64_C(0x{value:x})" if width == 64 else f"0x{value:x}u"


def expression(op: NDArray[np.uint8], a: str, b: str, width: int) -> Expression:
    """C of a word whose gate i has number op[i], of the words `a` and `b`.

    With masks t for the gates' tables: any sixteen functions are ((a & t) ^ t) & b ^ (a & t) ^ t, with four masks;
    gates that are all 0, 1, g or not g, for one g, are (g & t) ^ t; and products and sums of inputs or their inverses
    are ((a ^ t) & (b ^ t)) ^ t.
    """
    found = [*_of_one(op, a, b, width), _of_any(op, a, b, width), _of_any(op, b, a, width, swapped=True)]
    found += _of_products(op, a, b, width)
    return min(found, key=lambda each: each.steps + _LOAD * each.masks)


def _mask(bits: NDArray[np.bool_]) -> int:
    return int("".join("1" if bit else "0" for bit in bits[::-1]), 2)


def _of_one(op: NDArray[np.uint8], a: str, b: str, width: int) -> Iterator[Expression]:
    """Expressions by each base of which every gate is a part."""
    table = TABLE[op].astype(np.bool_)
    flip = table[:, 0]  # Every base is 0 at (0, 0).
    rest = table ^ flip[:, None]
    used = np.asarray(rest.any(axis=1))
    for text, corners, steps in _BASES:
        if (rest[used] == np.array(corners, np.bool_)).all():
            yield _flipped(_kept(Expression(text.format(a=a, b=b), steps, 0), used, width), flip, width)


def _of_any(op: NDArray[np.uint8], a: str, b: str, width: int, *, swapped: bool = False) -> Expression:
    """((a & t) ^ t) & b ^ (a & t) ^ t by the tables' algebraic normal form."""
    table: NDArray[np.bool_] = TABLE[op].astype(np.bool_)
    f00, f10, f11 = table[:, 0], table[:, 1 if swapped else 2], table[:, 3]
    f01: NDArray[np.bool_] = table[:, 2 if swapped else 1]
    one = _flipped(_kept(Expression(a, 0, 0), f00 ^ f01 ^ f10 ^ f11, width), f00 ^ f01, width)
    two = _kept(Expression(a, 0, 0), f00 ^ f10, width)
    if one.text == "0u":
        product = one
    else:
        ones = one.text == constant_word((1 << width) - 1, width)
        product = Expression(b, 0, 0) if ones else Expression(f"({one.text} & {b})", one.steps + 1, one.masks)
    if two.text == "0u" or product.text == "0u":
        total = product if two.text == "0u" else two
    else:
        steps = product.steps + two.steps + 1
        total = Expression(f"({product.text} ^ {two.text})", steps, product.masks + two.masks)
    return _flipped(total, f00, width)


def _of_products(op: NDArray[np.uint8], a: str, b: str, width: int) -> Iterator[Expression]:
    """((a ^ t) & (b ^ t)) ^ t where each table has one row that differs from the others; without the last t by |."""
    table: NDArray[np.bool_] = TABLE[op].astype(np.bool_)
    ones = table.sum(axis=1)
    if not np.isin(ones, (1, 3)).all():
        return
    inverted = ones == 3
    row = (table ^ inverted[:, None]).argmax(axis=1)
    flip_a, flip_b = row < 2, row % 2 == 0
    for sign, sums in (("&", inverted), ("|", ~inverted)):
        one, two = (
            _flipped(Expression(x, 0, 0), flip ^ (sign == "|"), width) for x, flip in ((a, flip_a), (b, flip_b))
        )
        both = Expression(f"({one.text} {sign} {two.text})", one.steps + two.steps + 1, one.masks + two.masks)
        yield _flipped(both, sums, width)


def _kept(found: Expression, bits: NDArray[np.bool_], width: int) -> Expression:
    """Only some bits of a word, the others 0."""
    if bits.all():
        return found
    if not bits.any():
        return Expression("0u", 0, 0)
    return Expression(f"({found.text} & {constant_word(_mask(bits), width)})", found.steps + 1, found.masks + 1)


def _flipped(found: Expression, bits: NDArray[np.bool_], width: int) -> Expression:
    """Some bits of a word inverted."""
    if not bits.any():
        return found
    mask = constant_word(_mask(bits), width)
    if found.text == "0u":
        return Expression(mask, 0, 0 if bits.all() else 1)
    if bits.all():
        return Expression(f"~{found.text}", found.steps + 1, found.masks)
    return Expression(f"({found.text} ^ {mask})", found.steps + 1, found.masks + 1)
