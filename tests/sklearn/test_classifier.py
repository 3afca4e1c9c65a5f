"""`LGNClassifier` by scikit-learn's rules, and as lgnc's own training and compilation."""

from __future__ import annotations

import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lgnc
from lgnc.train import TrainConfig
from tests.support import needs

pytestmark = [needs("scikit-learn"), needs("numba")]

NOT_HERE = {
    "layer", "preset", "shifts", "flips", "rotate", "zoom", "elastic", "augment",  # images
    "inputs", "test_fraction", "steps",
    "fixed_point",  # a compiled network takes codes, and a table of numbers says nothing of them
    "seed", "threads", "balance",  # scikit-learn's random_state, n_jobs and class_weight
}  # fmt: skip


def made(**settings: Any) -> Any:
    from lgnc.sklearn import LGNClassifier

    return LGNClassifier(**{"width": 60, "epochs": 8, "random_state": 0, **settings})


def rows(n: int = 240, classes: int = 3) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(0)
    y = np.arange(n) % classes
    return rng.normal(size=(n, 4)) + 2 * np.eye(4)[y], np.array(["ant", "bee", "cat"])[y]


def test_check_estimator_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    from lgnc.sklearn import LGNClassifier
    from tests.sklearn.checks import all_checks

    assert all_checks(LGNClassifier(width=200, epochs=20), monkeypatch) >= 50


def test_every_setting_of_training_is_a_parameter_or_left_out_on_purpose() -> None:
    from lgnc.sklearn.classifier import SETTINGS

    known = {field.name: field.default for field in fields(TrainConfig)}
    assert set(SETTINGS) | NOT_HERE == set(known)
    given = type(made())().get_params()
    assert set(given) == {*SETTINGS, "class_weight", "random_state", "n_jobs", "verbose"}
    assert {name: given[name] for name in SETTINGS} == {name: known[name] for name in SETTINGS} | {"device": "cpu"}


def test_it_is_lgnc_train_on_all_rows() -> None:
    x, y = rows()
    ours = made(random_state=5, verbose=0).fit(x, y).model_
    theirs = lgnc.train(x, y, x_test=x, y_test=y, width=60, epochs=8, seed=5, device="cpu")
    for one, other in zip(ours.layers, theirs.layers, strict=True):
        assert np.array_equal(one.op, other.op)
        assert np.array_equal(one.fanin, other.fanin)
    assert "test_accuracy" not in ours.meta["training"]


def test_names_labels_and_types_of_a_table_are_kept() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1, 2, 3, 200] * 10, "b": [0, 1, 0, 1] * 10})
    fitted = made().fit(table, pandas.Series(["no", "yes"] * 20, dtype="category"))
    assert fitted.feature_names_in_.tolist() == ["a", "b"]
    assert fitted.model_.encoder.names == ("a", "b")
    assert fitted.model_.encoder.dtype == "uint8"
    assert fitted.model_.class_names == ("no", "yes")
    assert set(fitted.predict(table)) == {"no", "yes"}
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(table[["b", "a"]])
    with pytest.raises(ValueError, match=r"unique|same name"):
        made().fit(pandas.concat([table, table], axis=1), ["no", "yes"] * 20)


def test_numbers_between_whole_ones_and_beyond_their_type_are_compared_as_they_are() -> None:
    x = np.arange(40)[:, None]
    fitted = made(epochs=40).fit(x, x[:, 0] >= 20)
    assert fitted.model_.encoder.dtype == "uint8"
    whole = fitted.predict(x)
    assert fitted.predict(x - 0.5).tolist() == whole.tolist()  # 17.5 is above 17, as 18 is.
    assert fitted.predict([[-1000], [100_000]]).tolist() == [whole[0], whole[-1]]


def test_probabilities_decisions_and_classes_agree() -> None:
    x, y = rows()
    fitted = made().fit(x, y)
    share = fitted.predict_proba(x)
    assert share.shape == (len(x), 3)
    assert np.allclose(share.sum(axis=1), 1)
    assert (fitted.classes_[share.argmax(axis=1)] == fitted.predict(x)).all()
    assert (fitted.decision_function(x).argmax(axis=1) == share.argmax(axis=1)).all()
    two = y != "cat"
    pair = made().fit(x[two], y[two])
    assert ((pair.decision_function(x[two]) > 0) == (pair.predict(x[two]) == "bee")).all()


def test_held_out_rows_choose_the_temperature() -> None:
    from lgnc.sklearn.probabilities import calibrated, log_loss, softmax

    rng = np.random.default_rng(0)
    scores = rng.integers(0, 60, size=(4000, 3)).astype(np.int32)
    y = np.array([rng.choice(3, p=p) for p in softmax(scores / 5.0)])
    assert calibrated(20.0, scores, y) == pytest.approx(5, rel=0.1)
    assert log_loss(scores / 5.0, y) < log_loss(scores / 20.0, y)
    assert calibrated(20.0, scores[:0], y[:0]) == 20
    right = scores[:10].argmax(axis=1)
    assert 20 / 8 < calibrated(20.0, scores[:10], right) < 20

    x, labels = rows()
    assert made(validation_fraction=0.0).fit(x, labels).temperature_ == pytest.approx(made().fit(x, labels).model_.tau)
    assert made(validation_fraction=0.3).fit(x, labels).temperature_ < made().fit(x, labels).model_.tau


def test_class_weights_move_the_border() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(400) % 10 == 0
    x = rng.normal(size=(400, 2)) + y[:, None]
    plain, balanced, other = (
        (made(class_weight=weight).fit(x, y).predict(x)[y]).mean()
        for weight in (None, "balanced", {False: 50.0, True: 1.0})
    )
    assert other < plain < balanced
    with pytest.raises(ValueError, match="class_weight"):
        made(class_weight="heavy").fit(x, y)
    with pytest.raises(ValueError, match="weight"):
        made(class_weight={False: -1.0}).fit(x, y)


def test_pipelines_searches_clones_and_pickles() -> None:
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = rows()
    steps = make_pipeline(StandardScaler(), made(width=None))
    grid = {"lgnclassifier__widths": [np.array([30, 30]), (60,)], "lgnclassifier__encoder": ["quantile:4"]}
    found = GridSearchCV(steps, grid, cv=2).fit(x, y)
    assert found.best_score_ > 0.7
    best = found.best_estimator_[-1]
    again = clone(best)
    assert not hasattr(again, "model_")
    assert again.get_params()["encoder"] == "quantile:4"
    z = found.best_estimator_[:-1].transform(x)
    copy = pickle.loads(pickle.dumps(best))
    assert (copy.scores(z) == best.scores(z)).all()
    assert (again.fit(z, y).scores(z) == best.scores(z)).all()


def test_none_draws_a_seed_from_numpy() -> None:
    x, y = rows()
    np.random.seed(3)  # noqa: NPY002
    first = made(random_state=None).fit(x, y).scores(x)
    second = made(random_state=None).fit(x, y).scores(x)
    np.random.seed(3)  # noqa: NPY002
    third = made(random_state=np.random.mtrand._rand).fit(x, y).scores(x)
    assert (first != second).any()
    assert (first == third).all()


def test_what_training_refuses_is_a_value_error() -> None:
    x, y = rows()
    for settings, words in (
        ({"method": "hard"}, "hard-st"),
        ({"epochs": 0}, "epochs"),
        ({"width": 2}, "classes"),
        ({"width": None, "widths": 30}, "widths"),
        ({"random_state": -1}, "Seed must be"),
    ):
        with pytest.raises(ValueError, match=words):
            made(**settings).fit(x, y)
    with pytest.raises(ValueError, match="constant"):
        made().fit(np.ones((20, 2)), np.arange(20) % 2)
    with pytest.raises(ValueError, match="NaN"):
        made().fit(np.where(x > 1, np.nan, x), y)


def test_it_is_quiet_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = rows()
    made().fit(x, y)
    assert capsys.readouterr() == ("", "")
    made(verbose=1, epochs=2).fit(x, y)
    assert capsys.readouterr().out.startswith("epoch 1/2: loss ")


def test_threads_change_nothing() -> None:
    x, y = rows()
    assert (made(n_jobs=2).fit(x, y).scores(x) == made().fit(x, y).scores(x)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "bool"])
def test_what_is_compiled_predicts_the_same(dtype: str, tmp_path: Path) -> None:
    x, y = rows()
    x = (x > 0.5) if dtype == "bool" else (20 * x).astype(dtype)
    fitted = made().fit(x, y)
    with pytest.raises(ValueError, match="compile"):
        fitted.verify()
    folder = fitted.compile("numpy", tmp_path / "out", name="net")
    assert fitted.verify().equal
    net = lgnc.load(folder)
    assert (net.scores(x.astype(fitted.model_.encoder.dtype)) == fitted.scores(x)).all()
    saved = fitted.save(tmp_path / "net.lgn")
    assert fitted.verify(saved).how == "proven"
    assert lgnc.simulate(saved, x, y).accuracy == fitted.score(x, y)
    other = made(random_state=1).fit(x, y)
    assert other.verify(folder).equal is False


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import sys

    import lgnc.toolchain

    monkeypatch.setattr(lgnc.toolchain, "package_version", lambda _: None)
    monkeypatch.delitem(sys.modules, "lgnc.sklearn", raising=False)
    with pytest.raises(lgnc.ToolMissing, match="lgnc\\[train\\]"):
        importlib.import_module("lgnc.sklearn")
