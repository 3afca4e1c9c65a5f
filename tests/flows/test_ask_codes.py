"""Questions to networks of fixed-point codes: asked and answered in values."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import lgnc
from lgnc.diagnostics import BadInput
from lgnc.formats.lgn import Model
from lgnc.ir.quantiser import Quantiser
from tests.flows.test_ask import classes_of, small


def in_codes(model: Model) -> Model:
    """The model with codes of values for features, a scale and an offset of its own for each."""
    quantiser = Quantiser(np.array([0.25, 8.0]), np.array([100, -30]))
    return replace(model, encoder=replace(model.encoder, quantiser=quantiser))


@pytest.mark.parametrize("seed", range(4))
def test_a_changed_row_of_codes_is_told_in_values(seed: int) -> None:
    """Which the network takes back as the row that it was."""
    model = in_codes(small(seed, "int8"))
    quantiser = model.encoder.quantiser
    assert quantiser is not None
    rows = np.array(list(product(range(-128, 128, 32), repeat=2)), np.int8)
    flipped = 0
    for row, answer in zip(rows, lgnc.ask(model, robust=rows, radius=2, steps=True).answers, strict=True):
        if answer.witness is not None:
            flipped += 1
            changed = np.array([list(answer.witness.rows[0].values())], np.float64)
            assert classes_of(model, changed)[0] != classes_of(model, row[None])[0]
            assert classes_of(model, quantiser.codes(changed, "int8"))[0] == classes_of(model, changed)[0]
    assert flipped


def test_two_networks_whose_codes_differ_are_not_compared() -> None:
    model = in_codes(small(1, "int8"))
    encoder, name = model.encoder, model.class_names[0]
    quantiser = encoder.quantiser
    assert quantiser is not None
    turned = Quantiser(quantiser.scale[::-1], quantiser.offset[::-1])
    swapped = replace(encoder, names=encoder.names[::-1], feature=1 - encoder.feature, quantiser=turned)
    for same in (model, replace(model, encoder=swapped)):
        assert lgnc.ask(model, other=same, equal_up_to=name).answers[0].word == "equal"
    for codes in (turned, Quantiser(quantiser.scale * [1, 2], quantiser.offset)):
        with pytest.raises(BadInput, match="fixed-point code differs"):
            lgnc.ask(model, other=replace(model, encoder=replace(encoder, quantiser=codes)), equal_up_to=name)


def test_a_radius_of_codes_is_in_thresholds_alone() -> None:
    coded = in_codes(small(2, "int16"))
    with pytest.raises(BadInput, match="features are codes"):
        lgnc.ask(coded, robust=[5.0, 3.5], radius=0.5)
    assert len(lgnc.ask(coded, robust=[5.0, 3.5], radius=1, steps=True).answers) == 1
