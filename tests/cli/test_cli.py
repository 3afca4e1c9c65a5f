"""The commands: exit codes, JSON on stdout and nothing else, one clear line for every kind of bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.cli.main import run
from lgnc.cli.output import print_table
from lgnc.formats import lift, to_text
from lgnc.formats.lgn import model_bytes, save_model
from tests.backends.support import sealed
from tests.support import needs, random_circuit, random_conv_model, random_model

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.lgn"
    save_model(random_model(0), path)
    return path


def call(capsys: Capture, *words: object) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of one command line."""
    capsys.readouterr()
    code = run([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def call_json(capsys: Capture, *words: object) -> tuple[int, dict[str, Any]]:
    """(exit code, the object) of one command line with --json: stdout must hold exactly one object."""
    code, out, err = call(capsys, *words, "--json")
    assert out.count("\n") == 1, out
    assert "Traceback" not in err
    return code, json.loads(out)


def refused(capsys: Capture, code: int, *words: object) -> str:
    """The one line on stderr of a command line that must fail with `code`; the JSON form says the same."""
    found, out, err = call(capsys, *words)
    assert (found, out, err.count("\n")) == (code, "", 1), (found, out, err)
    assert err.startswith("lgnc: ")
    found, error = call_json(capsys, *words)
    assert found == code
    assert error["error"] in " ".join(err.split())
    assert set(error) == {"error", "where", "fix"}
    return err


@pytest.mark.parametrize("target", ["c", "numpy", "onnx", "verilog"])
def test_compile_and_verify(target: str, model: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    code, result = call_json(capsys, "compile", model, "-t", target, "-o", out, "--name", "net")
    assert code == 0
    assert result["target"] == target
    assert result["gates_before"] == 180
    assert 0 < result["gates_after"] < 180
    assert result["verified"] in ("proven", "exhaustive")
    assert sorted(result["files"]) == sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert {"depth", "seconds"} <= set(result)
    first = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()}
    assert call(capsys, "compile", model, "-t", target, "-o", out, "--name", "net")[0] == 0
    assert first == {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()}, "same input, same bytes"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    code, info = call_json(capsys, "info", out)
    assert code == 0
    assert info["target"] == target


def test_opt_and_verify(model: Path, tmp_path: Path, capsys: Capture) -> None:
    small = tmp_path / "small.lgir"
    code, result = call_json(capsys, "opt", model, "-o", small, "-O", 2, "--prove", "--check-each-pass")
    assert code == 0
    assert result["gates_after"] < result["gates_before"]
    assert {"depth_before", "depth_after", "seconds"} <= set(result)
    code, verdict = call_json(capsys, "verify", model, small)
    assert (code, verdict["equal"]) == (0, True)
    assert verdict["how"] in ("proven", "exhaustive")
    one = tmp_path / "one.lgir"
    assert call(capsys, "opt", model, "-o", one, "-p", "fold_constants,eliminate_dead_gates")[0] == 0
    assert call(capsys, "verify", one, small)[0] == 0


def test_opt_counts_tables_and_saves_depth(model: Path, tmp_path: Path, capsys: Capture) -> None:
    small = tmp_path / "small.lgir"
    code, result = call_json(capsys, "opt", model, "-o", small, "--stats", "--goal", "depth", "--prove")
    assert code == 0
    stats = result["stats"]
    assert [each["name"] for each in stats["passes"]] == [each["name"] for each in result["passes"]]
    assert result["passes"][-1]["name"] == "balance_depth"
    assert stats["before"]["gates"] == result["gates_before"] > stats["after"]["gates"] == result["gates_after"]
    assert 0 < stats["after"]["whole"]["lut6"] < stats["after"]["whole"]["lut4"] < stats["after"]["whole"]["gates"]
    code, text, _ = call(capsys, "opt", model, "-o", small, "--stats", "-O", 1)
    assert code == 0
    rows = [line.split() for line in text.splitlines() if line]
    names = [row[0] for row in rows]
    assert {"fold_constants", "encoder", "layer", "popcount", "argmax", "whole"} <= set(names)
    whole = dict(zip(names, rows, strict=True))["whole"]
    parts = [row[-8:] for row in rows if row[0] in ("encoder", "layer", "popcount", "argmax")]
    for column in (0, 1, 4, 5, 6, 7):
        assert sum(int(row[column].replace(",", "")) for row in parts) == int(whole[column + 1].replace(",", ""))
    assert whole[3] == str(stats["after"]["whole"]["depth"])
    assert "--goal is for -O" in refused(
        capsys, 2, "opt", model, "-o", small, "-p", "fold_constants", "--goal", "depth"
    )


def test_the_manifest_says_where_gates_go(model: Path, tmp_path: Path, capsys: Capture) -> None:
    plain = {"gates", "depth", "max_fanout"}
    for extra, counts in ((), plain), (("--stats", "--goal", "depth"), plain | {"lut4", "lut6"}):
        out = tmp_path / f"out{len(extra)}"
        code, result = call_json(capsys, "compile", model, "-t", "numpy", "-o", out, *extra)
        assert code == 0
        manifest = json.loads((out / "manifest.json").read_text())
        stats = manifest["stats"]
        assert list(stats["before"]["parts"]) == sorted(stats["before"]["parts"])
        assert {"encoder", "layer 0", "popcount", "argmax"} < set(stats["before"]["parts"])
        assert stats["after"]["parts"]["popcount"].keys() == counts
        assert stats["before"]["gates"] == manifest["costs"]["gates_before"]
        assert stats["after"]["gates"] == manifest["costs"]["gates"]
        assert stats["passes"][-1]["depth"] == result["depth"]
        assert manifest["options"]["goal"] == ("depth" if extra else "area")
        code, text, _ = call(capsys, "info", out)
        assert re.search(rf"^whole +depth {stats['after']['whole']['depth']}", text, re.MULTILINE)
    assert (
        "LUT6, encoder and head included"
        in call(capsys, "compile", model, "-t", "numpy", "-o", tmp_path / "again", "--stats")[1]
    )


def test_certificates(model: Path, tmp_path: Path, capsys: Capture) -> None:
    small, proof = tmp_path / "small.lgir", tmp_path / "proof.txt"
    assert call(capsys, "opt", model, "-o", small, "-O", 3)[0] == 0
    code, verdict = call_json(capsys, "verify", model, small, "--certificate", proof)
    assert (code, verdict["equal"], verdict["how"]) == (0, True, "proven")
    code, verdict = call_json(capsys, "verify", model, small, "--check", proof)
    assert (code, verdict["equal"]) == (0, True)
    assert "not a certificate for these" in refused(capsys, 2, "verify", small, small, "--check", proof)
    proof.write_text(proof.read_text()[:-5])
    assert str(proof) in refused(capsys, 2, "verify", model, small, "--check", proof)
    assert "exclude" in refused(capsys, 2, "verify", model, small, "--check", proof, "--certificate", proof)


def test_verify_finds_a_planted_fault(tmp_path: Path, capsys: Capture) -> None:
    circuit = lift(random_model(1))
    wrong = circuit.op.copy()
    wrong[-1] = 15 - wrong[-1]
    a, b = tmp_path / "a.lgir", tmp_path / "b.lgir"
    a.write_text(to_text(circuit))
    b.write_text(to_text(circuit.with_(op=wrong)))
    code, verdict = call_json(capsys, "verify", a, b)
    assert (code, verdict["equal"]) == (1, False)
    assert verdict["counterexample"]


@needs("iverilog")
def test_a_proof_without_time_leaves_what_was_tested(model: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert call(capsys, "compile", model, "-t", "verilog", "-o", out)[0] == 0
    code, verdict = call_json(capsys, "verify", model, out, "--time-limit", 0)
    assert (code, verdict["equal"], verdict["how"]) == (0, True, "tested")
    assert "a proof of its text was not found" in verdict["detail"]


@needs("iverilog")
@needs("yosys")
def test_a_serial_popcount_is_read_back_by_yosys(model: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert "add --interface" in refused(capsys, 2, "compile", model, "-t", "verilog", "-o", out, "--popcount", "serial")
    words = ["-t", "verilog", "-o", out, "--popcount", "serial", "--interface", "stream"]
    assert call(capsys, "compile", model, *words)[0] == 0
    code, verdict = call_json(capsys, "verify", model, out)
    assert (code, verdict["equal"], verdict["how"]) == (0, True, "tested")
    assert "read back from its text by yosys" in verdict["detail"]
    text = (out / "lgn.v").read_text()
    (out / "lgn.v").write_text(text.replace("shift_0 <= take ?", "shift_0 <= ~take ?"))
    assert "file 'lgn.v' was edited since it was compiled" in refused(capsys, 2, "verify", model, out)
    sealed(out)
    assert call(capsys, "verify", model, out)[0] == 1


def test_opt_refuses_an_unknown_ending_before_it_works(tmp_path: Path, capsys: Capture) -> None:
    assert "unknown circuit file ending" in refused(capsys, 2, "opt", tmp_path / "none.lgn", "-o", "x.v")


def test_info_has_a_row_for_each_group_of_facts(tmp_path: Path, capsys: Capture) -> None:
    model = random_model(0)
    training = {"best_epoch": 3, "test_accuracy": 0.97531, "config": {"seed": 7, "lr": 0.25}}
    path = tmp_path / "net.lgn"
    save_model(replace(model, meta={"training": training}), path)
    rows = call(capsys, "info", path)[1].splitlines()
    assert [row.split(maxsplit=1)[1] for row in rows if row.startswith("training  ")] == [
        "best_epoch 3, test_accuracy 97.53 %"
    ]
    assert any(row.split() == ["training", "config", "lr", "0.25,", "seed", "7"] for row in rows)


def test_info_and_doctor(model: Path, capsys: Capture) -> None:
    code, facts = call_json(capsys, "info", model)
    assert code == 0
    assert facts["gates"] == 180
    assert facts["layers"] == [60, 60, 60]
    code, facts = call_json(capsys, "doctor")
    assert code == 0
    tools = {row["name"]: row for row in facts["tools"]}
    assert {"cc", "iverilog", "verilator", "yosys", "torch", "onnxruntime"} <= set(tools)
    assert all(row["enables"] and row["install"] for row in tools.values())
    for words in (["info", model], ["doctor"], ["--help"], ["train", "--help"], ["--version"]):
        code, out, _ = call(capsys, *words)
        assert code == 0
        assert out


def test_damaged_models(tmp_path: Path, capsys: Capture) -> None:
    data = model_bytes(random_model(0))
    path = tmp_path / "bad.lgn"
    for content in (b"", data[: len(data) // 2], data + b"?", data.replace(b'"layers": 3', b'"layers": 9')):
        path.write_bytes(content)
        if content != data:
            assert str(path) in refused(capsys, 2, "compile", path, "-t", "c", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_use(model: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert "did you mean 'numpy'" in refused(capsys, 2, "compile", model, "-t", "numpi", "-o", out)
    assert "did you mean 'fold_constants'" in refused(capsys, 2, "opt", model, "-o", "x.lgir", "-p", "fold_constant")
    assert "no such file" in refused(capsys, 2, "compile", tmp_path / "none.lgn", "-t", "c", "-o", out)
    assert "file ending" in refused(capsys, 2, "compile", __file__, "-t", "c", "-o", out)
    file = tmp_path / "file"
    file.write_text("mine")
    assert "is a file, not a folder" in refused(capsys, 2, "compile", model, "-t", "c", "-o", file)
    assert file.read_text() == "mine"
    assert "No such command" in refused(capsys, 2, "trian")
    assert "--nope" in refused(capsys, 2, "info", model, "--nope")
    assert "exclude" in refused(capsys, 2, "opt", model, "-o", "x.lgir", "-O", 1, "-p", "fold_constants")
    assert "not a compiled folder" in refused(capsys, 2, "info", tmp_path)
    assert "no head" in refused(capsys, 2, "simulate", headless(tmp_path), "--data", rows(tmp_path))
    for name in ("while", "2x", "a-b", ""):
        refused(capsys, 2, "compile", model, "-t", "c", "-o", out, "--name", name)
    assert not out.exists()


def headless(folder: Path) -> Path:
    path = folder / "headless.lgir"
    path.write_text(to_text(random_circuit()))
    return path


def rows(folder: Path) -> Path:
    """A CSV that fits `random_model(0)`."""
    path = folder / "rows.csv"
    values = np.random.default_rng(0).integers(0, 256, (40, 12))
    lines = [",".join([*(f"x{i}" for i in range(12)), "class"])]
    lines += [",".join(map(str, [*row, f"class {i % 5}"])) for i, row in enumerate(values.tolist())]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_simulate_a_model_and_a_folder(model: Path, tmp_path: Path, capsys: Capture) -> None:
    code, result = call_json(capsys, "simulate", model, "--data", rows(tmp_path), "--split", "all")
    assert code == 0
    assert (result["samples"], result["mismatches"]) == (40, 0)
    assert 0 <= result["accuracy"] <= 1
    assert result["samples_per_second"] > 0
    out = tmp_path / "out"
    assert call(capsys, "compile", model, "-t", "numpy", "-o", out)[0] == 0
    words = ["simulate", out, "--data", rows(tmp_path), "--split", "all", "--limit", 7, "--model", model]
    code, result = call_json(capsys, *words)
    assert (code, result["engine"], result["samples"], result["mismatches"]) == (0, "numpy", 7, 0)
    other = tmp_path / "other.lgn"
    save_model(random_model(9), other)
    assert "was not compiled from" in refused(capsys, 2, "simulate", out, "--data", rows(tmp_path), "--model", other)
    assert "unknown split" in refused(capsys, 2, "simulate", out, "--data", rows(tmp_path), "--split", "tset")
    assert "unknown engine" in refused(capsys, 2, "simulate", out, "--data", rows(tmp_path), "--engine", "cc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": {"../../m.lgn": "0" * 64}}, "outside the folder"),
        ({"files": {"/etc/passwd": "0" * 64}}, "outside the folder"),
        ({"files": ["lgn.py"]}, "has no list of files"),
        ({"files": {"lgn.py": "0"}}, "has no SHA-256 of file 'lgn.py'"),
        ({"name": "../x"}, "'name' is '../x', not a name of letters"),
        ({"tau": 7}, "was edited since it was compiled"),
        ({"target": "cobol"}, "unknown target"),
        ({"target": ["c"]}, "unknown target"),
        ({"encoder": 3}, "'encoder' is 3, not an object"),
        ({"lgnc_manifest": 99}, "manifest of version 1 or 2"),
        ({"target": "c"}, "has no 'entry'"),
        ({"classes": [1, 2]}, "'classes' is [1, 2], not a list of different names"),
        ({"training": {"seed": "a"}}, "'training.seed' is 'a', not an integer"),
    ],
)
def test_a_hand_edited_folder(
    change: dict[str, Any], message: str, model: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert call(capsys, "compile", model, "-t", "numpy", "-o", out)[0] == 0
    manifest = out / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **change}))
    assert message in refused(capsys, 2, "simulate", out, "--data", rows(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,a\n2,a\n", "class"),
        ("1,2,a\n1,b\n", ":2"),
        ("1,a\ninf,b\n", "inf"),
        ("x,y\n", "no rows"),
        ("", "empty"),
    ],
)
@needs("torch")
def test_bad_tables(content: str, message: str, tmp_path: Path, capsys: Capture) -> None:
    table = tmp_path / "t.csv"
    table.write_text(content)
    line = refused(capsys, 2, "train", table, "-o", tmp_path / "m.lgn")
    assert message in line.lower()
    assert str(table) in line
    assert not (tmp_path / "m.lgn").exists()


@needs("torch")
def test_train_refuses_before_it_trains(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "m.lgn"
    assert "did you mean 'digits'" in refused(capsys, 2, "train", "digit", "-o", out)
    assert "No such file" in refused(capsys, 2, "train", "digits", "-o", tmp_path / "none" / "m.lgn")
    assert "method" in refused(capsys, 2, "train", "digits", "-o", out, "--method", "hard")
    assert "epochs" in refused(capsys, 2, "train", "digits", "-o", out, "--epochs", 0)
    config = tmp_path / "c.toml"
    config.write_text("epoch = 3\n")
    assert "did you mean 'epochs'" in refused(capsys, 2, "train", "digits", "-o", out, "--config", config)
    config.write_text("epochs = \n")
    assert str(config) in refused(capsys, 2, "train", "digits", "-o", out, "--config", config)
    assert not out.exists()


@needs("torch")
def test_train_json(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "m.lgn"
    words = ["train", "digits", "-o", out, "--epochs", 2, "--layers", 2, "--width", 300, "--seed", 3]
    code, report = call_json(capsys, *words)
    assert code == 0
    assert report["selection_gap"] == 0
    assert report["computation_gap"] == 0
    assert report["gates"] == 600
    assert report["classes"] == 10
    assert report["seed"] == 3
    keys = {"test_accuracy", "train_mode_accuracy", "inputs", "epochs", "seconds", "samples_per_second", "versions"}
    assert keys <= set(report)
    assert report["test_accuracy"] > 0.5
    first = out.read_bytes()
    assert call(capsys, *words)[0] == 0
    assert out.read_bytes() == first, "the same seed gives the same file"
    code, result = call_json(capsys, "simulate", out, "--data", "digits")
    assert (code, result["mismatches"]) == (0, 0)
    assert result["accuracy"] == report["test_accuracy"]


@needs("torch")
def test_ctrl_c_in_training(tmp_path: Path) -> None:
    out = tmp_path / "m.lgn"
    words = [sys.executable, "-m", "lgnc", "train", "digits", "-o", str(out), "--epochs", "100000", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("*")) and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert json.loads(stdout)["error"]
    assert os.listdir(tmp_path) == ["m.checkpoint"]


@needs("torch")
def test_an_interrupted_run_goes_on_to_the_same_file(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.lgn", tmp_path / "cut.lgn"
    flags = ["digits", "--epochs", "30", "--layers", "2", "--width", "500", "--json", "-o"]
    words = [sys.executable, "-m", "lgnc", "train", *flags]
    subprocess.run([*words, str(whole)], check=True, capture_output=True)
    with subprocess.Popen([*words, str(cut)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not cut.with_suffix(".checkpoint").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    log = tmp_path / "log.jsonl"
    subprocess.run([*words, str(cut), "--resume", "--log", str(log)], check=True, capture_output=True)
    assert cut.read_bytes() == whole.read_bytes()
    epochs = [json.loads(line) for line in log.read_text().splitlines()]
    assert epochs[-1]["epoch"] == 30
    assert {"accuracy", "selection_gap", "computation_gap", "c_ema", "tau_b"} <= set(epochs[0])


def test_a_missing_tool_is_exit_code_3(
    model: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert call(capsys, "compile", model, "-t", "verilog", "-o", out)[0] == 0
    monkeypatch.setenv("LGNC_IVERILOG", "/none/iverilog")
    line = refused(capsys, 3, "simulate", out, "--data", rows(tmp_path), "--engine", "iverilog")
    assert "LGNC_IVERILOG" in line
    assert "apt-get install" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_full_stdout_is_one_line(flags: list[str], model: Path) -> None:
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "lgnc", "info", str(model), *flags]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


def test_a_full_disk(model: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "out"
    assert "No space left" in refused(capsys, 2, "compile", model, "-t", "numpy", "-o", out)
    assert sorted(os.listdir(tmp_path)) == ["m.lgn"]
    assert "No space left" in refused(capsys, 2, "opt", model, "-o", tmp_path / "c.lgir")
    assert sorted(os.listdir(tmp_path)) == ["m.lgn"]


def test_info_draws_a_convolutional_network(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "conv.lgn"
    save_model(random_conv_model(1), path)
    assert run(["info", str(path)]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert "conv 3 x 3" in rows["1"]
    assert "8 x 12 x 12" in rows["1"]
    assert rows["all"].split()[-2:] == ["125", "8,268"]
    assert run(["info", "--json", str(path)]) == 0
    network = json.loads(capsys.readouterr().out)["network"]
    assert [row["gate_applications"] for row in network] == [8064, 0, 144, 0, 30, 30, 0, 8268]


def test_names_of_a_strangers_file_do_not_act_on_the_terminal(capsys: Capture, tmp_path: Path) -> None:
    hostile = "\x1b]0;title\x07\x1b[2J[/red]\nlgnc: ok\u202egnp"
    circuit = random_circuit(1, inputs=3, gates=5, outputs=4, classes=2)
    assert circuit.head is not None
    names = replace(circuit.encoder, names=(hostile, "b", "c"))
    path = tmp_path / "x.lgir"
    path.write_text(to_text(circuit.with_(encoder=names, head=replace(circuit.head, names=(hostile, "[bold]")))))
    out = tmp_path / hostile.replace("/", "")
    for words in (["info", path], ["info", "--json", path], ["opt", path, "-o", f"{out}.lgir", "--stats"]):
        code, stdout, stderr = call(capsys, *words)
        assert code == 0
        assert all(line.isprintable() for line in (stdout + stderr).split("\n"))
    assert r"\x1b]0;title\x07\x1b[2J[/red]\nlgnc: ok\u202egnp, [bold]" in call(capsys, "info", path)[1]
    code, stdout, stderr = call(capsys, "info", f"{out}.v")
    assert (code, stdout) == (2, "")
    assert stderr.count("\n") == 1
    assert stderr[:-1].isprintable()
    code, _, stderr = call(capsys, hostile)
    assert code == 2
    assert stderr[:-1].isprintable()


def test_cells_of_tables_are_text_not_markup(capsys: Capture) -> None:
    capsys.readouterr()
    print_table(("name",), [("[/red]",), ("[bold]x",), ("\x1b[2J",)])
    assert capsys.readouterr().out.split() == ["name", "[/red]", "[bold]x", r"\x1b[2J"]
