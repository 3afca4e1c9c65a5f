"""The search: folds that leak nothing, the best trial, one study for the same data and settings, gone on with."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from glob import glob
from itertools import count
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
from lgnc.train.folds import Bools, Folds
from lgnc.train.prepare import prepare
from lgnc.train.resolve import resolve
from lgnc.train.search import FIRST, SMALL_FIRST, SPACE, search
from lgnc.train.study import optimize, sampler
from tests.support import needs

ROWS = np.array([0] * 70 + [1] * 49 + [2], np.int64)
DEFAULT, OTHERS = 0.5, {None: 0.6, 4: 0.3, 8: 0.8}
"""Shares of right answers: of the defaults, and of other settings by their candidates."""


def table(seed: int = 0) -> Dataset:
    x = np.random.default_rng(seed).random((len(ROWS), 4))
    return Dataset("made", x, ROWS, x[:1], ROWS[:1], tuple("abcd"), ("p", "q", "r"))


def scored(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Trials that cost nothing: settings of eight candidates get most rows right. Gives what was tried."""
    tried: list[TrainConfig] = []

    def right(part: Dataset, config: TrainConfig) -> Bools:
        share = OTHERS[config.candidates] if tried and config != tried[0] else DEFAULT
        tried.append(config)
        answers: Bools = np.arange(len(part.y_test)) < share * len(part.y_test)
        return answers

    monkeypatch.setattr(module, "right_answers", right)
    return tried


def ticking() -> Callable[[], float]:
    """A clock that goes on by a second whenever it is looked at."""
    ticks = count()
    return lambda: float(next(ticks))


def stop(*_: object) -> None:
    """The end of a sitting, after its first trial."""
    raise KeyboardInterrupt


def test_the_best_trial_is_chosen_and_what_was_asked_for_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, url = scored(monkeypatch), f"sqlite:///{tmp_path / 's.db'}"
    base = TrainConfig(width=300, encoder="quantile:3", time_budget=9.0)
    found = search(table(), base, 100.0, url, clock=ticking())
    assert tried[0] == base, "the defaults come first"
    assert {(each.width, each.encoder) for each in tried} == {(300, "quantile:3")}
    assert found.default == pytest.approx(DEFAULT, abs=0.02)
    assert found.score == pytest.approx(OTHERS[8], abs=0.02)
    assert found.config.candidates == found.settings["candidates"] == 8
    assert found.config in tried
    assert set(found.settings) <= {"layers", "candidates", "epochs", "lr", "group_tau", "members"}
    assert 0 < found.error < 0.1


@pytest.mark.parametrize("asked", [{}, {"epochs": 3, "lr": 0.3}])
def test_what_did_well_elsewhere_is_tried_after_the_defaults(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, base = scored(monkeypatch), TrainConfig(**asked)
    for _ in range(1 + len(SMALL_FIRST)):
        with pytest.raises(KeyboardInterrupt):
            search(table(), base, 600.0, f"sqlite:///{tmp_path / 's.db'}", on_trial=stop)
    left = [{name: value for name, value in each.items() if name not in asked} for each in SMALL_FIRST]
    assert list(dict.fromkeys(tried)) == [base, *(module._config(base, each, table()) for each in left)]


def test_settings_that_are_no_better_than_chance_leave_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting gets half of the rows right, by a coin of its own: the best of many coins is no reason."""
    tried: list[TrainConfig] = []

    def right(part: Dataset, config: TrainConfig) -> Bools:
        tried.append(config)
        answers: Bools = np.arange(len(part.y_test)) % 2 == 0
        if config != tried[0]:
            answers[:2] = [False, len(tried) % 5 > 0]  # One row less and, mostly, one row more.
        return answers

    monkeypatch.setattr(module, "right_answers", right)
    found = search(table(), TrainConfig(), 80.0, f"sqlite:///{tmp_path / 's.db'}", clock=ticking())
    assert found.trials > 3
    assert (found.settings, found.config, found.score) == ({}, TrainConfig(), found.default)


def test_settings_that_fall_behind_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, parts = scored(monkeypatch), len(Folds.of(table(), 0).parts)
    base = TrainConfig(layers=2, width=300, encoder="quantile:3", epochs=1, lr=0.1, group_tau=1.0, members=1)
    monkeypatch.setitem(SPACE, "candidates", (None, 4))
    monkeypatch.setattr(module, "SMALL_FIRST", ())
    found = search(table(), base, 600.0, f"sqlite:///{tmp_path / 's.db'}")
    assert [each.candidates for each in tried] == [None] * parts + [4], "after one fold of many"
    assert (found.trials, found.settings) == (2, {}), "the search ends when nothing is left to try"


def test_where_no_row_is_wrong_the_search_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "right_answers", lambda part, _: np.ones(len(part.y_test), np.bool_))
    found = search(table(), TrainConfig(), 600.0, f"sqlite:///{tmp_path / 's.db'}")
    assert (found.trials, found.settings, found.score) == (1, {}, 1.0)


def test_a_trial_that_the_time_cuts_short_is_no_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = scored(monkeypatch)
    parts = len(Folds.of(table(), 0).parts)
    found = search(table(), TrainConfig(), 6.0, f"sqlite:///{tmp_path / 's.db'}", clock=ticking())
    assert parts < len(tried) < 2 * parts
    assert (found.trials, found.settings) == (2, {})


def test_a_study_is_gone_on_with_by_the_same_data_and_settings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, url = scored(monkeypatch), f"sqlite:///{tmp_path / 's.db'}"
    base = TrainConfig(width=300)
    assert search(table(), base, 0.0, url).trials == len(set(tried)) == 1
    with pytest.raises(KeyboardInterrupt):
        search(table(), base, 600.0, url, on_trial=stop)
    again = search(table(), base, 0.0, url)
    assert again.trials == len(set(tried)) == 2
    assert again.default == pytest.approx(DEFAULT, abs=0.02)
    for data, config in ((table(1), base), (table(), TrainConfig(width=301))):
        before = len(tried)
        assert search(data, config, 0.0, url).trials == 1, "a study of its own"
        assert len(tried) > before


def test_defaults_that_were_interrupted_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the best trial's accuracy would be shown as that of the defaults."""
    url, base = f"sqlite:///{tmp_path / 's.db'}", TrainConfig(width=300)

    def interrupted(*_: object) -> Bools:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "right_answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(table(), base, 600.0, url)
    tried = scored(monkeypatch)
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            search(table(), base, 600.0, url, on_trial=stop)
    found = search(table(), base, 0.0, url)
    assert tried[0] == base
    assert found.trials == len(set(tried)) == 4
    assert found.default == pytest.approx(DEFAULT, abs=0.02)
    assert found.score > found.default


@pytest.mark.parametrize("settings", [{"widths": (30, 30)}, {"preset": "logictreenet-s"}, {"wiring": "words:32"}])
def test_what_has_no_width_to_choose_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="--search"):
        search(table(), TrainConfig(**settings), 1.0, "sqlite://")


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"wiring": "random"}, "candidates"), ({"width": 60}, "members"), ({"steps": 5}, "epochs"), ({"lr": 0.3}, "lr")],
)
def test_what_cannot_be_chosen_is_left_alone(settings: dict[str, Any], name: str) -> None:
    assert name in module._open(TrainConfig(), table())
    assert name not in module._open(TrainConfig(**settings), table())


def test_first_settings_are_in_the_space_and_nothing_in_it_is_the_default() -> None:
    small = table()
    large = replace(small, x_train=np.resize(small.x_train, (6000, 4)), y_train=np.resize(ROWS, 6000))
    for data, first in ((small, SMALL_FIRST), (large, FIRST)):
        space, default = module._open(TrainConfig(), data), resolve(TrainConfig(), data)
        for settings in first:
            for name, value in settings.items():
                assert value in space[name]
        for name, values in space.items():
            for value in values[1:]:
                changed = resolve(module._config(TrainConfig(), {name: value}, data), data)
                assert changed.record() != default.record(), (name, value)


def test_folds_have_the_defaults_of_all_rows() -> None:
    """Two thirds of 6,000 rows are a small table, which has other defaults."""
    small = table()
    large = replace(small, x_train=np.resize(small.x_train, (6000, 4)), y_train=np.resize(ROWS, 6000))
    part = Folds.of(large, 0).parts[0]
    for config in (TrainConfig(threads=1), TrainConfig(encoder="quantile:16", steps=7, threads=1)):
        assert resolve(config, part).record() != resolve(config, large).record()
        same = module._as_of_all(config, large, part)
        assert resolve(same, part).record() == resolve(config, large).record()
        assert same.threads == 1


def test_settings_that_the_data_cannot_have_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[TrainConfig] = []

    def right(part: Dataset, config: TrainConfig) -> Bools:
        tried.append(config)
        prepare(part, config)
        answers: Bools = np.arange(len(part.y_test)) % 2 == 0
        return answers

    monkeypatch.setattr(module, "right_answers", right)
    data = table()
    narrow = replace(data, x_train=data.x_train[:, :1], x_test=data.x_test[:, :1], feature_names=("a",))
    base = TrainConfig(width=60, encoder="quantile:4", epochs=1, lr=0.1, group_tau=1.0)
    found = search(narrow, base, 600.0, f"sqlite:///{tmp_path / 's.db'}")
    assert any((each.candidates or 0) > 4 for each in tried)
    assert 1 <= found.trials < len(set(tried))


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
    assert len(set(tried)) == 6


def test_a_database_that_goes_away_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, path = scored(monkeypatch), tmp_path / "s.db"

    def spoil(*_: object) -> None:
        path.write_bytes(b"no database" * 1000)

    with pytest.raises(BadInput, match=r"--storage sqlite.* cannot be used") as caught:
        search(table(), TrainConfig(), 600.0, f"sqlite:///{path}", on_trial=spoil)
    assert "\n" not in str(caught.value)
    assert len(set(tried)) == 1


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
    again = search(table(), TrainConfig(), 0.0, postgres)
    assert again.trials == 6, "the study is gone on with"
    assert len(set(tried)) > 3
    with pytest.raises(BadInput, match="--storage") as caught:
        search(table(), TrainConfig(), 1.0, postgres.replace("/postgres?", "/nothing?"))
    assert "secret" not in str(caught.value)


def test_what_is_chosen_can_be_trained() -> None:
    """Every value of the space is one that a setting may have, as a multiple of the default where it is one."""
    data, default = table(), resolve(TrainConfig(), table())
    plain = {"width": default.widths[0], "epochs": default.epochs, "lr": default.lr, "group_tau": default.group_tau}
    for name, values in SPACE.items():
        for value in values[1:]:
            config = module._config(TrainConfig(), {name: value}, data)
            wanted = round(value * plain[name], 3) if name in plain else value
            assert getattr(config, name) == wanted != plain.get(name)


def test_ctrl_c_while_a_trial_is_ended_is_ctrl_c() -> None:
    """Optuna calls the sampler's limits then."""
    import optuna

    def interrupted(_: object) -> list[float]:
        raise KeyboardInterrupt

    study = optuna.create_study(sampler=sampler(0, 0, interrupted))
    with pytest.raises(KeyboardInterrupt):
        optimize(study, lambda _: 0.5, n_trials=1)
