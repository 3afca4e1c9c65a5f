"""What no command foresaw: one line and an exit code, whatever was raised, closed, refused or cut short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest

from lgnc.cli import info
from lgnc.cli.main import run
from lgnc.formats.lgn import save_model
from lgnc.processes import Terminated
from tests.support import random_model

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model whose classes no terminal but a modern one can print, and rich would take for its markup."""
    path = tmp_path / "é.lgn"
    save_model(replace(random_model(0), class_names=("é", "[red]b", "[/none]", "…", "日")), path)
    return path


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """From now on `lgnc info` raises this."""

    @click.command("info")
    @click.argument("path")
    @click.option("--json", "as_json", is_flag=True)
    def command(path: str, as_json: bool) -> None:  # noqa: ARG001
        raise error

    monkeypatch.setattr(info, "command", command)


CASES = [
    (ValueError("what\nnobody foresaw"), 70, "ValueError: what nobody foresaw"),
    (RecursionError("too deep"), 70, "RecursionError: too deep"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), 70, "UnicodeDecodeError"),
    (KeyError(3), 70, "KeyError: 3"),
    (OSError("without a number"), 70, "without a number"),
    (ModuleNotFoundError("No module named 'x'"), 3, "No module named 'x'"),
    (MemoryError(), 1, "out of memory"),
    (OSError(12, "Cannot allocate memory"), 1, "out of memory"),
    (ImportError("x.so: failed to map segment from shared object"), 1, "out of memory"),
    (RuntimeError("can't start new thread"), 1, "out of memory"),
    (RuntimeError("CUDA out of memory. Tried"), 1, "out of memory"),
    (PermissionError(13, "Permission denied", "data.csv"), 2, "data.csv: Permission denied"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (Terminated(15), 143, "ended by signal 15"),
]


@pytest.mark.parametrize(("error", "code", "said"), CASES)
def test_whatever_is_raised_is_one_line(
    error: BaseException, code: int, said: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, error)
    assert run(["info", "x"]) == code
    out, err = capsys.readouterr()
    assert (out, err.strip().count("\n"), err.strip()[:6]) == ("", 0, "lgnc: "), "a blank line may follow ^C"
    assert said in err
    assert ("please report" in err) == (code == 70)
    assert run(["info", "x", "--json"]) == code
    out, err = capsys.readouterr()
    assert err.strip() == ""
    assert set(json.loads(out)) == {"error", "where", "fix"}


@pytest.mark.parametrize("words", [["--debug", "info", "x"], ["info", "--debug", "x"], ["info", "x", "--debug"]])
def test_the_traceback_is_for_debug_alone(words: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ValueError("unforeseen"))
    assert run(words) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("lgnc: a fault in lgnc: ValueError: unforeseen")
    raising(monkeypatch, PermissionError(13, "Permission denied", "data.csv"))
    assert run(words) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err, "bad input too"
    assert err.splitlines()[-1].startswith("lgnc: data.csv: Permission denied")
    assert run([word for word in words if word != "--debug"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert run(["info", "--", "--debug"]) == 2, "a file of that name"
    raising(monkeypatch, KeyboardInterrupt())
    assert run(words) == 130
    assert "Traceback" not in capsys.readouterr().err


def lgnc(
    *words: object, redirect: str = "", encoding: str = "utf-8", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """One command line in a shell, so that its streams can be closed, with an encoding for its streams."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, **variables}
    command = ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-m", "lgnc", *map(str, words)]
    return subprocess.run(command, capture_output=True, env=environment)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_encoding_can_be_printed_to(encoding: str, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "aus…gabe"
    words = [("info", model), ("compile", model, "-t", "numpy", "-o", out), ("verify", model, out), ("info", out)]
    for each in [*words, ("opt", model, "-o", tmp_path / "…é.lgir", "--stats"), ("info", tmp_path / "…none")]:
        done = lgnc(*each, encoding=encoding)
        assert done.returncode == (2 if each[-1] == tmp_path / "…none" else 0), done.stderr
        assert b"Traceback" not in done.stderr
        assert b"fault" not in done.stderr
    assert "[red]b" in lgnc("info", model).stdout.decode()


def test_the_c_locale_can_be_printed_to(model: Path) -> None:
    variables = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = lgnc("info", model, encoding="", **variables)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name != "posix", reason="closes streams in a shell")
@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_files(redirect: str, model: Path, tmp_path: Path) -> None:
    """A file that took the place of stdout would hold what is printed."""
    out = tmp_path / "out"
    done = lgnc("compile", model, "-t", "numpy", "-o", out, redirect=redirect)
    assert (done.returncode, done.stderr) == (0, b"")
    again = tmp_path / "again"
    assert lgnc("compile", model, "-t", "numpy", "-o", again).returncode == 0
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {p.name: p.read_bytes() for p in again.iterdir()}
    assert lgnc("info", tmp_path / "none", redirect=redirect).returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_reader_that_leaves_is_no_fault(model: Path) -> None:
    done = lgnc("info", model, redirect="| true")
    assert b"Traceback" not in done.stderr
    assert b"lgnc:" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory")
@pytest.mark.parametrize("kilobytes", [60_000, 150_000, 220_000, 300_000])
def test_a_memory_limit_is_one_line_or_enough(kilobytes: int, model: Path) -> None:
    words = ["-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", sys.executable, "-m", "lgnc", "verify", model, model]
    done = subprocess.run(
        ["sh", *map(str, words)], capture_output=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    )
    assert done.returncode in (0, 1), done.stderr
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0 or b"memory" in done.stderr.lower()
