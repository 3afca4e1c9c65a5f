"""A cross-validated choice of settings within a time budget, by Optuna: its study lies in a database and is resumed.

Settings race: one that is behind the best so far on the folds that both have, by more than chance, is tried on no more
of them. Settings that did well on other tables come first, then what Optuna's TPE draws from those tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.train.checkpoint import data_digest
from lgnc.train.config import TrainConfig
from lgnc.train.folds import FOLDS, Bools, Folds, right_answers
from lgnc.train.ranks import world_size
from lgnc.train.resolve import data_kind, learned, resolve
from lgnc.train.study import database, optimize, sampler, study_of

SPACE: dict[str, tuple[Any, ...]] = {
    "width": (None, 0.5, 2.0),
    "layers": (None, 3),
    "encoder": (None, "quantile:8", "quantile:16", "quantile:32"),
    "candidates": (None, 8, 16),
    "members": (None, 1, 3),
    "epochs": (None, 0.4, 2.5),
    "lr": (None, 0.4, 2.0, 5.0),
    "group_tau": (None, 0.5, 0.7, 1.4, 2.0),
}
"""What is chosen where it was not asked for. None: as by default; numbers are multiples of that, but for layers,
candidates and members. What is the default anyway is left out.
"""

SMALL_FIRST: tuple[dict[str, Any], ...] = (
    {"encoder": "quantile:8", "candidates": 8, "epochs": 0.4, "lr": 0.4, "group_tau": 2.0},
    {"layers": 3, "encoder": "quantile:16", "members": 3, "lr": 2.0, "group_tau": 2.0},
    {"width": 2.0, "epochs": 0.4, "group_tau": 2.0},
)
"""What is tried after the defaults of small tables: what did well on some of them (docs/training.md)."""

FIRST: tuple[dict[str, Any], ...] = (
    {"encoder": "quantile:32", "candidates": 16, "epochs": 2.5, "lr": 2.0, "group_tau": 0.5},
    {"layers": 3, "encoder": "quantile:16", "candidates": 16, "epochs": 2.5, "lr": 2.0},
    {"width": 2.0, "encoder": "quantile:32", "candidates": 16, "lr": 2.0},
)
"""What is tried after the defaults of other data: steps to what small tables have by default."""

BEHIND = 1.5
"""So many standard errors behind the best, settings are given up."""

_DEFAULTS, _RIGHT, _SECONDS = "defaults", "right", "seconds"
"""Of a trial: whether it is the defaults', the first that is done (an earlier one may have been interrupted); which
rows it got right, as `Folds.pack` writes them; how long it took."""


@dataclass(frozen=True)
class Found:
    """settings: the best trial's, {} for the defaults. score, default: accuracies over the folds, of the best trial and
    of the defaults. error: the standard error of their difference. trials: those in the study, given up or not.
    """

    config: TrainConfig
    settings: dict[str, Any]
    score: float
    default: float
    error: float
    trials: int


def search(
    dataset: Dataset,
    base: TrainConfig,
    seconds: float,
    storage: str,
    *,
    on_trial: Callable[[int, float], None] = lambda *_: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Found:
    """Try settings on folds of the training rows (`lgnc.train.folds`) for `seconds` of `clock`, the defaults first.

    What is chosen is ahead of the defaults by the most standard errors' worth: the greatest lead less its standard
    error; the defaults, where none is ahead by that. storage: the URL of a database, as SQLAlchemy reads it. A study
    that is there for the same data and settings is gone on with, and the time that it took counts; others may work on
    it at the same time. Test rows are not seen. on_trial: called with each trial's number and accuracy. Raises BadInput
    for what cannot be searched, and for a database that cannot be used; ToolMissing without its driver.
    """
    if base.layer is not None or base.preset is not None or base.widths is not None or world_size() > 1:
        fix = "leave out --search, or layers, --widths, --preset and torchrun"
        raise BadInput("chooses the width of a network of equal layers, in one process", where="--search", fix=fix)
    if resolve(base, dataset).word > 1:
        raise BadInput("chooses no words of gates", where="--search", fix="leave out --search, or use another --wiring")
    folds = Folds.of(dataset, base.seed, balance=base.balance)
    with database(storage) as opened:
        study = _study(dataset, base, opened)
        race = _Race(study, dataset, base, folds, on_trial, clock)
        race.run(seconds)
        done, count = race.done(), len(race.ended())
    return _chosen(done, folds, base, dataset, count)


def _chosen(done: list[Any], folds: Folds, base: TrainConfig, dataset: Dataset, trials: int) -> Found:
    """The settings of the trial whose lead over the defaults is greatest, less its standard error."""
    default = next(trial for trial in done if trial.user_attrs[_DEFAULTS])
    theirs = folds.unpack(default.user_attrs[_RIGHT])
    best, error, ahead = default, 0.0, 0.0
    for trial in done:
        mean, deviation = folds.lead(folds.unpack(trial.user_attrs[_RIGHT]), theirs)
        if mean - deviation > ahead:
            best, error, ahead = trial, deviation, mean - deviation
    config = _config(base, best.params, dataset)
    settings = {name: getattr(config, name) for name, value in best.params.items() if value is not None}
    return Found(config, settings, best.value, default.value, error, trials)


class _Race:
    """One sitting of a study."""

    def __init__(
        self,
        study: Any,
        dataset: Dataset,
        base: TrainConfig,
        folds: Folds,
        on_trial: Callable[[int, float], None],
        clock: Callable[[], float],
    ) -> None:
        self.study, self.dataset, self.base, self.folds = study, dataset, base, folds
        self.on_trial, self.clock = on_trial, clock
        self.space = _open(base, dataset)
        self.first = SMALL_FIRST if data_kind(dataset) == "small-table" else FIRST
        self._ends = float("inf")

    def done(self) -> list[Any]:
        """The trials on all folds."""
        return [trial for trial in self.ended() if _RIGHT in trial.user_attrs]

    def ended(self) -> list[Any]:
        """The trials on all folds, and those that were given up."""
        return [trial for trial in self.study.trials if trial.state.is_finished() and trial.value is not None]

    def run(self, seconds: float) -> None:
        """Try settings until the trials have taken so long: the defaults in any case, and alone if no row is wrong."""
        spent = sum(trial.user_attrs.get(_SECONDS, 0.0) for trial in self.ended())
        self._ends = self.clock() + seconds - spent
        while not self.done():
            optimize(self.study, self._trial, n_trials=1, callbacks=[self._told])
        for settings in self.first:
            if open_ := {name: value for name, value in settings.items() if value in self.space.get(name, ())}:
                self.study.enqueue_trial(dict.fromkeys(self.space) | open_, skip_if_exists=True)
        perfect = any(trial.value == 1 for trial in self.done())
        if self.space and not perfect and not self._is_over():
            optimize(self.study, self._trial, callbacks=[self._told, self._stop])

    def _is_over(self) -> bool:
        return self.clock() >= self._ends

    def _stop(self, study: Any, _: Any) -> None:
        tried = {tuple(sorted(trial.params.items(), key=str)) for trial in study.trials if trial.state.is_finished()}
        if self._is_over() or len(tried) > prod(map(len, self.space.values())):
            study.stop()

    def _told(self, _: Any, trial: Any) -> None:
        if trial.value is not None:
            self.on_trial(trial.number + 1, trial.value)

    def _trial(self, trial: Any) -> float:
        """The accuracy over the folds. Raises TrialPruned for settings that were given up, or are no new ones."""
        from optuna import TrialPruned

        started, before = self.clock(), self.done()
        self.study.sampler = sampler(self.base.seed, trial.number, startup=len(self.first) + 1)
        chosen = {name: trial.suggest_categorical(name, self.space[name]) for name in self.space if before}
        if before and (not any(chosen.values()) or chosen in [one.params for one in self.ended()]):
            raise TrialPruned
        trial.set_user_attr(_DEFAULTS, not before)
        try:
            right = self._right(_config(self.base, chosen, self.dataset), before)
        except BadInput as error:  # Settings that this data cannot have, such as more candidates than bits.
            if not before:
                raise
            raise TrialPruned from error
        trial.set_user_attr(_SECONDS, self.clock() - started)
        accuracy = self.folds.accuracy(right)
        if len(right) < len(self.folds.parts):
            trial.report(accuracy, len(right))
            raise TrialPruned
        trial.set_user_attr(_RIGHT, self.folds.pack(right))
        return accuracy

    def _right(self, config: TrainConfig, before: list[Any]) -> list[Bools]:
        """The answers on every fold, or on the first ones where they are behind, or the time is up."""
        best = max(before, key=lambda trial: trial.value, default=None)
        theirs = self.folds.unpack(best.user_attrs[_RIGHT]) if best else []
        right: list[Bools] = []
        for part in self.folds.parts:
            right.append(right_answers(part, _as_of_all(config, self.dataset, part)))
            if best is not None:
                lead, error = self.folds.lead(right, theirs)
                if lead < -BEHIND * error or self._is_over():
                    break
        return right


def _as_of_all(config: TrainConfig, dataset: Dataset, part: Dataset) -> TrainConfig:
    """The configuration for a fold's rows. Fewer rows may have other defaults; the folds have those of all rows."""
    if data_kind(part) == data_kind(dataset):
        return config
    return replace(TrainConfig.from_dict(resolve(config, dataset).record()), threads=config.threads)


def _open(base: TrainConfig, dataset: Dataset) -> dict[str, tuple[Any, ...]]:
    """What of the space was not asked for, and can be chosen for this data."""
    default = resolve(base, dataset)
    settled = {"encoder"} if dataset.x_train.dtype.kind == "b" else set()
    settled |= set() if learned(default.wiring) else {"candidates"}
    settled |= {"members"} if default.members == 1 else set()
    settled |= {"epochs"} if default.steps is not None else set()
    usual = {"layers": len(default.widths), "encoder": default.encoder}
    usual |= {"candidates": default.candidates, "members": default.members}
    values = {name: tuple(each for each in SPACE[name] if each is None or each != usual.get(name)) for name in SPACE}
    return {name: values[name] for name in SPACE if getattr(base, name) is None and name not in settled}


def _study(dataset: Dataset, base: TrainConfig, storage: Any) -> Any:
    """The study of this data set and these settings in a storage of Optuna's."""
    record = resolve(base, dataset).record()
    record["time_budget"] = None
    return study_of([record, data_digest(dataset), SPACE, FOLDS], storage, ["maximize"])


def _config(base: TrainConfig, chosen: Mapping[str, Any], dataset: Dataset) -> TrainConfig:
    """`base` with what a trial chose. Raises BadInput for what this data cannot have."""
    default, asked = resolve(base, dataset), {name: value for name, value in chosen.items() if value is not None}
    usual = {"width": default.widths[0], "epochs": default.epochs, "lr": default.lr}
    for name in usual.keys() & asked.keys():
        asked[name] = type(usual[name])(max(round(asked[name] * usual[name], 6), 1e-6))
    if "members" in asked:
        asked["members"] = min(asked["members"], default.members)
    tau = asked.pop("group_tau", None)
    config = replace(base, **asked)
    return config if tau is None else replace(config, group_tau=round(tau * resolve(config, dataset).group_tau, 3))
