"""Bits that stand for any value: literals of a growing netlist, whose inputs are comparisons of features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import AND, FALSE, XOR, absorb_inversions

Literals = NDArray[np.int64]

MOST_GATES = 1 << 26
"""Gates that a file may be read back as: beyond them memory runs short."""

MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
"""x OPERATOR y is y MIRRORED[OPERATOR] x."""

_LEAF = 255


class Symbols:
    """Literals are 2 * node + inverted; node 0 is false, so 0 and 1 are the constants.

    A node is a comparison `feature > threshold`, an AND or an XOR. Constants are folded as the netlist grows.
    """

    def __init__(self, encoder: Encoder, where: str) -> None:
        self.encoder, self.where = encoder, where
        self.kind: list[int] = [FALSE]
        self.a: list[int] = [0]
        self.b: list[int] = [0]
        self.leaves: dict[tuple[int, int | float], int] = {}
        self.cut: dict[int, tuple[int, int | float]] = {}
        low, high = encoder.range
        self.low, self.high = low, high

    def _new(self, kind: int, a: int, b: int) -> int:
        self.kind.append(kind)
        self.a.append(a)
        self.b.append(b)
        if len(self.kind) > MOST_GATES:
            raise BadInput(f"more than {MOST_GATES:,} gates", where=self.where, fix="read back a smaller network")
        return 2 * (len(self.kind) - 1)

    def and_(self, x: int, y: int) -> int:
        """The literal of x & y."""
        if x == y or y == 1:
            return x
        if x == 1:
            return y
        if x == 0 or y == 0 or x ^ y == 1:
            return 0
        return self._new(AND, x, y)

    def xor(self, x: int, y: int) -> int:
        """The literal of x ^ y."""
        flip = (x ^ y) & 1
        x, y = x & ~1, y & ~1
        if x == 0 or y == 0:
            return (x or y) ^ flip
        if x == y:
            return flip
        return self._new(XOR, x, y) ^ flip

    def or_(self, x: int, y: int) -> int:
        """The literal of x | y."""
        return self.and_(x ^ 1, y ^ 1) ^ 1

    def choose(self, condition: int, x: int, y: int) -> int:
        """The literal of x where the condition holds, else y."""
        return self.xor(y, self.and_(condition, self.xor(x, y)))

    def each(self, kind: int, x: Literals, y: Literals) -> Literals:
        """AND or XOR of two arrays of literals, broadcast."""
        x, y = np.broadcast_arrays(x, y)
        if min(x.min(initial=0), y.min(initial=0)) < 0:
            raise BadInput("values are read that nothing wrote", where=self.where)
        if kind == XOR:
            flip, low, high = (x ^ y) & 1, np.minimum(x & ~1, y & ~1), np.maximum(x & ~1, y & ~1)
            known = np.where(low == high, 0, high)
            fresh = (low != 0) & (low != high)
        else:
            flip, low, high = np.zeros_like(x), np.minimum(x, y), np.maximum(x, y)
            known = np.where(low == 1, high, np.where((low == 0) | (low ^ high == 1), 0, low))
            fresh = (low > 1) & (low >> 1 != high >> 1)
        count = int(np.count_nonzero(fresh))
        if count:
            if len(self.kind) + count > MOST_GATES:
                raise BadInput(f"more than {MOST_GATES:,} gates", where=self.where, fix="read back a smaller network")
            known = known.copy()
            known[fresh] = 2 * (len(self.kind) + np.arange(count))
            self.kind.extend([kind] * count)
            self.a.extend(low[fresh].tolist())
            self.b.extend(high[fresh].tolist())
        found: Literals = known ^ flip
        return found

    def above(self, feature: int, threshold: float | int) -> int:
        """The literal of `feature > threshold`, the threshold being a value of any size."""
        if threshold >= self.high:
            return 0
        if threshold < self.low:
            return 1
        if not self.encoder.is_float:
            threshold = math.floor(threshold)
        found = self.leaves.get((feature, threshold))
        if found is None:
            if not 0 <= feature < len(self.encoder.names):
                raise BadInput(f"feature {feature} is read, of {len(self.encoder.names)}", where=self.where)
            found = self.leaves[feature, threshold] = self._new(_LEAF, 0, 0)
            self.cut[found >> 1] = feature, threshold
        return found

    def at_least(self, feature: int, threshold: float | int) -> int:
        """The literal of `feature >= threshold`."""
        if not self.encoder.is_float:
            return self.above(feature, math.ceil(threshold) - 1)
        kind = np.dtype(self.encoder.dtype).type
        below = kind(threshold)
        if below >= threshold:
            below = np.nextafter(below, kind(-np.inf))
        return self.above(feature, float(below))

    def compared(self, operator: str, feature: int, value: float | int) -> int:
        """The literal of `feature OPERATOR value`, the operator spelt as in C or Python. Raises KeyError for others."""
        if isinstance(value, float) and math.isnan(value):
            raise BadInput("a feature is compared with NaN", where=self.where)
        if operator in (">", "<="):
            return self.above(feature, value) ^ (operator == "<=")
        if operator in (">=", "<"):
            return self.at_least(feature, value) ^ (operator == "<")
        same = self.and_(self.at_least(feature, value), self.above(feature, value) ^ 1)
        return {"==": same, "!=": same ^ 1}[operator]

    def at_zero(self, literal: int) -> bool:
        """The value of a literal where every feature is 0."""
        return self.value(literal, 0)

    def value(self, literal: int, number: float | int) -> bool:
        """The value of a literal where every feature is a number."""
        node = literal >> 1
        if node == 0:
            found = False
        elif self.kind[node] == _LEAF:
            found = number > self.cut[node][1]
        else:
            x, y = self.value(self.a[node], number), self.value(self.b[node], number)
            found = x != y if self.kind[node] == XOR else x and y
        return found != bool(literal & 1)

    def of_one_feature(self, literal: int) -> int:
        """A literal that comparisons of one feature decide, as the fewest of them; of several features, as it is."""
        waiting, seen, cuts = [literal >> 1], set[int](), list[tuple[int, int | float]]()
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if self.kind[node] == _LEAF:
                cuts.append(self.cut[node])
                if cuts[-1][0] != cuts[0][0]:
                    return literal
            elif node:
                waiting += self.a[node] >> 1, self.b[node] >> 1
        if not cuts:
            return literal
        before = self.value(literal, -math.inf)
        found = int(before)
        for cut, (_, above) in pairwise([*sorted(cuts), (0, math.inf)]):
            after = self.value(literal, above)
            if after != before:
                found = self.xor(found, self.above(*cut))
            before = after
        return found

    def circuit(self, outputs: Sequence[int], names: tuple[str, ...]) -> Circuit:
        """The headless circuit of the gates and comparisons that the outputs need, in the order of their making.

        So what a number is made from stands before what it is used for, which helps a prover to take it apart.
        """
        if any(literal < 0 for literal in outputs):
            raise BadInput("an output is something that nothing wrote", where=self.where)
        live = bytearray(len(self.kind))
        for literal in outputs:
            live[literal >> 1] = 1
        for node in range(len(self.kind) - 1, 0, -1):
            if live[node]:
                live[self.a[node] >> 1] = live[self.b[node] >> 1] = 1
        kind, kept = np.array(self.kind, np.uint8), np.frombuffer(live, np.bool_).copy()
        kept[0] = any(literal < 2 for literal in outputs)
        used = [(key, literal >> 1) for key, literal in self.leaves.items() if kept[literal >> 1]]
        kept &= kind != _LEAF
        place = np.zeros(len(kind), np.int64)
        place[[node for _, node in used]] = np.arange(len(used))
        place[kept] = len(used) + np.arange(np.count_nonzero(kept))
        a, b = (np.array(pins, np.int64)[kept] for pins in (self.a, self.b))
        op = absorb_inversions(kind[kept], a, b)
        at = np.array(outputs, np.int64)
        enc = self.encoder
        cuts = [key[1] for key, _ in used]
        threshold = np.array(cuts, np.float64) if enc.is_float else np.array(cuts, np.int64)
        encoder = Encoder(enc.names, enc.dtype, np.array([key[0] for key, _ in used], np.int32), threshold)
        one, two = (np.where(op == FALSE, 0, place[each >> 1]).astype(np.int32) for each in (a, b))
        moved = (2 * place[at >> 1] + (at & 1)).astype(np.int32)
        return Circuit(encoder, op.astype(np.uint8), one, two, moved, None, names)


def word_names(word: str, width: int) -> tuple[str, ...]:
    """Names of a word's bits, lowest first: `score3_0`, `score3_1` ..."""
    return tuple(f"{word}_{bit}" for bit in range(width))
