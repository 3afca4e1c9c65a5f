"""`lgnc verify`: faults planted in compiled folders are answered NO, and no word for how it is known is too large."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import manifest_digest
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.compare import replay_certificate, verify, write_certificate
from lgnc.flows.compile import compile_circuit
from lgnc.formats.lgn import Model, save_model
from lgnc.formats.lift import lift
from lgnc.formats.source import load_source, save_circuit
from lgnc.ir import Circuit
from lgnc.verify.verdict import Verdict
from tests.support import needs, random_circuit, random_model


def folder_of(model: Model, target: str, at: Path) -> tuple[Path, Path]:
    """(the model's file, the folder compiled from it)."""
    save_model(model, at / "m.lgn")
    out = at / target
    compile_circuit(load_source(at / "m.lgn"), target, name="net").write(out)
    return at / "m.lgn", out


def how(verdict: Verdict) -> str:
    """How the folder's function is known."""
    return next(station.how for station in verdict.stations if station.name == "function")


def edit(path: Path, change: Callable[[str], str]) -> None:
    """Change a file of a folder, and the manifest with it: a fault of the compiler, not of who edited a file."""
    before = path.read_text()
    after = change(before)
    assert after != before
    path.write_text(after)
    resign(path.parent, path.name)


def resign(folder: Path, name: str) -> None:
    """Give the manifest the hash that a file of the folder has now."""
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    edit_manifest(folder, lambda m: m["files"].__setitem__(name, digest))


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    manifest["manifest_sha256"] = manifest_digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def more(circuit: Circuit, offset: int) -> Circuit:
    """The circuit with every class's score larger: the same classes."""
    assert circuit.head is not None
    return circuit.with_(head=replace(circuit.head, offset=circuit.head.offset + np.int32(offset)))


def test_the_claim_is_the_scores_or_the_class_alone(tmp_path: Path) -> None:
    one = lift(random_model(3))
    a, b, c = (tmp_path / name for name in ("a.lgir", "b.lgir", "c.lgir"))
    save_circuit(one, a)
    save_circuit(more(one, 3), b)
    assert verify(a, b).equal is False
    assert (verify(a, b, claim="class").equal, verify(a, b, claim="class").how) == (True, "proven")
    assert one.head is not None
    offset = one.head.offset.copy()
    offset[0] += 3
    save_circuit(one.with_(head=replace(one.head, offset=offset)), c)
    assert verify(a, c, claim="class").equal is False
    written = tmp_path / "class.cert"
    write_certificate(a, b, written, claim="class")
    assert replay_certificate(a, b, written, claim="class").equal is True
    with pytest.raises(Failed, match="not the scores"):
        replay_certificate(a, b, written)
    headless = tmp_path / "plain.lgir"
    save_circuit(random_circuit(0), headless)
    with pytest.raises(BadInput, match="neither has classes"):
        verify(headless, headless, claim="class")


def test_a_certificate_that_takes_too_long_is_undecided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, written = tmp_path / "a.lgir", tmp_path / "a.cert"
    save_circuit(random_circuit(0), a)
    write_certificate(a, a, written)
    assert replay_certificate(a, a, written).equal is True
    monkeypatch.setattr("lgnc.verify.certificate._VISITS", -1)
    b = tmp_path / "b.lgir"
    compiled = random_circuit(0, gates=400)
    save_circuit(compiled, a)
    from lgnc.passes.manager import run_pipeline

    save_circuit(run_pipeline(compiled, 2)[0], b)
    write_certificate(a, b, written)
    assert "\nm " in written.read_text(), "there are lemmas to check"
    assert replay_certificate(a, b, written, time_limit=0).equal is None


def test_a_folder_is_run_on_every_value_or_is_only_tested(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    for at in (few, many):
        at.mkdir()
    verdict = verify(*folder_of(random_model(1, features=10, dtype="bool"), "numpy", few))
    assert (verdict.equal, how(verdict), verdict.vectors) == (True, "proven", 1024)
    verdict = verify(*folder_of(random_model(1, features=4, thresholds=2), "numpy", many))
    assert (verdict.equal, how(verdict), verdict.how) == (True, "proven", "tested")
    assert verdict.vectors >= 10_000
    assert "read back from its text" in verdict.detail


def test_a_changed_threshold_is_seen(tmp_path: Path) -> None:
    """Each interval's least and greatest values are tried many times where the combinations are few."""
    model, out = folder_of(random_model(4, features=3, thresholds=1), "numpy", tmp_path)
    edit(out / "net.py", lambda text: text.replace("> THRESHOLD[:, None]", "> THRESHOLD[:, None] + 1"))
    for seed in range(6):
        assert verify(model, out, seed=seed).equal is False


def test_a_class_out_of_range_is_no(tmp_path: Path) -> None:
    model, out = folder_of(random_model(0), "numpy", tmp_path)
    edit(out / "net.py", lambda text: text + "\n\n_right = predict\n\n\ndef predict(x):\n    return _right(x) + 1000\n")
    verdict = verify(model, out)
    assert verdict.equal is False
    assert verdict.counterexample is not None
    assert "no class" in verdict.counterexample["b"]["class"]


@pytest.mark.parametrize(
    "body",
    ["raise ValueError('no\\nluck')", "return _right(x)[:-1]", "return 7", "return [_right(x)]", "import none_such"],
)
def test_a_folder_whose_code_fails_is_one_line(body: str, tmp_path: Path) -> None:
    model, out = folder_of(random_model(0), "numpy", tmp_path)
    edit(out / "net.py", lambda text: f"{text}\n\n_right = predict\n\n\ndef predict(x):\n    {body}\n")
    with pytest.raises(Failed):
        verify(model, out)


@pytest.mark.parametrize("target", ["numpy", "verilog"])
@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["classes"].reverse(),
        lambda m: m["encoder"]["features"].reverse(),
        lambda m: m["classes"].__setitem__(1, "another"),
        lambda m: m.update(circuit_sha256="0" * 64),
    ],
)
def test_a_manifest_that_says_otherwise_is_refused(
    target: str, change: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    model, out = folder_of(random_model(0), target, tmp_path)
    edit_manifest(out, change)
    with pytest.raises(BadInput, match="is not the circuit of the folder's manifest"):
        verify(model, out)


@pytest.mark.parametrize("old", ["class 1", "x1"])
def test_a_name_changed_in_the_whole_folder_is_no(old: str, tmp_path: Path) -> None:
    """The folder agrees with itself, but not with the model."""
    model, out = folder_of(random_model(0), "numpy", tmp_path)
    edit(out / "net.lgir", lambda text: text.replace(f'"{old}"', '"another"'))
    digest = load_source(out / "net.lgir").circuit.digest

    def rename(manifest: dict[str, Any]) -> None:
        manifest["circuit_sha256"] = digest
        for names in (manifest["classes"], manifest["encoder"]["features"]):
            names[:] = ["another" if name == old else name for name in names]

    edit_manifest(out, rename)
    verdict = verify(model, out)
    assert (verdict.equal, verdict.how) == (False, "read")
    assert f"1 is called '{old}' and 'another'" in verdict.detail


def test_names_that_were_matched_are_mentioned(tmp_path: Path) -> None:
    one = random_circuit(0)
    names = tuple(f"other{k}" for k in range(len(one.encoder.names)))
    a, b = tmp_path / "a.lgir", tmp_path / "b.lgir"
    save_circuit(one, a)
    save_circuit(one.with_(encoder=replace(one.encoder, names=names)), b)
    verdict = verify(a, b)
    assert verdict.equal is True
    assert "feature 0 is called 'i0' and 'other0'" in verdict.detail
    assert "called" not in verify(a, a).detail


@needs("iverilog")
@needs("vvp")
def test_a_design_that_never_ends_is_ended(tmp_path: Path) -> None:
    model, out = folder_of(random_model(0), "verilog", tmp_path)
    edit(out / "net.v", lambda text: text.replace("endmodule", "    initial while (1'b1) ;\nendmodule", 1))
    started = time.monotonic()
    with pytest.raises(Failed, match="vvp: took longer than 2 s"):
        verify(model, out, engine="iverilog", time_limit=2)
    assert time.monotonic() - started < 60


def other_folder(at: Path) -> tuple[Path, Path]:
    """(a model, the Verilog folder of another one, which agrees with itself)."""
    save_model(random_model(0), at / "m.lgn")
    save_model(random_model(1), at / "other.lgn")
    compile_circuit(load_source(at / "other.lgn"), "verilog", name="net").write(at / "out")
    return at / "m.lgn", at / "out"


@needs("iverilog")
def test_a_proof_is_about_the_model_and_not_about_the_folder_s_circuit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors that see nothing: the text is the folder's circuit, which is not the model."""
    model, out = other_folder(tmp_path)
    blind = Verdict(True, "tested", 1, None, 0.0, "no difference on 1 vector")
    monkeypatch.setattr("lgnc.flows.stations.function.compare_by_simulation", lambda *_, **__: blind)
    verdict = verify(model, out)
    assert verdict.equal is False
    assert verdict.counterexample is not None


@needs("iverilog")
def test_no_proof_of_the_text_makes_up_for_a_run_that_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, out = folder_of(random_model(0), "verilog", tmp_path)
    differs = Verdict(False, "tested", 1, {"features": {}}, 0.0, "differ on 1 of 1 vectors")
    monkeypatch.setattr("lgnc.flows.stations.function.compare_by_simulation", lambda *_, **__: differs)
    verdict = verify(model, out)
    assert (verdict.equal, verdict.how, verdict.detail) == (False, "tested", differs.detail)


def test_classes_are_compared_where_scores_agree(tmp_path: Path) -> None:
    model, out = folder_of(random_model(0), "numpy", tmp_path)
    edit(out / "net.py", lambda text: text.replace("total[index] > best", "total[index] >= best"))
    verdict = verify(model, out)
    assert verdict.equal is False
    assert verdict.counterexample is not None
    one, two = verdict.counterexample["a"], verdict.counterexample["b"]
    assert one["scores"] == two["scores"]
    assert one["class"] != two["class"]
