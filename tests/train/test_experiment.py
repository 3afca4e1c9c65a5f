"""The gap experiment: its grid, its file, resuming, workers, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lgnc.cli.main import run
from lgnc.diagnostics import BadInput, Interrupted
from lgnc.report.gap_plot import plot_gap, summarise
from lgnc.report.gap_table import Spread, spreads
from lgnc.train import TrainConfig, train
from lgnc.train.experiment import ADDED, COLUMNS, Cell, grid, run_gap
from lgnc.train.paper import SCALES, TASKS, group_temperature, paper_config
from lgnc.train.resolve import resolve
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

    with pytest.raises(Interrupted, match=r"gap\.csv: interrupted after 3 of 8 cells \(the same command goes on"):
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


def test_the_peak_is_the_highest_gap_after_any_epoch(tmp_path: Path) -> None:
    """The one of the history, which ends lower: the last epoch's is not the highest."""
    base = replace(BASE, epochs=None, steps=40, batch_size=30, lr=0.1, validation_fraction=0.3)
    base = replace(base, encoder="quantile:8", group_tau=3.162)
    (row,) = run_gap(blobs(), base, [Cell("soft-gumbel", 2.0, 0)], tmp_path / "gap.csv")
    config = replace(base, method="soft-gumbel", temperature=2.0, cage=False)
    report = train(blobs(), config).report
    gaps = [epoch["selection_gap"] for epoch in report["history"]]
    assert gaps[-1] < max(gaps)
    assert float(row["peak_gap"]) == pytest.approx(max(gaps), rel=1e-5)
    assert (row["steps"], row["epochs"]) == ("40", str(len(gaps)))


def test_a_file_of_an_earlier_version_is_gone_on_with(tmp_path: Path) -> None:
    """Its rows stay, with nothing where they have no figure; the others are run."""
    path, cells = tmp_path / "gap.csv", grid([0.5], 2, methods=["hard-st"], cage=False)
    new = run_gap(blobs(), BASE, cells, path)
    header, first, _ = (line.split(",") for line in path.read_text().splitlines())
    kept = [index for index, name in enumerate(COLUMNS) if name not in ADDED]
    before = "".join(",".join(line[index] for index in kept) + "\n" for line in (header, first))
    path.write_text(before)
    more: list[dict[str, str]] = []
    rows = run_gap(blobs(), BASE, cells, path, on_cell=more.append)
    assert more == new[1:] == rows[1:]
    assert rows[0] == new[0] | dict.fromkeys(ADDED, "")
    assert run_gap(blobs(), BASE, cells, path) == rows, "and read again as it is now"
    assert summarise(rows, "peak_gap")["hard-st", "0.5"][2] == 1
    path.write_text(before.replace("hard-st", "hard", 1))
    with pytest.raises(BadInput, match="line 2 is not a row"):
        run_gap(blobs(), BASE, cells, path)


def test_the_spread_over_the_temperatures() -> None:
    figures = (
        ("0.1", "0.5", "0.2", "0.3"),
        ("1", "0.9", "0.1", ""),
        ("1", "0.7", "0.1", "0.4"),
        ("cage", "0.6", "0", "0"),
    )
    rows = [{"method": "a", "temperature": t, "test_accuracy": accuracy, "selection_gap": gap, "peak_gap": peak}
            for t, accuracy, gap, peak in figures]  # fmt: skip
    fixed, cage = spreads(rows)
    assert fixed == Spread("a", False, 0.5, fixed.range, 0.2, 0.4)
    assert fixed.range == pytest.approx(0.3)
    assert cage == Spread("a", True, 0.6, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("data", TASKS)
def test_the_published_settings(data: str) -> None:
    """Widths, steps, rates and temperature of the paper, and a sixteenth of the width in a 25th of the steps."""
    dataset = replace(blobs(shape=(4, 4, 1)), class_names=tuple("0123456789"), y_train=blobs().y_train * 3)
    whole, small = (resolve(paper_config(name, data, dataset, {}), dataset) for name in SCALES)
    width, lr, steps = (128_000, 0.05, 60_000) if data == "cifar10" else (64_000, 0.01, 50_000)
    assert (whole.widths, whole.lr, whole.steps, whole.batch_size) == ((width,) * 6, lr, steps, 512)
    assert (small.widths, small.lr, small.steps) == ((width // 16,) * 6, lr, steps // 25)
    assert whole.group_tau == pytest.approx(0.49 * (width / 10) ** 0.5, rel=1e-3)
    assert small.group_tau == pytest.approx(whole.group_tau / 4, rel=1e-5)
    assert (whole.wiring, whole.init, whole.schedule, whole.warmup) == ("random", "gaussian", "constant", 0)
    assert not whole.augments
    assert (whole.weight_decay, whole.validation_fraction) == (0, 0)
    assert (whole.inputs == "real") == (data == "mnist")
    own = paper_config("paper-small", data, dataset, {"widths": [40, 20], "epochs": 2, "group_tau": 3})
    assert (own.widths, own.layers, own.steps, own.epochs, own.group_tau) == ((40, 20), None, None, 2, 3.0)
    narrow = paper_config("paper", data, dataset, {"width": 50, "layers": 4})
    assert narrow.group_tau == pytest.approx(group_temperature(50, 10), abs=1e-6)


def test_what_cannot_be_run_is_told_before_the_first_run(tmp_path: Path) -> None:
    cells = grid([0.5], 1, methods=["hard-st", "soft-mix"])
    with pytest.raises(BadInput, match="'soft-mix' has no bits"):
        run_gap(blobs(), replace(BASE, engine="triton"), cells, tmp_path / "gap.csv")
    with pytest.raises(BadInput, match="folder does not exist"):
        run_gap(blobs(), BASE, cells, tmp_path / "no" / "gap.csv")
    assert not list(tmp_path.iterdir())


def test_a_cell_that_is_named_twice_is_one() -> None:
    assert len(grid([1, 1.0, 1.00000001], 1, methods=["hard-st", "hard-st"], cage=False)) == 1


def rows_by_hand() -> list[dict[str, str]]:
    return [
        {"method": m, "temperature": t, "test_accuracy": "0.9", "selection_gap": "0.01", "peak_gap": "0.02"}
        for m in ("hard-st", "soft-mix")
        for t in ("0.1", "1", "cage")
    ]


@needs("matplotlib")
def test_the_picture_has_a_line_a_method(tmp_path: Path) -> None:
    plot_gap(rows_by_hand(), tmp_path / "gap.svg", title="blobs")
    assert "<svg" in (tmp_path / "gap.svg").read_text()


def test_the_command_prints_one_json_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("layers = 1\nwidth = 40\ncandidates = 2\nepochs = 1\nengine = 'torch'\nthreads = 1\n")
    arguments = ["experiment", "gap", "--data", "digits", "-o", str(tmp_path / "g.csv"), "--config", str(config)]
    whole = [*arguments, "--methods", "hard-st", "--temperatures", "1", "--seeds", "1", "--json"]
    assert run(whole) == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    with monkeypatch.context() as patch:
        patch.setattr("lgnc.train.cluster.cluster_client", lambda *_: pytest.fail("no cell is missing"))
        assert run([*whole, "--workers", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["cells"] == cells
    assert [cell["temperature"] for cell in cells] == ["1", "cage"]
    assert [cell["peak_gap"] for cell in cells] == [0, 0]
    assert run([*arguments, "--methods", "hard", "--json"]) == 2
    assert "did you mean 'hard-st'" in json.loads(capsys.readouterr().out)["fix"]
    assert run([*arguments, "--temperatures", "0,1"]) == 2
    for words, message in (
        (["--preset", "papers"], "unknown preset 'papers'"),
        (["--preset", "paper"], "preset 'paper' is for mnist, mnist-binary, cifar10"),
    ):
        capsys.readouterr()
        assert run([*arguments, *words, "--json"]) == 2
        assert message in json.loads(capsys.readouterr().out)["error"]
