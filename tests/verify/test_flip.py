"""The smallest change that gives another class, against every change there is."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from lgnc.formats.lift import lift
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.simulate import simulate
from lgnc.verify.flip import Flip, Group, feature_space, point_of, put_back, row_at, smallest_flip
from tests.support import random_features, random_model

TYPES = ("uint8", "float32", "int16", "float64")


def small(seed: int, **options: Any) -> Circuit:
    return lift(
        random_model(seed, **{"features": 5, "thresholds": 2, "layers": 2, "width": 40, "classes": 3} | options)
    )


def search(circuit: Circuit, row: Any, groups: list[Group], seconds: float = 60) -> Flip:
    return smallest_flip(circuit, row, groups, time.perf_counter() + seconds)


def class_of(circuit: Circuit, row: Any) -> int:
    return int(simulate(circuit, row[None])[1][0])


@pytest.mark.parametrize("seed", range(12))
def test_numbers(seed: int) -> None:
    circuit = small(seed, dtype=TYPES[seed % 4])
    row = random_features(circuit, 1, seed)[0]
    found = search(circuit, row, [Group((k,)) for k in range(5)])
    space, _ = feature_space(circuit)
    here, points = point_of(space, row), space.all_points(0, space.size)
    classes = simulate(circuit, np.stack([row_at(space, row, point) for point in points]))[1]
    other = classes != class_of(circuit, row)
    changed, steps = (points != here).sum(axis=1), np.abs(points - here).sum(axis=1)
    assert found.possible is bool(other.any())
    fewest = changed[other].min()
    assert (found.at_least, len(found.changed), found.proven, found.steps_proven) == (fewest, fewest, True, True)
    assert found.steps == steps[other & (changed == fewest)].min()
    assert found.point is not None
    assert class_of(circuit, row_at(space, row, found.point)) != class_of(circuit, row)


@pytest.mark.parametrize(("flags", "number"), [((0,), (5,)), ((-1, 0, 1), (3, 5, 9))])
@pytest.mark.parametrize("seed", range(8))
def test_columns_of_a_table(seed: int, flags: tuple[int, ...], number: tuple[int, ...]) -> None:
    """Two columns of three categories, one of them with missing cells, and a number with missing cells.

    flags, number: the thresholds of a category's feature, and of the number's.
    """
    bare = lift(random_model(seed, features=9, thresholds=len(flags), layers=2, width=60, classes=3, dtype="int16"))
    feature = bare.encoder.feature
    place = np.arange(len(feature)) - np.searchsorted(feature, feature)
    threshold = np.where(feature == 7, np.array(number)[place], np.array(flags)[place])
    circuit = bare.with_(encoder=replace(bare.encoder, threshold=threshold))
    groups = [
        Group((0, 1, 2), (0, 1, 2), True),
        Group((3, 4, 5, 6), (3, 4, 5), True, 6),
        Group((7, 8), (), False, 8, 9),
    ]
    first = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    second = [(*each, 0) for each in first] + [(0, 0, 0, 1)]
    third = [(0, 0), (4, 0), (9, 0), (10, 0), (9, 1)]
    legal = [np.array([*a, *b, *c], np.int16) for a, b, c in product(first, second, third)]
    row = legal[seed]
    space, _ = feature_space(circuit)
    found = search(circuit, row, groups)
    own, distances = class_of(circuit, row), []
    for each in legal:
        if class_of(circuit, each) != own:
            apart = [point_of(space, each)[list(g.features)] != point_of(space, row)[list(g.features)] for g in groups]
            distances.append(sum(bool(part.any()) for part in apart))
    if found.possible is False:
        assert not distances
        return
    assert found.point is not None
    assert found.proven
    assert len(found.changed) <= min(distances, default=9)
    seen = row_at(space, row, found.point)
    reads = space.count > 1
    if reads[:9].all():
        assert len(found.changed) == min(distances)
        assert any((point_of(space, seen) == point_of(space, each)).all() for each in legal)


def test_groups_are_put_back_while_that_is_fine() -> None:
    groups, home, point = [Group((0, 1)), Group((2,)), Group((3,))], np.zeros(4, np.int32), np.array([0, 2, 1, 1])
    never = float("inf")
    assert put_back(point, home, groups, lambda _: True, never).tolist() == [0, 0, 0, 0]
    assert put_back(point, home, groups, lambda _: False, never).tolist() == [0, 2, 1, 1]
    assert put_back(point, home, groups, lambda tried: bool(tried[1] or tried[3]), never).tolist() in (
        [0, 2, 0, 0],
        [0, 0, 0, 1],
    )
    assert put_back(point, home, groups, lambda _: True, 0.0).tolist() == [0, 2, 1, 1]


def test_no_other_class_is_possible() -> None:
    nothing = np.zeros(0, np.int32)
    circuit = small(0)
    assert circuit.head is not None
    head = replace(circuit.head, offset=np.array([1000, 0, 0], np.int32))
    fixed = circuit.with_(head=head)
    assert search(fixed, random_features(fixed, 1)[0], [Group((k,)) for k in range(5)]).possible is False
    counts_none = replace(head, starts=np.zeros(4, np.int32))
    empty = Circuit(Encoder.binary(("a",)), nothing.astype(np.uint8), nothing, nothing, nothing, counts_none)
    assert search(empty, np.zeros(1, np.bool_), [Group((0,))]).possible is False


def test_no_time_is_no_answer() -> None:
    circuit = small(1)
    found = search(circuit, random_features(circuit, 1)[0], [Group((k,)) for k in range(5)], seconds=0)
    assert (found.possible, found.point, found.proven) == (None, None, False)
