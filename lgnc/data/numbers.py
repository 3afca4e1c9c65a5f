"""Numbers as people write them: how a column writes its numbers is decided for the column as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PLAIN = r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
_NUMBER = re.compile(rf"(?:{_PLAIN}|[+-]?(?:nan|inf|infinity))", re.ASCII | re.IGNORECASE)
_ODD = re.compile(r"[^0-9+\-.eE]")

MINUS, APOSTROPHE = "\u2212", "\u2019"
"""A minus sign and an apostrophe as typographers set them."""

CURRENCIES = "$€£¥₹₩₽₺₴₪₫฿₦₱₲₡¢"
_UNIT = rf"%|[A-Z]{{0,2}}[{CURRENCIES}]|USD|EUR|GBP|CHF|JPY|CNY|INR"
_WRITTEN = re.compile(
    rf"(?P<open>\()?(?P<sign>[+\-{MINUS}]?) ?(?P<before>{_UNIT})? ?(?P<inner>[+\-{MINUS}]?)"
    rf"(?P<body>[0-9.,'{APOSTROPHE} ]++)(?P<power>[eEdD][+-]?[0-9]++)? ?(?P<after>{_UNIT})?(?P<close>\))?"
)
_GROUPED = r"(?:[0-9]++|[1-9][0-9]{{0,2}}(?:(?P<mark>[{marks}' ])[0-9]{{3}})(?:(?P=mark)[0-9]{{3}})*+)"
_POINT = re.compile(_GROUPED.format(marks=",") + r"(?:\.[0-9]*+)?|\.[0-9]++")
_COMMA = re.compile(_GROUPED.format(marks=".") + r"(?:,[0-9]*+)?|,[0-9]++")


@dataclass(frozen=True)
class Notation:
    """How a column writes numbers. decimal: '.' or ','. unit: '%', a currency sign, or none.

    Thousands may be grouped by the other of '.' and ',', by a blank or by an apostrophe.
    """

    decimal: str = "."
    unit: str = ""


PLAIN = Notation()


@dataclass(frozen=True)
class Written:
    """The parts of one number as written; `point`, `comma`: the digits when '.', or ',', is the decimal mark."""

    point: str | None
    comma: str | None
    unit: str
    marks: str


def parse_number(text: str) -> int | float | None:
    """The number that `text` spells, an int when it is whole ("1.0" and "1e3" too), or None when it is no number."""
    if _NUMBER.fullmatch(text) is None:
        return None
    if len(text) <= 20 and text.lstrip("+-").isdigit() and -(2**63) <= (whole := int(text)) < 2**63:
        return whole
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def is_rounded(text: str) -> bool:
    """Whether `text` spells a whole number from 2^53 upwards that float64 holds only rounded."""
    digits = text.lstrip("+-")
    if len(digits) < 16 or not digits.isascii() or not digits.isdigit():
        return False
    return len(digits) > 400 or Decimal(float(digits)) != Decimal(digits)


def plain_numbers(texts: Sequence[str]) -> NDArray[Any] | None:
    """int64 or float64[len(texts)], as `parse_number` on each (int64 when all are whole); None when one is no number.

    One pass in C for what most columns hold: digits, signs, points and exponents.
    """
    joined = "".join(texts)
    if _ODD.search(joined):
        return None
    try:
        if not any(mark in joined for mark in ".eE") and max(map(len, texts), default=0) <= 18:
            return np.fromiter(map(int, texts), np.int64, len(texts))
        number = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    if not np.isfinite(number).all() or (number != np.rint(number)).any():
        return number
    if (abs(number) < 2**53).all():
        return number.astype(np.int64)
    return as_array([parse_number(text) or 0 for text in texts])


def as_array(numbers: Sequence[int | float]) -> NDArray[Any]:
    """int64 when all are ints, else float64."""
    whole = all(not isinstance(value, float) for value in numbers)
    return np.array(numbers, np.int64 if whole else np.float64)


def written(text: str) -> Written | None:
    """The parts of a number that is written with a unit, a decimal comma, grouped thousands and so on, or None.

    A negative number may stand in brackets; 'D' may be the exponent, as Fortran writes it.
    """
    if len(text) > 400 or (match := _WRITTEN.fullmatch(text)) is None:
        return None
    if bool(match["open"]) != bool(match["close"]) or (match["before"] and match["after"]):
        return None
    signs = match["sign"] + match["inner"] + ("-" if match["open"] else "")
    if len(signs) > 1 or match["before"] == "%":
        return None
    body = match["body"].strip().replace(APOSTROPHE, "'")
    sign, power = signs.replace(MINUS, "-"), (match["power"] or "").lower().replace("d", "e")
    digits: list[str | None] = []
    for pattern, group in ((_POINT, ","), (_COMMA, ".")):
        plain = body.replace(" ", "").replace("'", "").replace(group, "").replace(",", ".")
        digits.append(sign + plain + power if pattern.fullmatch(body) else None)
    if digits == [None, None]:
        return None
    marks = "".join(mark for mark in ",. '" if mark in body) + ("D" if "d" in (match["power"] or "").lower() else "")
    return Written(digits[0], digits[1], match["before"] or match["after"] or "", marks)


def number_in(text: str, notation: Notation) -> int | float | None:
    """The number that `text` spells in a column of this notation, or None: a wrong unit, or no number."""
    if notation.decimal == "." and (plain := parse_number(text)) is not None:
        return plain
    if (parts := written(text)) is None or (parts.unit and parts.unit != notation.unit):
        return None
    digits = parts.point if notation.decimal == "." else parts.comma
    return None if digits is None else parse_number(digits)
