"""A forest and a regression beside the network, and its accuracy on training rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lgnc.data import load_dataset
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from tests.cli.test_cli import Capture, call, call_json
from tests.support import needs

pytestmark = [needs("scikit-learn")]


def test_they_learn_and_repeat() -> None:
    from lgnc.train.baselines import baselines

    iris = load_dataset("iris")
    found = baselines(iris, 3)
    assert [each["name"] for each in found] == ["random forest", "logistic regression"]
    assert all(each["accuracy"] > 0.8 and each["rows"] == 120 and "recall" not in each for each in found)
    assert baselines(iris, 3) == found
    shuffled = replace(iris, y_train=np.random.default_rng(0).permutation(iris.y_train))
    assert all(each["accuracy"] < 0.7 for each in baselines(shuffled, 3))


def test_they_take_what_training_takes() -> None:
    from lgnc.train import baselines

    x, y = np.array([[1e300, 0.0], [-1e300, 1.0], [1e300, 0.5], [-1e300, 0.1]]), np.array([0, 1, 0, 1])
    data = Dataset("huge", x, y, x, y, ("a", "b"), ("no", "yes"))
    assert [each["accuracy"] for each in baselines.baselines(data, 0)] == [1.0, 1.0]
    one = replace(data, y_train=np.zeros(4, np.int64))
    assert [each["accuracy"] for each in baselines.baselines(one, 0)] == [0.5, 0.5]
    with pytest.raises(BadInput, match="no test rows"):
        baselines.baselines(replace(data, x_test=x[:0], y_test=y[:0]), 0)


@needs("torch")
def test_training_tells_them(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "m.lgn"
    code, found = call_json(capsys, "train", "iris", "-o", out, "--width", 60, "--epochs", 3, "--baselines")
    assert (code, [each["rows"] for each in found["baselines"]]) == (0, [120, 120])
    code, ran = call_json(capsys, "simulate", out, "--data", "iris", "--split", "train")
    assert ran["accuracy"] == found["train_accuracy"]
    text = call(capsys, "info", out)[1]
    assert f"training rows      {100 * found['train_accuracy']:.2f} %" in text
