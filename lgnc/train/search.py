"""A cross-validated choice of settings within a time budget, by Optuna: its study lies in a database and is resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.train.checkpoint import data_digest
from lgnc.train.config import TrainConfig
from lgnc.train.ranks import world_size
from lgnc.train.resolve import learned, resolve
from lgnc.train.study import database, finished, sampler, study_of, try_for

FOLDS = 3
SPACE: dict[str, tuple[Any, ...]] = {
    "width": (600, 1200, 2400),
    "layers": (2, 3),
    "encoder": ("quantile:4", "quantile:8", "quantile:16", "quantile:32"),
    "candidates": (4, 8, 16),
    "epochs": (20, 50, 100, 250),
    "lr": (0.02, 0.05, 0.1),
    "group_tau": (0.5, 0.7, 1.0, 1.4),
}
"""What is chosen where it was not asked for; group_tau: as a multiple of what it is by default."""

_DEFAULTS = "defaults"
"""Whether a trial is one of the defaults: the first that is done, for an earlier one may have been interrupted."""


@dataclass(frozen=True)
class Found:
    """settings: the best trial's, {} for the defaults. score, default: mean accuracies over the folds, of the best
    trial and of the defaults. trials: those that are in the study.
    """

    config: TrainConfig
    settings: dict[str, Any]
    score: float
    default: float
    trials: int


def search(
    dataset: Dataset,
    base: TrainConfig,
    seconds: float,
    storage: str,
    *,
    on_trial: Callable[[int, float], None] = lambda *_: None,
) -> Found:
    """Try settings on FOLDS folds of the training rows for `seconds`, the defaults first.

    storage: the URL of a database, as SQLAlchemy reads it. A study that is there for the same data and settings is gone
    on with, and the time that it took counts; others may work on it at the same time. Test rows are not seen. Raises
    BadInput for what cannot be searched, and for a database that cannot be used; ToolMissing without its driver.
    """
    if base.layer is not None or base.preset is not None or base.widths is not None or world_size() > 1:
        fix = "leave out --search, or layers, --widths, --preset and torchrun"
        raise BadInput("chooses the width of a network of equal layers, in one process", where="--search", fix=fix)
    if resolve(base, dataset).word > 1:
        raise BadInput("chooses no words of gates", where="--search", fix="leave out --search, or use another --wiring")
    with database(storage) as opened:
        trials = _tried(_study(dataset, base, opened), dataset, base, seconds, on_trial)
    best = max(trials, key=lambda trial: (trial.value, -trial.number))
    settings = {} if best.user_attrs[_DEFAULTS] else dict(best.params)
    config = _config(base, settings, dataset) if settings else base
    shown = {name: getattr(config, name) for name in settings}
    default = next(trial.value for trial in trials if trial.user_attrs[_DEFAULTS])
    return Found(config, shown, best.value, default, len(trials))


def _tried(
    study: Any, dataset: Dataset, base: TrainConfig, seconds: float, on_trial: Callable[[int, float], None]
) -> list[Any]:
    """The trials of the study, once it has as many as its time allows."""
    from optuna import TrialPruned

    folds = list(_folds(dataset, base.seed))
    settled = {"encoder"} if dataset.x_train.dtype.kind == "b" else set()
    settled |= set() if learned(resolve(base, dataset).wiring) else {"candidates"}
    open_ = [name for name in SPACE if getattr(base, name) is None and name not in settled]

    def objective(trial: Any) -> float:
        study.sampler = sampler(base.seed, trial.number)
        chosen = {name: trial.suggest_categorical(name, SPACE[name]) for name in open_}
        trial.set_user_attr(_DEFAULTS, not finished(study))
        if trial.user_attrs[_DEFAULTS]:
            return _score(folds, base)
        try:
            return _score(folds, _config(base, chosen, dataset))
        except BadInput as error:  # Settings that this data cannot have, such as more candidates than bits.
            raise TrialPruned from error

    try_for(study, objective, seconds, lambda trial: on_trial(trial.number + 1, trial.value))
    return finished(study)


def _study(dataset: Dataset, base: TrainConfig, storage: Any) -> Any:
    """The study of this data set and these settings in a storage of Optuna's."""
    record = resolve(base, dataset).record()
    record["time_budget"] = None
    return study_of([record, data_digest(dataset), SPACE], storage, ["maximize"])


def _config(base: TrainConfig, chosen: dict[str, Any], dataset: Dataset) -> TrainConfig:
    """`base` with what a trial chose."""
    plain = {name: value for name, value in chosen.items() if name != "group_tau"}
    config = replace(base, **plain)
    if "group_tau" not in chosen:
        return config
    return replace(config, group_tau=round(chosen["group_tau"] * resolve(config, dataset).group_tau, 3))


def _folds(dataset: Dataset, seed: int) -> Iterator[Dataset]:
    """The training rows split FOLDS ways by class, each fold once for test; a class of one row is for training."""
    rng, fold = np.random.default_rng([seed, 6]), np.full(len(dataset.y_train), -1)
    for label in np.unique(dataset.y_train):
        rows = rng.permutation(np.flatnonzero(dataset.y_train == label))
        fold[rows] = (np.arange(len(rows)) + rng.integers(FOLDS)) % FOLDS if len(rows) > 1 else -1
    for index in range(FOLDS):
        test: NDArray[np.bool_] = fold == index
        if test.any():
            x, y = dataset.x_train, dataset.y_train
            yield replace(dataset, x_train=x[~test], y_train=y[~test], x_test=x[test], y_test=y[test])


def _score(folds: list[Dataset], config: TrainConfig) -> float:
    """The mean accuracy over the folds."""
    from lgnc.train.loop import train

    return fmean(float(train(fold, replace(config, time_budget=None)).report["test_accuracy"]) for fold in folds)
