"""`lgnc.train`: rows of any kind to a Model."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.data.choices import Choices
from lgnc.data.dataset import Dataset
from lgnc.data.held import hold
from lgnc.data.load import load_dataset
from lgnc.data.summary import summary_lines
from lgnc.diagnostics import BadInput, unknown
from lgnc.flows.things import tell
from lgnc.formats.lgn import Model
from lgnc.ir.layers import layer_table
from lgnc.train.config import TrainConfig


def train(
    data: Any,
    y: Any = None,
    *,
    x_test: Any = None,
    y_test: Any = None,
    label: str | None = None,
    test: Any = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    bins: int | None = None,
    min_class_rows: int | None = None,
    match_case: bool = False,
    group: str | None = None,
    split: str = "random",
    na: Sequence[str] = (),
    max_memory: int | None = None,
    config: str | os.PathLike[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    baselines: bool = False,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    **settings: Any,
) -> Model:
    """Train a network and give its Model; its figures are `model.meta["training"]`, `test_accuracy` among them.

    data: the name of a data set, the path of a file, an array [n, features] or [n, height, width(, channels)] of
    numbers, or a table with named columns (a DataFrame of pandas or polars, an Arrow table, a dict of columns).
    y: the labels [n], numbers or text; a table may have them in its last column, or in `label`. (x, y) is one too.
    x_test, y_test, or test (as data): the test rows, where they are not split off. keep, drop, bins, min_class_rows,
    match_case, group, split, na: as the options of `lgnc train`, see docs/data.md. max_memory: bytes that the data may
    take. config: a TOML file of settings. checkpoint, resume: the state after each epoch, to go on from. baselines:
    also train a random forest and a logistic regression, for figures beside the model's. on_epoch: called with each
    epoch's figures. settings: every field of `lgnc.train.TrainConfig`; they win over `config`.

    What was left out, guessed or converted is warned about (`LgncWarning`). Raises BadInput for data or settings that
    cannot be used, with the closest name for an unknown one; ToolMissing without the packages of lgnc[train].
    """
    chosen = _config(settings, config)
    source = hold(data, y)
    if (x_test is None) != (y_test is None) or (x_test is not None and test is not None):
        raise BadInput("the test rows are x_test and y_test, or test", where="train", fix="give both, or test alone")
    apart = x_test is not None or test is not None
    if apart and chosen.test_fraction is not None:
        raise BadInput("the test rows are given", where="test_fraction", fix="leave it out")
    held = (hold(x_test, y_test) if test is None else hold(test)) if apart else None
    names = (_names(keep, "keep"), _names(drop, "drop"))
    choices = Choices(*names, min_class_rows, bins, match_case, split, group, held)
    from lgnc.train import train as run

    share: dict[str, Any] = {} if chosen.test_fraction is None else {"test_fraction": chosen.test_fraction}
    missing = _names(na, "na")
    dataset = load_dataset(
        source, label=label, seed=chosen.seed, choices=choices, na=missing, max_memory=max_memory, **share
    )
    tell(_told(dataset))
    state = None if checkpoint is None else Path(checkpoint)
    model = run(dataset, chosen, on_epoch=on_epoch, checkpoint=state, resume=resume).model
    if baselines:
        from lgnc.train.baselines import baselines as simple_models

        model.meta["training"]["baselines"] = simple_models(dataset, chosen.seed)
    return model


def _told(dataset: Dataset) -> list[str]:
    """What was guessed, left out and converted of a person's data, one line each; what was asked for is not told."""
    guessed = [f"the label is {dataset.label}"] if dataset.label.startswith("the first") else []
    lines = [text if what == "note" else f"left out {text}" for what, text in summary_lines(dataset) if what in _TOLD]
    return guessed + [line for line in lines if not line.endswith(": by --drop")]


_TOLD = ("left out", "note")


def _config(settings: Mapping[str, Any], config: str | os.PathLike[str] | None) -> TrainConfig:
    """The settings as a configuration. Raises BadInput with the closest name for an unknown one."""
    known = {field.name for field in fields(TrainConfig)}
    options = {name for name, each in signature(train).parameters.items() if each.kind is each.KEYWORD_ONLY}
    for name in settings:
        if name not in known:
            raise unknown("setting", name, known | options, where="train")
    values = {name: _plain(value) for name, value in settings.items() if value is not None}
    if values.get("layer"):
        values["layer"] = [each if isinstance(each, Mapping) else layer_table(each) for each in values["layer"]]
    return TrainConfig.from_dict(values, "train") if config is None else TrainConfig.from_toml(Path(config), **values)


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _names(given: Sequence[str], option: str) -> tuple[str, ...]:
    """The names in a list. Raises BadInput for anything else; one text is taken as one name."""
    names = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(each, str) for each in names):
        raise BadInput(f"{names!r:.80} are not names", where=option, fix="give a list of texts")
    return names
