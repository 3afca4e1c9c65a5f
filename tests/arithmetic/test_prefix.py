"""The head for depth: adders and comparators by every input and many arrival times, and what it is worth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from lgnc.arithmetic.compressors import Step, add_up, add_up_early
from lgnc.arithmetic.head import argmax_circuit, popcount_circuit
from lgnc.arithmetic.prefix import Prefix, add_two, greater_early
from lgnc.ir import Circuit, Encoder, Head, check
from lgnc.ir.builder import FALSE, Builder
from lgnc.ir.compose import compose
from lgnc.ir.simulate import pack, simulate_outputs, unpack
from lgnc.mapping.lut_map import map_luts
from lgnc.passes.lower_head import lower_head
from tests.support import random_circuit

WIDTH = 5
EVERY = np.array(list(product([False, True], repeat=2 * WIDTH)))
WEIGHTS = 1 << np.arange(WIDTH)


def values(build: Builder, outputs: list[int], x: NDArray[np.bool_]) -> NDArray[np.bool_]:
    names = tuple(f"i{k}" for k in range(build.inputs)), tuple(f"o{k}" for k in range(len(outputs)))
    return unpack(simulate_outputs(check(build.circuit(outputs, *names)), pack(x)), len(x))


def arrivals(seed: int) -> Builder:
    """A builder over two numbers of WIDTH bits that come at random times; seed 0: all at once."""
    return Builder(2 * WIDTH, (np.random.default_rng(seed).integers(0, 9, 2 * WIDTH) * (seed > 0)).tolist())


def sums_are_right(seed: int) -> bool:
    build = arrivals(seed)
    total = add_two(build, [[2 * k, 2 * (WIDTH + k)] for k in range(WIDTH)] + [[]])
    want = EVERY[:, :WIDTH] @ WEIGHTS + EVERY[:, WIDTH:] @ WEIGHTS
    return bool((values(build, total, EVERY) @ (1 << np.arange(WIDTH + 1)) == want).all())


def comparisons_are_right(seed: int) -> bool:
    build = arrivals(seed)
    above = greater_early(build, range(0, 2 * WIDTH, 2), range(2 * WIDTH, 4 * WIDTH, 2))
    want = EVERY[:, :WIDTH] @ WEIGHTS > EVERY[:, WIDTH:] @ WEIGHTS
    return bool((values(build, [above], EVERY)[:, 0] == want).all())


@pytest.mark.parametrize("seed", range(12))
def test_prefix_adder_and_comparator_for_every_input(seed: int) -> None:
    assert sums_are_right(seed)
    assert comparisons_are_right(seed)


def test_a_prefix_that_hands_no_carry_on_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prefix, "_passes", lambda *_: FALSE)
    assert not sums_are_right(1)
    assert not comparisons_are_right(1)


def test_a_late_bit_is_read_last() -> None:
    """A comparator has five gates after it, wherever it stands, and not the seven of a balanced tree; a parity one."""
    for late in range(WIDTH):
        build = Builder(2 * WIDTH, [40 * (k == late) for k in range(2 * WIDTH)])
        above = greater_early(build, range(0, 2 * WIDTH, 2), range(2 * WIDTH, 4 * WIDTH, 2))
        assert build.depth_of(above) <= 40 + 5
        build = Builder(60, [40 * (k == late) for k in range(60)])
        assert build.depth_of(add_up_early(build, [range(0, 120, 2), [], [], [], [], []])[0]) == 41


@pytest.mark.parametrize("count", [9, 20, 64, 1000])
def test_the_final_adder_is_the_shallower_one(count: int) -> None:
    """Both forms give the sum; what `add_up_early` takes is no deeper than either, and the books are its own."""
    width = count.bit_length()
    columns = [list(range(0, 2 * count, 2)), *([] for _ in range(width - 1))]
    x = np.random.default_rng(count).random((300, count)) < np.linspace(0, 1, 300)[:, None]
    depths = []
    for leave in (1, 2):
        build = Builder(count)
        total = add_up(build, columns, "depth", leave=leave)
        assert (values(build, total, x) @ (1 << np.arange(width)) == x.sum(axis=1)).all()
        depths.append(max(map(build.depth_of, total)))
    steps: list[Step] = []
    build = Builder(count)
    assert max(map(build.depth_of, add_up_early(build, columns, steps))) == min(depths)
    assert len(steps) == len({step.given for step in steps}) > 0
    if count == 1000:
        assert depths[1] < depths[0]


def test_an_argmax_of_more_classes_than_are_compared_at_once() -> None:
    circuit = argmax_circuit(37, 3, "depth")
    scores = np.random.default_rng(1).integers(0, 8, (3000, 37))
    x = (scores[:, :, None] >> np.arange(3) & 1 == 1).reshape(len(scores), -1)
    found = unpack(simulate_outputs(check(circuit), pack(x)), len(x)) @ (1 << np.arange(6))
    assert (found == scores.argmax(axis=1)).all()
    assert circuit.depth < argmax_circuit(37, 3).depth


def plain(classes: int, count: int) -> Circuit:
    """A network of no gates: every class adds up `count` bits of its own."""
    bits = classes * count
    none = np.zeros(0, np.int32)
    head = Head(
        tuple(f"c{k}" for k in range(classes)),
        np.arange(0, bits + 1, count, dtype=np.int32),
        np.zeros(classes, np.int32),
    )
    names = tuple(f"i{k}" for k in range(bits))
    return Circuit(Encoder.binary(names), none.astype(np.uint8), none, none, 2 * np.arange(bits, dtype=np.int32), head)


@pytest.mark.parametrize(("count", "deep"), [(20, 24), (100, 34)])
def test_a_head_is_shallower_in_gates_and_tables(count: int, deep: int) -> None:
    circuit = lower_head(plain(10, count), goal="depth")
    tables = map_luts(circuit, 6).depth
    assert circuit.depth <= deep
    for goal in ("luts", "gates", "lut6"):
        other = lower_head(plain(10, count), goal=goal)
        assert circuit.depth <= 0.6 * other.depth
        assert tables < map_luts(other, 6).depth


def test_a_networks_own_levels_count() -> None:
    """With the levels of the network known, the whole is shallower than with all bits taken for ready at once."""
    net = random_circuit(1, inputs=30, gates=400, outputs=90, classes=3, reach=40)
    assert net.head is not None
    blind = popcount_circuit(net.head, "depth")
    assert lower_head(net, "scores", "depth").depth < compose(net, blind).depth - 5
