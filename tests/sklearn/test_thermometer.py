"""The encoder as a transformer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import needs

pytestmark = needs("scikit-learn")


def test_check_estimator_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    from lgnc.sklearn import Thermometer
    from tests.sklearn.checks import all_checks

    assert all_checks(Thermometer(), monkeypatch) >= 40


@pytest.mark.parametrize("planted", ["skipped", "failed"])
def test_a_check_that_is_skipped_or_fails_is_noticed(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.utils import estimator_checks

    from lgnc.sklearn import Thermometer
    from tests.sklearn.checks import all_checks

    def check_fit1d(*_: object) -> None:
        raise estimator_checks.SkipTest("planted") if planted == "skipped" else ValueError("planted")

    monkeypatch.setattr(estimator_checks, "check_fit1d", check_fit1d)
    with pytest.raises(
        AssertionError if planted == "skipped" else ValueError,
        match="check_fit1d" if planted == "skipped" else "planted",
    ):
        all_checks(Thermometer(), monkeypatch)


def test_a_bit_says_which_feature_is_above_what() -> None:
    pandas = pytest.importorskip("pandas")
    from lgnc.sklearn import Thermometer

    table = pandas.DataFrame({"size": [1, 2, 3, 4], "flat": [7, 7, 7, 7], "mass": [0.5, 0.5, 2.5, 2.5]})
    encoder = Thermometer("quantile:3").fit(table)
    names = ["size > 1.5", "size > 2.5", "size > 3.5", "mass > 1.5"]
    assert encoder.get_feature_names_out().tolist() == names
    assert encoder.transform(table).tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 1], [1, 1, 1, 1]]
    shown = encoder.set_output(transform="pandas").transform(table)
    assert shown.columns.tolist() == names
    assert shown["mass > 1.5"].tolist() == [False, False, True, True]


def test_names_of_thresholds_that_are_close_differ() -> None:
    from lgnc.sklearn import Thermometer

    x = np.array([[1000000.1], [1000000.2], [1000000.3]])
    names = Thermometer("quantile:2").fit(x).get_feature_names_out()
    assert len(set(names)) == 2


@pytest.mark.parametrize(("encoder", "words"), [("quantil:3", "quantile"), ("quantile:0", "1 to 255")])
def test_a_wrong_encoder_is_a_value_error(encoder: str, words: str) -> None:
    from lgnc.sklearn import Thermometer

    with pytest.raises(ValueError, match=words):
        Thermometer(encoder).fit([[1.0], [2.0]])


def test_a_pipeline_of_both_sees_the_same_bits() -> None:
    from sklearn.pipeline import make_pipeline

    from lgnc.sklearn import LGNClassifier, Thermometer

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = np.where(x[:, 0] > x[:, 1], "more", "less")
    both = make_pipeline(Thermometer("quantile:8"), LGNClassifier(width=60, epochs=20, random_state=0)).fit(x, y)
    assert both[-1].model_.encoder.dtype == "bool"
    assert both[-1].model_.encoder.names[0] == "x0"
    assert both.score(x, y) > 0.8
