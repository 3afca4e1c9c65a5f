"""Outputs that are numbers are proven as numbers: score words as integer sums, then the class as the choice among them.

What is left over are outputs to be compared bit by bit, in a graph in which words that are proven equal are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lgnc.arithmetic.head import score_format
from lgnc.ir.circuit import Circuit
from lgnc.verify.graph import Graph
from lgnc.verify.sat import Effort, Oracle
from lgnc.verify.scan import index_places, keys_of, scan
from lgnc.verify.space import Side, Space
from lgnc.verify.sums import Sum, any_of, class_sums, nonzero
from lgnc.verify.words import (
    WordDifference,
    alike_bits,
    over_cut,
    score_words,
    substituted,
    word_differences,
    word_keys,
)

_EFFORT = Effort(1000, 300)
"""What a question about a node, or about a word's difference, may cost."""

_SMALL = 64
"""Nodes of a word's difference up to which SAT is asked about it on its own."""


class WordSide(NamedTuple):
    """names: of the outputs. head: the circuit before its head was lowered, if it had one."""

    view: Side
    names: Sequence[str]
    head: Circuit | None


class WordProof:
    """Two sides' outputs in one graph, alike in order. equal: whether two circuits are proven equal."""

    def __init__(
        self,
        graph: Graph,
        space: Space,
        sides: tuple[WordSide, WordSide],
        deadline: float,
        equal: Callable[[Circuit, Circuit], bool],
    ) -> None:
        self.graph, self.space, self.sides = graph, space, sides
        self.deadline, self.equal = deadline, equal

    def left_over(self, one: list[int], two: list[int]) -> tuple[Graph, list[int], list[int]]:
        """(a graph, the literals of both sides' outputs in it) without the words that are proven equal, and without the
        class where it is proven to be the choice among them.
        """
        a, b = self.sides
        turned = a.head is None and b.head is not None
        # Where there is a lowered head, its names say what the outputs are.
        names = b.names if turned or (a.head is None and not score_words(a.names)) else a.names
        sums = [self._scores(side, names) for side in self.sides]
        first, second = (two, one) if turned else (one, two)
        words = word_differences(self.graph, names, first, second, sums[::-1] if turned else sums)
        equal = self._equal_words(words)
        proven = [place for each in equal for place in each.word.places]
        if not proven:
            return self.graph, one, two
        left = sorted(set(range(len(one))) - set(proven))
        if (a.head is None) != (b.head is None) and self._chooses(names, equal, second, left):
            return self.graph, [], []
        roots = [side[place] for side in (one, two) for place in left]
        count = len(left)
        both = [(second[place], first[place]) for place in proven]
        pairs = [(y, x) if x < 2 else (x, y) for x, y in both]
        graph, found, cut = substituted(self.graph, pairs, roots, [literal >> 1 for _, literal in pairs])
        if self._equal_over(graph, cut, [found[:count], found[count:]]):
            return graph, [], []
        pairs = [(y, x) for x, y in both]
        same = [literal for pair in alike_bits(first, second, proven) for literal in pair]
        digits = [node for each in equal for node in each.digits.terms]
        graph, found, cut = substituted(self.graph, pairs, roots + same, digits)
        sides, same = [found[:count], found[count : 2 * count]], found[2 * count :]
        differ = (graph.xor(x, y) for x, y in zip(same[::2], same[1::2], strict=True))
        held = 1 ^ any_of(graph, differ)
        over = [[graph.and_(held, root) for root in side] for side in sides]
        if self._equal_over(graph, cut, over):
            return graph, [], []
        return graph, sides[0], sides[1]

    def _scores(self, side: WordSide, names: Sequence[str]) -> list[Sum] | None:
        """The scores of a side that had a head before it was lowered, as its words have them."""
        circuit = side.head
        if circuit is None or circuit.head is None:
            return None
        sums = class_sums(circuit, self.graph.add_circuit(circuit, side.view.literal))
        words = score_words(names)
        if words and not words[0].signed:
            for each in sums:
                each.constant -= score_format(circuit.head).base
        return sums

    def _equal_words(self, words: list[WordDifference]) -> list[WordDifference]:
        """The words whose differences are 0: mostly they are seen to be, else SAT is asked a little."""
        oracle, proven = Oracle(self.graph, self.space, self.deadline), list[WordDifference]()
        try:
            for word in words:
                hard = [self._possible(oracle, each) for each in word.left]
                hard = [each for each in hard if not each.is_zero]
                if all(len(each.terms) <= _SMALL for each in hard) and all(
                    oracle.satisfiable([nonzero(self.graph, each)], _EFFORT) is False for each in hard
                ):
                    proven.append(word)
        finally:
            oracle.close()
        return proven

    @staticmethod
    def _possible(oracle: Oracle, number: Sum) -> Sum:
        """A number without those of its nodes that are seen never to be true."""
        if len(number.terms) > _SMALL:
            return number
        never = [node for node in number.terms if oracle.satisfiable([2 * node], _EFFORT) is False]
        return Sum(number.constant, Counter({k: times for k, times in number.terms.items() if k not in never}))

    def _chooses(self, names: Sequence[str], equal: list[WordDifference], second: list[int], left: list[int]) -> bool:
        """Whether what is left of the second side is the index of its highest score: equal words are the head's scores.

        The index is built anew over the second side's scores, or over the digits that these are made from.
        """
        places = index_places(names, left)
        if places is None:  # Bits of scores too, when not all words are equal.
            return False
        words = [word_keys(each.word, second) for each in equal]
        for keys in (keys_of([each.digits for each in equal]), words):
            if keys is not None:
                made = scan(self.graph, keys)
                own = [made[bit] if bit < len(made) else 0 for bit in range(len(places))]
                cut = {literal >> 1 for key in keys for literal in key} - {0}
                if self._equal_over(self.graph, cut, [own, [second[place] for place in places]]):
                    return True
        return False

    def _equal_over(self, graph: Graph, cut: set[int], sides: list[list[int]]) -> bool:
        """Whether outputs are proven equal for any values of the nodes of `cut`, such as the bits of scores."""
        return sides[0] == sides[1] or self.equal(*over_cut(graph, cut, sides))
