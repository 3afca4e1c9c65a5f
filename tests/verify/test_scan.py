"""The index of the highest of some numbers, each of literals: what is compared is in the order of the numbers."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np

from lgnc.ir.simulate import pack, unpack
from lgnc.verify.graph import Graph, Simulator
from lgnc.verify.scan import keys_of, scan
from lgnc.verify.sums import Sum
from lgnc.verify.words import Word, word_keys, word_sum

LEAVES = 6
ROWS = np.array(list(product((0, 1), repeat=LEAVES)), np.bool_)


def value(number: Sum) -> np.ndarray:
    found = np.full(len(ROWS), number.constant)
    for node, times in number.terms.items():
        found += times * ROWS[:, node - 1]
    return found


def check(numbers: list[Sum], keys: list[list[int]]) -> None:
    graph = Graph(LEAVES)
    index = scan(graph, keys)
    nodes = unpack(Simulator(graph, graph.cone(index)).run(pack(ROWS)), len(ROWS))
    found = sum((nodes[:, literal >> 1] ^ (literal & 1)).astype(int) << bit for bit, literal in enumerate(index))
    assert (found == np.argmax([value(each) for each in numbers], axis=0)).all()


def test_numbers_with_inverted_digits_are_compared_as_they_are() -> None:
    numbers = [Sum(4, Counter({1: 1, 2: 2})), Sum(5, Counter({3: -1, 4: 2})), Sum(7, Counter({5: -1, 6: -2}))]
    keys = keys_of(numbers)
    assert keys is not None
    check(numbers, keys)


def test_numbers_of_unlike_constants_or_of_no_digits_have_no_keys() -> None:
    one = Sum(0, Counter({1: 1, 2: 2}))
    for other in (
        Sum(1, Counter({3: 1})),
        Sum(0, Counter({3: -1})),
        Sum(0, Counter({3: 3})),
        Sum(0, Counter({3: 1, 4: 1})),
    ):
        assert keys_of([one, other]) is None


def test_signed_words_are_compared_as_numbers() -> None:
    literals = [2, 4, 7, 8, 11, 12]
    for signed in (False, True):
        words = [Word((0, 1, 2), signed), Word((3, 4, 5), signed)]
        check([word_sum(each, literals) for each in words], [word_keys(each, literals) for each in words])
