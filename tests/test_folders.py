"""What lgnc may replace in a folder, and that a writer killed at any step loses nothing and leaves old or new."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lgnc.backends.artifact import MANIFEST as NAME_OF_BACKENDS
from lgnc.backends.artifact import Artifact
from lgnc.diagnostics import BadInput
from lgnc.files import sha256, staged_path, try_lock, write_file
from lgnc.folders import check_output_folder, reading, write_folder
from lgnc.ownership import JOURNAL, MANIFEST, PLAN, listed_files

ROOT = Path(__file__).resolve().parent.parent

USERS = {"mine.txt": "years of work", "sub/mine.txt": "more", "notes/deep/x": "", ".hidden": "h"}


def made(**files: str) -> dict[str, bytes]:
    """A set of files with a manifest that lists them: `net_c` is net.c, `sub__x` is sub/x."""
    data = {name.replace("__", "/").replace("_", "."): text.encode() for name, text in files.items()}
    return {**data, MANIFEST: Artifact(data).manifest_bytes()}


OLD = made(net_c="old c", net_h="same h", sub__x="old x", gone_c="gone", went__y="y")
NEW = made(net_c="new c", net_h="same h", sub__x="new x", sub__deep__z="z", more_c="more")


def version_1(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same set as version 1 listed it: without hashes."""
    names = [name for name in files if name != MANIFEST]
    return {**files, MANIFEST: json.dumps({"lgnc_manifest": 1, "files": names}).encode()}


def put(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def found(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, subfolders included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if not path.is_dir()}


def users() -> dict[str, bytes]:
    return {name: text.encode() for name, text in USERS.items()}


def test_the_manifest_has_one_name() -> None:
    assert MANIFEST == NAME_OF_BACKENDS


def test_recompiling_replaces_its_own_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert write_folder(folder, OLD) == []
    put(folder, USERS)
    assert write_folder(folder, NEW) == []
    assert found(folder) == {**NEW, **users()}
    assert sorted(os.listdir(folder)) == sorted({name.split("/")[0] for name in (*NEW, *USERS)})
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    "manifest",
    [
        b"{}",
        b'{"name": "web app", "icons": []}',
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"lgnc_manifest": true, "files": []}',
        b'{"lgnc_manifest": 3, "files": {}}',
        b'{"lgnc_manifest": 2, "files": ["src/precious"]}',
        b'{"lgnc_manifest": 2, "files": {"src/precious": "abc"}}',
        b'{"lgnc_manifest": 1, "files": ["../other"]}',
        b'{"lgnc_manifest": 1}',
        None,
    ],
)
def test_a_folder_of_someone_else_is_refused(manifest: bytes | None, tmp_path: Path) -> None:
    put(tmp_path, {"src/precious": "x"} | ({} if manifest is None else {MANIFEST: manifest.decode("latin1")}))
    if manifest is not None:
        (tmp_path / MANIFEST).write_bytes(manifest)
    before = found(tmp_path)
    for write in (lambda: check_output_folder(tmp_path), lambda: write_folder(tmp_path, NEW)):
        with pytest.raises(BadInput):
            write()
        assert found(tmp_path) == before


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(BadInput, match="is a file, not a folder"):
        write_folder(tmp_path / "thesis.txt", NEW)
    assert (tmp_path / "thesis.txt").read_text() == "years"


def test_an_edited_file_is_kept_aside(tmp_path: Path) -> None:
    write_folder(tmp_path, OLD)
    put(tmp_path, {"net.c": "my own", "gone.c": "mine too", "net.c.edited": "of last week"})
    assert write_folder(tmp_path, NEW) == ["net.c.edited.2", "gone.c"]
    kept = {"net.c.edited": b"of last week", "net.c.edited.2": b"my own", "gone.c": b"mine too"}
    assert found(tmp_path) == {**NEW, **kept}


def test_a_users_file_of_a_new_name_is_not_overwritten(tmp_path: Path) -> None:
    write_folder(tmp_path, OLD)
    put(tmp_path, {"more.c": "mine"})
    before = found(tmp_path)
    with pytest.raises(BadInput, match=r"'more.c' would be overwritten"):
        write_folder(tmp_path, NEW)
    assert found(tmp_path) == before
    put(tmp_path, {"more.c": "more"})
    write_folder(tmp_path, NEW)
    assert found(tmp_path) == NEW


def test_version_1_lists_no_hashes_so_its_files_are_kept_aside(tmp_path: Path) -> None:
    put(tmp_path, version_1(OLD) | users())
    assert write_folder(tmp_path, NEW) == ["net.c.edited", "sub/x.edited", "gone.c", "went/y"]
    stays = {"gone.c": b"gone", "went/y": b"y", "net.c.edited": b"old c", "sub/x.edited": b"old x"}
    assert found(tmp_path) == {**NEW, **users(), **stays}


@pytest.mark.parametrize("name", ["net.c", "sub"])
def test_links_below_the_folder_are_not_followed(name: str, tmp_path: Path) -> None:
    folder, other = tmp_path / "out", tmp_path / "other"
    write_folder(folder, OLD)
    put(other, {"x": "old x", "net.c": "old c"})
    shutil.rmtree(folder / name) if name == "sub" else (folder / name).unlink()
    (folder / name).symlink_to(other if name == "sub" else other / "net.c")
    before = found(other)
    with pytest.raises(BadInput, match=f"'{name}' is"):
        write_folder(folder, NEW)
    assert found(other) == before
    assert not (folder / PLAN).exists()


def test_a_link_to_what_is_no_longer_made_stays(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_folder(folder, OLD)
    put(tmp_path, {"there": "gone"})
    (folder / "gone.c").unlink()
    (folder / "gone.c").symlink_to(tmp_path / "there")
    assert write_folder(folder, NEW) == ["gone.c"]
    assert (folder / "gone.c").read_text() == "gone"


def test_the_folder_may_be_a_link_or_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    write_folder(tmp_path / "link", OLD)
    assert (tmp_path / "link").is_symlink()
    monkeypatch.chdir(tmp_path / "there")
    inode = os.stat(".").st_ino
    write_folder(Path(), NEW)
    assert found(tmp_path / "there") == NEW
    assert os.stat(tmp_path / "there").st_ino == inode


def test_a_link_to_no_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    for write in (check_output_folder, lambda folder: write_folder(folder, NEW)):
        with pytest.raises(BadInput, match="link: is a symbolic link to what is not there"):
            write(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_the_parent_is_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    write_folder(folder, OLD)
    for call in ("open", "replace", "mkdir", "unlink"):
        real: Callable[..., Any] = getattr(os, call)

        def inside(path: Any, *rest: Any, real: Callable[..., Any] = real, **options: Any) -> Any:
            assert str(path).startswith(str(folder)), path
            return real(path, *rest, **options)

        monkeypatch.setattr(os, call, inside)
    write_folder(folder, NEW)
    assert found(folder) == NEW


def test_permissions_follow_the_umask_and_the_old_file(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_folder(tmp_path / "out", OLD)
        assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o750
        (tmp_path / "out" / "net.c").chmod(0o604)
        write_folder(tmp_path / "out", NEW)
    finally:
        os.umask(old)
    modes = {name: stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) for name in ("net.c", "more.c")}
    assert modes == {"net.c": 0o604, "more.c": 0o640}


@pytest.mark.parametrize("call", ["replace", "fsync", "mkdir"])
def test_a_failure_before_the_switch_takes_everything_back(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path, OLD)
    put(tmp_path, USERS)
    before = found(tmp_path)
    real: Callable[..., Any] = getattr(os, call)

    def fail(*args: Any, **options: Any) -> Any:
        if call != "replace" or str(args[1]).endswith(JOURNAL):
            raise OSError(5, "Input/output error")
        return real(*args, **options)

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(BadInput, match="Input/output error"):
        write_folder(tmp_path, NEW)
    assert found(tmp_path) == before
    assert not (tmp_path / "sub" / "deep").exists()


def test_data_is_flushed_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed, replace, fsync = set(), os.replace, os.fsync

    def flush(handle: int) -> None:
        flushed.add(os.fstat(handle).st_ino)
        fsync(handle)

    def rename(source: Path, target: Path) -> None:
        assert source.stat().st_ino in flushed, source
        flushed.discard(target.parent.stat().st_ino)
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    write_folder(tmp_path / "out", OLD)
    write_folder(tmp_path / "out", NEW)
    write_file(tmp_path / "file", b"x")
    assert {path.stat().st_ino for path in (tmp_path, tmp_path / "out", tmp_path / "out" / "sub")} <= flushed


def test_names_that_differ_in_capitals_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="where capitals do not count"):
        write_folder(tmp_path / "out", {"Net.c": b"", "net.c": b"", MANIFEST: b""})
    for name in ("/x", "a//b", "../x", "a/./b", "", "a\\b", "C:x", PLAN, "n" * 300, "a\nb"):
        with pytest.raises(BadInput):
            write_folder(tmp_path / "out", {name: b"", MANIFEST: b""})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", [b"{}", b"", b'{"place": {"../x": [null, "a"]}, "remove": {}}', b'{"place": 3}'])
@pytest.mark.parametrize("left", [JOURNAL, PLAN])
def test_what_is_no_journal_of_ours_is_one_line(text: bytes, left: str, tmp_path: Path) -> None:
    write_folder(tmp_path, OLD)
    (tmp_path / left).write_bytes(text)
    with pytest.raises(BadInput):
        write_folder(tmp_path, NEW)
    (tmp_path / left).unlink()
    assert found(tmp_path) == OLD


def test_a_locked_folder_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.folders._WAIT", 0.1)
    write_folder(tmp_path, OLD)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        assert try_lock(handle)
        with pytest.raises(BadInput, match="another lgnc is writing"), reading(tmp_path):
            pass
        with pytest.raises(BadInput, match="another lgnc is writing"):
            write_folder(tmp_path, NEW)
    finally:
        os.close(handle)
    write_folder(tmp_path, NEW)
    assert found(tmp_path) == NEW


def test_two_writers_at_once_leave_one_set(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from tests.test_folders import NEW, OLD
from lgnc.folders import write_folder
for _ in range(15):
    write_folder(Path(sys.argv[1]), OLD if sys.argv[2] == "old" else NEW)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    writers = [subprocess.Popen([*command, which], cwd=ROOT) for which in ("old", "new")]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert found(tmp_path / "out") in (OLD, NEW)


class Killed:
    """A process that runs writers and is asked to kill them at a step; counts the kills."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("killed_writer.py"))]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        self.kills = 0

    def close(self) -> None:
        self._process.communicate()

    def at(self, step: int, what: str, path: Path, files: Mapping[str, bytes] | None = None) -> bool:
        """Whether the writer was killed at its `step`; else it is done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        text = {name: data.decode() for name, data in (files or {}).items()}
        self._process.stdin.write(json.dumps({"step": step, "what": what, "path": str(path), "files": text}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer in ("killed", "done 0"), answer
        self.kills += answer == "killed"
        return answer == "killed"


@pytest.fixture(scope="module")
def killed() -> Iterator[Killed]:
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    process = Killed()
    yield process
    process.close()


def seen(folder: Path) -> dict[str, bytes] | None:
    """What lgnc's readers see: the listed files of the manifest, every hash checked; None without a manifest."""
    if not folder.is_dir():
        return None
    with reading(folder):
        if not (folder / MANIFEST).exists():
            return None
        text = (folder / MANIFEST).read_bytes()
        files = {name: (folder / name).read_bytes() for name in listed_files(json.loads(text), folder)}
        for name, wanted in listed_files(json.loads(text), folder).items():
            assert wanted in (None, sha256(files[name])), f"{name} is of neither set"
    return {**files, MANIFEST: text}


STARTS: dict[str, dict[str, bytes]] = {
    "new": {},
    "recompile": {**OLD, **users()},
    "the same again": {**NEW, **users()},
    "edited": {**OLD, **users(), "net.c": b"my own"},
    "version 1": {**version_1(OLD), **users()},
}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("reader_first", [True, False])
def test_a_killed_compile_leaves_old_or_new(start: str, reader_first: bool, tmp_path: Path, killed: Killed) -> None:
    step, outcomes = 1, set()
    while True:
        place = tmp_path / str(step)
        folder = place / "out"
        put(place, {"beside.txt": "mine"})
        put(folder, STARTS[start])
        if not killed.at(step, "folder", folder, NEW):
            break
        if reader_first and start != "edited":
            now = seen(folder)
            old = {name: STARTS[start][name] for name in now or {} if name in STARTS[start]} or None
            assert now in (NEW, old), step
            outcomes.add(now == NEW)
        write_folder(folder, NEW)
        kept = {name: data for name, data in found(folder).items() if name not in NEW}
        mine = {data for name, data in STARTS[start].items() if name in USERS or data == b"my own"}
        assert mine <= set(kept.values()), step
        allowed = {"gone.c", "went/y", "net.c.edited", "sub/x.edited"} if start in ("version 1", "edited") else set()
        assert set(kept) - allowed == set(USERS if start != "new" else ()), step
        assert seen(folder) == NEW
        assert sorted(os.listdir(place)) == ["beside.txt", "out"]
        step += 1
    assert step > 20
    assert outcomes == ({True, False} if reader_first and start not in ("edited", "the same again") else outcomes)


def test_a_killed_recovery_is_taken_up_again(tmp_path: Path, killed: Killed) -> None:
    """From every state that a killed compile leaves, kill what ends it at every step too."""
    for first in range(1, 200, 5):
        for second in range(1, 200):
            folder = tmp_path / f"{first}-{second}"
            put(folder, {**OLD, **users()})
            done = not killed.at(first, "folder", folder, NEW)
            ended = not killed.at(second, "read", folder)
            assert seen(folder) in (OLD, NEW)
            write_folder(folder, NEW)
            assert found(folder) == {**NEW, **users()}
            if ended:
                break
        if done:
            return
    raise AssertionError("the compile never ended")


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("link", [True, False])
def test_a_killed_write_leaves_old_or_new(old: bytes | None, link: bool, tmp_path: Path, killed: Killed) -> None:
    step = 1
    while True:
        place = tmp_path / str(step)
        put(place, {"mine.txt": "mine", ".lgnc-mine": "mine"} | ({} if old is None else {"net.lgn": old}))
        path = place / "net.lgn"
        if link:
            (place / "link").symlink_to("net.lgn")
            path = place / "link"
        if not killed.at(step, "file", path, {"file": b"new"}):
            break
        assert (path.read_bytes() if path.exists() else None) in (old, b"new")
        write_file(path, b"next")
        expected = {"mine.txt": b"mine", ".lgnc-mine": b"mine", "net.lgn": b"next"}
        assert found(place) == expected | ({"link": b"next"} if link else {})
        step += 1
    assert step > 5


def test_the_name_of_a_staged_file_is_as_short_for_any_name() -> None:
    assert len(staged_path(Path("n" * 250)).name) < 40
