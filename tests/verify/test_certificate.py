"""Certificates: what the prover writes, the separate checker replays; what is edited or cut, it refuses."""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lgnc.diagnostics import BadInput, Failed, LgncError
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from lgnc.passes.lower_head import lower_head
from lgnc.passes.manager import run_pipeline
from lgnc.verify.certificate import TimeIsUp, check_certificate
from lgnc.verify.prove import certify
from tests.support import random_circuit, random_model
from tests.verify.test_sat import mutant, restructured, thin_mutant

prover = importlib.import_module("lgnc.verify.prove")
sat = importlib.import_module("lgnc.verify.sat")
checker = importlib.import_module("lgnc.verify.certificate")


def pair() -> tuple[Circuit, Circuit]:
    net = lift(random_model(1, features=60, width=150, layers=4, classes=5))
    return net, restructured(run_pipeline(net, 1)[0])


def certified(a: Circuit, b: Circuit, **options: Any) -> str:
    verdict, text = certify(a, b, **options)
    assert (verdict.equal, verdict.how) == (True, "proven")
    assert text is not None
    return text


def test_a_certificate_is_replayed() -> None:
    a, b = pair()
    text = certified(a, b)
    assert check_certificate(text, a, b) > 50
    assert text == certified(a, b)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**20), classes=st.integers(0, 3))
@example(seed=23262, classes=0)
@example(seed=23262, classes=1)
def test_whatever_is_certified_is_replayed(seed: int, classes: int) -> None:
    one = random_circuit(seed, inputs=12, gates=120, outputs=8, classes=classes, reach=40)
    two = restructured(restructured(one))
    assert check_certificate(certified(one, two), one, two) >= 0


def test_a_lowered_head_and_the_claim_class_are_certified() -> None:
    a, b = pair()
    lowered = lower_head(run_pipeline(a, 1)[0], "both")
    two = restructured(lowered)
    assert check_certificate(certified(lowered, two), lowered, two) > 100
    head = b.head
    assert head is not None
    more = b.with_(head=type(head)(head.names, head.starts, head.offset + 2))
    check_certificate(certified(a, more, claim="class"), a, more)
    with pytest.raises(Failed, match="score of class 0"):
        check_certificate(certified(a, more, claim="class").replace("goal class", "goal scores"), a, more)


@pytest.mark.parametrize(("seed", "simple"), [(0, False), (1, False), (3, True), (4, True)])
def test_what_the_last_question_alone_proves_is_certified(
    seed: int, simple: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = prover.Stage(sat.Effort(0, 0), False, 0)
    monkeypatch.setattr(prover, "_STAGES", (idle, idle, idle._replace(conflicts=1 << 60)))
    one = random_circuit(seed, inputs=10, gates=50, outputs=6, reach=30)
    two = restructured(one)
    text = certified(one, two)
    assert check_certificate(text, one, two) == text.count("\nm ") > 0
    summed = random_circuit(seed, inputs=10, gates=50, outputs=6, classes=2, reach=30)
    verdict, of_sums = certify(summed, restructured(summed))
    assert verdict.equal is True
    assert (of_sums is not None) == simple, "a question about a sum of more than two nodes has no certificate"
    assert of_sums is None or check_certificate(of_sums, summed, restructured(summed)) > 0


def test_outputs_of_the_same_two_gates_are_certified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last question meets a pair of nodes as often as outputs are these."""
    idle = prover.Stage(sat.Effort(0, 0), False, 0)
    monkeypatch.setattr(prover, "_STAGES", (idle, idle, idle._replace(conflicts=1 << 60)))
    one = random_circuit(0, inputs=10, gates=50, outputs=6, reach=30)
    names = tuple(f"o{k}" for k in range(12))
    twice = one.with_(outputs=np.concatenate([one.outputs, one.outputs ^ 1]), output_names=names)
    other = restructured(twice)
    text = certified(twice, other)
    assert check_certificate(text, twice, other) == text.count("\nm ") > 0


def test_a_certificate_about_other_circuits_is_refused() -> None:
    a, b = pair()
    text = certified(a, b)
    other = mutant(a, np.random.default_rng(0))
    with pytest.raises(BadInput, match="not a certificate for these"):
        check_certificate(text, other, b)
    for broken in ("", text[: len(text) // 2], text.replace("m ", "x ", 1), text.replace("w ", "w -", 1)):
        with pytest.raises(BadInput):
            check_certificate(broken, a, b)


def test_no_certificate_of_one_pair_passes_for_another() -> None:
    a, b = pair()
    text = certified(a, b)
    rng = np.random.default_rng(1)
    for _ in range(40):
        other = mutant(b, rng)
        if certify(a, other)[0].equal is False:
            with pytest.raises(Failed):
                check_certificate(text.replace(b.digest, other.digest), a, other)


def test_an_edited_lemma_is_refused() -> None:
    a, b = pair()
    lines = certified(a, b).splitlines()
    rng = np.random.default_rng(2)
    merges = [k for k, line in enumerate(lines) if line.startswith("m ")]
    for at in rng.choice(merges, 20, replace=False).tolist():
        _, node, target = lines[at].split()
        wrong = [f"m {node} {int(target) ^ 1}", f"m {node} {2 * int(node)}", f"m {node} {2 * int(node) + 40}"]
        for line in wrong:
            with pytest.raises(Failed):
                check_certificate("\n".join([*lines[:at], line, *lines[at + 1 :]]), a, b)
    everything_gone = [line for line in lines if line[:2] not in ("m ", "w ", "c ")]
    with pytest.raises(Failed, match="does not prove"):
        check_certificate("\n".join(everything_gone), a, b)


def test_a_clause_that_does_not_follow_is_refused() -> None:
    a, b = pair()
    lines = certified(a, b).splitlines()
    merges = [(k, *map(int, line.split()[1:])) for k, line in enumerate(lines) if line.startswith("m ")]
    at, node = next((k + 1, node) for k, node, target in merges if target > 1)
    for bad in ("c 0", "c 2", f"c {2 * node}", f"c {2 * node + 1}"):
        with pytest.raises(LgncError):
            check_certificate("\n".join([*lines[: at + 1], bad, *lines[at + 1 :]]), a, b)
    with pytest.raises(Failed, match="looks ahead"):
        check_certificate("\n".join([*lines[:at], "w 1 2", *lines[at + 1 :]]), a, b)


def test_an_unsound_merge_of_the_prover_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_circuit(3, inputs=40, gates=300, outputs=12)
    other = restructured(thin_mutant(net, 5, 30))
    monkeypatch.setattr(sat.Oracle, "equal", lambda *_: True)
    text = certified(net, other)
    with pytest.raises(Failed, match="does not follow"):
        check_certificate(text, net, other)


def hostile(a: Circuit, b: Circuit, extra: list[str]) -> str:
    """A good certificate with further steps in its first lemma, which follow from its own clauses."""
    lines = certified(a, b).splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("w "))
    return "\n".join([*lines[: at + 1], *extra, *lines[at + 1 :], ""])


def test_repeated_clauses_cost_no_more_than_their_lines() -> None:
    a, b = pair()
    lines = certified(a, b).splitlines()
    node = next(int(line.split()[1]) for line in lines if line.startswith("m "))
    clause, unit = f"c {2 * node} {2 * node + 1}", "c 1"
    spent = []
    for count in (5_000, 40_000):
        started = time.process_time()
        check_certificate(hostile(a, b, [clause, unit] * count), a, b)
        spent.append(time.process_time() - started)
    assert spent[1] < 24 * spent[0], spent


def test_a_check_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair()
    text = certified(a, b)
    monkeypatch.setattr(checker, "_VISITS", 100)
    assert check_certificate(text, a, b, deadline=time.perf_counter() + 1000) > 50
    with pytest.raises(TimeIsUp):
        check_certificate(text, a, b, deadline=time.perf_counter() - 1)


def test_a_lemma_of_no_gate_and_a_second_lemma_are_refused() -> None:
    """Neither would be checked, though both would be counted."""
    a, b = pair()
    text = certified(a, b)
    merge = next(line for line in text.splitlines() if line.startswith("m "))
    for line in (f"m {10**30} 0", "m 0 0", "m 1 0", merge):
        with pytest.raises(BadInput):
            check_certificate(text.replace("\nend\n", f"\n{line}\nend\n"), a, b)
