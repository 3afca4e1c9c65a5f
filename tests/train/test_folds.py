"""Folds that leak nothing, and what a comparison on them says."""

from __future__ import annotations

import numpy as np
import pytest

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.train import TrainConfig
from lgnc.train.folds import FOLDS, Bools, Folds, right_answers

ROWS = np.array([0] * 70 + [1] * 50 + [2], np.int64)


def table(copies: int = 1) -> Dataset:
    y = np.repeat(ROWS, copies)
    x = np.random.default_rng(0).random((len(y), 4))
    return Dataset("made", x, y, x[:1], y[:1], tuple("abcd"), ("p", "q", "r"))


def answers(folds: Folds, share: float) -> list[Bools]:
    return [np.arange(len(rows)) < share * len(rows) for rows in folds.rows]


def test_every_row_is_held_out_once_a_split_and_a_class_of_one_row_never() -> None:
    data = table()
    folds = Folds.of(data, 3)
    repeats = len(folds.parts) // FOLDS
    assert repeats == 3
    for part, rows in zip(folds.parts, folds.rows, strict=True):
        assert set(part.y_train) == {0, 1, 2}, "every class can be trained"
        np.testing.assert_array_equal(part.x_test, data.x_train[rows])
        inside = {row.tobytes() for row in part.x_train}
        assert not inside & {row.tobytes() for row in part.x_test}
        assert len(part.x_train) + len(part.x_test) == len(ROWS)
    counts = np.bincount(np.concatenate(folds.rows), minlength=len(ROWS))
    assert counts.tolist() == [repeats] * 120 + [0]
    assert not np.array_equal(folds.rows[0], folds.rows[FOLDS]), "each split is another one"
    assert len(Folds.of(table(7), 3).parts) == FOLDS, "many rows are split once"


def test_a_comparison_is_of_the_same_rows() -> None:
    folds = Folds.of(table(), 0)
    half, more = answers(folds, 0.5), answers(folds, 0.75)
    assert folds.accuracy(more) == pytest.approx(0.75, abs=0.02)
    lead, error = folds.lead(more, half)
    assert lead == pytest.approx(0.25, abs=0.02)
    assert 0 < error < 0.05
    assert folds.lead(half[:1], half) == (0.0, 0.0)
    assert folds.lead(half[:1], more)[0] == -folds.lead(more[:1], half)[0] != 0
    first = len(folds.rows[0])
    one = folds.lead(more[:1], half)
    gained = np.where(more[0] != half[0], 1.0, 0.0)
    assert one == pytest.approx((gained.mean(), gained.std(ddof=1) / first**0.5))


def test_with_balance_a_class_counts_the_same_however_few_its_rows_are() -> None:
    data = table()
    folds = Folds.of(data, 0, balance=True)
    right = [data.y_train[rows] == 1 for rows in folds.rows]
    assert folds.accuracy(right) == pytest.approx(0.5)
    assert folds.accuracy([np.ones(len(rows), np.bool_) for rows in folds.rows]) == 1
    assert Folds.of(data, 0).accuracy(right) == pytest.approx(50 / 120)


def test_answers_are_packed_and_unpacked() -> None:
    folds, rng = Folds.of(table(), 0), np.random.default_rng(1)
    right = [rng.random(len(rows)) < 0.6 for rows in folds.rows]
    again = folds.unpack(folds.pack(right))
    assert len(again) == len(right)
    for one, other in zip(again, right, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_answers_the_rows_that_it_was_not_trained_on() -> None:
    data = table()
    x = (data.y_train[:, None] + np.linspace(0, 0.5, 4)).astype(np.float64)
    part = Folds.of(Dataset("made", x, data.y_train, x[:1], ROWS[:1], tuple("abcd"), ("p", "q", "r")), 0).parts[0]
    right = right_answers(part, TrainConfig(width=60, epochs=5, threads=1, time_budget=0.1))
    assert right.shape == part.y_test.shape
    assert right.mean() > 0.9


def test_rows_that_are_all_of_different_classes_cannot_be_held_out() -> None:
    for y in (ROWS[:0], np.arange(3)):
        x = np.zeros((len(y), 4))
        with pytest.raises(BadInput, match="no class with two training rows"):
            Folds.of(Dataset("made", x, y, x[:1], y[:1], tuple("abcd"), ("p", "q", "r")), 0)
