"""Models with convolutions: the file keeps kernels once, and the circuit, the program and the model run alike."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from lgnc.diagnostics import BadInput
from lgnc.formats.lgn import Model, model_bytes, model_from_bytes
from lgnc.formats.lgprog import program_from_text, program_text
from lgnc.formats.lift import lift, lift_program
from lgnc.ir.program import unroll
from lgnc.ir.simulate import simulate
from lgnc.passes.optimise_program import optimise_program
from lgnc.sim.network import run_model
from lgnc.verify.prove import prove
from tests.support import random_conv_model, random_model


@pytest.mark.parametrize("seed", range(6))
def test_a_lifted_convolution_is_the_model_run_gate_by_gate(seed: int) -> None:
    model = random_conv_model(seed)
    bits = np.random.default_rng(seed).random((700, model.encoder.bits)) < 0.5
    scores, classes = simulate(lift(model), bits)
    ran = run_model(model, bits)
    assert np.array_equal(np.asarray(ran.scores), scores)
    assert np.array_equal(np.asarray(ran.classes), classes)
    assert len(np.unique(scores, axis=0)) > 3


def test_a_dense_model_is_a_program_of_one_stage_and_one_place() -> None:
    model = random_model(3)
    program = lift_program(model)
    assert [tuple(stage.shape)[1:] for stage in program.stages] == [(1, 1)]
    assert prove(unroll(program), lift(model)).equal is True


def test_the_program_of_a_convolution_is_small_optimised_and_equal() -> None:
    model = random_conv_model(1)
    program = lift_program(model)
    assert program_text(program_from_text(program_text(program))) == program_text(program)
    assert sum(stage.kernel.gates for stage in program.stages) < lift(model).gates / 3
    after = optimise_program(program, prove=prove)
    assert after.applications < program.applications
    assert prove(unroll(after), lift(model)).equal is True


@pytest.mark.parametrize("fixed", [False, True])
def test_shared_logits_are_stored_once(fixed: bool) -> None:
    model = random_conv_model(2, fixed=fixed)
    data = model_bytes(model)
    again = model_from_bytes(data, "m.lgn")
    assert model_bytes(again) == data
    assert lift(again).digest == lift(model).digest
    assert again.gates == 8 * 7 + 9 * 1 + 60
    assert fields(model)["version"] == 2
    assert fields(random_model(1))["version"] == 1


def fields(model: Model) -> dict[str, Any]:
    data = model_bytes(model)
    (size,) = struct.unpack("<Q", data[:8])
    found: dict[str, Any] = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["lgnc"])
    return found


def edited(changes: dict[str, Any], **arrays: Any) -> bytes:
    model = random_conv_model(2)
    header = fields(model)
    del header["sha256"]
    tensors = load(model_bytes(model))
    tensors |= {name.replace("__", "."): array for name, array in arrays.items()}
    kept = {name: array for name, array in tensors.items() if array is not None}
    return save(kept, {"lgnc": json.dumps({**header, **changes})})


CONV = {"kind": "conv", "kernels": 8, "window": 3, "depth": 3, "stride": 1, "padding": 1, "group": 0}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (edited({"version": 1}), "unknown header field 'front'"),
        (edited({"version": True}), "not of model format 1 or 2"),
        (edited({"grid": [2, 12]}), "'grid' is not three sizes"),
        (edited({"grid": [2, 12, 11]}), "'grid' has 264 nodes for 288"),
        (edited({"front": []}), "'front' is not a list of layers"),
        (edited({"front": [CONV, 3]}), "'front'"),
        (edited({"front": [{**CONV, "window": 200}]}), "'front': .*window"),
        (edited({"front": [{**CONV, "kernels": 2**29}]}), "too many nodes"),
        (edited({"front": [{**CONV, "kernels": 9}]}), "not int32 9 x 8 x 3"),
        (edited({"front": [{"kind": "dense", "width": 4}]}), "no convolution"),
        (edited({}, front__0__leaves=np.full((8, 8, 3), 3, np.int32)), "front.0.leaves' holds 3..3, outside 0..1"),
        (edited({}, front__0__leaves=None), "has no array 'front.0.leaves'"),
        (edited({}, front__0__gate_logits=np.full((56, 16), np.nan, np.float32)), "NaN"),
        (edited({}, front__1__leaves=np.zeros((1, 4, 3), np.int32)), "unknown array 'front.1.leaves'"),
        (edited({}, layer__0__candidates=np.full((2, 30, 1), 36, np.int32)), "outside 0..35"),
    ],
)
def test_a_damaged_front_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        model_from_bytes(data, "m.lgn")


def test_the_head_of_a_lifted_model_is_in_the_model_s_order() -> None:
    model = random_model(2)
    order = np.random.default_rng(0).permutation(len(model.head_nodes))
    mixed = replace(model, head_nodes=model.head_nodes[order])
    x = np.random.default_rng(1).integers(0, 256, (500, 12)).astype(np.uint8)
    scores, classes = simulate(lift(mixed), x)
    ran = run_model(mixed, x)
    assert np.array_equal(np.asarray(ran.scores), scores)
    assert np.array_equal(np.asarray(ran.classes), classes)
    assert not np.array_equal(scores, simulate(lift(model), x)[0])
