"""A JSON object taken apart with checks: what is missing or wrong is one line that names it and its place."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lgnc.diagnostics import BadInput

LARGEST = 2**63 - 1
_DEEPEST = 12
_FIX = "compile it again"


@dataclass(frozen=True)
class Fields:
    """A JSON object. where: the file that it is from. at: what leads to it there, '' or 'encoder.'."""

    values: Mapping[str, Any]
    where: str
    at: str = ""

    def refuse(self, key: str, wanted: str) -> BadInput:
        """The line for an entry that is not what it should be."""
        what = f"'{self.at}{key}' is {self.values.get(key)!r:.60}, not {wanted}"
        return BadInput(what, where=self.where, fix=_FIX)

    def take(self, key: str, good: Callable[[Any], bool], wanted: str) -> Any:
        """The entry `key`, if it is there and good. Raises BadInput else."""
        if key not in self.values:
            raise BadInput(f"has no '{self.at}{key}'", where=self.where, fix=_FIX)
        if not good(self.values[key]):
            raise self.refuse(key, wanted)
        return self.values[key]

    def text(self, key: str, pattern: str = ".*", wanted: str = "text") -> str:
        """A string, all of which matches the regular expression `pattern`."""
        fits = re.compile(pattern, re.DOTALL).fullmatch
        value: str = self.take(key, lambda v: isinstance(v, str) and fits(v) is not None, wanted)
        return value

    def one_of(self, key: str, valid: tuple[str, ...]) -> str:
        """One of the strings in `valid`."""
        value: str = self.take(key, lambda v: isinstance(v, str) and v in valid, f"one of {', '.join(valid)}")
        return value

    def integer(self, key: str, low: int = 0, high: int = LARGEST) -> int:
        """An integer of low to high."""
        value: int = self.take(key, lambda v: type(v) is int and low <= v <= high, f"an integer of {low} to {high}")
        return value

    def integers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """A list of integers of low to high."""
        wanted = f"a list of integers of {low} to {high}"
        good = lambda v: isinstance(v, list) and all(type(each) is int and low <= each <= high for each in v)  # noqa: E731
        return tuple(self.take(key, good, wanted))

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of numbers."""
        good = lambda v: isinstance(v, list) and all(type(each) in (int, float) for each in v)  # noqa: E731
        return tuple(self.take(key, good, "a list of numbers"))

    def names(self, key: str) -> tuple[str, ...]:
        """A list of different strings."""
        good = lambda v: isinstance(v, list) and all(isinstance(each, str) for each in v) and len(set(v)) == len(v)  # noqa: E731
        return tuple(self.take(key, good, "a list of different names"))

    def fields(self, key: str) -> Fields:
        """An object."""
        return Fields(self.take(key, lambda v: isinstance(v, dict), "an object"), self.where, f"{self.at}{key}.")

    def rows(self, key: str) -> tuple[Fields, ...]:
        """A list of objects."""
        found = self.take(key, lambda v: isinstance(v, list) and all(isinstance(each, dict) for each in v), "objects")
        return tuple(Fields(each, self.where, f"{self.at}{key}[{index}].") for index, each in enumerate(found))

    def counts(self, key: str) -> Mapping[str, int]:
        """An object of integers that are not negative."""
        inner = self.fields(key)
        return {each: inner.integer(each) for each in inner.values}


def parse_object(text: bytes, where: str) -> Fields:
    """A JSON object: no key twice, numbers finite and within 64 bits, texts that UTF-8 can hold, not nested deeply.

    Raises BadInput.
    """
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        what = f"is not JSON: {error}" if isinstance(error, _Twice) else "is not JSON"
        raise BadInput(what, where=where, fix=_FIX) from None
    if not isinstance(value, dict):
        raise BadInput("is not a JSON object", where=where, fix=_FIX)
    _check_values(value, where, "", 0)
    return Fields(value, where)


class _Twice(ValueError):
    """A key that is there twice."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        most = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Twice(f"the key {most!r:.60} is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise _Twice(f"{name} is no number")


def _check_values(value: Any, where: str, at: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise BadInput(f"'{at[:60]}' is nested too deeply", where=where, fix=_FIX)
    if isinstance(value, dict):
        for key, each in value.items():
            _check_values(key, where, f"{at}.{key!r:.60}", depth + 1)
            _check_values(each, where, f"{at}.{key}" if at else key, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check_values(each, where, at, depth + 1)
    elif isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise BadInput(f"'{at!a:.60}' holds text that is not Unicode", where=where, fix=_FIX)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"'{at[:60]}' is {value}, not a finite number", where=where, fix=_FIX)
    elif type(value) is int and not -LARGEST - 1 <= value <= 2 * LARGEST + 1:
        raise BadInput(f"'{at[:60]}' is a number beyond 64 bits", where=where, fix=_FIX)
