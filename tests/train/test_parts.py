"""Configuration, encoders, wiring and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.ir.simulate import encode, pack
from lgnc.train import TrainConfig
from lgnc.train.augment import draw_grids, linear_grids
from lgnc.train.cpu.move_rows import encode_quickly, move_pictures
from lgnc.train.encoders import encode_rows, fit_encoder, ramp_bounds, ramp_rows
from lgnc.train.prepare import prepare
from lgnc.train.resolve import resolve
from lgnc.train.trees import gate_widths, join_wiring
from lgnc.train.wiring import bit_positions, candidate_wiring, local_candidates, random_wiring, structured_wiring

NAMES = ("p", "q", "r")


def test_thermometer_thresholds_lie_in_the_data_unit() -> None:
    x = np.array([[0, 7, 10], [255, 7, 11], [9, 7, 10]], np.uint8)
    encoder = fit_encoder("thermometer:3", x, NAMES)
    assert encoder.feature.tolist() == [0, 0, 0, 2]
    assert encoder.threshold.tolist() == [63, 127, 191, 10]
    assert encoder.threshold.dtype == np.int64
    assert all(0 < column.mean() < 1 for column in encode(encoder, x).T[[0, 3]])


def test_thermometer_spans_int64_and_float() -> None:
    extremes = np.array([[-(2**63)], [2**63 - 1]], np.int64)
    assert fit_encoder("thermometer:1", extremes, ("x",)).threshold.tolist() == [-1]
    pixels = np.array([[0, 10, 5, 200], [255, 100, 5, 255]], np.uint8)
    shared = fit_encoder("thermometer:3", pixels, ("a", "b", "c", "d"), one_unit=True)
    assert (shared.feature.tolist(), shared.threshold.tolist()) == ([0, 0, 0, 1], [63, 127, 191, 63])
    floats = np.array([[-1e308], [1e308]])
    assert fit_encoder("thermometer:3", floats, ("x",)).threshold.tolist() == [-5e307, 0.0, 5e307]


@pytest.mark.parametrize(("rows", "thresholds"), [(19_999, [45, 90, 135]), (20_000, [63, 127])])
def test_the_pixels_of_a_large_image_set_share_their_thresholds(rows: int, thresholds: list[int]) -> None:
    x = np.random.default_rng(0).integers(0, 256, (rows + 10, 4), np.uint8)
    x[:2] = [[0], [255]]
    x[:, 3] = np.minimum(x[:, 3], 180)
    y = np.arange(len(x)) % 2
    names = ("a", "b", "c", "d")
    dataset = Dataset("made", x[:rows], y[:rows], x[rows:], y[rows:], names, ("0", "1"), shape=(2, 2, 1))
    config = TrainConfig(width=20, candidates=4, validation_fraction=0.0)
    encoder = prepare(dataset, config).encoder
    assert encoder.threshold[encoder.feature == 3].tolist() == thresholds
    assert encoder.threshold[encoder.feature == 0].tolist() == [63, 127, 191]


def test_quantiles_cut_even_parts_and_spare_frequent_values() -> None:
    rng = np.random.default_rng(0)
    smooth = rng.normal(size=(4000, 1))
    share = encode(fit_encoder("quantile:3", smooth, ("x",)), smooth).mean(axis=0)
    np.testing.assert_allclose(share, [0.75, 0.5, 0.25], atol=0.01)
    mostly_zero = np.where(rng.random((4000, 1)) < 0.9, 0, rng.integers(1, 1000, (4000, 1)))
    threshold = fit_encoder("quantile:4", mostly_zero, ("x",)).threshold
    assert len(threshold) == 4
    assert threshold[0] == 0
    few = np.array([[1], [5], [5], [9]], np.int16)
    assert fit_encoder("quantile:8", few, ("x",)).threshold.tolist() == [1, 5]


def test_binary_passes_bits_through() -> None:
    x = np.array([[0, 1, 1], [1, 1, 0]], np.int8)
    encoder = fit_encoder("binary", x, NAMES)
    assert encoder.feature.tolist() == [0, 2]
    np.testing.assert_array_equal(encode(encoder, x), x[:, [0, 2]].astype(bool))
    np.testing.assert_array_equal(fit_encoder("thermometer:3", x.astype(bool), NAMES).threshold, [0, 0])
    with pytest.raises(BadInput, match="feature 'r' holds 0 to 3"):
        fit_encoder("binary", np.array([[0, 1, 3], [1, 0, 0]], np.uint8), NAMES)
    with pytest.raises(BadInput, match="constant"):
        fit_encoder("thermometer:3", np.ones((5, 3), np.uint8), NAMES)
    with pytest.raises(BadInput, match="nan in row 1, feature 'q'"):
        fit_encoder("quantile:3", np.array([[0.0, 1, 2], [1, np.nan, 2]]), NAMES)


@pytest.mark.parametrize("features", [1, 21, 22, 64])
def test_packed_rows_hold_the_encoders_bits(features: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, (100, features)).astype(np.uint8)
    encoder = fit_encoder("thermometer:3", x, tuple(f"f{i}" for i in range(features)))
    np.testing.assert_array_equal(encode_rows(encoder, x), pack(encode(encoder, x).T))


def test_ramps_are_the_bits_for_binary_features_and_rise_between_thresholds() -> None:
    bits = np.random.default_rng(0).integers(0, 2, (50, 3)).astype(np.uint8)
    encoder = fit_encoder("thermometer:3", bits, NAMES)
    np.testing.assert_array_equal(ramp_rows(encoder, bits, *ramp_bounds(encoder, bits)), bits)
    x = np.array([[0.0], [1.0], [0.25], [0.5]])
    encoder = fit_encoder("thermometer:3", x, ("x",))
    ramps = ramp_rows(encoder, x, *ramp_bounds(encoder, x))
    np.testing.assert_allclose(ramps, np.array([0.0, 0, 0, 1, 1, 1, 0.5, 0, 0, 1, 0.5, 0]).reshape(4, 3))


@pytest.mark.parametrize(("below", "width"), [(1, 4), (2, 7), (3, 100), (500, 100), (100, 333)])
def test_random_wiring_uses_every_node_about_equally(below: int, width: int) -> None:
    fanin = random_wiring(np.random.default_rng(0), below, width)
    assert fanin.shape == (2, width)
    if below > 1:
        assert (fanin[0] != fanin[1]).all()
    uses = np.bincount(fanin.ravel(), minlength=below)
    assert uses.max() - uses.min() <= (1 if below > 3 or below == 1 else 3)


@pytest.mark.parametrize(("below", "width", "k"), [(2, 5, 2), (8, 50, 8), (300, 120, 16), (40, 200, 8)])
def test_candidates_are_distinct_and_used_about_equally(below: int, width: int, k: int) -> None:
    pins = candidate_wiring(np.random.default_rng(0), below, width, k)
    assert pins.shape == (2, width, k)
    ordered = np.sort(pins, axis=2)
    assert (ordered[:, :, 1:] != ordered[:, :, :-1]).all()
    uses = np.bincount(pins.ravel(), minlength=below)
    assert uses.min() >= 0.5 * uses.mean()
    assert uses.max() <= 1.5 * uses.mean() + 1


def test_more_candidates_than_nodes_are_refused() -> None:
    with pytest.raises(BadInput, match="9 candidates a pin, but the layer below has 8"):
        candidate_wiring(np.random.default_rng(0), 8, 5, 9)


def test_structured_wiring_stays_near() -> None:
    rng = np.random.default_rng(0)
    feature = np.repeat(np.arange(28 * 28, dtype=np.int32), 2)
    places = bit_positions(feature, 784, (28, 28, 1))
    fanin, after = structured_wiring(rng, places, 3000, 0.08)
    assert (fanin[0] != fanin[1]).all()
    distance = np.abs(places[fanin[0]] - places[fanin[1]]).max(axis=1)
    assert np.median(distance) < 0.1
    assert np.quantile(distance, 0.95) < 0.2
    assert np.bincount(fanin[0], minlength=len(feature)).min() >= 1
    assert after.shape == (3000, 2)
    far, _ = structured_wiring(rng, places, 3000, 0.5)
    assert np.median(np.abs(places[far[0]] - places[far[1]]).max(axis=1)) > 2 * np.median(distance)


def test_local_candidates_are_near_distinct_and_evenly_used() -> None:
    rng = np.random.default_rng(0)
    places = bit_positions(np.repeat(np.arange(28 * 28, dtype=np.int32), 2), 784, (28, 28, 1))
    pins, centres = local_candidates(rng, places, 1600, 12, 2 / 28)
    assert (pins.shape, centres.shape) == ((2, 1600, 12), (1600, 2))
    ordered = np.sort(pins, axis=2)
    assert (ordered[:, :, 1:] != ordered[:, :, :-1]).all()
    assert np.quantile(np.abs(places[pins] - centres[:, None]), 0.99) < 3.5 / 28
    assert np.bincount(pins.ravel(), minlength=len(places)).min() >= 1
    few = bit_positions(np.arange(5, dtype=np.int32), 5, None)
    tight, _ = local_candidates(rng, few, 7, 5, 0.001)
    assert (np.sort(tight, axis=2) == np.arange(5)).all()
    with pytest.raises(BadInput, match="6 candidates a pin, but the layer below has 5"):
        local_candidates(rng, few, 7, 6, 0.5)


def test_pictures_are_shifted_mirrored_and_turned_in_every_channel() -> None:
    picture = np.arange(1, 19, dtype=np.uint8).reshape(3, 3, 2)
    down, mirrored = np.zeros_like(picture), picture[:, ::-1]
    down[1:] = picture[:-1]
    matrices = np.array([np.eye(2), np.eye(2), [[1, 0], [0, -1]], [[0, 1], [-1, 0]]])
    grids = linear_grids(matrices, np.array([[0, 0], [-1, 0], [0, 0], [0, 0]]), (3, 3, 2)).astype(np.float32)
    moved = move_pictures(picture.reshape(1, -1), (3, 3, 2), np.zeros(4, np.int64), grids, 0)
    for found, wanted in zip(moved, (picture, down, mirrored, np.rot90(picture)), strict=True):
        np.testing.assert_array_equal(found.reshape(3, 3, 2), wanted)


def test_places_between_pixels_read_their_mean() -> None:
    x = np.array([[0, 10, 21, 30]])
    half = linear_grids(np.eye(2)[None], np.array([[0.0, 0.5]]), (1, 4, 1)).astype(np.float32)
    for dtype, wanted in (("float32", [5, 15.5, 25.5, 19]), ("uint8", [5, 16, 26, 19]), ("int16", [5, 16, 26, 19])):
        moved = move_pictures(x.astype(dtype), (1, 4, 1), np.zeros(1, np.int64), half, 8)
        assert moved.dtype == dtype
        assert moved.tolist() == [wanted]


def test_changes_of_pictures_are_as_large_as_asked() -> None:
    rng, shape = np.random.default_rng(0), (21, 41, 1)
    corner = np.array([-10, -20])
    x, y = np.zeros((2, 21 * 41), np.uint8), np.zeros(2, np.int64)
    dataset = Dataset("made", x, y, x, y, tuple(map(str, range(21 * 41))), ("0", "1"), shape=shape)

    def drawn(**settings: Any) -> NDArray[np.float32]:
        return draw_grids(resolve(TrainConfig(**settings), dataset), shape, 500, rng)

    assert set(np.unique(drawn(shifts=2))) == {-2, -1, 0, 1, 2}
    mirrored = drawn(flips=True)[:, 1, 0, 0]
    assert set(np.unique(mirrored)) == {0, 40}
    assert 0.4 < (mirrored == 40).mean() < 0.6
    turned = drawn(rotate=30.0)[:, :, 0, 0] + corner
    np.testing.assert_allclose(np.hypot(*turned.T), np.hypot(10, 20), rtol=1e-6)
    cosine = turned @ corner / np.hypot(10, 20) ** 2
    assert 29 < np.degrees(np.arccos(cosine.min())) <= 30 + 1e-4
    assert 1.9 < np.abs(drawn(zoom=0.1)[:, 1, 2, 0]).max() <= 2
    assert 0.95 < np.abs(drawn(elastic=1.0)).max() <= 1
    assert not drawn(shifts=0, flips=False).any()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_rows_are_encoded_as_quickly_as_correctly(dtype: str) -> None:
    x = np.random.default_rng(0).integers(0, 100, (20, 60)).astype(dtype)
    encoder = fit_encoder("thermometer:2", x, tuple(f"f{i}" for i in range(60)))
    np.testing.assert_array_equal(encode_quickly(encoder, x), encode_rows(encoder, x))


def test_a_tree_reads_its_own_leaves() -> None:
    assert gate_widths("tree2", (5, 3)) == (5, 3)
    assert gate_widths("tree4", (5, 3)) == (10, 5, 6, 3)
    assert gate_widths("tree6", (4,)) == (12, 8, 4)
    (root,) = join_wiring("tree4", 3)
    assert root[:, :, 0].tolist() == [[0, 2, 4], [1, 3, 5]]
    middle, root = join_wiring("tree6", 2)
    assert middle[:, :, 0].tolist() == [[0, 1, 3, 4], [1, 2, 4, 5]]
    assert root[:, :, 0].tolist() == [[0, 2], [1, 3]]
