"""From the texts of a file's columns to Columns: what is missing, what is a number and in which notation."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.notes import Remark
from lgnc.data.numbers import (
    PLAIN,
    Notation,
    Written,
    as_array,
    is_rounded,
    number_in,
    parse_number,
    plain_numbers,
    written,
)
from lgnc.data.table import MISSING, NUMERIC_SHARE, Bools, Column, Ints, quoted

_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]++")


@dataclass(frozen=True, eq=False)
class RawColumn:
    """Cell r is texts[codes[r]], as the file has it."""

    name: str
    codes: NDArray[np.int32]
    texts: Sequence[str]

    def without_first(self) -> RawColumn:
        """The column without its first cell, and without the text that no other cell has."""
        codes = self.codes[1:]
        if self.codes[0] or not codes.all():
            return RawColumn(self.name, codes, self.texts)
        return RawColumn(self.name, codes - np.int32(1), self.texts[1:])


@dataclass(eq=False)
class Survey:
    """What a column's distinct texts look like before its notation is known.

    texts: white space at the ends dropped, inside one blank. counts: cells of each. missing: bool[len(texts)].
    plain: the numbers of the texts that are not missing, when all are plain. parts: of each text, None for no number;
    empty when no text is a number that is not plain.
    """

    name: str
    texts: list[str]
    counts: Ints
    missing: Bools
    plain: NDArray[Any] | None = None
    parts: list[Written | None] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """How many cells are not missing."""
        return int(self.counts[~self.missing].sum())

    def weigh(self) -> Counter[str]:
        """Cells that only a decimal point or a decimal comma explains, and those that either does differently."""
        votes: Counter[str] = Counter()
        for part, count in zip(self.parts, self.counts.tolist(), strict=True):
            if part is not None and part.point != part.comma:
                both = part.point is not None and part.comma is not None
                mark = "," if "," in part.marks else "."
                votes[f"either {mark}" if both else "point" if part.comma is None else "comma"] += count
        return votes


def survey(name: str, texts: Sequence[str], counts: Ints, missing: Collection[str], known: Collection[str]) -> Survey:
    """The survey of one column. `known`: texts that are values in training, whatever else they may mean."""
    if (plain := plain_numbers(texts)) is not None:
        return Survey(name, list(texts), counts, np.zeros(len(texts), np.bool_), plain)
    if re.search(r"\s", "".join(texts)):
        texts = [" ".join(text.split()) for text in texts]
    missing = set(missing) - set(known)
    if "+" in texts:
        missing -= {"-"}
    absent = np.fromiter(map(missing.__contains__, texts), np.bool_, len(texts))
    kept = [text for text in texts if text not in missing] if absent.any() else texts
    plain = plain_numbers(kept)
    found = Survey(name, list(texts), counts, absent, plain)
    if plain is None and any(parse_number(text) is None and written(text) for text in kept):
        look_closely(found)
    return found


def look_closely(found: Survey) -> None:
    """Take every text of a survey apart, plain numbers too."""
    found.parts = [None if gone else written(text) for text, gone in zip(found.texts, found.missing, strict=True)]


def file_decimal(surveys: Sequence[Survey]) -> str | None:
    """The decimal mark that the columns of a file prove; None when they prove none, or both."""
    proven = set()
    for one in surveys:
        if one.parts:
            votes = one.weigh()
            numbers = sum(count for part, count in zip(one.parts, one.counts.tolist(), strict=True) if part)
            if numbers >= NUMERIC_SHARE * one.cells and votes["point"] != votes["comma"]:
                proven.add("." if votes["point"] > votes["comma"] else ",")
        elif one.plain is None or one.plain.dtype.kind == "f":
            dotted = [text for text in one.texts[:1000] if "." in text and parse_number(text) is not None]
            if any((part := written(text)) is None or part.comma is None for text in dotted):
                proven.add(".")
    return proven.pop() if len(proven) == 1 else None


def notation_of(one: Survey, decimal: str | None, stored: Notation | None, fallback: str | None) -> Notation:
    """How the column writes its numbers.

    What its own cells prove comes first; then the file's `decimal` mark, then what was `stored` in training, then
    `fallback` ('.' or ','; None: a number that may mean two things is none).
    """
    votes, units = one.weigh(), Counter[str]()
    bare = False
    for part, count in zip(one.parts, one.counts.tolist(), strict=True):
        if part is not None and count:
            units[part.unit] += count
            bare = bare or (not part.unit and any(digit in "123456789" for digit in part.point or part.comma or ""))
    signs = sorted(unit for unit in units if unit)
    unit = signs[0] if len(signs) == 1 and not (bare and signs[0] == "%") else ""
    if votes["point"] or votes["comma"]:
        mark: str | None = "." if votes["point"] >= votes["comma"] else ","
    elif votes["either ,"] and votes["either ."]:
        mark = None
    elif votes["either ,"] or votes["either ."]:
        usual = "." if votes["either ."] else fallback
        mark = decimal or (stored.decimal if stored else usual)
    else:
        mark = "."
    return Notation(mark or "", unit)


def read_columns(
    raw: Sequence[RawColumn],
    *,
    missing: Collection[str] = MISSING,
    known: Mapping[str, Collection[str]] | None = None,
    stored: Mapping[str, Notation] | None = None,
    fallback: str = ".",
) -> tuple[list[Column], list[Remark]]:
    """The columns of one file, and what was converted or guessed.

    missing: the texts that stand for a missing cell. known, stored: by column, the texts that were values in training
    and its notation there; None for a file that is not read for a model. fallback: the decimal mark of this kind of
    file when no cell proves one.
    """
    known = known or {}
    surveys = [
        survey(
            one.name,
            one.texts,
            np.bincount(one.codes, minlength=len(one.texts)),
            missing,
            known.get(one.name, ()),
        )
        for one in raw
    ]
    doubtful = stored or any(one.plain is None for one in surveys)
    decimal = file_decimal(surveys) if doubtful else None
    columns, remarks = [], []
    for one, cells in zip(surveys, raw, strict=True):
        before = (stored or {}).get(one.name)
        real = one.plain is None or one.plain.dtype.kind == "f"
        if not one.parts and real and "," in (decimal, before and before.decimal):
            look_closely(one)
        guess = fallback if stored is None else None
        notation = notation_of(one, decimal, before, guess) if one.parts else None
        columns.append(_column(one, cells.codes, notation))
        remarks += _remarks(one, columns[-1])
    return columns, remarks


def _column(one: Survey, codes: NDArray[np.int32], notation: Notation | None) -> Column:
    """The column in its notation; it keeps that only when its numbers are not plain."""
    if one.plain is not None and notation in (None, PLAIN):
        number = np.zeros(len(one.texts), one.plain.dtype)
        number[~one.missing] = one.plain
        return Column(one.name, codes, one.texts, one.missing, np.zeros(len(number), np.bool_), number)
    notation = notation or PLAIN
    texts = zip(one.texts, one.missing, strict=True)
    parsed = [None if gone else _number(text, notation) for text, gone in texts]
    text = np.fromiter((value is None for value in parsed), np.bool_, len(parsed)) & ~one.missing
    number = as_array([0 if value is None else value for value in parsed])
    special = any(part is not None and (part.unit or part.marks.strip(".")) for part in one.parts)
    kept = notation if special or notation != PLAIN else None
    return Column(one.name, codes, one.texts, one.missing, text, number, kept)


def _number(text: str, notation: Notation) -> int | float | None:
    """The number in this notation; without a decimal mark, only when either mark gives the same."""
    if notation.decimal:
        return number_in(text, notation)
    if (plain := parse_number(text)) is not None and not text.count("."):
        return plain
    with_point, with_comma = (number_in(text, Notation(mark, notation.unit)) for mark in ".,")
    return with_point if with_point == with_comma else None


def _remarks(one: Survey, column: Column) -> list[Remark]:
    """What is told about a column: texts read as missing, a notation, numbers that stay text or are rounded."""
    remarks = []
    for index in np.flatnonzero(one.missing & (one.counts > 0)):
        if one.texts[index]:
            what = f"{quoted(one.texts[index])} read as missing"
            remarks.append(Remark(column.name, what, int(one.counts[index])))
    share = column.numeric_share()
    if share is None:
        return remarks
    if share < NUMERIC_SHARE:
        return remarks + _stays_text(one, column)
    if column.notation is not None:
        remarks += _conversions(one, column, column.notation)
    if column.number.dtype.kind == "f" and (abs(column.number) >= 2**53).any():
        rounded = np.fromiter(map(is_rounded, one.texts), np.bool_, len(one.texts))
        if cells := int(one.counts[rounded].sum()):
            remarks.append(Remark(column.name, "rounded to float64 (whole numbers beyond 2^53)", cells))
    return remarks


def _conversions(one: Survey, column: Column, notation: Notation) -> list[Remark]:
    cells: Counter[str] = Counter()
    parts = zip(one.parts, one.counts.tolist(), column.text.tolist(), strict=True)
    for part, count in ((part, count) for part, count, text in parts if part is not None and not text):
        for mark in part.marks:
            if mark == notation.decimal == ",":
                cells["read with ',' as decimal mark"] += count
            elif mark not in ("D", notation.decimal):
                cells[f"read with {quoted(mark)} as thousands separator"] += count
            elif mark == "D":
                cells["read with 'D' as exponent"] += count
        if part.unit:
            cells[f"read without '{part.unit}'"] += count
    return [Remark(column.name, what, count) for what, count in cells.items()]


_DAY, _TIME = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]++)?)?"
_DATE = re.compile(
    rf"(?:[12][0-9]{{3}}(?P<s>[-/.]){_DAY}(?P=s){_DAY}|{_DAY}(?P<t>[-/.]){_DAY}(?P=t)(?:[12][0-9])?[0-9]{{2}})"
    rf"(?:[T ]{_TIME}(?:Z|[+-][0-9:]++)?)?|{_TIME}"
)
_MEASURED = re.compile(r"[+-]?[0-9][0-9.,]*+ ?([A-Za-zµμ°Ω][A-Za-z/0-9²³]*+)")


def _stays_text(one: Survey, column: Column) -> list[Remark]:
    """A remark when most cells look like numbers, hexadecimal ones, dates, or numbers before the same letters."""
    used = ~one.missing & (one.counts > 0)
    like = ~column.text & used
    if one.parts:
        like |= np.fromiter((part is not None for part in one.parts), np.bool_, len(used))
    if _is_most(one, like & used):
        odd = [one.texts[index] for index in np.flatnonzero(used & column.text)]
        alone = len(odd) == 1 and odd[0].isprintable() and not odd[0].startswith("-") and len(odd[0]) <= _SHOWN
        hint = f" (--na {shlex.quote(odd[0])} if that means missing)" if alone else ""
        return [Remark(column.name, f"mostly numbers, but text for cells such as {quoted(odd[0])}{hint}", None)]
    units = {match[1] for text in one.texts if (match := _MEASURED.fullmatch(text))}
    measured = f"numbers before {quoted(min(units))} stay text" if len(units) == 1 else ""
    looks = ((_HEX, "hexadecimal numbers stay text"), (_DATE, "looks like dates or times, and stays text"))
    for pattern, what in (*looks, (_MEASURED, measured)):
        found = np.fromiter((pattern.fullmatch(text) is not None for text in one.texts), np.bool_, len(used)) & used
        if what and _is_most(one, found):
            example = quoted(one.texts[int(np.flatnonzero(found)[0])])
            return [Remark(column.name, f"{what}, such as {example}", None)]
    return []


_SHOWN = 50
"""Letters of a text that a command is shown with."""


def _is_most(one: Survey, texts: Bools) -> bool:
    """Whether more than half of the cells that are not missing have these texts."""
    return int(one.counts[texts].sum()) > 0.5 * one.cells


def text_column(name: str, codes: NDArray[np.int32], texts: Sequence[str]) -> Column:
    """A column of texts, decided by itself alone."""
    return read_columns([RawColumn(name, codes, texts)])[0][0]


def string_column(name: str, cells: NDArray[Any]) -> Column:
    """A column of an array of strings."""
    texts, inverse = np.unique(cells, return_inverse=True)
    return text_column(name, inverse.astype(np.int32), texts.tolist())
