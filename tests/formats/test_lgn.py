"""The model file: round trips, the same bytes, and every way it can be damaged."""

from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from lgnc.diagnostics import BadInput
from lgnc.formats import lift
from lgnc.formats.lgn import Layer, Model, load_model, model_bytes, model_from_bytes, save_model
from tests.support import random_model


def edited(model: Model, header: dict[str, Any] | None = None, **arrays: Any) -> bytes:
    """The model's bytes, without a checksum, header fields and arrays replaced (None takes out; `__` is `.`)."""
    data = model_bytes(model)
    (size,) = struct.unpack("<Q", data[:8])
    fields = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["lgnc"])
    del fields["sha256"]
    tensors = load(data)
    for name, array in arrays.items():
        tensors[name.replace("__", ".")] = array
    kept = {name: array for name, array in tensors.items() if array is not None}
    return save(kept, {"lgnc": json.dumps({**fields, **(header or {})})})


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float64"])
@pytest.mark.parametrize("candidates", [1, 8])
def test_round_trip_gives_the_same_bytes_and_circuit(tmp_path: Path, dtype: str, candidates: int) -> None:
    model = random_model(1, dtype=dtype, candidates=candidates)
    path = tmp_path / "m.lgn"
    save_model(model, path)
    again = load_model(path)
    assert model_bytes(again) == model_bytes(model) == path.read_bytes()
    assert lift(again).digest == lift(model).digest
    assert [p.name for p in tmp_path.iterdir()] == ["m.lgn"]


def test_gates_without_logits_round_trip() -> None:
    model = random_model(2)
    fixed = tuple(Layer(layer.candidates, None, None, layer.op) for layer in model.layers)
    small = Model(model.encoder, fixed, model.head_nodes, model.head_starts, model.class_names, model.tau)
    again = model_from_bytes(model_bytes(small), "m.lgn")
    assert lift(again).digest == lift(model).digest


MODEL = random_model(0)
BITS = MODEL.encoder.bits
WIDTH = MODEL.layers[0].width


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes long"),
        (b"\x00" * 7, "7 bytes long"),
        (model_bytes(MODEL)[:100], "truncated"),
        (model_bytes(MODEL)[:-1], "damaged"),
        (model_bytes(MODEL) + b"x", "damaged"),
        (struct.pack("<Q", 2**62) + b"{}", "claims 4611686018427387904 bytes"),
        (struct.pack("<Q", 2) + b"{}", "not an lgnc model"),
        (save({"x": np.zeros(1)}), "not an lgnc model"),
        (edited(MODEL, {"version": 99}), "not of model format 1"),
        (edited(MODEL, {"layers": 10**9}), "'layers'"),
        (edited(MODEL, {"layers": 2}), "outside 0..155"),
        (edited(MODEL, {"layers": "3"}), "'layers'"),
        (edited(MODEL, {"tau": 0}), "'tau'"),
        (edited(MODEL, {"tau": True}), "'tau'"),
        (edited(MODEL, {"meta": 3}), "'meta'"),
        (edited(MODEL, {"meta": {"training": [1]}}), "'meta.training'"),
        (edited(MODEL, {"feature_dtype": "complex64"}), "'feature_dtype'"),
        (edited(MODEL, {"class_names": ["a", "a"]}), "'class_names'"),
        (edited(MODEL, {"feature_names": [1]}), "'feature_names'"),
        (edited(MODEL, head__nodes=None), "no array 'head.nodes'"),
        (edited(MODEL, head__nodes=np.full(60, 10**6, np.int32)), "'head.nodes' holds"),
        (edited(MODEL, head__starts=np.arange(6, dtype=np.int32)), "'head.starts'"),
        (edited(MODEL, encoder__feature=np.full(BITS, 99, np.int32)), "'encoder.feature' holds"),
        (edited(MODEL, encoder__threshold=np.zeros(3, np.int64)), "'encoder.threshold' is int64"),
        (edited(MODEL, encoder__threshold=np.zeros(BITS)), "not int64"),
        (edited(MODEL, layer__0__candidates=np.full((2, WIDTH, 1), BITS, np.int32)), "'layer.0.candidates' holds"),
        (edited(MODEL, layer__0__candidates=np.zeros((2, WIDTH, 0), np.int32)), "no candidates"),
        (edited(MODEL, layer__0__gate_logits=np.full((WIDTH, 16), np.nan, np.float32)), "NaN"),
        (edited(MODEL, layer__0__gate_logits=np.zeros((WIDTH, 15), np.float32)), "'layer.0.gate_logits' is"),
        (edited(MODEL, layer__0__gate_logits=None, layer__0__op=np.full(WIDTH, 16, np.uint8)), "'layer.0.op' holds"),
        (edited(MODEL, extra=np.zeros(1)), "unknown array 'extra'"),
    ],
)
def test_a_damaged_file_is_one_clear_error(data: bytes, message: str) -> None:
    with pytest.raises(BadInput) as error:
        model_from_bytes(data, "m.lgn")
    assert message in str(error.value)
    assert str(error.value).startswith("m.lgn: ")
    assert error.value.fix
    assert "\n" not in str(error.value)


def test_a_header_that_claims_much_takes_no_memory() -> None:
    entry = {"dtype": "F32", "shape": [2**40, 16], "data_offsets": [0, 2**46]}
    header = json.dumps({"__metadata__": {"lgnc": "{}"}, "layer.0.gate_logits": entry}).encode()
    data = struct.pack("<Q", len(header)) + header
    tracemalloc.start()
    with pytest.raises(BadInput):
        model_from_bytes(data, "m.lgn")
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_mutated_bytes_are_a_model_or_bad_input(data: st.DataObject) -> None:
    raw = bytearray(model_bytes(random_model(0, features=3, layers=1, width=6, classes=2)))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        model = model_from_bytes(bytes(raw), "m.lgn")
    except BadInput:
        return
    lift(model)
