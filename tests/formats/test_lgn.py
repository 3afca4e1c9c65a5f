"""The model file: round trips, the same bytes, and every way it can be damaged."""

from __future__ import annotations

import json
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from lgnc.cli.main import run
from lgnc.data.features import Schema
from lgnc.diagnostics import BadInput, printable
from lgnc.formats import lift
from lgnc.formats.lgn import Layer, Model, load_model, model_bytes, model_from_bytes, save_model
from lgnc.ir import Encoder
from tests.support import random_model


def edited(model: Model, header: dict[str, Any] | None = None, **arrays: Any) -> bytes:
    """The model's bytes, without a checksum, header fields and arrays replaced (None takes out; `__` is `.`)."""
    data = model_bytes(model)
    (size,) = struct.unpack("<Q", data[:8])
    fields = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["lgnc"])
    fields.update(header or {})
    del fields["sha256"]
    tensors = load(data)
    for name, array in arrays.items():
        tensors[name.replace("__", ".")] = array
    kept = {name: array for name, array in tensors.items() if array is not None}
    return save(kept, {"lgnc": json.dumps(fields)})


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
        (edited(MODEL, {"meta": {"training": {"data": 5}}}), "'meta.training.data' is 5, not text"),
        (edited(MODEL, {"meta": {"training": {"seed": -1}}}), "'meta.training.seed' is -1, not an integer"),
        (edited(MODEL, {"meta": {"training": {"test_fraction": 2}}}), "'meta.training.test_fraction' is 2"),
        (edited(MODEL, {"meta": {"training": {"test_accuracy": "1"}}}), "'meta.training.test_accuracy'"),
        (edited(MODEL, {"meta": {"training": {"recall": {"a": [1]}}}}), "'meta.training.recall'"),
        (edited(MODEL, {"meta": {"training": {"recall": {"a": [0, 0]}}}}), "'meta.training.recall'"),
        (edited(MODEL, {"meta": {"training": {"recall": {"a": [1, 2]}}}}), "has no 'balanced_accuracy'"),
        (edited(MODEL, {"meta": {"shape": [3, "x", 1]}}), "'meta.shape'"),
        (edited(MODEL, {"feature_dtype": "complex64"}), "'feature_dtype'"),
        (edited(MODEL, {"class_names": ["a", "a"]}), "'class_names'"),
        (edited(MODEL, {"feature_names": [1]}), "'feature_names'"),
        (edited(MODEL, {"version": 1.5}), "not of model format 1"),
        (edited(MODEL, {"layers": True}), "'layers'"),
        (edited(MODEL, {"layers": -1}), "'layers'"),
        (edited(MODEL, {"tau": float("nan")}), "NaN is not a finite number"),
        (edited(MODEL, {"tau": float("inf")}), "Infinity is not a finite number"),
        (edited(MODEL, {"meta": {"training": {"loss": [float("nan")]}}}), "NaN is not a finite number"),
        (edited(MODEL, {"meta": {"columns": {"position": float("inf")}}}), "Infinity is not a finite number"),
        (edited(MODEL, {"meta": {"columns": 3}}), "'meta.columns'"),
        (edited(MODEL, {"meta": {"training": json.loads("[" * 500 + "]" * 500)}}), "nested more than 20 deep"),
        (edited(MODEL, {"sha257": "0"}), "unknown header field 'sha257'"),
        (edited(MODEL, {"class_names": ["a", "b", "\\x1b[2J", "c", 5]}), "'class_names'"),
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


def test_models_of_format_1_without_a_checksum_load_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "old.lgn"
    path.write_bytes(edited(MODEL))
    assert b"sha256" not in path.read_bytes()
    assert lift(load_model(path)).digest == lift(MODEL).digest


SMALL = model_bytes(random_model(0, features=2, layers=1, width=4, classes=2))


def test_every_flipped_bit_is_noticed() -> None:
    """Also where the file would still be a model: in logits, thresholds, names, and in the checksum itself."""
    for bit in range(8 * len(SMALL)):
        data = bytearray(SMALL)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadInput):
            model_from_bytes(bytes(data), "m.lgn")


def test_a_file_cut_anywhere_is_refused() -> None:
    for size in range(len(SMALL)):
        with pytest.raises(BadInput):
            model_from_bytes(SMALL[:size], "m.lgn")


def test_one_more_layer_than_circuits_can_number_is_refused() -> None:
    encoder = Encoder.binary(("x",))
    one = Layer(np.zeros((2, 1, 1), np.int32), None, None, np.array([3], np.uint8))
    ends = np.array([0], np.int32), np.array([0, 1], np.int32)
    deepest = Model(encoder, (one,) * 2**15, *ends, ("c",), 1.0)
    marks = lift(model_from_bytes(model_bytes(deepest), "m.lgn")).layer
    assert marks is not None
    assert int(marks.max()) == 2**15 - 1
    with pytest.raises(BadInput, match="'layers' is not the number of layers in the file, at most 32768"):
        model_from_bytes(model_bytes(replace(deepest, layers=(one,) * (2**15 + 1))), "m.lgn")


@pytest.mark.parametrize("threshold", [-(2**63), 2**63 - 1, 1234567890123456789])
def test_every_int64_is_a_threshold(threshold: int) -> None:
    encoder = Encoder(("x",), "int64", np.zeros(1, np.int32), np.array([threshold]))
    model = Model(encoder, (), np.array([0], np.int32), np.array([0, 1], np.int32), ("c",), 1.0)
    assert model_from_bytes(model_bytes(model), "m.lgn").encoder.threshold.tolist() == [threshold]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.sampled_from(
        ["", "x", "\x1b[2J", "a\nb", "\ud800", "1", "uint8", "int64", "float64", -1, 2**63, 2**31, 32767]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
COLUMNS = {
    "header": True,
    "label": "class",
    "position": 1,
    "classes": ["class 0", "class 1"],
    "dtype": "uint8",
    "columns": [
        {"name": "a", "median": 3, "values": None, "missing": False},
        {"name": "b", "median": 0, "values": ["u", "v"], "missing": True},
    ],
    "shape": None,
}
TRAINING = {"seed": 0, "test_fraction": 0.2, "data": "iris", "method": "hard-st", "test_accuracy": 0.5}


def planted(value: Any, path: list[Any], new: Any) -> Any:
    """A copy of JSON data with `new` at a path of keys and positions."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = planted(copy[path[0]], path[1:], new)
    return copy


def paths(value: Any) -> list[list[Any]]:
    """The paths of all that lies in JSON data, itself too."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [[], *([key, *rest] for key, each in inner for rest in paths(each))]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_records_are_a_model_or_bad_input(
    data: st.DataObject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = random_model(0, features=3, layers=1, width=6, classes=2)
    model = replace(model, meta={"training": TRAINING, "columns": COLUMNS, "shape": None})
    raw = model_bytes(model)
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(json.loads(raw[8 : 8 + size])["__metadata__"]["lgnc"])
    del header["sha256"]
    for _ in range(data.draw(st.integers(1, 2))):
        header = planted(header, data.draw(st.sampled_from(paths(header)[1:])), data.draw(VALUES))
    path = tmp_path / "m.lgn"
    path.write_bytes(edited(model, header))
    capsys.readouterr()
    codes = [run(["info", *flags, str(path)]) for flags in ([], ["--json"])]
    out, err = capsys.readouterr()
    assert set(codes) <= {0, 2}, err
    assert all(line == printable(line) for line in (out + err).split("\n"))
    if codes == [0, 0]:
        check_record(path)


def check_record(path: Path) -> None:
    """A model that loads has a circuit, and a record of columns that is whole or refused."""
    loaded = load_model(path)
    assert lift(loaded).gates == loaded.gates
    if loaded.meta.get("columns"):
        try:
            schema = Schema.from_json(loaded.meta["columns"], "x")
        except BadInput:
            return
        assert len(schema.feature_names) == len(set(schema.feature_names))
        assert schema.names
