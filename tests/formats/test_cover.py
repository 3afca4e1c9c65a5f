"""Tables as gates: what they mean, how few they are, and how long it takes."""

from __future__ import annotations

import time
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc.formats.cover import Cover, cover_gates
from lgnc.ir.builder import FALSE, TRUE
from lgnc.ir.gates import TABLE


def value(cover: Cover, pattern: tuple[int, ...]) -> int:
    values = list(pattern)
    for op, a, b in cover.gates:
        values.append(int(TABLE[op, 2 * values[a] + values[b]]))
    if cover.literal < 0:
        return int(cover.literal == TRUE)
    return values[cover.literal >> 1] ^ (cover.literal & 1)


def minterms(inputs: int, wanted: set[int]) -> list[str]:
    """A row for every pattern with so many ones."""
    return ["".join(map(str, each)) for each in product((0, 1), repeat=inputs) if sum(each) in wanted]


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 7).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.text("01-", min_size=n, max_size=n), max_size=12))
    )
)
def test_the_gates_are_the_cover(table: tuple[int, list[str]]) -> None:
    inputs, rows = table
    cover = cover_gates(inputs, rows)
    for pattern in product((0, 1), repeat=inputs):
        want = any(all(w in ("-", str(x)) for w, x in zip(row, pattern, strict=True)) for row in rows)
        assert value(cover, pattern) == want
    if cover.gates:
        assert cover.literal >> 1 == inputs + len(cover.gates) - 1


@pytest.mark.parametrize("inputs", [2, 3, 8, 14, 16])
@pytest.mark.parametrize("odd", [0, 1])
def test_a_parity_takes_one_gate_less_than_inputs(inputs: int, odd: int) -> None:
    cover = cover_gates(inputs, minterms(inputs, set(range(odd, inputs + 1, 2))))
    assert len(cover.gates) == inputs - 1
    for place in range(inputs):
        pattern = tuple(int(k <= place) for k in range(inputs))
        assert value(cover, pattern) == (sum(pattern) % 2 == odd)


def test_a_majority_of_thirteen_in_primes_stays_small() -> None:
    rows = ["".join("1" if k in chosen else "-" for k in range(13)) for chosen in combinations(range(13), 7)]
    cover = cover_gates(13, rows)
    assert len(rows) == 1716
    assert len(cover.gates) < 150
    assert value(cover, (1, 0) * 6 + (1,)) == 1
    assert value(cover, (0, 1) * 6 + (0,)) == 0


def test_all_patterns_and_none_are_constants() -> None:
    assert cover_gates(5, minterms(5, set(range(6)))) == Cover((), TRUE)
    assert cover_gates(5, []) == Cover((), FALSE)
    assert cover_gates(0, [""]) == Cover((), TRUE)
    assert cover_gates(3, ["-1-"]) == Cover((), 2)
    assert cover_gates(3, ["-0-"]) == Cover((), 3)


@pytest.mark.parametrize("inputs", [300, 1000, 3000])
def test_wide_tables_take_no_recursion_and_little_time(inputs: int) -> None:
    began = time.process_time()
    ladder = cover_gates(inputs, ["1" * k + "0" + "-" * (inputs - 1 - k) for k in range(0, inputs, inputs // 300)])
    assert len(ladder.gates) < 4 * inputs + 4000
    assert value(ladder, (1,) * inputs) == 0
    assert value(ladder, (1,) * (inputs // 300) + (0,) * (inputs - inputs // 300)) == 1
    row = cover_gates(inputs, ["10" * (inputs // 2)])
    assert len(row.gates) == inputs - 1
    assert time.process_time() - began < 10.0


def test_products_of_apart_inputs_are_not_multiplied_out() -> None:
    rows = ["-" * (2 * k) + "11" + "-" * (98 - 2 * k) for k in range(50)]
    assert len(cover_gates(100, rows).gates) == 99
