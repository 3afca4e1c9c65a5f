"""The table of methods and the table of engines: a name is known everywhere or nowhere, and what cannot be is said."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import click
import numpy as np
import pytest

from lgnc.cli.experiment import gap as gap_command
from lgnc.cli.train import command as train_command
from lgnc.diagnostics import BadInput
from lgnc.train import TrainConfig, train
from lgnc.train.engines import ENGINES, NEEDS, Work, choose_engine
from lgnc.train.experiment import grid
from lgnc.train.methods import METHODS, Method
from lgnc.train.network import Estimator
from lgnc.train.resolve import ResolvedConfig
from tests.train.test_train import SMALL, blobs

ROOT = Path(__file__).parents[2]


def test_a_typo_is_never_trained() -> None:
    for make in (
        lambda name: Estimator(name),
        lambda name: TrainConfig(method=name),
        lambda name: grid([], 1, methods=[name]),
    ):
        with pytest.raises(BadInput, match=r"unknown method 'hard-typo' .*did you mean 'hard-st'"):
            make("hard-typo")


@pytest.mark.parametrize("engine", ["packed", "torch"])
def test_a_method_that_is_added_to_the_table_alone_trains_as_what_it_is(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A toy one with the forward pass and the noise of gumbel-st trains the very logits that gumbel-st does."""
    monkeypatch.setitem(METHODS, "toy", Method("toy", "Toy", hard=True, noisy=True))
    config = replace(SMALL, engine=engine, epochs=2)
    toy, same, other = (
        train(blobs(), replace(config, method=name)).model for name in ("toy", "gumbel-st", "soft-gumbel")
    )
    assert toy.meta["training"]["config"]["method"] == "toy"
    for mine, its, another in zip(toy.layers, same.layers, other.layers, strict=True):
        assert mine.gate_logits is not None
        assert another.gate_logits is not None
        np.testing.assert_array_equal(mine.gate_logits, its.gate_logits)
        assert not np.array_equal(mine.gate_logits, another.gate_logits)
    assert "toy" in {cell.method for cell in grid([1.0], 1)}


def test_a_method_that_no_engine_can_train_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "toy", Method("toy", "Toy", hard=True, noisy=False, needs=("three values",)))
    for engine in ("auto", *ENGINES):
        with pytest.raises(BadInput, match="'toy' needs 'three values'"):
            train(blobs(), replace(SMALL, method="toy", engine=engine))


WORKS = {
    "ramps": Work("hard-st", ramps=True),
    "soft": Work("soft-mix"),
    "noise": Work("gumbel-st"),
    "convolutions": Work("hard-st", convolves=True),
    "soft convolutions": Work("soft-mix", convolves=True),
    "learned leaves": Work("hard-st", convolves=True, leaves=True),
    "weight decay": Work("hard-st", decay=True),
    "layer rates": Work("hard-st", rates=True),
    "class weights": Work("hard-st", weighs=True),
    "members": Work("hard-st", members=2),
    "processes": Work("hard-st", processes=2),
    "words": Work("hard-st", words=True),
}


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("need", list(NEEDS))
def test_an_engine_is_taken_for_what_it_can_do_alone(engine: str, need: str) -> None:
    work = WORKS[need]
    assert need in work.needs
    lacking = [each for each in work.needs if each not in ENGINES[engine].can]
    if not lacking:
        assert choose_engine(engine, work, "cpu") == engine
        return
    what = NEEDS[lacking[0]][0].format(method=work.method)
    with pytest.raises(BadInput, match=f"--engine {engine}: {what} .*use --engine torch, or "):
        choose_engine(engine, work, "cpu")
    for device in ("cpu", "cuda"):
        assert choose_engine("auto", work, device) != engine


def test_auto_takes_the_quickest_for_the_device() -> None:
    assert choose_engine("auto", Work("soft-mix"), "cpu") == "packed"
    assert choose_engine("auto", Work("soft-mix", convolves=True), "cpu") == "torch"
    assert choose_engine("auto", Work("hard-st", ramps=True), "cpu") == "torch"
    assert choose_engine("auto", Work("soft-mix"), "cuda") == "torch"
    with pytest.raises(BadInput, match="did you mean 'packed'"):
        choose_engine("pack", Work("hard-st"), "cpu")


def test_the_page_has_the_table_of_engines() -> None:
    page = (ROOT / "docs" / "training.md").read_text()
    for kind in ENGINES.values():
        convolves = "yes" if "soft convolutions" in kind.can else "hard methods"
        assert ("class weights" in kind.can) == ("members" in kind.can), "two columns, then"
        answers = ["yes" if "soft" in kind.can else "no", "yes" if "ramps" in kind.can else "no"]
        answers.append(convolves if "convolutions" in kind.can else "no")
        for need in ("learned leaves", "weight decay", "layer rates", "class weights", "words", "processes"):
            answers.append("yes" if need in kind.can else "no")
        cells = [f"`{kind.name}`", {"cpu": "CPU", "cuda": "CUDA", "": "any"}[kind.device], *answers]
        assert f"| {' | '.join(cells)} |" in page


def test_the_flags_say_every_name() -> None:
    for command, flag, names in (
        (train_command, "method", METHODS),
        (train_command, "engine", ENGINES),
        (gap_command, "methods", METHODS),
    ):
        (option,) = (each for each in command.params if isinstance(each, click.Option) and each.name == flag)
        assert all(name in (option.help or "") for name in names)


def test_every_setting_is_a_flag_or_a_table_of_the_file() -> None:
    flags = {option.name for option in train_command.params}
    assert {field.name for field in fields(TrainConfig)} - flags == {"layer"}
    assert {field.name for field in fields(ResolvedConfig)} == {field.name for field in fields(TrainConfig)} - {
        "layers",
        "width",
    }


def test_no_method_is_told_by_its_name_outside_the_table() -> None:
    """Its capabilities decide, so that a method of the table works everywhere."""
    names = "|".join(METHODS)
    compared = re.compile(rf"""[=!]=\s*["'](?:{names})["']|\bin\s*[(\[{{]\s*["'](?:{names})["']""")
    assert compared.search('if method == "hard-st":')
    assert compared.search("if method in ('gumbel-st', 'x'):")
    for path in (ROOT / "lgnc").rglob("*.py"):
        found = compared.search(path.read_text())
        assert found is None, f"{path}: {found}"
