"""Certificates of emitted texts: scores far from 0, literals that count twice, a class chosen in the text's own way."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.flows.export import refuted
from lgnc.formats import lift
from lgnc.ir import Circuit
from lgnc.passes.manager import run_pipeline
from lgnc.verify.certificate import checked
from lgnc.verify.lrat_text import drat_text
from lgnc.verify.prove import certify, prove
from tests.readback.test_programs import written
from tests.support import random_model
from tests.verify.test_lrat import dratify_says

FORMS: list[tuple[str, dict[str, Any]]] = [("onnx", {}), ("numpy", {}), ("c", {"style": "unrolled"})]

FAULTS = [
    ("numpy", {}, r"total\[index\] > best", "total[index] >= best"),
    ("numpy", {}, r"<< weight", "<< (weight + weight // 4)"),
    ("c", {"style": "unrolled"}, r"above = \(own & ~best\[k\]\)", "above = (own | ~best[k])"),
]


def network() -> Circuit:
    """A network of 6 classes of some 60 literals, three of which are there twice, and one of each class four times, and
    offsets above 30.
    """
    net = lift(random_model(5, layers=1, features=40, width=600, classes=6))
    assert net.head is not None
    offset = np.random.default_rng(0).integers(30, 50, 6).astype(np.int32)
    made = run_pipeline(net.with_(head=replace(net.head, offset=offset)), 2)[0]
    assert made.head is not None
    outputs = made.outputs.copy()
    for start in made.head.starts[:-1].tolist():
        outputs[start : start + 4] = outputs[start]
    return made.with_(outputs=outputs)


def read(net: Circuit, target: str, at: Path) -> Circuit:
    reader = importlib.import_module(f"lgnc.readback.{target}")
    return reader.read_forms(at, "net", net)[0] if target == "c" else reader.read_back(at, "net", net)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("target", "settings"), FORMS, ids=str)
def test_texts_have_certificates(target: str, settings: dict[str, Any], tmp_path: Path) -> None:
    net = network()
    written(net, target, settings, tmp_path)
    text = read(net, target, tmp_path)
    assert prove(net, text, time_limit=20).equal is True
    verdict, certificate = certify(net, text, time_limit=60)
    assert verdict.equal is True
    assert certificate is not None
    miter, _, proof = refuted(checked(certificate, net, text), "certificate", float("inf"))
    assert dratify_says(miter.dimacs(), drat_text(proof))


@pytest.mark.parametrize(("target", "settings", "old", "new"), FAULTS, ids=str)
def test_faults_are_refuted(target: str, settings: dict[str, Any], old: str, new: str, tmp_path: Path) -> None:
    net = network()
    path = written(net, target, settings, tmp_path)
    path.write_text(re.sub(old, new, path.read_text()))
    assert path.read_text() != (written(net, target, settings, tmp_path / "again")).read_text()
    text = read(net, target, tmp_path)
    for verdict in (prove(net, text, time_limit=20), certify(net, text, time_limit=60)[0]):
        assert verdict.equal is False
        assert verdict.counterexample is not None
