"""Proofs for other people's checkers: they accept what is exported, and refuse it once anything in it is changed."""

from __future__ import annotations

import math
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lgnc.diagnostics import Failed
from lgnc.flows.export import refuted
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from lgnc.passes.manager import run_pipeline
from lgnc.verify.certificate import checked
from lgnc.verify.lrat import Proof
from lgnc.verify.lrat_text import drat_text, lrat_binary, lrat_text
from lgnc.verify.miter import Miter, gate_clauses
from lgnc.verify.prove import certify
from tests.support import random_circuit, random_model
from tests.verify.test_sat import restructured

CAKE = os.environ.get("LGNC_CAKE_LPR", "")


def exported(a: Circuit, b: Circuit) -> tuple[Miter, Proof]:
    text = certify(a, b)[1]
    assert text is not None
    miter, _, proof = refuted(checked(text, a, b), "certificate", math.inf)
    return miter, proof


def pair() -> tuple[Circuit, Circuit]:
    net = lift(random_model(1, features=30, width=60, layers=3, classes=4))
    return net, restructured(run_pipeline(net, 1)[0])


def accepts(miter: Miter, proof: Proof) -> bool:
    """What an LRAT checker says: each hint becomes a unit, or at last is false, once the clause's literals are."""
    known = dict(enumerate(miter.clauses, 1))
    for number, clause, hints in proof.steps:
        true = {-literal for literal in clause}
        clash = False
        for hint in hints:
            left = {literal for literal in known.get(hint, (1, 2)) if -literal not in true}
            if clash or len(left) > 1 or left & true:
                return False
            clash = not left
            true |= left
        if not clash:
            return False
        known[number] = clause
        for gone in proof.deletions.get(number, ()):
            del known[gone]
    return () in known.values()


def dratify_says(dimacs: bytes, drat: bytes) -> bool:
    dratify = pytest.importorskip("dratify", reason="needs dratify: pip install dratify")
    return bool(dratify.check_proof(dratify.parse_dimacs(dimacs.decode()), drat.decode(), engine="python").ok)


@pytest.mark.parametrize("op", range(16))
def test_the_clauses_of_a_gate_are_its_table(op: int) -> None:
    for row in range(8):
        values = {1: bool(row & 4), 2: bool(row & 2), 3: bool(row & 1)}
        holds = all(any(values[abs(x)] == (x > 0) for x in clause) for clause in gate_clauses(op, 3, 1, 2))
        assert holds == (values[3] == bool(op >> (3 - (row >> 1)) & 1))


def test_a_proof_is_accepted_and_is_the_same_each_time() -> None:
    miter, proof = exported(*pair())
    assert accepts(miter, proof)
    again = exported(*pair())
    assert (lrat_text(again[1]), again[0].dimacs()) == (lrat_text(proof), miter.dimacs())
    assert dratify_says(miter.dimacs(), drat_text(proof))


def from_text(data: bytes) -> list[list[int | str]]:
    return [[int(x) if x != "d" else x for x in line.split()] for line in data.decode().splitlines()]


def from_binary(data: bytes) -> list[list[int | str]]:
    """The same rows, but for the number that text has before a `d`; numbers as the format's own definition has them."""
    rows: list[list[int | str]] = []
    place, zeros = 0, 0
    while place < len(data):
        if not zeros:
            rows.append(["d"] if data[place] == ord("d") else [])
            assert data[place] in b"ad"
            zeros, place = 1 if rows[-1] else 2, place + 1
        size = next(k for k in range(1, 10) if data[place + k - 1] < 128)
        number = sum((byte & 127) << 7 * k for k, byte in enumerate(data[place : place + size]))
        rows[-1].append(-(number >> 1) if number & 1 else number >> 1)
        zeros, place = zeros - (number == 0), place + size
    assert not zeros
    return rows


def test_text_and_binary_have_all_of_the_proof() -> None:
    proof = exported(*pair())[1]
    wanted: list[list[int | str]] = []
    for number, clause, hints in proof.steps:
        wanted.append([number, *clause, 0, *hints, 0])
        if number in proof.deletions:
            wanted.append([number, "d", *proof.deletions[number], 0])
    assert proof.last > 64  # More than one byte of binary.
    assert any("d" in row for row in wanted)
    assert from_text(lrat_text(proof)) == wanted
    assert from_binary(lrat_binary(proof)) == [row[1:] if "d" in row else row for row in wanted]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**20), classes=st.integers(0, 3))
@example(seed=833499, classes=0)  # A lemma about the second of three gates that are one by structure.
def test_every_certificate_becomes_a_proof(seed: int, classes: int) -> None:
    one = random_circuit(seed, inputs=12, gates=80, outputs=8, classes=classes, reach=30)
    assert accepts(*exported(one, restructured(restructured(one))))


@pytest.mark.parametrize("classes", [0, 1])
def test_a_node_merged_after_its_equal_was_made_is_exported(classes: int) -> None:
    """An output is equal on both sides by structure, and a later lemma makes the second side's a constant."""
    one = random_circuit(23262, inputs=12, gates=120, outputs=8, classes=classes, reach=40)
    assert accepts(*exported(one, restructured(restructured(one))))


def test_what_is_changed_is_refused() -> None:
    miter, proof = exported(*pair())
    rng = np.random.default_rng(0)
    for at in rng.choice(len(proof.steps), 12, replace=False).tolist():
        number, clause, hints = proof.steps[at]
        for wrong in (hints[:-1], [*hints[:-1], len(miter.clauses) - 1]):
            proof.steps[at] = number, clause, wrong
            assert not accepts(miter, proof)
        proof.steps[at] = number, clause, hints
    assert accepts(miter, proof)
    used = {hint for _, _, hints in proof.steps for hint in hints if 1 < hint < len(miter.clauses)}
    for at in rng.choice(sorted(used), 12, replace=False).tolist():
        kept = miter.clauses[at - 1]
        miter.clauses[at - 1] = tuple(-literal for literal in kept)
        assert not accepts(miter, proof)
        miter.clauses[at - 1] = kept
    del proof.steps[len(proof.steps) // 2 :]
    assert not accepts(miter, proof)


def test_dratify_refuses_a_formula_that_can_be_satisfied() -> None:
    miter, proof = exported(*pair())
    lines = miter.dimacs().decode().splitlines()
    gate = miter.first[min(miter.first)]
    without = [line for number, line in enumerate(lines) if number not in range(gate, gate + 3)]
    without[0] = f"p cnf {lines[0].split()[2]} {len(without) - 1}"
    assert not dratify_says("\n".join(without).encode(), drat_text(proof))
    assert not dratify_says(miter.dimacs(), b"\n".join(drat_text(proof).splitlines()[:-1]) + b"\n")


@pytest.mark.skipif(not CAKE, reason="needs cake_lpr: build it, and let LGNC_CAKE_LPR name it")
def test_cake_lpr_accepts_text_and_binary_and_refuses_faults(tmp_path: Path) -> None:
    def says(dimacs: bytes, lrat: bytes) -> bool:
        (tmp_path / "a.cnf").write_bytes(dimacs)
        (tmp_path / "a.lrat").write_bytes(lrat)
        command = [CAKE, str(tmp_path / "a.cnf"), str(tmp_path / "a.lrat")]
        return b"s VERIFIED UNSAT" in subprocess.run(command, capture_output=True, check=False).stdout

    miter, proof = exported(*pair())
    assert says(miter.dimacs(), lrat_text(proof))
    assert says(miter.dimacs(), lrat_binary(proof))
    assert not says(miter.dimacs(), b"\n".join(lrat_text(proof).splitlines()[:-1]) + b"\n")
    number, clause, hints = proof.steps[40]
    proof.steps[40] = number, clause, hints[:-1]
    assert not says(miter.dimacs(), lrat_text(proof))
    assert not says(miter.dimacs(), lrat_binary(proof))
    proof.steps[40] = number, clause, hints
    lines = miter.dimacs().splitlines()
    step = next(hint for _, _, hints in proof.steps for hint in hints if hint in miter.first.values())
    lines[step] = b" ".join(b"0" if x == b"0" else str(-int(x)).encode() for x in lines[step].split())
    assert not says(b"\n".join(lines) + b"\n", lrat_text(proof))


def test_the_claim_class_is_not_exported() -> None:
    a, b = pair()
    assert b.head is not None
    more = b.with_(head=type(b.head)(b.head.names, b.head.starts, b.head.offset + 2))
    text = certify(a, more, claim="class")[1]
    assert text is not None
    with pytest.raises(Failed, match="only scores are exported"):
        refuted(checked(text, a, more), "certificate", math.inf)
