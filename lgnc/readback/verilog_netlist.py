"""What reading Verilog collects: declared signals, gates and comparisons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import FEATURE_DTYPES, Circuit, Encoder
from lgnc.ir.gates import FALSE, FLIP_A, FLIP_B, A
from lgnc.ir.order import in_order

_GATE = 1 << 40
_RAW = 1 << 60
_OPAQUE = 1 << 61
_ANY = -1
_FLIP_A, _FLIP_B = FLIP_A.tolist(), FLIP_B.tolist()


class Net(NamedTuple):
    """A declared signal. width: of it, or of one place of a memory."""

    width: int
    signed: bool
    memory: bool = False


class Netlist:
    """Literals are 2 * id + inverted: ids are encoder bits from 0, gates from _GATE, bits of the input from _RAW.

    From _OPAQUE on are clocks, enables and handshakes, which logic may not read. A register is a gate that passes its
    input on, one stage later; paths that meet must have crossed as many registers, or the values are not one vector's.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.width = 0
        self.comparisons: dict[tuple[int, int, bool, int], int] = {}
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.stage: list[int] = []
        self.zero = -1
        self.opaques = 0
        self.clocks: set[tuple[int, int | None]] = set()
        self.latency = 0

    def opaque(self, width: int) -> list[int]:
        """Literals of signals that only registers may read, as clock or enable."""
        self.opaques += width
        return [2 * (_OPAQUE + self.opaques - 1 - bit) for bit in range(width)]

    def register(self, literal: int, clock: int, enable: int | None) -> int:
        """The literal of a value one stage later. All registers have one clock, and one enable or none."""
        self.clocks.add((clock, enable))
        if len(self.clocks) > 1 or min(clock, clock if enable is None else enable) < 2 * _OPAQUE:
            raise BadInput("registers differ in clock or enable", where=self.where, fix="one clock, one enable")
        literal = self._plain(literal)
        stage = self._stage(literal)
        moved = self.gate(A, literal, literal)
        self.stage[-1] = stage if stage == _ANY else stage + 1
        return moved

    def _stage(self, literal: int) -> int:
        return self.stage[(literal >> 1) - _GATE] if literal >= 2 * _GATE else 0

    def input_port(self, width: int) -> list[int]:
        """The literals of the top's input, which only comparisons and single-bit logic can read."""
        self.width = width
        return [2 * (_RAW + bit) for bit in range(width)]

    def compare(self, bits: list[int], signed: bool, threshold: int) -> int:
        """The literal of `bits > threshold`, bits being a run of the input's own."""
        first = (bits[0] >> 1) - _RAW
        if not 0 <= first < self.width or bits != [2 * (_RAW + first + i) for i in range(len(bits))]:
            raise BadInput("a comparison reads something other than a part of the input", where=self.where)
        key = first, len(bits), signed, threshold
        return 2 * self.comparisons.setdefault(key, len(self.comparisons))

    def _plain(self, literal: int) -> int:
        """The literal, a single bit of the input made an encoder bit of its own."""
        if literal >= 2 * _OPAQUE:
            raise BadInput("logic reads a clock, an enable or a handshake", where=self.where)
        if literal >= 2 * _RAW:
            return self.compare([literal & ~1], False, 0) | (literal & 1)
        return literal

    def gate(self, op: int, a: int, b: int) -> int:
        """The literal of a new gate that absorbs its fan-ins' inversions."""
        a, b = self._plain(a), self._plain(b)
        if a & 1:
            op = _FLIP_A[op]
        if b & 1:
            op = _FLIP_B[op]
        stages = {self._stage(a), self._stage(b)} - {_ANY}
        if len(stages) > 1:
            raise BadInput("values of different pipeline stages meet in a gate", where=self.where)
        self.op.append(op)
        self.a.append(a >> 1)
        self.b.append(b >> 1)
        self.stage.append(max(stages, default=_ANY))
        return 2 * (_GATE + len(self.op) - 1)

    def constant(self, value: int) -> int:
        """The literal of 0 or 1: one gate makes both."""
        if self.zero < 0:
            self.op.append(FALSE)
            self.a.append(-1)
            self.b.append(-1)
            self.stage.append(_ANY)
            self.zero = 2 * (_GATE + len(self.op) - 1)
        return self.zero ^ value

    def _drop_dead(self, literals: list[int]) -> list[int]:
        """The output literals again, once gates and comparisons that none of them needs are left out.

        Such are wires that only keep a linter quiet: they must not count as reads of a feature.
        """
        live = {literal >> 1 for literal in literals}
        for gate in range(len(self.op) - 1, -1, -1):
            if _GATE + gate in live:
                live |= {self.a[gate], self.b[gate]}
        keys = list(self.comparisons)
        kept = [number for number in range(len(keys)) if number in live]
        place = {number: index for index, number in enumerate(kept)}
        self.comparisons = {keys[number]: index for number, index in place.items()}
        for gate in range(len(self.op)):
            dead = _GATE + gate not in live
            self.op[gate] = FALSE if dead else self.op[gate]
            for pins in (self.a, self.b):
                pins[gate] = -1 if dead else place.get(pins[gate], pins[gate])
        return [2 * place.get(literal >> 1, literal >> 1) | (literal & 1) for literal in literals]

    def encoder(self) -> Encoder:
        """The features that the comparisons read: all of one width and sign, side by side in the input."""
        kinds = {(length, signed) for _, length, signed, _ in self.comparisons}
        if len(kinds) > 1:
            raise BadInput("the features compared differ in width or sign", where=self.where)
        width, signed = next(iter(kinds), (1, False))
        dtype = "bool" if width == 1 else f"{'' if signed else 'u'}int{width}"
        aligned = all(first % width == 0 for first, *_ in self.comparisons) and self.width % width == 0
        if dtype not in FEATURE_DTYPES or not aligned or (width == 1 and signed):
            raise BadInput(f"the input is not a row of features of {width} bits", where=self.where)
        names = tuple(f"f{i}" for i in range(self.width // width))
        feature = np.array([first // width for first, *_ in self.comparisons], np.int32)
        return Encoder(names, dtype, feature, np.array([key[3] for key in self.comparisons], np.int64))

    def circuit(self, outputs: dict[str, list[int]]) -> Circuit:
        """The circuit whose outputs are the ports' bits."""
        literals, names = [], []
        for port, bits in outputs.items():
            stem = "class" if port == "class_index" else port
            literals += [self._plain(bit) for bit in bits]
            names += [f"{stem}_{bit}" for bit in range(len(bits))]
        stages = {self._stage(literal) for literal in literals} - {_ANY}
        if len(stages) > 1:
            raise BadInput("the outputs come from different pipeline stages", where=self.where)
        self.latency = max(stages, default=0)
        literals = self._drop_dead(literals)
        encoder = self.encoder()

        def numbers(ids: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
            array = np.array(ids, np.int64)
            array = np.where(array >= _GATE, array - _GATE + encoder.bits, np.maximum(array, 0))
            return array.astype(np.int32)

        inverted = np.array([literal & 1 for literal in literals], np.int32)
        out = 2 * numbers([literal >> 1 for literal in literals]) + inverted
        op = np.array(self.op, np.uint8)
        return in_order(encoder, op, numbers(self.a), numbers(self.b), out.astype(np.int32), None, tuple(names))
