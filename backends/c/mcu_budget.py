"""Flash and RAM of the MCU form of the C target, foretold, and the budgets that they are held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lgnc.backends.c.straight import Straight
from lgnc.backends.c.words import Words
from lgnc.diagnostics import BadInput, Failed
from lgnc.ir.circuit import FEATURE_DTYPES, Circuit
from lgnc.ir.gates import AND, FALSE, GT, OR, XOR, A


@dataclass(frozen=True)
class Footprint:
    """Bytes of a network: code and tables in flash; RAM with the workspace, the scores and the stack of a call."""

    code: int
    tables: int
    ram: int

    @property
    def flash(self) -> int:
        """Bytes of flash."""
        return self.code + self.tables


@dataclass(frozen=True)
class StraightCost:
    """Bytes of straight code: base, and for each gate, count, value stored or loaded, function after the first, class,
    and encoder bit compared by feature type. live: of stack, at most, for each value alive at a time, and the same
    where features have 64 bits.
    """

    base: float
    gate: float
    count: float
    kept: float
    part: float
    one_class: float
    compare: Mapping[str, float]
    live: float
    live_of_64_bits: float


@dataclass(frozen=True)
class WordsCost:
    """Bytes of code of words of 32 gates (those of 64 take twice as many but for `base`): base, and for each comparison
    of a word of features, encoder bit compared alone (beside 0.7 of what it takes in straight code), operation of
    gates, mask, word counted, class, and function after the first.
    """

    base: float
    lanes: float
    bit: float
    step: float
    mask: float
    counted: float
    one_class: float
    part: float


@dataclass(frozen=True)
class Chip:
    """A family of microcontrollers: what its compiler makes of the MCU form, in bytes.

    compiler: what the figures were fitted to, over networks of every feature type and set of gate functions. base,
    head, one_class: code that every network has, one with a head, one with a single class. loop, sums: of each gate
    number that is stored, and that is added to a class. compare: of encoder bits of each feature type. count: of
    literals that are counted. wide: for each kind of gate step when more than 255 values live at a time. stack: what
    calls take beside the workspace and the scores. straight, words: of straight code. double_bits: of the mantissa of
    `double`. bytewise: whether straight code has bytes of 0 or 1 for values.
    """

    compiler: str
    base: int
    head: int
    one_class: int
    loop: Mapping[int, int]
    sums: Mapping[int, int]
    compare: Mapping[str, int]
    count: int
    wide: int
    stack: int
    straight: StraightCost
    words: WordsCost
    double_bits: int = 53
    bytewise: bool = False

    def straight_code(self, circuit: Circuit, plan: Straight) -> int:
        """Bytes of machine code of straight code."""
        cost, counts = self.straight, len(circuit.outputs)
        total = cost.base + cost.gate * (plan.statements - counts) + cost.count * counts + cost.kept * plan.kept
        total += cost.part * (plan.parts - 1) + cost.compare[circuit.encoder.dtype] * plan.bits
        if circuit.head is not None:
            total += cost.one_class * circuit.head.classes
        return round(total)

    def words_code(self, circuit: Circuit, plan: Words) -> int:
        """Bytes of machine code of words of gates."""
        cost = self.words
        bit = cost.bit + 0.7 * self.straight.compare[circuit.encoder.dtype]
        total = cost.lanes * plan.lanes + bit * plan.bits + cost.step * plan.steps + cost.mask * plan.masks
        total += cost.counted * plan.counted + cost.part * (plan.parts - 1)
        if circuit.head is not None:
            total += cost.one_class * circuit.head.classes
        return round(cost.base + total * plan.width / 32)

    def code(self, circuit: Circuit, kinds: Iterable[int], wide: bool) -> int:
        """Bytes of machine code. kinds: the step numbers in use (`mcu_schedule`)."""
        total = self.base
        if circuit.head is not None:
            total += self.head + self.one_class * (circuit.head.classes == 1)
        for kind in kinds:
            if kind < 32:
                total += (self.loop if kind < 16 else self.sums)[kind % 16] + self.wide * (wide and kind % 16 in _TWO)
            else:
                total += self.compare[circuit.encoder.dtype] if kind == 32 else self.count
        return total

    def straight_stack(self, circuit: Circuit, plan: Straight) -> int:
        """Bytes of stack that straight code takes at most, beside `stack`: compilers differ in what they keep there."""
        wide = circuit.encoder.dtype in ("int64", "float64")
        return round((self.straight.live_of_64_bits if wide else self.straight.live) * plan.live)

    def footprint(self, circuit: Circuit, *, code: int, tables: int, workspace: int, stack: int = 0) -> Footprint:
        """The footprint of a network with so many bytes of code, tables, workspace, and stack beside that of all."""
        classes = 0 if circuit.head is None else circuit.head.classes
        return Footprint(code, tables, workspace + 4 * classes + self.stack + stack)


_TWO = (AND, GT, XOR, OR)
"""Gates that read both of their inputs."""

_CHIPS: dict[str, Chip] = {
    "cortex-m3": Chip(
        "arm-none-eabi-gcc 12.2 -O2 -mcpu=cortex-m3 -mthumb",
        base=307,
        head=210,
        one_class=-55,
        loop={FALSE: 107, AND: 196, GT: 162, A: 107, XOR: 196, OR: 196},
        sums={FALSE: 121, AND: 172, GT: 250, A: 121, XOR: 172, OR: 172},
        compare=dict.fromkeys(FEATURE_DTYPES, 192) | {"int32": 109, "float32": 17, "float64": -51},
        count=92,
        wide=9,
        stack=72,
        straight=StraightCost(
            base=44,
            gate=4,
            count=5.3,
            kept=5.8,
            part=82,
            one_class=12.7,
            compare=dict.fromkeys(FEATURE_DTYPES, 11)
            | {"int32": 17.5, "int64": 24.7, "float32": 19.9, "float64": 36.2},
            live=8,
            live_of_64_bits=12,
        ),
        words=WordsCost(base=230, lanes=18, bit=2, step=4, mask=7, counted=24, one_class=20, part=80),
    ),
    "avr": Chip(
        "avr-gcc 5.4 -Os -mmcu=atmega328p",
        base=1123,
        head=298,
        one_class=-156,
        loop={FALSE: 47, AND: 319, GT: 447, A: 306, XOR: 257, OR: 312},
        sums={FALSE: 19, AND: 521, GT: 546, A: 164, XOR: 407, OR: 397},
        compare={
            "bool": -263,
            "uint8": -197,
            "int8": -181,
            "uint16": -178,
            "int16": -102,
            "int32": 2,
            "int64": 320,
            "float32": 0,
        },
        count=350,
        wide=22,
        stack=50,
        straight=StraightCost(
            base=362,
            gate=7.4,
            count=5.5,
            kept=13.5,
            part=58,
            one_class=39.7,
            compare={
                "bool": 15.2,
                "uint8": 15.2,
                "int8": 15.2,
                "uint16": 20.3,
                "int16": 20.3,
                "int32": 33.6,
                "int64": 69.8,
                "float32": 85.4,
            },
            live=6,
            live_of_64_bits=9,
        ),
        words=WordsCost(base=400, lanes=90, bit=30, step=14, mask=20, counted=120, one_class=60, part=80),
        double_bits=24,
        bytewise=True,
    ),
    "cortex-m0": Chip(
        "arm-none-eabi-gcc 12.2 -O2 -mcpu=cortex-m0 -mthumb",
        base=503,
        head=114,
        one_class=13,
        loop={FALSE: 78, AND: 149, GT: 222, A: 105, XOR: 173, OR: 123},
        sums={FALSE: 59, AND: 178, GT: 164, A: 84, XOR: 166, OR: 188},
        compare={
            "bool": -67,
            "uint8": -37,
            "int8": 16,
            "uint16": -10,
            "int16": 30,
            "int32": 16,
            "int64": 158,
            "float32": 75,
            "float64": 322,
        },
        count=143,
        wide=1,
        stack=112,
        straight=StraightCost(
            base=100,
            gate=6.3,
            count=4.8,
            kept=6.1,
            part=41.7,
            one_class=10.4,
            compare={
                "bool": 6.6,
                "uint8": 5.5,
                "int8": 6.7,
                "uint16": 6.5,
                "int16": 6.9,
                "int32": 14.6,
                "int64": 32.3,
                "float32": 15.1,
                "float64": 28.7,
            },
            live=9,
            live_of_64_bits=12,
        ),
        words=WordsCost(base=121, lanes=37.4, bit=7.4, step=8.7, mask=0, counted=37.4, one_class=20, part=80),
    ),
    "rv32imac": Chip(
        "riscv64-unknown-elf-gcc 12.2 -O2 -march=rv32imac -mabi=ilp32",
        base=471,
        head=141,
        one_class=8,
        loop={FALSE: 98, AND: 267, GT: 308, A: 176, XOR: 283, OR: 259},
        sums={FALSE: 54, AND: 272, GT: 304, A: 154, XOR: 285, OR: 270},
        compare={
            "bool": -44,
            "uint8": 28,
            "int8": -31,
            "uint16": -13,
            "int16": -24,
            "int32": -30,
            "int64": 159,
            "float32": 73,
            "float64": 354,
        },
        count=176,
        wide=2,
        stack=72,
        straight=StraightCost(
            base=122,
            gate=8.6,
            count=3.3,
            kept=7.4,
            part=103,
            one_class=12.9,
            compare={
                "bool": 11.7,
                "uint8": 10.3,
                "int8": 9.3,
                "uint16": 11.3,
                "int16": 9.9,
                "int32": 11.6,
                "int64": 33.5,
                "float32": 23.4,
                "float64": 60.4,
            },
            live=9,
            live_of_64_bits=20,
        ),
        words=WordsCost(base=169, lanes=51.7, bit=5.7, step=12.6, mask=0, counted=40.9, one_class=25, part=80),
    ),
}

CHIPS: Mapping[str, Chip] = _CHIPS | {
    "cortex-m4f": replace(
        _CHIPS["cortex-m3"],
        compiler="arm-none-eabi-gcc 12.2 -O2 -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16",
    )
}
"""Family -> its figures. Over the networks that they were fitted to, code and tables are within 5 % of the compiler's
on a Cortex-M3, and within 7 % on an AVR; on a Cortex-M0 and RV32 4 and 3 % off on average, 13 % at most
(`benchmarks/chip_figures.py`); straight code, which the compiler makes more of, is 10 % off on average. A
Cortex-M4F's code is a Cortex-M3's: tables within 1 %, straight code 2 to 4 % smaller.
"""


def check_features(circuit: Circuit, chip: Chip) -> None:
    """Raise BadInput when the chip's compiler has no type for the features that compares as the network does."""
    if circuit.encoder.dtype == "float64" and chip.double_bits < 53:
        what = f"the features are float64, and the double of {chip.compiler.split()[0]} has {chip.double_bits} bits"
        fix = "train on integers, such as ADC codes or tenths, or choose another board"
        raise BadInput(what, where="--board", fix=fix)


def check_budget(circuit: Circuit, needs: Footprint, max_flash: int | None, max_ram: int | None) -> None:
    """Raise Failed, with the figures and what would help, when `needs` is above a budget in bytes."""
    if max_flash is not None and needs.flash > max_flash:
        raise _over(needs.flash, max_flash, "flash", "--max-flash", _smaller(circuit, needs, max_flash))
    if max_ram is not None and needs.ram > max_ram:
        fix = "fewer values would live at a time with narrower layers or fewer thresholds"
        raise _over(needs.ram, max_ram, "RAM", "--max-ram", fix)


def _over(have: int, limit: int, what: str, option: str, fix: str) -> Failed:
    over = f"needs {have:,} bytes of {what}, {have - limit:,} more than {limit:,}"
    return Failed(over, where=option, fix=fix)


def _smaller(circuit: Circuit, needs: Footprint, limit: int) -> str:
    """What would fit `limit` bytes of flash."""
    figures = f"code {needs.code:,}, tables {needs.tables:,} for {circuit.gates:,} gates and {circuit.inputs:,} inputs"
    room = limit - needs.code
    if room <= 0:
        return f"{figures}; the code alone is too much"
    fits = circuit.gates * room // max(1, needs.tables)
    return f"{figures}; about {fits:,} gates fit: compile with -O3, or train with a smaller --width"
