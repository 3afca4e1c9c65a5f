"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lgnc.diagnostics import BadInput
from lgnc.files import read_file, write_file, write_folder


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a"]


def test_a_failing_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_file(path, b"one")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(BadInput, match="No space left on device"):
        write_file(path, b"two")
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "a", b"one")
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "b", {"x": b"1"})
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdopen

    def open_full(handle: int, mode: str) -> Any:
        os.close(handle)
        return real(os.open("/dev/full", os.O_WRONLY), mode)

    monkeypatch.setattr(os, "fdopen", open_full)
    with pytest.raises(BadInput, match="No space left on device"):
        write_file(tmp_path / "a", b"one")
    assert os.listdir(tmp_path) == []


def test_folders(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_folder(folder, {"manifest.json": b"{}", "old": b"", "sub/x": b"1"})
    assert (folder / "sub" / "x").read_bytes() == b"1"
    write_folder(folder, {"manifest.json": b"{}", "new": b""})
    assert sorted(os.listdir(folder)) == ["manifest.json", "new"]
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    write_folder(folder, {"manifest.json": b"{}"})
    real, calls = os.replace, []

    def fail_once(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    with pytest.raises(BadInput, match="Input/output error"):
        write_folder(folder, {"manifest.json": b"{}", "new": b""})
    assert os.listdir(folder) == ["manifest.json"]
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_of_someone_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(BadInput, match="did not write"):
        write_folder(tmp_path, {"manifest.json": b"{}"})
    with pytest.raises(BadInput, match="is a file, not a folder"):
        write_folder(tmp_path / "thesis.txt", {"manifest.json": b"{}"})
    assert (tmp_path / "thesis.txt").read_text() == "years"


def test_reading_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_file(tmp_path / "none")
    with pytest.raises(BadInput, match="is a folder"):
        write_file(tmp_path, b"")
    with pytest.raises(BadInput, match="No such file"):
        write_file(tmp_path / "no" / "such", b"")
