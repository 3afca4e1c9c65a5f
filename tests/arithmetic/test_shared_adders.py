"""Adders that classes share: the scores stay, gates go, a wrong complement is caught."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from lgnc.arithmetic.head import popcount_circuit, score_format
from lgnc.ir import Circuit, Encoder, Head, check, simulate
from lgnc.ir.compose import compose
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.passes.lower_head import lower_head

lowering = importlib.import_module("lgnc.arithmetic.head")
INPUTS = 10


def overlapping(seed: int, classes: int = 4, invert: bool = True) -> Circuit:
    """No gates: every class adds up literals of ten inputs, many of them, or their complements, in other sums too."""
    rng = np.random.default_rng(seed)
    runs = rng.integers(0, 14, classes)
    literals = 2 * rng.integers(0, INPUTS, runs.sum()) + (rng.integers(0, 2, runs.sum()) if invert else 0)
    starts = np.concatenate([[0], np.cumsum(runs)]).astype(np.int32)
    head = Head(tuple(f"c{k}" for k in range(classes)), starts, rng.integers(-5, 6, classes).astype(np.int32))
    none = np.zeros(0, np.int32)
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(INPUTS)))
    return Circuit(encoder, none.astype(np.uint8), none, none, literals.astype(np.int32), head)


def scores_stay(circuit: Circuit, goal: str = "gates") -> bool:
    """For every input."""
    assert circuit.head is not None
    base, width = score_format(circuit.head)
    x = np.arange(2**INPUTS)[:, None] >> np.arange(INPUTS) & 1 == 1
    lowered = check(lower_head(circuit, "scores", goal))
    bits = unpack(simulate_outputs(lowered, pack(encode(lowered.encoder, x))), len(x))
    found = bits.reshape(len(x), -1, width) @ (1 << np.arange(width)) + base
    return bool((found == simulate(circuit, x)[0]).all())


@pytest.mark.parametrize("seed", range(40))
def test_scores_stay(seed: int) -> None:
    assert scores_stay(overlapping(seed, 2 + seed % 5, invert=seed % 3 > 0), ("gates", "depth")[seed % 2])


def test_a_wrong_complement_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def upright(literals: list[int]) -> list[int]:
        return [literal & ~1 for literal in places(literals)]

    places = lowering._first_places
    monkeypatch.setattr(lowering, "_first_places", upright)
    assert not all(scores_stay(overlapping(seed)) for seed in range(1, 4))


@pytest.mark.parametrize("flip", [0, 1])
def test_a_sum_that_two_classes_have_is_made_once(flip: int) -> None:
    """Seven literals, upright or all inverted: four adders of five gates."""
    own = 2 * np.arange(9)
    literals = np.concatenate([own[:8], own[:7] ^ flip, own[8:]]).astype(np.int32)
    circuit = overlapping(0, 2).with_(
        outputs=literals, head=Head(("a", "b"), np.array([0, 8, 16], np.int32), np.zeros(2, np.int32))
    )
    assert circuit.head is not None
    assert scores_stay(circuit)
    apart = compose(circuit, popcount_circuit(circuit.head, "gates")).gates
    assert lower_head(circuit, "scores", "gates").gates <= apart - 20
