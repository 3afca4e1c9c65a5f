"""The station 'head': a fault of the lowering that writer and prover share is found by integers."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from lgnc.arithmetic import head as lowering
from lgnc.arithmetic.head import ScoreFormat, argmax_circuit, popcount_circuit, score_format
from lgnc.ir import Circuit, Head
from lgnc.verify import head_sums
from lgnc.verify.head_sums import check_head


def head_of(counts: list[int], offsets: list[int]) -> Head:
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return Head(tuple(f"k{c}" for c in range(len(counts))), starts, np.array(offsets, np.int32), 1.0)


SMALL, LARGE = head_of([3, 5, 4], [0, -2, 3]), head_of([40, 33, 17, 64], [0, 7, -5, 1])


@pytest.mark.parametrize(
    ("head", "how"),
    [(SMALL, "exhaustive"), (LARGE, "tested"), (head_of([4], [2]), "exhaustive"), (head_of([40], [2]), "tested")],
)
def test_heads_are_lowered_right(head: Head, how: str) -> None:
    found = check_head(head)
    assert (found.ok, found.how) == (True, how)


@pytest.mark.parametrize("head", [SMALL, LARGE])
def test_one_score_bit_too_few_is_no(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writer and prover would agree: both lower by this format."""

    def narrow(head: Head) -> ScoreFormat:
        return ScoreFormat(score_format(head).base, score_format(head).width - 1)

    for module in (lowering, head_sums):
        monkeypatch.setattr(module, "score_format", narrow)
    assert check_head(head).ok is False


@pytest.mark.parametrize("head", [SMALL, LARGE])
def test_any_score_bit_inverted_or_stuck_is_no(head: Head) -> None:
    lowered = popcount_circuit(head)
    for place in range(len(lowered.outputs)):
        outputs = lowered.outputs.copy()
        outputs[place] ^= 1
        found = check_head(head, lambda _, o=outputs: lowered.with_(outputs=o))  # type: ignore[misc]
        assert found.ok is False
        told = re.fullmatch(r"class (\d+) counts (-?\d+), and its literals add up to (-?\d+)", found.detail)
        assert told is not None
        c, counted, right = map(int, told.groups())
        assert (c, abs(counted - right)) == (place // score_format(head).width, 1 << place % score_format(head).width)


def last_wins(classes: int, width: int) -> Circuit:
    """The comparison with the highest index winning a tie: the classes turned round."""
    right = argmax_circuit(classes, width)
    turned = np.arange(classes * width).reshape(classes, width)[::-1].reshape(-1)
    encoder = right.encoder
    order = np.argsort(turned[encoder.feature], kind="stable")
    assert (order == turned).all()
    where = np.concatenate([turned, np.arange(right.inputs, right.nodes)]).astype(np.int32)
    return right.with_(a=where[right.a], b=where[right.b], outputs=2 * where[right.outputs >> 1] | right.outputs & 1)


def first_bit_unread(classes: int, width: int) -> Circuit:
    """The comparison that takes class 0's lowest bit for the one above it."""
    right = argmax_circuit(classes, width)
    where = np.arange(right.nodes, dtype=np.int32)
    where[0] = 1
    return right.with_(a=where[right.a], b=where[right.b])


@pytest.mark.parametrize("head", [SMALL, LARGE])
@pytest.mark.parametrize("wrong", [last_wins, first_bit_unread])
def test_a_wrong_comparison_is_no(
    head: Head, wrong: Callable[[int, int], Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_sums, "argmax_circuit", wrong)
    found = check_head(head)
    assert found.ok is False
    assert "is chosen" in found.detail
