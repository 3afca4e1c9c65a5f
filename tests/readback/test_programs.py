"""C, numpy and ONNX read back: equal to what was written for every type and form; planted faults refuted."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput
from lgnc.formats import lift
from lgnc.ir import Circuit
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Verdict
from tests.support import random_circuit, random_model

TYPES = ("bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64")
FORMS: list[tuple[str, dict[str, Any]]] = [
    ("onnx", {}),
    ("numpy", {}),
    ("c", {}),
    ("c", {"target_profile": "portable"}),
    ("c", {"target_profile": "mcu"}),
    ("c", {"style": "unrolled"}),
]


def written(circuit: Circuit, target: str, settings: dict[str, Any], at: Path) -> Path:
    for name, data in target_of(target).emit(circuit, Options("net", settings)).files.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_bytes(data)
    return at / f"net{target_of(target).endings[0]}"


def verdict_on(circuit: Circuit, target: str, at: Path) -> Verdict:
    """The first verdict that is not equal, of every form in which the files compute a row."""
    reader = importlib.import_module(f"lgnc.readback.{target}")
    only = [reader.read_back(at, "net", circuit)] if target != "c" else reader.read_forms(at, "net", circuit)
    verdicts = [prove(circuit, form) for form in only]
    return next((verdict for verdict in verdicts if not verdict.equal), verdicts[0])


@pytest.mark.parametrize(("target", "settings"), FORMS, ids=str)
@pytest.mark.parametrize("dtype", TYPES)
def test_what_was_written_is_read_and_proven(target: str, settings: dict[str, Any], dtype: str, tmp_path: Path) -> None:
    circuit = lift(random_model(5, dtype=dtype, layers=2, features=20))
    assert circuit.head is not None
    if dtype in ("int16", "uint8"):
        offset = circuit.head.offset + np.array([-7, 0, 5, 9, -1], np.int32) * (1 if dtype == "int16" else -1)
        circuit = circuit.with_(head=replace(circuit.head, offset=offset.astype(np.int32)))
    written(circuit, target, settings, tmp_path)
    verdict = verdict_on(circuit, target, tmp_path)
    assert (verdict.equal, verdict.how) == (True, "proven")


@pytest.mark.parametrize("settings", [{}, {"target_profile": "mcu"}], ids=str)
@pytest.mark.parametrize("dtype", TYPES)
def test_straight_code_of_several_functions_is_read(
    settings: dict[str, Any], dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What outlives a function lies in the workspace as a byte, of which one bit counts."""
    monkeypatch.setattr("lgnc.backends.c.straight.PART", 20)
    circuit = lift(random_model(5, dtype=dtype, layers=3, features=20))
    written(circuit, "c", {"style": "straight", **settings}, tmp_path)
    assert "v[0] = " in (tmp_path / "net.c").read_text()
    verdict = verdict_on(circuit, "c", tmp_path)
    assert (verdict.equal, verdict.how) == (True, "proven")


@pytest.mark.parametrize(("target", "settings"), FORMS, ids=str)
def test_circuits_without_a_head(target: str, settings: dict[str, Any], tmp_path: Path) -> None:
    circuit = random_circuit(8, outputs=15)
    written(circuit, target, settings, tmp_path)
    assert verdict_on(circuit, target, tmp_path).equal is True


FAULTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("numpy", {}, r"bitwise_xor\(a, b, out", "bitwise_or(a, b, out"),
    ("numpy", {}, r"columns\[FEATURE\] > ", "columns[FEATURE] >= "),
    ("numpy", {}, r"\(half & c\)", "(half & b)"),
    ("numpy", {}, r"total\[index\] > best", "total[index] >= best"),
    ("numpy", {}, r"<< weight", "<< (weight + weight // 2)"),
    ("numpy", {}, r"= index\n", "= CLASSES - 1 - index\n"),
    ("numpy", {}, r"OFFSET\.astype\(np\.int32\)", "(OFFSET.astype(np.int32) + 1)"),
    ("numpy", {}, r"\(literals & 1\) == 1", "(literals & 1) == 0"),
    ("c", {}, r"case 6: \*out = x \^ y", "case 6: *out = x | y"),
    ("c", {}, r"case 2: \*out = x & ~y", "case 2: *out = x & y"),
    ("c", {}, r"first \+ i\] > threshold", "first + i] >= threshold"),
    ("c", {}, r"\(half & x3\)", "(half & x1)"),
    ("c", {}, r"above = \(own & ~best\[k\]\)", "above = (own | ~best[k])"),
    ("c", {}, r"VEC above = \{0\}", "VEC above = ~zero_of(0)"),
    ("c", {}, r"\(int64_t\)numbers\[s\]", "(int64_t)numbers[s] + 1"),
    ("c", {}, r"where\[k\] \| above : where", "where[k] : where"),
    ("c", {}, r"net_start\[\] = \{\n +0u", "net_start[] = {\n    1u"),
    ("c", {"target_profile": "mcu"}, r"(n\d+) \^ (n\d+)\)", r"\1 | \2)"),
    ("c", {"target_profile": "mcu", "style": "table"}, r"scores\[c\] > scores\[best\]", "scores[c] >= scores[best]"),
    ("c", {"target_profile": "mcu", "style": "straight"}, r"out\[1\] > top", "out[1] >= top"),
    ("c", {"target_profile": "mcu"}, r"(NET_OVER\(x\[\d+\], )\d+\)", r"\g<1>7)"),
    (
        "c",
        {"style": "unrolled"},
        r"GATE6\(out, a, b\) (\w+)\(out, a, b, x \^ y",
        r"GATE6(out, a, b) \1(out, a, b, x & y",
    ),
]


@pytest.mark.parametrize(("target", "settings", "was", "planted"), FAULTS)
def test_planted_faults_are_refuted(
    target: str, settings: dict[str, Any], was: str, planted: str, tmp_path: Path
) -> None:
    circuit = lift(random_model(5, layers=2))
    path = written(circuit, target, settings, tmp_path)
    text = path.read_text()
    faulty = re.sub(was, planted, text)
    assert faulty != text
    path.write_text(faulty)
    if "zero_of" in planted:
        with pytest.raises(BadInput, match="'zero_of' is not known"):
            verdict_on(circuit, target, tmp_path)
        return
    verdict = verdict_on(circuit, target, tmp_path)
    assert verdict.equal is False
    assert verdict.counterexample is not None
    assert verdict.counterexample["a"] != verdict.counterexample["b"]


@pytest.mark.parametrize("op", ["BitwiseXor", "BitwiseAnd", "Greater", "ArgMax", "threshold", "row", "weight"])
def test_planted_faults_in_onnx_are_refuted(op: str, tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    circuit = lift(random_model(5, layers=2))
    path = written(circuit, "onnx", {}, tmp_path)
    model = onnx.load(str(path))
    other = {"BitwiseXor": "BitwiseOr", "BitwiseAnd": "BitwiseOr", "Greater": "GreaterOrEqual"}
    if op in other:
        next(node for node in model.graph.node if node.op_type == op).op_type = other[op]
    elif op == "ArgMax":
        node = next(node for node in model.graph.node if node.op_type == op)
        next(each for each in node.attribute if each.name == "select_last_index").i = 1
    else:
        end = {"threshold": "encoder.threshold", "row": "literals.rows", "weight": "plane1.weight"}[op]
        tensor = next(each for each in model.graph.initializer if each.name == end)
        values = numpy_helper.to_array(tensor).copy()
        values.ravel()[:] = values.ravel()[::-1] if op == "row" else values.ravel() * 1 + (op == "threshold")
        values = values * 2 if op == "weight" else values
        tensor.CopyFrom(numpy_helper.from_array(values, end))
    path.write_bytes(model.SerializeToString())
    verdict = verdict_on(circuit, "onnx", tmp_path)
    assert verdict.equal is False


@pytest.mark.parametrize(
    ("target", "was", "planted", "message"),
    [
        ("numpy", r"import itertools", "import os", "module 'os' is not known"),
        ("numpy", r"columns\[FEATURE\]", "np.sort(columns)[FEATURE]", "numpy.sort is not read back"),
        ("c", r"#include <string.h>", "#include <stdlib.h>", "header 'stdlib.h' is not known"),
        ("c", r"\+ done \* bytes, packed", "+ (done + 4096) * bytes, packed", "beyond its end"),
        ("c", r"size_t place\[3\], part;", "size_t place[2], part;", "beyond its end"),
        ("c", r"for \(step = 0; step != \w+; step\+\+\)", "for (;;)", "before it is set"),
    ],
)
def test_what_is_refused(target: str, was: str, planted: str, message: str, tmp_path: Path) -> None:
    circuit = lift(random_model(5, layers=2))
    path = written(circuit, target, {}, tmp_path)
    text = path.read_text()
    assert re.sub(was, planted, text) != text
    path.write_text(re.sub(was, planted, text))
    with pytest.raises(BadInput, match=message) as caught:
        verdict_on(circuit, target, tmp_path)
    assert re.search(r"net\.(c|py):\d+", caught.value.where)
