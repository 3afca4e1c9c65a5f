"""The cache of compiled C folders: private, checked before it is used, healed, and made anew for another compiler."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift
from lgnc.ir import simulate
from lgnc.sim import c_library
from lgnc.sim.c import Network
from lgnc.sim.c_library import shared_library
from lgnc.sim.cache import make_private
from lgnc.sim.folder import load_manifest
from lgnc.toolchain import find_tool
from tests.backends.support import write
from tests.support import needs, random_features, random_model

pytestmark = needs("cc")

CIRCUIT = lift(random_model(3))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where libraries go: an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(c_library, "FLAGS", tuple(flag.replace("-O3", "-O0") for flag in c_library.FLAGS))
    return tmp_path / "cache" / "lgnc" / "c"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A C folder."""
    (tmp_path / "net").mkdir()
    write("c", CIRCUIT, tmp_path / "net")
    return tmp_path / "net"


@pytest.fixture(params=[0o022, 0o000, 0o077])
def mask(request: pytest.FixtureRequest) -> Iterator[None]:
    old = os.umask(request.param)
    yield
    os.umask(old)


def library(folder: Path) -> Path:
    return shared_library(folder, load_manifest(folder))


def answers(folder: Path) -> None:
    """Fails unless a process of its own, which has nothing loaded, gives the circuit's classes."""
    code = "import lgnc, sys, numpy; numpy.save(sys.argv[2], lgnc.load(sys.argv[1]).predict(numpy.load(sys.argv[2])))"
    features = random_features(CIRCUIT, 40)
    np.save(folder / "x.npy", features)
    subprocess.run([sys.executable, "-c", code, folder, folder / "x.npy"], check=True, timeout=100)
    assert np.array_equal(np.load(folder / "x.npy"), simulate(CIRCUIT, features)[1])


@pytest.mark.usefixtures("mask")
def test_it_is_the_users_alone(folder: Path, cache: Path) -> None:
    path = library(folder)
    assert path.parent == cache
    assert [entry.name for entry in cache.iterdir()] == [path.name]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_library_is_made_once(folder: Path) -> None:
    assert library(folder).stat().st_ino == library(folder).stat().st_ino


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "folder", "link"])
def test_a_damaged_library_is_made_again(damage: str, folder: Path, tmp_path: Path) -> None:
    path = library(folder)
    data = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "link":
        shutil.move(path, tmp_path / "elsewhere.so")
        path.symlink_to(tmp_path / "elsewhere.so")
    else:
        found = {"empty": b"", "truncated": data[:3000], "flipped": data[:2000] + b"\xff" + data[2001:]}
        path.write_bytes(found[damage])
    answers(folder)
    assert library(folder).read_bytes() == data
    assert not library(folder).is_symlink()


def test_a_planted_library_does_not_run(folder: Path, cache: Path) -> None:
    """One that prints, at the very name: its bytes are not those of the name."""
    path = library(folder)
    source = cache / "planted.c"
    source.write_text("__attribute__((constructor)) static void f(void) { __builtin_trap(); }")
    compiler = find_tool("cc")
    assert compiler is not None
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, source], check=True)
    answers(folder)


def test_what_others_could_write_is_not_used(folder: Path, cache: Path) -> None:
    path = library(folder)
    before = path.stat().st_mtime_ns
    cache.chmod(0o777)
    assert library(folder).stat().st_mtime_ns > before
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_links_are_not_followed(folder: Path, cache: Path, tmp_path: Path) -> None:
    cache.parent.mkdir(parents=True)
    (tmp_path / "other").mkdir()
    cache.symlink_to(tmp_path / "other")
    with pytest.raises(BadInput, match="is not a folder"):
        library(folder)
    assert list((tmp_path / "other").iterdir()) == []


def test_another_users_folder_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_private(cache)
    monkeypatch.setattr(os, "geteuid", lambda: cache.stat().st_uid + 1)
    with pytest.raises(BadInput, match="belongs to another user"):
        make_private(cache)


def test_another_compiler_makes_another_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = library(folder)
    monkeypatch.setattr(c_library, "tool_version", lambda name: f"{name} 99.0")
    assert library(folder).name.split("-")[0] != first.name.split("-")[0]


def test_builds_of_killed_processes_are_swept(folder: Path, cache: Path) -> None:
    make_private(cache)
    for name, age in (("build-old", 7200), ("build-new", 0)):
        (cache / name).mkdir()
        found = (cache / name).stat().st_mtime - age
        os.utime(cache / name, (found, found))
    library(folder)
    assert sorted(path.name for path in cache.glob("build-*")) == ["build-new"]


def test_processes_at_the_same_time_agree(folder: Path) -> None:
    code = "import lgnc, sys, numpy; print(lgnc.load(sys.argv[1]).predict(numpy.zeros((1, 12), numpy.uint8)))"
    command = [sys.executable, "-c", code, str(folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    printed = {process.communicate(timeout=100)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert len(printed) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"workspace_bytes": 1},
        {"workspace_bytes": -5},
        {"block": 0},
        {"output_count": 1},
        {"entry": {"predict": "system"}},
    ],
)
def test_sizes_are_the_librarys_not_the_manifests(forged: dict[str, Any], folder: Path) -> None:
    features = random_features(CIRCUIT, 700)
    manifest = load_manifest(folder)
    assert manifest.c is not None
    network = Network(folder, replace(manifest, c=replace(manifest.c, **forged)))
    scores, classes = simulate(CIRCUIT, features)
    assert np.array_equal(network.predict(features), classes)
    assert np.array_equal(network.scores(features), scores)


def test_a_manifest_of_other_features_is_refused(folder: Path) -> None:
    manifest = load_manifest(folder)
    encoder = replace(manifest.encoder, features=(*manifest.encoder.features, "more"))
    for forged in (replace(manifest, encoder=encoder), replace(manifest, classes=None)):
        with pytest.raises(BadInput, match="do not say the same"):
            Network(folder, forged)
