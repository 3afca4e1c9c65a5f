"""The table of targets: options, refusals, manifests, docs and doctor come from it alone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lgnc.cli.compile
from lgnc.backends.artifact import Options
from lgnc.backends.setting import Setting, settings_in
from lgnc.backends.table import TARGETS, all_targets, target_of
from lgnc.backends.target import Target
from lgnc.cli.main import run
from lgnc.diagnostics import BadInput, listed
from lgnc.flows.compile import compile_circuit
from lgnc.formats import save_circuit
from lgnc.formats.source import Source
from lgnc.sim import load_manifest, run_folder
from lgnc.sim.load import load
from lgnc.toolchain import PACKAGES, TOOLS
from tests.support import random_circuit, random_features

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Source(random_circuit(2, classes=3, outputs=9), "0" * 64)
NAMES = list(TARGETS)
OWN = [(target, setting) for target in all_targets() for setting in target.own_settings.values()]


@pytest.fixture
def _rust(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row; the command, which has taken its options from the table already, is imported anew."""
    monkeypatch.setitem(TARGETS, "rust", "tests.backends.rust.target")
    monkeypatch.delitem(sys.modules, lgnc.cli.compile.__name__)


def refused(target: str, settings: Any, saying: str) -> None:
    """Both ways in refuse the settings: compiling, before anything is optimised, and the backend alone."""
    told: list[str] = []
    with pytest.raises(BadInput, match=saying):
        compile_circuit(SOURCE, target, settings=settings, progress=told.append)
    assert not told
    with pytest.raises(BadInput, match=saying):
        target_of(target).emit(SOURCE.circuit, Options("net", settings))


@pytest.mark.usefixtures("_rust")
def test_a_toy_target_is_a_folder_and_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled = compile_circuit(SOURCE, "rust", name="net", settings={"max-flash": 64, "unroll": np.int32(7)})
    assert compiled.manifest["options"] == {"level": 2, "goal": "area", "max_flash": 64, "unroll": 7}
    refused("rust", {"editoin": "2018"}, "unknown setting 'editoin' .*did you mean 'edition'")
    refused("rust", {"edition": "201"}, "--edition: unknown edition '201' .*did you mean '20")
    refused("rust", {"stages": 3}, "target rust has no setting 'stages' .*-t verilog")
    refused("c", {"unroll": 3}, "target c has no setting 'unroll' .*-t rust")

    circuit, out = str(tmp_path / "net.lgir"), tmp_path / "out"
    save_circuit(SOURCE.circuit, tmp_path / "net.lgir")
    assert run(["compile", circuit, "-t", "rust", "-o", str(out), "--max-flash", "1K", "--unroll", "5"]) == 0
    assert re.fullmatch(r"// edition 2021, 5 of \d+ gates a function\n", (out / "lgn.rs").read_text())
    manifest = load_manifest(out)
    assert (manifest.target, manifest.facts["crate"]) == ("rust", "lgn")
    assert manifest.facts["options"] == {"level": 2, "goal": "area", "max_flash": 1024, "unroll": 5}
    capsys.readouterr()
    for words, said in (
        (["-t", "rust", "--edition", "2012"], "unknown edition '2012' (did you mean '2021'? valid: 2018, 2021)"),
        (["-t", "c", "--unroll", "5"], "target c has no setting 'unroll' (use it with -t rust)"),
        (["-t", "rust", "--unroll", "0"], "unroll is 0, not a whole number above 0"),
    ):
        assert run(["compile", circuit, *words, "-o", str(tmp_path / "none")]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "none").exists()

    assert run(["compile", "--help"]) == 0
    text = capsys.readouterr().out
    assert "--edition [2018|2021]" in text
    assert "rust: bytes of tables" in " ".join(text.split())
    assert run(["info", str(out)]) == 0
    assert run(["doctor"]) == 0
    assert re.search(r"^rust\b", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.usefixtures("_rust")
def test_what_nothing_runs_is_not_run(tmp_path: Path) -> None:
    compile_circuit(SOURCE, "rust").write(tmp_path / "out")
    with pytest.raises(BadInput, match="nothing runs a folder of target rust"):
        run_folder(tmp_path / "out", random_features(SOURCE.circuit, 3, 1))
    with pytest.raises(BadInput, match=r"a rust folder cannot be called \(compile with -t c, numpy or onnx\)"):
        load(tmp_path / "out")


@pytest.mark.parametrize("name", NAMES)
def test_unknown_settings_are_refused(name: str) -> None:
    refused(name, {"foo": 1}, "unknown setting 'foo'")
    refused(name, {3: 1}, "unknown setting '3'")
    refused(name, {"": None}, "unknown setting ''")
    refused(name, [("style", "table")], "settings are a list, not a dict")
    refused(name, "board", "settings are a str, not a dict")


@pytest.mark.parametrize(("target", "setting"), OWN, ids=lambda each: each.name)
def test_every_setting_is_checked(target: Target[Any], setting: Setting) -> None:
    values: tuple[Any, ...] = (
        "",
        "no such thing",
        1.5,
        True,
        0,
        -1,
        2**31,
        10**6000,
        -(10**6000),
        [],
        {},
        b"host",
        "16K",
        np.nan,
    )
    for wrong in values:
        refused(target.name, {setting.name: wrong}, re.escape(setting.option))
    typo = setting.name[:-2] + setting.name[-1]
    refused(target.name, {typo: 1}, f"unknown setting '{typo}' .*did you mean '{setting.name}'")
    for name in set(NAMES) - {each for each in NAMES if setting.name in target_of(each).own_settings}:
        refused(name, {setting.option[2:]: 1}, f"target {name} has no setting '{setting.name}' .*{target.name}")


def test_dashes_and_underscores_are_the_same() -> None:
    made = compile_circuit(SOURCE, "c", settings={"target-profile": "mcu", "max_flash": 100_000, "max-ram": None})
    assert made.manifest["target_profile"] == "mcu"
    assert made.manifest["options"] == {"level": 2, "goal": "area", "target_profile": "mcu", "max_flash": 100_000}
    refused("c", {"target-profile": "mcu", "max_flsh": 10}, "unknown setting 'max_flsh' .*did you mean 'max_flash'")
    refused("c", {"max-ram": 1000, "max_ram": 1000, "target_profile": "mcu"}, "'max_ram' is given twice")


@pytest.mark.parametrize(
    ("target", "settings", "saying"),
    [
        ("c", {"board": "atmega328p", "target_profile": "host"}, "runs the MCU form"),
        ("c", {"max_flash": 10}, "only the mcu form has a budget"),
        ("c", {"style": "unrolled", "board": "mps2-an385"}, "the mcu form takes one sample at a time"),
        ("verilog", {"board": "hx8k", "interface": "parallel"}, "a board takes the serial interface"),
        ("verilog", {"beat_width": 8}, "beat_width is for the interface 'axis'"),
        ("verilog", {"registers": True, "interface": "stream"}, "registers are for the interface 'axis'"),
        ("verilog", {"stages": 1, "pipeline_depth": 1}, "both stages and pipeline_depth"),
        ("verilog", {"popcount": "serial"}, "needs an interface with a handshake"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(target: str, settings: Mapping[str, Any], saying: str) -> None:
    refused(target, settings, saying)


def test_a_field_that_says_nothing_of_itself_is_no_setting() -> None:
    @dataclass(frozen=True)
    class Wrong:
        width: int = 3

    with pytest.raises(TypeError, match="field 'width' is not made by"):
        settings_in(Wrong)


@pytest.mark.parametrize("target", all_targets(), ids=lambda each: each.name)
def test_the_table_says_what_is_there(target: Target[Any]) -> None:
    assert TARGETS[target.name].endswith("target")
    assert [each.name for each in fields(target.settings)] == list(target.own_settings)
    assert target.read({}) == target.settings()
    made = compile_circuit(SOURCE, target.name, name="net")
    assert all(f"net{ending}" in made.files for ending in target.endings)
    assert "options" in json.loads(made.files["manifest.json"])
    for engine in target.engines:
        assert set(engine.tools) <= set(TOOLS)
        assert set(engine.packages) <= set(PACKAGES)


def documented(target: Target[Any]) -> str:
    """What the target's page says of its settings."""
    if not target.own_settings:
        return "It has no settings of its own."
    rows = [f"| `{own.option}` | {own.values} | {own.default} | {own.help} |" for own in target.own_settings.values()]
    return "\n".join(["| setting | values | unless given | what for |", "|---|---|---|---|", *rows]) + "\n\n"


@pytest.mark.parametrize("target", all_targets(), ids=lambda each: each.name)
def test_the_docs_have_the_table_of_settings(target: Target[Any]) -> None:
    page = (ROOT / "docs" / f"targets-{target.name}.md").read_text()
    assert documented(target) in page, f"docs/targets-{target.name}.md should say:\n{documented(target)}"
    manifest = (ROOT / "docs" / "manifest.md").read_text()
    assert listed([f"`{name}`" for name in TARGETS]) in manifest
