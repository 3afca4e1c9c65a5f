"""Optuna's studies as lgnc keeps them: in a database, gone on with, and shared by several machines."""

from __future__ import annotations

import hashlib
import json
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.toolchain import require_package

Direction = Literal["minimize", "maximize"]


@contextmanager
def database(url: str) -> Iterator[Any]:
    """Optuna's storage at an URL, closed in the end. What it, its driver or the lack of one raises inside becomes
    BadInput, without the password of the URL.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url.startswith("postgresql"):
        require_package("psycopg")
    try:
        storage = _storage(url.replace("postgresql://", "postgresql+psycopg://", 1))
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, ModuleNotFoundError) as error:
        what = f"cannot be used: {' '.join(str(error).split())[:200]}"
        where = re.sub(r"(://[^:/@]*):[^/]*@", r"\1:***@", f"--storage {url}")
        raise BadInput(what, where=where, fix="give a URL such as sqlite:///study.db") from None


def _storage(url: str) -> Any:
    """Optuna's storage, its tables made where there are none; who makes them at the same time is refused once."""
    import optuna
    from sqlalchemy.exc import IntegrityError, ProgrammingError
    from sqlalchemy.pool import NullPool

    options = {} if url.startswith("sqlite") else {"poolclass": NullPool}  # What fails leaves no connection open.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pause in (0.2, 1.0, 3.0):
            try:
                return optuna.storages.RDBStorage(url, options)
            except (IntegrityError, ProgrammingError):
                time.sleep(pause)
        return optuna.storages.RDBStorage(url, options)


def name_of(described: Any) -> str:
    """The name of the study of what JSON data describes."""
    return f"lgnc-{hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16]}"


def study_of(described: Any, storage: Any, directions: Sequence[Direction]) -> Any:
    """The study of what JSON data describes in a storage of Optuna's, made where it is not there.

    directions: of each value of a trial.
    """
    import optuna
    from optuna.samplers import TPESampler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optuna.create_study(
            storage=storage,
            study_name=name_of(described),
            load_if_exists=True,
            directions=list(directions),
            sampler=TPESampler(seed=0),  # Each trial has one of its own; that of many values draws before that.
        )


def finished(study: Any) -> list[Any]:
    """The trials that have values."""
    return [trial for trial in study.trials if trial.values is not None]


def sampler(seed: int, trial: int, limits: Callable[[Any], Sequence[float]] | None = None, startup: int = 10) -> Any:
    """What chooses a trial's settings, by a seed of its own: no two machines, and no two sittings, draw the same.

    limits: of a trial that is done, numbers above 0 for limits that it is beyond. startup: so many trials are drawn at
    random, or were asked for, before others are learned from.
    """
    from optuna.samplers import TPESampler

    own = int(np.random.default_rng([seed, 7, trial]).integers(1 << 31))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TPESampler(n_startup_trials=startup, seed=own, constraints_func=limits)


def optimize(study: Any, objective: Callable[[Any], Any], **options: Any) -> None:
    """The study's `optimize`, which Ctrl-C ends: while Optuna ends a trial, it makes another error of it."""
    try:
        study.optimize(objective, **options)
    except UnboundLocalError as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def try_for(
    study: Any, objective: Callable[[Any], Any], seconds: float, told: Callable[[Any], None], trials: int | None = None
) -> None:
    """Make trials until the study's have taken `seconds`, or `trials` of them are done; one is made in any case.

    told: called with every trial that has values.
    """

    def after(study: Any, trial: Any) -> None:
        if trial.values is not None:
            told(trial)
            if trials is not None and len(finished(study)) >= trials:
                study.stop()

    there = finished(study)
    left = seconds - sum(trial.duration.total_seconds() for trial in there)
    if trials is not None and len(there) >= trials:
        return
    if left > 0 or not there:
        optimize(study, objective, timeout=max(left, 0.001), callbacks=[after])
