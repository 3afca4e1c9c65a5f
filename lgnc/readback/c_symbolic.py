"""Operations on C values of which some bits are symbols. The C type, which says width and sign, comes from the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgnc.readback import c_float_bits as floats
from lgnc.readback.c_fields import masked, shifted
from lgnc.readback.c_lanes import Lanes, added, as_lanes, is_lanes
from lgnc.readback.c_lanes import bitwise as lanes_bitwise
from lgnc.readback.c_lanes import moved as lanes_moved
from lgnc.readback.c_types import Type, holds, integer_range, refuse, wrap
from lgnc.readback.c_values import UNWRITTEN, Choice, Feature, FloatBits, FloatKey, FloatSign, Inverted, Linear, Word
from lgnc.readback.symbols import MIRRORED, Symbols


class Values:
    """Operations on values; those of known integers are done in place by the caller."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def bits(self, value: Any, width: int, signed: bool) -> list[int]:
        """The literals of a value of a type, lowest first."""
        if isinstance(value, int):
            return [value >> bit & 1 for bit in range(width)]
        word = self.word(value, width, signed)
        if isinstance(word, int):
            return [word >> bit & 1 for bit in range(width)]
        if word.blurred:
            raise refuse("bits are read that hold anything")
        return [word.bits[bit] if bit in word.bits else word.const >> bit & 1 for bit in range(width)]

    def from_bits(self, literals: list[int], signed: bool) -> Any:
        """The value of literals."""
        const = sum(1 << bit for bit, literal in enumerate(literals) if literal == 1)
        bits = {bit: literal for bit, literal in enumerate(literals) if literal > 1}
        if bits:
            return Word(const, bits)
        return const - (1 << len(literals)) if signed and const >> (len(literals) - 1) else const

    def word(self, value: Any, width: int, signed: bool) -> Any:
        """A value as a Word, or an int where it is known."""
        if isinstance(value, (Word, int)):
            return value
        if isinstance(value, Linear):
            return self.from_bits(self._added(value, width), signed)
        if isinstance(value, Choice):
            literals = [0] * width
            for number, literal in value.cases.items():
                for bit in range(width):
                    if number >> bit & 1:
                        literals[bit] = self.symbols.or_(literals[bit], literal)
            return self.from_bits(literals, signed)
        if isinstance(value, FloatBits) and not signed:
            return floats.word(self.symbols, value.index, width)
        if isinstance(value, (Feature, Inverted, FloatBits, FloatSign, FloatKey, Lanes)):
            raise refuse("a feature is computed with, not compared")
        raise refuse(
            "a value that nothing wrote is worked with"
            if value is UNWRITTEN
            else "something is worked with that is no number"
        )

    def _added(self, value: Linear, width: int) -> list[int]:
        """The bits of a sum, by full adders from the lowest column up."""
        const = value.const
        low, high = value.low, value.high
        used = (high.bit_length() if low >= 0 else max(high.bit_length(), (-low - 1).bit_length()) + 1) or 1
        used = min(used, width)
        columns: list[list[int]] = [[] for _ in range(used)]
        for literal, times in value.terms.items():
            if times < 0:
                const, literal, times = const + times, literal ^ 1, -times
            for bit in range(min(used, times.bit_length())):
                if times >> bit & 1:
                    columns[bit].append(literal)
        out = []
        for bit, column in enumerate(columns):
            if const >> bit & 1:
                column.insert(0, 1)
            place = 0
            while len(column) - place > 1:
                three = column[place : place + 3]
                place += len(three)
                total, carry = self._full_adder(three)
                column.append(total)
                if carry and bit + 1 < used:
                    columns[bit + 1].append(carry)
            out.append(column[place] if column else 0)
        return out + [out[-1] if low < 0 else 0] * (width - used)

    def _full_adder(self, three: list[int]) -> tuple[int, int]:
        symbols = self.symbols
        half = symbols.xor(three[0], three[1])
        both = symbols.and_(three[0], three[1])
        if len(three) == 2:
            return half, both
        return symbols.xor(half, three[2]), symbols.or_(both, symbols.and_(half, three[2]))

    def linear(self, value: Any, kind: Type) -> Linear:
        """A value as a sum."""
        if isinstance(value, Linear):
            return value
        if isinstance(value, int):
            return Linear(value, {})
        word = self.word(value, kind.width, kind.signed)
        if isinstance(word, int):
            return Linear(word, {})
        if word.blurred:
            raise refuse("bits are read that hold anything")
        const, terms = 0, dict[int, int]()
        for bit in range(kind.width):
            times = -(1 << bit) if kind.signed and bit == kind.width - 1 else 1 << bit
            if bit not in word.bits:
                const += times * (word.const >> bit & 1)
                continue
            literal = word.bits[bit]
            if literal & 1:
                const, times, literal = const + times, -times, literal ^ 1
            terms[literal] = terms.get(literal, 0) + times
        return Linear(const, terms)

    def fitted(self, value: Linear, kind: Type) -> Any:
        """A sum as a value of a type: modulo its range where it is unsigned. A signed one must not overflow."""
        if not any(value.terms.values()):
            return wrap(value.const, kind)
        least, most = integer_range(kind)
        if least <= value.low and value.high <= most:
            return value
        if kind.signed:
            raise refuse("signed numbers may overflow")
        step = 1 << kind.width
        own = Linear(value.const % step, {key: times % step for key, times in value.terms.items() if times % step})
        if own.high < step:
            return own
        near = {literal: (times + step // 2) % step - step // 2 for literal, times in value.terms.items()}
        reduced = Linear(value.const % step, {literal: times for literal, times in near.items() if times})
        return self.word(reduced, kind.width, False)

    def add(self, x: Any, y: Any, kind: Type, sign: int = 1) -> Any:
        """x + y, or x - y where the sign is -1."""
        if sign < 0 and not kind.signed and FloatBits in (type(x), type(y)):
            return floats.less(self.symbols, x, y, kind)
        if isinstance(y, FloatSign) and sign < 0 and x == 0 and not kind.signed:
            return FloatSign(y.index, -y.mask % (1 << kind.width))
        if is_lanes(x, y) and sign > 0:
            return added(x, y)
        if isinstance(y, Feature) and sign < 0 and isinstance(x, int) and kind.signed:
            return self._less(x, y.index, kind)
        if isinstance(x, Inverted) and sign > 0 and isinstance(y, int) and kind.signed:
            return self._less(y - 1, x.index, kind)
        p, q = self.linear(x, kind), self.linear(y, kind)
        terms = dict(p.terms)
        for literal, times in q.terms.items():
            terms[literal] = terms.get(literal, 0) + sign * times
        return self.fitted(
            Linear(p.const + sign * q.const, {key: times for key, times in terms.items() if times}), kind
        )

    def _less(self, number: int, feature: int, kind: Type) -> Word:
        """A known number less a feature: only its sign is known, which says whether the feature is greater."""
        top, low, high = kind.width - 1, self.symbols.low, self.symbols.high
        if self.symbols.encoder.is_float or not -(1 << top) <= number - high <= number - low < 1 << top:
            raise refuse("a number less a feature may overflow")
        sign = self.symbols.above(feature, number)
        if sign <= 1:
            return Word(sign << top, {}, (1 << top) - 1)
        return Word(0, {top: sign}, (1 << top) - 1)

    def multiply(self, x: Any, y: Any, kind: Type) -> Any:
        """x * y, one of them known."""
        if not isinstance(y, int):
            x, y = y, x
        if not isinstance(y, int):
            raise refuse("a product of two values that depend on the features")
        own = self.linear(x, kind)
        return self.fitted(
            Linear(own.const * y, {key: times * y for key, times in own.terms.items() if times * y}), kind
        )

    def bitwise(self, sign: str, x: Any, y: Any, kind: Type) -> Any:
        """x & y, x | y or x ^ y, place by place."""
        width = kind.width
        if sign == "^" and isinstance(x, Feature) and y == -1 and x.type.kind == "int":
            return Inverted(x.index, x.type)
        if sign == "^" and (key := floats.key_of(x, y, kind)) is not None:
            return key
        if Lanes in (type(x), type(y)):
            x, y = as_lanes(x, kind), as_lanes(y, kind)
        if is_lanes(x, y):
            return lanes_bitwise(self.symbols, sign, x, y, kind)
        apart = masked(x, y, width) if sign == "&" and type(x) is Linear and type(y) is int else None
        if apart is not None and not kind.signed:
            return self.fitted(apart, kind)
        x, y = self.word(x, width, kind.signed), self.word(y, width, kind.signed)
        ones = (1 << width) - 1
        p, q = (Word(each & ones, {}) if isinstance(each, int) else each for each in (x, y))
        gate = {"&": self.symbols.and_, "|": self.symbols.or_, "^": self.symbols.xor}[sign]
        const = {"&": p.const & q.const, "|": p.const | q.const, "^": p.const ^ q.const}[sign]
        blurred = p.blurred | q.blurred
        if blurred and sign != "^":
            settled = _settled(p, sign) | _settled(q, sign)
            blurred &= ~settled
        const &= ~blurred
        bits: dict[int, int] = {}
        for place in p.bits.keys() | q.bits.keys():
            if blurred >> place & 1:
                continue
            a = p.bits[place] if place in p.bits else p.const >> place & 1
            b = q.bits[place] if place in q.bits else q.const >> place & 1
            literal = gate(a, b)
            const &= ~(1 << place)
            if literal == 1:
                const |= 1 << place
            elif literal:
                bits[place] = literal
        minus, top = floats.minus_of(gate, p, q, width), width - 1
        if minus is not None and top in bits:
            found = self.symbols.of_one_feature(bits.pop(top))
            const |= (found == 1) << top
            bits |= {top: found} if found > 1 else {}
        if not bits and not blurred:
            return wrap(const, kind)
        return Word(const, bits, blurred, minus)

    def invert(self, x: Any, kind: Type) -> Any:
        """~x."""
        return self.bitwise("^", x, (1 << kind.width) - 1, kind)

    def shift(self, x: Any, by: int, kind: Type, left: bool) -> Any:
        """x << by or x >> by, `by` being known and less than the width."""
        if left and kind.signed:
            return self.multiply(x, 1 << by, kind)
        if not left and (sign := floats.moved(x, by, kind)) is not None:
            return sign
        if isinstance(x := as_lanes(x, kind), Lanes):
            return lanes_moved(x, by, left)
        if isinstance(x, Linear) and not left and (apart := shifted(x, by, kind.width)) is not None:
            return self.fitted(apart, kind)
        if isinstance(x, Word) and x.blurred:
            return self._shifted(x, by, kind, left)
        literals = self.bits(x, kind.width, kind.signed)
        if left:
            moved = [0] * by + literals[: kind.width - by]
        else:
            moved = literals[by:] + [literals[-1] if kind.signed else 0] * by
        return self.from_bits(moved, kind.signed)

    def _shifted(self, x: Word, by: int, kind: Type, left: bool) -> Any:
        """A word of which some bits hold anything, shifted."""
        floats.refuse_minus_zero(self.symbols, x, kind.width)
        if kind.signed:
            raise refuse("a signed word is shifted of which some bits hold anything")
        mask, way = (1 << kind.width) - 1, by if left else -by
        bits = {place + way: literal for place, literal in x.bits.items() if 0 <= place + way < kind.width}
        const, blurred = (
            each << by & mask if left else each >> by for each in (x.const & ~x.blurred & mask, x.blurred & mask)
        )
        return Word(const, bits, blurred) if bits or blurred else const

    def cast(self, value: Any, have: Type, want: Type) -> Any:
        """A value of an integer type as one of another."""
        if isinstance(value, (Lanes, Inverted, FloatSign)) and have == want:
            return value
        if isinstance(value, FloatKey) and have.size == want.size:
            return value
        if isinstance(value, (Feature, FloatBits)):
            if have != want and (isinstance(value, FloatBits) or not holds(want, have)):
                raise refuse("a feature is converted to a type that does not hold all its values")
            return value
        if value is UNWRITTEN:
            return value
        if have.kind != "int":
            raise refuse("a number is converted to an integer")
        if isinstance(value, Linear):
            least, most = integer_range(want)
            if least <= value.low and value.high <= most:
                return value
        if isinstance(value, Choice) and all(wrap(number, want) == number for number in value.cases):
            return value
        if isinstance(value, Word) and value.blurred:
            floats.refuse_minus_zero(self.symbols, value, have.width)
            if want.size > have.size and have.signed:
                raise refuse("a signed word is widened of which some bits hold anything")
            mask = (1 << want.width) - 1
            bits = {place: literal for place, literal in value.bits.items() if place < want.width}
            return Word(value.const & mask, bits, value.blurred & mask)
        literals = self.bits(value, have.width, have.signed)
        top = literals[-1] if have.signed else 0
        return self.from_bits((literals + [top] * want.width)[: want.width], want.signed)

    def compare(self, sign: str, x: Any, y: Any, kind: Type) -> int:
        """The literal of x SIGN y, of one type."""
        if isinstance(x, Feature) or isinstance(y, Feature):
            return self._feature(sign, x, y)
        symbols = self.symbols
        if isinstance(x, FloatKey) or isinstance(y, FloatKey):
            return floats.compared(symbols, sign, x, y, kind)
        p, q = (self.bits(each, kind.width, kind.signed) for each in (x, y))
        if sign in ("==", "!="):
            same = 1
            for a, b in zip(p, q, strict=True):
                same = symbols.and_(same, symbols.xor(a, b) ^ 1)
            return same ^ (sign == "!=")
        if sign in ("<", ">="):
            p, q = q, p
        if kind.signed:
            p[-1], q[-1] = p[-1] ^ 1, q[-1] ^ 1
        above = 0
        for a, b in zip(p, q, strict=True):
            equal = symbols.xor(a, b) ^ 1
            above = symbols.or_(symbols.and_(a, b ^ 1), symbols.and_(equal, above))
        return above ^ (sign in ("<=", ">="))

    def _feature(self, sign: str, x: Any, y: Any) -> int:
        if isinstance(x, Feature) and isinstance(y, (int, float)):
            return self.symbols.compared(sign, x.index, y)
        if isinstance(y, Feature) and isinstance(x, (int, float)):
            return self.symbols.compared(MIRRORED[sign], y.index, x)
        raise refuse("a feature is compared with something that is not known")

    def chosen(self, number: Any, get: Callable[[int], Any], kind: Type) -> Any:
        """The value that `get` gives for an index that is one of several known ones."""
        if not isinstance(number, Choice):
            raise refuse("an index depends on the features")
        found = None
        for each, literal in number.cases.items():
            found = get(each) if found is None else self.choose(literal, get(each), found, kind)
        return found

    def choose(self, condition: int, x: Any, y: Any, kind: Type) -> Any:
        """x where the literal holds, else y."""
        if x is y or (isinstance(x, int) and isinstance(y, int) and x == y):
            return x
        if kind.kind != "int" or x is None or y is None:
            raise refuse("a decision that depends on the features changes what is no integer")
        if isinstance(x, (int, Choice)) and isinstance(y, (int, Choice)):
            cases: dict[int, int] = {}
            for value, when in ((x, condition), (y, condition ^ 1)):
                for number, literal in (value.cases if isinstance(value, Choice) else {value: 1}).items():
                    cases[number] = self.symbols.or_(cases.get(number, 0), self.symbols.and_(when, literal))
            return Choice({number: literal for number, literal in cases.items() if literal})
        literals = zip(self.bits(x, kind.width, kind.signed), self.bits(y, kind.width, kind.signed), strict=True)
        return self.from_bits([self.symbols.choose(condition, p, q) for p, q in literals], kind.signed)


def _settled(word: Word, sign: str) -> int:
    """The places where a word alone says what x & y, or x | y, is."""
    known = ~word.blurred
    for place in word.bits:
        known &= ~(1 << place)
    return known & (~word.const if sign == "&" else word.const)
