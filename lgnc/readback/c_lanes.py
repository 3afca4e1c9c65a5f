"""Features of a byte side by side in one integer, as far as comparisons of whole words of them are made of it.

With the seven low bits of each byte apart, a number added to each, at most 128, leaves it: bit 7 of the sum, OR that of
the byte itself, says whether the byte is 128 less the number or more; AND, whether it is 256 less the number or more.
Of halves, which a shift to the right and that mask give, bit 7 of the sum alone says whether the half is 128 less the
number or more. Nothing else is known of the other bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lgnc.readback.c_types import Type, refuse
from lgnc.readback.c_values import Feature, Word
from lgnc.readback.symbols import Symbols

_TOP, _LOW = 0x80, 0x7F
_COMPUTED = "features side by side are computed with, not compared"


@dataclass(frozen=True, eq=False)
class Lanes:
    """features: of each byte, the lowest first; None where it is 0. halved: shifted right by one bit. low: the seven
    low bits alone. added: to each byte of those, or None.
    """

    features: tuple[int | None, ...]
    low: bool = False
    added: int | None = None
    halved: bool = False


def is_lanes(x: Any, y: Any) -> bool:
    """Whether an operation is one of lanes: of two of them, or of one and a number."""
    kinds = {type(x), type(y)}
    return Lanes in kinds and kinds <= {Lanes, int}


def as_lanes(value: Any, kind: Type) -> Any:
    """A feature of a byte, in an unsigned integer, as the lowest of lanes; anything else as it is."""
    if isinstance(value, Feature) and value.type == Type("int", 1) and not kind.signed:
        return Lanes((value.index, *[None] * (kind.size - 1)))
    return value


def moved(value: Lanes, by: int, left: bool) -> Lanes:
    """Lanes shifted by whole bytes to the left, of which none is lost, or by one bit to the right."""
    if value.low or value.halved:
        raise refuse(_COMPUTED)
    if by == 1 and not left:
        return Lanes(value.features, halved=True)
    places, lost = by // 8, value.features[len(value.features) - by // 8 :]
    if by % 8 or not left or any(feature is not None for feature in lost):
        raise refuse("features side by side are shifted otherwise than to where nothing is lost")
    return Lanes((*[None] * places, *value.features[: len(value.features) - places]))


def added(x: Any, y: Any) -> Lanes:
    """The seven low bits of each byte plus a known number: no byte carries into the next."""
    lanes, number = (x, y) if isinstance(x, Lanes) else (y, x)
    if not isinstance(number, int) or not lanes.low or lanes.added is not None:
        raise refuse("features side by side are added to in a way that is not read back")
    if any(byte > _TOP for byte in number.to_bytes(len(lanes.features), "little")):
        raise refuse("a byte of a sum of features side by side may carry into the next one")
    return Lanes(lanes.features, True, number, lanes.halved)


def bitwise(symbols: Symbols, sign: str, x: Any, y: Any, kind: Type) -> Any:
    """x & y or x | y: features put together, their low bits, or the comparison of a sum and the bytes themselves."""
    if isinstance(x, int) or isinstance(y, int):
        lanes, number = (x, y) if isinstance(x, Lanes) else (y, x)
        if sign == "&" and number == _each(_LOW, kind) and not lanes.low:
            return Lanes(lanes.features, True, None, lanes.halved)
        if sign == "&" and number == _each(_TOP, kind) and lanes.halved and lanes.added is not None:
            found = _compared(symbols, lanes, 256)
            return Word(found.const, found.bits) if found.bits else found.const
        raise refuse(_COMPUTED)
    if x.halved or y.halved:
        raise refuse(_COMPUTED)
    if sign == "|" and not (x.low or y.low):
        pairs = list(zip(x.features, y.features, strict=True))
        if any(None not in pair for pair in pairs):
            raise refuse("two features are laid over each other")
        return Lanes(tuple(one if two is None else two for one, two in pairs))
    total, whole = (x, y) if x.added is not None else (y, x)
    if sign not in "&|" or total.added is None or whole.low or total.features != whole.features:
        raise refuse(_COMPUTED)
    return _compared(symbols, total, 128 if sign == "|" else 256)


def _compared(symbols: Symbols, total: Lanes, full: int) -> Word:
    """Bit 7 of each byte: whether the feature is `full` less the number or more, or its half 128 less it."""
    bits, const = {}, 0
    assert total.added is not None
    for lane, number in enumerate(total.added.to_bytes(len(total.features), "little")):
        place, feature, least = 8 * lane + 7, total.features[lane], full - (2 * number if total.halved else number)
        literal = int(least <= 0) if feature is None else symbols.at_least(feature, least)
        if literal > 1:
            bits[place] = literal
        else:
            const |= literal << place
    return Word(const, bits, sum(_LOW << 8 * lane for lane in range(len(total.features))))


def _each(byte: int, kind: Type) -> int:
    return int.from_bytes(bytes([byte]) * kind.size, "little")
