"""The head's lowering: compressors by their truth tables, trees by their books, the whole against the IR's meaning."""

from __future__ import annotations

import re
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lgnc.arithmetic.compressors import COMPRESSORS, GOALS, Compressor, Step
from lgnc.arithmetic.head import argmax_circuit, index_width, popcount_circuit, score_format
from lgnc.diagnostics import BadInput
from lgnc.formats import lift
from lgnc.formats.write_blif import blif_bytes
from lgnc.ir import Circuit, Encoder, Head, check, simulate
from lgnc.ir.builder import FALSE, TRUE, Builder
from lgnc.ir.compose import compose
from lgnc.ir.gates import TABLE
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.passes.lower_head import lower_head
from lgnc.toolchain import require_tool, run
from tests.support import needs, random_circuit, random_features, random_model


def outputs_of(circuit: Circuit, x: NDArray[np.generic]) -> NDArray[np.bool_]:
    return unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, x))), len(x))


def numbers(bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    value: NDArray[np.int64] = (bits.astype(np.int64) << np.arange(bits.shape[-1])).sum(axis=-1)
    return value


def compressed(
    compressor: Compressor, invert: int = 0, apart: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(the number that a compressor gives, the number that it takes) for every input."""
    count = compressor.ones + compressor.twos
    build = Builder(count)
    given = (compressor.build_apart if apart else compressor.build)(build, range(0, 2 * count, 2))
    given[-1] ^= invert
    names = tuple(f"i{k}" for k in range(count))
    circuit = build.circuit(given, names, tuple(f"o{k}" for k in range(len(given))))
    x = np.array(list(product([False, True], repeat=count)))
    weights = np.array([1] * compressor.ones + [2] * compressor.twos)
    return numbers(outputs_of(circuit, x)), x @ weights


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("compressor", COMPRESSORS, ids=str)
def test_compressor_counts_its_inputs(compressor: Compressor, apart: bool) -> None:
    """Exactly, or modulo 4 where it is for the last two columns."""
    given, taken = compressed(compressor, apart=apart)
    exact = compressor.ones + 2 * compressor.twos <= 7
    assert (given == (taken if exact else taken % 4)).all()
    assert compressor.ones + compressor.twos <= 6


def test_a_wrong_compressor_does_not_count() -> None:
    for apart in (False, True):
        given, taken = compressed(COMPRESSORS[0], invert=1, apart=apart)
        assert (given != taken).any()


@pytest.mark.parametrize("op", range(16))
def test_builder_folds_constants_and_inversions(op: int) -> None:
    choices = (FALSE, TRUE, 0, 1, 2, 3)
    for a, b in product(choices, choices):
        build = Builder(2)
        circuit = build.circuit([build.gate(op, a, b)], ("x", "y"), ("o",))
        x = np.array(list(product([False, True], repeat=2)))
        values = {FALSE: x[:, 0] & False, TRUE: x[:, 0] | True}
        values |= {0: x[:, 0], 1: ~x[:, 0], 2: x[:, 1], 3: ~x[:, 1]}
        want = TABLE[op][2 * values[a].astype(int) + values[b]]
        assert (outputs_of(circuit, x)[:, 0] == want).all(), (a, b)
        assert circuit.gates <= 1


def head(runs: list[int], offsets: list[int]) -> Head:
    starts = np.concatenate([[0], np.cumsum(runs)]).astype(np.int32)
    return Head(tuple(f"c{i}" for i in range(len(runs))), starts, np.array(offsets, np.int32))


HEADS = [
    head([1], [0]),
    head([0, 0], [0, 0]),
    head([0, 3], [5, -3]),
    head([1, 2, 3, 4, 5], [0, 0, 0, 0, 0]),
    head([7, 7], [-100, 27]),
    head([31, 32, 33], [3, -4, 5]),
    head([16, 15, 1], [1, 1, 2**20]),
]


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("index", range(len(HEADS)))
def test_tree_keeps_its_books(index: int, goal: str) -> None:
    """Every bit taken was there or given once, and the weight of what is left is that of what went in."""
    each = HEADS[index]
    steps: list[Step] = []
    circuit = check(popcount_circuit(each, goal, steps))
    base, width = score_format(each)
    balance: Counter[tuple[int, int]] = Counter()
    for literal in range(int(each.starts[-1])):
        balance[0, 2 * literal] += 1
    constant = sum(int(offset) - base for offset in each.offset)
    for step in steps:
        ones = step.compressor.ones
        assert len(step.taken) == ones + step.compressor.twos
        for place, literal in enumerate(step.taken):
            column = step.column + (place >= ones)
            constant -= (literal == TRUE) << column
            if literal >= 0:
                balance[column, literal] -= 1
                assert balance[column, literal] >= 0, step
        for extra, literal in enumerate(step.given):
            constant += (literal == TRUE) << (step.column + extra)
            if literal >= 0 and step.column + extra < width:
                balance[step.column + extra, literal] += 1
    left = each.classes * (1 + (goal == "depth"))
    assert len(circuit.outputs) == width * each.classes
    assert max(Counter(column for column, _ in balance.elements()).values(), default=0) <= left
    assert 0 <= constant < each.classes << width


@pytest.mark.parametrize("index", range(len(HEADS)))
def test_popcount_and_argmax_mean_what_the_head_means(index: int) -> None:
    each = HEADS[index]
    count = int(each.starts[-1])
    rng = np.random.default_rng(index)
    if count <= 15:
        x = np.arange(2**count)[:, None] >> np.arange(max(count, 1)) & 1 == 1
    else:
        x = rng.random((2000, count)) < rng.random((2000, 1))
        x[:2] = [[False], [True]]
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(x.shape[1])))
    none = np.zeros(0, np.int32)
    circuit = Circuit(encoder, none.astype(np.uint8), none, none, 2 * np.arange(count, dtype=np.int32), each)
    agrees(circuit, x)


def agrees(circuit: Circuit, x: NDArray[np.generic]) -> None:
    """Assert that every form of the lowered circuit gives the scores and classes of `simulate`."""
    assert circuit.head is not None
    scores, classes = simulate(circuit, x)
    base, width = score_format(circuit.head)
    bits = index_width(circuit.head.classes)
    both = check(lower_head(circuit, "both"))
    got = outputs_of(both, x)
    assert (numbers(got[:, :bits]) == classes).all()
    assert (numbers(got[:, bits:].reshape(len(x), -1, width)) + base == scores).all()
    assert (outputs_of(check(lower_head(circuit)), x) == got[:, :bits]).all()
    assert (outputs_of(check(lower_head(circuit, "scores")), x) == got[:, bits:]).all()
    for goal in GOALS:
        assert (outputs_of(check(lower_head(circuit, "both", goal)), x) == got).all()
    assert both.output_names[:bits] == tuple(f"class_{bit}" for bit in range(bits))


@pytest.mark.parametrize("classes", [1, 2, 3, 7, 10])
def test_random_networks(classes: int) -> None:
    circuit = random_circuit(classes, outputs=13 * classes, classes=classes)
    before = circuit.digest
    agrees(circuit, random_features(circuit, 700, classes))
    assert circuit.digest == before


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize(
    ("classes", "width"), [(2, 2), (3, 2), (5, 2), (6, 2), (4, 1), (7, 1), (3, 3), (4, 3), (13, 1)]
)
def test_argmax_of_every_score(classes: int, width: int, goal: str) -> None:
    circuit = argmax_circuit(classes, width, goal)
    x = np.arange(2 ** (classes * width))[:, None] >> np.arange(classes * width) & 1 == 1
    scores = numbers(x.reshape(len(x), classes, width))
    assert (numbers(outputs_of(circuit, x)) == scores.argmax(axis=1)).all()


def test_a_tree_of_full_adders_is_five_gates_a_bit_and_shallow() -> None:
    circuit = popcount_circuit(head([1000], [0]), "gates")
    assert circuit.gates <= 5 * 1000
    assert circuit.depth <= 40


def test_a_tree_for_luts_takes_at_most_one_a_bit() -> None:
    """Counted as every output of a compressor in a LUT6 of its own."""
    for count in (60, 100, 250, 800):
        steps: list[Step] = []
        popcount_circuit(head([count], [0]), "luts", steps)
        assert sum(step.compressor.outputs for step in steps) <= count


def test_the_planned_tree_is_cheaper() -> None:
    """Tables whose output is read, the last column's carries left out: what `if -K 6` maps to."""
    for count, tables in ((20, 18), (60, 56), (100, 93), (200, 194), (800, 790)):
        steps: list[Step] = []
        popcount_circuit(head([count], [0]), "lut6", steps)
        width = count.bit_length()
        assert sum(min(step.compressor.outputs, width - step.column) for step in steps) <= tables


@pytest.mark.parametrize("count", range(1, 41))
@pytest.mark.parametrize("goal", GOALS)
def test_every_count_of_bits(count: int, goal: str) -> None:
    circuit = popcount_circuit(head([count], [0]), goal)
    x = np.random.default_rng(count).random((200, count)) < np.linspace(0, 1, 200)[:, None]
    assert (numbers(outputs_of(circuit, x)) == x.sum(axis=1)).all()


@needs("yosys-abc")
def test_gates_of_the_last_layer_vanish_in_full_adders(tmp_path: Path) -> None:
    """One layer of gates: 1.33 tables per bit for gates and popcount, and the same scores."""
    circuit = lift(random_model(1, dtype="bool", features=400, layers=1, width=300, classes=2))
    assert circuit.gates >= 200
    (tmp_path / "x.blif").write_bytes(blif_bytes(lower_head(circuit, "scores", "lut6")))
    said = run([require_tool("yosys-abc"), "-c", "read_blif x.blif; strash; if -K 6; print_stats"], cwd=tmp_path)
    tables = int(re.findall(rb"nd *= *(\d+)", said)[-1])
    assert tables < 1.45 * circuit.gates
    agrees(circuit, random_features(circuit, 500))


def test_what_cannot_be_lowered() -> None:
    plain = random_circuit(1)
    assert lower_head(plain) is plain
    with pytest.raises(BadInput, match="did you mean 'scores'"):
        lower_head(random_circuit(1, classes=2), "score")
    with pytest.raises(BadInput, match="unknown goal"):
        lower_head(random_circuit(1, classes=2), goal="area")
    with pytest.raises(BadInput, match="12 outputs cannot feed 10 inputs"):
        compose(plain, plain)
