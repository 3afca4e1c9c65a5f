"""Reading Verilog back: equal to what was written, faults seen, and everything else refused with its line."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog import emit
from lgnc.diagnostics import BadInput
from lgnc.frontend import lift
from lgnc.frontend.verilog import circuit_from_verilog
from lgnc.ir import Circuit
from lgnc.passes.lower_head import lower_head
from lgnc.verify.prove import prove
from tests.support import random_circuit, random_features, random_model
from tests.test_lowering import outputs_of


def text_of(circuit: Circuit, **settings: str) -> str:
    return emit(circuit, Options("net", settings)).files["net.v"].decode()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "uint16", "int32", "int64"])
@pytest.mark.parametrize("outputs", ["both", "class"])
def test_what_was_written_is_read_and_proven(dtype: str, outputs: str) -> None:
    circuit = lift(random_model(5, dtype=dtype, layers=2))
    read = circuit_from_verilog(text_of(circuit, outputs=outputs))
    lowered = lower_head(circuit, outputs)
    x = random_features(circuit, 1000)
    assert (outputs_of(read, x) == outputs_of(lowered, x)).all()
    assert read.encoder.dtype == dtype
    assert len(read.encoder.names) == len(circuit.encoder.names)
    verdict = prove(lowered, read)
    assert verdict.equal is True
    assert verdict.how in ("proven", "exhaustive")


def test_float_networks_are_read_over_their_bits() -> None:
    circuit = lift(random_model(2, dtype="float32"))
    read = circuit_from_verilog(text_of(circuit))
    x = np.random.default_rng(0).integers(0, 2, (500, circuit.inputs)).astype(np.bool_)
    over_bits = lower_head(circuit, "both").with_(encoder=read.encoder)
    assert read.encoder.dtype == "bool"
    assert read.inputs <= circuit.inputs == len(read.encoder.names)
    columns = [int(f) for f in read.encoder.feature]
    full = np.zeros((len(x), circuit.inputs), np.bool_)
    full[:, columns] = x[:, columns]
    from lgnc.ir import Encoder

    over_bits = over_bits.with_(encoder=Encoder.binary(read.encoder.names))
    assert (outputs_of(read, full) == outputs_of(over_bits, full)).all()


def test_circuits_without_a_head() -> None:
    circuit = random_circuit(8, outputs=15)
    read = circuit_from_verilog(text_of(circuit))
    x = random_features(circuit, 500)
    assert (outputs_of(read, x) == outputs_of(circuit, x)).all()
    assert prove(circuit, read).equal is True


def test_every_single_flipped_gate_is_seen() -> None:
    """A fault in the gates, the popcount or the argmax is refuted, or proven harmless."""
    circuit = lift(random_model(1, features=8, thresholds=1, layers=1, width=24, classes=3, dtype="uint8"))
    text = text_of(circuit)
    lowered = lower_head(circuit, "both")
    seen = 0
    places = [m.start() for m in re.finditer(r" \^ ", text)][::7]
    for place in places:
        read = circuit_from_verilog(text[:place] + " | " + text[place + 3 :])
        verdict = prove(lowered, read)
        assert verdict.equal is not None
        seen += verdict.equal is False
    assert seen > len(places) // 2


def test_a_shifted_threshold_is_seen() -> None:
    circuit = lift(random_model(1, dtype="int16"))
    text = text_of(circuit)
    comparison = re.search(r"f(\d+)_gt_(\d+) = f\d+ > 16'sd(\d+);", text)
    assert comparison is not None
    planted = text.replace(comparison[0], comparison[0].replace(f"sd{comparison[3]}", f"sd{int(comparison[3]) + 1}"))
    assert prove(lower_head(circuit, "both"), circuit_from_verilog(planted)).equal is False


def one(body: str, ports: str = "input [7:0] x, output y") -> str:
    return f"module top({ports});\n{body}\nendmodule\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not verilog", "does not parse"),
        ("", "does not parse|expected one top"),
        (one("assign y = x[0] ;") * 2, "defined twice"),
        (one("assign y = x[0];") + one("assign y = x[1];").replace("top", "two"), "one top module, found top, two"),
        (one("assign y = x[9];"), "not a part of 8 bits"),
        (one("assign y = x[0] + x[1];"), "'Plus' is not read back"),
        (one("assign y = x;"), "8 bits are assigned"),
        (one("assign y = z;"), "'z' has no value"),
        (one("wire a = b; wire b = a; assign y = a;"), "form a cycle"),
        (one("assign y = x[0]; assign y = x[1];"), "driven twice"),
        (one(""), "output 'y' is not driven"),
        (one("reg r; always @(x) r = x[0]; assign y = r;"), "is not read back"),
        (one("assign y = x > 8'sd3;"), "mixes signed"),
        (one("assign y = x > 9'd3;"), "constant of its width"),
        (one("assign y = x[3:0] > 4'd3;"), "not a row of features of 4 bits"),
        (one("assign y = x[7:0] > 8'd300;"), "does not fit its width"),
        (one("wire [7:0] k = ~x; assign y = k[0];"), "single bits"),
        (one("sub s(.a(x[0]), .b(y));"), "module 'sub' is not in this file"),
        (one("wire [0:3] k; assign y = x[0];"), "only \\[n:0\\]"),
        (one("assign y[0] = x[0];"), "part of a vector"),
        (one("assign y = a;", "input [7:0] x, input a, output y"), "has 2 inputs"),
        (one("parameter P = 3; assign y = x[0];"), "is not read back"),
        (one("assign y = " + "~" * 5000 + "x[0];"), "too deeply|does not parse"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        circuit_from_verilog(text, "file.v")
    assert "file.v" in caught.value.where
