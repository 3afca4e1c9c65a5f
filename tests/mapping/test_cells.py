"""Designs in an FPGA's own cells: the books of counters, and cells that are the circuit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lgnc.formats.lift import lift
from lgnc.ir.builder import FALSE, TRUE
from lgnc.ir.circuit import Circuit, Encoder, Head
from lgnc.mapping.adder_plan import plan_adders
from lgnc.mapping.adding import add_bits
from lgnc.mapping.cells import map_cells
from lgnc.mapping.choosing import choose_highest
from lgnc.mapping.counter_plan import plan_counters
from lgnc.mapping.counting import count_bits
from lgnc.mapping.netlist import FABRICS, Chain, Netlist, Table, gives, reads
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


@pytest.mark.parametrize(("gates", "shared"), [(False, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    "counts", [[1], [2, 0], [3, 0], [7, 0, 0], [60, *[0] * 5], [101, 0, 1, 0, 0, 1, 0], [5, 9, 2, 0, 0]]
)
def test_adders_take_what_is_there_and_leave_one_bit(counts: list[int], gates: bool, shared: bool) -> None:
    """Carries and sums of a stage are there after it; two gates and a wire of the first column at most in an adder."""
    left, fresh = list(counts), counts[0] if gates else 0
    plan = plan_adders(counts, fresh, shared=shared)
    fresh, price = fresh - plan.tables, plan.tables
    for stage in plan.stages:
        given = [0] * (len(left) + 1)
        for adder in stage:
            price += len(adder.takes) + 1 + (adder.chained and adder.open and not shared)
            for at, take in enumerate(adder.takes, adder.column):
                assert 0 <= take <= (3 if at == adder.column else 2)
                assert take <= left[at]
                left[at] -= take
                given[at] += 1
            if adder.column == 0 and adder.chained:
                assert left[0] + 3 > fresh or not fresh
                fresh -= min(2, fresh)
            given[adder.column + len(adder.takes)] += adder.open
        left = [one + two for one, two in zip(left, given, strict=False)]
    assert max(left) <= 1
    assert fresh == 0
    assert price == plan.price


@pytest.mark.parametrize(("gates", "shared", "most"), [(False, False, 1.78), (False, True, 1.53), (True, True, 1.7)])
@pytest.mark.parametrize("bits", [60, 100, 200])
def test_what_ripple_adders_cost(bits: int, gates: bool, shared: bool, most: float) -> None:
    """Tables of four inputs a bit: 2 with full adders, and 3 with a gate before each bit."""
    counts = [bits, *[0] * (bits.bit_length() - 1)]
    assert plan_adders(counts, bits * gates, shared=shared).price <= most * bits


@pytest.mark.parametrize("family", FABRICS)
@pytest.mark.parametrize("count", [*range(1, 17), 40, 101])
def test_counts_are_sums(count: int, family: str) -> None:
    """Literals, some inverted, some twice, one with its complement, and constants."""
    rng = np.random.default_rng(count)
    literals = [*rng.integers(0, 2 * count, count).tolist(), TRUE]
    columns = [literals, [TRUE, FALSE], *[[] for _ in range((count + 4).bit_length() - 2)]]
    columns = columns[: max(2, (count + 3).bit_length())]
    net = Netlist(count, FABRICS[family])
    xilinx = FABRICS[family].gates is None
    bits = count_bits(net, columns, {}) if xilinx else add_bits(net, [columns], {})[0]
    if not xilinx:
        longest = net.fabric.longest or len(columns) + 1
        assert all(len(cell.places) <= longest + 1 for cell in net.cells if isinstance(cell, Chain))
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
            assert len(cell.inputs) <= (net.fabric.pins if cell.lower is None else 5)
            assert cell.lower is None or net.fabric.two_outputs
        known |= {literal >> 1 for literal in gives(cell)}


@pytest.mark.parametrize("outputs", ["both", "class", "scores"])
@pytest.mark.parametrize(
    ("seed", "family"), [*((seed, "xilinx") for seed in range(4)), (1, "ice40"), (2, "ecp5"), (3, "ecp5")]
)
def test_cells_are_the_circuit(seed: int, family: str, outputs: str) -> None:
    shape: dict[str, Any] = [{}, {"width": 90}, {"layers": 1, "width": 60, "classes": 2}, {"classes": 5, "width": 33}][
        seed
    ]
    circuit = lift(random_model(seed, **shape))
    mapped = map_cells(circuit, outputs, family)
    cells_are_in_order(mapped.net)
    found = mapped.circuit.with_(encoder=circuit.encoder)
    if outputs == "both":
        assert prove(circuit, found).equal is True
    x = random_features(circuit, 1000)
    np.testing.assert_array_equal(outputs_of(found, x), outputs_of(lower_head(circuit, outputs), x))


@pytest.mark.parametrize(("seed", "family"), [(0, "xilinx"), (1, "ice40"), (2, "ecp5")])
def test_circuits_without_a_head(seed: int, family: str) -> None:
    circuit = random_circuit(seed, outputs=15)
    mapped = map_cells(circuit, family=family)
    cells_are_in_order(mapped.net)
    found = mapped.circuit.with_(encoder=circuit.encoder)
    x = random_features(circuit, 300)
    np.testing.assert_array_equal(outputs_of(found, x), outputs_of(circuit, x))


@pytest.mark.parametrize("family", FABRICS)
def test_classes_that_count_nothing_or_inputs_alone(family: str) -> None:
    """Offsets alone, one class, and literals that are encoder bits, inverted."""
    encoder = Encoder.binary(("x", "y", "z"))
    none = np.zeros(0, np.int32)
    for starts, offsets in (([0, 0, 3, 3], [2, 0, 1]), ([0, 3], [0]), ([0, 3, 3], [-5, -4])):
        head = Head(tuple("abc"[: len(offsets)]), np.array(starts, np.int32), np.array(offsets, np.int32))
        circuit = Circuit(encoder, np.zeros(0, np.uint8), none, none, np.array([1, 3, 5], np.int32), head)
        found = map_cells(circuit, family=family).circuit.with_(encoder=encoder)
        assert prove(circuit, found).equal is True


def test_places_of_an_ecp5_take_gates_of_three_inputs() -> None:
    """Where two of these are 0, the place's table is the bit that is added, as the carry that it generates is."""
    circuit = lift(random_model(2, layers=2, width=90))
    net = map_cells(circuit, family="ecp5").net
    places = [place for cell in net.cells if isinstance(cell, Chain) for place in cell.places]
    assert {len(place.table.inputs) for place in places} >= {1, 2, 3, 4}
    for place in places:
        if len(place.table.inputs) == 4:
            propagate, generate = (net.truth(each, place.table.inputs) for each in place.table[:2] if each is not None)
            assert (propagate ^ generate) & 15 == 0
