"""The gap experiment: its grid, its file, resuming, workers, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lgnc.cli.main import run
from lgnc.diagnostics import BadInput
from lgnc.report.gap_plot import plot_gap, summarise
from lgnc.train import TrainConfig
from lgnc.train.experiment import Cell, grid, run_gap
from tests.support import needs
from tests.train.test_train import blobs

BASE = TrainConfig(layers=2, width=30, candidates=2, epochs=1, engine="torch", threads=1)


def test_the_grid_goes_seed_by_seed() -> None:
    cells = grid([0.1, 1], 2, methods=["hard-st", "soft-mix"])
    assert len(cells) == 12
    assert cells[:3] == [Cell("hard-st", 0.1, 0), Cell("hard-st", 1, 0), Cell("hard-st", 0, 0)]
    assert cells[2].key == ("hard-st", "cage", "0")
    assert {cell.seed for cell in cells[6:]} == {1}


def test_it_resumes_where_it_stopped_and_keeps_one_file(tmp_path: Path) -> None:
    path, cells = tmp_path / "gap.csv", grid([0.5], 2, methods=["hard-st", "gumbel-st"])
    seen: list[dict[str, str]] = []

    def stop(row: dict[str, str]) -> None:
        seen.append(row)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_gap(blobs(), BASE, cells, path, on_cell=stop)
    assert len(path.read_text().splitlines()) == 4
    more: list[dict[str, str]] = []
    rows = run_gap(blobs(), BASE, cells, path, on_cell=more.append)
    assert (len(more), len(rows)) == (5, 8)
    once = tmp_path / "once.csv"
    run_gap(blobs(), BASE, cells, once)
    assert once.read_bytes() == path.read_bytes()
    other = run_gap(blobs(), BASE, grid([], 3, methods=["hard-st"])[2:], path)
    assert len(other) == 1
    assert len(path.read_text().splitlines()) == 1 + 8 + 1, "rows of another grid stay"
    assert all(float(row["selection_gap"]) == 0 for row in rows if row["method"] == "hard-st")
    assert summarise(rows, "test_accuracy")["hard-st", "cage"][2] == 2
    with pytest.raises(BadInput, match="other settings or data"):
        run_gap(blobs(), replace(BASE, width=31), cells, path)


def test_a_file_that_is_no_experiments_is_refused_and_stays(tmp_path: Path) -> None:
    path, cells = tmp_path / "gap.csv", grid([0.5], 1, methods=["hard-st"], cage=False)
    run_gap(blobs(), BASE, cells, path)
    header, row = path.read_text().splitlines()
    values = row.split(",")
    damaged = [f"{header}\n{','.join([*values[:at], word, *values[at + 1 :]])}\n" for at, word in (
        (0, "hard"), (0, ""), (1, "hot"), (1, "nan"), (2, "-1"), (2, "1.5"), (3, "abc"), (3, "inf"), (4, ""),
        (9, "1e999"), (10, '"'), (10, "x" * 200_000),
    )]  # fmt: skip
    damaged += [f"{header}\n{row},1\n", f"{header}\n{row[:40]}\n", f"{header}\n\0\n", f'{header}\n"{row}']
    for text in (*damaged, "method,temperature\nhard-st,1\n", "my notes\n", "a,b\n1,2\n", '"', "\udcff"):
        data = text.encode("utf-8", "surrogateescape")
        path.write_bytes(data)
        with pytest.raises(BadInput, match=r"gap\.csv: "):
            run_gap(blobs(), BASE, cells, path)
        assert path.read_bytes() == data
    path.write_text("")
    assert len(run_gap(blobs(), BASE, cells, path)) == 1


def test_what_cannot_be_run_is_told_before_the_first_run(tmp_path: Path) -> None:
    cells = grid([0.5], 1, methods=["hard-st", "soft-mix"])
    with pytest.raises(BadInput, match="'soft-mix' has no bits"):
        run_gap(blobs(), replace(BASE, engine="triton"), cells, tmp_path / "gap.csv")
    with pytest.raises(BadInput, match="folder does not exist"):
        run_gap(blobs(), BASE, cells, tmp_path / "no" / "gap.csv")
    assert not list(tmp_path.iterdir())


def test_a_cell_that_is_named_twice_is_one() -> None:
    assert len(grid([1, 1.0, 1.00000001], 1, methods=["hard-st", "hard-st"], cage=False)) == 1


def test_workers_give_the_same_rows(tmp_path: Path) -> None:
    cells = grid([], 2, methods=["hard-st"])
    together = run_gap(blobs(), BASE, cells, tmp_path / "b.csv", workers=2)
    assert together == run_gap(blobs(), BASE, cells, tmp_path / "a.csv")


def rows_by_hand() -> list[dict[str, str]]:
    return [
        {"method": m, "temperature": t, "test_accuracy": "0.9", "selection_gap": "0.01"}
        for m in ("hard-st", "soft-mix")
        for t in ("0.1", "1", "cage")
    ]


@needs("matplotlib")
def test_the_picture_has_a_line_a_method(tmp_path: Path) -> None:
    plot_gap(rows_by_hand(), tmp_path / "gap.svg", title="blobs")
    assert "<svg" in (tmp_path / "gap.svg").read_text()


def test_the_command_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text("layers = 1\nwidth = 40\ncandidates = 2\nepochs = 1\nengine = 'torch'\nthreads = 1\n")
    arguments = ["experiment", "gap", "--data", "digits", "-o", str(tmp_path / "g.csv"), "--config", str(config)]
    assert run([*arguments, "--methods", "hard-st", "--temperatures", "1", "--seeds", "1", "--json"]) == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    assert [cell["temperature"] for cell in cells] == ["1", "cage"]
    assert run([*arguments, "--methods", "hard", "--json"]) == 2
    assert "did you mean 'hard-st'" in json.loads(capsys.readouterr().out)["fix"]
    assert run([*arguments, "--temperatures", "0,1"]) == 2
