"""The search: folds that leak nothing, the best trial, one study for the same data and settings, gone on with."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from glob import glob
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optuna")

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.train import TrainConfig
from lgnc.train import search as module
from lgnc.train.prepare import prepare
from lgnc.train.search import SPACE, search
from tests.support import needs

ROWS = np.array([0] * 7 + [1] * 5 + [2], np.int64)


def table(seed: int = 0) -> Dataset:
    x = np.random.default_rng(seed).random((len(ROWS), 4))
    return Dataset("made", x, ROWS, x[:1], ROWS[:1], tuple("abcd"), ("p", "q", "r"))


def test_every_row_is_for_test_once_and_a_class_of_one_row_never() -> None:
    data, seen = table(), []
    for fold in module._folds(data, 3):
        assert set(fold.y_train) == {0, 1, 2}, "every class can be trained"
        inside = {row.tobytes() for row in fold.x_train}
        assert not inside & {row.tobytes() for row in fold.x_test}
        assert len(fold.x_train) + len(fold.x_test) == len(ROWS)
        seen += [row.tobytes() for row in fold.x_test]
    assert sorted(seen) == sorted(row.tobytes() for row in data.x_train[ROWS < 2])


def scored(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Trials that cost nothing: the score is the candidates in hundredths, the defaults' 0.05. Gives what was tried."""
    tried: list[TrainConfig] = []

    def score(folds: list[Dataset], config: TrainConfig) -> float:
        assert all(fold.x_test.shape[0] for fold in folds)
        tried.append(config)
        return (config.candidates or 5) / 100

    monkeypatch.setattr(module, "_score", score)
    return tried


def stop(*_: object) -> None:
    """The end of a sitting, after its first trial."""
    raise KeyboardInterrupt


def test_the_best_trial_is_chosen_and_what_was_asked_for_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, url = scored(monkeypatch), f"sqlite:///{tmp_path / 's.db'}"
    base = TrainConfig(width=300, encoder="quantile:3", time_budget=9.0)
    found = search(table(), base, 3.0, url)
    assert tried[0] == base, "the defaults come first"
    assert {(each.width, each.encoder) for each in tried} == {(300, "quantile:3")}
    assert found.default == 0.05
    assert found.score == max((each.candidates or 5) / 100 for each in tried)
    assert found.trials == len(tried)
    assert found.config in tried
    assert set(found.settings) <= {"layers", "candidates", "epochs", "lr", "group_tau"}


def test_a_study_is_gone_on_with_by_the_same_data_and_settings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, url = scored(monkeypatch), f"sqlite:///{tmp_path / 's.db'}"
    base = TrainConfig(width=300)
    first = search(table(), base, 0.001, url)
    assert first.trials == len(tried) == 1
    with pytest.raises(KeyboardInterrupt):
        search(table(), base, 600.0, url, on_trial=stop)
    again = search(table(), base, 0.001, url)
    assert again.trials == len(tried) == 2
    assert again.default == 0.05
    count = len(tried)
    for data, config in ((table(1), base), (table(), TrainConfig(width=301))):
        assert search(data, config, 0.001, url).trials == 1, "a study of its own"
        count += 1
        assert len(tried) == count


def test_defaults_that_were_interrupted_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the best trial's accuracy would be shown as that of the defaults."""
    url, base = f"sqlite:///{tmp_path / 's.db'}", TrainConfig(width=300)

    def interrupted(*_: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_score", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(table(), base, 600.0, url)
    tried = scored(monkeypatch)
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            search(table(), base, 600.0, url, on_trial=stop)
    found = search(table(), base, 0.001, url)
    assert tried[0] == base != tried[1]
    assert (found.default, found.trials) == (0.05, len(tried)) == (0.05, 5)
    assert found.score > found.default


@pytest.mark.parametrize("settings", [{"widths": (30, 30)}, {"preset": "logictreenet-s"}, {"wiring": "words:32"}])
def test_what_has_no_width_to_choose_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="--search"):
        search(table(), TrainConfig(**settings), 1.0, "sqlite://")


def test_candidates_are_for_learned_wiring_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = scored(monkeypatch)
    search(table(), TrainConfig(wiring="random"), 2.0, f"sqlite:///{tmp_path / 's.db'}")
    assert len(tried) > 1
    assert {each.candidates for each in tried} == {None}


def test_settings_that_the_data_cannot_have_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[TrainConfig] = []

    def score(folds: list[Dataset], config: TrainConfig) -> float:
        tried.append(config)
        prepare(folds[0], config)
        return 0.5

    monkeypatch.setattr(module, "_score", score)
    data = table()
    narrow = replace(data, x_train=data.x_train[:, :1], x_test=data.x_test[:, :1], feature_names=("a",))
    base = TrainConfig(width=60, encoder="quantile:4", epochs=1)
    found = search(narrow, base, 3.0, f"sqlite:///{tmp_path / 's.db'}")
    assert any((each.candidates or 0) > 4 for each in tried)
    assert 1 <= found.trials < len(tried)


def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/none/s.db", "nonsense", "nosuchdb://me:secret@host/x"):
        with pytest.raises(BadInput, match="--storage") as caught:
            search(table(), TrainConfig(), 1.0, url)
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_sittings_do_not_draw_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of six sittings tries one setting, and what it tries is another one."""
    tried = scored(monkeypatch)
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            search(table(), TrainConfig(), 600.0, f"sqlite:///{tmp_path / 's.db'}", on_trial=stop)
    assert tried[0] == TrainConfig()
    assert len(set(tried)) > 4


def test_a_database_that_goes_away_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, path = scored(monkeypatch), tmp_path / "s.db"

    def spoil(*_: object) -> None:
        path.write_bytes(b"no database" * 1000)

    with pytest.raises(BadInput, match=r"--storage sqlite.* cannot be used") as caught:
        search(table(), TrainConfig(), 600.0, f"sqlite:///{path}", on_trial=spoil)
    assert "\n" not in str(caught.value)
    assert len(tried) == 1


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of an empty database in PostgreSQL, which hears a socket in a new folder alone."""
    found = shutil.which("postgres") or max(glob("/usr/lib/postgresql/*/bin/postgres"), default=None)
    if found is None:
        assert os.environ.get("LGNC_REQUIRE_TOOLS") != "1", INSTALL
        pytest.skip(INSTALL)
    programs, root = Path(found).resolve().parent, os.getuid() == 0
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, user = Path(name), "nobody" if root else getpass.getuser()
        if root:  # The server refuses to run as root.
            shutil.chown(folder, user)
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", user, "-A", "trust", "-N", "--no-instructions"],
            check=True, stdout=subprocess.DEVNULL, user=user if root else None,
        )  # fmt: skip
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
            stderr=subprocess.DEVNULL, user=user if root else None,
        )  # fmt: skip
        try:
            for _ in range(300):
                if (folder / ".s.PGSQL.5432").exists():
                    break
                time.sleep(0.1)
            yield f"postgresql://{user}:secret@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # It does not wait for its clients.
            server.wait(60)


INSTALL = "needs PostgreSQL: apt-get install postgresql"


@needs("psycopg")
def test_two_at_once_share_a_study_in_postgresql(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They start together with an empty database, try different settings, and each has all trials in the end."""
    tried, barrier = scored(monkeypatch), Barrier(2)

    def one(_: int) -> None:
        barrier.wait()
        trials: list[int] = []

        def enough(trial: int, _: float) -> None:
            trials.append(trial)
            if len(trials) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            search(table(), TrainConfig(), 600.0, postgres, on_trial=enough)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(2)))
    again = search(table(), TrainConfig(), 0.001, postgres)
    assert again.trials == len(tried) == 6, "the study is gone on with"
    assert len(set(tried)) > 3
    with pytest.raises(BadInput, match="--storage") as caught:
        search(table(), TrainConfig(), 1.0, postgres.replace("/postgres?", "/nothing?"))
    assert "secret" not in str(caught.value)


def test_what_is_chosen_can_be_trained() -> None:
    """Every value of the space is one that a setting may have."""
    for name, values in SPACE.items():
        for value in values:
            assert getattr(TrainConfig(**{name: value}), name) == value
