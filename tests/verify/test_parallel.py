"""Proofs on several cores: the verdict and the counterexample of one process, and no part's answer lost."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from lgnc.ir import Circuit, Encoder, Head
from lgnc.passes.lower_head import lower_head
from lgnc.verify import Verdict, prove
from lgnc.verify.graph import Graph
from lgnc.verify.parallel import parts_of, prove_parts

prover = importlib.import_module("lgnc.verify.prove")


def scores(order: Any, classes: int) -> Circuit:
    """The score bits of a head over bare bits, its literals in this order."""
    count = len(order)
    starts = np.arange(0, count + 1, count // classes, dtype=np.int32)
    head = Head(tuple(f"c{k}" for k in range(classes)), starts, np.zeros(classes, np.int32))
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(count)))
    none = np.zeros(0, np.int32)
    return lower_head(Circuit(encoder, np.zeros(0, np.uint8), none, none, (2 * order).astype(np.int32), head), "scores")


def pair(classes: int = 4, size: int = 8) -> tuple[Circuit, Circuit]:
    """One head, its literals in two orders, so that its adders differ: a class's sum is proven without the others."""
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(size) + size * k for k in range(classes)])
    return scores(np.arange(size * classes), classes), scores(order, classes)


def test_processes_prove_and_refute_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover, "_QUICK_STAGES", 0)
    monkeypatch.setattr(prover, "_QUICK", 128)
    monkeypatch.setattr(prover._Proof, "_without_numbers", lambda _, one, two: (one, two))
    one, two = pair()
    verdict = prove(one, two, workers=2)
    assert (verdict.equal, verdict.how) == (True, "proven")
    assert "in 4 parts" in verdict.detail
    op = two.op.copy()
    place = int(np.flatnonzero(op == 6)[-1])
    op[place] = 7
    wrong = two.with_(op=op)
    monkeypatch.setattr(prover._Proof, "_simulate", lambda *_: Verdict(True, "tested", 0, None, 0.0))
    found = prove(one, wrong, workers=2)
    assert found.equal is False
    assert found.counterexample is not None
    assert found.counterexample["a"] != found.counterexample["b"]
    assert found.counterexample == prove(one, wrong, workers=3).counterexample


def answer(part: bool | None) -> Verdict:
    return Verdict(part, "proven", 0, {"part": part} if part is False else None, 0.0, "said so")


@pytest.mark.parametrize(
    ("parts", "equal"), [([True, True], True), ([True, None, True], None), ([None, True, False, True], False)]
)
def test_no_part_is_overlooked(parts: list[bool | None], equal: bool | None) -> None:
    """Planted faults: a part that is undecided, or refuted, among parts that are proven."""
    verdict = prove_parts(answer, parts, 2)
    assert verdict.equal is equal
    assert (verdict.counterexample is not None) == (equal is False)


def test_outputs_that_share_their_logic_stay_together() -> None:
    graph = Graph(40)
    apart = [[graph.and_(2 * k, 2 * k + 2)] for k in range(1, 39)]
    assert len(parts_of(graph, apart)) == 16
    assert [k for part in parts_of(graph, apart) for k in part] == list(range(38))
    chain = [2]
    for k in range(2, 40):
        chain.append(graph.and_(chain[-1], 2 * k))
    assert parts_of(graph, [[literal] for literal in chain[2:]]) == [list(range(37))]
    assert parts_of(graph, apart[:1]) == [[0]]
