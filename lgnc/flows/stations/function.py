"""The station 'function': what a folder computes, read back from its text and proven, or run on telling vectors."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.golden import golden
from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput
from lgnc.flows.stations.second_reader import needs_yosys, through_yosys
from lgnc.flows.subject import Subject
from lgnc.ir.circuit import Circuit
from lgnc.sim.manifest import Manifest
from lgnc.verify.prove import prove
from lgnc.verify.simulate import Claim, compare_by_simulation
from lgnc.verify.space import joint_space
from lgnc.verify.telling import telling_points
from lgnc.verify.verdict import Verdict

READ_BACK_GATES = 20_000
"""Verilog of at most this many gates is read by pyverilog: about 0.3 ms per gate, those of the head included. What is
larger is read by yosys alone."""

_MOST_ROWS = 512

Yosys = Literal["never", "needed", "asked"]


class Telling:
    """Rows that show most, for both sides. rows: [n, features] of `one`'s, the most telling first."""

    def __init__(self, one: Subject, two: Subject, seed: int) -> None:
        reference = one if one.target is None else two
        space, left, right = joint_space(one.circuit, two.circuit)
        rng = np.random.default_rng(seed)
        side = left if reference is one else right
        points, self.coverage = telling_points(reference.circuit, side, space, rng)
        found = golden(reference.circuit)
        rows = np.empty((len(found.rows), len(space.count)), space.low.dtype)
        rows[:, side.columns] = found.rows
        self.thresholds, self.seen = found.thresholds, found.seen
        self.golden = len(found.rows)
        self.rows: NDArray[Any] = np.concatenate(
            [space.values(points, rng), rows, space.values(space.points(64, rng), rng)]
        )
        self.of = {id(one): left, id(two): right}

    def features(self, side: Subject) -> NDArray[Any]:
        """The rows in a side's own order and type."""
        return self.of[id(side)].features(self.rows)

    def text(self) -> str:
        """What the rows reach, for people."""
        told = [] if self.coverage is None else [self.coverage.text()]
        if self.seen is not None:
            told.append(f"{self.seen} of {self.thresholds} thresholds shown at t and a step above it")
        return ", ".join(told)


def run_and_read(
    one: Subject,
    two: Subject,
    telling: Telling,
    claim: Claim,
    count: int,
    seed: int,
    seconds: float,
    engine: str | None,
    workers: int = 1,
    second_reader: bool = False,
) -> Verdict:
    """The verdict of running folders on `count` vectors and the telling rows and, where they pass, of a proof of
    their text.
    """
    rows = telling.rows[: max(_MOST_ROWS, count)]
    both = one.circuit, two.circuit
    tested = compare_by_simulation(
        one.run(engine), two.run(engine), encoder=both, n=count, seed=seed, claim=claim, rows=rows
    )
    if not tested.equal:
        return tested
    if tested.how == "tested":
        tested = replace(tested, detail=f"{tested.detail}; {telling.text()}".rstrip("; "))
    proven = read_and_prove(one, two, claim, seconds, seed, workers, "asked" if second_reader else "needed")
    if proven is None:
        return tested
    if proven.equal is None:
        return replace(tested, detail=f"{tested.detail}; a proof of its text was not found: {proven.detail}")
    return replace(proven, vectors=tested.vectors)


def read_and_prove(
    one: Subject,
    two: Subject,
    claim: Claim,
    seconds: float,
    seed: int = 0,
    workers: int = 1,
    yosys: Yosys = "never",
) -> Verdict | None:
    """The verdict on a folder's own text, when one side is a folder that is read back and the other a circuit.

    The circuit that lies in the folder is a lemma: `one` is proven equal to it, and it to the text, whose adders have
    its head's structure. Without the lemma the adders of two different heads would have to be compared.
    yosys: whether Verilog is read through yosys too: never; where it is needed, which is for designs with a clock and
    above READ_BACK_GATES; or always, as it is asked for.
    """
    if two.target is None:
        one, two = two, one
    manifest = two.manifest
    if one.target is not None or manifest is None or not target_of(manifest.target).read_back:
        return None
    if manifest.verilog is not None and yosys == "never" and two.circuit.gates > READ_BACK_GATES:
        return None
    first = manifest.verilog is None or not (manifest.verilog.serial or two.circuit.gates > READ_BACK_GATES)
    forms = _forms(two, manifest) if first else []
    if isinstance(forms, Verdict):
        return forms
    if not first and yosys == "never":
        return _undecided("its popcount is serial, which yosys reads back, in 'verify'")
    lemma = prove(one.circuit, two.circuit, claim=claim, time_limit=seconds, seed=seed, workers=workers)
    other = two.circuit if lemma.equal else one.circuit
    proven = lemma
    for form in {form.digest: form for form in forms}.values():
        proven = prove(other, form, time_limit=seconds, seed=seed)
        if not proven.equal:
            return proven
    told = "read back from its text"
    if manifest.verilog is not None and (yosys == "asked" or (yosys == "needed" and needs_yosys(manifest, first))):
        again = through_yosys(other, two, seconds, seed)
        if again.equal is False or not first:
            proven, told = again, f"{told} by yosys"
        elif again.equal:
            told += " by two readers, one of them yosys"
        else:
            told += f", but not by yosys: {again.detail}"
    if proven.equal:
        return replace(proven, detail=f"{manifest.name}{target_of(manifest.target).endings[0]}, {told}")
    return proven


def _forms(two: Subject, manifest: Manifest) -> list[Circuit] | Verdict:
    """The circuits that a folder's own reader reads; a verdict where it does not, and that decides nothing."""
    reader = importlib.import_module(f"lgnc.readback.{manifest.target}")
    try:
        forms: list[Circuit] = getattr(reader, "read_forms", _only_form(reader))(two.path, manifest.name, two.circuit)
    except BadInput as error:
        if manifest.verilog is not None:
            raise
        return _undecided(f"not read back: {error}")
    return forms


def _only_form(reader: Any) -> Callable[[Path, str, Circuit], list[Circuit]]:
    """Reading of a target whose files compute every row in one way."""
    return lambda folder, name, circuit: [reader.read_back(folder, name, circuit)]


def _undecided(detail: str) -> Verdict:
    return Verdict(None, "tested", 0, None, 0.0, detail)
