"""The cache of built programs: bounded by what was used last, safe against another process, made once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lgnc.diagnostics import Failed
from lgnc.sim import cache
from lgnc.sim.cache import built, is_built


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lgnc" / "toy"


def program(about: object, text: bytes = b"x" * 100) -> Path:
    def make(build: Path) -> Path:
        (build / "made").write_bytes(text)
        return build / "made"

    return built("toy", ".bin", about, make)


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_program_is_made_once_and_its_use_is_marked() -> None:
    assert not is_built("toy", "a")
    first = program("a")
    assert is_built("toy", "a")
    age(first, 5000)
    assert program("a", b"not made").read_bytes() == first.read_bytes()
    assert time.time() - first.stat().st_mtime < 1000


def test_what_was_not_used_for_the_longest_time_goes_first(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 250)
    paths = [program(name) for name in "abcd"]  # All used a moment ago: none may go.
    assert sorted(place.iterdir()) == sorted(paths)
    for path, seconds in zip(paths, (9000, 8000, 7000, 6000), strict=True):
        age(path, seconds)
    program("c")
    last = program("e")
    assert sorted(place.iterdir()) == sorted([paths[2], last])


def test_a_build_that_another_process_finished_meanwhile_is_left_whole(place: Path) -> None:
    def make(build: Path) -> Path:
        assert program("a", b"theirs").read_bytes() == b"theirs"
        (build / "made").write_bytes(b"ours")
        return build / "made"

    assert built("toy", ".bin", "a", make).read_bytes() == b"ours"
    assert sorted(path.read_bytes() for path in place.iterdir()) == [b"ours", b"theirs"]
    assert program("a", b"never").read_bytes() in (b"ours", b"theirs")


def test_a_build_that_fails_leaves_nothing(place: Path) -> None:
    def make(build: Path) -> Path:
        (build / "half").write_bytes(b"half")
        raise Failed("no", where="toy")

    with pytest.raises(Failed):
        built("toy", ".bin", "a", make)
    assert list(place.iterdir()) == []
