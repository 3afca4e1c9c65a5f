"""The demo, as a person runs it: every target runs on the test rows, agrees with the model, and is verified."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from lgnc.cli.main import run
from tests.support import needs


@needs("torch")
@needs("cc")
@needs("onnxruntime")
@needs("iverilog")
def test_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert run(["demo", "-o", str(tmp_path / "demo"), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    training = done["training"]
    assert training["test_accuracy"] >= 0.96
    assert training["selection_gap"] == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 110
    assert [row["target"] for row in done["targets"]] == ["c", "numpy", "onnx", "verilog"]
    for row in done["targets"]:
        assert row["mismatches"] == 0
        assert row["accuracy"] == training["test_accuracy"]
        assert row["verified"] in ("proven", "exhaustive") or row["verified"].endswith(" vectors")
        assert (Path(row["folder"]) / "manifest.json").is_file()
    assert done["targets"][3]["verified"] == "proven"


def test_an_output_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "demo"
    file.write_text("mine")
    assert run(["demo", "-o", str(file)]) == 2
    assert str(file) in capsys.readouterr().err
    assert file.read_text() == "mine"
