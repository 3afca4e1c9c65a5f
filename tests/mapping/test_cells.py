"""Designs in an FPGA's own cells: the books of counters, and cells that are the circuit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lgnc.formats.lift import lift
from lgnc.ir.builder import FALSE, TRUE
from lgnc.ir.circuit import Circuit, Encoder, Head
from lgnc.mapping.cells import map_cells
from lgnc.mapping.choosing import choose_highest
from lgnc.mapping.counter_plan import plan_counters
from lgnc.mapping.counting import count_bits
from lgnc.mapping.netlist import Chain, Netlist, Table, gives, reads
from lgnc.passes.lower_head import lower_head
from lgnc.verify.prove import prove
from tests.arithmetic.test_head import outputs_of
from tests.support import random_circuit, random_features, random_model


@pytest.mark.parametrize(
    "counts", [[1], [2, 0], [3, 0], [7, 0, 0], [60, *[0] * 5], [101, 0, 1, 0, 0, 1, 0], [5, 9, 2, 0, 0]]
)
def test_counters_take_what_is_there_and_leave_one_bit(counts: list[int]) -> None:
    left = list(counts)
    for stage in plan_counters(counts).stages:
        given = [0] * (len(left) + 3)
        for counter in stage:
            at = counter.column
            for take, width in zip(counter.takes, counter.widths(), strict=True):
                assert 0 <= take <= min(7, left[at])
                left[at] -= take
                for place in range(width):
                    given[min(at + place, len(left))] += 1
                at += width
            given[min(at, len(left))] += 1
        left = [one + two for one, two in zip(left, given, strict=False)]
    assert max(left) <= 1


@pytest.mark.parametrize("bits", [60, 100, 200])
def test_a_popcount_costs_at_most_three_quarters_of_a_table_a_bit(bits: int) -> None:
    """Of tables, each carry that leaves a chain beside a sum counted as one too: 1.16 without carry chains."""
    net = Netlist(bits)
    count_bits(net, [list(range(0, 2 * bits, 2)), *[[] for _ in range(bits.bit_length() - 1)]], {})
    assert len(net.tables) <= 0.6 * bits
    out = sum(cell.places[-1].carry is not None for cell in net.cells if isinstance(cell, Chain))
    assert len(net.tables) + out <= 0.77 * bits


@pytest.mark.parametrize("count", [*range(1, 17), 40, 101])
def test_counts_are_sums(count: int) -> None:
    """Literals, some inverted, some twice, one with its complement, and constants."""
    rng = np.random.default_rng(count)
    literals = [*rng.integers(0, 2 * count, count).tolist(), TRUE]
    columns = [literals, [TRUE, FALSE], *[[] for _ in range((count + 4).bit_length() - 2)]]
    columns = columns[: max(2, (count + 3).bit_length())]
    net = Netlist(count)
    bits = count_bits(net, columns, {})
    names = tuple(f"b{k}" for k in range(len(bits)))
    circuit = net.build.circuit(bits, tuple(f"x{k}" for k in range(count)), names)
    x = rng.integers(0, 2, (300, count)).astype(np.bool_)
    found = outputs_of(circuit, x) @ (1 << np.arange(len(bits)))
    wanted = 3 + sum((x[:, each >> 1] ^ bool(each & 1)).astype(int) for each in literals if each >= 0)
    np.testing.assert_array_equal(found, wanted)


def test_the_lowest_of_equal_scores_wins() -> None:
    net = Netlist(9)
    scores = [[2 * (3 * c + bit) for bit in range(3)] for c in range(3)]
    index = choose_highest(net, scores, 2)
    circuit = net.build.circuit(index, tuple(f"s{k}" for k in range(9)), ("c0", "c1"))
    rows = (np.arange(512)[:, None] >> np.arange(9) & 1).astype(np.bool_)
    values = rows.reshape(512, 3, 3) @ np.array([1, 2, 4])
    np.testing.assert_array_equal(outputs_of(circuit, rows) @ [1, 2], values.argmax(axis=1))


def cells_are_in_order(net: Netlist) -> None:
    known = set(range(net.build.inputs))
    for cell in net.cells:
        assert set(reads(cell)) <= known
        if isinstance(cell, Table):
            assert len(cell.inputs) <= (6 if cell.lower is None else 5)
        known |= {literal >> 1 for literal in gives(cell)}


@pytest.mark.parametrize("outputs", ["both", "class", "scores"])
@pytest.mark.parametrize("seed", range(4))
def test_cells_are_the_circuit(seed: int, outputs: str) -> None:
    shape: dict[str, Any] = [{}, {"width": 90}, {"layers": 1, "width": 60, "classes": 2}, {"classes": 5, "width": 33}][
        seed
    ]
    circuit = lift(random_model(seed, **shape))
    mapped = map_cells(circuit, outputs)
    cells_are_in_order(mapped.net)
    found = mapped.circuit.with_(encoder=circuit.encoder)
    if outputs == "both":
        assert prove(circuit, found).equal is True
    x = random_features(circuit, 1000)
    np.testing.assert_array_equal(outputs_of(found, x), outputs_of(lower_head(circuit, outputs), x))


@pytest.mark.parametrize("seed", range(3))
def test_circuits_without_a_head(seed: int) -> None:
    circuit = random_circuit(seed, outputs=15)
    mapped = map_cells(circuit)
    cells_are_in_order(mapped.net)
    found = mapped.circuit.with_(encoder=circuit.encoder)
    x = random_features(circuit, 300)
    np.testing.assert_array_equal(outputs_of(found, x), outputs_of(circuit, x))


def test_classes_that_count_nothing_or_inputs_alone() -> None:
    """Offsets alone, one class, and literals that are encoder bits, inverted."""
    encoder = Encoder.binary(("x", "y", "z"))
    none = np.zeros(0, np.int32)
    for starts, offsets in (([0, 0, 3, 3], [2, 0, 1]), ([0, 3], [0]), ([0, 3, 3], [-5, -4])):
        head = Head(tuple("abc"[: len(offsets)]), np.array(starts, np.int32), np.array(offsets, np.int32))
        circuit = Circuit(encoder, np.zeros(0, np.uint8), none, none, np.array([1, 3, 5], np.int32), head)
        found = map_cells(circuit).circuit.with_(encoder=encoder)
        assert prove(circuit, found).equal is True
