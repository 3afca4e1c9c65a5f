"""What two sides of a comparison call their features and classes."""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.ir.circuit import Circuit


def differences(one: Circuit, two: Circuit) -> list[str]:
    """How two sides that are compared call their features and classes otherwise, or make codes of values otherwise;
    they were matched all the same.
    """
    found = [_codes(one, two)]
    if len(one.encoder.names) == len(two.encoder.names):
        found.append(_difference("feature", one.encoder.names, two.encoder.names))
    if one.head is not None and two.head is not None:
        found.append(_difference("class", one.head.names, two.head.names))
    return [each for each in found if each]


def _codes(one: Circuit, two: Circuit) -> str:
    """How the two quantisers differ, where both have one."""
    first, second = one.encoder.quantiser, two.encoder.quantiser
    if first is None or second is None or first.same(second):
        return ""
    return "a value's fixed-point code differs: scales or offsets are not the same"


def _difference(what: str, one: Sequence[str], two: Sequence[str]) -> str:
    if len(one) != len(two):
        return f"{len(one)} and {len(two)} {what} names"
    place = next((k for k, (x, y) in enumerate(zip(one, two, strict=True)) if x != y), None)
    if place is None:
        return ""
    order = ", the same names in another order" if sorted(one) == sorted(two) else ""
    return f"{what} {place} is called '{one[place]}' and '{two[place]}'{order}"
