"""The ONNX target, checked by onnx and run by onnxruntime against the IR's meaning."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

from lgnc.diagnostics import BadInput, Failed
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from tests.backends.support import CIRCUITS, NAMES, check, emitted, mismatches, run, sealed, write
from tests.support import needs, random_features, random_model


@needs("onnxruntime")
@pytest.mark.parametrize("circuit", CIRCUITS, ids=NAMES)
def test_answers_are_the_circuits(circuit: Circuit, tmp_path: Path) -> None:
    check("onnx", circuit, tmp_path)


@pytest.mark.parametrize("circuit", CIRCUITS, ids=NAMES)
def test_the_checker_passes(circuit: Circuit) -> None:
    model = onnx.load_model_from_string(emitted("onnx", circuit).files["net.onnx"])
    onnx.checker.check_model(model, full_check=True)
    allowed = [each.i for node in model.graph.node for each in node.attribute if each.name == "allowzero"]
    assert set(allowed) <= {1}, "other numbers mean nothing"
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert [list(node.output) for node in model.graph.node] == [[name] for name in names]


def test_names_are_in_the_metadata() -> None:
    circuit = lift(random_model(1))
    model = onnx.load_model_from_string(emitted("onnx", circuit).files["net.onnx"])
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert circuit.head is not None
    assert tuple(json.loads(metadata["classes"])) == circuit.head.names
    assert tuple(json.loads(metadata["features"])) == circuit.encoder.names
    assert metadata["circuit_sha256"] == circuit.digest


@needs("onnxruntime")
def test_a_changed_gate_is_seen(tmp_path: Path) -> None:
    circuit = lift(random_model(1))
    write("onnx", circuit, tmp_path)
    path = tmp_path / "net.onnx"
    model = onnx.load(path)
    last = [node for node in model.graph.node if node.name.endswith(".xor")][-1]
    last.op_type = "BitwiseAnd"
    onnx.save(model, path)
    features = random_features(circuit, 500)
    assert mismatches(circuit, features, run("onnx", tmp_path, sealed(tmp_path), features)) > 0


@needs("onnxruntime")
def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write("onnx", CIRCUITS[1], tmp_path)
    (tmp_path / "net.onnx").write_bytes(b"no model")
    with pytest.raises(Failed, match=r"net\.onnx"):
        run("onnx", tmp_path, sealed(tmp_path), random_features(CIRCUITS[1], 5))


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\nb"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        emitted("onnx", CIRCUITS[0], name)
