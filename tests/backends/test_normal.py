"""The normal form that the software targets run, and thresholds in the features' type."""

from __future__ import annotations

import numpy as np
import pytest

from lgnc.backends.normal import normal_form
from lgnc.backends.thresholds import always_true, native_thresholds
from lgnc.ir import Circuit, check, simulate
from lgnc.ir.gates import AND, FALSE, GT, OR, XOR, A
from lgnc.ir.simulate import encode, pack, simulate_outputs
from tests.backends.support import CIRCUITS, NAMES, edge_features


@pytest.mark.parametrize("circuit", CIRCUITS, ids=NAMES)
def test_normal_form_means_the_same(circuit: Circuit) -> None:
    before = circuit.digest
    normal = check(normal_form(circuit))
    assert circuit.digest == before
    assert set(normal.op.tolist()) <= {FALSE, AND, GT, A, XOR, OR}
    assert not always_true(normal.encoder).any()
    features = edge_features(circuit, 300)
    if circuit.head is not None:
        assert np.array_equal(simulate(normal, features)[0], simulate(circuit, features)[0])
        return
    found, expected = (simulate_outputs(each, pack(encode(each.encoder, features))) for each in (normal, circuit))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("circuit", CIRCUITS, ids=NAMES)
def test_native_thresholds_compare_alike(circuit: Circuit) -> None:
    encoder, features = circuit.encoder, edge_features(circuit, 300)
    bits = features[:, encoder.feature] > native_thresholds(encoder)
    assert np.array_equal(bits | always_true(encoder), encode(encoder, features))
