"""Straight code for one sample, a word of gates at a time: a function of two words, rotated, and of masks.

Features of a byte are compared a byte of a word each; other features one by one. A class is the bits set in its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lgnc.backends.c.straight import above, better, function_text, prelude, row_text
from lgnc.backends.c.text import runtime
from lgnc.backends.c.word_gates import constant_word, expression
from lgnc.backends.c.word_plan import Pin, WordPlan
from lgnc.backends.thresholds import always_true, native_thresholds
from lgnc.ir.circuit import Circuit

PART = 256
"""Statements of a function: compilers take more than linear time for longer ones."""

_FOURS = 3
"""Words whose sums of four bits are added up: three times four is less than 16."""

_SUMS = ("uint32_t s = 0u;", "NAME_gateword n = 0u, e = 0u;", "(void)s;", "(void)n;", "(void)e;")
"""Variables of `_counted`."""

_HALVING = "NAME_gateword m7 = NAME_EACH(0x7fu); NAME_FENCE(m7) (void)m7;"
"""The mask of `_side_by_side`, in a register: an instruction then shifts and masks at once."""

_EIGHTS = 255
"""Bits of a class that are counted together: a byte holds their number."""


@dataclass(eq=False)
class Words:
    """text: the functions, as of `Straight`. The other fields say how much there is of what, for what it will take.

    lanes: comparisons of a word of features. bits: of one feature. steps: operations of gates; masks: constants that
    they read. counted: words whose bits are counted. parts: functions. stack: bytes of the words in use. width: bits of
    a word.
    """

    text: str = ""
    lanes: int = 0
    bits: int = 0
    steps: int = 0
    masks: int = 0
    counted: int = 0
    parts: int = 1
    stack: int = 0
    width: int = 32


def words(circuit: Circuit, plan: WordPlan, *, bytewise: bool = False) -> Words:
    """The code of a circuit with a head, whose gates are those of `plan`. bytewise: see `straight`."""
    assert circuit.head is not None
    classes = circuit.head.classes
    writer = _Writer(circuit, plan, alone=True)
    blocks, count = writer.blocks(), len(writer.number)
    if sum(map(len, blocks)) <= PART:
        declared = [f"NAME_gateword {', '.join(f'w{number}' for number in range(count))};"] if count else []
        lines = [*declared, *_SUMS, _HALVING, *(line for block in blocks for line in block)]
        functions = [row_text(lines, classes, known=True)]
    else:
        writer = _Writer(circuit, plan, alone=False)
        parts = list(_parts(writer.blocks()))
        writer.made.parts = len(parts)
        signature = "static NAME_APART void NAME_part{}(const NAME_element *x, NAME_gateword *w, NAME_out *out)"
        spare = ["(void)x;", "(void)w;", "(void)out;"]
        functions = [
            function_text(signature.format(number), [*_SUMS, _HALVING, "NAME_COUNTING", *part, *spare])
            for number, part in enumerate(parts)
        ]
        calls = [f"NAME_part{number}(x, w, out);" for number in range(len(parts))]
        functions.append(row_text([f"NAME_gateword w[{count}];", *calls], classes))
    made = writer.made
    made.stack = count * plan.width // 8
    facts = [f"#define NAME_WORD_BITS {plan.width}", f"#define NAME_LANES {int(made.lanes > 0)}"]
    files = [runtime("straight.c"), runtime("words.c"), *functions, runtime("rows_head.c")]
    made.text = "\n".join([*prelude(circuit, bytewise), *facts, *files])
    return made


def _parts(blocks: Sequence[list[str]]) -> Iterator[list[str]]:
    """The lines of functions: a block stays whole."""
    lines: list[str] = []
    for block in blocks:
        if lines and len(lines) + len(block) > PART:
            yield lines
            lines = []
        lines = lines + block
    yield lines


class _Writer:
    """Blocks of lines, and how much there is of what. alone: they are one function, which sees to the class too."""

    def __init__(self, circuit: Circuit, plan: WordPlan, *, alone: bool) -> None:
        self.circuit, self.plan, self.alone, self.made = circuit, plan, alone, Words(width=plan.width)
        encoder = circuit.encoder
        self.threshold, self.always = native_thresholds(encoder), always_true(encoder)
        self.never = encoder.threshold >= encoder.range[1]
        self.number = {word: number for number, word in enumerate(plan.order)}

    def blocks(self) -> list[list[str]]:
        """Encoder bits first, then class by class what it needs and its count."""
        done = {word for word in self.number if word < self.plan.inputs}
        out = self._encoded(sorted(done))
        if self.alone:
            out.append(["NAME_COUNTING"])
        for owner, counted in enumerate(self.plan.classes):
            lines = self._counted(owner, counted, done)
            out.append([*lines, *(better(owner, len(self.plan.classes)) if self.alone else [])])
        return out

    def _made(self, words: list[int], done: set[int]) -> list[str]:
        """The words that are not done yet, and what they need."""
        found = [word for word in self.plan.needed(words) if word not in done]
        done.update(found)
        return [self._gate(word) for word in found]

    def _name(self, word: int) -> str:
        return f"w{self.number[word]}" if self.alone else f"w[{self.number[word]}]"

    # --- Encoder bits. ---

    def _encoded(self, found: list[int]) -> list[list[str]]:
        """Words of bits: those that read the same features side by side."""
        alike: dict[tuple[int, ...], list[int]] = {}
        out = []
        for word in found:
            first = self._lanes(word)
            if first is None:
                out += [[line] for line in self._one_by_one(word)]
            else:
                alike.setdefault(first, []).append(word)
        for first, together in alike.items():
            out += [self._side_by_side(feature, together, place) for place, feature in enumerate(first)]
        return out

    def _lanes(self, word: int) -> tuple[int, ...] | None:
        """The first feature of each place of the bytes of a word, where each byte has the next feature; else None."""
        encoder, width = self.circuit.encoder, self.plan.width
        if encoder.dtype not in ("bool", "uint8"):
            return None
        out = []
        for place in range(8):
            bits = [width * word + 8 * lane + place for lane in range(width // 8)]
            starts = {int(encoder.feature[bit]) - lane for lane, bit in enumerate(bits) if not self.never[bit]}
            start = min(starts, default=0)
            if len(starts) > 1 or not 0 <= start <= len(encoder.names) - width // 8:
                return None
            out.append(start)
        return tuple(out)

    def _side_by_side(self, feature: int, together: list[int], place: int) -> list[str]:
        """A place of the bytes of some words, which read the same features: x[feature] and its neighbours.

        f: they as they are; l: their seven low bits; h: their halves.
        """
        made = [self._above(word, place) for word in together]
        whole = ["l = f & NAME_EACH(0x7fu)"] if any("l + " in text for text in made) else []
        halves = ["h = f >> 1 & m7"] if any("h + " in text for text in made) else []
        lines = [f"{{ const NAME_gateword {', '.join([f'f = NAME_lanes(x + {feature})', *whole, *halves])};"]
        for word, text in zip(together, made, strict=True):
            name, bits = self._name(word), f"({text} & NAME_EACH(0x80u))"
            lines.append(f"{name} = {bits};" if place == 0 else f"{name} = ({name} >> 1) + {bits};")
            lines[-1] += f" NAME_FENCE({name})"
        self.made.lanes += len(together)
        lines[-1] += " }"
        return lines

    def _above(self, word: int, place: int) -> str:
        """The top bit of each byte says whether its feature is above its threshold.

        With l the seven low bits of a byte f, f >= c is bit 7 of (l + 128 - c) | f where c is at most 128, and of
        (l + 256 - c) & f where it is more. With h its half, f >= 2 c is bit 7 of h + 128 - c.
        """
        lanes = range(self.plan.width // 8)
        bits = [self.plan.width * word + 8 * lane + place for lane in lanes]
        leasts = [256 if self.never[bit] else 0 if self.always[bit] else int(self.threshold[bit]) + 1 for bit in bits]
        if all(least % 2 == 0 for least in leasts):
            return f"(h + {self._bytes([128 - least // 2 for least in leasts])})"
        low = [0x80 if least <= 128 else 0 for least in leasts]
        added = self._bytes([128 - least if least <= 128 else 256 - least for least in leasts])
        both, either = f"((l + {added}) & f)", f"((l + {added}) | f)"
        if not any(low):
            return both
        return either if all(low) else f"({both} | ({either} & {self._bytes(low)}))"

    def _bytes(self, values: list[int]) -> str:
        """A constant of these bytes, the lowest first."""
        return constant_word(int.from_bytes(bytes(values), "little"), self.plan.width)

    def _one_by_one(self, word: int) -> Iterator[str]:
        """The bits of a word, the top one first."""
        name, first = self._name(word), True
        for bit in reversed(range(self.plan.width * word, self.plan.width * (word + 1))):
            text = "1u" if self.always[bit] else "0u"
            if not (self.always[bit] or self.never[bit]):
                self.made.bits += 1
                text = f"NAME_BIT({above(self.circuit, self.threshold[bit], bit)})"
            yield f"{name} = {text};" if first else f"{name} = {name} << 1 | {text};"
            first = False

    # --- Gates and counts. ---

    def _gate(self, word: int) -> str:
        gate = self.plan.gates[word - self.plan.inputs]
        found = expression(gate.op, self._turned(gate.a), self._turned(gate.b), self.plan.width)
        self.made.steps += found.steps
        self.made.masks += found.masks
        return f"{self._name(word)} = {found.text}; NAME_FENCE({self._name(word)})"

    def _turned(self, pin: Pin | None) -> str:
        if pin is None:
            return "0u"
        return f"NAME_TURN({self._name(pin.word)}, {pin.turn})" if pin.turn else self._name(pin.word)

    def _counted(self, owner: int, counted: tuple[tuple[int, bool], ...], done: set[int]) -> list[str]:
        """The score of a class; each word, where it is not done yet, is made when it is counted.

        n: sums of each four bits of at most _FOURS words; e: of each eight of at most _EIGHTS bits; s: of all.
        """
        assert self.circuit.head is not None
        most = _EIGHTS // self.plan.width
        self.made.counted += len(counted)
        lines = [f"s = {int(self.circuit.head.offset[owner]) % 2**32}u;"]
        for place, (word, flip) in enumerate(counted):
            lines += self._made([word], done)
            within = place % most
            last = place == len(counted) - 1
            lines.append(f"n {'+' if within % _FOURS else ''}= NAME_fours({'~' if flip else ''}{self._name(word)});")
            if within % _FOURS == _FOURS - 1 or within == most - 1 or last:
                lines.append(f"e {'+' if within >= _FOURS else ''}= NAME_eights(n);")
            else:
                lines[-1] += " NAME_FENCE(n)"
            if within == most - 1 or last:
                lines.append("s += NAME_sum(e);")
        return [*lines, f"NAME_FENCE(s) out[{owner}] = (int32_t)s;"]
