"""Single files appear whole or not at all; what is not a regular file is written to, never replaced."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from lgnc.diagnostics import BadInput
from lgnc.files import clean, read_file, try_lock, write_file

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def umask() -> Any:
    old = os.umask(0o027)
    yield 0o027
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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
    assert os.listdir(tmp_path) == []


def test_the_umask_and_the_old_permissions_are_kept(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "a"
    write_file(path, b"one")
    assert mode(path) == 0o666 & ~umask
    path.chmod(0o604)
    write_file(path, b"two")
    assert (mode(path), path.read_bytes()) == (0o604, b"two")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.chown(path, 12345, 12345)
    write_file(path, b"two")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12345)


def test_a_write_protected_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda file, _: bool(mode(Path(file)) & 0o200))  # root may write anything
    with pytest.raises(BadInput, match="write-protected"):
        write_file(path, b"two")
    assert path.read_bytes() == b"one"


def test_another_hard_link_keeps_the_old_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    os.link(tmp_path / "a", tmp_path / "backup")
    write_file(tmp_path / "a", b"two")
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "backup").read_bytes()) == (b"two", b"one")


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_its_target_is_written(exists: bool, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link, second = tmp_path / "there" / "a", tmp_path / "link", tmp_path / "second"
    if exists:
        target.write_bytes(b"one")
    link.symlink_to("there/a")
    second.symlink_to(link)
    write_file(second, b"two")
    assert link.is_symlink()
    assert second.is_symlink()
    assert target.read_bytes() == b"two"
    assert os.listdir(tmp_path / "there") == ["a"]


def test_links_in_a_circle_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(BadInput, match="cannot write"):
        write_file(tmp_path / "a", b"")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_devices_are_written_to(tmp_path: Path) -> None:
    for device in ("/dev/null", "/dev/full"):
        (tmp_path / device[5:]).symlink_to(device)
    write_file(Path("/dev/null"), b"one")
    write_file(tmp_path / "null", b"one")
    with pytest.raises(BadInput, match="No space left on device"):
        write_file(tmp_path / "full", b"one")
    assert all(stat.S_ISCHR(os.stat(device).st_mode) for device in ("/dev/null", "/dev/full"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_is_written_to(tmp_path: Path) -> None:
    path, got = tmp_path / "fifo", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    write_file(path, b"x" * 200_000)
    reader.join()
    assert got == [b"x" * 200_000]
    assert path.is_fifo()


def test_a_socket_is_refused_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(BadInput, match="cannot write"):
            write_file(Path("s"), b"")
    assert Path("s").is_socket()


def child(code: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    text = f"from pathlib import Path\nfrom lgnc.files import write_file\n{code}"
    return subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=True, **options)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_standard_output_is_not_replaced(tmp_path: Path) -> None:
    code = "print('before'); write_file(Path('/dev/stdout'), b'data\\n'); print('after')"
    with (tmp_path / "out").open("wb") as out:
        child(code, stdout=out)
    assert (tmp_path / "out").read_bytes() == b"before\ndata\nafter\n"
    assert child(code, stdout=subprocess.PIPE).stdout == b"before\ndata\nafter\n"


def test_a_long_name_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250)
    write_file(path, b"one")
    assert path.read_bytes() == b"one"


def test_the_unfinished_file_of_a_killed_writer_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    code = f"import os\nos.replace = lambda *_: os.kill(os.getpid(), 9)\nwrite_file(Path({str(path)!r}), b'one')"
    with pytest.raises(subprocess.CalledProcessError):
        child(code)
    (left,) = os.listdir(tmp_path)
    other = tmp_path / left.replace(left[-8:], "not-ours")
    other.write_bytes(b"mine")
    with (tmp_path / left).open("wb") as living:
        assert try_lock(living.fileno())
        clean(path)
        assert (tmp_path / left).exists()
    write_file(path, b"two")
    assert sorted(os.listdir(tmp_path)) == sorted([other.name, "a"])


def test_reading_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_file(tmp_path / "none")
    with pytest.raises(BadInput, match="is a folder"):
        write_file(tmp_path, b"")
    with pytest.raises(BadInput, match="No such file"):
        write_file(tmp_path / "no" / "such", b"")


def test_what_is_read_whole_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"x" * 100)
    assert read_file(path, 100) == b"x" * 100
    with pytest.raises(BadInput, match="more than 99 bytes"):
        read_file(path, 99)
    with pytest.raises(BadInput, match="more than 1,000 bytes"):
        read_file(Path("/dev/zero"), 1000)
    assert read_file(Path(os.devnull)) == b""
    assert read_file(Path("/proc/self/stat")) != b"", "a file that says it has 0 bytes"
