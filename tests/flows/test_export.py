"""Certificates of compiled folders, replayed and exported; what is cut, reordered, foreign or edited is never equal."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import lgnc
from lgnc.cli.main import run
from lgnc.diagnostics import BadInput, Failed, LgncError
from lgnc.flows.compare import replay_certificate, write_certificate
from lgnc.flows.export import export_certificate
from lgnc.formats.lgn import save_model
from tests.flows.test_compare import resign
from tests.support import random_model

TARGETS = {"c": 3, "onnx": 2, "verilog": 2}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and for each target a folder and its certificate."""
    found = tmp_path_factory.mktemp("certified")
    save_model(random_model(5, features=9, width=40, layers=3, classes=3), found / "m.lgn")
    for target in TARGETS:
        lgnc.compile(found / "m.lgn", target, found / target, prove=False)
        assert write_certificate(found / "m.lgn", found / target, found / f"{target}.cert").equal
    return found


@pytest.mark.parametrize("target", list(TARGETS))
def test_a_folder_is_certified_in_parts(home: Path, target: str) -> None:
    model, folder, certificate = home / "m.lgn", home / target, home / f"{target}.cert"
    assert replay_certificate(model, folder, certificate).equal is True
    assert replay_certificate(folder, model, certificate).equal is True
    found = export_certificate(certificate, folder, model, home / target / "out")
    assert len(found) == TARGETS[target]
    assert all(path.stat().st_size for each in found for path in each.files)


def test_a_folder_that_was_edited_is_not_equal(home: Path, tmp_path: Path) -> None:
    text = (home / "verilog" / "lgn.v").read_text()
    edited = shutil.copytree(home / "verilog", tmp_path / "edited")
    gates = text.index("wire g1_0 = ")
    (edited / "lgn.v").write_text(text[:gates] + text[gates:].replace(" & ", " | ", 1))
    with pytest.raises(BadInput, match="was edited"):
        write_certificate(home / "m.lgn", edited, tmp_path / "c")
    resign(edited, "lgn.v")
    assert write_certificate(home / "m.lgn", edited, tmp_path / "c").equal is False
    assert not (tmp_path / "c").exists()
    with pytest.raises(BadInput, match="not a certificate for these"):
        replay_certificate(home / "m.lgn", edited, home / "verilog.cert")


def test_parts_that_are_missing_or_swapped_and_plans_that_lie_are_refused(home: Path, tmp_path: Path) -> None:
    text = (home / "onnx.cert").read_text()
    parts = text.removesuffix(text.splitlines()[-1] + "\n").split("lgnc certificate 1\n")[1:]
    heads = [f"lgnc certificate 1\n{part}" for part in parts]
    steps = [k for k, line in enumerate(text.splitlines()) if line.startswith("t ")]
    lines = text.splitlines()
    wrong = {
        "cut": text[: len(text) // 2],
        "missing": "".join(heads[:-1]),
        "swapped": "".join(heads[::-1]),
        "foreign": (home / "verilog.cert").read_text(),
        "nothing": "",
        "step gone": "\n".join([*lines[: steps[3]], *lines[steps[3] + 1 :]]),
        "step twice": "\n".join([*lines[: steps[3]], lines[steps[3]], *lines[steps[3] :]]),
        "other column": "\n".join(
            [*lines[: steps[3]], lines[steps[3]].replace("t 0", "t 1", 1), *lines[steps[3] + 1 :]]
        ),
        "no number": "\n".join([*lines[: steps[3]], "t x", *lines[steps[3] + 1 :]]),
    }
    for name, content in wrong.items():
        (tmp_path / "c").write_text(content)
        with pytest.raises((BadInput, Failed)):
            replay_certificate(home / "m.lgn", home / "onnx", tmp_path / "c")
        with pytest.raises(LgncError):
            export_certificate(tmp_path / "c", home / "m.lgn", home / "onnx", tmp_path / name)
    assert not list(tmp_path.glob("*.cnf"))


def test_the_command_finds_what_a_certificate_is_about(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = str(home / "onnx.cert")
    assert run(["certificate", "export", certificate, "-o", str(tmp_path / "p"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [Path(each["files"][0]).name for each in said["pairs"]] == ["p.cnf", "p-2.cnf"]
    assert (
        run(["certificate", "export", certificate, str(home / "m.lgn"), str(home / "c"), "-o", str(tmp_path / "q")])
        == 2
    )
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert run(["certificate", "export", certificate, str(home / "m.lgn"), "-o", str(tmp_path / "q")]) == 2
    assert run(["certificate", "export", certificate, "-o", str(tmp_path / "q"), "--time-limit", "0"]) == 1
    assert "time" in capsys.readouterr().err
    (tmp_path / "anonymous").write_text("".join((home / "onnx.cert").read_text().splitlines(True)[:-1]))
    assert run(["certificate", "export", str(tmp_path / "anonymous"), "-o", str(tmp_path / "q")]) == 2
    assert "does not say what it is about" in capsys.readouterr().err
    assert not list(tmp_path.glob("q*"))


def test_columns_in_another_order_are_not_certified_silently(home: Path, tmp_path: Path) -> None:
    model = random_model(5, features=9, width=40, layers=3, classes=3)
    turned = replace(model.encoder, names=model.encoder.names[::-1], feature=8 - model.encoder.feature)
    save_model(replace(model, encoder=turned), tmp_path / "turned.lgn")
    said = "feature 0 is called .* the same names in another order"
    with pytest.raises(Failed, match=said):
        write_certificate(tmp_path / "turned.lgn", home / "verilog", tmp_path / "c")
    with pytest.raises(Failed, match=said):
        replay_certificate(tmp_path / "turned.lgn", home / "verilog", home / "verilog.cert")
    for made in (write_certificate, replay_certificate):
        verdict = made(home / "m.lgn", tmp_path / "turned.lgn", tmp_path / "c")
        assert verdict.equal is True
        assert "but feature 0 is called" in verdict.detail
