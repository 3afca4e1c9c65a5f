"""What train, info and simulate tell of the data and of the accuracy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_cli import Capture, call, call_json, refused
from tests.support import needs

QUICK = ["--width", 60, "--epochs", 2, "--layers", 1]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file as pandas writes it: row numbers, an id, one label missing, one typed otherwise, one class of a row."""
    rng = np.random.default_rng(0)
    lines = [",name,size,weight,kind"]
    for index in range(120):
        label = {5: "", 7: "COMMON", 9: "typo"}.get(index, "rare" if index % 20 == 0 else "common")
        lines.append(f"{index},item {index},{rng.integers(0, 99)},{rng.normal():.3f},{label}")
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@needs("torch")
def test_what_is_told(table: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "m.lgn"
    code, text, err = call(capsys, "train", table, "-o", out, *QUICK)
    assert (code, err) == (0, "")
    lines = text.splitlines()
    before = lines[: next(index for index, line in enumerate(lines) if line.startswith("model "))]
    assert len(before) < 12
    for told in (
        "118 rows, 95 to train on, 23 to test on",
        "'kind', the last column",
        "2 (common: 112, rare: 6)",
        "'column 1': only counts or numbers the rows (--keep",
        "'name': text that differs",
        "1 row without a label left out",
        "'common', 'COMMON' are 'common'",
        "1 row of class 'typo'",
    ):
        assert sum(told in line for line in before) == 1, told
    after = "\n".join(lines[len(before) :])
    assert "always the largest class: 95.65 %" in after
    assert "rare: 0 of 1" in after
    assert "never found: 'rare'" in after
    for words in (["info", out], ["simulate", out, "--data", table]):
        code, text, _ = call(capsys, *words)
        assert code == 0
        assert "always the largest class: 95.65 %" in text
        assert ", the mean recall of the classes" in text
        assert "rare: 0 of 1" in text
    code, found = call_json(capsys, "simulate", out, "--data", table)
    right, common = found["recall"]["common"]
    assert (found["samples"], found["recall"]["rare"], common) == (23, [0, 1], 22)
    assert found["balanced_accuracy"] == pytest.approx(right / common / 2)
    assert "1 row without a label left out" in found["notes"]
    assert call(capsys, "compile", out, "-t", "numpy", "-o", tmp_path / "n")[0] == 0
    code, again = call_json(capsys, "simulate", tmp_path / "n", "--data", table)
    assert (code, again["samples"], again["recall"]) == (0, 23, found["recall"])


@needs("torch")
def test_the_same_as_json(table: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "m.lgn"
    code, report = call_json(capsys, "train", table, "-o", out, *QUICK, "--keep", "column 1", "--drop", "size")
    assert code == 0
    fates = {column["name"]: column["became"] for column in report["data"]["columns"]}
    assert fates == {"column 1": "number", "name": "left out", "size": "left out", "weight": "number"}
    assert report["data"]["rows"] == {"train": 95, "test": 23}
    assert {"standard_error", "majority_share", "balanced_accuracy", "recall"} <= set(report)
    code, info = call_json(capsys, "info", out)
    assert info["training"]["recall"] == report["recall"]


@needs("torch")
def test_splits_and_bins_from_the_command_line(table: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "m.lgn"
    code, report = call_json(capsys, "train", table, "-o", out, *QUICK, "--label", "weight", "--bins", 3)
    assert (code, report["classes"]) == (0, 3)
    code, found = call_json(capsys, "simulate", out, "--data", table)
    assert (code, found["accuracy"]) == (0, report["test_accuracy"])
    line = refused(capsys, 2, "train", table, "-o", out, "--label", "weight")
    assert "looks like a measurement" in line
    assert "--bins 4" in line
    text = table.read_text().splitlines()
    test = tmp_path / "test.csv"
    test.write_text("\n".join([text[0], *text[60:]]) + "\n")
    table.write_text("\n".join(text[:60]) + "\n")
    code, report = call_json(capsys, "train", table, "-o", out, *QUICK, "--test", test)
    assert (code, report["data"]["rows"]["test"]) == (0, 61)
    assert call_json(capsys, "simulate", out, "--data", test)[1]["accuracy"] == report["test_accuracy"]
    assert "none is held out" in refused(capsys, 2, "simulate", out, "--data", table)
    assert call_json(capsys, "simulate", out, "--data", table, "--split", "train")[0] == 0
    line = refused(capsys, 2, "train", table, "-o", out, "--test", test, "--test-fraction", 0.5)
    assert "leave out --test-fraction" in line
    assert "exclude" in refused(capsys, 2, "train", table, "-o", out, "--test", test, "--split", "last")


@needs("torch")
def test_images_of_another_axis_order(tmp_path: Path, capsys: Capture) -> None:
    x = np.random.default_rng(0).integers(0, 256, (60, 6, 6, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=x[:, 0, 0, 0] > 128)
    np.savez(tmp_path / "b.npz", x=x.transpose(0, 3, 1, 2), y=x[:, 0, 0, 0] > 128)
    out = tmp_path / "m.lgn"
    assert call(capsys, "train", tmp_path / "a.npz", "-o", out, *QUICK)[0] == 0
    assert call(capsys, "simulate", out, "--data", tmp_path / "a.npz")[0] == 0
    assert "trained on 6 x 6 x 3" in refused(capsys, 2, "simulate", out, "--data", tmp_path / "b.npz")
