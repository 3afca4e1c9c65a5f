"""Questions to networks as circuits: outputs that are true where something happens, and proven never to be true.

One mechanism answers all of them. What is asked is built as gates over the features' bits, and compared with a circuit
whose outputs are false (`prove`, `certify`, `check_certificate`): equal, and it never happens; a counterexample, and
that is where it does. Bits that the question fixes are constants, and what they make constant is gone before the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np

from lgnc.arithmetic.compressors import add_up
from lgnc.arithmetic.head import greater, score_format
from lgnc.ir.builder import FALSE, TRUE, Builder, joined
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import AND, OR, XOR
from lgnc.verify.flip import Group
from lgnc.verify.space import live_nodes


def inverted(literal: int) -> int:
    """The complement of a builder's literal, constants included."""
    return literal ^ 1


def never(question: Circuit) -> Circuit:
    """The circuit of the same features and outputs whose outputs are all false."""
    build = Builder(question.inputs)
    names = tuple(map(str, range(question.inputs)))
    return build.circuit([FALSE] * len(question.outputs), names, question.output_names).with_(encoder=question.encoder)


class Scene:
    """Gates over the bits of a row, and of a second row that may differ from it in the features `second`.

    encoder: the network's, with a feature more for each of `second`. first, other: for each bit of the network's
    encoder its literal, of the one row and of the other. read: bool[bits], the bits that an output depends on; the
    others are false.
    """

    def __init__(self, encoder: Encoder, read: Sequence[bool], second: Sequence[int] = ()) -> None:
        names = list(encoder.names)
        place = {feature: len(names) + k for k, feature in enumerate(second)}
        for feature in second:
            name = f"{names[feature]}, second value"
            while name in names:
                name += "'"
            names.append(name)
        again = np.flatnonzero(np.isin(encoder.feature, second) & np.array(read, np.bool_))
        moved = np.array([place[each] for each in encoder.feature[again].tolist()], np.int32)
        self.encoder = Encoder(
            tuple(names),
            encoder.dtype,
            np.concatenate([encoder.feature, moved]),
            np.concatenate([encoder.threshold, encoder.threshold[again]]),
        )
        self.build = Builder(self.encoder.bits)
        self.first = [2 * bit if used else FALSE for bit, used in enumerate(read)]
        self.other = list(self.first)
        for k, bit in enumerate(again.tolist()):
            self.other[bit] = 2 * (encoder.bits + k)

    def all_of(self, *literals: int) -> int:
        """The literal of the AND."""
        return joined(self.build, AND, literals)

    def any_of(self, *literals: int) -> int:
        """The literal of the OR."""
        return joined(self.build, OR, literals)

    def circuit(self, outputs: dict[str, int]) -> Circuit:
        """The question: a headless circuit with an output for each literal, by its name."""
        bits = tuple(map(str, range(self.encoder.bits)))
        return self.build.circuit(list(outputs.values()), bits, tuple(outputs)).with_(encoder=self.encoder)

    def legal(self, groups: Sequence[Group], bits: list[int]) -> int:
        """The literal that is true where `bits` are a table's row; those of flags become alike, in `bits` itself.

        A flag is 0 or 1; at most one category of a column is there; a missing cell has none, and its number is what
        missing ones are filled with.
        """
        held = []
        for group in groups:
            if not group.one_of and group.missing < 0:
                continue
            flags = {each: self._flag(each, bits) for each in (*group.one_of, group.missing) if each >= 0}
            held.append(self._at_most_one(list(flags.values())))
            if group.missing >= 0:
                gone = flags[group.missing]
                numbers = [each for each in group.features if each not in flags]
                held += [self.any_of(inverted(gone), at) for at in self._filled(numbers, group.fill, bits)]
        return self.all_of(*held)

    def _flag(self, feature: int, bits: list[int]) -> int:
        """The literal of a feature that is 0 or 1, FALSE where nothing tells; its bits are made that or constant."""
        own, threshold = np.flatnonzero(self.encoder.feature == feature).tolist(), self.encoder.threshold
        own = [bit for bit in own if bit < len(bits)]
        telling = [bit for bit in own if 0 <= threshold[bit] < 1 and bits[bit] >= 0]
        found = bits[min(telling, key=lambda bit: float(threshold[bit]))] if telling else FALSE
        for bit in own:
            bits[bit] = TRUE if threshold[bit] < 0 else FALSE if threshold[bit] >= 1 else found
        return found

    def _at_most_one(self, literals: list[int]) -> int:
        before, fine = FALSE, TRUE
        for literal in literals:
            fine = self.build.gate(AND, fine, inverted(self.build.gate(AND, before, literal)))
            before = self.build.gate(OR, before, literal)
        return fine

    def _filled(self, numbers: Sequence[int], fill: float | int, bits: list[int]) -> list[int]:
        """Literals that are true where numbers have the value `fill`, as far as their bits tell."""
        dtype, encoder = np.dtype(self.encoder.dtype), self.encoder
        value = dtype.type(fill)
        chosen = [bit for bit in np.flatnonzero(np.isin(encoder.feature, numbers)).tolist() if bit < len(bits)]
        return [
            bits[bit] if value > encoder.threshold[bit] else inverted(bits[bit]) for bit in chosen if bits[bit] >= 0
        ]


class Classes:
    """Which class a network chooses, on bits of a scene: `beats` and `wins` build gates when they are asked for."""

    def __init__(self, build: Builder, circuit: Circuit, bits: Sequence[int]) -> None:
        head = circuit.head
        assert head is not None
        self.build, self.count = build, head.classes
        base, width = score_format(head)
        self.columns: list[list[list[int]]] = []
        self.bounds: list[tuple[int, int]] = []
        outputs = placed(build, circuit, bits)
        for (first, last), offset in zip(pairwise(head.starts.tolist()), head.offset.tolist(), strict=True):
            free = [literal for literal in outputs[first:last] if literal >= 0]
            least = offset - base + outputs[first:last].count(TRUE)
            columns = [[TRUE] if least >> weight & 1 else [] for weight in range(width)]
            columns[0] = free + columns[0]
            self.columns.append(columns)
            self.bounds.append((least, least + len(free)))
        self.score = cache(self._score)
        self.greater = cache(self._greater)
        self.wins = cache(self._wins)

    def beats(self, one: int, other: int) -> int:
        """The literal that is true where class `one` is chosen over `other`: the lower index wins a tie."""
        return self.greater(one, other) if one > other else inverted(self.greater(other, one))

    def _wins(self, one: int) -> int:
        """The literal that is true where the class is the argmax."""
        return joined(self.build, AND, [self.beats(one, other) for other in range(self.count) if other != one])

    def _score(self, one: int) -> list[int]:
        """The bits of score - base, lowest first."""
        return add_up(self.build, [list(column) for column in self.columns[one]])

    def _greater(self, high: int, low: int) -> int:
        """The literal that is true where one class's score is above another's."""
        (least, most), (other_least, other_most) = self.bounds[high], self.bounds[low]
        if least > other_most or most <= other_least:
            return TRUE if least > other_most else FALSE
        x, y = self.score(high), self.score(low)
        return greater(self.build, x, y, [self.build.gate(XOR, a, b) for a, b in zip(x, y, strict=True)])


def placed(build: Builder, circuit: Circuit, bits: Sequence[int]) -> list[int]:
    """The literals of a circuit's outputs, its live gates built over the literals of its encoder's bits."""
    literal = [*bits, *([FALSE] * circuit.gates)]
    live = live_nodes(circuit)[circuit.inputs :]
    nodes = np.flatnonzero(live) + circuit.inputs
    rows = zip(nodes.tolist(), *(part[live].tolist() for part in (circuit.op, circuit.a, circuit.b)), strict=True)
    for node, op, a, b in rows:
        literal[node] = build.gate(op, literal[a], literal[b])
    return [literal[x >> 1] ^ (x & 1) for x in circuit.outputs.tolist()]
