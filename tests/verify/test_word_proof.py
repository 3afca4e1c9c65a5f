"""Score words as sums: a gate changed anywhere in a lowered head is an answer that exhaustive simulation gives too."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from lgnc.formats.lift import lift
from lgnc.ir import Circuit, Encoder, Head
from lgnc.ir.simulate import pack, simulate_outputs, unpack
from lgnc.passes.lower_head import lower_head
from lgnc.verify import prove
from lgnc.verify.sums import Sum
from lgnc.verify.words import _modulo
from tests.support import random_model

BITS = 6
POINTS = pack((np.arange(1 << BITS)[:, None] >> np.arange(BITS) & 1).astype(np.bool_))


def headed(starts: list[int], offsets: list[int]) -> Circuit:
    """A head over bare bits."""
    head = Head(tuple(f"c{k}" for k in range(len(offsets))), np.array(starts, np.int32), np.array(offsets, np.int32))
    none = np.zeros(0, np.int32)
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(BITS)))
    return Circuit(encoder, np.zeros(0, np.uint8), none, none, np.arange(0, 2 * BITS, 2, dtype=np.int32), head)


def outputs(circuit: Circuit) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """bool[outputs, points]: on all inputs."""
    return unpack(simulate_outputs(circuit, POINTS), 1 << BITS).astype(np.bool_)


@pytest.mark.parametrize("goal", ["luts", "gates", "depth"])
@pytest.mark.parametrize("seed", [0, 1, 4])
def test_scores_that_count_literals_which_imply_each_other_are_sums(seed: int, goal: str) -> None:
    """Six layers of random gates: literals come twice, or one implies another, and adders are made simpler for it."""
    circuit = lift(random_model(seed, features=40, layers=6, width=200, classes=3))
    verdict = prove(circuit, lower_head(circuit, "both", goal), time_limit=20)
    assert (verdict.equal, verdict.detail) == (True, "equal by structure")


def test_coefficients_of_a_difference_are_near_zero() -> None:
    """At most 3 either way: coefficients count modulo 4, from -2 to 1."""
    found = _modulo(Sum(5, Counter({1: 7, 2: 8, 3: -6, 4: 1})), 3)
    assert (found.constant, dict(found.terms)) == (1, {1: -1, 3: -2, 4: 1})
    assert _modulo(Sum(8, Counter({1: -4})), 3).is_zero


@pytest.mark.parametrize("wanted", ["scores", "both"])
@pytest.mark.parametrize(("starts", "offsets"), [([0, 3, 6], [0, 0]), ([0, 2, 4, 6], [1, 0, 2]), ([0, 5, 6], [0, 3])])
def test_a_changed_gate_is_refuted_or_harmless(wanted: str, starts: list[int], offsets: list[int]) -> None:
    circuit = headed(starts, offsets)
    lowered = lower_head(circuit, wanted)
    right, rng, refuted = outputs(lowered), np.random.default_rng(0), 0
    assert prove(circuit, lowered).equal is True
    for place in range(lowered.gates):
        op = lowered.op.copy()
        op[place] = rng.choice(np.setdiff1d(np.arange(16), op[place]))
        changed = replace(lowered, op=op)
        same = bool((outputs(changed) == right).all())
        for one, two in ((circuit, changed), (changed, circuit)):
            assert prove(one, two).equal is same, (place, int(op[place]))
        refuted += not same
    assert refuted > 3
