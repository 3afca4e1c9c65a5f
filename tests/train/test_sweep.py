"""Sweeps: the grid of a file, the folder of results and how it is gone on with, workers that die, the command."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lgnc import toolchain
from lgnc.cli.main import run
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Interrupted
from lgnc.formats.lgn import model_bytes
from lgnc.processes import dask_cluster
from lgnc.train import TrainConfig, train
from lgnc.train import cells as module
from lgnc.train.cells import Outcome, checkpoint_of, dataset_digest, job_of, run_job
from lgnc.train.cluster import cluster_client
from lgnc.train.experiment import grid, run_gap
from lgnc.train.grid import Cell, read_grid
from lgnc.train.sweep import COLUMNS, Sweep, Task, kept, missing, plan, run_sweep, summarise
from tests.support import needs
from tests.train.test_train import blobs

BASE = TrainConfig(layers=1, width=30, candidates=2, epochs=2, engine="torch", threads=1)
FILE = """
data = "iris"
[settings]
epochs = 1
layers = 1
candidates = 2
engine = "torch"
[grid]
width = [30, 60]
gates_by = [{ cage = false, temperature = 0.5 }, { cage = true }]
seed = [0, 1]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "grid.toml"
    path.write_text(text)
    return path


def sweep_of(widths: list[int], dataset: Dataset | None = None, base: TrainConfig = BASE) -> Sweep:
    data = dataset or blobs()
    digest = dataset_digest(data)
    cells = [Cell({"width": width}, "made", replace(base, width=width)) for width in widths]
    return Sweep(("width",), tuple(Task(cell, job_of(cell.config, data, digest)) for cell in cells), (data,))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_combination_is_a_cell_the_last_axis_fastest(tmp_path: Path) -> None:
    grid = read_grid(write(tmp_path, FILE))
    assert grid.axes == ("width", "gates_by", "seed")
    assert [(c.config.width, c.config.cage, c.config.temperature, c.config.seed) for c in grid.cells] == [
        (width, cage, 1.0 if cage else 0.5, seed) for width in (30, 60) for cage in (False, True) for seed in (0, 1)
    ]
    assert {cell.config.epochs for cell in grid.cells} == {1}
    twice = read_grid(write(tmp_path, 'data = ["iris", "wine", "iris"]\n[grid]\nbatch-size = [8, 8, 9]\n'))
    assert [(cell.source, cell.config.batch_size) for cell in twice.cells] == [
        ("iris", 8), ("iris", 9), ("wine", 8), ("wine", 9),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no data"),
        ("data = []", "names no data"),
        ("data = 3", "names no data"),
        ("date = 'iris'", "did you mean 'data'"),
        ("data = 'iris'\nsettings = 3", "'settings' is no table"),
        ("data = 'iris'\n[settings]\nwidht = 3", "did you mean 'width'"),
        ("data = 'iris'\n[grid]\nwidht = [3]", "did you mean 'width'"),
        ("data = 'iris'\n[grid]\nwidth = 3", r"write width = \[...\]"),
        ("data = 'iris'\n[grid]\nwidth = []", r"write width = \[...\]"),
        ("data = 'iris'\n[grid]\nwidth = [3, 'x']", "width=x: setting 'width' is 'x', not a whole number"),
        ("data = 'iris'\n[grid]\nwidth = [{ lr = 1 }]", "under a name that is no setting's"),
        ("data = 'iris'\n[grid]\nodd = [{ lr = 1 }, 3]", "tables of settings and others"),
        ("data = 'iris'\n[grid]\nodd = [{ lr = 1 }]\nlr = [1]", "two axes give 'lr'"),
        ("data = 'iris'\n[settings]\nlr = 1\n[grid]\nlr = [1]", r"is in \[settings\] too"),
        ("data = 'iris'\n[grid]\nlr = [1]\nsteps = [1]\nepochs = [1]", "--steps excludes --epochs"),
        ("[data]\nsource = 'iris'\nlabels = 'x'", "did you mean 'label'"),
        ("[data]\nsource = 'iris'\nkeep = 'x'", "give a list of texts"),
        ("[data]\nsource = 'iris'\nbins = true", "give a whole number"),
        (f"data = 'iris'\n[grid]\nwidth = {[*range(1, 400)]}\nseed = {[*range(400)]}", "has 159,600 cells"),
        ("data = 'iris'\n[grid]\nlr = [1", "is not TOML"),
    ],
)
def test_what_is_no_sweep_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        read_grid(write(tmp_path, text))
    assert "grid.toml" in str(caught.value)


@needs("scikit-learn")
@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("fixed_point = ['int8']", r"fixed_point=int8, --fixed-point: the features are uint8"),
        ("members = [1, 3]\nwiring = ['words:32']", r"members=3 wiring=words:32, --wiring words:32: is for dense"),
    ],
)
def test_a_cell_that_the_data_cannot_have_is_refused_before_any_is_trained(
    tmp_path: Path, grid: str, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        plan(read_grid(write(tmp_path, f"data = 'digits'\n[grid]\n{grid}\n")), "grid.toml")


def test_cells_are_what_train_makes_of_the_same_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The split is by the cell's seed, and the model's bytes are those of `lgnc train`."""
    path = write(tmp_path, FILE)
    rows = run_sweep(plan(read_grid(path), str(path)), tmp_path / "out")
    assert len(rows) == 8
    settings = {"epochs": 1, "layers": 1, "candidates": 2, "engine": "torch", "width": 60, "seed": 1}
    flags = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    assert run(["train", "iris", *flags, "--json", "-o", str(tmp_path / "one.lgn")]) == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = (row for row in rows if (row["width"], row["seed"], row["gates_by"]) == (60, 1, {"cage": True}))
    assert (tmp_path / "out" / row["model"]).read_bytes() == (tmp_path / "one.lgn").read_bytes()
    assert row["test_accuracy"] == report["test_accuracy"]
    with (tmp_path / "out" / "results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == ("width", "gates_by", "seed", *COLUMNS)
    assert [float(each["test_accuracy"]) for each in table] == [each["test_accuracy"] for each in rows]
    assert table[0]["gates_by"] == "cage=false temperature=0.5"
    assert json.loads((tmp_path / "out" / "results.json").read_text())["cells"] == rows
    means = summarise(("width", "gates_by", "seed"), rows)
    assert [each["runs"] for each in means] == [2] * 4
    assert means[0]["test_accuracy"] == pytest.approx((rows[0]["test_accuracy"] + rows[1]["test_accuracy"]) / 2)


def test_it_goes_on_where_it_stopped_and_a_damaged_cell_is_made_again(tmp_path: Path) -> None:
    sweep, folder, seen = sweep_of([30, 31, 32]), tmp_path / "out", []

    def stop(row: dict[str, Any]) -> None:
        seen.append(row["width"])
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"after 2 of 3 cells.*the same command goes on"):
        run_sweep(sweep, folder, on_cell=stop)
    assert len(json.loads((folder / "results.json").read_text())["cells"]) == 2
    run_sweep(sweep, folder, on_cell=stop)
    assert seen == [30, 31, 32]
    whole = files(folder)
    name = sweep.tasks[1].name
    for damaged in (f"{name}.lgn", f"{name}.json"):
        (folder / "cells" / damaged).write_bytes(b'{"key": []}')
        run_sweep(sweep, folder, on_cell=stop)
        assert files(folder) == whole
    assert seen == [30, 31, 32, 31, 31]
    other = sweep_of([31, 40])
    run_sweep(other, folder, on_cell=stop, done=kept(other, folder))
    assert seen[5:] == [40], "another grid takes what is there"
    for widths, lacks in (([31, 40], []), ([31, 41], [41])):
        other = sweep_of(widths)
        assert [job.config.width for job in missing(other, kept(other, folder)).values()] == lacks
    run_sweep(sweep_of([30, 31], blobs(seed=9)), folder, on_cell=stop)
    assert seen[6:] == [30, 31], "other data are other cells"


def test_a_cell_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """And ends with the bytes of one that was never stopped; a damaged checkpoint is begun anew."""
    data = blobs()
    job, seen = job_of(BASE, data, dataset_digest(data)), []

    def stop(epoch: dict[str, Any]) -> None:
        raise RuntimeError(f"after epoch {epoch['epoch']}")

    with pytest.raises(RuntimeError, match="after epoch 1"):
        run_job(data, job, tmp_path, stop)
    place = checkpoint_of(tmp_path, job.key)
    saved = place.read_bytes()
    outcome = run_job(data, job, tmp_path, lambda epoch: seen.append(epoch["epoch"]))
    assert seen == [2]
    assert outcome.model == model_bytes(train(data, job.config).model)
    place.write_bytes(saved[:-3])
    again = run_job(data, job, tmp_path, lambda epoch: seen.append(epoch["epoch"]))
    assert seen == [2, 1, 2]
    assert again.model == outcome.model


def test_a_cell_that_fails_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, folder = sweep_of([30, 31]), tmp_path / "out"
    sound = module.run_job

    def fails(dataset: Dataset, job: Any, *rest: Any) -> Outcome:
        return Outcome(job.key, {}, b"", "a loss") if job.config.width == 30 else sound(dataset, job, *rest)

    monkeypatch.setattr(module, "run_job", fails)
    rows = run_sweep(sweep, folder)
    assert [(row["error"], row["model"] is None) for row in rows] == [("a loss", True), (None, False)]
    assert json.loads((folder / "results.json").read_text())["cells"] == rows
    monkeypatch.undo()
    assert [row["error"] for row in run_sweep(sweep, folder)] == [None, None]


def test_a_strangers_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(BadInput, match="no folder of a sweep"):
        run_sweep(sweep_of([30]), tmp_path)
    assert files(tmp_path) == {"precious": b"x"}


def test_a_folder_of_any_size_is_gone_on_with(tmp_path: Path) -> None:
    """The results of 100,000 cells are longer than any other file that lgnc reads as JSON."""
    sweep = sweep_of([30])
    run_sweep(sweep, tmp_path)
    whole = files(tmp_path)
    os.truncate(tmp_path / "results.json", 1 << 30)
    run_sweep(sweep, tmp_path)
    assert files(tmp_path) == whole
    (tmp_path / "results.json").write_bytes(whole["results.json"].replace(b"sweep 1", b"sweep 2"))
    with pytest.raises(BadInput, match="no folder of a sweep"):
        run_sweep(sweep, tmp_path)


@needs("distributed")
def test_a_killed_workers_cell_is_run_again_and_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two workers of a scheduler that is there; one is killed by force in the middle of its cell. The gap experiment's
    rows are the same from there too.
    """
    base = replace(BASE, epochs=60)
    sweep = sweep_of([30, 31, 32], base=base)
    run_sweep(sweep, tmp_path / "here")
    folder, killed = tmp_path / "there", []
    with dask_cluster(2) as cluster, cluster_client(0, cluster.scheduler_address) as client:
        pids = client.run(os.getpid)

        def kill() -> None:
            while not any((folder / "cells").glob("*.checkpoint")):
                time.sleep(0.01)
            working = next(address for address, keys in client.processing().items() if any("cell" in k for k in keys))
            killed.append(pids[working])
            os.kill(pids[working], signal.SIGKILL)

        thread = Thread(target=kill)
        thread.start()
        run_sweep(sweep, folder, client)
        thread.join()
        assert killed
        assert killed[0] not in client.run(os.getpid).values()
        cells = grid([], 2, methods=["hard-st"])
        rows = run_gap(blobs(), BASE, cells, tmp_path / "there.csv", client=client)
    assert rows == run_gap(blobs(), BASE, cells, tmp_path / "here.csv")
    assert files(folder) == files(tmp_path / "here")


@needs("distributed")
def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.train.cluster.SECONDS", 0.2)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:notaport"):
        with pytest.raises(BadInput, match=r"--scheduler .*: no scheduler answers"), cluster_client(1, address):
            pass


def test_the_command_says_what_is_missing_and_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, FILE)
    arguments = ["sweep", str(path), "-o", str(tmp_path / "out")]
    assert run([*arguments, "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "has workers of its own" in capsys.readouterr().err
    sound = toolchain.package_version
    monkeypatch.setattr("lgnc.toolchain.package_version", lambda name: None if name == "distributed" else sound(name))
    for words in (arguments, ["experiment", "gap", "--data", "iris", "-o", str(tmp_path / "g.csv"), "--workers", "2"]):
        assert run(words) == 3
        said = capsys.readouterr().err
        assert "pip install 'lgnc[sweep]'" in said
        assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
