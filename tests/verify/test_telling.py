"""Vectors that are searched for: what random ones never reach is reached, and what cannot be is proven so."""

from __future__ import annotations

import numpy as np
import pytest

from lgnc.ir import Circuit, Encoder, Head
from lgnc.ir.simulate import argmax, encode, head_scores, pack, simulate_outputs, unpack
from lgnc.verify.space import joint_space
from lgnc.verify.telling import Coverage, telling_points


def rare(features: int, offset: int, dtype: str = "bool") -> Circuit:
    """Class 'all' counts the features, every other one inverted, and class 'few' is a constant."""
    names = tuple(f"x{k}" for k in range(features))
    threshold = np.zeros(features, np.int64) if dtype == "bool" else np.full(features, 100, np.int64)
    encoder = Encoder(names, dtype, np.arange(features, dtype=np.int32), threshold)
    none = np.zeros(0, np.int32)
    head = Head(("few", "all"), np.array([0, 0, features], np.int32), np.array([offset, 0], np.int32), 1.0)
    outputs = 2 * np.arange(features, dtype=np.int32) + np.arange(features, dtype=np.int32) % 2
    return Circuit(encoder, none.astype(np.uint8), none, none, outputs, head, ())


def reached(circuit: Circuit) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int32]], Coverage]:
    """(scores of the points that are found, what they are said to reach)."""
    space, left, _ = joint_space(circuit, circuit)
    rng = np.random.default_rng(0)
    points, coverage = telling_points(circuit, left, space, rng)
    assert coverage is not None
    features = left.features(space.values(points, rng))
    bits = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, features))), len(points))
    assert circuit.head is not None
    return head_scores(circuit.head, bits), coverage


@pytest.mark.parametrize("dtype", ["bool", "uint8"])
def test_a_class_that_wins_once_in_a_million_wins(dtype: str) -> None:
    scores, coverage = reached(rare(40, 39, dtype))
    assert set(argmax(scores).tolist()) == {0, 1}
    assert (scores[:, 0] == scores[:, 1]).any(), "the two tie"
    assert (coverage.wins.seen, coverage.ties.seen) == (2, 1)
    assert {int(scores[:, 1].min()), int(scores[:, 1].max())} == {0, 40}
    assert "2 of 2 classes win, 1 of 1 ties" in coverage.text()


def test_what_cannot_be_is_proven() -> None:
    scores, coverage = reached(rare(10, 10))
    assert set(argmax(scores).tolist()) == {0}
    assert coverage.wins == (1, 1, 2, ())
    assert "1 of 2 classes win (1 cannot be, proven)" in coverage.text()
    assert (coverage.ties.seen, coverage.ties.never) == (1, 0)
    _, never = reached(rare(10, 11))
    assert (never.ties.seen, never.ties.never) == (0, 1)


def test_what_is_open_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.verify.telling._SAT_GATES", -1)
    monkeypatch.setattr("lgnc.verify.telling._WORK", 0)
    _, coverage = reached(rare(40, 39))
    assert coverage.wins.open == ("all",)
    assert "but not all" in coverage.text()


def test_the_rest_is_asked_of_sat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.verify.telling._WORK", 0)
    scores, coverage = reached(rare(40, 39))
    assert set(argmax(scores).tolist()) == {0, 1}
    assert (coverage.wins.seen, coverage.ties.seen) == (2, 1)
    assert coverage.bits.seen + coverage.bits.never == coverage.bits.total
