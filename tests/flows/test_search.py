"""Area in the loop: the front is what its files are, of rows that were not trained on, and is gone on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optuna")

from lgnc.cli.main import run
from lgnc.data import load_dataset
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows import search as module
from lgnc.flows.search import Front, Limits, front_of, optimised, search
from lgnc.flows.search_folder import MARK, keep, mark, open_folder
from lgnc.flows.search_space import SPACE, settled
from lgnc.formats.lgn import load_model, save_model
from lgnc.ir.simulate import simulate
from lgnc.mapping.area import classifier_area
from lgnc.train import TrainConfig
from lgnc.train.prepare import split
from tests.support import needs, random_model

BASE = TrainConfig(epochs=3, threads=1)
LIMITS = Limits(200)


def iris() -> Dataset:
    return load_dataset("iris", seed=0)


def found_in(folder: Path, dataset: Dataset | None = None, **changed: Any) -> Front:
    """Three networks of iris on Xilinx, unless said."""
    given: dict[str, Any] = {"base": BASE, "family": "xilinx", "limits": LIMITS, "trials": 3} | changed
    base, family, limits, trials = (given[name] for name in ("base", "family", "limits", "trials"))
    url = f"sqlite:///{folder.parent / f'{folder.name}.db'}"
    return search(dataset or iris(), base, family, limits, folder, seconds=600.0, storage=url, trials=trials)


def trial(number: int, luts: int, levels: int, accuracy: float) -> Any:
    return SimpleNamespace(
        number=number, values=[accuracy, float(luts)], user_attrs={"area": {"luts": luts, "levels": levels}}
    )


def test_the_front_is_what_nothing_within_the_limits_beats() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        drawn = rng.integers(1, 12, (15, 3)).tolist()
        trials = [trial(n, luts, levels, share / 12) for n, (luts, levels, share) in enumerate(drawn)]
        limits = Limits(8, 8)
        areas = [each.user_attrs["area"] for each in trials]
        fits = [area["luts"] <= 8 and area["levels"] <= 8 for area in areas]
        within = [(t.values[1], t.values[0]) for t, fit in zip(trials, fits, strict=True) if fit]
        best = {
            (luts, share)
            for luts, share in within
            if not any(a <= luts and b >= share and (a, b) != (luts, share) for a, b in within)
        }
        assert [(t.values[1], t.values[0]) for t in front_of(trials, limits)] == sorted(best)


@needs("torch")
@pytest.mark.parametrize("family", ["xilinx", "ice40"])
def test_the_front_is_what_its_files_are(family: str, tmp_path: Path) -> None:
    dataset, folder = iris(), tmp_path / "front"
    front = found_in(folder, dataset, family=family)
    assert len(front.tried) == 3
    assert sorted(each.name for each in folder.iterdir()) == sorted([MARK, *(net.file for net in front.nets)])
    _, held = split(dataset.y_train, 0.2, 0)
    assert front.validation_rows == len(held)
    for net in front.nets:
        model = load_model(folder / net.file)
        circuit = optimised(model)
        assert net.area == classifier_area(circuit, family)
        assert net.area.encoder, "the comparisons of float features are of codes"
        assert net.file == f"net-{net.area.luts}.lgn"
        assert net.accuracy == (simulate(circuit, dataset.x_train[held])[1] == dataset.y_train[held]).mean()
        assert net.test_accuracy == (simulate(circuit, dataset.x_test)[1] == dataset.y_test).mean()
        assert model.meta["training"]["test_accuracy"] == net.test_accuracy
        assert net.area.luts <= LIMITS.luts
    assert json.loads((folder / MARK).read_text())["front"] == front.as_json()["front"]


@needs("torch")
def test_test_rows_choose_nothing(tmp_path: Path) -> None:
    """With other test labels the networks are the same, and only their test accuracy is another one."""
    dataset = iris()
    other = replace(dataset, y_test=(dataset.y_test + 1) % 3)
    one, two = found_in(tmp_path / "one", dataset), found_in(tmp_path / "two", other)
    assert one.tried == two.tried
    assert [replace(net, test_accuracy=0.0) for net in one.nets] == [
        replace(net, test_accuracy=0.0) for net in two.nets
    ]
    assert one.nets != two.nets


@needs("torch")
def test_a_search_is_gone_on_with_and_trains_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "front"
    front = found_in(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(module._Trial, "_train", lambda *_: pytest.fail("trained again"))
    assert found_in(folder) == front
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    monkeypatch.undo()
    more = found_in(folder, trials=4)
    assert more.tried[:3] == front.tried
    assert len(more.tried) == 4


@needs("torch")
@pytest.mark.parametrize("lost", ["gone", "damaged", "another network's"])
def test_a_network_that_is_not_here_is_trained_again(lost: str, tmp_path: Path) -> None:
    folder = tmp_path / "front"
    front = found_in(folder)
    path = folder / front.nets[0].file
    before = path.read_bytes()
    path.unlink()
    if lost == "damaged":
        path.write_bytes(before[:-9])
    elif lost != "gone":
        save_model(random_model(0), path)
    assert found_in(folder) == front
    assert path.read_bytes() == before


@needs("torch")
def test_a_network_that_cannot_be_made_again_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "front"
    front = found_in(folder, trials=1)
    other = load_model(folder / front.nets[0].file)
    (folder / front.nets[0].file).unlink()
    monkeypatch.setattr(module._Trial, "_train", lambda *_: replace(other, tau=2 * other.tau))
    with pytest.raises(Failed, match="made by another version or engine"):
        found_in(folder, trials=1)


@needs("torch")
def test_a_limit_that_nothing_meets_says_the_smallest(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"none of 2 networks is within 200 LUTs and 1 levels: the smallest takes \d+ LUTs in"
    ):
        found_in(tmp_path / "front", limits=Limits(200, 1), trials=2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"family": "xilix"}, "did you mean 'xilinx'"),
        ({"base": TrainConfig(width=30)}, "'width' is set"),
        ({"base": TrainConfig(node="tree4")}, "'node' is set"),
        ({"base": TrainConfig(wiring="words:32")}, "'wiring' is set"),
    ],
)
def test_what_cannot_be_searched_is_one_line(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        found_in(tmp_path / "front", **changed)
    assert not (tmp_path / "front").exists()


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "net-1.lgn").write_text("mine")
    with pytest.raises(BadInput, match="no folder of a search"):
        found_in(tmp_path / "own")
    assert (tmp_path / "own" / "net-1.lgn").read_text() == "mine"


@needs("torch")
def test_a_folder_of_another_search_keeps_its_networks(tmp_path: Path) -> None:
    """Other limits are another search; a folder without networks may be used for it, and other files stay."""
    folder = tmp_path / "front"
    with pytest.raises(BadInput, match="none of 1 networks"):
        found_in(folder, limits=Limits(200, 1), trials=1)
    (folder / "net-mine.lgn").write_text("mine")
    found_in(folder, trials=1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(BadInput, match="other data, settings or limits"):
        found_in(folder, limits=Limits(201), trials=1)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert before["net-mine.lgn"] == b"mine"


def test_front_json_names_no_network_that_is_gone(tmp_path: Path) -> None:
    """Also where the search is interrupted right after that."""
    mark(tmp_path, "s", {"front": ["net-9.lgn"]})
    (tmp_path / "net-9.lgn").write_text("9")
    keep(tmp_path, "s", [trial(0, 9, 1, 0.5)], {})
    assert "net-9" in (tmp_path / MARK).read_text()
    keep(tmp_path, "s", [trial(1, 8, 1, 0.5)], {1: b"8"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARK, "net-8.lgn"]
    assert "net-9" not in (tmp_path / MARK).read_text()
    with pytest.raises(BadInput, match="another folder"):
        open_folder(tmp_path, "other")


@pytest.mark.parametrize("limits", [(0, None), (-3, None), (9, 0)])
def test_a_limit_of_nothing_is_refused(limits: tuple[int, int | None]) -> None:
    with pytest.raises(BadInput, match="1 or more"):
        Limits(*limits)


def test_every_value_of_the_space_is_a_setting() -> None:
    for name, values in SPACE.items():
        for value in values:
            own = {} if value is None or name == "group_tau" else {name: value}
            assert all(getattr(TrainConfig(**own), key) == each for key, each in own.items())
    assert settled(BASE, {"lr": 0.1, "candidates": None, "widths": (9,)}, iris()).candidates is None


@needs("torch")
@needs("matplotlib")
def test_a_text_that_means_missing_is_given_as_the_note_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{'not known' if row % 5 == 0 else row % 7},{row % 3},{row % 2}\n" for row in range(40))
    (tmp_path / "t.csv").write_text(f"a,b,y\n{rows}")
    (tmp_path / "s.toml").write_text("epochs = 1\nthreads = 1\n")
    words = ["search", str(tmp_path / "t.csv"), "--target", "ice40", "--max-luts", "500", "--trials", "1"]
    words += ["--config", str(tmp_path / "s.toml"), "-o", str(tmp_path / "front"), "--na", "not known"]
    assert run(words) == 0
    said = capsys.readouterr().out
    assert "mostly numbers" not in said
    assert "'not known' read as missing" in said


@needs("torch")
@needs("matplotlib")
def test_the_command_prints_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, settings = tmp_path / "front", tmp_path / "s.toml"
    settings.write_text("epochs = 2\nthreads = 1\n")
    words = ["search", "iris", "-o", str(folder), "--target", "ecp5", "--max-luts", "120", "--trials", "2"]
    words += ["--config", str(settings)]
    assert run(words) == 0
    said = capsys.readouterr().out
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (folder / "front.png").read_bytes()[:4] == b"\x89PNG"
    assert (folder / "search.db").exists()
    assert len(told["tried"]) == 2
    for net in told["front"]:
        assert f"{net['file']}" in said
        assert (folder / net["file"]).exists()
    assert "--family ecp5 -o DIR" in said
